use chrono::TimeDelta;
use domain::{
    desktop::DesktopState,
    idle::{self, Verdict},
    schedule::Outcome,
};
use store::{Details, StoreError};

use super::{audit, idle_policy};
use crate::Shared;

/// Input is stored with this delay at most: nothing is stopped before what was seen until then has arrived.
const INPUT_ARRIVES_WITHIN: TimeDelta = TimeDelta::seconds(15);

/// Warns the owners of unused desktops, and stops those unused for too long.
pub(crate) async fn run(shared: &Shared) -> Result<Outcome, StoreError> {
    let (mut warned, mut stopped) = (0, 0);
    for details in shared.records.in_states(&[DesktopState::Running]).await? {
        match consider(shared, &details).await? {
            Verdict::Keep => {}
            Verdict::Warn => warned += 1,
            Verdict::Stop(_) => stopped += 1,
        }
    }
    Ok(Outcome::reaped(warned, stopped))
}

async fn consider(shared: &Shared, details: &Details) -> Result<Verdict, StoreError> {
    let policy = idle_policy(shared, details);
    let id = details.desktop.id;
    let now = shared.clock.now();
    let verdict = idle::decide(&details.desktop, &policy, now - INPUT_ARRIVES_WITHIN);
    match &verdict {
        Verdict::Keep => {}
        Verdict::Warn => {
            shared.records.change(id, Box::new(move |desktop| desktop.warned(now))).await?;
        }
        Verdict::Stop(why) => {
            // decided anew on the row as it is when it is changed: somebody may just have come back
            let stop = move |desktop| match idle::decide(&desktop, &policy, now - INPUT_ARRIVES_WITHIN) {
                Verdict::Stop(why) => desktop.want_stopped(why),
                Verdict::Keep | Verdict::Warn => desktop,
            };
            shared.records.change(id, Box::new(stop)).await?;
            audit(shared, details, "desktop.stop", why).await?;
        }
    }
    Ok(verdict)
}
