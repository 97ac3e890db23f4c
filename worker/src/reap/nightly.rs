use domain::{desktop::DesktopState, schedule::Outcome, why::Why};
use store::StoreError;

use super::audit;
use crate::Shared;

/// Stops every desktop. When that is due is the schedule's to say.
pub(crate) async fn run(shared: &Shared) -> Result<Outcome, StoreError> {
    let awake = [DesktopState::Requested, DesktopState::Queued, DesktopState::Starting, DesktopState::Running];
    let mut stopped = 0;
    for details in shared.records.in_states(&awake).await? {
        shared.records.change(details.desktop.id, Box::new(|desktop| desktop.want_stopped(Why::Nightly))).await?;
        audit(shared, &details, "desktop.stop", &Why::Nightly).await?;
        stopped += 1;
    }
    Ok(Outcome::stopped(stopped))
}
