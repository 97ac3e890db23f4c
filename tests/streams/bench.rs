//! What carrying a stream costs Pult, beside its peers and the floors.
//!
//! All of them stand in front of the same desktops and are asked the same, one after the other, round by round, so
//! that a machine which is slow for a moment is slow for all. What counts is processor time as the scheduler has it,
//! as a ratio to nginx in the same round. Every octet is compared with what was sent.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use futures::future::join_all;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    client::{Broken, Browser, Door, Stream},
    errand::Errand,
    figures::{Figures, quantile},
    meter::{self, Group},
    parts::floor::Kind,
    subjects::{Desktops, Subject, direct},
};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// People, each with a desktop and a session.
const PEOPLE: usize = 40;
/// Of those, a class.
const CLASS: usize = 30;
/// Streams at a time while frames are measured.
const STREAMS: usize = 4;
/// Requests and upgrades at a time.
const AT_ONCE: usize = 8;
/// Until what was begun is done everywhere.
const SETTLE: Duration = Duration::from_millis(100);
/// A delay below this many seconds is not told from none.
const LEAST_DELAY: f64 = 5e-6;
/// Before memory is looked at.
const QUIET: Duration = Duration::from_millis(500);

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    rounds: usize,
    class_rounds: usize,
    memory_rounds: usize,
    /// Bytes of content in one measurement of frames.
    volume: usize,
    class_lasts: Duration,
    upgrades: usize,
    pages: usize,
    large_pages: usize,
    idle: usize,
}

impl Plan {
    pub(crate) const fn whole() -> Self {
        Self {
            rounds: 5,
            class_rounds: 4,
            memory_rounds: 2,
            volume: 192 * MIB,
            class_lasts: Duration::from_secs(3),
            upgrades: 480,
            pages: 480,
            large_pages: 64,
            idle: 1000,
        }
    }

    /// For development.
    pub(crate) const fn quick() -> Self {
        Self {
            rounds: 3,
            class_rounds: 1,
            memory_rounds: 1,
            volume: 64 * MIB,
            class_lasts: Duration::from_secs(2),
            upgrades: 160,
            pages: 160,
            large_pages: 24,
            idle: 400,
        }
    }
}

