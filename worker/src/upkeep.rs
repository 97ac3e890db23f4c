//! What keeps an installation small and says what it lacks. Running any of it twice is harmless.

pub(crate) mod images;
pub(crate) mod roster;

use chrono::TimeDelta;
use domain::schedule::Outcome;
use store::{Store, StoreError};

use crate::Shared;

/// How long it is known that there was a lesson, or a restriction.
const LESSONS_KEPT: TimeDelta = TimeDelta::days(30);

/// How long it is known, apart from the audit log, who might look into whose desktop.
const GRANTS_KEPT: TimeDelta = TimeDelta::days(90);

/// Forgets sessions that ended by themselves, tickets that nobody exchanged, sign-ins that nobody finished, and wishes
/// that nobody sends again.
pub(crate) async fn sessions(store: &Store) -> Result<Outcome, StoreError> {
    let sessions = store.sessions().purge().await?;
    let passes = store.passes().purge().await?;
    let sign_ins = store.sign_ins().purge().await?;
    let wishes = store.desktops().purge_wishes().await?;
    Ok(Outcome::removed(sessions + passes + sign_ins + wishes))
}

/// Forgets lines of the audit log that are older than the installation keeps them.
pub(crate) async fn audit(shared: &Shared, store: &Store) -> Result<Outcome, StoreError> {
    let keep = shared.config.audit_keep.and_then(|keep| TimeDelta::from_std(keep).ok());
    let before = keep.and_then(|keep| shared.clock.now().checked_sub_signed(keep));
    let Some(before) = before else {
        return Ok(Outcome::Nothing);
    };
    Ok(Outcome::removed(store.audit().purge(before).await?))
}

/// Forgets lessons, restrictions and grants that were over long ago, and does for the database what it does not do for
/// itself.
pub(crate) async fn database(shared: &Shared, store: &Store) -> Result<Outcome, StoreError> {
    let now = shared.clock.now();
    let forgotten = store.lessons().purge(now - LESSONS_KEPT).await?
        + store.restrictions().purge(now - LESSONS_KEPT).await?
        + store.grants().purge(now - GRANTS_KEPT).await?;
    let is_kept_up = store.upkeep().await?;
    Ok(if forgotten == 0 && is_kept_up { Outcome::Done } else { Outcome::removed(forgotten) })
}
