use std::{collections::HashMap, time::Duration};

use domain::{DesktopId, Timestamp, desktop::Desktop, idle::IdlePolicy};
use engine::Engine;
use futures::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};
use tracing::debug;

/// All that is asked in one look is answered within this, or has to wait for the next.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);
/// So many are asked about at a time.
const AT_A_TIME: usize = 8;

/// Whether a desktop computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Computes {
    /// More than is taken for idleness.
    Yes,
    /// Not that much, or nobody is interested.
    No,
    /// Nobody knows yet: there is nothing to compare with, or no answer.
    Unknown,
}

/// How much processor time a desktop had used at a moment of the steady clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// In all, since its container's start.
    pub(super) used: Duration,
    /// When the engine was asked.
    pub(super) at: Duration,
}

/// What the engine said when it was asked last, of desktops that are told that they will stop unused.
///
/// So a desktop that is about to be stopped is judged by all of the time since its warning, and one that is about to
/// be warned by the time since the look before.
#[derive(Debug, Default)]
pub(super) struct Load {
    last: HashMap<DesktopId, (Option<Timestamp>, Sample)>,
}

impl Load {
    /// Whether a desktop has computed since the engine was asked last, given what it says now.
    pub(super) fn weigh(&mut self, desktop: &Desktop, policy: &IdlePolicy, now: Option<Sample>) -> Computes {
        let Some(now) = now else { return Computes::Unknown };
        // another start begins at zero again
        let start = desktop.container_started_at;
        let before = self.last.insert(desktop.id, (start, now)).filter(|(known, _)| *known == start);
        let since = before.and_then(|(_, before)| {
            let within = now.at.checked_sub(before.at).filter(|within| !within.is_zero())?;
            Some((now.used.checked_sub(before.used)?, within))
        });
        match since {
            Some((used, within)) if policy.computes(used, within) => Computes::Yes,
            Some(_) => Computes::No,
            None => Computes::Unknown,
        }
    }

    /// Forgets all but these.
    pub(super) fn keep(&mut self, is_open: impl Fn(DesktopId) -> bool) {
        self.last.retain(|desktop, _| is_open(*desktop));
    }
}

