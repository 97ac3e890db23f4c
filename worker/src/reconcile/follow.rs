use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::DesktopId;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::Shared;

/// How long a lost announcement can go unnoticed.
const POLL: Duration = Duration::from_secs(2);

/// The revisions that this worker wrote itself, so that it need not look at its own changes.
#[derive(Debug, Default)]
pub(crate) struct Written {
    last: Mutex<HashMap<DesktopId, i64>>,
}

impl Written {
    pub(crate) fn note(&self, desktop: DesktopId, revision: i64) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).insert(desktop, revision);
    }

    fn is_ours(&self, desktop: DesktopId, revision: i64) -> bool {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).get(&desktop) == Some(&revision)
    }
}

/// Puts desktops on the queue whose row somebody else has changed. Running it twice is harmless: a desktop that is
/// looked at twice is found at rest.
pub(crate) async fn follow(shared: Arc<Shared>, shutdown: CancellationToken) {
    let mut announced = shared.records.revisions();
    // what was wanted before this worker was there is found by the first resync
    let mut known = *announced.borrow_and_update();
    let mut poll = tokio::time::interval(POLL);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = announced.changed() => {}
            _ = poll.tick() => {}
        }
        match catch_up(&shared, known).await {
            Ok(revision) => known = revision,
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "changed desktops cannot be read");
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

async fn catch_up(shared: &Shared, known: i64) -> Result<i64, store::StoreError> {
    let revision = shared.records.revision().await?;
    if revision == known {
        return Ok(known);
    }
    for (desktop, changed) in shared.records.changed_since(known).await? {
        if !shared.written.is_ours(desktop, changed) {
            shared.dirty.mark(desktop);
        }
    }
    Ok(revision)
}
