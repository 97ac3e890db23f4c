//! Why a desktop is as it is: stored as facts, told as a sentence.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::{
    Language, Timestamp,
    desktop::{Desktop, DesktopState, Step},
    idle::IdlePolicy,
};

/// The stored cause of an end, a failure or a wait.
///
/// Its code is stable and part of the API; the facts beside it fill the sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[cfg_attr(feature = "sea-orm", derive(sea_orm::FromJsonQueryResult))]
pub enum Why {
    /// Its owner stopped it.
    StoppedByOwner,
    /// Somebody in charge stopped it.
    StoppedByStaff,
    /// Nobody used it for longer than allowed.
    Idle {
        /// The limit that was reached, in minutes.
        minutes: i64,
    },
    /// The schedule stops everything at this hour.
    Nightly,
    /// Its container was stopped past Pult, or ended by itself without an error.
    StoppedOutside,
    /// Its container was removed past Pult.
    RemovedOutside,
    /// Its container was frozen past Pult.
    PausedOutside,
    /// A program it cannot live without ended with an error.
    Crashed {
        /// Exit code of the container.
        exit_code: i64,
    },
    /// The kernel ended it for memory.
    OutOfMemory,
    /// The engine does not have the template's image.
    ImageMissing {
        /// The image's reference.
        image: String,
    },
    /// It did not answer over its own protocol in time.
    NeverReady {
        /// How long it was given, in seconds.
        seconds: i64,
        /// What the last try met.
        last: String,
    },
    /// The engine refused to make or start it.
    EngineRefused {
        /// The engine's own words.
        detail: String,
    },
    /// The folders it needs could not be prepared.
    HomeUnavailable {
        /// What went wrong.
        detail: String,
    },
    /// It was given up and is being removed.
    Removed,
}

impl Why {
    /// The stable code, as the API shows it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::StoppedByOwner => "stopped_by_owner",
            Self::StoppedByStaff => "stopped_by_staff",
            Self::Idle { .. } => "idle",
            Self::Nightly => "nightly",
            Self::StoppedOutside => "stopped_outside",
            Self::RemovedOutside => "removed_outside",
            Self::PausedOutside => "paused_outside",
            Self::Crashed { .. } => "crashed",
            Self::OutOfMemory => "out_of_memory",
            Self::ImageMissing { .. } => "image_missing",
            Self::NeverReady { .. } => "never_ready",
            Self::EngineRefused { .. } => "engine_refused",
            Self::HomeUnavailable { .. } => "home_unavailable",
            Self::Removed => "removed",
        }
    }

    /// Whether a desktop that ends so has `failed`; else it is merely `stopped`.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Crashed { .. }
            | Self::OutOfMemory
            | Self::ImageMissing { .. }
            | Self::NeverReady { .. }
            | Self::EngineRefused { .. }
            | Self::HomeUnavailable { .. } => true,
            Self::StoppedByOwner
            | Self::StoppedByStaff
            | Self::Idle { .. }
            | Self::Nightly
            | Self::StoppedOutside
            | Self::RemovedOutside
            | Self::PausedOutside
            | Self::Removed => false,
        }
    }

    /// A sentence that a teacher understands and that says what can be done.
    pub fn sentence(&self, language: Language) -> String {
        let say = |german: &str, english: &str| language.pick(german, english).to_owned();
        match self {
            Self::StoppedByOwner => say(
                "Von der Besitzerin oder dem Besitzer angehalten. Die Dateien sind da.",
                "Stopped by its owner. The files are there.",
            ),
            Self::StoppedByStaff => {
                say("Von einer Lehrkraft angehalten. Die Dateien sind da.", "Stopped by staff. The files are there.")
            }
            Self::Idle { minutes } => language.pick(
                format!("Angehalten, weil {minutes} Minuten lang niemand daran gearbeitet hat. Die Dateien sind da."),
                format!("Stopped because nobody worked in it for {minutes} minutes. The files are there."),
            ),
            Self::Nightly => {
                say("Wie jede Nacht angehalten. Die Dateien sind da.", "Stopped as every night. The files are there.")
            }
            Self::StoppedOutside => say(
                "Der Container wurde außerhalb von Pult beendet. Ein Klick startet den Desktop wieder.",
                "Its container was ended outside of Pult. One click starts the desktop again.",
            ),
            Self::RemovedOutside => say(
                "Der Container wurde außerhalb von Pult entfernt. Ein Klick startet den Desktop neu, die Dateien sind da.",
                "Its container was removed outside of Pult. One click starts the desktop anew; the files are there.",
            ),
            Self::PausedOutside => {
                say("Der Container wurde außerhalb von Pult eingefroren.", "Its container was frozen outside of Pult.")
            }
            Self::Crashed { exit_code } => language.pick(
                format!("Der Desktop ist abgestürzt (Code {exit_code}). Bitte neu starten."),
                format!("The desktop crashed (code {exit_code}). Please start it again."),
            ),
            Self::OutOfMemory => say(
                "Der Arbeitsspeicher des Desktops hat nicht gereicht. Bitte neu starten und weniger gleichzeitig öffnen.",
                "The desktop ran out of memory. Please start it again and open less at once.",
            ),
            Self::ImageMissing { image } => language.pick(
                format!("Das Image „{image}“ fehlt auf dem Server. Die Verwaltung muss es laden."),
                format!("The image “{image}” is missing on the server. An administrator has to pull it."),
            ),
            Self::NeverReady { seconds, last } => language.pick(
                format!("Der Desktop hat {seconds} Sekunden lang nicht geantwortet ({last}). Bitte neu starten."),
                format!("The desktop did not answer for {seconds} seconds ({last}). Please start it again."),
            ),
            Self::EngineRefused { detail } => language.pick(
                format!("Der Container ließ sich nicht starten: {detail}"),
                format!("The container could not be started: {detail}"),
            ),
            Self::HomeUnavailable { detail } => language.pick(
                format!("Die eigenen Dateien sind gerade nicht erreichbar: {detail}"),
                format!("The home is not available: {detail}"),
            ),
            Self::Removed => say("Wird entfernt. Die Dateien bleiben.", "Being removed. The files stay."),
        }
    }
}

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
        (DesktopState::Stopped, _, None) => say("Angehalten. Die Dateien sind da.", "Stopped. The files are there."),
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
    use super::Why;

    #[test]
    fn the_code_is_the_stored_tag() {
        for why in [Why::Idle { minutes: 45 }, Why::OutOfMemory, Why::Crashed { exit_code: 1 }] {
            let stored = serde_json::to_value(&why).expect("a cause is plain data");
            assert_eq!(stored["code"], why.code());
        }
    }
}
