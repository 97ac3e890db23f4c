//! Lets as many desktops start at a time as the engine carries and has room for, and tells the others their place.
//!
//! Looks at the claims of all desktops, which the rows tell; changes the rows of those who wait, all in one
//! transaction. Running it twice is harmless: `domain::admission` plans nothing where all is as planned. It is due
//! when somebody asks, when a desktop that held something of the engine lets go of it, when the engine comes back, and
//! at every comparison; whoever takes a step next does it, for all.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use domain::{
    DesktopId, Timestamp,
    admission::{Carrier, Machine, Overcommit, Pace, Plan, Queue, Room, Stage, Start},
    desktop::{Desktop, DesktopState},
};
use engine::EngineInfo;
use store::StoreError;
use tracing::{debug, info};

use crate::Shared;

/// Who starts and who waits, as far as the rows do not say it.
#[derive(Debug)]
pub(crate) struct Admission {
    overcommit: Overcommit,
    /// Whether the plan may have to change.
    due: AtomicBool,
    /// Held while a plan is made and carried out: there is one at a time.
    queue: tokio::sync::Mutex<Queue>,
    known: Mutex<Known>,
}

/// What the last plan found and what was learned since.
#[derive(Debug)]
struct Known {
    pace: Option<Pace>,
    room: Option<Room>,
    stages: HashMap<DesktopId, Stage>,
    begun: HashMap<DesktopId, Begun>,
    anybody_waits: bool,
}

/// When a desktop's turn came, and how many were starting then.
#[derive(Debug, Clone, Copy)]
struct Begun {
    at: Timestamp,
    beside: usize,
}

impl Admission {
    /// With a fixed number of starts at a time, or as many as the engine is seen to carry.
    pub(crate) fn new(at_once: Option<usize>, overcommit: Overcommit) -> Self {
        let known = Known {
            pace: at_once.map(Pace::fixed),
            room: None,
            stages: HashMap::new(),
            begun: HashMap::new(),
            anybody_waits: false,
        };
        Self { overcommit, due: AtomicBool::new(true), queue: tokio::sync::Mutex::default(), known: Mutex::new(known) }
    }

    /// The engine answers, and is this large.
    pub(crate) fn engine_came(&self, info: &EngineInfo) {
        let memory_mb = i64::try_from(info.memory_bytes >> 20).unwrap_or(i64::MAX);
        let mut known = self.known();
        known.room = Some(Room::new(Machine { memory_mb, cpus: info.cpus }, self.overcommit));
        known.pace.get_or_insert_with(|| Pace::measured(info.cpus));
        drop(known);
        self.look_again();
    }

    /// The engine does not answer: nobody's turn comes.
    pub(crate) fn engine_went(&self) {
        self.known().room = None;
        self.look_again();
    }

    /// The plan may have to change.
    pub(crate) fn look_again(&self) {
        self.due.store(true, Ordering::Release);
    }

    /// Whether the plan may have to change.
    pub(super) fn is_due(&self) -> bool {
        self.due.load(Ordering::Acquire)
    }

    /// Notes what a row says of a desktop: whether it asks anew, or lets go of what others wait for.
    pub(super) fn note(&self, desktop: DesktopId, row: Option<&Desktop>) {
        let stage = row.and_then(Stage::of);
        let asks = stage == Some(Stage::Waits) && row.is_some_and(|row| row.state != DesktopState::Queued);
        let mut known = self.known();
        if stage != Some(Stage::Starts) {
            known.begun.remove(&desktop);
        }
        let before = match stage {
            Some(stage @ (Stage::Starts | Stage::Holds)) => known.stages.insert(desktop, stage),
            _ => known.stages.remove(&desktop),
        };
        let lets_go = before.is_some() && before != stage && known.anybody_waits;
        drop(known);
        if asks || lets_go {
            self.look_again();
        }
    }

    /// Learns from a desktop that has just started, how long starts take.
    pub(super) fn started(&self, desktop: &Desktop, now: Timestamp) {
        let mut known = self.known();
        let Some(Begun { at, beside }) = known.begun.remove(&desktop.id).filter(|_| desktop.attempts == 0) else {
            return;
        };
        let Some(pace) = &mut known.pace else {
            return;
        };
        let before = pace.at_once();
        pace.learn(Start { template: desktop.template, took: now - at, beside }, now);
        let after = pace.at_once();
        drop(known);
        if before != after {
            debug!(before, after, "how many desktops may be starting at a time has changed");
            self.look_again();
        }
    }

    /// What carries desktops now.
    fn carrier(&self) -> Option<Carrier> {
        let known = self.known();
        let (room, pace) = (known.room?, known.pace.as_ref()?);
        Some(Carrier { room, at_once: pace.at_once(), seconds_per_start: pace.seconds_per_start() })
    }

