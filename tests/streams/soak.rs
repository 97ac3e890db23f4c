//! Thousands of streams held while containers come and go beside them.
//!
//! Some desktops change places all the time: two containers are started again, each at the address that the other had.
//! Their viewers must lose the stream, come back, and never see the other's desktop. All other streams must not
//! notice.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use tempfile::TempDir;
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    client::{Broken, Door, Stream},
    errand::Errand,
    meter::Group,
    parts::{
        Part,
        desktops::{Tenant, Word as Told},
        pult::{Home, Wanted, Word},
    },
    subjects::{Desktops, address_of, door, folder, pult},
};

/// How long anything may take before it is given up. Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(1);
/// Streams that are opened at the same moment.
const DOORS: usize = 64;
/// Before a viewer tries again.
const PAUSE: Duration = Duration::from_millis(20);
/// What the memory of the last third may exceed that of the first by, as a share and beside it in KiB: the system's
/// allocator sways.
const SWAY: (f64, f64) = (1.03, 4096.0);

/// How large a soak is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Streams on which nothing moves.
    pub(crate) idle: usize,
    /// Streams on which a screen in use is shown.
    pub(crate) streaming: usize,
    /// Bursts a second on each of those.
    pub(crate) hz: u32,
    /// Desktops that change places.
    pub(crate) restless: usize,
    /// Routes that change in a second.
    pub(crate) churn: u32,
    /// How long all of that is held.
    pub(crate) lasts: Duration,
    /// How long a stream may outlive its route.
    pub(crate) ends_within: Duration,
    /// Whether it counts how much memory grew and how many routes changed: that is the machine's affair too.
    pub(crate) is_measured: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Streams that ended though nobody touched their route.
    broken: u64,
    /// Streams that showed another desktop, or octets that nobody sent.
    wrong: u64,
    /// Streams that outlived their route for too long.
    late: u64,
    /// Viewers that found no way back.
    lost: u64,
    /// Routes that changed.
    moved: u64,
    /// Streams that ended with their route.
    ended: u64,
    /// The longest that one outlived it, once the change was stored.
    longest: Duration,
    /// Frames that came, and movements of mice that arrived.
    frames: u64,
    pointers: u64,
    /// Memory of Pult in KiB: the medians of the first third and of the last.
    memory: (u64, u64),
    opened_in: Duration,
}

impl Outcome {
    /// What must not be, in sentences.
    pub(crate) fn faults(&self, size: &Size) -> Vec<String> {
        let mut faults = Vec::new();
        let mut none = |count: u64, what: &str| {
            if count > 0 {
                faults.push(format!("{count} {what}"));
            }
        };
        none(self.broken, "streams broke that nobody touched");
        none(self.wrong, "streams carried what was not theirs or not sent");
        none(self.late, "streams outlived their route for too long");
        none(self.lost, "viewers did not come back");
        if self.ended == 0 {
            faults.push("no stream ended with its route".to_owned());
        }
        let meant = u64::from(size.churn) * size.lasts.as_secs();
        if size.is_measured && self.moved < meant * 9 / 10 {
            faults.push(format!("only {} routes changed of {meant}", self.moved));
        }
        #[expect(clippy::cast_precision_loss, reason = "KiB")]
        let (first, last) = (self.memory.0 as f64, self.memory.1 as f64);
        if size.is_measured && last > first * SWAY.0 + SWAY.1 {
            faults.push(format!("memory grew from {first} KiB to {last} KiB"));
        }
        faults
    }

    pub(crate) fn tell(&self, size: &Size) -> String {
        format!(
            "{} idle and {} streaming sessions, opened in {:.1} s, held {} s\n\
             {} routes changed, {} streams ended with theirs, the longest {} ms after it\n\
             {} frames and {} movements of mice came as they were sent\n\
             broken {}, wrong {}, late {}, lost {}\n\
             memory of the first third {} KiB, of the last {} KiB; load average {}",
            size.idle,
            size.streaming,
            self.opened_in.as_secs_f64(),
            size.lasts.as_secs(),
            self.moved,
            self.ended,
            self.longest.as_millis(),
            self.frames,
            self.pointers,
            self.broken,
            self.wrong,
            self.late,
            self.lost,
            self.memory.0,
            self.memory.1,
            crate::meter::load(),
        )
    }
}

/// What all tasks of a run share.
#[derive(Default)]
struct Run {
    over: CancellationToken,
    frames: AtomicU64,
    outcome: Mutex<Outcome>,
}

