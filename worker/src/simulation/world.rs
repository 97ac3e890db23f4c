//! What a simulated worker meets outside of itself: records, an engine, desktops that answer and a clock, each of which
//! may be slow, may fail before or after its effect, and may be asked by a worker that dies meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash},
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;
use domain::{
    DesktopId, TemplateId, Timestamp, UserId,
    admission::{Claim, Plan},
    desktop::{ContainerId, Desktop, DesktopState, Endpoint, Fingerprint, Observed},
    template::{NetworkPolicy, Template, TemplateSpec},
};
use engine::{Engine, EngineError, EngineInfo, Hint, Image, Launch, Listed, PullProgress, fake::FakeEngine};
use futures::{StreamExt, channel::mpsc, future::pending, stream::BoxStream};
use secrecy::{ExposeSecret, SecretString};
use store::{Deed, Details, StoreError, User};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{Sabotage, book::Book, law};
use crate::{
    reconcile::{NotReady, Prober},
    records::{Change, Records},
};

/// How long a worker waits for an answer of the engine.
const ENGINE_CALL: Duration = Duration::from_secs(30);
/// How late the effect of a call may be for which nobody waits any more.
const VERY_LATE: Duration = Duration::from_secs(35);

/// Everything outside of the workers.
pub(super) struct World {
    pub(super) engine: FakeEngine,
    pub(super) sabotage: Sabotage,
    state: Mutex<State>,
    /// Milliseconds that the workers' clock is ahead.
    skew: AtomicI64,
}

/// What changes.
pub(super) struct State {
    pub(super) book: Book,
    pub(super) dice: fastrand::Rng,
    pub(super) faults: Faults,
    /// What people were last told would happen.
    pub(super) promises: BTreeMap<DesktopId, Promise>,
    /// Starts of containers that answered to their own password.
    pub(super) proven: BTreeSet<(DesktopId, Option<Timestamp>)>,
    /// The highest generation of each desktop so far.
    pub(super) generations: BTreeMap<DesktopId, i32>,
    pub(super) steps: u64,
    /// Of all that happened, in its order.
    pub(super) trace: DefaultHasher,
    pub(super) broken: Option<String>,
}

/// What goes wrong now and then.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    /// Of a thousand calls, so many fail.
    pub(super) failing: u64,
    /// Of a thousand hints, so many are lost, and as many told twice.
    pub(super) losing: u64,
    pub(super) is_database_down: bool,
}

/// What an acknowledged request comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    Runs,
    Rests,
    IsGone,
}