/// Measures all sections, or those that are named, and tells the table. With `gate`, a missed gate is a failure;
/// an octet that is not as it was sent always is.
pub(crate) async fn run(plan: &Plan, only: &[&str], gate: bool) -> ExitCode {
    let began = Instant::now();
    let mut bench = Bench { plan: *plan, desktops: Desktops::start().await, figures: Figures::default(), broken: 0 };
    let is_wanted = |section: &str| only.is_empty() || only.contains(&section);
    if is_wanted("memory") {
        bench.memory().await;
        println!("memory: done after {} s", began.elapsed().as_secs());
    }
    let subjects = bench.everybody().await;
    for round in 0..plan.rounds {
        if is_wanted("frames") {
            bench.frames(&subjects).await;
        }
        if is_wanted("upgrades") {
            bench.upgrades(&subjects).await;
        }
        if is_wanted("pages") {
            bench.pages(&subjects).await;
        }
        if is_wanted("classroom") && round < plan.class_rounds {
            bench.classroom(&subjects).await;
        }
        println!("round {} of {}: done after {} s", round + 1, plan.rounds, began.elapsed().as_secs());
    }
    let altered = bench.desktops.counts().await.altered + bench.broken;
    let (missed, table) = bench.figures.table();
    println!(
        "\nprocessor time, ratios to nginx in the same round (delay p99: to haproxy; idle streams: KiB): median (least-most)"
    );
    println!("{table}lost, reordered or altered: {altered} streams");
    println!("load average {}, took {} s", meter::load(), began.elapsed().as_secs());
    let failed = altered > 0 || gate && missed > 0;
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

struct Bench {
    plan: Plan,
    desktops: Desktops,
    figures: Figures,
    /// Streams that did not carry what they should.
    broken: u64,
}

impl Bench {
    async fn everybody(&self) -> [Subject; 5] {
        let place = &self.desktops.place;
        [
            Subject::nginx(place, PEOPLE).await,
            Subject::haproxy(place, PEOPLE).await,
            Subject::floor(Kind::Splice, place, PEOPLE).await,
            Subject::floor(Kind::Copy, place, PEOPLE).await,
            Subject::pult(place, PEOPLE).await,
        ]
    }

    async fn frames(&mut self, subjects: &[Subject]) {
        for (name, size) in [("1 KiB", KIB), ("16 KiB", 16 * KIB), ("64 KiB", 64 * KIB), ("1 MiB", MIB)] {
            for (subject, scheme, doors) in both(subjects) {
                let count = (self.plan.volume / size / STREAMS) as u64;
                let streams = open(&doors[..STREAMS], Errand::Frames { size, count }).await;
                let used = self.cost(subject, join_all(streams.into_iter().map(|stream| take(stream, count)))).await;
                let gigabytes = volume(count, size) / 1e9;
                self.figures.add(&format!("{scheme}, frames of {name}"), subject.name, used / gigabytes);
            }
        }
    }

    async fn upgrades(&mut self, subjects: &[Subject]) {
        for (subject, scheme, doors) in both(subjects) {
            let each = self.plan.upgrades / AT_ONCE;
            let work = join_all((0..AT_ONCE).map(|at| upgrade(&doors[at], each)));
            let used = self.cost(subject, work).await;
            self.figures.add(&format!("{scheme}, an upgrade"), subject.name, used * 1e6 / whole(each * AT_ONCE));
        }
    }

    async fn pages(&mut self, subjects: &[Subject]) {
        let plan = self.plan;
        for (name, size, count) in [("4 KiB", 4 * KIB, plan.pages), ("1 MiB", MIB, plan.large_pages)] {
            for subject in subjects {
                let each = count / AT_ONCE;
                let work = join_all(subject.plain[..AT_ONCE].iter().map(|door| browse(door, size, each)));
                let used = self.cost(subject, work).await;
                self.figures.add(&format!("http, GET {name}"), subject.name, used * 1e6 / whole(each * AT_ONCE));
            }
        }
    }

    /// Thirty desktops in use, and two more mice whose movements are timed: one goes straight to its desktop.
    async fn classroom(&mut self, subjects: &[Subject]) {
        let lasts = self.plan.class_lasts;
        let straight = &direct(&self.desktops.place, PEOPLE)[CLASS];
        for (subject, scheme, doors) in both(subjects) {
            let lesson = match class(&doors[..=CLASS], straight, lasts, &subject.group()).await {
                Ok(lesson) => lesson,
                Err(broken) => {
                    self.note(subject, vec![Err(broken)]);
                    continue;
                }
            };
            let used = lesson.used * 1e3 / lasts.as_secs_f64();
            self.figures.add(&format!("{scheme}, classroom"), subject.name, used);
            if scheme == "http" {
                for (name, share) in [("median", 0.5), ("p99", 0.99)] {
                    let added = quantile(&lesson.through, share) - quantile(&lesson.straight, share);
                    // what is less cannot be told from nothing
                    self.figures.add(&format!("added delay, {name}"), subject.name, added.max(LEAST_DELAY) * 1e6);
                }
            }
        }
    }

    /// Each with its memory as it is after a start and a few streams.
    async fn memory(&mut self) {
        for _ in 0..self.plan.memory_rounds {
            for index in 0..5 {
                for is_secure in [false, true] {
                    let place = &self.desktops.place;
                    let subject = match index {
                        0 => Subject::nginx(place, PEOPLE).await,
                        1 => Subject::haproxy(place, PEOPLE).await,
                        2 => Subject::floor(Kind::Splice, place, PEOPLE).await,
                        3 => Subject::floor(Kind::Copy, place, PEOPLE).await,
                        _ => Subject::pult(place, PEOPLE).await,
                    };
                    let doors = if is_secure { &subject.secure } else { &subject.plain };
                    if !doors.is_empty() {
                        let scheme = if is_secure { "https" } else { "http" };
                        self.idle(&subject, scheme, doors).await;
                    }
                }
            }
        }
    }

    async fn idle(&mut self, subject: &Subject, scheme: &str, doors: &[Door]) {
        const COUNT: u64 = 16;
        let errand = Errand::Frames { size: 16 * KIB, count: COUNT };
        let few = open(doors, errand).await;
        let done = join_all(few.into_iter().map(|stream| take(stream, COUNT))).await;
        self.note(subject, done);
        sleep(QUIET).await;
        let group = subject.group();
        let before = group.memory();
        let mut streams = Vec::new();
        while streams.len() < self.plan.idle {
            streams.extend(open(doors, errand).await);
        }
        sleep(QUIET).await;
        let each = |now: u64| whole(usize::try_from(now.saturating_sub(before)).unwrap_or(0)) / whole(streams.len());
        let cold = each(group.memory());
        self.figures.add(&format!("{scheme}, idle stream, cold"), subject.name, cold);
        let mut done = Vec::new();
        for some in streams.chunks_mut(PEOPLE) {
            done.extend(
                join_all(some.iter_mut().map(|stream| async move {
                    let stream = stream.as_mut().map_err(|broken| std::mem::replace(broken, Broken::Ended))?;
                    stream.point().await?;
                    stream.take(COUNT, &mut Vec::new()).await
                }))
                .await,
            );
        }
        self.note(subject, done);
        sleep(QUIET * 2).await;
        let warm = whole(usize::try_from(group.memory().saturating_sub(before)).unwrap_or(0)) / whole(streams.len());
        self.figures.add(&format!("{scheme}, idle stream, warm"), subject.name, warm);
    }

    /// Seconds on a processor that a subject takes for some work.
    async fn cost(&mut self, subject: &Subject, work: impl Future<Output = Vec<Result<(), Broken>>>) -> f64 {
        let group = subject.group();
        let before = group.used();
        let done = work.await;
        sleep(SETTLE).await;
        let used = group.used().since(&before);
        self.note(subject, done);
        used
    }

    fn note(&mut self, subject: &Subject, done: Vec<Result<(), Broken>>) {
        for broken in done.into_iter().filter_map(Result::err) {
            println!("{}: {broken}", subject.name);
            self.broken += 1;
        }
    }
}

/// Everybody, over http and then over https where they speak it.
fn both(subjects: &[Subject]) -> impl Iterator<Item = (&Subject, &'static str, &[Door])> {
    let plain = subjects.iter().map(|subject| (subject, "http", subject.plain.as_slice()));
    let secure = subjects.iter().map(|subject| (subject, "https", subject.secure.as_slice()));
    plain.chain(secure.filter(|(_, _, doors)| !doors.is_empty()))
}

async fn open(doors: &[Door], errand: Errand) -> Vec<Result<Stream, Broken>> {
    join_all(doors.iter().map(|door| Stream::open(door, errand))).await
}

/// All the frames of a stream. In a task, so that streams do not wait for each other.
async fn take(stream: Result<Stream, Broken>, count: u64) -> Result<(), Broken> {
    let mut stream = stream?;
    let taken = tokio::spawn(async move {
        stream.point().await?;
        stream.take(count, &mut Vec::new()).await
    });
    taken.await.expect("it does not panic")
}

async fn upgrade(door: &Door, count: usize) -> Result<(), Broken> {
    for _ in 0..count {
        Stream::open(door, Errand::Echo).await?;
    }
    Ok(())
}

async fn browse(door: &Door, size: usize, count: usize) -> Result<(), Broken> {
    let mut browser = Browser::new(door);
    for _ in 0..count {
        browser.get(size).await?;
    }
    Ok(())
}

/// What a class took.
struct Lesson {
    /// Seconds on a processor.
    used: f64,
    /// How long movements of the mouse took there and back, in seconds.
    through: Vec<f64>,
    /// The same without anybody between.
    straight: Vec<f64>,
}

/// A class at work for some time. The last door is for the mouse that is timed.
async fn class(doors: &[Door], straight: &Door, lasts: Duration, group: &Group) -> Result<Lesson, Broken> {
    let over = CancellationToken::new();
    let mut pupils = JoinSet::new();
    for (seed, door) in (0..).zip(&doors[..CLASS]) {
        let stream = Stream::open(door, Errand::Class { seed, hz: 10 }).await?;
        pupils.spawn(work(stream, over.clone()));
    }
    let mut mice = [Stream::open(&doors[CLASS], Errand::Echo).await?, Stream::open(straight, Errand::Echo).await?];
    let mut took = [Vec::new(), Vec::new()];
    let before = group.used();
    let began = Instant::now();
    let mut tick = interval(Duration::from_millis(5));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while began.elapsed() < lasts {
        tick.tick().await;
        for (mouse, took) in mice.iter_mut().zip(&mut took) {
            let moved = Instant::now();
            mouse.point_and_wait().await?;
            took.push(moved.elapsed().as_secs_f64());
        }
    }
    let used = group.used().since(&before);
    over.cancel();
    while let Some(done) = pupils.join_next().await {
        done.expect("it does not panic")?;
    }
    let [through, straight] = took;
    Ok(Lesson { used, through, straight })
}

/// A pupil who looks at what comes and moves the mouse.
async fn work(mut stream: Stream, over: CancellationToken) -> Result<(), Broken> {
    let mut mouse = interval(Duration::from_secs(1) / 30);
    mouse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut buffer = Vec::new();
    loop {
        tokio::select! {
            () = over.cancelled() => return Ok(()),
            read = stream.read(&mut buffer) => read?,
            _ = mouse.tick() => stream.point().await?,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn whole(count: usize) -> f64 {
    count as f64
}

fn volume(count: u64, size: usize) -> f64 {
    whole(usize::try_from(count).unwrap_or(0) * size * STREAMS)
}
