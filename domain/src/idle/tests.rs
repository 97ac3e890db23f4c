use std::time::Duration;

use chrono::TimeDelta;

use super::{Ending, Facts, IdlePolicy, Kept, Moment, Verdict, apply, decide};
use crate::{
    Language, Timestamp,
    desktop::{Desktop, DesktopState, testing},
    why::Why,
};

const POLICY: IdlePolicy = IdlePolicy {
    idle_after: Some(TimeDelta::minutes(45)),
    max_lifetime: None,
    warn_before: TimeDelta::minutes(5),
    nightly_stop: true,
    busy_above: Some(Duration::from_millis(500)),
};
const SHORT_LIVED: IdlePolicy = IdlePolicy { max_lifetime: Some(TimeDelta::hours(2)), ..POLICY };
const STOP: Told = Told::Stop(Why::Idle { minutes: 45 });
const NOTHING: Facts = Facts { busy: false, kept_until: None, night_at: None, is_night: false };

/// What is decided, told short.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Keep,
    Warn,
    Stop(Why),
}

fn minutes(minutes: i64) -> Timestamp {
    testing::epoch() + TimeDelta::minutes(minutes)
}

/// The verdict at a moment until which all is known.
fn judged(desktop: &Desktop, policy: &IdlePolicy, facts: &Facts, now: Timestamp) -> Verdict {
    decide(desktop, policy, facts, Moment { now, input_until: now })
}

fn told(desktop: &Desktop, policy: &IdlePolicy, facts: &Facts, now: Timestamp) -> Told {
    told_of(judged(desktop, policy, facts, now))
}

fn at(now: Timestamp, desktop: &Desktop) -> Told {
    told(desktop, &POLICY, &NOTHING, now)
}

fn told_of(verdict: Verdict) -> Told {
    match verdict {
        Verdict::Keep(_) => Told::Keep,
        Verdict::Warn(_) => Told::Warn,
        Verdict::Stop(why) => Told::Stop(why),
    }
}

#[test]
fn idleness_counts_from_the_last_use_not_from_the_start() {
    let mut desktop = testing::running(minutes(0));
    assert_eq!(at(minutes(39), &desktop), Told::Keep);
    assert_eq!(at(minutes(40), &desktop), Told::Warn);
    desktop.warned_at = Some(minutes(40));
    assert_eq!(at(minutes(41), &desktop), Told::Keep);
    assert_eq!(at(minutes(45), &desktop), STOP);
    desktop.last_input_at = Some(minutes(44));
    assert_eq!(at(minutes(45), &desktop), Told::Keep);
    assert_eq!(at(minutes(84), &desktop), Told::Warn);
    desktop.extended_at = Some(minutes(85));
    assert_eq!(at(minutes(90), &desktop), Told::Keep);
}

#[test]
fn input_that_may_still_be_on_its_way_is_waited_for() {
    let desktop = Desktop { warned_at: Some(minutes(40)), ..testing::running(minutes(0)) };
    let (now, input_until) = (minutes(45), minutes(45) - TimeDelta::seconds(15));
    assert_eq!(told_of(decide(&desktop, &POLICY, &NOTHING, Moment { now, input_until })), Told::Keep);
}

#[test]
fn nobody_is_stopped_without_a_warning_in_time() {
    let mut desktop = testing::running(minutes(0));
    // the worker was away
    assert_eq!(at(minutes(300), &desktop), Told::Warn);
    desktop.warned_at = Some(minutes(300));
    assert_eq!(at(minutes(304), &desktop), Told::Keep);
    assert_eq!(at(minutes(305), &desktop), STOP);
}

#[test]
fn what_lies_in_the_future_has_not_happened() {
    let future = Some(minutes(600));
    let mut desktop = Desktop { last_input_at: future, warned_at: future, ..testing::running(minutes(0)) };
    assert_eq!(at(minutes(50), &desktop), Told::Warn);
    desktop.warned_at = Some(minutes(50));
    assert_eq!(at(minutes(55), &desktop), STOP);
}