impl World {
    pub(super) fn new(book: Book, images: &[&str], now: Timestamp, seed: u64, sabotage: Sabotage) -> Arc<Self> {
        let state = State {
            book,
            dice: fastrand::Rng::with_seed(seed),
            faults: Faults::default(),
            promises: BTreeMap::new(),
            proven: BTreeSet::new(),
            generations: BTreeMap::new(),
            steps: 0,
            trace: DefaultHasher::new(),
            broken: None,
        };
        let engine = FakeEngine::new(images, now);
        Arc::new(Self { engine, sabotage, state: Mutex::new(state), skew: AtomicI64::new(0) })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time on the workers' clock.
    pub(super) fn now(&self) -> Timestamp {
        self.engine.now() + TimeDelta::milliseconds(self.skew.load(Relaxed))
    }

    /// The workers' clock is set, so far from the engine's.
    pub(super) fn set_clock(&self, ahead: TimeDelta) {
        self.skew.store(ahead.num_milliseconds(), Relaxed);
    }

    /// Something happened: it is noted, and every law must hold.
    pub(super) fn step(&self, what: &str) {
        let mut state = self.state();
        state.steps += 1;
        (what, self.engine.now().timestamp_micros()).hash(&mut state.trace);
        if state.broken.is_none() {
            state.broken = law::broken_in(&state, &self.engine).map(|law| format!("after {what}: {law}"));
        }
    }

    pub(super) fn dice<T>(&self, throw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        throw(&mut self.state().dice)
    }

    /// Whether a call fails, and on which side of its effect.
    fn fate(&self) -> Fate {
        let mut state = self.state();
        let failing = state.faults.failing;
        match state.dice.u64(0..2000) {
            roll if roll < failing => Fate::FailsBefore,
            roll if roll < 2 * failing => Fate::FailsAfter,
            _ => Fate::Answers,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answers,
    FailsBefore,
    FailsAfter,
}

/// One worker's ways to the world.
#[derive(Clone)]
pub(super) struct Ways {
    world: Arc<World>,
    is_dead: Arc<AtomicBool>,
}

impl Ways {
    pub(super) fn new(world: &Arc<World>) -> Self {
        Self { world: Arc::clone(world), is_dead: Arc::default() }
    }

    /// The worker is killed. Wherever it is just now, nothing that it does later reaches the world, nor any answer it.
    pub(super) fn kill(&self) {
        self.is_dead.store(true, Relaxed);
    }

    /// A moment in which others may do something, and this worker may die.
    async fn pause(&self) {
        let length = self.world.dice(|dice| if dice.bool() { 0 } else { dice.u64(0..20) });
        sleep(Duration::from_millis(length)).await;
        if self.is_dead.load(Relaxed) {
            pending::<()>().await;
        }
    }

    async fn transact<T: Send>(
        &self,
        what: &'static str,
        act: impl FnOnce(&mut State) -> T + Send,
    ) -> Result<T, StoreError> {
        let away = || StoreError::Corrupt("the database is away".to_owned());
        self.pause().await;
        let fate = self.world.fate();
        if fate == Fate::FailsBefore || self.world.state().faults.is_database_down {
            return Err(away());
        }
        let done = {
            let mut state = self.world.state();
            let before = state.book.revision();
            let done = act(&mut state);
            // an announcement can be lost with the connection that carries it
            if state.book.revision() != before && fate == Fate::Answers {
                state.book.announce();
            }
            done
        };
        self.world.step(what);
        self.pause().await;
        if fate == Fate::FailsAfter { Err(away()) } else { Ok(done) }
    }

    /// What the engine was asked happens even if nobody waits for it any more, perhaps very late.
    async fn ask<T, F>(&self, what: &'static str, call: impl FnOnce(FakeEngine) -> F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, EngineError>> + Send + 'static,
    {
        let away = |detail: &str| EngineError::Unreachable { detail: detail.to_owned() };
        self.pause().await;
        let fate = self.world.fate();
        if fate == Fate::FailsBefore {
            return Err(away("it broke off"));
        }
        let is_very_late = fate == Fate::FailsAfter && self.world.dice(fastrand::Rng::bool);
        let delay =
            if is_very_late { VERY_LATE } else { Duration::from_millis(self.world.dice(|dice| dice.u64(0..30))) };
        let (world, called) = (Arc::clone(&self.world), call(self.world.engine.clone()));
        let answer = tokio::spawn(async move {
            sleep(delay).await;
            let answer = called.await;
            world.step(what);
            answer
        });
        let answer = match timeout(ENGINE_CALL, answer).await {
            Ok(answer) => answer.expect("it does not panic"),
            Err(_) => Err(away("no answer in time")),
        };
        self.pause().await;
        if fate == Fate::FailsAfter { Err(away("it broke off after all")) } else { answer }
    }
}

#[async_trait]
impl Records for Ways {
    async fn revision(&self) -> Result<i64, StoreError> {
        self.transact("revision", |state| state.book.revision()).await
    }

    fn revisions(&self) -> watch::Receiver<i64> {
        self.world.state().book.revisions()
    }

    async fn desktop(&self, id: DesktopId) -> Result<Option<Desktop>, StoreError> {
        self.transact("desktop", |state| state.book.desktop(id)).await
    }

    async fn live(&self) -> Result<Vec<Desktop>, StoreError> {
        self.transact("live", |state| state.book.live().cloned().collect()).await
    }

    async fn in_states(&self, states: &[DesktopState]) -> Result<Vec<Details>, StoreError> {
        self.transact("in_states", |state| state.book.in_states(states)).await
    }

    async fn changed_since(&self, revision: i64) -> Result<Vec<(DesktopId, i64)>, StoreError> {
        self.transact("changed_since", |state| state.book.changed_since(revision)).await
    }

    async fn save(&self, desktop: &Desktop) -> Result<Option<Desktop>, StoreError> {
        let blindly = self.world.sabotage == Sabotage::SavesBlindly;
        self.transact("save", |state| {
            let before = state.book.desktop(desktop.id);
            let saved = state.book.save(desktop, blindly);
            if let (Some(before), Some(saved)) = (before, &saved) {
                law::follows(state, &before, saved);
            }
            saved
        })
        .await
    }

    async fn change(&self, id: DesktopId, change: Change) -> Result<Option<Details>, StoreError> {
        self.transact("change", |state| state.book.change(id, |desktop| change(desktop).0)).await
    }

    async fn reach(&self) -> Result<Vec<(Ipv4Addr, NetworkPolicy)>, StoreError> {
        Ok(Vec::new())
    }

    async fn claims(&self) -> Result<Vec<Claim>, StoreError> {
        self.transact("claims", |state| state.book.claims()).await
    }

    async fn arrange(&self, plan: &Plan) -> Result<i64, StoreError> {
        self.transact("arrange", |state| state.book.arrange(plan)).await
    }

    async fn credential(&self, desktop: &Desktop) -> Result<Option<SecretString>, StoreError> {
        let is_shared = self.world.sabotage == Sabotage::SharesPasswords;
        self.transact("credential", |state| {
            let number = state.dice.u64(..);
            let made = || if is_shared { "the same for all".to_owned() } else { format!("password {number:016x}") };
            state.book.credential(desktop, made).map(SecretString::from)
        })
        .await
    }

    async fn adopt(
        &self,
        id: DesktopId,
        owner: &User,
        template: &Template,
        generation: i32,
        password: Option<SecretString>,
        _: Deed,
    ) -> Result<bool, StoreError> {
        let password = password.map(|password| password.expose_secret().to_owned());
        let now = self.world.now();
        self.transact("adopt", |state| state.book.adopt(id, owner.id, template.id, generation, password, now)).await
    }

    async fn template(&self, id: TemplateId) -> Result<Option<Template>, StoreError> {
        self.transact("template", |state| state.book.templates.get(&id).cloned()).await
    }

    async fn template_by_slug(&self, slug: &str) -> Result<Option<Template>, StoreError> {
        let is_it = |template: &&Template| template.spec.slug == slug;
        self.transact("template_by_slug", |state| state.book.templates.values().find(is_it).cloned()).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.transact("user", |state| state.book.users.get(&id).cloned()).await
    }

    async fn tell(&self, _: Deed) -> Result<(), StoreError> {
        self.transact("tell", |_| ()).await
    }

    async fn report_engine(&self, _: &str, _: bool, _: Option<String>) -> Result<(), StoreError> {
        self.transact("report_engine", |_| ()).await
    }

    async fn engine_compared(&self, _: &str) -> Result<(), StoreError> {
        self.transact("engine_compared", |_| ()).await
    }
}

#[async_trait]
impl Engine for Ways {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.ask("info", |engine| async move { engine.info().await }).await
    }

    async fn ping(&self) -> Result<(), EngineError> {
        self.ask("ping", |engine| async move { engine.ping().await }).await
    }

    async fn prepare(&self) -> Result<(), EngineError> {
        self.ask("prepare", |engine| async move { engine.prepare().await }).await
    }

    async fn list(&self) -> Result<Vec<Listed>, EngineError> {
        let listed = self.ask("list", |engine| async move { engine.list().await }).await?;
        Ok(if self.world.sabotage == Sabotage::ListsNothing { Vec::new() } else { listed })
    }

    async fn inspect(&self, desktop: DesktopId) -> Result<Option<Observed>, EngineError> {
        self.ask("inspect", move |engine| async move { engine.inspect(desktop).await }).await
    }

    async fn create(&self, request: &Launch) -> Result<ContainerId, EngineError> {
        let request = request.clone();
        self.ask("create", |engine| async move { engine.create(&request).await }).await
    }

    async fn start(&self, desktop: DesktopId) -> Result<(), EngineError> {
        self.ask("start", move |engine| async move { engine.start(desktop).await }).await
    }

    async fn stop(&self, desktop: DesktopId, grace: Duration) -> Result<(), EngineError> {
        self.ask("stop", move |engine| async move { engine.stop(desktop, grace).await }).await
    }

    async fn remove(&self, desktop: DesktopId) -> Result<(), EngineError> {
        self.ask("remove", move |engine| async move { engine.remove(desktop).await }).await
    }

    async fn password(&self, desktop: DesktopId) -> Result<Option<SecretString>, EngineError> {
        self.ask("password", move |engine| async move { engine.password(desktop).await }).await
    }

    async fn cpu_time(&self, desktop: DesktopId) -> Result<Option<Duration>, EngineError> {
        self.ask("cpu_time", move |engine| async move { engine.cpu_time(desktop).await }).await
    }

    async fn process(&self, desktop: DesktopId) -> Result<Option<u32>, EngineError> {
        self.ask("process", move |engine| async move { engine.process(desktop).await }).await
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        let reference = reference.to_owned();
        self.ask("image", |engine| async move { engine.image(&reference).await }).await
    }

    async fn images_labelled(&self, label: &str) -> Result<Vec<Image>, EngineError> {
        let label = label.to_owned();
        self.ask("images_labelled", |engine| async move { engine.images_labelled(&label).await }).await
    }

    fn folder(&self, image: &str, folder: &str) -> BoxStream<'static, Result<Bytes, EngineError>> {
        self.world.engine.folder(image, folder)
    }

    fn pull(&self, reference: &str) -> BoxStream<'static, Result<PullProgress, EngineError>> {
        self.world.engine.pull(reference)
    }

    /// Some hints are lost, some told twice, and all of them late, each by as much as chance has it.
    async fn hints(&self) -> Result<BoxStream<'static, Result<Hint, EngineError>>, EngineError> {
        let mut told = self.ask("hints", |engine| async move { engine.hints().await }).await?;
        let (tell, hints) = mpsc::unbounded();
        let ways = self.clone();
        tokio::spawn(async move {
            while let Some(hint) = told.next().await {
                let Ok(hint) = hint else {
                    // whoever listened is gone
                    let _ = tell.unbounded_send(hint);
                    return;
                };
                for _ in 0..ways.world.times_told() {
                    let (tell, ways) = (tell.clone(), ways.clone());
                    tokio::spawn(async move {
                        ways.pause().await;
                        let _ = tell.unbounded_send(Ok(hint));
                    });
                }
            }
        });
        Ok(hints.boxed())
    }
}

