//! What is stopped and removed without anybody asking. Each part looks at stored facts, decides with the domain, and
//! changes wishes only: the reconciler does the rest. Running any of it twice is harmless.

pub(crate) mod expired;
pub(crate) mod idle;
pub(crate) mod nightly;
pub(crate) mod orphans;

use domain::{idle::IdlePolicy, why::Why};
use store::{Deed, Details};
use tracing::info;

use crate::Shared;

/// The limits of one desktop.
fn idle_policy(shared: &Shared, details: &Details) -> IdlePolicy {
    shared.config.reaper.idle.policy(details.owner_role, &details.limits)
}

/// What the audit log tells of something that Pult does by itself.
fn deed(action: &str, why: &Why) -> Deed {
    Deed::ours(action).with(serde_json::json!(why))
}

fn reaped(details: &Details, action: &str, why: &Why) {
    info!(desktop = %details.desktop.id, action, why = why.code(), "reaped");
}