#[test]
fn a_clock_that_is_a_little_ahead_tells_of_use_all_the_same() {
    let mut desktop = testing::running(minutes(0));
    desktop.warned_at = Some(minutes(120));
    desktop.last_input_at = Some(minutes(180) + TimeDelta::seconds(1));
    assert_eq!(at(minutes(180), &desktop), Told::Keep);
}

#[test]
fn a_notice_longer_than_the_limit_is_as_long_as_the_limit() {
    let policy = IdlePolicy { warn_before: TimeDelta::hours(2), ..POLICY };
    let desktop = testing::running(minutes(0));
    let verdict = |now| told(&desktop, &policy, &NOTHING, now);
    assert_eq!(verdict(minutes(0)), Told::Warn);
    let desktop = Desktop { warned_at: Some(minutes(1)), ..desktop };
    assert_eq!(told(&desktop, &policy, &NOTHING, minutes(46)), STOP);
}

#[test]
fn a_warning_is_of_the_end_that_comes_not_of_one_that_was_put_off_meanwhile() {
    // typed just before the warning, and that arrived just after it
    let typed = Some(minutes(40) - TimeDelta::seconds(5));
    let desktop = Desktop { last_input_at: typed, warned_at: Some(minutes(40)), ..testing::running(minutes(0)) };
    assert_eq!(at(minutes(80), &desktop), Told::Warn);
}

#[test]
fn a_lifetime_ends_whatever_is_done_and_is_told_by_itself() {
    let of = |desktop: &Desktop, minute| told(desktop, &SHORT_LIVED, &NOTHING, minutes(minute));
    // told that it would stop unused, which is not what it stops of
    let used = Desktop { last_input_at: Some(minutes(110)), ..testing::running(minutes(0)) }.warned(minutes(100));
    assert_eq!(of(&used, 114), Told::Keep);
    assert_eq!(of(&used, 115), Told::Warn);
    let warned = used.warned(minutes(115));
    assert_eq!(of(&warned, 116), Told::Keep);
    let extended = warned.extended(minutes(117));
    assert_eq!(of(&extended, 118), Told::Keep, "it is not told again, which would put the end off");
    assert_eq!(SHORT_LIVED.ending(&extended, &NOTHING).map(|ending| ending.at), Some(minutes(120)));
    assert_eq!(of(&extended, 120), Told::Stop(Why::Lifetime { minutes: 120 }));
}

#[test]
fn nobody_is_stopped_of_age_without_a_warning_in_time_either() {
    let in_use = |now| Desktop { last_input_at: Some(minutes(now)), ..testing::running(minutes(0)) };
    let of = |desktop: &Desktop, minute| told(desktop, &SHORT_LIVED, &NOTHING, minutes(minute));
    // the worker was away
    assert_eq!(of(&in_use(300), 300), Told::Warn);
    let warned = in_use(304).warned(minutes(300));
    assert_eq!(of(&warned, 304), Told::Keep);
    assert_eq!(of(&warned, 305), Told::Stop(Why::Lifetime { minutes: 120 }));
}

#[test]
fn whoever_is_told_of_idleness_and_comes_back_is_told_of_the_end_that_comes_all_the_same() {
    let of = |desktop: &Desktop, minute| judged(desktop, &SHORT_LIVED, &NOTHING, minutes(minute));
    // it would stop unused in the 114th minute, and of age in the 120th
    let unused = Desktop { last_input_at: Some(minutes(69)), ..testing::running(minutes(0)) };
    assert!(matches!(of(&unused, 109), Verdict::Warn(ending) if ending.why == Why::Idle { minutes: 45 }));
    let back = Desktop { last_input_at: Some(minutes(113)), ..unused.warned(minutes(109)) };
    assert!(matches!(of(&back, 115), Verdict::Warn(ending) if ending.why == Why::Lifetime { minutes: 120 }));
}

