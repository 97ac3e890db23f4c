use std::time::Duration;

use store::{Store, StoreError};
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::warn;

/// What only one of several workers may do: run the schedule.
pub(super) const NAME: &str = "schedule";

/// How long it lasts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// For how long a worker that dies keeps the others from it.
    pub(super) ttl: Duration,
    /// How often it is renewed, and how often those without it look whether it is free.
    pub(super) renew: Duration,
}

pub(super) const TERMS: Terms = Terms { ttl: Duration::from_secs(15), renew: Duration::from_secs(5) };

/// The right to run the schedule.
///
/// Its end is reckoned from before it was asked for, on a clock that nobody sets: so it ends here no later than in the
/// database, whatever the clocks of the two machines say.
pub(super) struct Lease {
    store: Store,
    holder: String,
    terms: Terms,
    until: Instant,
}

impl Lease {
    /// Takes it, if nobody else has it.
    pub(super) async fn take(store: &Store, holder: &str, terms: Terms) -> Result<Option<Self>, StoreError> {
        let until = Instant::now() + terms.ttl;
        let taken = store.leases().take(NAME, holder, terms.ttl).await?;
        Ok(taken.then(|| Self { store: store.clone(), holder: holder.to_owned(), terms, until }))
    }

    /// Renews it until it is lost: to another worker, or because the database did not answer in time.
    pub(super) async fn keep(mut self) {
        loop {
            sleep_until((Instant::now() + self.terms.renew).min(self.until)).await;
            let until = Instant::now() + self.terms.ttl;
            match timeout_at(self.until, self.store.leases().renew(NAME, &self.holder, self.terms.ttl)).await {
                Ok(Ok(true)) => self.until = until,
                Ok(Err(error)) if Instant::now() < self.until => {
                    warn!(error = &error as &dyn std::error::Error, "the lease of the schedule cannot be renewed");
                }
                Ok(Ok(false) | Err(_)) | Err(_) => return,
            }
        }
    }
}

/// Gives it back, so that nobody has to wait for its end.
pub(super) async fn release(store: &Store, holder: &str) {
    if let Err(error) = store.leases().release(NAME, holder).await {
        warn!(error = &error as &dyn std::error::Error, "the lease of the schedule cannot be given back");
    }
}
