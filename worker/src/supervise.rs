use std::time::Duration;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// Pause before a loop that panicked is started again; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Runs a loop until shutdown, and again whenever it ends or panics before. One loop's panic never ends another's.
pub(crate) async fn forever<F: Future<Output = ()>>(
    name: &str,
    shutdown: &CancellationToken,
    mut task: impl FnMut() -> F,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        match std::panic::AssertUnwindSafe(task()).catch_unwind().await {
            Ok(()) if shutdown.is_cancelled() => return,
            Ok(()) => info!(task = name, "background task ended; starting it again"),
            Err(_) => error!(task = name, "background task panicked; starting it again"),
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}
