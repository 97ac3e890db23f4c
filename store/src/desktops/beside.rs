//! What is told of a desktop and is not in its row.

use std::collections::BTreeSet;

use domain::access::Role;
use sea_orm::ConnectionTrait;

use super::Details;
use crate::{StoreError, activity::count_viewers, grants, lessons, schedule};

/// Fills in who watches each desktop and who may, and what decides when it stops.
pub(super) async fn complete<C: ConnectionTrait>(details: &mut [Details], connection: &C) -> Result<(), StoreError> {
    count_viewers(details, connection).await?;
    grants::complete(details, connection).await?;
    learn_facts(details, connection).await
}

/// Fills in what decides when each desktop stops. What rests is not asked about.
pub(super) async fn learn_facts<C: ConnectionTrait>(details: &mut [Details], connection: &C) -> Result<(), StoreError> {
    let mut awake: Vec<_> = details.iter_mut().filter(|details| details.desktop.state.is_awake()).collect();
    if awake.is_empty() {
        return Ok(());
    }
    let night_at = schedule::next_nightly_stop(connection).await?;
    // whoever runs the installation may be in a group, and has no lessons
    let taught = awake.iter().filter(|details| details.owner_role <= Role::Teacher);
    let owners: BTreeSet<_> = taught.map(|details| details.desktop.owner).collect();
    let needs = lessons::needs(owners, connection).await?;
    for details in &mut awake {
        let (owner, template) = (details.desktop.owner, details.desktop.template);
        let theirs = needs.iter().filter(|(of, only, _)| *of == owner && only.is_none_or(|only| only == template));
        details.facts.kept_until = theirs.map(|(.., until)| *until).max();
        details.facts.night_at = night_at;
    }
    Ok(())
}
