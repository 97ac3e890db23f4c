//! The worker as it is, in a world where everything goes wrong that can.
//!
//! Records, engine, desktops and clock are simulated; the loops between them are the ones that run in a school. All of
//! it happens in one thread on a clock that jumps to the next event, and all chance comes from one seed: a seed that
//! breaks a law breaks it again.
//!
//! `PULT_SIMULATION_STEPS` says how many steps are made (100,000), `PULT_SIMULATION_SEED` repeats one scenario, and
//! `PULT_SIMULATION_SABOTAGE` breaks the world in a way that the laws must notice.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a test, told what to do and telling what it did")]

mod book;
mod law;
mod world;

use std::{env, hash::Hasher as _, path::PathBuf, sync::Arc, time::Duration};

use chrono::{TimeDelta, TimeZone, Utc};
use domain::{
    DesktopId, TemplateId, Timestamp, UserId,
    access::Role,
    admission::Overcommit,
    desktop::StartPolicy,
    idle::IdlePolicy,
    template::{HomePolicy, Template, TemplateSpec},
    why::Why,
};
use engine::conformance::Deed;
use files::{Clients, Spaces};
use store::User;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::{
    book::Book,
    world::{Faults, Promise, Ways, World},
};
use crate::{
    Config, Health, Reaper, Shared,
    client::Unpacker,
    clock::Clock,
    converge,
    guard::Guard,
    reap::orphans,
    reconcile::{Admission, Dirty, Written},
};

/// How often old containers that nobody knows are looked for.
const ORPHANS: Duration = Duration::from_secs(15);
/// Steps that are made where nobody says how many.
const STEPS: u64 = 100_000;
/// What happens in one scenario before it is left alone.
const EVENTS: usize = 400;
/// How long a world that is left alone may take to come to rest: several comparisons with the engine, and the last call
/// of which the effect is late.
const REST: Duration = Duration::from_mins(5);
/// Scenarios within which a sabotage must be noticed.
const PATIENCE: u64 = 40;

/// A way in which the world is not as the worker is entitled to find it, or the worker not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sabotage {
    None,
    /// A row is stored whatever is there by now.
    SavesBlindly,
    /// All containers have the same password.
    SharesPasswords,
    /// A desktop is taken to be ready without having been asked.
    NeverAsks,
    /// The list of containers is empty.
    ListsNothing,
}

impl Sabotage {
    const ALL: [Self; 4] = [Self::SavesBlindly, Self::SharesPasswords, Self::NeverAsks, Self::ListsNothing];

    fn from_environment() -> Self {
        let Ok(name) = env::var("PULT_SIMULATION_SABOTAGE") else { return Self::None };
        let named = Self::ALL.into_iter().find(|sabotage| format!("{sabotage:?}") == name);
        named.unwrap_or_else(|| panic!("PULT_SIMULATION_SABOTAGE is none of {:?}", Self::ALL))
    }
}

/// What became of a scenario.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    steps: u64,
    trace: u64,
    broken: Option<String>,
}

#[test]
fn no_law_is_broken_whatever_goes_wrong() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse().expect("a number"));
    let wanted = number("PULT_SIMULATION_STEPS").unwrap_or(STEPS);
    let sabotage = Sabotage::from_environment();
    let only = number("PULT_SIMULATION_SEED");
    let (mut steps, mut scenarios) = (0, 0);
    for seed in only.map_or(0..u64::MAX, |seed| seed..seed + 1) {
        let outcome = scenario(seed, sabotage);
        steps += outcome.steps;
        scenarios += 1;
        if let Some(law) = outcome.broken {
            panic!("{law}\nPULT_SIMULATION_SEED={seed} repeats it");
        }
        if steps >= wanted {
            break;
        }
    }
    println!("{steps} steps in {scenarios} scenarios, no law broken");
}

#[test]
fn every_sabotage_is_noticed() {
    for sabotage in Sabotage::ALL {
        let noticed = (0..PATIENCE).find(|seed| scenario(*seed, sabotage).broken.is_some());
        println!("{sabotage:?}: noticed by seed {noticed:?}");
        assert!(noticed.is_some(), "{sabotage:?} goes unnoticed");
    }
}

#[test]
fn a_seed_always_tells_the_same_story() {
    assert_eq!(scenario(1, Sabotage::None), scenario(1, Sabotage::None));
    assert_ne!(scenario(1, Sabotage::None).trace, scenario(2, Sabotage::None).trace);
}

/// One story from an empty engine to rest.
fn scenario(seed: u64, sabotage: Sabotage) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let story = async {
        let world = World::new(school(), &["pult/tiny", "pult/xfce"], morning(), seed, sabotage);
        let mut play = Play::begin(&world);
        for _ in 0..EVENTS {
            let pause = world.dice(|dice| dice.u64(0..500));
            sleep(Duration::from_millis(pause)).await;
            if world.state().broken.is_some() {
                break;
            }
            play.go_on();
        }
        play.end().await;
        let at_rest = law::broken_at_rest(&world);
        let state = world.state();
        Outcome { steps: state.steps, trace: state.trace.finish(), broken: state.broken.clone().or(at_rest) }
    };
    runtime.expect("a runtime").block_on(story)
}

