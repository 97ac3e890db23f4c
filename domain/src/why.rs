//! Why a desktop ended or failed: stored as facts, told as a sentence.

use serde::{Deserialize, Serialize};

use crate::Language;

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
    /// It ran for as long as any desktop may.
    Lifetime {
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
    /// The folder with its client, or that client's first page, is not in the image.
    ClientMissing {
        /// The image's reference.
        image: String,
        /// The path in the image that is missing.
        path: String,
    },
    /// What is in the image cannot be its client.
    ClientUnusable {
        /// The image's reference.
        image: String,
        /// The folder in it.
        folder: String,
        /// What is wrong with it.
        detail: String,
    },
    /// It did not answer over its own protocol in time.
    NeverReady {
        /// How long it was given, in seconds.
        seconds: i64,
        /// What the last try met.
        last: String,
    },
    /// The engine's disk is full. Nothing that is on it was deleted.
    DiskFull,
    /// The engine refused to make or start it.
    EngineRefused {
        /// The engine's own words.
        detail: String,
    },
    /// What it may reach can only be held by a firewall, and there is none.
    Unguarded,
    /// The folders it needs could not be prepared.
    HomeUnavailable {
        /// What went wrong.
        detail: String,
    },
    /// It may take more memory than the engine could ever give it.
    TooLarge {
        /// What it may take, in MiB.
        needed_mb: i64,
        /// What there is for one desktop, in MiB.
        most_mb: i64,
    },
    /// It waits until others have given memory back.
    WaitsForMemory {
        /// What it may take, in MiB.
        needed_mb: i64,
        /// What nobody has a claim to, in MiB.
        free_mb: i64,
    },
    /// It waits until others have given processors back.
    WaitsForProcessors {
        /// What it may take, in thousandths of a processor.
        needed_millis: i64,
        /// What nobody has a claim to, in thousandths of a processor.
        free_millis: i64,
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
            Self::Lifetime { .. } => "lifetime",
            Self::Nightly => "nightly",
            Self::StoppedOutside => "stopped_outside",
            Self::RemovedOutside => "removed_outside",
            Self::PausedOutside => "paused_outside",
            Self::Crashed { .. } => "crashed",
            Self::OutOfMemory => "out_of_memory",
            Self::ImageMissing { .. } => "image_missing",
            Self::ClientMissing { .. } => "client_missing",
            Self::ClientUnusable { .. } => "client_unusable",
            Self::NeverReady { .. } => "never_ready",
            Self::DiskFull => "disk_full",
            Self::EngineRefused { .. } => "engine_refused",
            Self::Unguarded => "unguarded",
            Self::HomeUnavailable { .. } => "home_unavailable",
            Self::TooLarge { .. } => "too_large",
            Self::WaitsForMemory { .. } => "waits_for_memory",
            Self::WaitsForProcessors { .. } => "waits_for_processors",
            Self::Removed => "removed",
        }
    }

    /// Whether a desktop that ends so has `failed`; else it is merely `stopped`.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Crashed { .. }
            | Self::OutOfMemory
            | Self::ImageMissing { .. }
            | Self::ClientMissing { .. }
            | Self::ClientUnusable { .. }
            | Self::NeverReady { .. }
            | Self::DiskFull
            | Self::EngineRefused { .. }
            | Self::Unguarded
            | Self::HomeUnavailable { .. }
            | Self::TooLarge { .. } => true,
            Self::StoppedByOwner
            | Self::StoppedByStaff
            | Self::Idle { .. }
            | Self::Lifetime { .. }
            | Self::Nightly
            | Self::StoppedOutside
            | Self::RemovedOutside
            | Self::PausedOutside
            | Self::WaitsForMemory { .. }
            | Self::WaitsForProcessors { .. }
            | Self::Removed => false,
        }
    }

    /// Whether somebody, or a rule, decided it: then a container that runs all the same does so against a decision. After
    /// any other end, one that was started past Pult is as good as a wish.
    pub fn is_decided(&self) -> bool {
        match self {
            Self::StoppedByOwner
            | Self::StoppedByStaff
            | Self::Idle { .. }
            | Self::Lifetime { .. }
            | Self::Nightly
            | Self::Removed => true,
            Self::StoppedOutside
            | Self::RemovedOutside
            | Self::PausedOutside
            | Self::Crashed { .. }
            | Self::OutOfMemory
            | Self::ImageMissing { .. }
            | Self::ClientMissing { .. }
            | Self::ClientUnusable { .. }
            | Self::NeverReady { .. }
            | Self::DiskFull
            | Self::EngineRefused { .. }
            | Self::Unguarded
            | Self::HomeUnavailable { .. }
            | Self::TooLarge { .. }
            | Self::WaitsForMemory { .. }
            | Self::WaitsForProcessors { .. } => false,
        }
    }

    /// Whether it is what a desktop in the queue waits for.
    pub fn is_wait(&self) -> bool {
        matches!(self, Self::WaitsForMemory { .. } | Self::WaitsForProcessors { .. })
    }

    /// A sentence that a teacher understands and that says what can be done.
    pub fn sentence(&self, language: Language) -> String {
        let say = |german: &str, english: &str| language.pick(german, english).to_owned();
        match self {
            Self::StoppedByOwner => say("Von der Besitzerin oder dem Besitzer angehalten.", "Stopped by its owner."),
            Self::StoppedByStaff => say("Von einer Lehrkraft angehalten.", "Stopped by staff."),
            Self::Idle { minutes } => language.pick(
                format!("Angehalten, weil {minutes} Minuten lang niemand daran gearbeitet hat."),
                format!("Stopped because nobody worked in it for {minutes} minutes."),
            ),
            Self::Lifetime { minutes } => {
                let span = in_words(*minutes, language);
                language.pick(
                    format!("Angehalten, weil ein Desktop nicht länger als {span} läuft. Ein Klick startet ihn wieder."),
                    format!("Stopped because a desktop does not run for longer than {span}. One click starts it again."),
                )
            }
            Self::Nightly => say("Wie jede Nacht angehalten.", "Stopped as every night."),
            Self::StoppedOutside => say(
                "Der Container wurde außerhalb von Pult beendet. Ein Klick startet den Desktop wieder.",
                "Its container was ended outside of Pult. One click starts the desktop again.",
            ),
            Self::RemovedOutside => say(
                "Der Container wurde außerhalb von Pult entfernt. Ein Klick startet den Desktop neu.",
                "Its container was removed outside of Pult. One click starts the desktop anew.",
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
            Self::ClientMissing { image, path } => language.pick(
                format!(
                    "Im Image „{image}“ fehlt „{path}“ mit der Anzeige des Desktops. Die Verwaltung muss die Vorlage berichtigen."
                ),
                format!(
                    "The image “{image}” has no “{path}”, which should show the desktop. An administrator has to correct the template."
                ),
            ),
            Self::ClientUnusable { image, folder, detail } => language.pick(
                format!("Die Anzeige des Desktops aus „{folder}“ im Image „{image}“ ist nicht zu gebrauchen: {detail}"),
                format!("What shows the desktop, “{folder}” in the image “{image}”, cannot be used: {detail}"),
            ),
            Self::NeverReady { seconds, last } => language.pick(
                format!("Der Desktop hat {seconds} Sekunden lang nicht geantwortet ({last}). Bitte neu starten."),
                format!("The desktop did not answer for {seconds} seconds ({last}). Please start it again."),
            ),
            Self::DiskFull => say(
                "Auf dem Server ist kein Speicherplatz mehr frei. Die Verwaltung muss Platz schaffen; danach genügt ein Klick. Gelöscht wurde nichts.",
                "The server's disk is full. An administrator has to make room; after that one click is enough. Nothing was deleted.",
            ),
            Self::EngineRefused { detail } => language.pick(
                format!("Der Container ließ sich nicht starten: {detail}"),
                format!("The container could not be started: {detail}"),
            ),
            Self::Unguarded => say(
                "Dieser Desktop darf nur die Server der Schule erreichen, und auf diesem Server wacht keine Firewall darüber. Die Verwaltung muss sie einrichten; „pult doctor“ sagt, wie.",
                "This desktop may reach the school's servers alone, and no firewall of this server sees to that. An administrator has to set it up; `pult doctor` says how.",
            ),
            Self::HomeUnavailable { detail } => language.pick(
                format!("Die eigenen Dateien sind gerade nicht erreichbar: {detail}"),
                format!("The home is not available: {detail}"),
            ),
            Self::TooLarge { needed_mb, most_mb } => {
                let (needed, most) = (memory(*needed_mb, language), memory(*most_mb, language));
                language.pick(
                    format!(
                        "Der Desktop braucht {needed} Arbeitsspeicher, der Server hat höchstens {most} für ihn. Die Verwaltung muss die Vorlage verkleinern."
                    ),
                    format!(
                        "The desktop needs {needed} of memory, and the server has at most {most} for it. An administrator has to make the template smaller."
                    ),
                )
            }
            Self::WaitsForMemory { needed_mb, free_mb } => {
                let (needed, free) = (memory(*needed_mb, language), memory(*free_mb, language));
                language.pick(
                    format!("Wartet, bis {needed} Arbeitsspeicher frei sind; jetzt sind es {free}."),
                    format!("Waits until {needed} of memory are free; now {free} are."),
                )
            }
            Self::WaitsForProcessors { needed_millis, free_millis } => {
                let tenths = |millis: i64| decimal(millis / 100, language);
                let (needed, free) = (tenths(*needed_millis), tenths(*free_millis));
                language.pick(
                    format!("Wartet auf Rechenleistung: {needed} Prozessoren müssen frei sein, jetzt sind es {free}."),
                    format!("Waits for computing power: {needed} processors have to be free; now {free} are."),
                )
            }
            Self::Removed => say("Wird entfernt.", "Being removed."),
        }
    }
}

