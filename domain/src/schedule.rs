//! What Pult does by the clock: the jobs there are, and what came of a run, stored as facts and told as a sentence.

use serde::{Deserialize, Serialize};

use crate::{Language, provisioning::Count, text::words};

words! {
    /// A job of the schedule.
    ScheduledJob, "scheduled job" {
        /// Warns owners of unused desktops and stops these.
        Idle = "idle",
        /// Stops every desktop.
        NightlyStop = "nightly_stop",
        /// Removes desktops that were stopped long ago.
        Expired = "expired",
        /// Removes old containers that nobody knows.
        Orphans = "orphans",
        /// Looks whether the engine has the templates' images.
        Images = "images",
        /// Unpacks the clients of templates' images.
        Clients = "clients",
        /// Takes unpacked clients away that nobody uses.
        UnusedClients = "unused_clients",
        /// Forgets sessions that have ended.
        Sessions = "sessions",
        /// Reads the school's own list of people.
        Roster = "roster",
        /// Walks along the audit log's chain.
        AuditCheck = "audit_check",
        /// Forgets old lines of the audit log.
        AuditRetention = "audit_retention",
        /// Keeps the database fast and small, and forgets lessons of long ago.
        DatabaseUpkeep = "database_upkeep",
    }
}

words! {
    /// How the last run of a job went.
    RunResult, "result" {
        /// It is under way.
        Running = "running",
        /// It did what it should.
        Ok = "ok",
        /// It could not, or not all of it.
        Failed = "failed",
    }
}

impl ScheduledJob {
    /// What people call it.
    pub fn title(self, language: Language) -> &'static str {
        match self {
            Self::Idle => language.pick("Unbenutzte Desktops", "Unused desktops"),
            Self::NightlyStop => language.pick("Nachtruhe", "Nightly stop"),
            Self::Expired => language.pick("Vergessene Desktops", "Forgotten desktops"),
            Self::Orphans => language.pick("Unbekannte Container", "Unknown containers"),
            Self::Images => language.pick("Images der Vorlagen", "Images of templates"),
            Self::Clients => language.pick("Anzeigen aus Images", "Clients out of images"),
            Self::UnusedClients => language.pick("Unbenutzte Anzeigen", "Unused clients"),
            Self::Sessions => language.pick("Abgelaufene Anmeldungen", "Ended sessions"),
            Self::Roster => language.pick("Schülerliste", "School roster"),
            Self::AuditCheck => language.pick("Prüfung des Protokolls", "Check of the audit log"),
            Self::AuditRetention => language.pick("Altes Protokoll", "Old audit log"),
            Self::DatabaseUpkeep => language.pick("Datenbankpflege", "Database upkeep"),
        }
    }

    /// What it does, in a sentence.
    pub fn sentence(self, language: Language) -> &'static str {
        match self {
            Self::Idle => language.pick(
                "Warnt, wenn an einem Desktop niemand arbeitet, und hält ihn danach an.",
                "Warns when nobody works in a desktop, and then stops it.",
            ),
            Self::NightlyStop => language
                .pick("Hält zur eingestellten Zeit alle Desktops an.", "Stops every desktop at the hour that is set."),
            Self::Expired => language.pick(
                "Entfernt Desktops, die lange angehalten waren; die Dateien bleiben.",
                "Removes desktops that were stopped for long; files stay.",
            ),
            Self::Orphans => language.pick(
                "Entfernt alte Container dieser Installation, zu denen kein Desktop bekannt ist.",
                "Removes old containers of this installation that no desktop is known for.",
            ),
            Self::Images => language.pick(
                "Prüft, ob die Images aller eingeschalteten Vorlagen auf dem Server sind.",
                "Checks that the images of all enabled templates are on the server.",
            ),
            Self::Clients => language.pick(
                "Packt aus, was Desktops im Browser anzeigt, bevor der erste Start es braucht.",
                "Unpacks what shows desktops in the browser before the first start needs it.",
            ),
            Self::UnusedClients => language.pick(
                "Räumt ausgepackte Anzeigen weg, die keine Vorlage und kein Desktop mehr benutzt.",
                "Takes unpacked clients away that neither a template nor a desktop uses any more.",
            ),
            Self::Sessions => language
                .pick("Vergisst Anmeldungen, die abgelaufen sind.", "Forgets sessions that have ended by themselves."),
            Self::Roster => language.pick(
                "Übernimmt Personen und Gruppen aus IServ, wenn das eingestellt ist.",
                "Takes people and groups over from IServ, where that is configured.",
            ),
            Self::AuditCheck => language.pick(
                "Prüft, ob im Protokoll nichts geändert wurde und nichts fehlt.",
                "Checks that nothing was changed in the audit log, and nothing is missing.",
            ),
            Self::AuditRetention => language.pick(
                "Löscht Einträge des Protokolls, die älter sind als eingestellt.",
                "Deletes lines of the audit log that are older than the setting says.",
            ),
            Self::DatabaseUpkeep => {
                language.pick("Hält die Datenbank schnell und klein.", "Keeps the database fast and small.")
            }
        }
    }
}

