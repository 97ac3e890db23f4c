//! When a desktop is warned and stopped without anybody asking.
//!
//! A desktop is idle since its last use: its start, an extension, or keyboard or pointer input seen in its stream,
//! whichever came last. An open tab, moving pictures and keep-alives are not use. Where it is set so, one that computes
//! when it would be told that it is idle, or would end for it, is used at that moment. Its lifetime counts from its start,
//! whatever happens in it.
//!
//! Nobody is stopped who was not warned of that very end: not after the worker was away, nor after a clock was set. The
//! nightly stop is told of like any other end, but comes when it is due, for whoever started within its warning too. What
//! lies far in the future, because a clock has been set back since, has not happened.

mod rules;

use std::time::Duration;

use chrono::TimeDelta;

use crate::{
    Language, Timestamp,
    desktop::{Desktop, DesktopState},
    why::{Why, in_words},
};

pub use rules::{IdleRules, OwnLimits};

/// The limits for one desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdlePolicy {
    /// Unused for this long, it is stopped. `None`: never.
    pub idle_after: Option<TimeDelta>,
    /// Running for this long, it is stopped, used or not; no extension moves that. `None`: never.
    pub max_lifetime: Option<TimeDelta>,
    /// How long before any end its owner is warned; never longer than the limit itself.
    pub warn_before: TimeDelta,
    /// Whether it is stopped when the schedule stops everything.
    pub nightly_stop: bool,
    /// Using more processor time than this in each second, it computes and is not idle. `None`: computing is no use.
    pub busy_above: Option<Duration>,
}

impl IdlePolicy {
    /// Nothing is ever stopped.
    pub const NONE: Self = Self {
        idle_after: None,
        max_lifetime: None,
        warn_before: TimeDelta::zero(),
        nightly_stop: false,
        busy_above: None,
    };

    /// Whether it computes that has used so much processor time in a span.
    pub fn computes(&self, used: Duration, within: Duration) -> bool {
        let second = Duration::from_secs(1).as_nanos();
        self.busy_above.is_some_and(|above| used.as_nanos() * second > above.as_nanos() * within.as_nanos())
    }

    /// Whether it matters for a verdict how much the desktop computes: it is to be told that it ends unused, or ends so.
    pub fn asks_for_load(&self, verdict: &Verdict) -> bool {
        let is_idle = |why: &Why| matches!(why, Why::Idle { .. });
        self.busy_above.is_some()
            && match verdict {
                Verdict::Warn(ending) => is_idle(&ending.why),
                Verdict::Stop(why) => is_idle(why),
                Verdict::Keep(_) => false,
            }
    }

    /// When its owner is warned of an end; nothing while it is not known whether they will be, because it may compute.
    pub fn warns_at(&self, desktop: &Desktop, ending: &Ending) -> Option<Timestamp> {
        let is_sure = self.busy_above.is_none() || ending.is_fixed() || ending.is_told(desktop);
        is_sure.then_some(ending.warns_at)
    }

    /// How and when a running desktop stops if nobody uses it before then: the earliest limit that applies.
    ///
    /// What is busy is not idle, and nothing ends before `kept_until`: a night that comes before it is passed over.
    /// Idleness that would end it within the warning of a fixed end does not apply: who is told to save everything is
    /// not told that a key helps.
    pub fn ending(&self, desktop: &Desktop, facts: &Facts) -> Option<Ending> {
        if desktop.state != DesktopState::Running {
            return None;
        }
        let [fixed, idle] = self.endings(desktop.started_at?, desktop.last_use()?, facts);
        first(fixed, idle)
    }

    /// The end that nothing puts off, its lifetime's or the day's; and the end of being unused.
    fn endings(&self, started: Timestamp, last_use: Timestamp, facts: &Facts) -> [Option<Ending>; 2] {
        let ending = |since: Timestamp, limit: TimeDelta, why: fn(i64) -> Why| {
            let at = facts.kept_until.into_iter().fold(since + limit, Timestamp::max);
            Ending { at, warns_at: at - self.warn_before.min(limit), why: why(limit.num_minutes()) }
        };
        let old = self.max_lifetime.map(|limit| ending(started, limit, |minutes| Why::Lifetime { minutes }));
        let idle_after = self.idle_after.filter(|_| !facts.busy);
        [
            old.into_iter().chain(self.night(facts)).min_by_key(|ending| ending.at),
            idle_after.map(|limit| ending(last_use, limit, |minutes| Why::Idle { minutes })),
        ]
    }

