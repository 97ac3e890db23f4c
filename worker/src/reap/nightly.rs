use chrono::TimeDelta;
use domain::{desktop::DesktopState, why::Why};
use store::{Store, StoreError};

use super::audit;
use crate::Shared;

const JOB: &str = "nightly_stop";
/// A run that was missed by more than this, while Pult was off, is not made up for.
const LATEST: TimeDelta = TimeDelta::hours(1);

/// Stops every desktop at the hour that the schedule names. Due if and only if an hour of the schedule lies between
/// the last run and now, counted on the clock of the installation's time zone.
pub(crate) async fn run(shared: &Shared, store: &Store) -> Result<(), StoreError> {
    let Some(cron) = &shared.config.reaper.nightly_stop else {
        return Ok(());
    };
    let now = shared.clock.now();
    let Some(last) = store.schedule().last_started(JOB).await? else {
        return store.schedule().started(JOB, now).await;
    };
    let zone = shared.config.time_zone;
    let since = last.max(now - LATEST);
    let due = cron.find_next_occurrence(&since.with_timezone(&zone), false).is_ok_and(|next| next <= now);
    if !due {
        return Ok(());
    }
    store.schedule().started(JOB, now).await?;
    let awake = [DesktopState::Requested, DesktopState::Queued, DesktopState::Starting, DesktopState::Running];
    for details in shared.records.in_states(&awake).await? {
        shared.records.change(details.desktop.id, Box::new(|desktop| desktop.want_stopped(Why::Nightly))).await?;
        audit(shared, &details, "desktop.stop", &Why::Nightly).await?;
    }
    Ok(())
}
