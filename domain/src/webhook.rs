//! What other programs are told of desktops, where they may be, and for how long it is tried.

mod destination;

pub use destination::{Destinations, Unfit};

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    Timestamp,
    desktop::{Desktop, DesktopState},
    text::words,
    why::Why,
};

words! {
    /// What an endpoint is told of.
    Topic, "topic" {
        /// All that there is, and all that there will be.
        Everything = "*",
        /// Somebody wants a desktop to run.
        Requested = "desktop.requested",
        /// It waits for its turn.
        Queued = "desktop.queued",
        /// It starts.
        Starting = "desktop.starting",
        /// It runs and can be opened.
        Running = "desktop.running",
        /// It is being stopped or removed.
        Stopping = "desktop.stopping",
        /// It rests.
        Stopped = "desktop.stopped",
        /// It could not be started, or died.
        Failed = "desktop.failed",
        /// It is gone for good.
        Removed = "desktop.removed",
    }
}

/// The type of a message that somebody ordered to see whether it arrives.
pub const TEST: &str = "webhook.test";

/// Pause before the second try; each further one is [`GROWTH`] times as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);
const GROWTH: i32 = 4;
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);
/// How long a message is tried.
const PATIENCE: TimeDelta = TimeDelta::days(3);

/// What becomes of a message that did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is tried again at this moment.
    Again(Timestamp),
    /// It is not tried any more.
    GivenUp,
}

impl Topic {
    /// What a change of a desktop is called, if it is one that others are told of: a change of its state, or its end.
    pub fn of(before: Option<(DesktopState, bool)>, after: &Desktop) -> Option<Self> {
        let is_removed = after.removed_at.is_some();
        if is_removed {
            return before.is_none_or(|(_, was_removed)| !was_removed).then_some(Self::Removed);
        }
        if before.is_some_and(|(state, _)| state == after.state) {
            return None;
        }
        Some(match after.state {
            DesktopState::Requested => Self::Requested,
            DesktopState::Queued => Self::Queued,
            DesktopState::Starting => Self::Starting,
            DesktopState::Running => Self::Running,
            DesktopState::Stopping => Self::Stopping,
            DesktopState::Stopped => Self::Stopped,
            DesktopState::Failed => Self::Failed,
        })
    }

    /// Whether who wants to be told of this is told of that.
    pub fn covers(self, told: Self) -> bool {
        self == Self::Everything || self == told
    }
}

/// The body of a message. A desktop is told of as the API shows it, its owner by id alone.
pub fn message(topic: Topic, desktop: &Desktop, template: &str, at: Timestamp) -> Value {
    body(
        topic.as_str(),
        at,
        &json!({
            "id": desktop.id,
            "name": desktop.name,
            "template": template,
            "owner_id": desktop.owner,
            "state": desktop.state,
            "reason": desktop.why.as_ref().map(Why::code),
        }),
    )
}

/// The body of a message that was ordered to see whether it arrives.
pub fn test_message(at: Timestamp) -> Value {
    body(TEST, at, &json!({}))
}

fn body(kind: &str, at: Timestamp, data: &Value) -> Value {
    json!({ "type": kind, "timestamp": at, "data": data })
}

/// What becomes of a message that failed so many times since it was put on the way. One that was ordered as a test is
/// tried once: whoever ordered it is waiting for the result.
pub fn next(kind: &str, failures: i32, queued_at: Timestamp, now: Timestamp) -> Next {
    if kind == TEST || now - queued_at >= PATIENCE {
        return Next::GivenUp;
    }
    let mut pause = FIRST_PAUSE;
    for _ in 1..failures {
        pause = (pause * GROWTH).min(LONGEST_PAUSE);
        if pause == LONGEST_PAUSE {
            break;
        }
    }
    Next::Again(now + pause)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::{LONGEST_PAUSE, Next, PATIENCE, TEST, Topic, message, next};
    use crate::desktop::{DesktopState, testing};

    #[test]
    fn pauses_grow_from_five_seconds_to_six_hours() {
        let at = testing::epoch();
        let pauses: Vec<_> = (1..=10)
            .map(|failures| match next("desktop.running", failures, at, at) {
                Next::Again(then) => (then - at).num_seconds(),
                Next::GivenUp => panic!("it is new"),
            })
            .collect();
        assert_eq!(pauses, [5, 20, 80, 320, 1280, 5120, 20480, 21600, 21600, 21600]);
        assert_eq!(next("desktop.running", i32::MAX, at, at), Next::Again(at + LONGEST_PAUSE));
    }

    #[test]
    fn a_message_is_given_up_after_three_days_and_a_test_at_once() {
        let queued_at = testing::epoch();
        let (mut now, mut tries) = (queued_at, 1);
        while let Next::Again(then) = next("desktop.failed", tries, queued_at, now) {
            assert!(then > now);
            (now, tries) = (then, tries + 1);
        }
        assert!(now - queued_at >= PATIENCE && now - queued_at < PATIENCE + LONGEST_PAUSE, "{}", now - queued_at);
        assert_eq!(tries, 19);
        assert_eq!(next(TEST, 1, queued_at, queued_at), Next::GivenUp);
    }

    #[test]
    fn what_happens_to_a_desktop_has_one_name_and_what_does_not_change_has_none() {
        let running = testing::running(testing::epoch());
        assert_eq!(Topic::of(None, &running), Some(Topic::Running));
        assert_eq!(Topic::of(Some((DesktopState::Running, false)), &running), None);
        for state in DesktopState::ALL.iter().copied() {
            let mut desktop = running.clone();
            desktop.state = state;
            let topic = Topic::of(None, &desktop).expect("a change");
            assert_eq!(topic.as_str(), format!("desktop.{state}"));
            assert!(Topic::Everything.covers(topic) && topic.covers(topic) && !Topic::Removed.covers(topic));
            desktop.removed_at = Some(testing::epoch());
            assert_eq!(Topic::of(Some((state, false)), &desktop), Some(Topic::Removed));
            assert_eq!(Topic::of(Some((state, true)), &desktop), None);
        }
    }

    #[test]
    fn a_message_names_nobody() {
        let at = testing::epoch() + TimeDelta::seconds(1);
        let desktop = testing::running(testing::epoch());
        let told = message(Topic::Running, &desktop, "tiny", at);
        assert_eq!(told["type"], "desktop.running");
        let expected = json!({
            "id": desktop.id, "name": desktop.name, "template": "tiny", "owner_id": desktop.owner,
            "state": "running", "reason": null,
        });
        assert_eq!(told["data"], expected);
    }
}
