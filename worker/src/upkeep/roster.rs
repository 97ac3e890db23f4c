use domain::{
    provisioning::{Extent, Source, believe, plan},
    schedule::Outcome,
};
use store::{Deed, Store};

use crate::{Shared, schedule::JobError};

/// Reads the school's own list and makes people, groups and memberships as it says: everything that the list brought
/// before and does not name any more is taken back, if the list can be believed. Sessions of whoever is gone end in the
/// database, which everybody asks within half a second.
pub(crate) async fn run(shared: &Shared, store: &Store) -> Result<Outcome, JobError> {
    let Some(config) = &shared.config.roster else {
        return Ok(Outcome::Nothing);
    };
    let told = roster::idm::fetch(config).await?;
    let known = store.provisioning().known(Source::Roster).await?;
    let plan = plan(&known, &told, Extent::Whole);
    believe(&known, &told, &plan)?;
    store.noting(Deed::ours("roster.sync")).provisioning().carry_out(Source::Roster, &plan).await?;
    Ok(Outcome::synced(plan.report.people))
}
