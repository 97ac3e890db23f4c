use std::fmt;

use domain::{
    DesktopId, GrantId, Timestamp, UserId,
    access::Grant,
    desktop::{ContainerId, DesktopState, Endpoint, Fingerprint, ImageId},
    template::{Client, Protocol},
};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

/// What the gateway knows of one desktop.
#[derive(Debug, Clone)]
pub struct Route {
    /// Which desktop.
    pub desktop: DesktopId,
    /// The installation's counter at its row's last change.
    pub revision: i64,
    /// The DNS label under which it is addressed.
    pub name: String,
    /// First part of its own host name; none before its container was made.
    pub host_label: Option<String>,
    /// Whose it is.
    pub owner: UserId,
    /// Who else may pass for a while.
    pub grants: Vec<Granted>,
    /// Slug of what it was made from.
    pub template: String,
    /// Whose pages show it: as it was started, where it runs.
    pub client: Client,
    /// What people see of it.
    pub state: DesktopState,
    /// Where it answers; present if and only if it is `running`.
    pub target: Option<Target>,
    /// Cancelled as soon as this is no longer the way to this desktop's container. Ends every stream through it.
    pub gone: CancellationToken,
}

/// A grant, as the gateway knows it.
#[derive(Debug, Clone)]
pub struct Granted {
    /// Who may pass, and until when.
    pub grant: Grant,
    /// Cancelled as soon as the grant is over, or the route gone. Ends every stream that there is because of it.
    pub ended: CancellationToken,
}

impl Route {
    /// The grants there are for this desktop.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter().map(|granted| &granted.grant)
    }

    /// The same way for somebody who passes because of a grant: it is gone when the grant is over.
    pub fn because_of(&self, grant: GrantId) -> Option<Self> {
        let granted = self.grants.iter().find(|granted| granted.grant.id == grant)?;
        Some(Self { gone: granted.ended.clone(), ..self.clone() })
    }
}

/// Everything needed to reach one start of one container, and to know that it is that one.
#[derive(Clone)]
pub struct Target {
    /// Address and port. Addresses are reused by the engine: by itself it proves nothing.
    pub endpoint: Endpoint,
    /// The container the address belonged to when it was observed.
    pub container: ContainerId,
    /// Which container of the desktop that is.
    pub generation: i32,
    /// Which start of it.
    pub started_at: Option<Timestamp>,
    /// The image it was made from; none where that was not remembered.
    pub image: Option<ImageId>,
    /// What it speaks.
    pub protocol: Protocol,
    /// Whether its certificate is checked against the system's roots.
    pub verify_tls: bool,
    /// The certificate it showed when it became ready.
    pub fingerprint: Option<Fingerprint>,
    /// Path of its first page.
    pub path: String,
    /// User name for Basic authentication.
    pub user: String,
    /// Password for Basic authentication: the container's own.
    pub password: SecretString,
}

impl Target {
    /// Whether both lead to the same start of the same container.
    pub fn is_same_start(&self, other: &Self) -> bool {
        self.endpoint == other.endpoint
            && self.container == other.container
            && self.started_at == other.started_at
            && self.fingerprint == other.fingerprint
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("endpoint", &self.endpoint)
            .field("container", &self.container)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