fn morning() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 9, 7, 8, 0, 0).single().expect("the moment exists")
}

/// A few people and what they may start. One template is large, and the image of one is missing.
fn school() -> Book {
    let people = (1..=6).map(|number| User {
        id: UserId(Uuid::from_u128(number)),
        username: format!("pupil{number}"),
        display_name: format!("Pupil {number}"),
        role: Role::Student,
    });
    let template = |number: u128, image: &str, memory_mb| Template {
        id: TemplateId(Uuid::from_u128(number)),
        spec: TemplateSpec {
            home: HomePolicy::None,
            memory_mb,
            ..TemplateSpec::new(format!("template{number}"), format!("Template {number}"), image.to_owned())
        },
        created_at: morning(),
        updated_at: morning(),
    };
    let templates = [template(1, "pult/tiny", 512), template(2, "pult/xfce", 2048), template(3, "pult/missing", 512)];
    Book::new(people.collect(), templates.into())
}

/// A worker that runs.
struct Worker {
    ways: Ways,
    suspects: mpsc::Sender<DesktopId>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Worker {
    fn start(world: &Arc<World>) -> Self {
        let ways = Ways::new(world);
        let (suspects, suspected) = mpsc::channel(8);
        let (caught_up, _) = watch::channel(false);
        let clock = Arc::clone(world);
        let config = config();
        let shared = Arc::new(Shared {
            admission: Admission::new(config.max_concurrent_starts, config.overcommit),
            guard: Guard::off(),
            dirty: Dirty::default(),
            written: Written::default(),
            reaper: crate::reap::idle::Reaper::new(),
            unpacker: Unpacker::new(Arc::new(ways.clone()), Clients::new(&PathBuf::from("/none"))),
            records: Arc::new(ways.clone()),
            engine: Arc::new(ways.clone()),
            prober: Arc::new(ways.clone()),
            clock: Clock::new(move || clock.now()),
            spaces: Spaces::new("/none".into(), "/none".into()),
            config,
            caught_up,
            health: Health::default(),
        });
        let shutdown = CancellationToken::new();
        let stopped = shutdown.clone();
        let task = tokio::spawn(async move {
            // the one job of the schedule without which containers do not come to rest
            let orphans = async {
                while stopped.run_until_cancelled(sleep(ORPHANS)).await.is_some() {
                    // it fails where the world does, and is run again
                    let _ = orphans::run(&shared).await;
                }
            };
            tokio::join!(converge(&shared, suspected, &stopped), orphans);
        });
        Self { ways, suspects, shutdown, task }
    }

    /// It is gone from one moment to the next.
    fn crash(self) {
        self.ways.kill();
        self.task.abort();
    }
}

fn config() -> Config {
    Config {
        node: "local".to_owned(),
        max_concurrent_starts: Some(2),
        // room for some of those who want to run, not for all
        overcommit: Overcommit { memory: 1.0, cpus: 32.0 },
        start: StartPolicy::default(),
        ready_within: Duration::from_secs(20),
        stop_grace: Duration::from_secs(10),
        lang: "de_DE.UTF-8".to_owned(),
        time_zone: chrono_tz::Europe::Berlin,
        reaper: Reaper {
            idle: IdlePolicy::NONE.into(),
            remove_stopped_after: None,
            orphan_after: Duration::from_mins(1),
            nightly_stop: None,
        },
        roster: None,
        roster_at: None,
        audit_keep: None,
        webhooks: domain::webhook::Destinations::default(),
    }
}

/// What happens to a world: people, workers, an engine, and whoever meddles with it.
struct Play<'a> {
    world: &'a Arc<World>,
    workers: Vec<Worker>,
}

impl<'a> Play<'a> {
    fn begin(world: &'a Arc<World>) -> Self {
        world.state().faults = Faults { failing: 15, losing: 100, is_database_down: false };
        Self { world, workers: vec![Worker::start(world)] }
    }

    /// Something happens.
    fn go_on(&mut self) {
        let world = self.world;
        match world.dice(|dice| dice.u8(0..100)) {
            0..55 => self.somebody_wants_something(),
            55..70 => self.somebody_meddles(),
            70..73 => world.engine.go_down(),
            73..79 => world.engine.come_up(),
            79..82 => world.engine.cut_hints(),
            82..84 => world.state().faults.is_database_down = true,
            84..88 => world.state().faults.is_database_down = false,
            88 => world.engine.start_stranger(),
            89 => world.engine.end_strangers(),
            90 => world.set_clock(TimeDelta::seconds(world.dice(|dice| dice.i64(-90..90)))),
            91..94 => self.a_worker_dies(),
            94 => self.a_worker_is_stopped(),
            // a second one, by mistake or while the first is being replaced
            95 if self.workers.len() < 2 => self.workers.push(Worker::start(world)),
            96 => self.somebody_takes_a_name(),
            97..99 => self.a_route_is_doubted(),
            _ => self.a_row_is_lost(),
        }
        world.step("event");
    }