/// Asks the engine about some desktops. Those are missing in the answer of which it did not tell in time.
pub(super) async fn ask(engine: &dyn Engine, desktops: Vec<DesktopId>, began: Instant) -> HashMap<DesktopId, Sample> {
    let deadline = Instant::now() + ANSWERS_WITHIN;
    let one = |desktop| async move {
        match timeout_at(deadline, engine.cpu_time(desktop)).await {
            Ok(Ok(used)) => used.map(|used| (desktop, Sample { used, at: began.elapsed() })),
            Ok(Err(error)) => {
                debug!(%desktop, error = &error as &dyn std::error::Error, "nobody knows whether it computes");
                None
            }
            Err(_) => {
                debug!(%desktop, "the engine did not say in time whether it computes");
                None
            }
        }
    };
    stream::iter(desktops).map(one).buffer_unordered(AT_A_TIME).filter_map(std::future::ready).collect().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;
    use domain::{DesktopId, TemplateId, Timestamp, UserId, desktop::Desktop, idle::IdlePolicy};
    use engine::{
        Engine, EngineError,
        conformance::{Deed, launch},
        fake::{Call, FakeEngine, When},
    };
    use tokio::time::{Instant, sleep};

    use super::{ANSWERS_WITHIN, AT_A_TIME, Computes, Load, Sample, ask};

    const POLICY: IdlePolicy = IdlePolicy { busy_above: Some(Duration::from_millis(500)), ..IdlePolicy::NONE };

    fn desktop() -> Desktop {
        let at = Timestamp::UNIX_EPOCH;
        Desktop::requested(DesktopId::new(), "a-desktop".to_owned(), UserId::new(), TemplateId::new(), at)
    }

    fn sample(used: u64, at: u64) -> Sample {
        Sample { used: Duration::from_secs(used), at: Duration::from_secs(at) }
    }

    #[test]
    fn what_was_used_since_the_last_answer_counts() {
        let (mut load, desktop) = (Load::default(), desktop());
        let mut weigh = |now| load.weigh(&desktop, &POLICY, now);
        assert_eq!(weigh(Some(sample(900, 1000))), Computes::Unknown, "there is nothing to compare with");
        assert_eq!(weigh(Some(sample(905, 1005))), Computes::Yes);
        assert_eq!(weigh(None), Computes::Unknown);
        assert_eq!(weigh(Some(sample(905, 1015))), Computes::No);
        assert_eq!(weigh(Some(sample(910, 1025))), Computes::No, "not more than that");
        assert_eq!(weigh(Some(sample(910, 1025))), Computes::Unknown, "asked twice at once");
    }

    #[test]
    fn another_start_is_compared_with_nothing() {
        let (mut load, before) = (Load::default(), desktop());
        load.weigh(&before, &POLICY, Some(sample(100, 1000)));
        let again = Desktop { container_started_at: Some(Timestamp::UNIX_EPOCH + TimeDelta::hours(1)), ..before };
        assert_eq!(load.weigh(&again, &POLICY, Some(sample(400, 1100))), Computes::Unknown);
        assert_eq!(load.weigh(&again, &POLICY, Some(sample(1, 1200))), Computes::Unknown, "a start that nobody saw");
        assert_eq!(load.weigh(&again, &POLICY, Some(sample(91, 1300))), Computes::Yes);
    }

    #[test]
    fn of_whom_nobody_asks_any_more_nothing_is_known() {
        let (mut load, desktop) = (Load::default(), desktop());
        load.weigh(&desktop, &POLICY, Some(sample(100, 1000)));
        load.keep(|id| id == desktop.id);
        assert_eq!(load.weigh(&desktop, &POLICY, Some(sample(200, 1100))), Computes::Yes);
        load.keep(|_| false);
        assert_eq!(load.weigh(&desktop, &POLICY, Some(sample(300, 1200))), Computes::Unknown);
    }

    async fn running(engine: &FakeEngine) -> DesktopId {
        let launch = launch("pult/tiny:latest");
        engine.create(&launch).await.expect("it is made");
        engine.start(launch.desktop).await.expect("it starts");
        launch.desktop
    }

    #[tokio::test(start_paused = true)]
    async fn the_engine_tells_of_those_that_run() {
        let engine = FakeEngine::new(&["pult/tiny:latest"], Timestamp::UNIX_EPOCH);
        let (spins, sleeps, gone) = (running(&engine).await, running(&engine).await, DesktopId::new());
        engine.meddle(spins, Deed::Spin);
        let began = Instant::now();
        sleep(Duration::from_secs(10)).await;
        let told = ask(&engine, vec![spins, sleeps, gone], began).await;
        let at = Duration::from_secs(10);
        assert_eq!(told.get(&spins), Some(&Sample { used: at, at }));
        assert_eq!(told.get(&sleeps), Some(&Sample { used: Duration::ZERO, at }));
        assert_eq!(told.get(&gone), None);
        let error = EngineError::Unreachable { detail: "as steered".to_owned() };
        engine.fail_next(Call::CpuTime, When::Before, error);
        assert_eq!(ask(&engine, vec![spins], began).await.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_is_slow_holds_nobody_up() {
        let engine = FakeEngine::new(&["pult/tiny:latest"], Timestamp::UNIX_EPOCH);
        let mut desktops = Vec::new();
        for _ in 0..10 * AT_A_TIME {
            desktops.push(running(&engine).await);
        }
        engine.slow_down(Call::CpuTime, ANSWERS_WITHIN / 2, Duration::ZERO);
        let began = Instant::now();
        let told = ask(&engine, desktops, began).await;
        assert!((AT_A_TIME..=2 * AT_A_TIME).contains(&told.len()), "{}", told.len());
        assert_eq!(began.elapsed().as_secs(), ANSWERS_WITHIN.as_secs());
    }
}
