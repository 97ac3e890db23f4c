//! What an engine tells us, freed of its dialect.

use std::collections::BTreeMap;

use domain::{
    DesktopId, Timestamp, UserId,
    desktop::{ContainerId, ImageId},
};

/// What kind of engine answers, and how large its machine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// The machine's name, as the engine has it.
    pub name: String,
    /// The engine's version, such as `20.10.24`.
    pub version: String,
    /// The newest version of its API, such as `1.41`.
    pub api_version: String,
    /// Processors.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Whether containers outlive a restart of the engine.
    pub live_restore: bool,
    /// The engine's clock, where it tells.
    pub clock: Option<Timestamp>,
    /// How it stores images and containers, such as `overlay2`.
    pub storage_driver: String,
    /// Of which version the kernel's control groups are: `1` or `2`; empty where it does not tell.
    pub cgroup_version: String,
    /// What it lacks to hold desktops to their limits, each with what to do; nothing if it is fit.
    pub lacks: Vec<&'static str>,
}

/// One container of ours in a listing. For its exit code and address, inspect it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Whose container it is.
    pub desktop: DesktopId,
    /// The container.
    pub container: ContainerId,
    /// The generation it was made for.
    pub generation: i32,
    /// Slug of the template it was made from.
    pub template: String,
    /// Whose desktop it is.
    pub owner: UserId,
    /// When it was made, to the second.
    pub created_at: Timestamp,
    /// What it is doing, roughly.
    pub condition: Condition,
}

/// What a container is doing, as far as a listing tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Made and never started.
    Created,
    /// Its first process runs.
    Running,
    /// Its processes are frozen.
    Paused,
    /// Its first process ended.
    Exited,
    /// The engine takes it away.
    Removing,
}

/// Something happened to a desktop's container: look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// Whose container it was.
    pub desktop: DesktopId,
    /// What happened last; anything may have happened before and since.
    pub kind: HintKind,
    /// When, by the engine's clock.
    pub at: Timestamp,
}

/// What happened to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HintKind {
    /// It was made.
    Created,
    /// Its first process was started.
    Started,
    /// Its first process ended.
    Ended,
    /// It was taken off its network while it runs.
    Unplugged,
    /// The kernel killed a process of it for memory.
    OutOfMemory,
    /// It was frozen.
    Paused,
    /// It goes on.
    Unpaused,
    /// It is gone.
    Removed,
    /// It lost its name, or got it.
    Renamed,
}

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The digest of its configuration. Two references with one id are the same image.
    pub id: ImageId,
    /// Its names with tags; none if it lost them to a newer image.
    pub references: Vec<String>,
    /// Its names with the registry's digests; none if it was built here.
    pub digests: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Size on disk in bytes, layers shared with other images included.
    pub size_bytes: u64,
}

/// How far a pull is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PullProgress {
    /// Layers that are there.
    pub layers_done: u32,
    /// Layers known so far.
    pub layers: u32,
    /// Bytes fetched of the layers under way or done.
    pub bytes: u64,
    /// Bytes to fetch, as far as known; grows while layers are discovered.
    pub bytes_total: u64,
}
