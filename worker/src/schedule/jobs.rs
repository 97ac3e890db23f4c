//! The jobs there are: when each is due, what becomes of a run that was missed, and what it does.

use chrono::TimeDelta;
use domain::{
    audit::Broken,
    provisioning::Unbelievable,
    schedule::{Outcome, ScheduledJob},
};
use engine::EngineError;
use roster::idm::FetchError;
use store::{ProvisionError, Store, StoreError};

use super::rule::{Missed, Rule};
use crate::{Config, Cron, Shared, client, reap, upkeep};

/// The hours of upkeep, when nobody waits for the database: any night's, and each on its own.
const AUDIT_CHECK_AT: &str = "10 3 * * *";
const AUDIT_AT: &str = "20 3 * * *";
const DATABASE_AT: &str = "40 3 * * *";

/// Why a job could not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the list cannot be read")]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Unbelievable(#[from] Unbelievable),
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    #[error(transparent)]
    Audit(#[from] Broken),
}

/// When a job is due.
pub(super) fn rule(job: ScheduledJob, config: &Config) -> Rule {
    let every = |span| Rule::Every(span);
    let at = |cron: Cron| Rule::At(cron, config.time_zone);
    let nightly = |text: &str| text.parse().map_or(Rule::OnDemand, at);
    match job {
        ScheduledJob::Idle | ScheduledJob::Clients => every(TimeDelta::seconds(5)),
        ScheduledJob::Orphans => every(TimeDelta::seconds(15)),
        ScheduledJob::Expired | ScheduledJob::UnusedClients => every(TimeDelta::minutes(1)),
        ScheduledJob::Images | ScheduledJob::Sessions => every(TimeDelta::minutes(10)),
        ScheduledJob::NightlyStop => config.reaper.nightly_stop.clone().map_or(Rule::OnDemand, at),
        ScheduledJob::Roster if config.roster.is_none() => Rule::OnDemand,
        ScheduledJob::Roster => config.roster_at.clone().map_or(Rule::OnDemand, at),
        ScheduledJob::AuditCheck => nightly(AUDIT_CHECK_AT),
        ScheduledJob::AuditRetention if config.audit_keep.is_none() => Rule::OnDemand,
        ScheduledJob::AuditRetention => nightly(AUDIT_AT),
        ScheduledJob::DatabaseUpkeep => nightly(DATABASE_AT),
    }
}

/// What becomes of a run that was missed. What cleans up is made up for; what stops people's work is not, once they
/// may have come back.
pub(super) fn missed(job: ScheduledJob) -> Missed {
    match job {
        ScheduledJob::NightlyStop => Missed::TooLateAfter(TimeDelta::hours(1)),
        _ => Missed::CaughtUp,
    }
}

/// Runs a job once. Running any of them twice is harmless.
pub(super) async fn work(job: ScheduledJob, shared: &Shared, store: &Store) -> Result<Outcome, JobError> {
    Ok(match job {
        ScheduledJob::Idle => reap::idle::run(shared).await?,
        ScheduledJob::NightlyStop => reap::nightly::run(shared).await?,
        ScheduledJob::Expired => reap::expired::run(shared, store).await?,
        ScheduledJob::Orphans => reap::orphans::run(shared).await?,
        ScheduledJob::Images => upkeep::images::run(shared, store).await?,
        ScheduledJob::Clients => client::prepare(shared, store).await.map(|()| Outcome::Done)?,
        ScheduledJob::UnusedClients => client::sweep(shared, store).await.map(|()| Outcome::Done)?,
        ScheduledJob::Sessions => upkeep::sessions(store).await?,
        ScheduledJob::Roster => upkeep::roster::run(shared, store).await?,
        ScheduledJob::AuditCheck => upkeep::audit_check(store).await?,
        ScheduledJob::AuditRetention => upkeep::audit(shared, store).await?,
        ScheduledJob::DatabaseUpkeep => upkeep::database(shared, store).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::{AUDIT_AT, AUDIT_CHECK_AT, DATABASE_AT};
    use crate::Cron;

    #[test]
    fn the_hours_of_upkeep_are_cron_expressions() {
        for text in [AUDIT_CHECK_AT, AUDIT_AT, DATABASE_AT] {
            assert!(text.parse::<Cron>().is_ok(), "{text}");
        }
    }
}
