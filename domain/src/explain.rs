//! Why a desktop is as it is, in a sentence.

use crate::{
    Language,
    desktop::{Desktop, DesktopState, Step},
    idle::{Facts, IdlePolicy, Kept, Verdict},
    why::in_words,
};

/// Why a desktop is in the state it is in, in a sentence.
pub fn explain(desktop: &Desktop, policy: &IdlePolicy, facts: &Facts, language: Language) -> String {
    let say = |german: &str, english: &str| language.pick(german, english).to_owned();
    match (desktop.state, desktop.step, &desktop.why) {
        (DesktopState::Starting, _, Some(why)) => language.pick(
            format!("Neuer Versuch, weil der vorige scheiterte. {}", why.sentence(language)),
            format!("Trying again because the last try failed. {}", why.sentence(language)),
        ),
        (DesktopState::Requested, ..) => say("Der Start ist vorgemerkt.", "The start is noted."),
        (DesktopState::Queued, ..) => queued(desktop, language),
        (DesktopState::Starting, Some(Step::Connecting), None) => {
            say("Der Desktop läuft an und wird gleich sichtbar.", "The desktop is coming up and will show in a moment.")
        }
        (DesktopState::Starting, Some(Step::Starting), None) => {
            say("Der Container startet.", "The container is starting.")
        }
        (DesktopState::Starting, _, None) => say("Der Container wird angelegt.", "The container is being made."),
        (DesktopState::Running, ..) => running(desktop, policy, facts, language),
        (_, _, Some(why)) => why.sentence(language),
        (DesktopState::Stopping, _, None) => say("Wird angehalten.", "Being stopped."),
        (DesktopState::Stopped, _, None) => say("Angehalten.", "Stopped."),
        (DesktopState::Failed, _, None) => {
            say("Der Start ist gescheitert. Bitte neu starten.", "The start failed. Please start it again.")
        }
    }
}

/// What a desktop in the queue waits for, and where it stands.
fn queued(desktop: &Desktop, language: Language) -> String {
    let why = desktop.why.as_ref().map(|why| why.sentence(language));
    match (why, desktop.queue_position) {
        (Some(why), Some(place)) => language
            .pick(format!("{why} Nummer {place} in der Schlange."), format!("{why} Number {place} in the queue.")),
        (None, Some(place)) => language.pick(
            format!("Wartet auf einen freien Platz, Nummer {place} in der Schlange."),
            format!("Waits for its turn, number {place} in the queue."),
        ),
        (Some(why), None) => why,
        (None, None) => language.pick("Wartet auf einen freien Platz.", "Waits for its turn.").to_owned(),
    }
}

