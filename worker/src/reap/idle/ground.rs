use std::time::Duration;

use chrono::TimeDelta;
use domain::Timestamp;

use super::INPUT_ARRIVES_WITHIN;

/// Further from the steady one a clock does not drift between two looks: it was set.
const DRIFT: TimeDelta = TimeDelta::seconds(1);

/// Whether what the rows say of the time is firm enough to stop anybody for it.
///
/// It is compared with a steady clock, which nobody sets: the time since some moment of this process's life. A clock
/// that is set while no worker runs goes unnoticed; then the warning is what is left.
#[derive(Debug, Default)]
pub(super) struct Ground {
    last_look: Option<(Timestamp, Duration)>,
    firm_from: Duration,
}

impl Ground {
    /// Whether the clock was set since the last look. Then nobody knows from the rows how long anything was unused.
    pub(super) fn clock_was_set(&self, now: Timestamp, steady: Duration) -> bool {
        self.last_look.is_some_and(|(then, steady_then)| {
            let passed = TimeDelta::from_std(steady.saturating_sub(steady_then)).unwrap_or(TimeDelta::MAX);
            (now - then - passed).abs() > DRIFT
        })
    }

    /// All was seen, and done what the clock's setting asked for.
    pub(super) fn looked(&mut self, now: Timestamp, steady: Duration) {
        self.last_look = Some((now, steady));
    }

    /// The database was away, and input waits for it as well: it may arrive after the next look.
    pub(super) fn failed(&mut self, steady: Duration) {
        self.firm_from = steady + INPUT_ARRIVES_WITHIN.to_std().unwrap_or_default();
    }

    /// Whether all input has had its time to arrive since the database was last away.
    pub(super) fn is_firm(&self, steady: Duration) -> bool {
        steady >= self.firm_from
    }
}
