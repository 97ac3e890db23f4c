use chrono::TimeDelta;
use domain::{
    desktop::DesktopState,
    idle::{self, Verdict},
};
use store::{Details, StoreError};

use super::{audit, idle_policy};
use crate::Shared;

/// Input is stored with this delay at most: nothing is stopped before what was seen until then has arrived.
const INPUT_ARRIVES_WITHIN: TimeDelta = TimeDelta::seconds(15);

/// Warns the owners of unused desktops, and stops those unused for too long.
pub(crate) async fn run(shared: &Shared) -> Result<(), StoreError> {
    for details in shared.records.in_states(&[DesktopState::Running]).await? {
        consider(shared, &details).await?;
    }
    Ok(())
}

async fn consider(shared: &Shared, details: &Details) -> Result<(), StoreError> {
    let policy = idle_policy(shared, details);
    let id = details.desktop.id;
    let now = shared.clock.now();
    match idle::decide(&details.desktop, &policy, now - INPUT_ARRIVES_WITHIN) {
        Verdict::Keep => Ok(()),
        Verdict::Warn => shared.records.change(id, Box::new(move |desktop| desktop.warned(now))).await.map(drop),
        Verdict::Stop(why) => {
            // decided anew on the row as it is when it is changed: somebody may just have come back
            let stop = move |desktop| match idle::decide(&desktop, &policy, now - INPUT_ARRIVES_WITHIN) {
                Verdict::Stop(why) => desktop.want_stopped(why),
                Verdict::Keep | Verdict::Warn => desktop,
            };
            shared.records.change(id, Box::new(stop)).await?;
            audit(shared, details, "desktop.stop", &why).await
        }
    }
}