#[test]
fn the_earliest_limit_is_the_one_that_applies() {
    let mut desktop = testing::running(minutes(0));
    let ending = |desktop: &_| SHORT_LIVED.ending(desktop, &NOTHING).expect("it has limits");
    assert_eq!(ending(&desktop).why, Why::Idle { minutes: 45 });
    desktop.last_input_at = Some(minutes(80));
    assert_eq!(ending(&desktop).why, Why::Lifetime { minutes: 120 });
    assert_eq!(ending(&desktop).at, minutes(120));
    // unused from the 117th minute on: then its owner is already told to save everything
    desktop.last_input_at = Some(minutes(72));
    assert_eq!(ending(&desktop).at, minutes(120));
}

#[test]
fn a_lesson_keeps_it_from_everything_and_its_end_is_told_before() {
    let desktop = testing::running(minutes(0)).warned(minutes(40));
    let lesson = Facts { kept_until: Some(minutes(180)), is_night: true, ..NOTHING };
    assert_eq!(judged(&desktop, &SHORT_LIVED, &lesson, minutes(130)), Verdict::Keep(Kept::Lesson));
    for policy in [POLICY, SHORT_LIVED] {
        let of =
            |desktop: &Desktop, minute| told(desktop, &policy, &Facts { is_night: false, ..lesson }, minutes(minute));
        assert_eq!(of(&desktop, 174), Told::Keep);
        assert_eq!(of(&desktop, 175), Told::Warn);
        let warned = desktop.clone().warned(minutes(175));
        assert_eq!(of(&warned, 179), Told::Keep);
        assert!(matches!(of(&warned, 180), Told::Stop(_)));
    }
}

#[test]
fn a_warning_from_before_a_lesson_is_none_when_the_lesson_is_called_off() {
    let desktop = testing::running(minutes(0)).warned(minutes(40));
    let lesson = Facts { kept_until: Some(minutes(90)), ..NOTHING };
    let taught = apply(judged(&desktop, &POLICY, &lesson, minutes(44)), desktop, minutes(44));
    assert_eq!(at(minutes(60), &taught), Told::Warn);
    assert_eq!(at(minutes(65), &taught.warned(minutes(60))), STOP);
}

#[test]
fn what_is_busy_is_not_idle_but_grows_old() {
    let desktop = testing::running(minutes(0)).warned(minutes(115));
    let busy = Facts { busy: true, ..NOTHING };
    assert_eq!(judged(&desktop, &POLICY, &busy, minutes(90)), Verdict::Keep(Kept::Busy));
    assert_eq!(judged(&desktop, &SHORT_LIVED, &busy, minutes(90)), Verdict::Keep(Kept::Busy));
    assert_eq!(told(&desktop, &SHORT_LIVED, &busy, minutes(120)), Told::Stop(Why::Lifetime { minutes: 120 }));
}

#[test]
fn what_computes_when_it_would_be_told_or_end_is_used_just_then() {
    let (desktop, busy) = (testing::running(minutes(0)), Facts { busy: true, ..NOTHING });
    let asks = |desktop: &Desktop, policy: &IdlePolicy, minute| {
        policy.asks_for_load(&judged(desktop, policy, &NOTHING, minutes(minute)))
    };
    let warned = desktop.clone().warned(minutes(40));
    assert!(!asks(&desktop, &POLICY, 39) && asks(&desktop, &POLICY, 40));
    assert!(!asks(&warned, &POLICY, 44) && asks(&warned, &POLICY, 45));
    assert!(!asks(&warned, &IdlePolicy { busy_above: None, ..POLICY }, 45), "unless it is told not to");
    assert!(!asks(&desktop, &SHORT_LIVED, 115), "nor for an end that nothing puts off");

    let used = apply(judged(&warned, &POLICY, &busy, minutes(45)), warned, minutes(45));
    assert_eq!(used.last_use(), Some(minutes(45)));
    assert_eq!(at(minutes(84), &used), Told::Keep);
    assert_eq!(at(minutes(85), &used), Told::Warn, "when it has not computed for long enough");
}

