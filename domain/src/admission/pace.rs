//! How many desktops may be starting at a time: as many as the engine carries without slowing each other down much.
//!
//! Nobody can tell beforehand. Starting is mostly the processor's work, where a second start beside the first gains
//! nothing once all processors are busy; on a slow disk even that is too much, on a fast machine with small images a
//! dozen starts disturb nobody. So it is measured, in the way TCP Vegas (Brakmo and Peterson, 1995) finds how much
//! a network carries: from how much slower a start was than the best of its kind, one can tell how many of those
//! beside it merely waited.

use std::collections::HashMap;

use chrono::TimeDelta;

use crate::{TemplateId, Timestamp};

/// Starts at a time before anything was measured, for each processor.
const FIRST: f64 = 2.0;
/// Starts that merely wait, for each processor: below the one there may be more at a time, beyond the other fewer.
const FEW: f64 = 1.0;
const MANY: f64 = 2.0;
/// How many times slower than the best a start may be with as many beside it or more, and how slow with fewer: what
/// holds up even a few starts that much is not the processor.
const SLOW: f64 = 4.0;
const TOO_SLOW: f64 = 8.0;
/// The most starts at a time, for each processor.
const CEILING: f64 = 8.0;
/// How long a start takes before one was seen, in seconds.
const FIRST_GUESS: f64 = 3.0;
/// How much of the average the latest start is.
const WEIGHT: f64 = 0.2;
/// For half as long, at least, the best start of a template counts; after all of it, not any more.
const LATELY: TimeDelta = TimeDelta::hours(1);

/// How many desktops may be starting at a time, learned from how long starts take.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    at_once: f64,
    /// Nothing where somebody has said how many.
    cpus: Option<f64>,
    best: HashMap<TemplateId, Best>,
    seconds_per_start: f64,
}

/// The fastest start of a template lately, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Best {
    since: Timestamp,
    now: f64,
    before: f64,
}

/// A desktop that has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// What it was made from.
    pub template: TemplateId,
    /// How long it took from its turn until it ran.
    pub took: TimeDelta,
    /// How many were starting when it began, itself included.
    pub beside: usize,
}

impl Pace {
    /// Begins with what this many processors will hardly be too few for.
    pub fn measured(cpus: u32) -> Self {
        let cpus = f64::from(cpus.max(1));
        Self { at_once: cpus * FIRST, cpus: Some(cpus), best: HashMap::new(), seconds_per_start: FIRST_GUESS }
    }

    /// Always this many.
    pub fn fixed(at_once: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "nobody starts so many")]
        let at_once = at_once.max(1) as f64;
        Self { at_once, cpus: None, best: HashMap::new(), seconds_per_start: FIRST_GUESS }
    }

    /// How many may be starting at a time; at least one.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the ceiling")]
    pub fn at_once(&self) -> usize {
        self.at_once as usize
    }

    /// How long a start takes on average, in seconds.
    pub fn seconds_per_start(&self) -> f64 {
        self.seconds_per_start
    }

    /// Learns from a start that went well at the first try.
    pub fn learn(&mut self, start: Start, now: Timestamp) {
        let took = start.took.as_seconds_f64().max(0.001);
        self.seconds_per_start += WEIGHT * (took - self.seconds_per_start);
        let best = self.best.entry(start.template).or_insert(Best { since: now, now: took, before: took });
        let best = best.with(took, now);
        let Some(cpus) = self.cpus else {
            return;
        };
        #[expect(clippy::cast_precision_loss, reason = "nobody starts so many")]
        let beside = start.beside as f64;
        let merely_waited = beside * (1.0 - best / took);
        let slowness = took / best;
        // each start has its share in the decision, so a round of them moves it by one, or by half at the very most
        if slowness > TOO_SLOW {
            self.at_once -= 0.5;
        } else if merely_waited > MANY * cpus {
            self.at_once -= ((merely_waited - MANY * cpus) / self.at_once).min(0.5);
        } else if merely_waited < FEW * cpus && slowness < SLOW && start.beside >= self.at_once() {
            // only who has tried what is allowed can say that more would do
            self.at_once += 1.0 / self.at_once;
        }
        self.at_once = self.at_once.clamp(1.0, cpus * CEILING);
    }
}

