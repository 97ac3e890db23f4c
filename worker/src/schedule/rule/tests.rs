use chrono::{NaiveDate, TimeDelta, TimeZone};
use chrono_tz::Tz;
use domain::Timestamp;
use proptest::prelude::*;

use super::{Cron, Missed, Rule, Verdict, decide};

const BERLIN: Tz = Tz::Europe__Berlin;
const AN_HOUR: Missed = Missed::TooLateAfter(TimeDelta::hours(1));

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn cron(text: &str) -> Cron {
    text.parse().expect("a cron expression")
}

/// The moments of an expression in Berlin between two instants, as `next` finds them.
fn moments(expression: &str, from: &str, to: &str) -> Vec<String> {
    let (cron, mut now, to) = (cron(expression), at(from), at(to));
    let mut found = Vec::new();
    while let Some(next) = cron.next(BERLIN, now).filter(|next| *next <= to) {
        found.push(next.with_timezone(&BERLIN).format("%d. %H:%M %Z").to_string());
        now = next;
    }
    found
}

#[test]
fn a_time_that_is_left_out_has_its_moment_at_the_change() {
    let march = |expression| moments(expression, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
    assert_eq!(march("30 2 * * *"), ["29. 03:00 CEST", "30. 02:30 CEST"]);
    assert_eq!(march("0 2 * * *"), ["29. 03:00 CEST", "30. 02:00 CEST"]);
    assert_eq!(march("0 3 * * *"), ["29. 03:00 CEST", "30. 03:00 CEST"]);
    // all that are left out share one moment
    assert_eq!(march("*/20 2 29 * *"), ["29. 03:00 CEST"]);
    assert_eq!(march("59 1 * * *"), ["29. 01:59 CET", "30. 01:59 CEST"]);
}

#[test]
fn a_time_that_comes_twice_has_its_moment_the_first_time() {
    let october = |expression| moments(expression, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
    assert_eq!(october("30 2 * * *"), ["25. 02:30 CEST", "26. 02:30 CET"]);
    assert_eq!(october("0 3 * * *"), ["25. 03:00 CET", "26. 03:00 CET"]);
    assert_eq!(october("*/30 2 25 * *"), ["25. 02:00 CEST", "25. 02:30 CEST"]);
}

#[test]
fn between_the_two_times_nothing_comes_back() {
    let second = at("2026-10-25T01:10:00Z");
    assert_eq!(second.with_timezone(&BERLIN).format("%H:%M %Z").to_string(), "02:10 CET");
    let (half_past_two, first) = (cron("30 2 * * *"), at("2026-10-25T00:30:00Z"));
    assert_eq!(half_past_two.latest(BERLIN, second), Some(first));
    assert_eq!(half_past_two.next(BERLIN, second), Some(at("2026-10-26T01:30:00Z")));
}

#[test]
fn parts_of_seconds_do_not_count() {
    let ten = cron("0 22 * * *");
    let (moment, just_before) = (at("2026-11-25T21:00:00Z"), at("2026-11-25T20:59:59.7Z"));
    assert_eq!(ten.next(BERLIN, just_before), Some(moment));
    assert_eq!(ten.latest(BERLIN, at("2026-11-25T21:00:00.000001Z")), Some(moment));
    assert_eq!(ten.next(BERLIN, at("2026-11-25T21:00:00.3Z")), Some(moment + TimeDelta::days(1)));
}

#[test]
fn a_day_that_was_left_out_has_its_moment_at_the_change() {
    let noon = cron("0 12 * * *");
    let moment = noon.next(Tz::Pacific__Apia, at("2011-12-30T09:00:00Z"));
    assert_eq!(moment, Some(at("2011-12-30T10:00:00Z")), "30 December 2011 did not come");
}

#[test]
fn what_never_comes_is_never_due() {
    let never = Rule::At(cron("0 0 30 2 *"), BERLIN);
    let now = at("2026-11-25T12:00:00Z");
    assert_eq!(never.next(now), None);
    assert_eq!(decide(&never, Missed::CaughtUp, Some(now - TimeDelta::days(1)), now), Verdict::Wait);
}

#[test]
fn a_missed_run_is_made_up_for_once_or_passed_over() {
    let rule = Rule::At(cron("0 22 * * *"), BERLIN);
    let (monday, tuesday) = (at("2026-11-23T21:00:00Z"), at("2026-11-24T21:00:00Z"));
    let early = tuesday + TimeDelta::minutes(59);
    let late = tuesday + TimeDelta::minutes(61);
    let before = Some(monday - TimeDelta::days(3));
    assert_eq!(decide(&rule, Missed::CaughtUp, before, late), Verdict::Run(tuesday), "once for all that passed");
    assert_eq!(decide(&rule, Missed::CaughtUp, Some(tuesday), late), Verdict::Wait);
    assert_eq!(decide(&rule, AN_HOUR, before, early), Verdict::Run(tuesday));
    assert_eq!(decide(&rule, AN_HOUR, before, late), Verdict::PassOver(tuesday));
    assert_eq!(decide(&rule, AN_HOUR, None, early), Verdict::PassOver(early), "it was never looked at before");
}

#[test]
fn a_clock_that_was_far_ahead_does_not_stop_the_schedule() {
    let now = at("2026-11-25T12:00:00Z");
    let ahead = Some(now + TimeDelta::days(365));
    assert_eq!(decide(&Rule::At(cron("0 22 * * *"), BERLIN), AN_HOUR, ahead, now), Verdict::PassOver(now));
    assert_eq!(decide(&Rule::Every(TimeDelta::seconds(5)), Missed::CaughtUp, ahead, now), Verdict::Run(now));
}

#[test]
fn an_interval_counts_from_the_last_run() {
    let (rule, last) = (Rule::Every(TimeDelta::minutes(1)), at("2026-11-25T12:00:00Z"));
    let after = |seconds| decide(&rule, Missed::CaughtUp, Some(last), last + TimeDelta::seconds(seconds));
    assert_eq!(after(59), Verdict::Wait);
    assert_eq!(after(-59), Verdict::Wait);
    assert_eq!(after(60), Verdict::Run(last + TimeDelta::minutes(1)));
    assert_eq!(after(6000), Verdict::Run(last + TimeDelta::minutes(100)), "once, however many passed");
    assert_eq!(decide(&rule, Missed::CaughtUp, None, last), Verdict::Run(last));
    assert_eq!(decide(&Rule::OnDemand, Missed::CaughtUp, None, last), Verdict::Wait);
}

/// Where clocks change by an hour, by half an hour, on the other side of the world, and never.
const ZONES: [Tz; 5] =
    [BERLIN, Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::Pacific__Auckland, Tz::Asia__Kolkata];

/// The moment of a time of day, found without the code under test: minute by minute, the first at which the clock on
/// the wall shows it or a later one.
fn by_hand(zone: Tz, date: NaiveDate, (hour, minute): (u32, u32)) -> Timestamp {
    let time = date.and_hms_opt(hour, minute, 0).expect("a time of day");
    let from = time.and_utc() - TimeDelta::hours(15);
    (0..30 * 60)
        .map(|minutes| from + TimeDelta::minutes(minutes))
        .find(|at| zone.from_utc_datetime(&at.naive_utc()).naive_local() >= time)
        .expect("every clock shows a time within 15 hours of another")
}

fn zones() -> impl Strategy<Value = Tz> {
    prop::sample::select(ZONES.to_vec())
}

/// A day of any year, half of them around those on which clocks change somewhere.
fn days() -> impl Strategy<Value = NaiveDate> {
    let change = prop::sample::select(vec![(3, 7), (3, 28), (4, 1), (9, 24), (10, 1), (10, 24), (11, 1)]);
    prop_oneof![
        (2000..2040, 1..=365_u32).prop_map(|(year, day)| NaiveDate::from_yo_opt(year, day).expect("a day")),
        (2000..2040, change).prop_map(|(year, (month, day))| NaiveDate::from_ymd_opt(year, month, day).expect("a day")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What is found forwards and backwards is what is found by looking at each minute of the wall's clock.
    #[test]
    fn moments_are_those_of_the_clock_on_the_wall(zone in zones(), first in days(), hour in 0..24_u32, minute in 0..60_u32) {
        let cron = cron(&format!("{minute} {hour} * * *"));
        let expected: Vec<_> = first.iter_days().take(10).map(|day| by_hand(zone, day, (hour, minute))).collect();
        let mut now = expected[0] - TimeDelta::seconds(1);
        for moment in &expected {
            prop_assert_eq!(cron.next(zone, now), Some(*moment));
            prop_assert_eq!(cron.latest(zone, *moment), Some(*moment));
            now = *moment;
        }
        for pair in expected.windows(2) {
            prop_assert_eq!(cron.latest(zone, pair[1] - TimeDelta::microseconds(1)), Some(pair[0]));
        }
    }

    /// However the ticks fall, the process restarts and the clock jumps by minutes: each moment is run for exactly
    /// once, unless it is too late for it, or a later one was due in the same tick.
    #[test]
    fn each_moment_is_run_for_exactly_once(
        zone in zones(),
        first in days(),
        expression in prop::sample::select(vec!["30 2 * * *", "0 22 * * *", "*/20 1-3 * * *", "15,45 * * * *", "0 0 * * 1-5"]),
        steps in prop::collection::vec((-40..200_i64, 0..60_i64), 50..150),
        skipping in any::<bool>(),
    ) {
        let rule = Rule::At(cron(expression), zone);
        let missed = if skipping { AN_HOUR } else { Missed::CaughtUp };
        let Rule::At(cron, _) = &rule else { unreachable!("it was made above") };
        let begin = by_hand(zone, first, (0, 0));
        // what is stored is all that outlives a tick: so a restart is between any two of them
        let mut stored = None;
        let (mut now, mut seen) = (begin, begin);
        let mut runs: Vec<Timestamp> = Vec::new();
        for (minutes, seconds) in steps {
            let verdict = decide(&rule, missed, stored, now);
            let Some(last) = stored else {
                prop_assert_eq!(verdict, Verdict::PassOver(now));
                stored = Some(now);
                continue;
            };
            let due: Vec<_> = std::iter::successors(cron.next(zone, last), |moment| cron.next(zone, *moment))
                .take_while(|moment| *moment <= now)
                .collect();
            match (verdict, due.last()) {
                (Verdict::Run(moment), Some(latest)) => {
                    prop_assert_eq!(moment, *latest);
                    prop_assert!(!runs.contains(&moment), "{} twice", moment);
                    runs.push(moment);
                    stored = Some(moment);
                }
                (Verdict::PassOver(moment), Some(latest)) => {
                    prop_assert!(skipping && moment == *latest && now - moment > TimeDelta::hours(1));
                    stored = Some(moment);
                }
                (verdict, latest) => prop_assert_eq!((verdict, latest), (Verdict::Wait, None)),
            }
            // never back behind what was seen by more than a clock is put right by
            seen = seen.max(now);
            now = (now + TimeDelta::minutes(minutes) + TimeDelta::seconds(seconds)).max(seen - TimeDelta::minutes(40));
        }
        prop_assert!(runs.windows(2).all(|pair| pair[0] < pair[1]));
    }

}

proptest! {
    // each case is a year of ticks
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Ticks come at least once an hour: then none is passed over and none shares a tick, through years and changes.
    #[test]
    fn with_steady_ticks_every_day_has_its_run(zone in zones(), year in 2000..2040_i32, hour in 0..24_u32, minute in 0..60_u32) {
        let rule = Rule::At(cron(&format!("{minute} {hour} * * *")), zone);
        let day_one = |year| by_hand(zone, NaiveDate::from_yo_opt(year, 1).expect("a day"), (hour, minute));
        let (begin, end) = (day_one(year) - TimeDelta::seconds(1), day_one(year + 1));
        let (mut stored, mut now, mut runs) = (Some(begin), begin, 0);
        while now < end {
            if let Verdict::Run(moment) = decide(&rule, AN_HOUR, stored, now) {
                stored = Some(moment);
                runs += 1;
            }
            now += TimeDelta::minutes(59);
        }
        let days = if NaiveDate::from_yo_opt(year, 1).is_some_and(|day| day.leap_year()) { 366 } else { 365 };
        prop_assert_eq!(runs, days);
    }
}
