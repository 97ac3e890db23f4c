//! What is told of a desktop and is not in its row.

use sea_orm::ConnectionTrait;

use super::Details;
use crate::{StoreError, activity::count_viewers, schedule};

/// Fills in who watches each desktop, and what decides when it stops.
pub(super) async fn complete<C: ConnectionTrait>(details: &mut [Details], connection: &C) -> Result<(), StoreError> {
    count_viewers(details, connection).await?;
    learn_facts(details, connection).await
}

/// Fills in what decides when each desktop stops. What rests is not asked about.
pub(super) async fn learn_facts<C: ConnectionTrait>(details: &mut [Details], connection: &C) -> Result<(), StoreError> {
    if !details.iter().any(|details| details.desktop.state.is_awake()) {
        return Ok(());
    }
    let night_at = schedule::next_nightly_stop(connection).await?;
    for details in details {
        details.facts.night_at = night_at;
    }
    Ok(())
}