    /// Remembers what a plan that was carried out means for what is noted later.
    fn planned(&self, plan: &Plan, now: Timestamp) {
        let mut known = self.known();
        known.anybody_waits = plan.waiting > 0;
        for desktop in &plan.starts {
            known.stages.insert(*desktop, Stage::Starts);
            known.begun.insert(*desktop, Begun { at: now, beside: plan.starting });
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives everybody their turn or their place, if that is due.
pub(super) async fn arrange(shared: &Shared) -> Result<(), StoreError> {
    let admission = &shared.admission;
    let mut queue = admission.queue.lock().await;
    // whatever makes it due from now on may not be seen by what is read below
    if !admission.due.swap(false, Ordering::AcqRel) {
        return Ok(());
    }
    let arranged = arrange_now(shared, &mut queue).await;
    if arranged.is_err() {
        admission.look_again();
    }
    arranged
}

async fn arrange_now(shared: &Shared, queue: &mut Queue) -> Result<(), StoreError> {
    let claims = shared.records.claims().await?;
    let (plan, after) = queue.plan(&claims, shared.admission.carrier().as_ref());
    let revision = if plan.is_empty() { None } else { Some(shared.records.arrange(&plan).await?) };
    *queue = after;
    shared.admission.planned(&plan, shared.clock.now());
    let Some(revision) = revision else {
        return Ok(());
    };
    debug!(starting = plan.starting, waiting = plan.waiting, revision, "the queue has moved on");
    for (desktop, _) in &plan.places {
        shared.written.note(*desktop, revision);
    }
    for desktop in &plan.starts {
        info!(%desktop, revision, "its turn has come");
        shared.written.note(*desktop, revision);
        shared.dirty.mark(*desktop);
    }
    for (desktop, why) in &plan.refused {
        info!(%desktop, why = why.code(), revision, "it is refused");
        shared.written.note(*desktop, revision);
        shared.dirty.mark(*desktop);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::{
        DesktopId, TemplateId, UserId,
        admission::{Overcommit, Plan},
        desktop::{ContainerId, Desktop, Observed, Phase},
        why::Why,
    };
    use engine::{Engine as _, fake::FakeEngine};

    use super::Admission;
    use crate::clock::Clock;

    const USUAL: Overcommit = Overcommit { memory: 2.0, cpus: 32.0 };

    fn asked() -> Desktop {
        let now = Clock::system().now();
        Desktop::requested(DesktopId::new(), "somebodys-tiny".to_owned(), UserId::new(), TemplateId::new(), now)
    }

    fn running(desktop: Desktop) -> Desktop {
        let now = Clock::system().now();
        let seen = Observed {
            container: ContainerId("c".to_owned()),
            generation: 1,
            image: format!("sha256:{:064x}", 1).parse().expect("an image's id"),
            phase: Phase::Running,
            started_at: Some(now),
            endpoint: None,
        };
        desktop.connecting(&seen).running("172.30.0.7:6901".parse().expect("an endpoint"), None, now)
    }

    /// Whether it is due, which it then is no more.
    fn was_due(admission: &Admission) -> bool {
        admission.due.swap(false, std::sync::atomic::Ordering::AcqRel)
    }

    #[test]
    fn it_is_due_when_somebody_asks_and_when_somebody_lets_go_of_what_others_wait_for() {
        let admission = Admission::new(None, USUAL);
        assert!(was_due(&admission), "nothing is known yet");
        let desktop = asked();
        let see = |row: &Desktop| {
            admission.note(row.id, Some(row));
            was_due(&admission)
        };
        assert!(see(&desktop));
        let starting = desktop.admitted();
        assert!(!see(&starting));
        let running = running(starting.clone());
        assert!(!see(&running), "nobody waits");
        let stopping = running.clone().want_stopped(Why::StoppedByOwner);
        assert!(!see(&stopping));

        admission.planned(&Plan { waiting: 1, ..Plan::default() }, Clock::system().now());
        assert!(!see(&stopping), "its container runs still");
        assert!(see(&stopping.ended(None, Clock::system().now())), "there is room");
        assert!(!see(&starting));
        assert!(see(&running), "another may be starting");
        admission.note(running.id, None);
        assert!(was_due(&admission), "it is gone");
    }

    #[tokio::test]
    async fn an_engine_that_is_away_carries_nobody() {
        let admission = Admission::new(Some(3), USUAL);
        assert_eq!(admission.carrier(), None);
        was_due(&admission);
        let engine = FakeEngine::new(&[], Clock::system().now());
        admission.engine_came(&engine.info().await.expect("it answers"));
        assert!(was_due(&admission));
        assert_eq!(admission.carrier().map(|carrier| carrier.at_once), Some(3));
        admission.engine_went();
        assert!(was_due(&admission));
        assert_eq!(admission.carrier(), None);
    }

    #[tokio::test]
    async fn a_start_is_measured_from_its_turn_and_only_if_it_went_well_at_once() {
        let admission = Admission::new(None, USUAL);
        let engine = FakeEngine::new(&[], Clock::system().now());
        admission.engine_came(&engine.info().await.expect("it answers"));
        let seconds = || admission.carrier().map(|carrier| carrier.seconds_per_start).expect("an engine");
        let before = seconds();
        let turn = Clock::system().now();
        let desktop = asked().admitted();
        let plan = Plan { starts: vec![desktop.id], starting: 1, ..Plan::default() };
        admission.planned(&plan, turn);
        admission.started(&Desktop { attempts: 1, ..desktop.clone() }, turn + TimeDelta::minutes(9));
        assert!((seconds() - before).abs() < f64::EPSILON);
        admission.planned(&plan, turn);
        admission.started(&desktop, turn + TimeDelta::seconds(13));
        assert!((seconds() - (before + 0.2 * (13.0 - before))).abs() < 0.001);
        // another start of it, of which nobody saw the beginning
        admission.started(&desktop, turn + TimeDelta::minutes(9));
        assert!(seconds() < 13.0);
    }
}
