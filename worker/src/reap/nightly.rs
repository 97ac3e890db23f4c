use domain::{
    Timestamp,
    desktop::{Desktop, DesktopState},
    idle::{self, Facts, IdlePolicy, Moment, Verdict},
    schedule::Outcome,
    why::Why,
};
use store::StoreError;

use super::{deed, idle_policy, reaped};
use crate::Shared;

/// Stops every desktop that is not exempt, nor kept by a lesson. When that is due is the schedule's to say.
pub(crate) async fn run(shared: &Shared) -> Result<Outcome, StoreError> {
    let now = shared.clock.now();
    let mut stopped = 0;
    for details in shared.records.in_states(&DesktopState::AWAKE).await? {
        let policy = idle_policy(shared, &details);
        if ends(&details.desktop, &policy, &details.facts, now) {
            let stop =
                |desktop: Desktop| (desktop.want_stopped(Why::Nightly), Some(deed("desktop.stop", &Why::Nightly)));
            shared.records.change(details.desktop.id, Box::new(stop)).await?;
            reaped(&details, "desktop.stop", &Why::Nightly);
            stopped += 1;
        }
    }
    Ok(Outcome::stopped(stopped))
}

/// Whether the night ends it. Whoever is exempt may have another end; that is not looked for here, where input that is
/// still on its way is not waited for.
pub(super) fn ends(desktop: &Desktop, policy: &IdlePolicy, facts: &Facts, now: Timestamp) -> bool {
    let night = Facts { is_night: true, ..*facts };
    idle::decide(desktop, policy, &night, Moment { now, input_until: now }) == Verdict::Stop(Why::Nightly)
}
