//! A desktop's states, and the facts about one that decisions are made from.

use std::net::IpAddr;

use chrono::TimeDelta;

use crate::{
    DesktopId, TemplateId, Timestamp, UnknownWord, UserId,
    template::{Client, Protocol},
    text::words,
    why::Why,
};

words! {
    /// What people see of a desktop.
    DesktopState, "desktop state" {
        /// Somebody wants it and nothing has happened yet.
        Requested = "requested",
        /// It waits for its turn to start.
        Queued = "queued",
        /// Its container is being made, started or awaited.
        Starting = "starting",
        /// Its container answered over its own protocol and its route is published.
        Running = "running",
        /// Its container is being stopped or removed.
        Stopping = "stopping",
        /// No container runs. Whether one exists is the engine's affair.
        Stopped = "stopped",
        /// It could not be started, or died; the reason is stored.
        Failed = "failed",
    }
}

impl DesktopState {
    /// All states in which a container runs, or will when its turn comes.
    pub const AWAKE: [Self; 4] = [Self::Requested, Self::Queued, Self::Starting, Self::Running];

    /// Whether a container runs, or will when its turn comes.
    pub fn is_awake(self) -> bool {
        Self::AWAKE.contains(&self)
    }
}

words! {
    /// What somebody wants of a desktop: the intent that the worker makes true.
    Wanted, "wish" {
        /// A running container.
        Running = "running",
        /// No running container; what is in it is kept.
        Stopped = "stopped",
        /// No container and no row.
        Removed = "removed",
    }
}

words! {
    /// Which part of a start is under way; only while `starting`.
    Step, "step" {
        /// The container is being made.
        Creating = "creating",
        /// The engine starts the container.
        Starting = "starting",
        /// The container runs and is asked, over its own protocol, whether it is ready.
        Connecting = "connecting",
    }
}

/// A desktop as its row has it: the wish, the observation, and what was recorded about both.
#[derive(Debug, Clone, PartialEq)]
pub struct Desktop {
    /// Keeps its value over stop, start and reset.
    pub id: DesktopId,
    /// DNS label under which the desktop is addressed.
    pub name: String,
    /// Whose it is.
    pub owner: UserId,
    /// What it is made from.
    pub template: TemplateId,
    /// What somebody wants of it.
    pub wanted: Wanted,
    /// Which container of this desktop is meant: counts up when the old one is given up.
    pub generation: i32,
    /// What people see.
    pub state: DesktopState,
    /// Which part of a start is under way.
    pub step: Option<Step>,
    /// Why it ended or waits.
    pub why: Option<Why>,
    /// The container last observed.
    pub container: Option<ContainerId>,
    /// When the engine started that container; changes at every start.
    pub container_started_at: Option<Timestamp>,
    /// Where it answers; present if and only if it is `running`.
    pub endpoint: Option<Endpoint>,
    /// SHA-256 of the certificate learned from it, for a desktop over https.
    pub fingerprint: Option<Fingerprint>,
    /// How it was reached when it became `running`; its template may say something else by now.
    pub served: Option<Served>,
    /// How often this start was tried.
    pub attempts: i32,
    /// No further try before this moment.
    pub retry_at: Option<Timestamp>,
    /// One-based place in the queue, while `queued`.
    pub queue_position: Option<i32>,
    /// Guess of the seconds until it starts, while `queued`.
    pub queue_eta_seconds: Option<i32>,
    /// When the present wish to run was made: what the queue is ordered by.
    pub requested_at: Timestamp,
    /// When it last became `running`.
    pub started_at: Option<Timestamp>,
    /// Last keyboard or pointer input seen in its stream.
    pub last_input_at: Option<Timestamp>,
    /// When its owner last asked for more time.
    pub extended_at: Option<Timestamp>,
    /// When its owner was told that it will stop.
    pub warned_at: Option<Timestamp>,
    /// When it last stopped or failed.
    pub ended_at: Option<Timestamp>,
    /// When somebody first wanted it.
    pub created_at: Timestamp,
    /// When it was given up for good; such a row is only kept so that readers learn of it.
    pub removed_at: Option<Timestamp>,
    /// The installation's counter at the last change.
    pub revision: i64,
}

impl Desktop {
    /// The moment from which idleness counts: the latest of its start, an extension and any input.
    pub fn last_use(&self) -> Option<Timestamp> {
        self.started_at.max(self.last_input_at).max(self.extended_at)
    }
}

