//! A million hours of desktops, and nobody stopped who was at work.
//!
//! People type in bursts, read for long, close their laptops and come back, or leave a clock blinking, and some desktops
//! compute; clocks are set, the database, the engine, the gateway and the worker are away now and then. The judgement is the reaper's own, and so is what
//! becomes of the row; some days have lessons, or end with the nightly stop. Time jumps to the next look at which anything can happen. `PULT_SIMULATION_SEED` repeats a day.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a test, told what to do and telling what it did")]

mod life;

use std::{env, ops::Range, time::Duration};

use chrono::{TimeDelta, TimeZone, Utc};
use domain::{
    DesktopId, Language, TemplateId, Timestamp, UserId,
    desktop::{ContainerId, Desktop, DesktopState, Endpoint, Observed, Phase},
    explain::explain,
    idle::{self, AHEAD, Facts, IdlePolicy, Kept, Verdict},
    why::Why,
};
use uuid::Uuid;

use self::life::{Lesson, covers, lessons, rarely, usage};
use super::{
    Ground, INPUT_ARRIVES_WITHIN, anew, is_open, judge,
    load::{Computes, Load, Sample},
};
use crate::reap::nightly;

/// Seconds of the steady clock.
type Second = i64;

const HOURS: i64 = 1_000_000;
/// How long somebody's day is.
const DAY: Second = 12 * HOUR;
const HOUR: Second = 3600;
const MINUTE: Second = 60;
/// Seconds between two looks, and between two times that input is stored.
const LOOK: Second = 5;
const FLUSH: Second = 5;
/// Of them, which second it is: another than that of a look.
const FLUSH_PHASE: Second = 3;
/// An idle desktop is stopped so soon after its time.
const SOON: Second = 60;
/// No stop follows its warning later than this, whatever was away: another warning would have to come first.
const LATEST_NOTICE: Second = 2 * NOTICE;
/// Of a hundred thousand idle ones, so many may take longer, because something was away just then.
const LATE: u64 = 100;
const POLICY: IdlePolicy = IdlePolicy {
    idle_after: Some(TimeDelta::minutes(45)),
    max_lifetime: None,
    warn_before: TimeDelta::minutes(5),
    nightly_stop: true,
    busy_above: None,
};
const NOTICE: Second = 5 * MINUTE;
const LIMIT: Second = 45 * MINUTE;

/// A way in which the reaper is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sabotage {
    None,
    /// No input is looked at.
    IgnoresInput,
    /// Idleness counts from the start.
    CountsFromTheStart,
    /// An extension makes a desktop young again.
    ExtendsTheLifetime,
    /// Whoever was told of one end is taken to know of the other.
    WarnsOnce,
    /// The night is not told of.
    HidesTheNight,
    /// No lesson is looked at.
    IgnoresLessons,
    /// What somebody was told of before a lesson is taken to be told of what comes after it.
    RemembersOldWarnings,
    /// What computes is as idle as what does not.
    IgnoresComputing,
    /// An engine that says nothing is taken to say that nothing computes.
    TrustsSilence,
    /// A clock is right whatever was done to it.
    TrustsTheClock,
    /// The database's absence changes nothing.
    ForgetsThatItWasAway,
}

/// What a great many days came to.
#[derive(Debug, Default)]
struct Tally {
    seconds: Second,
    stopped: u64,
    /// Of them, for their age.
    old: u64,
    /// Of them, because it was night.
    nightly: u64,
    extended: u64,
    /// How often one was found to compute when it would have been told or stopped.
    busy: u64,
    late: u64,
    warned: u64,
    /// What must not be.
    wrongs: Vec<String>,
}

