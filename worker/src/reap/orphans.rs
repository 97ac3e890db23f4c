use std::collections::HashSet;

use chrono::TimeDelta;
use domain::schedule::Outcome;
use engine::Listed;
use store::Deed;
use tracing::{info, warn};

use crate::{Shared, schedule::JobError};

/// Looks at containers of ours that no desktop is known for: after a database was lost, or restored from a backup.
///
/// One whose desktop was removed is taken away at once; one whose owner and template are known is adopted, with the
/// same desktop id. Any other is left alone here: to take it away is [`run`]'s, when it is old enough.
pub(crate) async fn consider(shared: &Shared, unknown: impl Iterator<Item = Listed> + Send) {
    for container in unknown {
        if let Err(error) = has_place(shared, &container).await {
            let desktop = container.desktop;
            warn!(%desktop, error = &error as &dyn std::error::Error, "an unknown container was left alone");
        }
    }
}

/// Takes away containers of ours that nobody is known for and that are old enough, so that nothing is lost in the
/// first hour. A job of the schedule and not a part of each comparison: what it took away is there to be read, and one
/// worker does it.
pub(crate) async fn run(shared: &Shared) -> Result<Outcome, JobError> {
    // listed before the rows are read: a desktop's row is there before its container
    let listed = shared.engine.list().await?;
    let known: HashSet<_> = shared.records.live().await?.into_iter().map(|desktop| desktop.id).collect();
    let old_enough = TimeDelta::from_std(shared.config.reaper.orphan_after).unwrap_or(TimeDelta::MAX);
    let mut removed = 0;
    for container in listed.iter().filter(|container| !known.contains(&container.desktop)) {
        let is_old = shared.clock.now() - container.created_at > old_enough;
        if is_old && !has_place(shared, container).await? {
            remove(shared, container, "nobody is known for it").await?;
            removed += 1;
        }
    }
    Ok(Outcome::removed(removed))
}

/// Finds a container its place: with its owner again, or nowhere if its desktop was removed. False where nobody is
/// known for it.
async fn has_place(shared: &Shared, container: &Listed) -> Result<bool, JobError> {
    let removed_before = shared.records.desktop(container.desktop).await?.is_some();
    if removed_before {
        remove(shared, container, "its desktop was removed").await?;
        return Ok(true);
    }
    let owner = shared.records.user(container.owner).await?;
    let template = shared.records.template_by_slug(&container.template).await?;
    let (Some(owner), Some(template)) = (owner, template) else {
        return Ok(false);
    };
    let password = shared.engine.password(container.desktop).await?;
    let deed = deed(container, "container.adopt", "its owner is known");
    let (desktop, generation) = (container.desktop, container.generation);
    let adopted = shared.records.adopt(desktop, &owner, &template, generation, password, deed).await?;
    if adopted {
        info!(desktop = %container.desktop, "an unknown container was adopted");
        shared.dirty.mark(container.desktop);
    }
    Ok(adopted)
}

/// Told first: what is gone from the engine cannot be told of later by whoever was killed in between.
async fn remove(shared: &Shared, container: &Listed, reason: &str) -> Result<(), JobError> {
    shared.records.tell(deed(container, "container.remove", reason)).await?;
    shared.engine.remove(container.desktop).await?;
    info!(desktop = %container.desktop, reason, "an unknown container was removed");
    Ok(())
}

fn deed(container: &Listed, action: &str, reason: &str) -> Deed {
    let detail = serde_json::json!({ "desktop": container.desktop, "owner": container.owner, "reason": reason });
    Deed::ours(action).on(&container.container).with(detail)
}
