//! The desk, with a database of its own, a clock that the test sets, and jobs that do what the test says.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::{
    Timestamp,
    schedule::{Outcome, RunResult, ScheduledJob},
};
use store::{Bus, Config, JobRun, Sealer, Store};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::{Desk, JobError, Lost, Missed, Office, Plan, Rule, Work, lease};
use crate::clock::Clock;

const JOB: ScheduledJob = ScheduledJob::NightlyStop;
const OTHER: ScheduledJob = ScheduledJob::Images;
const LONG: Duration = Duration::from_mins(10);

/// A house with a schedule, whose workers come and go.
struct House {
    store: Store,
    now: Arc<Mutex<Timestamp>>,
    begun: Arc<Mutex<BTreeMap<ScheduledJob, usize>>>,
    /// How many jobs may end.
    may_end: Arc<Semaphore>,
    beside: Arc<AtomicUsize>,
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn nightly(expression: &str) -> (ScheduledJob, Rule, Missed) {
    let rule = Rule::At(expression.parse().expect("a cron expression"), Tz::Europe__Berlin);
    (JOB, rule, Missed::TooLateAfter(TimeDelta::hours(1)))
}

impl House {
    async fn new(now: &str) -> Self {
        let config = Config { url: "sqlite::memory:".to_owned(), max_connections: 1 };
        let store = Store::connect(&config, Bus::local(), Sealer::new([7; 32])).await.expect("a database");
        migration::up(store.connection()).await.expect("a schema");
        store.installation().await.expect("an installation");
        let (begun, beside) = (Arc::default(), Arc::default());
        let may_end = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        Self { store, now: Arc::new(Mutex::new(at(now))), begun, may_end, beside }
    }

    fn set(&self, now: &str) {
        *self.now.lock().expect("nobody panics with it") = at(now);
    }

    fn begun(&self, job: ScheduledJob) -> usize {
        self.begun.lock().expect("nobody panics with it").get(&job).copied().unwrap_or_default()
    }

    fn office(&self, holder: &str, plan: Plan) -> Office {
        let now = Arc::clone(&self.now);
        Office {
            store: self.store.clone(),
            holder: holder.to_owned(),
            terms: lease::Terms { ttl: Duration::from_millis(400), renew: Duration::from_millis(20) },
            clock: Clock::new(move || *now.lock().expect("nobody panics with it")),
            plan,
            work: self.work(),
        }
    }

    /// A worker that takes the lease, for long, and begins.
    async fn worker(&self, holder: &str, plan: Plan) -> Desk {
        assert!(self.store.leases().take(lease::NAME, holder, LONG).await.expect("a database"));
        let mut desk = Desk::new(&self.office(holder, plan));
        desk.begin().await.expect("it has the lease");
        desk
    }

    fn work(&self) -> Work {
        let (begun, may_end, beside) = (Arc::clone(&self.begun), Arc::clone(&self.may_end), Arc::clone(&self.beside));
        Arc::new(move |job| {
            let (begun, may_end, beside) = (Arc::clone(&begun), Arc::clone(&may_end), Arc::clone(&beside));
            Box::pin(async move {
                *begun.lock().expect("nobody panics with it").entry(job).or_default() += 1;
                assert_eq!(beside.fetch_add(usize::from(job == JOB), Ordering::SeqCst), 0, "{job} runs beside itself");
                may_end.acquire().await.expect("it is never closed").forget();
                beside.store(0, Ordering::SeqCst);
                match job {
                    ScheduledJob::Sessions => panic!("a defect of {job}"),
                    ScheduledJob::Orphans => {
                        Err(JobError::Engine(engine::EngineError::Unreachable { detail: "no route".to_owned() }))
                    }
                    _ => Ok(Outcome::stopped(3)),
                }
            })
        })
    }

