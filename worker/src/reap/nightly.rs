use domain::{
    desktop::DesktopState,
    idle::{self, Facts, Moment, Verdict},
    schedule::Outcome,
};
use store::StoreError;

use super::{audit, idle_policy};
use crate::Shared;

/// Stops every desktop that is not exempt. When that is due is the schedule's to say.
pub(crate) async fn run(shared: &Shared) -> Result<Outcome, StoreError> {
    let now = shared.clock.now();
    let night = Facts { is_night: true, ..Facts::default() };
    let mut stopped = 0;
    for details in shared.records.in_states(&DesktopState::AWAKE).await? {
        let policy = idle_policy(shared, &details);
        let verdict = idle::decide(&details.desktop, &policy, &night, Moment { now, input_until: now });
        if let Verdict::Stop(why) = verdict {
            let told = why.clone();
            shared.records.change(details.desktop.id, Box::new(|desktop| desktop.want_stopped(why))).await?;
            audit(shared, &details, "desktop.stop", &told).await?;
            stopped += 1;
        }
    }
    Ok(Outcome::stopped(stopped))
}
