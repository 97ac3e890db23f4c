//! Stores now and then what the gateway saw of desktops' use.

use std::time::Duration;

use gateway::Activity;
use store::{Seen, Store};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long input may wait before it is stored. The reaper allows for it.
const EVERY: Duration = Duration::from_secs(5);

/// Stores what was seen until shutdown, and once more then. Running it twice is harmless: the later input wins.
pub(crate) async fn flush(activity: Activity, store: Store, shutdown: CancellationToken) {
    loop {
        let stop = shutdown.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none();
        let seen = activity.drain();
        let input: Vec<_> = seen
            .iter()
            .filter_map(|seen| Some(Seen { desktop: seen.desktop, last_input_at: seen.last_input_at? }))
            .collect();
        if let Err(error) = store.desktops().record_input(&input).await {
            warn!(error = &error as &dyn std::error::Error, "input cannot be stored; it is kept for the next time");
            activity.put_back(&seen);
        }
        if stop {
            return;
        }
    }
}
