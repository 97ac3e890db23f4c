use std::net::SocketAddr;

use domain::Timestamp;
use gateway::Proxy;
use salvo::oapi::ToSchema;
use serde::Serialize;
use store::{EngineStatus, Entry, Job};

use crate::fronts::Trouble;

/// Work that takes long enough to be watched.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[salvo(schema(name = Job))]
pub(crate) struct JobView {
    id: String,
    /// `pull`.
    kind: String,
    /// `waiting`, `running`, `done` or `failed`.
    state: String,
    /// An image, for a pull.
    subject: String,
    /// 0 to 1, where it can be told.
    progress: Option<f64>,
    /// What is happening, or went wrong.
    message: String,
    created_at: Timestamp,
    finished_at: Option<Timestamp>,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        Self {
            id: job.id.to_string(),
            kind: job.kind,
            state: job.state,
            subject: job.subject,
            progress: job.progress,
            message: job.message,
            created_at: job.created_at,
            finished_at: job.finished_at,
        }
    }
}

/// One line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = AuditEntry))]
pub(crate) struct AuditView {
    /// Its place in the chain: one more than the line before it.
    seq: i64,
    id: String,
    at: Timestamp,
    /// Id of the one who did it; null where Pult acted by itself.
    actor: Option<String>,
    /// What was done: a stable word.
    action: String,
    /// To what.
    object: Option<String>,
    /// What else is worth knowing.
    detail: Option<serde_json::Value>,
    /// SHA-256 over the hash of the line before it and all of the above.
    hash: String,
}

impl From<Entry> for AuditView {
    fn from(Entry { line, hash }: Entry) -> Self {
        Self {
            seq: line.seq,
            id: line.id.to_string(),
            at: line.at,
            actor: line.actor.map(|id| id.to_string()),
            action: line.action,
            object: line.object,
            detail: line.detail,
            hash: hash.to_string(),
        }
    }
}

/// How the engine is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[salvo(schema(name = EngineStatus))]
pub(crate) struct EngineView {
    /// Whether it answered when last asked.
    pub(crate) reachable: bool,
    /// Since when that is so.
    since: Option<Timestamp>,
    /// When the database was last compared with all it shows.
    checked_at: Option<Timestamp>,
    /// What went wrong.
    message: Option<String>,
}

impl From<Option<EngineStatus>> for EngineView {
    fn from(status: Option<EngineStatus>) -> Self {
        match status {
            Some(EngineStatus { reachable, since, checked_at, message, .. }) => {
                Self { reachable, since, checked_at, message }
            }
            None => Self { reachable: false, since: None, checked_at: None, message: None },
        }
    }
}

/// A front proxy that keeps streams from opening.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = BlockingFront))]
pub(crate) struct BlockingFrontView {
    /// Its name, where its requests betray it.
    proxy: Option<&'static str>,
    /// What its configuration needs.
    remedy: String,
    /// When it last did.
    last_seen_at: Timestamp,
    /// How often it did.
    count: u64,
}

impl BlockingFrontView {
    /// How an administrator is told, where `backend` is our address as the front has it.
    pub(crate) fn new(trouble: &Trouble, backend: Option<SocketAddr>) -> Self {
        Self {
            proxy: trouble.front.proxy.map(Proxy::name),
            remedy: trouble.front.remedy(backend),
            last_seen_at: trouble.last_seen_at,
            count: trouble.count,
        }
    }
}

/// Something that everybody should know.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = Notice))]
pub(crate) struct NoticeView {
    /// `engine_unreachable`, `engine_back` or `going_away`.
    pub(crate) code: &'static str,
    /// A sentence in the caller's language.
    pub(crate) message: &'static str,
}