#[test]
fn nobody_knows_when_the_owner_of_what_may_compute_is_warned_until_they_are() {
    let desktop = testing::running(minutes(0));
    let warns_at = |policy: &IdlePolicy, desktop: &Desktop| {
        let ending = policy.ending(desktop, &NOTHING).expect("it has limits");
        policy.warns_at(desktop, &ending)
    };
    assert_eq!(warns_at(&POLICY, &desktop), None);
    assert_eq!(warns_at(&IdlePolicy { busy_above: None, ..POLICY }, &desktop), Some(minutes(40)));
    assert_eq!(warns_at(&IdlePolicy { idle_after: None, ..SHORT_LIVED }, &desktop), Some(minutes(115)));
    assert_eq!(warns_at(&POLICY, &desktop.warned(minutes(40))), Some(minutes(40)));
}

#[test]
fn to_compute_is_to_use_more_than_a_share_of_one_processor() {
    let (minute, seconds) = (Duration::from_mins(1), Duration::from_secs);
    assert!(POLICY.computes(seconds(31), minute) && POLICY.computes(seconds(200), minute));
    assert!(!POLICY.computes(seconds(30), minute) && !POLICY.computes(seconds(0), minute));
    assert!(!POLICY.computes(seconds(0), seconds(0)));
    assert!(!IdlePolicy::NONE.computes(minute, minute));
}

#[test]
fn at_night_all_that_is_awake_stops_but_what_is_exempt() {
    let now = testing::epoch();
    let night = Facts { is_night: true, ..NOTHING };
    let exempt = IdlePolicy { nightly_stop: false, ..POLICY };
    for state in DesktopState::ALL.iter().copied() {
        let desktop = Desktop { state, ..testing::running(now) };
        let expected = if state.is_awake() { Told::Stop(Why::Nightly) } else { Told::Keep };
        assert_eq!(told(&desktop, &POLICY, &night, now), expected, "{state}");
        assert_eq!(told(&desktop, &exempt, &night, now), Told::Keep, "{state}");
    }
}

#[test]
fn the_night_is_told_of_before_and_left_to_the_schedule() {
    let of = |desktop: &Desktop, night, minute| {
        judged(desktop, &POLICY, &Facts { night_at: Some(minutes(night)), ..NOTHING }, minutes(minute))
    };
    let is_night = |ending: &Ending| ending.why == Why::Nightly;
    let used = Desktop { last_input_at: Some(minutes(50)), ..testing::running(minutes(0)) };
    assert!(matches!(of(&used, 60, 54), Verdict::Keep(Kept::InTime(ending)) if is_night(&ending)));
    assert!(matches!(of(&used, 60, 55), Verdict::Warn(ending) if is_night(&ending) && ending.at == minutes(60)));
    let warned = used.clone().warned(minutes(55));
    for minute in [55, 60, 61] {
        assert!(matches!(of(&warned, 60, minute), Verdict::Keep(Kept::Warned(ending)) if is_night(&ending)));
    }
    // the night is over, and the next one is far
    assert_eq!(told_of(of(&warned, 24 * 60 + 60, 61)), Told::Keep);
    // started within the warning
    let late = testing::running(minutes(58));
    assert!(matches!(of(&late, 60, 58), Verdict::Warn(ending) if is_night(&ending)));
    let exempt = IdlePolicy { nightly_stop: false, ..POLICY };
    let night = Facts { night_at: Some(minutes(60)), ..NOTHING };
    assert_eq!(told(&used, &exempt, &night, minutes(58)), Told::Keep);
}

#[test]
fn the_first_of_the_fixed_ends_is_told_and_no_key_helps_against_it() {
    let desktop = testing::running(minutes(0));
    let ending = |policy: &IdlePolicy, night| {
        let facts = Facts { night_at: Some(minutes(night)), ..NOTHING };
        policy.ending(&desktop, &facts).map(|ending| (ending.at, ending.why))
    };
    let young = IdlePolicy { max_lifetime: Some(TimeDelta::minutes(30)), ..POLICY };
    assert_eq!(ending(&young, 31), Some((minutes(30), Why::Lifetime { minutes: 30 })));
    assert_eq!(ending(&young, 29), Some((minutes(29), Why::Nightly)));
    assert_eq!(ending(&POLICY, 50), Some((minutes(45), Why::Idle { minutes: 45 })));
    assert_eq!(ending(&POLICY, 49), Some((minutes(49), Why::Nightly)));
}

