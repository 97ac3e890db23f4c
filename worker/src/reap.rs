//! What is stopped and removed without anybody asking. Each part looks at stored facts, decides with the domain, and
//! changes wishes only: the reconciler does the rest. Running any of it twice is harmless.

pub(crate) mod expired;
pub(crate) mod idle;
pub(crate) mod nightly;
pub(crate) mod orphans;

use domain::{idle::IdlePolicy, why::Why};
use store::{Details, StoreError};
use tracing::info;

use crate::Shared;

/// The limits of one desktop.
fn idle_policy(shared: &Shared, details: &Details) -> IdlePolicy {
    shared.config.reaper.idle.policy(details.owner_role, &details.limits)
}

/// Writes into the audit log what Pult did by itself.
async fn audit(shared: &Shared, details: &Details, action: &str, why: &Why) -> Result<(), StoreError> {
    info!(desktop = %details.desktop.id, action, why = why.code(), "reaped");
    let detail = serde_json::json!(why);
    shared.records.audit(action, details.desktop.id.to_string(), detail).await
}