    /// Nothing goes wrong any more, until everything rests.
    async fn end(&mut self) {
        let world = self.world;
        world.engine.end_strangers();
        world.engine.come_up();
        world.set_clock(TimeDelta::zero());
        world.state().faults = Faults::default();
        if self.workers.is_empty() {
            self.workers.push(Worker::start(world));
        }
        sleep(REST).await;
    }

    fn somebody_wants_something(&self) {
        let now = self.world.now();
        let mut state = self.world.state();
        let known: Vec<_> = state.book.live().map(|desktop| desktop.id).collect();
        let desktop = state.dice.choice(known);
        let (id, promise) = match (state.dice.u8(0..10), desktop) {
            (0..5, _) | (_, None) => {
                let owners: Vec<_> = state.book.users.keys().copied().collect();
                let templates: Vec<_> = state.book.templates.keys().copied().collect();
                let (owner, template) = (state.dice.choice(owners), state.dice.choice(templates));
                let (owner, template) = owner.zip(template).expect("a school has people and templates");
                let new = DesktopId(Uuid::from_u128(state.dice.u128(..)));
                (state.book.request(owner, template, new, now), Promise::Runs)
            }
            (5..8, Some(id)) => {
                state.book.change(id, |desktop| desktop.want_stopped(Why::StoppedByOwner));
                (id, Promise::Rests)
            }
            (8, Some(id)) => {
                state.book.change(id, |desktop| desktop.reset(now));
                (id, Promise::Runs)
            }
            (_, Some(id)) => {
                state.book.change(id, domain::desktop::Desktop::want_removed);
                (id, Promise::IsGone)
            }
        };
        state.promises.insert(id, promise);
        let is_heard = state.dice.u8(0..10) > 0;
        if is_heard {
            state.book.announce();
        }
    }

    fn somebody_meddles(&self) {
        let containers: Vec<_> = self.world.engine.picture().into_iter().map(|(id, _)| id).collect();
        let Some(id) = self.world.dice(|dice| dice.choice(containers)) else { return };
        let engine = &self.world.engine;
        match self.world.dice(|dice| dice.u8(0..9)) {
            0 => engine.meddle(id, Deed::Kill),
            1 => engine.meddle(id, Deed::Remove),
            2 => engine.meddle(id, Deed::Pause),
            3 => {
                engine.start_outside(id);
                // whoever did that wants it so
                self.world.state().promises.remove(&id);
            }
            4 => engine.end(id, 1, false),
            5 => engine.end(id, 137, true),
            6 => engine.meddle(id, Deed::Unplug),
            _ => engine.end(id, 0, false),
        }
    }

    fn a_worker_dies(&mut self) {
        if let Some(worker) = self.workers.pop() {
            worker.crash();
            self.workers.push(Worker::start(self.world));
        }
    }

    /// Somebody else's container takes the name that a desktop's would have.
    fn somebody_takes_a_name(&self) {
        let taken: Vec<_> = self.world.engine.picture().into_iter().map(|(id, _)| id).collect();
        let known: Vec<_> = self.world.state().book.live().map(|desktop| desktop.id).collect();
        let free = known.into_iter().filter(|id| !taken.contains(id)).collect::<Vec<_>>();
        if let Some(id) = self.world.dice(|dice| dice.choice(free)) {
            self.world.engine.meddle(id, Deed::Squat);
        }
    }

    /// In good order: it finishes its steps while the next one begins.
    fn a_worker_is_stopped(&mut self) {
        if let Some(worker) = self.workers.pop() {
            worker.shutdown.cancel();
            self.workers.push(Worker::start(self.world));
        }
    }

    fn a_route_is_doubted(&self) {
        let known: Vec<_> = self.world.state().book.live().map(|desktop| desktop.id).collect();
        let doubted = self.world.dice(|dice| dice.choice(known));
        if let (Some(id), Some(worker)) = (doubted, self.workers.first()) {
            // full: it is dropped, as the gateway drops it
            let _ = worker.suspects.try_send(id);
        }
    }

    /// As after a backup from before it was played back.
    fn a_row_is_lost(&self) {
        let mut state = self.world.state();
        let known: Vec<_> = state.book.live().map(|desktop| desktop.id).collect();
        if let Some(id) = state.dice.choice(known) {
            state.book.forget(id);
            state.promises.remove(&id);
            state.generations.remove(&id);
        }
    }
}
