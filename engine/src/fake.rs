//! An engine in memory, for simulations: its time, its faults and what others do to its containers are steered.
//!
//! It obeys the same laws as a real one, and has the habits that hurt: a freed address goes to the next container at
//! once, a call that nobody waits for any more still takes effect, and hints can be lost. Its clock is tokio's, so a
//! paused runtime pauses it.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    DesktopId, Timestamp,
    desktop::{ContainerId, Endpoint, Observed},
};
use futures::{StreamExt, stream, stream::BoxStream};
use secrecy::SecretString;
use tokio::time::{sleep, timeout};

use self::world::World;
use crate::{
    Engine, EngineError, EngineInfo, Hint, Image, Launch, Listed, PullProgress, conformance::Deed, hints::queue,
};

mod world;

/// A call that can be counted, slowed down or made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of the same name")]
pub enum Call {
    Info,
    Ping,
    Prepare,
    List,
    Inspect,
    Create,
    Start,
    Stop,
    Remove,
    Password,
    CpuTime,
    Process,
    Image,
    ImagesLabelled,
    Folder,
    Pull,
    Hints,
}

/// On which side of its effect a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It fails and nothing has happened.
    Before,
    /// It has happened and the caller does not know.
    After,
}

/// An engine in memory. Clones are the same engine.
#[derive(Debug, Clone)]
pub struct FakeEngine {
    world: Arc<Mutex<World>>,
    call_timeout: Duration,
}

impl FakeEngine {
    /// An empty engine that has these images, at this moment.
    pub fn new(images: &[&str], now: Timestamp) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(images, now))), call_timeout: Duration::from_secs(30) }
    }

    /// The engine's clock.
    pub fn now(&self) -> Timestamp {
        self.world().now()
    }

    /// How often this was called.
    pub fn count(&self, call: Call) -> usize {
        self.world().count(call)
    }

    /// The next such call that is not yet to fail fails so.
    pub fn fail_next(&self, call: Call, when: When, error: EngineError) {
        self.world().faults.push_back((call, when, error));
    }

    /// Such calls take so long to their effect, and so long again to their answer.
    pub fn slow_down(&self, call: Call, before: Duration, after: Duration) {
        self.world().delays.insert(call, (before, after));
    }

    /// Nothing answers from now on, and every stream of hints ends. Containers go on.
    pub fn go_down(&self) {
        self.world().is_down = true;
        self.cut_hints();
    }

    /// It answers again.
    pub fn come_up(&self) {
        self.world().is_down = false;
    }

    /// Every stream of hints ends, as when the engine drops a slow reader.
    pub fn cut_hints(&self) {
        self.world().cut_hints();
    }

    /// An image has this folder, as a tar archive whose names begin with `./`.
    pub fn put_folder(&self, image: &str, folder: &str, archive: Vec<u8>) {
        self.world().folders.insert((image.to_owned(), folder.to_owned()), archive);
    }

    /// Whether hints are lost without a sign from now on.
    pub fn lose_hints(&self, lost: bool) {
        self.world().loses_hints = lost;
    }

    /// The desktop answers here, whatever its container's address, so that something real can listen.
    pub fn answer_at(&self, desktop: DesktopId, endpoint: Endpoint) {
        self.world().endpoints.insert(desktop, endpoint);
    }

    /// Its first process ends by itself.
    pub fn end(&self, desktop: DesktopId, code: i64, out_of_memory: bool) {
        self.world().end(desktop, code, out_of_memory);
    }

    /// Somebody starts its container past us.
    pub fn start_outside(&self, desktop: DesktopId) {
        let _ = self.world().start(desktop);
    }

    /// All containers as an inspection shows them now, in the order of their desktops. No call, so never a fault.
    pub fn picture(&self) -> Vec<(DesktopId, Observed)> {
        self.world().picture()
    }

    /// Whose container answers at an address now, and to which password.
    pub fn answers_at(&self, address: IpAddr) -> Option<(DesktopId, SecretString)> {
        self.world().answers_at(address)
    }

    /// A container that is not ours starts, and takes the lowest free address.
    pub fn start_stranger(&self) {
        self.world().start_stranger();
    }

    /// The containers that are not ours end, and their addresses are free.
    pub fn end_strangers(&self) {
        self.world().strangers.clear();
    }

    /// Somebody does something to a desktop's container past us.
    pub fn meddle(&self, desktop: DesktopId, deed: Deed) {
        let mut world = self.world();
        match deed {
            Deed::Squat => {
                world.squatters.insert(desktop);
            }
            Deed::Pause => world.pause(desktop),
            Deed::Unplug => world.unplug(desktop),
            Deed::Spin => world.spin(desktop),
            Deed::Kill => world.end(desktop, 137, false),
            Deed::Remove => {
                let _ = world.remove(desktop);
            }
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    /// One call: counted, slowed down, and failing where it should.
    async fn perform<T: Send + 'static>(
        &self,
        call: Call,
        effect: impl FnOnce(&mut World) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let (before, after) = self.world().begin(call);
        let world = Arc::clone(&self.world);
        // A task of its own: as with a real engine, what was asked happens though nobody waits any more.
        let answer = tokio::spawn(async move {
            sleep(before).await;
            let answer = lock(&world).carry_out(call, effect);
            sleep(after).await;
            answer
        });
        match timeout(self.call_timeout, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
            Err(_) => Err(EngineError::Unreachable { detail: "no answer in time".to_owned() }),
        }
    }
}