impl Run {
    fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    fn note(&self, change: impl FnOnce(&mut Outcome)) {
        change(&mut self.outcome.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A stream of a desktop that nobody touched did not go on.
    fn broke(&self, index: usize, broken: &Broken) {
        println!("the stream of desktop {index}: {broken}");
        self.note(|outcome| match broken {
            Broken::Altered => outcome.wrong += 1,
            Broken::Refused(_) | Broken::Io(_) | Broken::Ended => outcome.broken += 1,
        });
    }
}

/// Holds all of it and says what came of it.
pub(crate) async fn run(size: &Size) -> Outcome {
    let mut desktops = Desktops::start().await;
    let folder = folder();
    let all = size.idle + size.streaming + size.restless;
    let wanted = (0..all).map(|index| Wanted { address: address_of(index), secure: index % 4 == 3 }).collect();
    let (part, served) = pult(&folder, &desktops.place, wanted).await;
    let tenants = served.desktops.iter().enumerate().map(|(index, home)| (address_of(index), tenant(index, 0, home)));
    let () = desktops.part.ask(&Told::Live(tenants.collect())).await;
    let group = Group::of(part.id());
    let doors: Vec<_> =
        served.desktops.iter().enumerate().map(|(index, home)| door(served.port, index, home)).collect();
    let run = Arc::new(Run::default());

    let began = Instant::now();
    let (idle, rest) = doors.split_at(size.idle);
    let (streaming, restless) = rest.split_at(size.streaming);
    let mut tasks = JoinSet::new();
    for (index, stream) in open_all(idle, 0, |_| Errand::Echo, &run).await {
        tasks.spawn(hold_idle(stream, index, Arc::clone(&run)));
    }
    let errand = |index: usize| Errand::Class { seed: index as u64, hz: size.hz };
    for (index, stream) in open_all(streaming, size.idle, errand, &run).await {
        tasks.spawn(watch(stream, index, Arc::clone(&run)));
    }
    run.note(|outcome| outcome.opened_in = began.elapsed());

    let first = size.idle + size.streaming;
    let pool: Arc<Vec<_>> = Arc::new((0..size.restless).map(|_| Restless::default()).collect());
    for (at, door) in restless.iter().enumerate() {
        tasks.spawn(return_always(door.clone(), first + at, at, Arc::clone(&pool), *size, Arc::clone(&run)));
    }
    let mover = Mover {
        part,
        desktops,
        places: (first..all).map(address_of).collect(),
        homes: served.desktops[first..].to_vec(),
        first,
        _folder: folder,
    };
    let churned = tokio::spawn(churn(mover, Arc::clone(&pool), *size, Arc::clone(&run)));
    let memory = sample(&group, size.lasts).await;
    run.over.cancel();
    let mut mover = churned.await.expect("it does not panic");
    while let Some(done) = tasks.join_next().await {
        done.expect("it does not panic");
    }
    let counts = mover.desktops.counts().await;
    let outcome = std::mem::take(&mut *run.outcome.lock().unwrap_or_else(PoisonError::into_inner));
    Outcome {
        frames: run.frames.load(Relaxed),
        pointers: counts.pointers,
        wrong: outcome.wrong + counts.altered,
        memory,
        ..outcome
    }
}

/// Who lives where a container was started, for the so-manieth time.
fn tenant(index: usize, start: u64, home: &Home) -> Tenant {
    Tenant { stamp: stamp(index, start), password: home.password.clone() }
}

fn stamp(index: usize, start: u64) -> u64 {
    ((index as u64) << 32) | start
}

/// Opens a stream through each door, some at a time; the first of them has this index.
async fn open_all(doors: &[Door], first: usize, errand: impl Fn(usize) -> Errand, run: &Run) -> Vec<(usize, Stream)> {
    let turns = Semaphore::new(DOORS);
    let opened = doors.iter().enumerate().map(|(at, door)| {
        let (errand, turns) = (errand(first + at), &turns);
        async move {
            let _turn = turns.acquire().await;
            match timeout(PATIENCE, Stream::open(door, errand)).await {
                Ok(Ok(stream)) => Some((first + at, stream)),
                Ok(Err(broken)) => {
                    run.broke(first + at, &broken);
                    None
                }
                Err(_) => {
                    run.broke(first + at, &Broken::Ended);
                    None
                }
            }
        }
    });
    join_all(opened).await.into_iter().flatten().collect()
}

/// Holds a stream on which nothing moves, and proves at the end that it still goes both ways.
async fn hold_idle(mut stream: Stream, index: usize, run: Arc<Run>) {
    if stream.stamp != stamp(index, 0) {
        return run.broke(index, &Broken::Altered);
    }
    if let Some(broken) = run.over.run_until_cancelled(stream.until_broken()).await {
        return run.broke(index, &broken);
    }
    match timeout(PATIENCE, stream.point_and_wait()).await {
        Ok(Ok(())) => {}
        Ok(Err(broken)) => run.broke(index, &broken),
        Err(_) => run.broke(index, &Broken::Ended),
    }
}

/// Watches a screen in use, and moves the mouse.
async fn watch(mut stream: Stream, index: usize, run: Arc<Run>) {
    if stream.stamp != stamp(index, 0) {
        return run.broke(index, &Broken::Altered);
    }
    if let Err(broken) = view(&mut stream, &run, || false).await {
        run.broke(index, &broken);
    }
}

/// Compares what comes until the run is over, or something else is.
async fn view(stream: &mut Stream, run: &Run, is_over: impl Fn() -> bool) -> Result<(), Broken> {
    let mut mouse = interval(Duration::from_millis(250));
    mouse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut buffer = Vec::new();
    let mut counted = 0;
    while !run.is_over() && !is_over() {
        tokio::select! {
            read = stream.read(&mut buffer) => read?,
            _ = mouse.tick() => stream.point().await?,
        }
        run.frames.fetch_add(stream.frames() - counted, Relaxed);
        counted = stream.frames();
    }
    Ok(())
}

/// What is known of a desktop that changes places.
#[derive(Default)]
struct Restless {
    /// Which start of its container is under way.
    meant: AtomicU64,
    /// Since when each start is stored; the first is none.
    stored: Mutex<Vec<Instant>>,
}

impl Restless {
    /// When the start after this one was stored, if it is.
    fn replaced_at(&self, start: u64) -> Option<Instant> {
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        stored.get(usize::try_from(start).ok()?).copied()
    }
}

/// Comes back to a desktop that changes places, as often as it does.
async fn return_always(door: Door, index: usize, at: usize, pool: Arc<Vec<Restless>>, size: Size, run: Arc<Run>) {
    let restless = &pool[at];
    while !run.is_over() {
        let Some(mut stream) = come_back(&door, index, &run).await else { return };
        let (who, start) = (stream.stamp >> 32, stream.stamp & u64::from(u32::MAX));
        if who != index as u64 {
            return run.broke(index, &Broken::Altered);
        }
        // a stream that is still there too long after its route is not waited for any longer
        let outlived = || restless.replaced_at(start).is_some_and(|at| at.elapsed() > size.ends_within);
        let watched = view(&mut stream, &run, outlived).await;
        let outlived_by = restless.replaced_at(start).map(|at| at.elapsed()).unwrap_or_default();
        match watched {
            Err(Broken::Altered) => run.broke(index, &Broken::Altered),
            Err(broken) if restless.meant.load(Relaxed) == start => run.broke(index, &broken),
            Err(_) => run.note(|outcome| {
                outcome.ended += 1;
                outcome.longest = outcome.longest.max(outlived_by);
                outcome.late += u64::from(outlived_by > size.ends_within);
            }),
            Ok(()) if outlived() => run.note(|outcome| outcome.late += 1),
            Ok(()) => {}
        }
    }
}

/// Tries until there is a stream again. While the container moves, there may be nobody, or somebody else who says no.
async fn come_back(door: &Door, index: usize, run: &Run) -> Option<Stream> {
    let began = Instant::now();
    while !run.is_over() {
        let opened = timeout(PATIENCE, Stream::open(door, Errand::Class { seed: index as u64, hz: 10 })).await;
        match opened {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(Broken::Altered)) => {
                run.broke(index, &Broken::Altered);
                return None;
            }
            _ if began.elapsed() > PATIENCE => {
                run.note(|outcome| outcome.lost += 1);
                return None;
            }
            _ => sleep(PAUSE).await,
        }
    }
    None
}

/// Has containers change places.
struct Mover {
    part: Part,
    desktops: Desktops,
    places: Vec<Ipv4Addr>,
    homes: Vec<Home>,
    /// Index of the first that moves.
    first: usize,
    _folder: TempDir,
}

/// Two at a time, until the run is over.
async fn churn(mut mover: Mover, pool: Arc<Vec<Restless>>, size: Size, run: Arc<Run>) -> Mover {
    let mut tick = interval(Duration::from_secs(2) / size.churn);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turn = 0;
    while !run.is_over() {
        tick.tick().await;
        let one = turn % pool.len();
        // everybody changes with everybody in the end
        let other = (one + 1 + turn / pool.len() % (pool.len() - 1)) % pool.len();
        turn += 1;
        mover.swap(one, other, &pool).await;
        run.note(|outcome| outcome.moved += 2);
    }
    mover
}

impl Mover {
    /// First the containers move, then it is observed: until then each address has a stranger behind it.
    async fn swap(&mut self, one: usize, other: usize, pool: &[Restless]) {
        self.places.swap(one, other);
        let pair = [one, other];
        let tenants = pair.map(|at| {
            let start = pool[at].meant.fetch_add(1, Relaxed) + 1;
            (self.places[at], tenant(self.first + at, start, &self.homes[at]))
        });
        let () = self.desktops.part.ask(&Told::Live(tenants.to_vec())).await;
        let moves = pair.map(|at| (self.first + at, self.places[at]));
        let () = self.part.ask(&Word::Move(moves.to_vec())).await;
        let now = Instant::now();
        for at in pair {
            pool[at].stored.lock().unwrap_or_else(PoisonError::into_inner).push(now);
        }
    }
}

/// Looks at the memory now and then for as long as the run lasts, and yields the medians of its first and last third.
async fn sample(group: &Group, lasts: Duration) -> (u64, u64) {
    let began = Instant::now();
    let mut samples = Vec::new();
    while began.elapsed() < lasts {
        samples.push(group.memory());
        sleep(Duration::from_secs(1).min(lasts / 9)).await;
    }
    let third = samples.len() / 3;
    let last = samples.split_off(samples.len() - third);
    samples.truncate(third);
    let median = |mut samples: Vec<u64>| {
        samples.sort_unstable();
        samples.get(samples.len() / 2).copied().unwrap_or_default()
    };
    (median(samples), median(last))
}