#[test]
fn nobody_at_work_is_stopped_and_nobody_idle_is_kept() {
    let only = env::var("PULT_SIMULATION_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let mut tally = Tally::default();
    for seed in only.map_or(0..u64::MAX, |seed| seed..seed + 1) {
        Day::begin(seed, Sabotage::None).live(&mut tally);
        if tally.seconds >= HOURS * HOUR || !tally.wrongs.is_empty() {
            break;
        }
    }
    let Tally { seconds, stopped, old, nightly, extended, busy, late, warned, wrongs } = tally;
    println!(
        "{} hours: {warned} warned, {extended} extended, {busy} found busy, {stopped} stopped, {old} of them of age and {nightly} as every \
         night, {late} late",
        seconds / HOUR
    );
    assert_eq!(wrongs, Vec::<String>::new());
    assert!(late * 100_000 <= stopped * LATE || only.is_some(), "{late} of {stopped} were stopped late");
}

#[test]
fn every_sabotage_of_the_reaper_is_noticed() {
    for sabotage in [
        Sabotage::IgnoresInput,
        Sabotage::CountsFromTheStart,
        Sabotage::ExtendsTheLifetime,
        Sabotage::WarnsOnce,
        Sabotage::HidesTheNight,
        Sabotage::IgnoresLessons,
        Sabotage::RemembersOldWarnings,
        Sabotage::IgnoresComputing,
        Sabotage::TrustsSilence,
        Sabotage::TrustsTheClock,
        Sabotage::ForgetsThatItWasAway,
    ] {
        let is_noticed = |seed: &u64| {
            let mut tally = Tally::default();
            Day::begin(*seed, sabotage).live(&mut tally);
            !tally.wrongs.is_empty()
        };
        let noticed = (0..100_000).find(is_noticed);
        println!("{sabotage:?}: noticed by seed {noticed:?}");
        assert!(noticed.is_some(), "{sabotage:?} goes unnoticed");
    }
}

/// One person's day with one desktop.
struct Day {
    seed: u64,
    sabotage: Sabotage,
    policy: IdlePolicy,
    /// How old the desktop may become.
    lifetime: Option<Second>,
    dice: fastrand::Rng,
    /// When its owner asks for more time, as every third who is told does.
    extends: Option<Second>,
    told_of_age: Option<Second>,
    /// When the schedule stops everything next, in seconds of the first clock.
    night: Option<Second>,
    told_of_night: Option<Second>,
    lessons: Vec<Lesson>,
    /// When the last lesson so far is over, by the steady clock.
    taught_until: Second,
    /// The clock was set, so what is promised of ages is not.
    was_set: bool,
    /// When somebody types or points, about every second.
    used: Vec<Range<Second>>,
    /// When no worker looks, and when the database is away: then neither looks nor input come through.
    no_worker: Vec<Range<Second>>,
    no_database: Vec<Range<Second>>,
    /// When the engine does not say how much is computed.
    no_engine: Vec<Range<Second>>,
    /// When the desktop uses one processor whole.
    computing: Vec<Range<Second>>,
    /// When it was last found to.
    busy: Second,
    load: Load,
    /// When the gateway dies, with what it has not stored yet.
    crashes: Vec<Second>,
    /// When the clock is set, and by how much.
    settings: Vec<(Second, Second)>,
    skew: Second,
    /// The last input that the gateway has not stored yet, and when it says that was.
    pending: Option<(Second, Timestamp)>,
    /// The last input that is stored.
    stored: Second,
    typed_until: Second,
    flushed: Second,
    /// When its owner was last warned, by the steady clock.
    warned: Option<Second>,
    desktop: Desktop,
    ground: Ground,
}

impl Day {
    fn begin(seed: u64, sabotage: Sabotage) -> Self {
        let mut dice = fastrand::Rng::with_seed(seed);
        let used = usage(&mut dice);
        let mut rarely = |every, lasts| rarely(&mut dice, every, lasts);
        let no_worker = rarely(24 * HOUR, 2..30);
        let no_database = rarely(40 * HOUR, 1..120);
        let no_engine = rarely(10 * HOUR, 1..120);
        let computing = rarely(3 * HOUR, MINUTE..3 * HOUR);
        let crashes = rarely(24 * HOUR, 1..2).into_iter().map(|at| at.start).collect();
        let mut settings = rarely(5000 * HOUR, 1..2);
        // one that is set while nobody looks cannot be noticed
        let is_seen = |at: &Range<Second>| {
            let around = [at.start - 2 * LOOK, at.start, at.start + 2 * LOOK];
            around.into_iter().all(|at| !covers(&no_worker, at) && !covers(&no_database, at))
        };
        settings.retain(is_seen);
        let settings = settings.into_iter().map(|at| (at.start, dice.i64(-3 * HOUR..3 * HOUR))).collect();
        let lifetime = (dice.u8(0..3) == 0).then(|| dice.i64(HOUR..10 * HOUR));
        let night = (dice.u8(0..3) == 0).then(|| dice.i64(MINUTE..DAY));
        let lessons = if dice.u8(0..3) == 0 { lessons(&mut dice) } else { Vec::new() };
        Self {
            seed,
            sabotage,
            policy: IdlePolicy {
                max_lifetime: lifetime.map(TimeDelta::seconds),
                nightly_stop: dice.u8(0..4) > 0,
                busy_above: (dice.u8(0..3) == 0).then_some(Duration::from_millis(500)),
                ..POLICY
            },
            lifetime,
            dice,
            extends: None,
            told_of_age: None,
            night,
            told_of_night: None,
            lessons,
            taught_until: 0,
            was_set: false,
            used,
            no_worker,
            no_database,
            no_engine,
            computing,
            busy: 0,
            load: Load::default(),
            crashes,
            settings,
            skew: 0,
            pending: None,
            stored: 0,
            typed_until: 0,
            flushed: 0,
            warned: None,
            desktop: started(0),
            ground: Ground::default(),
        }
    }

    /// Until it is stopped, or the day is over.
    fn live(mut self, tally: &mut Tally) {
        let mut now = LOOK;
        let (settings, crashes) = (std::mem::take(&mut self.settings), std::mem::take(&mut self.crashes));
        let (mut to_set, mut to_crash) = (settings.iter().peekable(), crashes.iter().peekable());
        let troubles = self.troubles(&settings, &crashes);
        while now < DAY {
            while let Some((at, by)) = to_set.next_if(|(at, _)| *at <= now) {
                self.type_and_store(*at);
                self.skew += by;
                self.was_set = true;
            }
            while let Some(at) = to_crash.next_if(|at| **at <= now) {
                self.type_and_store(*at);
                self.pending = None;
            }
            self.type_and_store(now);
            if self.extends.take_if(|at| *at <= now).is_some() {
                self.desktop = self.desktop.clone().extended(self.clock(now));
                self.stored = now;
                tally.extended += 1;
            }
            if self.stop_for_the_night(now, tally) || self.look(now, tally) {
                break;
            }
            now = self.next_look(now, &troubles);
        }
        tally.seconds += now.min(DAY);
    }

    /// When every single look is made.
    fn troubles(&self, settings: &[(Second, Second)], crashes: &[Second]) -> Vec<Range<Second>> {
        let moments = settings.iter().map(|(at, _)| at).chain(crashes).map(|at| *at..*at);
        let around = |away: Range<Second>| away.start - 3 * LOOK..away.end + 6 * LOOK;
        self.no_worker.iter().chain(&self.no_database).cloned().chain(moments).map(around).collect()
    }

    fn facts(&self, second: Second) -> Facts {
        let on_the_wall = |at| morning() + TimeDelta::seconds(at);
        let kept_until = self.lessons_at(second).map(|lesson| on_the_wall(lesson.window.end)).max();
        Facts { kept_until, night_at: self.night.map(on_the_wall), ..Facts::default() }
    }

    /// The lessons that run.
    fn lessons_at(&self, second: Second) -> impl Iterator<Item = &Lesson> {
        let runs = move |lesson: &&Lesson| {
            lesson.window.contains(&(second + self.skew)) && lesson.called_off.is_none_or(|off| second < off)
        };
        self.lessons.iter().filter(runs)
    }

    /// What the schedule does at night. Whether the desktop was stopped by it.
    fn stop_for_the_night(&mut self, second: Second, tally: &mut Tally) -> bool {
        let is_away = covers(&self.no_worker, second) || covers(&self.no_database, second);
        let Some(night) = self.night.filter(|night| !is_away && *night <= second + self.skew) else { return false };
        self.night = Some(night + 24 * HOUR);
        if !nightly::ends(&self.desktop, &self.policy, &self.facts(second), self.clock(second)) {
            return false;
        }
        self.desktop = self.desktop.clone().want_stopped(Why::Nightly);
        tally.stopped += 1;
        tally.nightly += 1;
        let told_from = night - NOTICE;
        // where both come at once, of its age
        let told = self.told_of_night.or(self.told_of_age);
        let is_told = told.is_some_and(|told| told <= told_from.max(0) + LOOK);
        let was_away = [&self.no_worker, &self.no_database]
            .into_iter()
            .flatten()
            .any(|away| away.start <= told_from.max(0) + LOOK && away.end > told_from);
        // a lesson that would have gone on over night was called off
        let is_called_off = self.lessons.iter().any(|lesson| lesson.called_off.is_some_and(|off| off > told_from));
        if !is_told && !was_away && !is_called_off && !self.was_set {
            tally.wrongs.push(format!("seed {}: stopped as every night without a warning in time", self.seed));
        }
        true
    }

    /// What a look finds and does. Whether the desktop was stopped by it.
    fn look(&mut self, second: Second, tally: &mut Tally) -> bool {
        if covers(&self.no_worker, second) {
            // it begins anew
            (self.ground, self.load) = (Ground::default(), Load::default());
            return false;
        }
        let (now, steady) = (self.clock(second), Duration::from_secs(second.unsigned_abs()));
        if covers(&self.no_database, second) {
            if self.sabotage != Sabotage::ForgetsThatItWasAway {
                self.ground.failed(steady);
            }
            return false;
        }
        if self.sabotage != Sabotage::TrustsTheClock && self.ground.clock_was_set(now, steady) {
            self.desktop = anew(self.desktop.clone(), now);
            self.ground.looked(now, steady);
            return false;
        }
        let seen = match self.sabotage {
            Sabotage::IgnoresInput => Desktop { last_input_at: None, ..self.desktop.clone() },
            Sabotage::CountsFromTheStart => Desktop { last_input_at: None, extended_at: None, ..self.desktop.clone() },
            Sabotage::ExtendsTheLifetime => {
                Desktop { started_at: self.desktop.started_at.max(self.desktop.extended_at), ..self.desktop.clone() }
            }
            Sabotage::WarnsOnce => Desktop {
                warned_at: self.desktop.warned_at.and(Some(now - POLICY.warn_before)),
                ..self.desktop.clone()
            },
            _ => self.desktop.clone(),
        };
        let facts = match self.sabotage {
            Sabotage::HidesTheNight => Facts { night_at: None, ..self.facts(second) },
            Sabotage::IgnoresLessons => Facts { kept_until: None, ..self.facts(second) },
            _ => self.facts(second),
        };
        let is_firm = self.ground.is_firm(steady);
        let verdict = match self.weigh(second, &judge(&seen, &self.policy, &facts, now, is_firm)) {
            Computes::Unknown => Verdict::Keep(Kept::Unsure),
            computes => {
                let facts = Facts { busy: computes == Computes::Yes, ..facts };
                judge(&seen, &self.policy, &facts, now, is_firm)
            }
        };
        self.ground.looked(now, steady);
        if verdict == Verdict::Keep(Kept::Busy) {
            self.found_busy(second, tally);
        }
        if let Verdict::Warn(ending) = &verdict {
            tally.warned += 1;
            self.warned = Some(second);
            match ending.why {
                Why::Lifetime { .. } => self.told_of_age = Some(second),
                Why::Nightly => self.told_of_night = Some(second),
                _ if self.dice.u8(0..3) == 0 => self.extends = Some(second + self.dice.i64(1..2 * MINUTE)),
                _ => {}
            }
        }
        let over = |lesson: &Lesson| lesson.called_off.unwrap_or(DAY).min(lesson.window.end - self.skew);
        self.taught_until = self.lessons_at(second).map(over).fold(self.taught_until, Second::max);
        let warned_before = self.desktop.warned_at;
        if verdict == Verdict::Keep(Kept::Lesson) {
            (self.told_of_age, self.told_of_night) = (None, None);
        }
        if self.policy.asks_for_load(&verdict) && self.is_computing(second) {
            tally.wrongs.push(format!("seed {}: told or stopped while it computed: {verdict:?}", self.seed));
        }
        let told = verdict.sentence(Language::German);
        let ends_of = if let Verdict::Stop(why) = &verdict { Some(why.clone()) } else { None };
        self.desktop = idle::apply(verdict, self.desktop.clone(), now);
        if self.sabotage == Sabotage::RemembersOldWarnings {
            self.desktop.warned_at = self.desktop.warned_at.or(warned_before);
        }
        if ends_of.is_some() && self.lessons_at(second).next().is_some() {
            tally.wrongs.push(format!("seed {}: stopped in a lesson", self.seed));
        }
        let sentence = explain(&self.desktop, &self.policy, &facts, Language::German);
        if told.is_empty() || sentence.is_empty() || ends_of.is_some() && sentence != told {
            tally.wrongs.push(format!("seed {}: a decision without its sentence: {sentence:?}", self.seed));
        }
        if let (Some(Why::Lifetime { .. }), Some(lifetime)) = (&ends_of, self.lifetime) {
            self.stopped_of_age(second, lifetime, tally);
        } else if ends_of.is_some() {
            let unused = second - self.last_use_in_time(second);
            if unused < LIMIT {
                tally.wrongs.push(format!("seed {}: stopped after {unused} s without input", self.seed));
            }
            let notice = self.warned.map_or(DAY, |warned| second - warned);
            if !(NOTICE..=LATEST_NOTICE).contains(&notice) {
                tally.wrongs.push(format!("seed {}: stopped {notice} s after its warning", self.seed));
            }
            tally.stopped += 1;
            let in_time = (second - unused).max(self.busy) + LIMIT;
            let in_time = in_time.max(self.taught_until + NOTICE) + SOON;
            tally.late += u64::from(second > in_time);
        }
        ends_of.is_some()
    }

    /// Whether it computes, where that matters for a verdict.
    fn weigh(&mut self, second: Second, verdict: &Verdict) -> Computes {
        self.load.keep(|_| is_open(&self.policy, verdict));
        if self.sabotage == Sabotage::IgnoresComputing || !self.policy.asks_for_load(verdict) {
            return Computes::No;
        }
        let used = self.computed_until(second) + Duration::from_millis(20 * second.unsigned_abs());
        let sample = Sample { used, at: Duration::from_secs(second.unsigned_abs()) };
        let told = Some(sample).filter(|_| !covers(&self.no_engine, second));
        if told.is_none() && self.sabotage == Sabotage::TrustsSilence {
            return Computes::No;
        }
        self.load.weigh(&self.desktop, &self.policy, told)
    }

    fn computed_until(&self, second: Second) -> Duration {
        let spans = self.computing.iter().map(|span| (span.end.min(second) - span.start).max(0));
        Duration::from_secs(spans.sum::<Second>().unsigned_abs())
    }

    /// Whether it has computed for as long as a warning is before its stop, and still does.
    fn is_computing(&self, second: Second) -> bool {
        self.computing.iter().any(|span| span.start <= second - NOTICE && span.contains(&second))
    }

    fn found_busy(&mut self, second: Second, tally: &mut Tally) {
        self.busy = second;
        tally.busy += 1;
        if self.computed_until(second) == self.computed_until(second - LATEST_NOTICE) {
            tally.wrongs.push(format!("seed {}: busy, and it has not computed for long", self.seed));
        }
    }

    fn stopped_of_age(&self, second: Second, lifetime: Second, tally: &mut Tally) {
        tally.stopped += 1;
        tally.old += 1;
        let notice = NOTICE..=LATEST_NOTICE;
        let is_told = self.told_of_age.is_some_and(|told| self.was_set || notice.contains(&(second - told)));
        if !is_told {
            tally.wrongs.push(format!("seed {}: stopped of age without a warning in time", self.seed));
        }
        if self.was_set {
            return;
        }
        if second < lifetime {
            tally.wrongs.push(format!("seed {}: stopped of age after {second} s of {lifetime}", self.seed));
        }
        // longer than worker and database are ever away
        let end = lifetime.max(self.taught_until);
        if second > end + 2 * NOTICE {
            tally.wrongs.push(format!("seed {}: {second} s old, and {lifetime} are allowed", self.seed));
        }
        tally.late += u64::from(second > lifetime.max(self.taught_until + NOTICE) + SOON);
    }

    /// What was typed until a moment is stored as far as there was a time to store it, and else pending.
    fn type_and_store(&mut self, until: Second) {
        let flush = until - (until - FLUSH_PHASE).rem_euclid(FLUSH);
        let mut tries = (self.flushed + 1..=flush).rev().step_by(usize::try_from(FLUSH).unwrap_or(1));
        if let Some(flush) = tries.find(|flush| !covers(&self.no_database, *flush)) {
            self.type_until(flush);
            self.flushed = flush;
            if let Some((second, typed)) = self.pending.take() {
                self.stored = second;
                let (stored, now) = (self.desktop.last_input_at, self.clock(flush));
                if stored.is_none_or(|stored| stored < typed || stored > now + AHEAD) {
                    self.desktop.last_input_at = Some(typed);
                }
            }
        }
        self.type_until(until);
    }

    fn type_until(&mut self, until: Second) {
        let typing = self.used.iter().rev().find(|used| used.start <= until);
        let last = typing.map_or(0, |used| until.min(used.end - 1));
        if last > self.typed_until {
            self.pending = Some((last, self.clock(last)));
            self.typed_until = last;
        }
    }

    /// When somebody last typed or pointed, or started it; what the gateway lost does not count.
    fn last_use(&self) -> Second {
        self.pending.map_or(self.stored, |(second, _)| second)
    }

    /// The same at a stop, without whoever came back too late and just before it.
    fn last_use_in_time(&self, stop: Second) -> Second {
        let last = self.last_use();
        if last < stop - INPUT_ARRIVES_WITHIN.num_seconds() {
            return last;
        }
        let came_back = self.used.iter().rposition(|used| used.start <= last);
        let before = came_back.and_then(|at| at.checked_sub(1)).map_or(0, |before| self.used[before].end - 1);
        let is_too_late = came_back.is_some_and(|at| self.used[at].start - before >= LIMIT);
        if is_too_late { before } else { last }
    }

    /// The next look at which anything can happen.
    fn next_look(&self, now: Second, troubles: &[Range<Second>]) -> Second {
        if covers(troubles, now + LOOK) {
            return now + LOOK;
        }
        let warned_at = self.desktop.warned_at.filter(|_| self.pending.is_none());
        let kept_until = self.lessons_at(now).map(|lesson| lesson.window.end).max();
        let kept_until = kept_until.unwrap_or(Second::MIN / 2);
        let unused = self.desktop.last_use().map(|last_use| last_use + TimeDelta::seconds(LIMIT));
        let end = unused.max(Some(morning() + TimeDelta::seconds(kept_until.max(0))));
        let warned = warned_at.is_some_and(|warned| Some(warned + TimeDelta::seconds(NOTICE)) >= end);
        let due =
            (self.last_use().max(self.busy) + LIMIT).max(kept_until - self.skew) - if warned { 0 } else { NOTICE };
        let notice = if self.told_of_age.is_some() { 0 } else { NOTICE };
        let of_age = self.lifetime.map_or(DAY, |lifetime| lifetime.max(kept_until) - self.skew - notice);
        let edges = self.lessons.iter().flat_map(|lesson| {
            let Range { start, end } = lesson.window;
            [start - self.skew, end - NOTICE - self.skew, end - self.skew, lesson.called_off.unwrap_or(DAY)]
        });
        let edge = edges.filter(|edge| *edge > now).min().unwrap_or(DAY);
        let of_night = self.night.map_or(DAY, |night| night - self.skew);
        let told_of_night = Some(of_night - NOTICE).filter(|tell| *tell > now).unwrap_or(of_night);
        let by_itself = of_age.min(self.extends.unwrap_or(DAY)).min(told_of_night).min(edge);
        // while somebody types, nothing is due before the burst is over
        let typing = self.used.iter().find(|used| used.contains(&now)).map_or(0, |used| used.end);
        let trouble = troubles.iter().map(|trouble| trouble.start).filter(|start| *start > now).min().unwrap_or(DAY);
        let far = due.max(typing).min(by_itself).min(trouble).max(now + LOOK);
        far + (-far).rem_euclid(LOOK)
    }

    fn clock(&self, second: Second) -> Timestamp {
        morning() + TimeDelta::seconds(second + self.skew)
    }
}

fn morning() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 9, 7, 6, 0, 0).single().expect("the moment exists")
}

fn started(second: Second) -> Desktop {
    let at = morning() + TimeDelta::seconds(second);
    let endpoint = Endpoint { address: [10, 0, 0, 2].into(), port: 6901 };
    let seen = Observed {
        container: ContainerId("c".to_owned()),
        generation: 1,
        image: format!("sha256:{:064x}", 1).parse().expect("an image's id"),
        phase: Phase::Running,
        started_at: Some(at),
        endpoint: Some(endpoint),
    };
    let [id, owner, template] = [1, 2, 3].map(Uuid::from_u128);
    let asked = Desktop::requested(DesktopId(id), "a-desktop".to_owned(), UserId(owner), TemplateId(template), at);
    let desktop = asked.connecting(&seen).running(endpoint, None, at);
    assert_eq!(desktop.state, DesktopState::Running);
    desktop
}
