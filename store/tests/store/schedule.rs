//! What jobs of the schedule did, and wishes for them.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use domain::{
    desktop::DesktopState,
    schedule::{Outcome as Came, RunResult, ScheduledJob},
};
use store::{Held, JobRun};

use crate::house::{House, Outcome, in_memory_too, on_both, present};

on_both![
    every_job_is_listed_whether_it_ever_ran,
    a_run_is_remembered_as_it_was_noted,
    a_wish_is_followed_and_taken_up_by_the_run_that_begins,
    a_wish_while_a_job_runs_outlives_the_end_of_that_run,
    a_row_of_another_version_is_left_alone,
    who_reads_a_desktop_that_runs_learns_when_every_desktop_is_stopped_next,
    a_database_can_be_kept_up_while_it_is_used,
];

in_memory_too![a_database_can_be_kept_up_while_it_is_used];

const HELD: Held<'static> = Held { lease: "schedule", holder: "me" };

async fn hold(house: &House) -> Outcome {
    assert!(house.store.leases().take(HELD.lease, HELD.holder, Duration::from_mins(10)).await?);
    Ok(())
}

async fn find(house: &House, job: ScheduledJob) -> Result<JobRun, crate::house::Failed> {
    present(house.store.schedule().all().await?.into_iter().find(|run| run.job == job), job)
}

async fn every_job_is_listed_whether_it_ever_ran(house: House) -> Outcome {
    let never: Vec<_> = ScheduledJob::ALL.iter().map(|job| JobRun::never(*job)).collect();
    assert_eq!(house.store.schedule().all().await?, never);
    hold(&house).await?;
    let run = JobRun { every_seconds: Some(60), ..JobRun::never(ScheduledJob::Orphans) };
    assert!(house.store.schedule().note(HELD, &run).await?);
    let all = house.store.schedule().all().await?;
    assert_eq!(all.iter().map(|run| run.job).collect::<Vec<_>>(), ScheduledJob::ALL);
    assert_eq!(find(&house, ScheduledJob::Orphans).await?, run);
    Ok(())
}

async fn a_run_is_remembered_as_it_was_noted(house: House) -> Outcome {
    hold(&house).await?;
    let at = present(chrono::DateTime::from_timestamp_micros(Utc::now().timestamp_micros()), "the time")?;
    let run = JobRun {
        cron: Some("0 22 * * *".to_owned()),
        time_zone: Some("Europe/Berlin".to_owned()),
        scheduled_for: Some(at),
        started_at: Some(at + TimeDelta::seconds(1)),
        finished_at: Some(at + TimeDelta::seconds(2)),
        result: Some(RunResult::Failed),
        outcome: Some(Came::Failed { detail: "no\0 route".to_owned() }),
        next_run_at: Some(at + TimeDelta::days(1) + TimeDelta::nanoseconds(789)),
        ..JobRun::never(ScheduledJob::NightlyStop)
    };
    let before = house.store.revision().await?;
    assert!(house.store.schedule().note(HELD, &run).await?);
    let stored = JobRun {
        outcome: Some(Came::Failed { detail: "no route".to_owned() }),
        next_run_at: Some(at + TimeDelta::days(1)),
        ..run
    };
    assert_eq!(find(&house, ScheduledJob::NightlyStop).await?, stored);
    assert_eq!(house.store.revision().await?, before, "nobody who follows desktops is woken");
    Ok(())
}

async fn a_wish_is_followed_and_taken_up_by_the_run_that_begins(house: House) -> Outcome {
    hold(&house).await?;
    let (schedule, job) = (house.store.schedule(), ScheduledJob::Images);
    let before = house.store.revision().await?;
    let mut revisions = house.store.revisions();
    let wished = schedule.request(job).await?;
    assert!(wished.requested_at.is_some());
    assert!(house.store.revision().await? > before && *revisions.borrow_and_update() > before);
    assert_eq!(find(&house, job).await?, wished);
    // what is noted of a job that has not begun leaves the wish
    assert!(schedule.note(HELD, &JobRun { every_seconds: Some(600), ..JobRun::never(job) }).await?);
    assert_eq!(find(&house, job).await?.requested_at, wished.requested_at);
    let running = JobRun { result: Some(RunResult::Running), started_at: wished.requested_at, ..JobRun::never(job) };
    assert!(schedule.note(HELD, &running).await?);
    assert_eq!(find(&house, job).await?, running);
    Ok(())
}

async fn a_wish_while_a_job_runs_outlives_the_end_of_that_run(house: House) -> Outcome {
    hold(&house).await?;
    let (schedule, job) = (house.store.schedule(), ScheduledJob::Sessions);
    let running = JobRun { result: Some(RunResult::Running), ..JobRun::never(job) };
    assert!(schedule.note(HELD, &running).await?);
    let wished = schedule.request(job).await?;
    assert_eq!((wished.result, wished.requested_at.is_some()), (Some(RunResult::Running), true));
    assert!(schedule.note(HELD, &JobRun { result: Some(RunResult::Ok), ..running }).await?);
    assert_eq!(find(&house, job).await?.requested_at, wished.requested_at);
    Ok(())
}

async fn who_reads_a_desktop_that_runs_learns_when_every_desktop_is_stopped_next(house: House) -> Outcome {
    hold(&house).await?;
    let desktops = house.some_desktops(2).await?;
    let (rests, runs) = (desktops[0].clone().ended(None, Utc::now()), house.running(desktops[1].clone()).await?);
    let rests = house.saved(rests).await?;
    let night = async |id| {
        let details = house.store.desktops().details(id).await?;
        Ok::<_, store::StoreError>(details.and_then(|details| details.facts.night_at))
    };
    assert_eq!(night(runs.id).await?, None);
    let at = present(chrono::DateTime::from_timestamp_micros(Utc::now().timestamp_micros()), "the time")?;
    for next_run_at in [Some(at), None, Some(at + TimeDelta::days(1))] {
        let run = JobRun { next_run_at, ..JobRun::never(ScheduledJob::NightlyStop) };
        assert!(house.store.schedule().note(HELD, &run).await?);
        assert_eq!(night(runs.id).await?, next_run_at);
        assert_eq!(night(rests.id).await?, None, "of what rests nobody asks");
        let listed = house.store.desktops().in_states(&DesktopState::AWAKE).await?;
        let listed: Vec<_> = listed.into_iter().map(|details| (details.desktop.id, details.facts.night_at)).collect();
        assert_eq!(listed, [(runs.id, next_run_at)]);
    }
    Ok(())
}

async fn a_row_of_another_version_is_left_alone(house: House) -> Outcome {
    use sea_orm::ConnectionTrait;
    house.db().execute_unprepared("INSERT INTO job_runs (name) VALUES ('of_tomorrow')").await?;
    assert_eq!(house.store.schedule().all().await?.len(), ScheduledJob::ALL.len());
    assert_eq!(house.ask("SELECT name FROM job_runs").await?, ["of_tomorrow"]);
    Ok(())
}

async fn a_database_can_be_kept_up_while_it_is_used(house: House) -> Outcome {
    house.some_desktops(3).await?;
    let look = async { house.store.desktops().live().await };
    let (kept, desktops) = tokio::join!(house.store.upkeep(), look);
    assert_eq!(kept?, !house.store.is_shareable(), "what PostgreSQL does by itself is left to it");
    assert_eq!(desktops?.len(), 3);
    assert!(house.store.upkeep().await.is_ok());
    Ok(())
}
