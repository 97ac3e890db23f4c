//! What happens in a day: when people are at work, when they are taught, when their desktops compute, and what is away.

use std::ops::Range;

use super::{DAY, HOUR, LIMIT, MINUTE, Second};

/// A lesson, by the clock on the wall.
pub(super) struct Lesson {
    pub(super) window: Range<Second>,
    /// When it is ended before its time, by the steady clock.
    pub(super) called_off: Option<Second>,
}

/// Spans of so many seconds, of which one comes in about so many.
pub(super) fn rarely(dice: &mut fastrand::Rng, every: Second, lasts: Range<Second>) -> Vec<Range<Second>> {
    let mut spans = Vec::new();
    let mut at = dice.i64(0..2 * every);
    while at < DAY {
        let until = at + dice.i64(lasts.clone());
        spans.push(at..until);
        at = until + dice.i64(0..2 * every);
    }
    spans
}

pub(super) fn covers(ranges: &[Range<Second>], at: Second) -> bool {
    ranges.iter().any(|range| range.contains(&at))
}

/// When somebody of one kind or another uses a desktop in a day.
pub(super) fn usage(dice: &mut fastrand::Rng) -> Vec<Range<Second>> {
    let kind = dice.u8(0..6);
    let mut used = Vec::new();
    let mut at = dice.i64(1..5 * MINUTE);
    while at < DAY {
        let (burst, pause) = match kind {
            // never touched: at most a clock blinks, and that sends octets and no input
            0 => break,
            // bursts, and short thoughts
            1 | 2 => (dice.i64(MINUTE..20 * MINUTE), dice.i64(1..12 * MINUTE)),
            // a key now and then while reading
            3 => (dice.i64(1..5), dice.i64(25 * MINUTE..LIMIT)),
            // the laptop is closed, for a break or for the rest of the lesson
            4 => (dice.i64(MINUTE..90 * MINUTE), dice.i64(10 * MINUTE..4 * HOUR)),
            // up to the very last second
            _ => (1, LIMIT - dice.i64(1..60)),
        };
        used.push(at..at + burst);
        at += burst + pause;
        // everybody goes home some time
        if dice.u8(0..12) == 0 {
            break;
        }
    }
    used
}

/// Up to three lessons of a day, of which some are called off.
pub(super) fn lessons(dice: &mut fastrand::Rng) -> Vec<Lesson> {
    let mut lesson = |_| {
        let (from, length) = (dice.i64(0..DAY - HOUR), dice.i64(15 * MINUTE..4 * HOUR));
        let called_off = (dice.u8(0..3) == 0).then(|| from + dice.i64(10 * MINUTE..length));
        Lesson { window: from..from + length, called_off }
    };
    let mut lessons: Vec<_> = (0..3).map(&mut lesson).collect();
    lessons.truncate(dice.usize(1..=3));
    lessons
}
