use chrono::TimeDelta;
use engine::Listed;
use store::StoreError;
use tracing::{info, warn};

use crate::Shared;

/// Looks at containers of ours that no desktop is known for: after a database was lost, or restored from a backup.
///
/// One whose desktop was removed is taken away at once; one whose owner and template are known is adopted, with the
/// same desktop id; any other is taken away when it is old enough, so that nothing is lost in the first hour.
pub(crate) async fn consider(shared: &Shared, unknown: impl Iterator<Item = Listed> + Send) {
    for container in unknown {
        let desktop = container.desktop;
        if let Err(error) = consider_one(shared, container).await {
            warn!(%desktop, error = &error as &dyn std::error::Error, "an unknown container was left alone");
        }
    }
}

/// Why nothing could be done about a container.
#[derive(Debug, thiserror::Error)]
enum OrphanError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] engine::EngineError),
}

async fn consider_one(shared: &Shared, container: Listed) -> Result<(), OrphanError> {
    let removed_before = shared.records.desktop(container.desktop).await?.is_some();
    if removed_before {
        return remove(shared, &container, "its desktop was removed").await;
    }
    let owner = shared.records.user(container.owner).await?;
    let template = shared.records.template_by_slug(&container.template).await?;
    if let (Some(owner), Some(template)) = (owner, template) {
        let password = shared.engine.password(container.desktop).await?;
        let adopted =
            shared.records.adopt(container.desktop, &owner, &template, container.generation, password).await?;
        if adopted {
            info!(desktop = %container.desktop, "an unknown container was adopted");
            audit(shared, &container, "container.adopt", "its owner is known").await?;
            shared.dirty.mark(container.desktop);
            return Ok(());
        }
    }
    let old_enough = TimeDelta::from_std(shared.config.reaper.orphan_after).unwrap_or(TimeDelta::MAX);
    if shared.clock.now() - container.created_at > old_enough {
        return remove(shared, &container, "nobody is known for it").await;
    }
    Ok(())
}

async fn remove(shared: &Shared, container: &Listed, reason: &str) -> Result<(), OrphanError> {
    shared.engine.remove(container.desktop).await?;
    info!(desktop = %container.desktop, reason, "an unknown container was removed");
    Ok(audit(shared, container, "container.remove", reason).await?)
}

async fn audit(shared: &Shared, container: &Listed, action: &str, reason: &str) -> Result<(), StoreError> {
    let detail = serde_json::json!({ "desktop": container.desktop, "owner": container.owner, "reason": reason });
    shared.records.audit(action, container.container.to_string(), detail).await
}
