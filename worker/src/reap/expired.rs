use chrono::TimeDelta;
use domain::{desktop::DesktopState, schedule::Outcome, why::Why};
use store::{Store, StoreError};

use super::{deed, reaped};
use crate::Shared;

/// How long the row of a removed desktop is kept, so that readers that were away learn of it.
const TOMBSTONE: TimeDelta = TimeDelta::days(1);

/// Removes desktops that were not used for very long, and forgets those removed long ago. Files stay.
pub(crate) async fn run(shared: &Shared, store: &Store) -> Result<Outcome, StoreError> {
    let now = shared.clock.now();
    store.desktops().purge_removed(now - TOMBSTONE).await?;
    let limit = shared.config.reaper.remove_stopped_after.and_then(|limit| TimeDelta::from_std(limit).ok());
    let Some(limit) = limit else {
        return Ok(Outcome::Nothing);
    };
    let mut removed = 0;
    for details in shared.records.in_states(&[DesktopState::Stopped, DesktopState::Failed]).await? {
        if details.desktop.ended_at.is_some_and(|ended| ended + limit < now) {
            let expired = |desktop: domain::desktop::Desktop| {
                let rests = matches!(desktop.state, DesktopState::Stopped | DesktopState::Failed);
                let after = if rests { desktop.want_removed() } else { desktop };
                (after, Some(deed("desktop.remove", &Why::Removed)))
            };
            shared.records.change(details.desktop.id, Box::new(expired)).await?;
            reaped(&details, "desktop.remove", &Why::Removed);
            removed += 1;
        }
    }
    Ok(Outcome::removed(removed))
}
