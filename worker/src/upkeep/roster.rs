use domain::{
    provisioning::{Extent, Source, believe, plan},
    schedule::Outcome,
};
use store::Store;

use crate::{Shared, schedule::JobError};

/// Reads the school's own list and makes people, groups and memberships as it says: everything that the list brought
/// before and does not name any more is taken back, if the list can be believed. Sessions of whoever is gone end in the
/// database, which everybody asks within half a second.
pub(crate) async fn run(shared: &Shared, store: &Store) -> Result<Outcome, JobError> {
    let Some(config) = &shared.config.roster else {
        return Ok(Outcome::Nothing);
    };
    let told = roster::idm::fetch(config).await?;
    let provisioning = store.provisioning();
    let known = provisioning.known(Source::Roster).await?;
    let plan = plan(&known, &told, Extent::Whole);
    believe(&known, &told, &plan)?;
    provisioning.carry_out(Source::Roster, &plan).await?;
    let people = plan.report.people;
    if people.made + people.changed + people.gone > 0 {
        let detail = serde_json::json!({ "made": people.made, "changed": people.changed, "gone": people.gone });
        store.audit().record(None, "roster.sync", None, Some(detail)).await?;
    }
    Ok(Outcome::synced(people))
}
