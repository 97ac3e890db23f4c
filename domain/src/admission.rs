//! Who starts next when more want to start than the engine can start at once.

use crate::{DesktopId, Timestamp};

/// A desktop that waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub desktop: DesktopId,
    /// Since when.
    pub since: Timestamp,
}

/// Puts those who wait in the order in which they start: first come, first served; the id breaks a tie.
pub fn order(waiting: &mut [Waiting]) {
    waiting.sort_unstable_by_key(|one| (one.since, one.desktop));
}

/// How many starts an engine carries at once: two a processor, at least two.
///
/// Starting is bound by the processor (a desktop's first second is all program start), and thirty at once make each
/// of them slow; issue the rest as places become free.
pub fn concurrent_starts(cpus: usize) -> usize {
    (cpus * 2).max(2)
}

/// A guess of the seconds until a place in the queue has started, from how long starts took lately.
pub fn estimate(place: usize, slots: usize, seconds_per_start: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "seconds of a queue fit")]
    let seconds = (place as f64 / slots.max(1) as f64).ceil().mul_add(seconds_per_start, 0.5) as i32;
    seconds.max(1)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{Waiting, estimate, order};
    use crate::{DesktopId, desktop::testing::epoch};

    #[test]
    fn the_first_to_ask_starts_first() {
        let late = Waiting { desktop: DesktopId::new(), since: epoch() + TimeDelta::seconds(1) };
        let early = Waiting { desktop: DesktopId::new(), since: epoch() };
        let mut waiting = [late, early];
        order(&mut waiting);
        assert_eq!(waiting, [early, late]);
    }

    #[test]
    fn the_estimate_grows_with_the_place() {
        assert_eq!(estimate(1, 4, 2.0), 2);
        assert_eq!(estimate(5, 4, 2.0), 4);
        assert!(estimate(0, 0, 0.0) >= 1);
    }
}