    /// The end of the day.
    fn night(&self, facts: &Facts) -> Option<Ending> {
        let is_kept = |night| facts.kept_until.is_some_and(|until| until > night);
        let at = facts.night_at.filter(|night| self.nightly_stop && !is_kept(*night))?;
        Some(Ending { at, warns_at: at - self.warn_before, why: Why::Nightly })
    }
}

/// Which of the two comes first, so that there is time to tell of it.
fn first(fixed: Option<Ending>, idle: Option<Ending>) -> Option<Ending> {
    match (fixed, idle) {
        (Some(fixed), Some(idle)) => Some(if idle.at <= fixed.warns_at { idle } else { fixed }),
        (fixed, idle) => fixed.or(idle),
    }
}

/// A time that lies further ahead is of a clock that was set back since. Clocks of several machines differ by less.
pub const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// The two moments that a decision is made at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// Until when all input is known: what came later may still be on its way.
    pub input_until: Timestamp,
}

/// What is known about a desktop beside its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// It was seen to compute just now, also without anybody at it.
    pub busy: bool,
    /// A lesson needs it until then.
    pub kept_until: Option<Timestamp>,
    /// When the schedule stops everything next, if it does.
    pub night_at: Option<Timestamp>,
    /// It is the hour at which the schedule stops everything.
    pub is_night: bool,
}

/// How a desktop will stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// When its owner is warned. What they were told before was of another end.
    pub warns_at: Timestamp,
    /// Which limit it reaches.
    pub why: Why,
}

/// What the reaper does with a desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Keep(Kept),
    /// Its owner has to be told that it will stop.
    Warn(Ending),
    /// It is stopped, for this reason.
    Stop(Why),
}

/// Why a desktop goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It does not run, so it is not ours to stop.
    NotRunning,
    /// No limit applies to it.
    Unlimited,
    /// A lesson needs it.
    Lesson,
    /// It computes.
    Busy,
    /// The limit that it reaches next is still far.
    InTime(Ending),
    /// Input may have come of which nothing is known yet, or nobody knows whether it computes.
    Unsure,
    /// Its owner knows that it will stop, and may still do something about it.
    Warned(Ending),
}

/// Decides about one desktop.
///
/// `Stop` if and only if the desktop is `running`, its end has come (for idleness: before `input_until`) and is not the
/// night, and its owner was told of that end, at least as long ago as the warning is to come before it; or if it is awake,
/// it is night, and neither a lesson nor its policy keeps it. `Warn` if and only if it is `running`, the time to warn has
/// come in the same sense, and nobody was told since.
pub fn decide(desktop: &Desktop, policy: &IdlePolicy, facts: &Facts, at: Moment) -> Verdict {
    let is_kept = facts.kept_until.is_some_and(|until| at.now < until);
    if facts.is_night && policy.nightly_stop && !is_kept && desktop.state.is_awake() {
        return Verdict::Stop(Why::Nightly);
    }
    if desktop.state != DesktopState::Running {
        return Verdict::Keep(Kept::NotRunning);
    }
    let past = |moment: Option<Timestamp>| moment.filter(|moment| *moment <= at.now + AHEAD);
    // a desktop that runs was started: at worst it counts from now, and is kept
    let started = past(desktop.started_at).unwrap_or(at.now);
    let last_use =
        [desktop.last_input_at, desktop.extended_at].into_iter().filter_map(past).fold(started, Timestamp::max);
    let [fixed, idle] = policy.endings(started, last_use, facts);
    let is_busy = facts.busy && policy.idle_after.is_some();
    let is_told_now = fixed.as_ref().is_some_and(|fixed| at.now >= fixed.warns_at);
    let Some(ending) = (if is_told_now { fixed } else { first(fixed, idle) }) else {
        return Verdict::Keep(if is_busy { Kept::Busy } else { Kept::Unlimited });
    };
    // nothing that is on its way puts off a fixed end
    let until = if ending.is_fixed() { at.now } else { at.input_until };
    if until < ending.warns_at {
        let far = if is_busy { Kept::Busy } else { Kept::InTime(ending) };
        return Verdict::Keep(if is_kept { Kept::Lesson } else { far });
    }
    match past(desktop.warned_at).filter(|warned| *warned >= ending.warns_at) {
        None => Verdict::Warn(ending),
        // the schedule says when it is night
        Some(_) if ending.why == Why::Nightly => Verdict::Keep(Kept::Warned(ending)),
        Some(warned) if until >= ending.at && at.now - warned >= ending.at - ending.warns_at => {
            Verdict::Stop(ending.why)
        }
        Some(_) => Verdict::Keep(Kept::Warned(ending)),
    }
}

