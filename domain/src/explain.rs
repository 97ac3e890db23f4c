//! Why a desktop is as it is at this moment, in a sentence.

use chrono::TimeDelta;

use crate::{
    Language, Timestamp,
    desktop::{Desktop, DesktopState, Step},
    idle::IdlePolicy,
};

/// Why a desktop is in the state it is in, at this moment, in a sentence.
pub fn explain(desktop: &Desktop, policy: &IdlePolicy, now: Timestamp, language: Language) -> String {
    let say = |german: &str, english: &str| language.pick(german, english).to_owned();
    match (desktop.state, desktop.step, &desktop.why) {
        (DesktopState::Starting, _, Some(why)) => language.pick(
            format!("Neuer Versuch, weil der vorige scheiterte. {}", why.sentence(language)),
            format!("Trying again because the last try failed. {}", why.sentence(language)),
        ),
        (DesktopState::Requested, ..) => say("Der Start ist vorgemerkt.", "The start is noted."),
        (DesktopState::Queued, ..) => match desktop.queue_position {
            Some(place) => language.pick(
                format!("Wartet auf einen freien Platz, Nummer {place} in der Schlange."),
                format!("Waits for its turn, number {place} in the queue."),
            ),
            None => say("Wartet auf einen freien Platz.", "Waits for its turn."),
        },
        (DesktopState::Starting, Some(Step::Connecting), None) => {
            say("Der Desktop läuft an und wird gleich sichtbar.", "The desktop is coming up and will show in a moment.")
        }
        (DesktopState::Starting, Some(Step::Starting), None) => {
            say("Der Container startet.", "The container is starting.")
        }
        (DesktopState::Starting, _, None) => say("Der Container wird angelegt.", "The container is being made."),
        (DesktopState::Running, ..) => running(desktop, policy, now, language),
        (_, _, Some(why)) => why.sentence(language),
        (DesktopState::Stopping, _, None) => say("Wird angehalten.", "Being stopped."),
        (DesktopState::Stopped, _, None) => say("Angehalten.", "Stopped."),
        (DesktopState::Failed, _, None) => {
            say("Der Start ist gescheitert. Bitte neu starten.", "The start failed. Please start it again.")
        }
    }
}

/// Why a running desktop is still alive, and until when.
fn running(desktop: &Desktop, policy: &IdlePolicy, now: Timestamp, language: Language) -> String {
    let used = match desktop.last_input_at {
        Some(input) => language.pick(
            format!("Zuletzt benutzt {}.", ago(now - input, language)),
            format!("Last used {}.", ago(now - input, language)),
        ),
        None => language.pick("Läuft, noch unbenutzt.", "Running, not yet used.").to_owned(),
    };
    match policy.stops_at(desktop) {
        None => used,
        Some(at) => {
            let minutes = ((at - now).num_seconds().max(0) + 59) / 60;
            let rest = language.pick(
                format!("Hält ohne Benutzung in {minutes} Minuten an."),
                format!("Stops in {minutes} minutes if unused."),
            );
            format!("{used} {rest}")
        }
    }
}

fn ago(span: TimeDelta, language: Language) -> String {
    match span.num_minutes() {
        ..1 => language.pick("gerade eben", "just now").to_owned(),
        1 => language.pick("vor einer Minute", "a minute ago").to_owned(),
        minutes @ 2..120 => language.pick(format!("vor {minutes} Minuten"), format!("{minutes} minutes ago")),
        minutes => language.pick(format!("vor {} Stunden", minutes / 60), format!("{} hours ago", minutes / 60)),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::explain;
    use crate::{
        Language,
        desktop::{StartPolicy, testing},
        idle::IdlePolicy,
        why::Why,
    };

    const POLICY: IdlePolicy =
        IdlePolicy { idle_after: Some(TimeDelta::minutes(45)), warn_before: TimeDelta::minutes(5) };

    #[test]
    fn a_running_desktop_says_why_it_is_alive_and_until_when() {
        let start = testing::epoch();
        let mut desktop = testing::running(start);
        let say =
            |desktop: &_, minutes| explain(desktop, &POLICY, start + TimeDelta::minutes(minutes), Language::English);
        assert_eq!(say(&desktop, 0), "Running, not yet used. Stops in 45 minutes if unused.");
        desktop.last_input_at = Some(start + TimeDelta::minutes(7));
        assert_eq!(say(&desktop, 10), "Last used 3 minutes ago. Stops in 42 minutes if unused.");
    }

    #[test]
    fn a_failed_try_is_told_while_it_is_tried_again() {
        let now = testing::epoch();
        let desktop = testing::requested(now).admitted().try_failed(Why::OutOfMemory, &StartPolicy::default(), now);
        let sentence = explain(&desktop, &POLICY, now, Language::German);
        assert!(sentence.starts_with("Neuer Versuch"), "{sentence}");
    }
}
