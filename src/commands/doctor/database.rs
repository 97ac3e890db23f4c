use std::path::{Path, PathBuf};

use domain::Language;
use migration::Step;
use secrecy::ExposeSecret as _;
use store::{Bus, Sealer, Store};

use super::report::Line;
use crate::{
    commands,
    config::Settings,
    keys::{self, Found},
};

/// What was seen of a SQLite database's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum File {
    Missing,
    ReadOnly,
    Writable,
}

/// The database and its schema, and a way in where there is one.
pub(super) async fn check(settings: &Settings, language: Language) -> (Vec<Line>, Option<Store>) {
    let url = commands::database_url(settings);
    let path = sqlite_file(url.expose_secret());
    let file = path.as_deref().map(look);
    if let (Some(path), Some(file)) = (&path, file)
        && let Some(line) = judge_file(path, file, language)
    {
        return (vec![line], None);
    }
    let kind = if path.is_some() { "SQLite" } else { "PostgreSQL" };
    // what is sealed is not opened here
    let key = match keys::look(&settings.storage.root) {
        Found::Key { key, .. } => key,
        _ => store::random_key(),
    };
    let config = store::Config { url: url.expose_secret().to_owned(), max_connections: 1 };
    let store = match Store::connect(&config, Bus::local(), Sealer::new(key)).await {
        Ok(store) => store,
        Err(error) => {
            let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            return (vec![Line::fail("database", format!("{kind}: {why}"), away(path.is_some(), language))], None);
        }
    };
    match migration::status(store.connection()).await {
        Ok(steps) => {
            let line = judge_schema(&steps, language);
            let usable = line.state == super::report::State::Ok;
            (vec![Line::ok("database", kind), line], usable.then_some(store))
        }
        Err(error) => (
            vec![
                Line::ok("database", kind),
                Line::fail(
                    "schema",
                    error.to_string(),
                    language.pick(
                        "Ist es von einem neueren Pult? Dann dieses aktualisieren.",
                        "Is it of a newer Pult? Then upgrade this one.",
                    ),
                ),
            ],
            None,
        ),
    }
}

/// The file of a SQLite database.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    Some(PathBuf::from(path.split('?').next().unwrap_or_default()))
}

fn look(path: &Path) -> File {
    if path.as_os_str() == ":memory:" {
        return File::Writable;
    }
    match std::fs::OpenOptions::new().append(true).open(path) {
        Ok(_) => File::Writable,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => File::Missing,
        Err(_) => File::ReadOnly,
    }
}

/// What keeps a file from being a database of ours; nothing if nothing does.
fn judge_file(path: &Path, file: File, language: Language) -> Option<Line> {
    let place = path.display();
    match file {
        File::Writable => None,
        File::Missing => Some(Line::skip(
            "database",
            language.pick(
                format!("{place} gibt es noch nicht; der erste Start macht sie"),
                format!("{place} is not there yet; the first start makes it"),
            ),
        )),
        File::ReadOnly => Some(Line::fail(
            "database",
            language.pick(format!("{place} ist nicht beschreibbar."), format!("{place} is not writable.")),
            format!("ls -l {place}"),
        )),
    }
}

fn judge_schema(steps: &[Step], language: Language) -> Line {
    let missing = steps.iter().filter(|step| !step.applied).count();
    let all = steps.len();
    if missing == 0 {
        return Line::ok(
            "schema",
            language.pick(format!("aktuell, {all} Schritte"), format!("up to date, {all} steps")),
        );
    }
    Line::warn(
        "schema",
        language.pick(format!("{missing} von {all} Schritten fehlen"), format!("{missing} of {all} steps are missing")),
        "pult migrate up",
    )
}

fn away(sqlite: bool, language: Language) -> &'static str {
    if sqlite {
        language
            .pick("database.url und die Rechte der Datei prüfen.", "Look at database.url and the file's permissions.")
    } else {
        language.pick("Läuft PostgreSQL, und stimmt database.url?", "Does PostgreSQL run, and is database.url right?")
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use domain::Language;
    use migration::Step;

    use super::{File, judge_file, judge_schema, sqlite_file};
    use crate::commands::doctor::report::State;

    #[test]
    fn only_sqlite_has_a_file() {
        assert_eq!(sqlite_file("sqlite:///srv/pult.db?mode=rwc"), Some(PathBuf::from("/srv/pult.db")));
        assert_eq!(sqlite_file("sqlite://./data/pult.db"), Some(PathBuf::from("./data/pult.db")));
        assert_eq!(sqlite_file("postgres://pult@db/pult"), None);
    }

    #[test]
    fn a_database_that_was_never_made_is_no_fault() {
        let state = |file| judge_file(Path::new("/srv/pult.db"), file, Language::English).map(|line| line.state);
        assert_eq!(state(File::Missing), Some(State::Skip));
        assert_eq!(state(File::ReadOnly), Some(State::Fail));
        assert_eq!(state(File::Writable), None);
    }

    #[test]
    fn a_schema_that_lacks_steps_says_how_to_take_them() {
        let step = |applied| Step { name: "m".to_owned(), applied };
        assert_eq!(judge_schema(&[step(true), step(true)], Language::English).state, State::Ok);
        let line = judge_schema(&[step(true), step(false)], Language::English);
        assert_eq!((line.state, line.remedy.as_deref()), (State::Warn, Some("pult migrate up")));
        assert_eq!(line.detail, "1 of 2 steps are missing");
    }
}