/// What a verdict makes of the desktop.
#[must_use]
pub fn apply(verdict: Verdict, desktop: Desktop, now: Timestamp) -> Desktop {
    match verdict {
        // what it was told of is put off
        Verdict::Keep(Kept::Lesson) => desktop.unwarned(),
        // to compute is to be used, and a page is not to tell of an end that does not come
        Verdict::Keep(Kept::Busy) => desktop.extended(now),
        Verdict::Keep(_) => desktop,
        Verdict::Warn(_) => desktop.warned(now),
        Verdict::Stop(why) => desktop.want_stopped(why),
    }
}

impl Verdict {
    /// Why it was decided so, in a sentence.
    pub fn sentence(&self, language: Language) -> String {
        match self {
            Self::Keep(kept) => kept.sentence(language),
            Self::Warn(ending) => ending.sentence(language),
            Self::Stop(why) => why.sentence(language),
        }
    }
}

impl Kept {
    fn sentence(&self, language: Language) -> String {
        let say = |german: &str, english: &str| language.pick(german, english).to_owned();
        match self {
            Self::NotRunning => say("Läuft nicht.", "Not running."),
            Self::Unlimited => say("Läuft ohne Frist.", "Runs without a limit."),
            Self::Lesson => {
                say("Läuft weiter, weil eine Unterrichtsstunde ihn braucht.", "Goes on because a lesson needs it.")
            }
            Self::Busy => say("Läuft weiter, weil er rechnet.", "Goes on because it is computing."),
            Self::InTime(ending) => match ending.why {
                Why::Lifetime { minutes } => language.pick(
                    format!("Läuft noch nicht {} lang.", in_words(minutes, language)),
                    format!("Has not been running for {} yet.", in_words(minutes, language)),
                ),
                Why::Nightly => say("Läuft bis zur Nachtruhe.", "Runs until the nightly stop."),
                _ => say("Wurde vor Kurzem benutzt.", "Was in use a short while ago."),
            },
            Self::Unsure => {
                say("Läuft weiter, bis alles über ihn bekannt ist.", "Goes on until all about it is known.")
            }
            Self::Warned(_) => say("Die Vorwarnung ist gegeben.", "Its owner has been warned."),
        }
    }
}

impl Ending {
    /// Whether nothing that its owner does puts it off.
    pub fn is_fixed(&self) -> bool {
        !matches!(self.why, Why::Idle { .. })
    }

    /// Whether its owner was warned of it, and not of another end before.
    pub fn is_told(&self, desktop: &Desktop) -> bool {
        desktop.warned_at.is_some_and(|warned| warned >= self.warns_at)
    }

    /// What its owner is told.
    pub fn sentence(&self, language: Language) -> String {
        match self.why {
            Why::Lifetime { minutes } => language.pick(
                format!(
                    "Hält bald an, weil ein Desktop nicht länger als {} läuft. Das lässt sich nicht verlängern: \
                     bitte alles speichern.",
                    in_words(minutes, language)
                ),
                format!(
                    "Stops soon because a desktop does not run for longer than {}. That cannot be extended: please \
                     save everything.",
                    in_words(minutes, language)
                ),
            ),
            Why::Nightly => language
                .pick(
                    "Hält bald an, wie jede Nacht. Das lässt sich nicht verlängern: bitte alles speichern.",
                    "Stops soon, as every night. That cannot be extended: please save everything.",
                )
                .to_owned(),
            _ => language
                .pick(
                    "Hält bald an, weil niemand daran arbeitet. Eine Taste oder ein Klick hält ihn wach.",
                    "Stops soon because nobody works in it. A key or a click keeps it awake.",
                )
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