#[async_trait]
impl Engine for FakeEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.perform(Call::Info, |world| Ok(world.info())).await
    }

    async fn ping(&self) -> Result<(), EngineError> {
        self.perform(Call::Ping, |_| Ok(())).await
    }

    async fn prepare(&self) -> Result<(), EngineError> {
        self.perform(Call::Prepare, |_| Ok(())).await
    }

    async fn list(&self) -> Result<Vec<Listed>, EngineError> {
        self.perform(Call::List, |world| Ok(world.list())).await
    }

    async fn inspect(&self, desktop: DesktopId) -> Result<Option<Observed>, EngineError> {
        self.perform(Call::Inspect, move |world| world.inspect(desktop)).await
    }

    async fn create(&self, request: &Launch) -> Result<ContainerId, EngineError> {
        let launch = request.clone();
        self.perform(Call::Create, move |world| world.create(launch)).await
    }

    async fn start(&self, desktop: DesktopId) -> Result<(), EngineError> {
        self.perform(Call::Start, move |world| world.start(desktop)).await
    }

    async fn stop(&self, desktop: DesktopId, _: Duration) -> Result<(), EngineError> {
        self.perform(Call::Stop, move |world| world.stop(desktop)).await
    }

    async fn remove(&self, desktop: DesktopId) -> Result<(), EngineError> {
        self.perform(Call::Remove, move |world| world.remove(desktop)).await
    }

    async fn password(&self, desktop: DesktopId) -> Result<Option<SecretString>, EngineError> {
        self.perform(Call::Password, move |world| world.password(desktop)).await
    }

    async fn cpu_time(&self, desktop: DesktopId) -> Result<Option<Duration>, EngineError> {
        self.perform(Call::CpuTime, move |world| world.cpu_time(desktop)).await
    }

    async fn process(&self, desktop: DesktopId) -> Result<Option<u32>, EngineError> {
        self.perform(Call::Process, move |world| world.process(desktop)).await
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        let reference = reference.to_owned();
        self.perform(Call::Image, move |world| Ok(world.image(&reference).cloned())).await
    }

    async fn images_labelled(&self, label: &str) -> Result<Vec<Image>, EngineError> {
        let label = label.to_owned();
        self.perform(Call::ImagesLabelled, move |world| Ok(world.images_labelled(&label))).await
    }

    fn folder(&self, image: &str, folder: &str) -> BoxStream<'static, Result<Bytes, EngineError>> {
        let (engine, image, folder) = (self.clone(), image.to_owned(), folder.to_owned());
        let read = async move { engine.perform(Call::Folder, move |world| world.folder(image, folder)).await };
        stream::once(read)
            .map(|archive| match archive {
                Ok(archive) => stream::iter(pieces(&archive)).map(Ok).left_stream(),
                Err(error) => stream::iter([Err(error)]).right_stream(),
            })
            .flatten()
            .boxed()
    }

    fn pull(&self, reference: &str) -> BoxStream<'static, Result<PullProgress, EngineError>> {
        let (engine, reference) = (self.clone(), reference.to_owned());
        let pulled = async move { engine.perform(Call::Pull, move |world| Ok(world.pull(&reference))).await };
        stream::once(pulled).boxed()
    }

    async fn hints(&self) -> Result<BoxStream<'static, Result<Hint, EngineError>>, EngineError> {
        self.perform(Call::Hints, |world| {
            let (sink, hints) = queue();
            world.sinks.push(sink);
            Ok(hints.boxed())
        })
        .await
    }
}

/// An archive as it comes over a wire: its entries begin anywhere in a piece.
fn pieces(archive: &[u8]) -> Vec<Bytes> {
    archive.chunks(1000).map(Bytes::copy_from_slice).collect()
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    // A test that panicked has failed already; the others may still look.
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