/// Why a running desktop is still alive, and when it stops: without times that grow old on a page. Of an end that input
/// puts off nobody is told here that it is near: input comes as no news to a page.
fn running(desktop: &Desktop, policy: &IdlePolicy, facts: &Facts, language: Language) -> String {
    let used = match desktop.last_input_at {
        Some(_) => language.pick("Läuft und wird benutzt.", "Running and in use."),
        None => language.pick("Läuft, noch unbenutzt.", "Running, not yet used."),
    };
    let ending = policy.ending(desktop, facts).filter(|ending| ending.is_fixed() && ending.is_told(desktop));
    if let Some(ending) = ending {
        return format!("{used} {}", ending.sentence(language));
    }
    if facts.kept_until.is_some() {
        return format!("{used} {}", Verdict::Keep(Kept::Lesson).sentence(language));
    }
    let mut sentences = vec![used.to_owned()];
    if let Some(minutes) = policy.idle_after.map(|limit| limit.num_minutes()) {
        let is_busy_use = policy.busy_above.is_some();
        let unless =
            if is_busy_use { language.pick(", außer wenn er rechnet", ", unless it is computing") } else { "" };
        sentences.push(language.pick(
            format!("Hält an, wenn {minutes} Minuten lang weder Taste noch Maus benutzt wird{unless}."),
            format!("Stops after {minutes} minutes without key or pointer{unless}."),
        ));
    }
    if let Some(span) = policy.max_lifetime.map(|limit| in_words(limit.num_minutes(), language)) {
        sentences.push(language.pick(
            format!("Läuft nicht länger als {span}, auch wenn er benutzt wird."),
            format!("Does not run for longer than {span}, used or not."),
        ));
    }
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeDelta;

    use super::explain;
    use crate::{
        Language,
        admission::Place,
        desktop::{StartPolicy, testing},
        idle::{Facts, IdlePolicy},
        why::Why,
    };

    const NOTHING: Facts = Facts { busy: false, kept_until: None, night_at: None, is_night: false };

    const POLICY: IdlePolicy = IdlePolicy { idle_after: Some(TimeDelta::minutes(45)), ..IdlePolicy::NONE };

    #[test]
    fn a_running_desktop_says_why_it_is_alive_and_when_it_stops() {
        let start = testing::epoch();
        let mut desktop = testing::running(start);
        let say = |desktop: &_| explain(desktop, &POLICY, &NOTHING, Language::English);
        assert_eq!(say(&desktop), "Running, not yet used. Stops after 45 minutes without key or pointer.");
        desktop.last_input_at = Some(start + TimeDelta::minutes(7));
        assert_eq!(say(&desktop), "Running and in use. Stops after 45 minutes without key or pointer.");
        let limited = IdlePolicy { max_lifetime: Some(TimeDelta::hours(12)), ..POLICY };
        assert_eq!(
            explain(&desktop, &limited, &NOTHING, Language::English),
            "Running and in use. Stops after 45 minutes without key or pointer. Does not run for longer than 12 hours, \
             used or not."
        );
        let busy = IdlePolicy { busy_above: Some(Duration::from_millis(500)), ..POLICY };
        assert_eq!(
            explain(&desktop, &busy, &NOTHING, Language::English),
            "Running and in use. Stops after 45 minutes without key or pointer, unless it is computing."
        );
        assert_eq!(explain(&desktop, &IdlePolicy::NONE, &NOTHING, Language::English), "Running and in use.");
    }

    #[test]
    fn a_running_desktop_says_that_a_lesson_needs_it_and_that_the_day_is_over() {
        let minutes = |minutes| testing::epoch() + TimeDelta::minutes(minutes);
        let policy = IdlePolicy { warn_before: TimeDelta::minutes(5), nightly_stop: true, ..POLICY };
        let desktop = testing::running(minutes(0));
        let say = |desktop: &_, facts: &_| explain(desktop, &policy, facts, Language::English);
        let lesson = Facts { kept_until: Some(minutes(90)), ..NOTHING };
        assert_eq!(say(&desktop, &lesson), "Running, not yet used. Goes on because a lesson needs it.");
        let evening = Facts { night_at: Some(minutes(30)), ..NOTHING };
        let usual = "Running, not yet used. Stops after 45 minutes without key or pointer.";
        assert_eq!(say(&desktop, &evening), usual);
        let told = desktop.warned(minutes(25));
        assert_eq!(
            say(&told, &evening),
            "Running, not yet used. Stops soon, as every night. That cannot be extended: please save everything."
        );
        assert_eq!(say(&told, &NOTHING), usual);
    }

    #[test]
    fn a_desktop_that_waits_says_for_what_and_for_how_many() {
        let say = |desktop: &_| explain(desktop, &POLICY, &NOTHING, Language::English);
        let place = |why| Place { position: 3, eta_seconds: None, why };
        let desktop = testing::requested(testing::epoch());
        assert_eq!(say(&desktop.clone().queued(place(None))), "Waits for its turn, number 3 in the queue.");
        let why = Why::WaitsForMemory { needed_mb: 2048, free_mb: 410 };
        let waiting = desktop.queued(place(Some(why)));
        let sentence = "Waits until 2 GB of memory are free; now 410 MB are. Number 3 in the queue.";
        assert_eq!(say(&waiting), sentence);
        assert_eq!(say(&waiting.admitted()), "The container is being made.");
    }

    #[test]
    fn a_failed_try_is_told_while_it_is_tried_again() {
        let now = testing::epoch();
        let desktop = testing::requested(now).admitted().try_failed(Why::OutOfMemory, &StartPolicy::default(), now);
        let sentence = explain(&desktop, &POLICY, &NOTHING, Language::German);
        assert!(sentence.starts_with("Neuer Versuch"), "{sentence}");
    }
}
