//! Containers: the one room that speaks to a Docker Engine, and the only one that knows how.
//!
//! Callers name desktops, never containers: whatever an engine holds under a desktop's name without bearing this
//! installation's labels is [`EngineError::Foreign`] and is left alone. Every call may be repeated, has a deadline,
//! and answers with whose fault a failure is. What a container may do is not the caller's to say: [`Launch`] has no
//! field that could weaken the default container of `SECURITY.md`.
//!
//! The engine's own record of what happened is not to be relied on: events are [`Hint`]s, to be followed by an
//! [`Engine::inspect`], and an [`Engine::list`] now and then makes up for those that were lost.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    DesktopId,
    desktop::{ContainerId, Observed},
};
use futures::stream::BoxStream;
use secrecy::SecretString;

#[cfg(any(test, feature = "fake"))]
pub mod conformance;
mod docker;
mod error;
mod facts;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
mod hints;
mod labels;
mod launch;

pub use docker::{Config, DockerEngine, Route};
pub use error::EngineError;
pub use facts::{Condition, EngineInfo, Hint, HintKind, Image, Listed, PullProgress};
pub use launch::{Launch, Mount, Network};

/// The `tracing` target of a library that logs whole requests and answers at `DEBUG`, the passwords of desktops
/// among them. Telemetry must never let it below `INFO`.
pub const TARGET_THAT_LOGS_SECRETS: &str = "bollard";

/// A place where containers run.
///
/// Each call touches at most the one container that bears the desktop's name and this installation's labels.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// What kind of engine answers, and how large its machine is.
    async fn info(&self) -> Result<EngineInfo, EngineError>;

    /// Whether it answers at all.
    async fn ping(&self) -> Result<(), EngineError>;

    /// Makes sure that the engine can hold desktops to their limits and that their networks are there, and that
    /// nothing is left of what a crash interrupted.
    ///
    /// [`EngineError::Unfit`] if and only if it cannot: then nothing may be started on it.
    async fn prepare(&self) -> Result<(), EngineError>;

    /// Every container of this installation, in no order. What they are doing may be a moment old: engines list from
    /// a copy (seen on 26.1, just after a stop). [`Engine::inspect`] is never older than the call before it.
    async fn list(&self) -> Result<Vec<Listed>, EngineError>;

    /// What the desktop's container is doing now; nothing if it has none.
    async fn inspect(&self, desktop: DesktopId) -> Result<Option<Observed>, EngineError>;

    /// Makes the desktop's container without starting it.
    ///
    /// However often it is called, at once or after a crash, there is one container: the same generation is answered
    /// with the one that is there, another generation with [`EngineError::Conflict`].
    async fn create(&self, request: &Launch) -> Result<ContainerId, EngineError>;

    /// Starts the desktop's container; well if it runs already. One that was taken off its network is put on it again,
    /// whether it runs or not.
    async fn start(&self, desktop: DesktopId) -> Result<(), EngineError>;

    /// Ends the desktop's container, by force after `grace` (in whole seconds, rounded up). Well if it has ended or
    /// is gone. A frozen container is ended too.
    async fn stop(&self, desktop: DesktopId, grace: Duration) -> Result<(), EngineError>;

    /// Takes the desktop's container away with all that was written in it but its mounts, running or not.
    ///
    /// Well if it is gone, or is just being taken away: then it may still be seen as `removing` for a while.
    async fn remove(&self, desktop: DesktopId) -> Result<(), EngineError>;

    /// The password that the desktop's container was made with; nothing if it has no container.
    ///
    /// For a container that outlived what was known of it: whoever made it knows the password already.
    async fn password(&self, desktop: DesktopId) -> Result<Option<SecretString>, EngineError>;

    /// How much processor time the desktop's container has used since its start, of all processors together; nothing if
    /// none runs.
    async fn cpu_time(&self, desktop: DesktopId) -> Result<Option<Duration>, EngineError>;

    /// The first process of the desktop's container, by its number on the engine's machine; nothing if none runs.
    async fn process(&self, desktop: DesktopId) -> Result<Option<u32>, EngineError>;

    /// The image of this reference, if the engine has it.
    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError>;

    /// The images that bear this label, whatever its value.
    async fn images_labelled(&self, label: &str) -> Result<Vec<Image>, EngineError>;

    /// Reads a folder of an image that the engine has, by its reference or id, as a tar archive whose names begin
    /// with `./`. A folder that is a link is followed within the image; [`EngineError::FolderMissing`] if it is none.
    ///
    /// The end of the stream without an error means that all of it came. How much that is, the image's author
    /// decides: whoever reads has to set the bounds. Dropping the stream gives the reading up. Nothing is left
    /// behind: what a crash leaves, [`Engine::prepare`] takes away.
    fn folder(&self, image: &str, folder: &str) -> BoxStream<'static, Result<Bytes, EngineError>>;

    /// Fetches an image from its registry. The end of the stream without an error means that it is there.
    ///
    /// Dropping the stream gives the pull up.
    fn pull(&self, reference: &str) -> BoxStream<'static, Result<PullProgress, EngineError>>;

    /// What happens to this installation's containers from now on.
    ///
    /// Hints of one desktop that nobody has read yet are merged into the latest, so a slow reader holds nothing up
    /// and loses no desktop. The same may be told twice. The stream ends after its first error, which it always has:
    /// then subscribe again, and list.
    async fn hints(&self) -> Result<BoxStream<'static, Result<Hint, EngineError>>, EngineError>;
}
