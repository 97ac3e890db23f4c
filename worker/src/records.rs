//! What a worker works from: the rows it reads, and the changes that it makes to them.

use std::net::Ipv4Addr;

use async_trait::async_trait;
use domain::{
    DesktopId, TemplateId, UserId,
    admission::{Claim, Plan},
    desktop::{Desktop, DesktopState},
    template::{NetworkPolicy, Template},
};
use secrecy::SecretString;
use store::{Deed, Details, Store, StoreError, User};
use tokio::sync::watch;

/// A change of a row, made from the row as it is when it is changed, and what the audit log tells of it.
pub(crate) type Change = Box<dyn FnOnce(Desktop) -> (Desktop, Option<Deed>) + Send>;

/// The records of an installation, as far as they decide what happens to containers.
///
/// Exchangeable for one reason: a simulation can fail, delay and interleave every single call. Each call is one
/// transaction, does what the method of the same name in the store does, and is done or not done as a whole; a call
/// that failed may have been either.
#[async_trait]
pub(crate) trait Records: Send + Sync + 'static {
    /// The revision of the latest change.
    async fn revision(&self) -> Result<i64, StoreError>;

    /// The highest revision that was announced, and a way to wait for a higher one.
    fn revisions(&self) -> watch::Receiver<i64>;

    /// One desktop, whether removed or not.
    async fn desktop(&self, id: DesktopId) -> Result<Option<Desktop>, StoreError>;

    /// All desktops that are not removed.
    async fn live(&self) -> Result<Vec<Desktop>, StoreError>;

    /// All desktops in some states.
    async fn in_states(&self, states: &[DesktopState]) -> Result<Vec<Details>, StoreError>;

    /// The desktops that changed after a revision, and the revision of each change.
    async fn changed_since(&self, revision: i64) -> Result<Vec<(DesktopId, i64)>, StoreError>;

    /// Stores a row in place of the one it was made from; nothing if that has changed since.
    async fn save(&self, desktop: &Desktop) -> Result<Option<Desktop>, StoreError>;

    /// Changes what is wanted of a desktop. What is to be told of it is written where anything changes.
    async fn change(&self, id: DesktopId, change: Change) -> Result<Option<Details>, StoreError>;

    /// What each desktop that runs may reach, by the address that it has.
    async fn reach(&self) -> Result<Vec<(Ipv4Addr, NetworkPolicy)>, StoreError>;

    /// What every desktop that does not rest claims of the engine.
    async fn claims(&self) -> Result<Vec<Claim>, StoreError>;

    /// Lets desktops that wait start, tells them their places or refuses them, all at the revision that is answered.
    async fn arrange(&self, plan: &Plan) -> Result<i64, StoreError>;

    /// The password of the container that is meant; nothing if another one is by now.
    async fn credential(&self, desktop: &Desktop) -> Result<Option<SecretString>, StoreError>;

    /// Makes a desktop known again whose container outlived its row, and tells of it.
    async fn adopt(
        &self,
        id: DesktopId,
        owner: &User,
        template: &Template,
        generation: i32,
        password: Option<SecretString>,
        deed: Deed,
    ) -> Result<bool, StoreError>;

    /// A template.
    async fn template(&self, id: TemplateId) -> Result<Option<Template>, StoreError>;

    /// A template by its slug.
    async fn template_by_slug(&self, slug: &str) -> Result<Option<Template>, StoreError>;

    /// A person.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Writes into the audit log what is about to be done to the engine.
    async fn tell(&self, deed: Deed) -> Result<(), StoreError>;

    /// Says whether an engine answers.
    async fn report_engine(&self, node: &str, reachable: bool, message: Option<String>) -> Result<(), StoreError>;

    /// Says that all rows were compared with all that an engine shows.
    async fn engine_compared(&self, node: &str) -> Result<(), StoreError>;
}

#[async_trait]
impl Records for Store {
    async fn revision(&self) -> Result<i64, StoreError> {
        Store::revision(self).await
    }

    fn revisions(&self) -> watch::Receiver<i64> {
        Store::revisions(self)
    }

    async fn desktop(&self, id: DesktopId) -> Result<Option<Desktop>, StoreError> {
        self.desktops().get(id).await
    }

    async fn live(&self) -> Result<Vec<Desktop>, StoreError> {
        self.desktops().live().await
    }

    async fn in_states(&self, states: &[DesktopState]) -> Result<Vec<Details>, StoreError> {
        self.desktops().in_states(states).await
    }

    async fn changed_since(&self, revision: i64) -> Result<Vec<(DesktopId, i64)>, StoreError> {
        self.desktops().changed_since(revision).await
    }

    async fn save(&self, desktop: &Desktop) -> Result<Option<Desktop>, StoreError> {
        self.desktops().save(desktop).await
    }

    async fn change(&self, id: DesktopId, change: Change) -> Result<Option<Details>, StoreError> {
        self.desktops().change_and_tell(id, change).await
    }

    async fn reach(&self) -> Result<Vec<(Ipv4Addr, NetworkPolicy)>, StoreError> {
        self.restrictions().reach().await
    }

    async fn claims(&self) -> Result<Vec<Claim>, StoreError> {
        self.desktops().claims().await
    }

    async fn arrange(&self, plan: &Plan) -> Result<i64, StoreError> {
        self.desktops().arrange(plan).await
    }

    async fn credential(&self, desktop: &Desktop) -> Result<Option<SecretString>, StoreError> {
        self.desktops().credential(desktop).await
    }

    async fn adopt(
        &self,
        id: DesktopId,
        owner: &User,
        template: &Template,
        generation: i32,
        password: Option<SecretString>,
        deed: Deed,
    ) -> Result<bool, StoreError> {
        self.noting(deed).desktops().adopt(id, owner, template, generation, password).await
    }

    async fn template(&self, id: TemplateId) -> Result<Option<Template>, StoreError> {
        self.templates().get(id).await
    }

    async fn template_by_slug(&self, slug: &str) -> Result<Option<Template>, StoreError> {
        self.templates().by_slug(slug).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.users().get(id).await
    }

    async fn tell(&self, deed: Deed) -> Result<(), StoreError> {
        self.audit().tell(deed).await
    }

    async fn report_engine(&self, node: &str, reachable: bool, message: Option<String>) -> Result<(), StoreError> {
        self.engines().report(node, reachable, message).await
    }

    async fn engine_compared(&self, node: &str) -> Result<(), StoreError> {
        self.engines().checked(node).await
    }
}