/// An amount of memory as people say it; rounded down.
fn memory(mb: i64, language: Language) -> String {
    if mb < 1024 { format!("{mb} MB") } else { format!("{} GB", decimal(mb * 10 / 1024, language)) }
}

/// A number of tenths, without a zero after the point.
fn decimal(tenths: i64, language: Language) -> String {
    match (tenths / 10, tenths % 10) {
        (whole, 0) => whole.to_string(),
        (whole, tenth) => format!("{whole}{}{tenth}", language.pick(',', '.')),
    }
}

/// A span as people say it.
pub(crate) fn in_words(minutes: i64, language: Language) -> String {
    match (minutes / 60, minutes % 60) {
        (1, 0) => language.pick("eine Stunde", "one hour").to_owned(),
        (hours, 0) if hours > 1 => language.pick(format!("{hours} Stunden"), format!("{hours} hours")),
        _ if minutes == 1 => language.pick("eine Minute", "one minute").to_owned(),
        _ => language.pick(format!("{minutes} Minuten"), format!("{minutes} minutes")),
    }
}

#[cfg(test)]
mod tests {
    use super::Why;
    use crate::Language;

    #[test]
    fn memory_is_told_as_people_say_it() {
        let why = Why::WaitsForMemory { needed_mb: 2560, free_mb: 410 };
        let german = "Wartet, bis 2,5 GB Arbeitsspeicher frei sind; jetzt sind es 410 MB.";
        assert_eq!(why.sentence(Language::German), german);
        assert_eq!(why.sentence(Language::English), "Waits until 2.5 GB of memory are free; now 410 MB are.");
        let why = Why::TooLarge { needed_mb: 65_536, most_mb: 24_000 };
        let english = why.sentence(Language::English);
        assert!(english.contains("64 GB") && english.contains("23.4 GB"), "{english}");
    }

    #[test]
    fn the_code_is_the_stored_tag() {
        for why in
            [Why::Idle { minutes: 45 }, Why::Lifetime { minutes: 720 }, Why::OutOfMemory, Why::Crashed { exit_code: 1 }]
        {
            let stored = serde_json::to_value(&why).expect("a cause is plain data");
            assert_eq!(stored["code"], why.code());
        }
    }

    #[test]
    fn what_a_rule_ended_does_not_come_back_by_itself() {
        for why in [Why::Idle { minutes: 45 }, Why::Lifetime { minutes: 720 }, Why::Nightly] {
            assert!(why.is_decided() && !why.is_failure(), "{why:?}");
        }
    }
}
