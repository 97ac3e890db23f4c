//! What keeps an installation small and says what it lacks. Running any of it twice is harmless.

pub(crate) mod images;
pub(crate) mod roster;

use chrono::TimeDelta;
use domain::schedule::Outcome;
use store::{Store, StoreError};
use tracing::info;

use crate::{Shared, schedule::JobError};

/// How long it is known that there was a lesson, or a restriction.
const LESSONS_KEPT: TimeDelta = TimeDelta::days(30);

/// How long it is known, apart from the audit log, who might look into whose desktop.
const GRANTS_KEPT: TimeDelta = TimeDelta::days(90);

/// How long it is known what programs were told, and what became of it.
const DELIVERIES_KEPT: TimeDelta = TimeDelta::days(30);

/// Forgets sessions that ended by themselves, tickets that nobody exchanged, sign-ins that nobody finished, wishes that
/// nobody sends again, and people who were deleted and whose desktops are gone.
pub(crate) async fn sessions(store: &Store) -> Result<Outcome, StoreError> {
    let sessions = store.sessions().purge().await?;
    let passes = store.passes().purge().await?;
    let sign_ins = store.sign_ins().purge().await?;
    let wishes = store.desktops().purge_wishes().await?;
    let people = store.users().forget_departed().await?;
    Ok(Outcome::removed(sessions + passes + sign_ins + wishes + people))
}

/// Walks along the audit log, and tells our own log where it ends: whoever can only write to the database cannot reach
/// that one, so even a chain that was made anew as a whole is found by comparing.
pub(crate) async fn audit_check(store: &Store) -> Result<Outcome, JobError> {
    let sound = store.audit().verify().await??;
    info!(line = sound.head.seq, hash = %sound.head.hash, "the audit log is whole");
    Ok(Outcome::Done)
}

/// Forgets lines of the audit log that are older than the installation keeps them. Where something is wrong with it, it
/// stays as it is, for those who look into it.
pub(crate) async fn audit(shared: &Shared, store: &Store) -> Result<Outcome, JobError> {
    let keep = shared.config.audit_keep.and_then(|keep| TimeDelta::from_std(keep).ok());
    let before = keep.and_then(|keep| shared.clock.now().checked_sub_signed(keep));
    let Some(before) = before else {
        return Ok(Outcome::Nothing);
    };
    store.audit().verify().await??;
    Ok(Outcome::removed(store.audit().purge(before).await?))
}

/// Forgets lessons, restrictions and grants that were over long ago, and what programs were told then, and does for the database what it does not do for
/// itself.
pub(crate) async fn database(shared: &Shared, store: &Store) -> Result<Outcome, StoreError> {
    let now = shared.clock.now();
    let forgotten = store.lessons().purge(now - LESSONS_KEPT).await?
        + store.restrictions().purge(now - LESSONS_KEPT).await?
        + store.grants().purge(now - GRANTS_KEPT).await?
        + store.webhooks().purge(now - DELIVERIES_KEPT).await?;
    let is_kept_up = store.upkeep().await?;
    Ok(if forgotten == 0 && is_kept_up { Outcome::Done } else { Outcome::removed(forgotten) })
}
