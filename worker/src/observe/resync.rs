use std::collections::BTreeMap;

use domain::{
    DesktopId,
    desktop::{Desktop, DesktopState},
};
use engine::{Condition, EngineError, Listed};
use tracing::{debug, warn};

use crate::{Shared, reap::orphans};

/// Compares every desktop with every container, and puts on the queue what may have changed. Heals events that never
/// came, deletions among them. Running it twice is harmless: it changes nothing itself.
pub(crate) async fn run(shared: &Shared) -> Result<(), EngineError> {
    let listed = shared.engine.list().await?;
    let rows = match shared.records.live().await {
        Ok(rows) => rows,
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "desktops cannot be compared with the engine");
            return Ok(());
        }
    };
    // places, too, are compared with what they should be
    shared.admission.look_again();
    let mut containers: BTreeMap<DesktopId, Listed> = listed.into_iter().map(|one| (one.desktop, one)).collect();
    let mut marked = 0;
    for row in &rows {
        if may_have_changed(row, containers.remove(&row.id).as_ref()) {
            shared.dirty.mark(row.id);
            marked += 1;
        }
    }
    debug!(desktops = rows.len(), marked, unknown = containers.len(), "compared with the engine");
    orphans::consider(shared, containers.into_values()).await;
    if let Err(error) = shared.records.engine_compared(&shared.config.node).await {
        warn!(error = &error as &dyn std::error::Error, "the time of the comparison cannot be stored");
    }
    Ok(())
}

/// Whether a closer look is needed. A listing does not tell when a container was started, so whatever runs or is
/// under way is always looked at; only what rests, and is shown to rest, is not.
fn may_have_changed(row: &Desktop, listed: Option<&Listed>) -> bool {
    match row.state {
        DesktopState::Stopped | DesktopState::Failed => match listed {
            None => row.container.is_some(),
            Some(listed) => {
                row.container.as_ref() != Some(&listed.container)
                    || !matches!(listed.condition, Condition::Created | Condition::Exited)
            }
        },
        _ => true,
    }
}