/// What came of a run.
///
/// Its code is stable; the facts beside it fill the sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[cfg_attr(feature = "sea-orm", derive(sea_orm::FromJsonQueryResult))]
pub enum Outcome {
    /// There was nothing to do.
    Nothing,
    /// Desktops were stopped.
    Stopped {
        /// How many; at least one.
        desktops: u64,
    },
    /// Owners were warned, and desktops stopped.
    Reaped {
        /// How many were warned.
        warned: u64,
        /// How many were stopped.
        stopped: u64,
    },
    /// Desktops, containers or rows were removed.
    Removed {
        /// How many; at least one.
        count: u64,
    },
    /// People are as a list says.
    Synced {
        /// How many are new.
        made: u64,
        /// How many are not as they were.
        changed: u64,
        /// How many are gone.
        gone: u64,
    },
    /// It is done, and there is nothing to count.
    Done,
    /// Every image is there.
    ImagesPresent {
        /// How many.
        images: u64,
    },
    /// Some images are not there.
    ImagesMissing {
        /// Their references.
        images: Vec<String>,
    },
    /// It could not be done, or not all of it.
    Failed {
        /// What went wrong.
        detail: String,
    },
    /// It met a defect of Pult's.
    Panicked {
        /// What the defect said.
        detail: String,
    },
    /// Pult ended before it did.
    Interrupted,
}

impl Outcome {
    /// So many desktops were stopped.
    pub fn stopped(desktops: u64) -> Self {
        if desktops == 0 { Self::Nothing } else { Self::Stopped { desktops } }
    }

    /// So many owners were warned, and desktops stopped.
    pub fn reaped(warned: u64, stopped: u64) -> Self {
        if warned + stopped == 0 { Self::Nothing } else { Self::Reaped { warned, stopped } }
    }

    /// So many were removed.
    pub fn removed(count: u64) -> Self {
        if count == 0 { Self::Nothing } else { Self::Removed { count } }
    }

    /// So many people are new, not as they were, or gone.
    pub fn synced(people: Count) -> Self {
        let Count { made, changed, gone, .. } = people;
        if made + changed + gone == 0 { Self::Nothing } else { Self::Synced { made, changed, gone } }
    }

    /// Whether the run did what it should.
    pub fn result(&self) -> RunResult {
        match self {
            Self::Failed { .. } | Self::Panicked { .. } | Self::Interrupted => RunResult::Failed,
            _ => RunResult::Ok,
        }
    }

    /// A sentence, or a small count.
    pub fn sentence(&self, language: Language) -> String {
        let say = |german: &str, english: &str| language.pick(german, english).to_owned();
        match self {
            Self::Nothing => say("Nichts zu tun.", "Nothing to do."),
            Self::Stopped { desktops } => {
                language.pick(format!("{desktops} angehalten."), format!("{desktops} stopped."))
            }
            Self::Reaped { warned, stopped } => language.pick(
                format!("{warned} gewarnt, {stopped} angehalten."),
                format!("{warned} warned, {stopped} stopped."),
            ),
            Self::Removed { count } => language.pick(format!("{count} entfernt."), format!("{count} removed.")),
            Self::Synced { made, changed, gone } => language.pick(
                format!("{made} neu, {changed} geändert, {gone} abgeschaltet."),
                format!("{made} new, {changed} changed, {gone} deactivated."),
            ),
            Self::Done => say("Erledigt.", "Done."),
            Self::ImagesPresent { images } => {
                language.pick(format!("Alle da: {images}."), format!("All there: {images}."))
            }
            Self::ImagesMissing { images } => {
                let images = images.join(", ");
                language.pick(
                    format!("Auf dem Server fehlen: {images}. In ihrer Vorlage lassen sie sich laden."),
                    format!("Missing on the server: {images}. Their templates can pull them."),
                )
            }
            Self::Failed { detail } => language.pick(format!("Fehlgeschlagen: {detail}"), format!("Failed: {detail}")),
            Self::Panicked { detail } => {
                language.pick(format!("Ein Fehler von Pult: {detail}"), format!("A defect of Pult's: {detail}"))
            }
            Self::Interrupted => say(
                "Abgebrochen, weil Pult beendet wurde; der Lauf wird nachgeholt, wenn es noch Zeit dafür ist.",
                "Cut off because Pult ended; it is made up for where it is not too late.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, RunResult, ScheduledJob};
    use crate::Language;

    #[test]
    fn every_job_says_what_it_does_in_both_languages() {
        for job in ScheduledJob::ALL {
            assert!(job.sentence(Language::German).ends_with('.') && job.sentence(Language::English).ends_with('.'));
            assert_ne!(job.title(Language::German), job.title(Language::English));
        }
    }

    #[test]
    fn missing_images_are_named() {
        let outcome = Outcome::ImagesMissing { images: vec!["a:1".to_owned(), "b:2".to_owned()] };
        assert_eq!(outcome.result(), RunResult::Ok, "the look went well");
        assert!(outcome.sentence(Language::English).contains("a:1, b:2"));
    }

    #[test]
    fn what_was_cut_off_did_not_go_well() {
        assert_eq!(Outcome::Interrupted.result(), RunResult::Failed);
        assert_eq!(Outcome::stopped(3).sentence(Language::English), "3 stopped.");
        assert_eq!(Outcome::stopped(0).sentence(Language::English), "Nothing to do.");
    }
}
