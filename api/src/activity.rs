//! Stores now and then what the gateway saw of desktops' use.

use std::time::Duration;

use domain::GatewayId;
use gateway::Activity;
use store::{Seen, Store};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long input may wait before it is stored. The reaper allows for it.
const EVERY: Duration = Duration::from_secs(5);

/// Stores what was seen until shutdown, and once more then. Running it twice is harmless: the later input wins.
///
/// Each run has an id of its own, under which its viewers are stored. A process that crashes goes silent, and after a
/// few missed reports nobody is taken to watch through it any more.
pub(crate) async fn flush(activity: Activity, store: Store, shutdown: CancellationToken) {
    let this = GatewayId::new();
    loop {
        let stop = shutdown.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none();
        let seen = activity.drain();
        let told: Vec<_> = seen.iter().map(stored).collect();
        match store.desktops().record_use(this, &told).await {
            Ok(true) => {}
            // it is new, or was taken for dead: what it told before is forgotten
            Ok(false) => activity.tell_again(),
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "use cannot be stored; it is kept for the next time");
                activity.put_back(&seen);
            }
        }
        if stop {
            if let Err(error) = store.desktops().forget_gateway(this).await {
                warn!(error = &error as &dyn std::error::Error, "viewers are counted until they are too old");
            }
            return;
        }
    }
}

fn stored(seen: &gateway::Seen) -> Seen {
    Seen {
        desktop: seen.desktop,
        last_input_at: seen.last_input_at,
        viewers: i32::try_from(seen.viewers).unwrap_or(i32::MAX),
        bytes_up: i64::try_from(seen.bytes_up).unwrap_or(i64::MAX),
        bytes_down: i64::try_from(seen.bytes_down).unwrap_or(i64::MAX),
    }
}