#[test]
fn a_lesson_over_night_passes_the_night_over() {
    let desktop = Desktop { last_input_at: Some(minutes(100)), ..testing::running(minutes(0)) };
    let lesson = |until| Facts { kept_until: Some(minutes(until)), night_at: Some(minutes(120)), ..NOTHING };
    assert_eq!(judged(&desktop, &POLICY, &lesson(121), minutes(118)), Verdict::Keep(Kept::Lesson));
    let ending = POLICY.ending(&desktop, &lesson(120)).expect("it has limits");
    assert_eq!((ending.at, ending.why), (minutes(120), Why::Nightly));
}

#[test]
fn what_does_not_run_is_left_alone() {
    let start = testing::epoch();
    for state in DesktopState::ALL.iter().copied().filter(|state| *state != DesktopState::Running) {
        let desktop = Desktop { state, ..testing::running(start) };
        let verdict = judged(&desktop, &SHORT_LIVED, &NOTHING, start + TimeDelta::days(9));
        assert_eq!(verdict, Verdict::Keep(Kept::NotRunning));
    }
}

#[test]
fn without_a_limit_nothing_is_stopped() {
    let start = testing::epoch();
    let verdict = judged(&testing::running(start), &IdlePolicy::NONE, &NOTHING, start + TimeDelta::days(9));
    assert_eq!(verdict, Verdict::Keep(Kept::Unlimited));
}

#[test]
fn every_verdict_has_its_sentence_in_both_languages() {
    let start = testing::epoch();
    let desktop = testing::running(start);
    let in_use = Desktop { last_input_at: Some(minutes(100)), ..desktop.clone() };
    let old = |desktop: &Desktop, minute| judged(desktop, &SHORT_LIVED, &NOTHING, minutes(minute));
    let idle = |desktop: &Desktop, minute| judged(desktop, &POLICY, &NOTHING, minutes(minute));
    let warned = desktop.clone().warned(minutes(40));
    let facts = |facts: &Facts| judged(&desktop, &POLICY, facts, minutes(20));
    let verdicts = [
        (idle(&desktop, 0), "Was in use a short while ago."),
        (idle(&desktop, 40), "Stops soon because nobody works in it. A key or a click keeps it awake."),
        (idle(&warned, 45), "Stopped because nobody worked in it for 45 minutes."),
        (old(&in_use, 101), "Has not been running for 2 hours yet."),
        (
            old(&in_use, 115),
            "Stops soon because a desktop does not run for longer than 2 hours. That cannot be extended: please save \
             everything.",
        ),
        (
            old(&in_use.clone().warned(minutes(115)), 120),
            "Stopped because a desktop does not run for longer than 2 hours. One click starts it again.",
        ),
        (facts(&Facts { night_at: Some(minutes(30)), ..NOTHING }), "Runs until the nightly stop."),
        (
            facts(&Facts { night_at: Some(minutes(22)), ..NOTHING }),
            "Stops soon, as every night. That cannot be extended: please save everything.",
        ),
        (facts(&Facts { busy: true, ..NOTHING }), "Goes on because it is computing."),
        (facts(&Facts { kept_until: Some(minutes(90)), ..NOTHING }), "Goes on because a lesson needs it."),
        (facts(&Facts { is_night: true, ..NOTHING }), "Stopped as every night."),
        (judged(&desktop.clone().warned(minutes(40)), &POLICY, &NOTHING, minutes(41)), "Its owner has been warned."),
    ];
    for (verdict, sentence) in verdicts {
        assert_eq!(verdict.sentence(Language::English), sentence, "{verdict:?}");
        assert_ne!(verdict.sentence(Language::German), sentence, "{verdict:?}");
    }
}