/// How the engine names a container.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType))]
pub struct ContainerId(pub String);

impl std::fmt::Display for ContainerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An image as the engine knows it, whatever it is called: `sha256:` and 64 hexadecimal digits in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageId(String);

impl ImageId {
    /// The digits alone, fit to be a file's name.
    pub fn digits(&self) -> &str {
        self.0.strip_prefix(Self::ALGORITHM).unwrap_or_default()
    }

    const ALGORITHM: &str = "sha256:";
}

impl std::fmt::Display for ImageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for ImageId {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix(Self::ALGORITHM).unwrap_or_default();
        if digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(Self(text.to_owned()));
        }
        let expected = "sha256:<64 hexadecimal digits>".to_owned();
        Err(UnknownWord { kind: "image id", found: text.to_owned(), expected })
    }
}

impl TryFrom<String> for ImageId {
    type Error = UnknownWord;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ImageId> for String {
    fn from(id: ImageId) -> Self {
        id.0
    }
}

/// How a desktop is reached and shown: what its template said when it became ready, and what was found to be true.
///
/// A template that is edited meanwhile changes nothing of a desktop that runs; its next start goes by the edit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "sea-orm", derive(sea_orm::FromJsonQueryResult))]
pub struct Served {
    /// The image that its container was made from.
    pub image: ImageId,
    /// What is spoken on its port.
    pub protocol: Protocol,
    /// Whether its certificate is checked against the system's roots.
    pub verify_tls: bool,
    /// Path of its first page.
    pub path: String,
    /// User name for its Basic authentication.
    pub user: String,
    /// Whose pages show it.
    pub client: Client,
}

/// Where a desktop answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType), sea_orm(value_type = "String"))]
pub struct Endpoint {
    /// The container's address, or the engine's where ports are published.
    pub address: IpAddr,
    /// TCP port.
    pub port: u16,
}

impl From<Endpoint> for std::net::SocketAddr {
    fn from(endpoint: Endpoint) -> Self {
        Self::new(endpoint.address, endpoint.port)
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::net::SocketAddr::from(*self).fmt(f)
    }
}

impl std::str::FromStr for Endpoint {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address: std::net::SocketAddr = text.parse()?;
        Ok(Self { address: address.ip(), port: address.port() })
    }
}

/// SHA-256 of a certificate in DER, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType))]
pub struct Fingerprint(pub String);

impl Fingerprint {
    /// From the digest.
    pub fn of(digest: [u8; 32]) -> Self {
        use std::fmt::Write as _;
        let mut hex = String::with_capacity(2 * digest.len());
        for byte in digest {
            // writing into a String cannot fail
            let _ = write!(hex, "{byte:02x}");
        }
        Self(hex)
    }
}

/// What an inspection of the engine really found for one desktop.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The container.
    pub container: ContainerId,
    /// The generation it was made for, from its label.
    pub generation: i32,
    /// The image it was made from, whatever that is called by now.
    pub image: ImageId,
    /// What it is doing.
    pub phase: Phase,
    /// When the engine last started it.
    pub started_at: Option<Timestamp>,
    /// Where its port answers, if it runs and has an address.
    pub endpoint: Option<Endpoint>,
}

/// What a container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Made and never started.
    Created,
    /// Its first process runs.
    Running,
    /// Its processes are frozen; nothing answers.
    Paused,
    /// Its first process ended.
    Exited {
        /// Exit code; 128 plus the signal's number after a signal.
        code: i64,
        /// The kernel killed a process of it for memory. May be true with code 0.
        out_of_memory: bool,
    },
    /// The engine takes it away.
    Removing,
}

/// How long a start may take and how often it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartPolicy {
    /// Tries before a start is given up.
    pub max_attempts: i32,
    /// Pause before the second try; doubles each time.
    pub first_pause: TimeDelta,
}

impl Default for StartPolicy {
    fn default() -> Self {
        Self { max_attempts: 3, first_pause: TimeDelta::milliseconds(500) }
    }
}

impl StartPolicy {
    /// The pause after a number of failed tries.
    pub fn pause_after(&self, attempts: i32) -> TimeDelta {
        self.first_pause * 2_i32.pow(attempts.clamp(1, 8).unsigned_abs() - 1)
    }
}

#[cfg(test)]
pub(crate) mod testing;
mod transitions;
