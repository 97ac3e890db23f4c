use std::{io::ErrorKind, path::Path};

use domain::Language;
use files::Survey;

use super::{engine::Answering, report::Line};
use crate::config::Settings;

/// From here on starts are refused; it should not come so far.
const FULL_AT_PERCENT: u64 = 90;
/// Homes grow while nobody looks.
const TIGHT_AT_PERCENT: u64 = 80;

/// The folder in which people's files lie.
pub(super) fn check(settings: &Settings, language: Language) -> Vec<Line> {
    let root = &settings.storage.root;
    match files::survey(root) {
        Ok(survey) => judge(root, &survey, language),
        Err(error) if error.kind() == ErrorKind::NotFound => vec![Line::skip(
            "storage",
            language.pick(
                format!("{} gibt es noch nicht; der erste Start macht es", root.display()),
                format!("{} is not there yet; the first start makes it", root.display()),
            ),
        )],
        Err(error) => vec![Line::fail("storage", format!("{}: {error}", root.display()), access(root))],
    }
}

/// Whether the engine finds that folder, too.
pub(super) fn as_the_engine_sees_it(settings: &Settings, engine: Option<&Answering>, language: Language) -> [Line; 1] {
    // in a container of that engine we are called otherwise than its machine
    let own_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let elsewhere = engine.is_some_and(|engine| engine.info.name != own_name.trim());
    let in_container = elsewhere && Path::new("/.dockerenv").exists();
    [host_root(settings.storage.host_root.as_deref(), &settings.storage.root, in_container, language)]
}

fn judge(root: &Path, survey: &Survey, language: Language) -> Vec<Line> {
    let place = root.display();
    let storage = if !survey.is_writable {
        let why = language.pick("nicht beschreibbar", "not writable");
        Line::fail("storage", format!("{place}: {why}"), access(root))
    } else if !survey.can_give {
        Line::fail(
            "storage",
            language.pick(
                format!("{place}: Pult kann Homes niemandem übergeben."),
                format!("{place}: Pult cannot give homes to anybody."),
            ),
            language.pick("Pult als root oder als Benutzer 1000 starten.", "Run Pult as root or as user 1000."),
        )
    } else {
        Line::ok("storage", place.to_string())
    };
    let beneath = if survey.opens_beneath {
        Line::ok("beneath", language.pick("vorhanden", "there"))
    } else {
        Line::fail(
            "beneath",
            language.pick(
                "Dem Kernel fehlt openat2, oder ein Filter verbietet es.",
                "The kernel lacks openat2, or a filter forbids it.",
            ),
            language.pick(
                "Linux 5.6 oder neuer, und ein seccomp-Profil, das openat2 erlaubt.",
                "Linux 5.6 or newer, and a seccomp profile that allows openat2.",
            ),
        )
    };
    vec![storage, space(survey, language), beneath]
}

fn space(survey: &Survey, language: Language) -> Line {
    let gib = |bytes: u64| bytes >> 30;
    let used = |free: u64, all: u64| (free.min(all) * 100).checked_div(all).map_or(0, |left| 100 - left);
    let percent = used(survey.free_bytes, survey.total_bytes).max(used(survey.free_files, survey.total_files));
    let (free, total) = (gib(survey.free_bytes), gib(survey.total_bytes));
    let shown = language.pick(
        format!("{free} GiB von {total} GiB frei, {percent} % belegt"),
        format!("{free} GiB of {total} GiB free, {percent} % used"),
    );
    let remedy = language.pick("Platz schaffen oder vergrößern.", "Make room, or enlarge it.");
    match percent {
        FULL_AT_PERCENT.. => Line::fail("free_space", shown, remedy),
        TIGHT_AT_PERCENT.. => Line::warn("free_space", shown, remedy),
        _ => Line::ok("free_space", shown),
    }
}

/// Whether the engine finds the folder where we say it is.
fn host_root(host_root: Option<&Path>, root: &Path, in_container: bool, language: Language) -> Line {
    match host_root {
        None if in_container => Line::warn(
            "host_root",
            language.pick(
                "Pult läuft in einem Container; der Docker-Dienst kennt den Ordner unter einem anderen Namen.",
                "Pult runs in a container; the engine knows the folder by another name.",
            ),
            "storage.host_root",
        ),
        None => Line::ok("host_root", language.pick("derselbe Ordner", "the same folder")),
        Some(host) if !host.is_absolute() => Line::fail(
            "host_root",
            format!("{}", host.display()),
            language.pick(
                "storage.host_root muss ein absoluter Pfad sein.",
                "storage.host_root has to be an absolute path.",
            ),
        ),
        Some(host) if !in_container && host.canonicalize().ok() != root.canonicalize().ok() => Line::warn(
            "host_root",
            language.pick(
                format!("{} ist hier nicht storage.root, und Pult läuft in keinem Container.", host.display()),
                format!("{} is not storage.root here, and Pult runs in no container.", host.display()),
            ),
            language.pick("storage.host_root weglassen.", "Leave storage.host_root out."),
        ),
        Some(host) => Line::ok("host_root", host.display().to_string()),
    }
}

fn access(root: &Path) -> String {
    format!("ls -ld {0}; chown -R 1000:1000 {0}", root.display())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use domain::Language;
    use files::Survey;

    use super::{host_root, judge};
    use crate::commands::doctor::report::State::{Fail, Ok, Warn};

    const GOOD: Survey = Survey {
        is_writable: true,
        can_give: true,
        opens_beneath: true,
        free_bytes: 50 << 30,
        total_bytes: 100 << 30,
        free_files: 100,
        total_files: 100,
    };

    #[test]
    fn each_fault_of_the_folder_has_its_line() {
        let states = |survey: Survey| {
            judge(Path::new("/srv"), &survey, Language::English).iter().map(|line| line.state).collect::<Vec<_>>()
        };
        assert_eq!(states(GOOD), [Ok, Ok, Ok]);
        assert_eq!(states(Survey { is_writable: false, ..GOOD }), [Fail, Ok, Ok]);
        assert_eq!(states(Survey { can_give: false, ..GOOD }), [Fail, Ok, Ok]);
        assert_eq!(states(Survey { opens_beneath: false, ..GOOD }), [Ok, Ok, Fail]);
        assert_eq!(states(Survey { free_bytes: 20 << 30, ..GOOD }), [Ok, Warn, Ok]);
        assert_eq!(states(Survey { free_bytes: 10 << 30, ..GOOD }), [Ok, Fail, Ok]);
        assert_eq!(states(Survey { free_files: 0, ..GOOD }), [Ok, Fail, Ok], "a file system without inodes is full");
    }

    #[test]
    fn the_engines_view_matters_where_pult_is_in_a_container() {
        let state = |host: Option<&str>, in_container| {
            host_root(host.map(Path::new), Path::new("/data"), in_container, Language::English).state
        };
        assert_eq!(state(None, false), Ok);
        assert_eq!(state(None, true), Warn);
        assert_eq!(state(Some("/srv/pult"), true), Ok);
        assert_eq!(state(Some("srv/pult"), true), Fail);
    }
}