impl World {
    fn times_told(&self) -> u64 {
        let mut state = self.state();
        let losing = state.faults.losing;
        match state.dice.u64(0..1000) {
            roll if roll < losing => 0,
            roll if roll < 2 * losing => 2,
            _ => 1,
        }
    }
}

#[async_trait]
impl Prober for Ways {
    async fn ask(
        &self,
        endpoint: Endpoint,
        _: &TemplateSpec,
        password: &SecretString,
    ) -> Result<Option<Fingerprint>, NotReady> {
        self.pause().await;
        let answering = self.world.engine.answers_at(endpoint.address);
        let own = answering.filter(|(_, own)| own.expose_secret() == password.expose_secret());
        let is_slow = self.world.dice(|dice| dice.u8(0..4) == 0);
        let answer = match own {
            _ if self.world.sabotage == Sabotage::NeverAsks => Ok(None),
            Some((desktop, _)) if !is_slow => {
                let picture = self.world.engine.picture();
                let started_at =
                    picture.into_iter().find(|(id, _)| *id == desktop).and_then(|(_, seen)| seen.started_at);
                self.world.state().proven.insert((desktop, started_at));
                Ok(None)
            }
            _ => Err(NotReady::Timeout),
        };
        self.world.step("probe");
        self.pause().await;
        answer
    }
}