    async fn noted(&self, job: ScheduledJob) -> JobRun {
        let all = self.store.schedule().all().await.expect("a database");
        all.into_iter().find(|run| run.job == job).expect("every job is listed")
    }
}

/// Looks once, and waits for what that began.
async fn tick(desk: &mut Desk) {
    desk.look().await.expect("it has the lease");
    while let Some(ended) = desk.running.join_next().await {
        desk.ended(ended.ok()).await.expect("it has the lease");
    }
}

#[tokio::test]
async fn a_moment_is_run_for_once_by_whatever_worker() {
    let house = House::new("2026-11-25T12:00:00Z").await;
    let mut first = house.worker("first", vec![nightly("0 22 * * *")]).await;
    tick(&mut first).await;
    assert_eq!(house.begun(JOB), 0, "nothing is made up for that was never looked at");
    assert_eq!(house.noted(JOB).await.next_run_at, Some(at("2026-11-25T21:00:00Z")));
    house.set("2026-11-25T21:00:01Z");
    tick(&mut first).await;
    tick(&mut first).await;
    let noted = house.noted(JOB).await;
    assert_eq!((house.begun(JOB), noted.result), (1, Some(RunResult::Ok)));
    assert_eq!(noted.outcome, Some(Outcome::Stopped { desktops: 3 }));
    assert_eq!(noted.scheduled_for, Some(at("2026-11-25T21:00:00Z")));
    assert_eq!(noted.next_run_at, Some(at("2026-11-26T21:00:00Z")));
    drop(first);
    house.store.leases().release(lease::NAME, "first").await.expect("a database");
    // another worker, whose clock is behind and then comes past the moment again
    house.set("2026-11-25T20:59:00Z");
    let mut second = house.worker("second", vec![nightly("0 22 * * *")]).await;
    tick(&mut second).await;
    house.set("2026-11-25T21:00:30Z");
    tick(&mut second).await;
    assert_eq!(house.begun(JOB), 1);
}

#[tokio::test]
async fn a_rule_that_is_changed_names_no_time_that_was_missed() {
    let house = House::new("2026-11-25T12:00:00Z").await;
    drop(house.worker("w", vec![nightly("0 22 * * *")]).await);
    house.set("2026-11-25T19:30:00Z");
    let mut desk = house.worker("w", vec![nightly("0 20 * * *")]).await;
    tick(&mut desk).await;
    assert_eq!(house.begun(JOB), 0, "20:00 was half an hour ago, when nobody had said so");
    drop(desk);
    house.set("2026-11-26T19:00:00.5Z");
    tick(&mut house.worker("w", vec![nightly("0 20 * * *")]).await).await;
    assert_eq!(house.begun(JOB), 1);
}

#[tokio::test]
async fn a_run_that_was_cut_off_is_made_up_for_while_it_is_not_too_late() {
    let house = House::new("2026-11-25T12:00:00Z").await;
    let mut desk = house.worker("w", vec![nightly("0 22 * * *")]).await;
    for (cut, again, runs) in [("25T21:00:01Z", "25T21:10:00Z", 2), ("26T21:00:01Z", "26T22:00:01Z", 3)] {
        house.set(&format!("2026-11-{cut}"));
        desk.look().await.expect("it has the lease");
        assert_eq!(house.noted(JOB).await.result, Some(RunResult::Running));
        // the power fails
        drop(desk);
        house.beside.store(0, Ordering::SeqCst);
        house.set(&format!("2026-11-{again}"));
        desk = house.worker("w", vec![nightly("0 22 * * *")]).await;
        let noted = house.noted(JOB).await;
        assert_eq!((noted.result, noted.outcome), (Some(RunResult::Failed), Some(Outcome::Interrupted)));
        let before = house.begun(JOB);
        tick(&mut desk).await;
        assert_eq!(house.begun(JOB), before + usize::from(runs == 2), "{again}");
    }
}

#[tokio::test]
async fn a_job_never_runs_beside_itself_and_others_go_on() {
    let house = House::new("2026-11-25T12:00:00Z").await;
    let every = |job, seconds| (job, Rule::Every(TimeDelta::seconds(seconds)), Missed::CaughtUp);
    let mut desk = house.worker("w", vec![every(JOB, 600), every(OTHER, 600)]).await;
    house.may_end.forget_permits(Semaphore::MAX_PERMITS);
    desk.look().await.expect("it has the lease");
    tokio::task::yield_now().await;
    house.set("2026-11-25T13:00:00Z");
    desk.look().await.expect("it has the lease");
    tokio::task::yield_now().await;
    assert_eq!((house.begun(JOB), house.begun(OTHER)), (1, 1), "both are still at it");
    // a wish meanwhile is for a run after this one
    house.store.schedule().request(JOB).await.expect("a database");
    desk.hear().await.expect("it has the lease");
    assert_eq!(house.begun(JOB), 1);
    house.may_end.add_permits(100);
    tick(&mut desk).await;
    tick(&mut desk).await;
    assert_eq!((house.begun(JOB), house.begun(OTHER)), (2, 2));
    assert_eq!(house.noted(JOB).await.requested_at, None);
}

#[tokio::test]
async fn a_job_that_fails_or_panics_says_so_and_stops_no_other() {
    let house = House::new("2026-11-25T12:00:00Z").await;
    let jobs = [ScheduledJob::Sessions, ScheduledJob::Orphans, OTHER];
    let plan = jobs.map(|job| (job, Rule::Every(TimeDelta::seconds(600)), Missed::CaughtUp));
    let mut desk = house.worker("w", plan.to_vec()).await;
    tick(&mut desk).await;
    let noted = house.noted(ScheduledJob::Sessions).await;
    assert_eq!(noted.result, Some(RunResult::Failed));
    assert_eq!(noted.outcome, Some(Outcome::Panicked { detail: "a defect of sessions".to_owned() }));
    let noted = house.noted(ScheduledJob::Orphans).await;
    assert_eq!(noted.result, Some(RunResult::Failed));
    assert!(matches!(noted.outcome, Some(Outcome::Failed { detail }) if detail.contains("no route")));
    assert_eq!(house.noted(OTHER).await.result, Some(RunResult::Ok));
    house.set("2026-11-25T12:10:00Z");
    tick(&mut desk).await;
    assert!(jobs.iter().all(|job| house.begun(*job) == 2), "each has another try");
}

#[tokio::test]
async fn what_somebody_wishes_for_runs_whatever_its_rule_says() {
    let house = House::new("2026-11-25T12:00:00Z").await;
    let mut desk = house.worker("w", vec![(JOB, Rule::OnDemand, Missed::CaughtUp)]).await;
    tick(&mut desk).await;
    assert_eq!(house.begun(JOB), 0);
    house.store.schedule().request(JOB).await.expect("a database");
    desk.hear().await.expect("it has the lease");
    tick(&mut desk).await;
    tick(&mut desk).await;
    assert_eq!(house.begun(JOB), 1);
    let noted = house.noted(JOB).await;
    assert_eq!((noted.requested_at, noted.result), (None, Some(RunResult::Ok)));
}

#[tokio::test]
async fn a_worker_without_the_lease_begins_nothing() {
    let house = House::new("2026-11-25T12:00:00Z").await;
    let mut first = house.worker("first", vec![nightly("0 22 * * *")]).await;
    house.store.leases().take(lease::NAME, "first", Duration::ZERO).await.expect("a database");
    let mut second = house.worker("second", vec![nightly("0 22 * * *")]).await;
    house.set("2026-11-25T21:00:01Z");
    assert!(matches!(first.look().await, Err(Lost::Lease)), "it learns so before it does anything");
    assert_eq!(house.begun(JOB), 0);
    tick(&mut second).await;
    assert_eq!(house.begun(JOB), 1);
}

#[tokio::test]
async fn what_runs_all_the_time_is_noted_when_it_is_news() {
    let house = House::new("2026-11-25T12:00:00Z").await;
    let plan = vec![(ScheduledJob::Idle, Rule::Every(TimeDelta::seconds(5)), Missed::CaughtUp)];
    let mut desk = house.worker("w", plan).await;
    tick(&mut desk).await;
    let first = house.noted(ScheduledJob::Idle).await;
    assert_eq!(first.result, Some(RunResult::Ok));
    house.set("2026-11-25T12:00:05Z");
    tick(&mut desk).await;
    assert_eq!(house.begun(ScheduledJob::Idle), 2);
    assert_eq!(house.noted(ScheduledJob::Idle).await, first, "the same again is no news");
    house.store.schedule().request(ScheduledJob::Idle).await.expect("a database");
    desk.hear().await.expect("it has the lease");
    tick(&mut desk).await;
    let wished = house.noted(ScheduledJob::Idle).await;
    assert_eq!(wished.started_at, Some(at("2026-11-25T12:00:05Z")), "who wished for it is told");
}

#[tokio::test]
async fn a_second_worker_takes_over_from_one_that_stops_and_from_one_that_dies() {
    let house = House::new("2026-11-25T12:00:00Z").await;
    let (tick, ticks) = watch::channel(0_u64);
    let ticking = async {
        loop {
            tick.send_modify(|count| *count += 1);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let working = |holder: &str| {
        let plan = vec![(OTHER, Rule::Every(TimeDelta::seconds(600)), Missed::CaughtUp)];
        let (office, ticks, shutdown) = (house.office(holder, plan), ticks.clone(), CancellationToken::new());
        let stop = shutdown.clone();
        (tokio::spawn(async move { office.run(ticks, &shutdown).await }), stop)
    };
    let runs = async |count: usize| {
        while house.begun(OTHER) < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let holder = async || house.store.leases().holder(lease::NAME).await.expect("a database");
    let telling = async {
        let (first, stop_first) = working("first");
        runs(1).await;
        let (second, _) = working("second");
        let mut third = None;
        for (count, at, next) in [(2, "2026-11-25T12:10:00Z", "second"), (3, "2026-11-25T12:20:00Z", "third")] {
            if next == "second" {
                stop_first.cancel();
            } else {
                third = Some(working("third"));
                // it dies as it stands: its lease ends by itself
                second.abort();
            }
            while holder().await.as_deref() != Some(next) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(house.begun(OTHER), count - 1, "who takes over runs nothing twice");
            house.set(at);
            runs(count).await;
        }
        first.await.expect("it stopped");
        let (third, stop_third) = third.expect("it was made above");
        stop_third.cancel();
        third.await.expect("it stopped");
        assert_eq!(holder().await, None, "it is given back");
    };
    tokio::select! {
        () = ticking => unreachable!("it ticks for ever"),
        () = telling => {}
    }
}