impl Best {
    /// The best with another one.
    fn with(&mut self, took: f64, now: Timestamp) -> f64 {
        if now - self.since >= LATELY / 2 {
            *self = Self { since: now, now: took, before: self.now };
        }
        self.now = self.now.min(took);
        self.now.min(self.before)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::{Pace, Start};
    use crate::{TemplateId, desktop::testing::epoch};

    const CPUS: u32 = 4;

    /// Lets desktops start as fast as the pace allows, on a machine that needs so many seconds for one of so many at
    /// a time; the pace after each.
    fn work(pace: &mut Pace, starts: usize, seconds: impl Fn(usize) -> f64) -> Vec<usize> {
        let template = TemplateId::new();
        let mut under_way = VecDeque::new();
        let mut now = epoch();
        let mut paces = Vec::new();
        for _ in 0..starts {
            while under_way.len() < pace.at_once() {
                under_way.push_back(under_way.len() + 1);
            }
            let beside = under_way.pop_front().expect("at least one may start");
            let millis = (seconds(beside) * 1000.0).round();
            #[expect(clippy::cast_possible_truncation, reason = "a few thousand")]
            let took = TimeDelta::milliseconds(millis as i64);
            now += TimeDelta::milliseconds(200);
            pace.learn(Start { template, took, beside }, now);
            paces.push(pace.at_once());
        }
        paces
    }

    /// All processors work, and whoever is one too many waits.
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    fn shared(beside: usize) -> f64 {
        (beside as f64 / f64::from(CPUS)).max(1.0)
    }

    #[test]
    fn a_machine_that_works_with_all_processors_is_kept_busy_and_not_swamped() {
        let mut pace = Pace::measured(CPUS);
        // a start of its own says how fast it can be
        pace.learn(Start { template: TemplateId::new(), took: TimeDelta::seconds(1), beside: 1 }, epoch());
        let paces = work(&mut pace, 400, shared);
        let late = &paces[200..];
        let (least, most) = (late.iter().min().expect("some"), late.iter().max().expect("some"));
        assert!(*least >= 4 && *most <= 16, "{least} to {most}");
        assert!(most - least <= 2, "it settles: {late:?}");
    }

    #[test]
    fn a_machine_that_does_not_mind_gets_more_at_a_time() {
        let paces = work(&mut Pace::measured(CPUS), 1000, |_| 1.0);
        assert_eq!(paces.last(), Some(&32));
        assert!(paces.is_sorted());
    }

    #[test]
    fn a_machine_that_is_swamped_gets_fewer_and_more_again_afterwards() {
        let mut pace = Pace::measured(CPUS);
        let template = TemplateId::new();
        let learn = |pace: &mut Pace, millis, count| {
            for _ in 0..count {
                let beside = pace.at_once();
                pace.learn(Start { template, took: TimeDelta::milliseconds(millis), beside }, epoch());
            }
        };
        learn(&mut pace, 1000, 1);
        learn(&mut pace, 60_000, 200);
        assert_eq!(pace.at_once(), 1);
        learn(&mut pace, 1000, 200);
        assert!(pace.at_once() >= 16, "{}", pace.at_once());
    }

    #[test]
    fn a_disk_that_bears_only_a_few_is_not_given_more() {
        let mut pace = Pace::measured(CPUS);
        pace.learn(Start { template: TemplateId::new(), took: TimeDelta::seconds(1), beside: 1 }, epoch());
        let paces = work(&mut pace, 600, |beside| [1.0, 1.0, 1.5, 3.0, 12.0].get(beside).copied().unwrap_or(60.0));
        assert!(paces[100..].iter().all(|pace| (2..=4).contains(pace)), "{:?}", &paces[100..]);
    }

    #[test]
    fn a_slow_template_is_not_taken_for_a_slow_machine() {
        let mut pace = Pace::measured(CPUS);
        let [quick, slow] = [(); 2].map(|()| TemplateId::new());
        for _ in 0..100 {
            let beside = pace.at_once();
            pace.learn(Start { template: quick, took: TimeDelta::milliseconds(500), beside }, epoch());
            pace.learn(Start { template: slow, took: TimeDelta::seconds(20), beside }, epoch());
        }
        assert!(pace.at_once() > 8);
    }

    #[test]
    fn who_starts_alone_says_nothing_about_many() {
        let mut pace = Pace::measured(CPUS);
        let before = pace.at_once();
        for _ in 0..1000 {
            pace.learn(Start { template: TemplateId::new(), took: TimeDelta::seconds(1), beside: 1 }, epoch());
        }
        assert_eq!(pace.at_once(), before);
    }

    #[test]
    fn a_best_of_long_ago_does_not_count() {
        let mut pace = Pace::measured(CPUS);
        let template = TemplateId::new();
        let start = |seconds, beside| Start { template, took: TimeDelta::seconds(seconds), beside };
        pace.learn(start(1, 1), epoch());
        // its image is a larger one since; after the first hours that is how it is
        for minutes in 0..300 {
            let beside = pace.at_once();
            pace.learn(start(10, beside), epoch() + TimeDelta::minutes(minutes));
        }
        assert!(pace.at_once() > 8, "{}", pace.at_once());
    }

    #[test]
    fn a_number_that_somebody_set_stays() {
        let mut pace = Pace::fixed(3);
        work(&mut pace, 100, |beside| if beside > 1 { 60.0 } else { 1.0 });
        assert_eq!(pace.at_once(), 3);
        assert!(pace.seconds_per_start() > 1.0);
    }

    proptest! {
        #[test]
        fn noise_makes_it_neither_swing_nor_stick(noise in prop::collection::vec(0.8_f64..1.4, 600)) {
            let mut pace = Pace::measured(CPUS);
            let count = std::cell::Cell::new(0);
            let paces = work(&mut pace, 600, |beside| {
                count.set(count.get() + 1);
                shared(beside) * noise[count.get() - 1]
            });
            let late = &paces[200..];
            prop_assert!(late.iter().all(|pace| (4..=20).contains(pace)), "{late:?}");
            prop_assert!(late.windows(2).all(|two| two[0].abs_diff(two[1]) <= 1), "{late:?}");
        }

        #[test]
        fn whatever_is_measured_at_least_one_starts_and_never_too_many(
            starts in prop::collection::vec((0_i64..100_000, 0_usize..200), 0..300),
        ) {
            let mut pace = Pace::measured(CPUS);
            let template = TemplateId::new();
            for (millis, beside) in starts {
                pace.learn(Start { template, took: TimeDelta::milliseconds(millis), beside }, epoch());
                prop_assert!((1..=32).contains(&pace.at_once()));
            }
        }
    }
}
