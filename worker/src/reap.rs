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

/// The idle rules of one desktop: its template's, else the installation's.
fn idle_policy(shared: &Shared, details: &Details) -> IdlePolicy {
    let own = details.idle_after.and_then(|limit| chrono::TimeDelta::from_std(limit).ok());
    let installation = shared.config.reaper.idle;
    IdlePolicy { idle_after: own.or(installation.idle_after), ..installation }
}

/// Writes into the audit log what Pult did by itself.
async fn audit(shared: &Shared, details: &Details, action: &str, why: &Why) -> Result<(), StoreError> {
    info!(desktop = %details.desktop.id, action, why = why.code(), "reaped");
    let detail = serde_json::json!(why);
    shared.records.audit(action, details.desktop.id.to_string(), detail).await
}
