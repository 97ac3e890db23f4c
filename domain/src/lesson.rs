//! A lesson: a group that needs its desktops for a while.

use chrono::TimeDelta;

use crate::{Timestamp, template::FieldError};

/// No lesson is longer.
const LONGEST: TimeDelta = TimeDelta::hours(12);
/// None is planned further ahead.
const FURTHEST: TimeDelta = TimeDelta::days(366);

/// When a lesson is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From then on,
    pub from: Timestamp,
    /// and before then.
    pub until: Timestamp,
}

impl Window {
    /// When somebody wants a lesson to be, from now on where they say nothing else; or what is wrong with that.
    pub fn wanted(from: Option<Timestamp>, until: Timestamp, now: Timestamp) -> Result<Self, Vec<FieldError>> {
        let from = from.unwrap_or(now);
        let is_span = until > now && until > from && until - from <= LONGEST;
        let rules = [
            (from <= now + FURTHEST, "from", "a time within the next 366 days"),
            (is_span, "until", "a time to come, after `from` by at most 12 hours"),
        ];
        let wrong: Vec<_> = rules
            .into_iter()
            .filter(|(holds, ..)| !holds)
            .map(|(_, field, expected)| FieldError { field, expected })
            .collect();
        if wrong.is_empty() { Ok(Self { from, until }) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::Window;
    use crate::{Timestamp, desktop::testing};

    fn hours(hours: i64) -> Timestamp {
        testing::epoch() + TimeDelta::hours(hours)
    }

    /// The fields that are wrong, by the clock of hour 0.
    fn wrong(from: Option<i64>, until: i64) -> Vec<&'static str> {
        let window = Window::wanted(from.map(hours), hours(until), hours(0));
        window.err().unwrap_or_default().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn a_lesson_begins_now_or_when_it_is_said_and_lasts_at_most_half_a_day() {
        let now = Window::wanted(None, hours(2), hours(0));
        assert_eq!(now, Ok(Window { from: hours(0), until: hours(2) }));
        for (from, until) in [(None, 12), (Some(-1), 1), (Some(24), 26), (Some(366 * 24), 366 * 24 + 1)] {
            assert_eq!(wrong(from, until), Vec::<&str>::new(), "{from:?} {until}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_lesson_is_named() {
        for (from, until) in [(None, 0), (None, 13), (Some(-3), -1), (Some(5), 5), (Some(5), 4), (Some(-12), 1)] {
            assert_eq!(wrong(from, until), ["until"], "{from:?} {until}");
        }
        assert_eq!(wrong(Some(366 * 24 + 1), 366 * 24 + 2), ["from"]);
        assert_eq!(wrong(Some(9000), 9), ["from", "until"]);
    }
}
