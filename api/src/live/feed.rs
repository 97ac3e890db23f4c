use std::{sync::Arc, time::Duration};

use store::{Details, EngineStatus, Job, Store, StoreError};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long a lost announcement can go unnoticed.
const POLL: Duration = Duration::from_secs(2);
/// Changes a page may lag behind before it has to ask the database.
const BACKLOG: usize = 256;

/// All that changed between two revisions.
#[derive(Debug)]
pub(crate) struct Change {
    /// Up to here it is complete.
    pub(crate) revision: i64,
    pub(crate) desktops: Vec<Details>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) engine: Option<EngineStatus>,
}

/// Where open pages hear of changes.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    changes: broadcast::Sender<Arc<Change>>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { changes: broadcast::Sender::new(BACKLOG) }
    }
}

impl Feed {
    /// All changes from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }
}

/// What changed after a revision.
pub(crate) async fn since(store: &Store, node: &str, revision: i64) -> Result<Change, StoreError> {
    let (desktops, until) = store.desktops().since(revision).await?;
    let jobs = store.jobs().since(revision).await?;
    let engine = store.engines().get(node).await?.filter(|engine| engine.revision > revision);
    Ok(Change { revision: until, desktops, jobs, engine })
}

/// Reads each change once for all pages, until shutdown. Running it twice doubles events, which does no harm.
pub(crate) async fn feed(feed: Feed, store: Store, node: String, shutdown: CancellationToken) {
    let mut announced = store.revisions();
    let mut known = *announced.borrow_and_update();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = announced.changed() => {}
            () = tokio::time::sleep(POLL) => {}
        }
        let current = store.revision().await.unwrap_or(known);
        if current == known {
            continue;
        }
        if feed.changes.receiver_count() == 0 {
            // who comes later asks the database
            known = current;
            continue;
        }
        match since(&store, &node, known).await {
            Ok(change) => {
                known = change.revision;
                // nobody listens any more: then nobody misses it
                let _ = feed.changes.send(Arc::new(change));
            }
            Err(error) => warn!(error = &error as &dyn std::error::Error, "changes cannot be read"),
        }
    }
}
