use std::time::Duration;

use domain::{InstallationId, Language};
use engine::{DockerEngine, Engine, EngineError, EngineInfo, Route};

use super::report::Line;
use crate::config::{EngineRoute, Settings};

/// Somebody waits for the answer.
const CALL: Duration = Duration::from_secs(8);

/// An engine that answered, and what it said of itself.
pub(super) struct Answering {
    pub(super) engine: DockerEngine,
    pub(super) info: EngineInfo,
}

/// The engine, and whether it can hold desktops to their limits. Nothing is made on it.
pub(super) async fn check(settings: &Settings, language: Language) -> (Vec<Line>, Option<Answering>) {
    let host = &settings.engine.host;
    let root = settings.storage.root.canonicalize().unwrap_or_else(|_| "/var/lib/pult".into());
    let connected = DockerEngine::connect(engine::Config {
        host: host.clone(),
        // nothing of any installation is looked at
        instance: InstallationId::new(),
        route: match settings.engine.route {
            EngineRoute::Address => Route::Address,
            EngineRoute::Port => Route::Port,
        },
        storage_root: settings.storage.host_root.clone().unwrap_or(root),
        call_timeout: CALL,
    });
    let engine = match connected {
        Ok(engine) => engine,
        Err(error) => return (vec![away(host, &error, language)], None),
    };
    match engine.info().await {
        Ok(info) => (judge(&info, language), Some(Answering { engine, info })),
        Err(error) => (vec![away(host, &error, language)], None),
    }
}

fn away(host: &str, error: &EngineError, language: Language) -> Line {
    let remedy = match (error, host.strip_prefix("unix://")) {
        (EngineError::Unreachable { detail }, Some(socket)) if detail.to_lowercase().contains("permission") => language
            .pick(
                format!("Den Benutzer von Pult in die Gruppe von {socket} aufnehmen: usermod -aG docker BENUTZER"),
                format!("Add Pult's user to the group of {socket}: usermod -aG docker USER"),
            ),
        (EngineError::Unreachable { .. }, Some(_)) => {
            language.pick("Docker starten: systemctl start docker", "Start Docker: systemctl start docker").to_owned()
        }
        _ => language.pick("Stimmt engine.host?", "Is engine.host right?").to_owned(),
    };
    Line::fail("engine", format!("{host}: {error}"), remedy)
}

fn judge(info: &EngineInfo, language: Language) -> Vec<Line> {
    let gib = info.memory_bytes >> 30;
    let EngineInfo { name, version, api_version, cpus, storage_driver, cgroup_version, .. } = info;
    let detail = language.pick(
        format!("Docker {version} (API {api_version}) auf {name}: {cpus} Prozessoren, {gib} GiB, {storage_driver}, cgroup v{cgroup_version}"),
        format!("Docker {version} (API {api_version}) on {name}: {cpus} processors, {gib} GiB, {storage_driver}, cgroup v{cgroup_version}"),
    );
    let engine = if storage_driver == "vfs" {
        Line::warn(
            "engine",
            detail,
            language.pick(
                "vfs kopiert jedes Image für jeden Desktop: \"storage-driver\": \"overlay2\" in /etc/docker/daemon.json",
                "vfs copies each image for each desktop: \"storage-driver\": \"overlay2\" in /etc/docker/daemon.json",
            ),
        )
    } else {
        Line::ok("engine", detail)
    };
    let limits = if info.lacks.is_empty() {
        Line::ok("engine_limits", language.pick("werden eingehalten", "can be held"))
    } else {
        Line::fail(
            "engine_limits",
            language.pick("Dieser Docker-Dienst kann keine Desktops ausführen.", "This engine cannot run desktops."),
            info.lacks.join("; "),
        )
    };
    vec![engine, limits]
}

#[cfg(test)]
mod tests {
    use domain::Language;
    use engine::{EngineError, EngineInfo};

    use super::{away, judge};
    use crate::commands::doctor::report::State;

    fn info() -> EngineInfo {
        EngineInfo {
            name: "school".to_owned(),
            version: "20.10.24".to_owned(),
            api_version: "1.41".to_owned(),
            cpus: 2,
            memory_bytes: 8 << 30,
            live_restore: true,
            clock: None,
            storage_driver: "overlay2".to_owned(),
            cgroup_version: "2".to_owned(),
            lacks: Vec::new(),
        }
    }

    #[test]
    fn an_engine_is_told_with_what_it_has_and_what_it_lacks() {
        let lines = judge(&info(), Language::English);
        assert_eq!(lines[0].detail, "Docker 20.10.24 (API 1.41) on school: 2 processors, 8 GiB, overlay2, cgroup v2");
        assert!(lines.iter().all(|line| line.state == State::Ok));
        let unfit = EngineInfo { lacks: vec!["it cannot limit memory"], ..info() };
        assert_eq!(judge(&unfit, Language::English)[1].state, State::Fail);
        let slow = EngineInfo { storage_driver: "vfs".to_owned(), ..info() };
        assert_eq!(judge(&slow, Language::German)[0].state, State::Warn);
    }

    #[test]
    fn an_engine_that_is_away_says_how_to_start_it() {
        let error = EngineError::Unreachable { detail: "No such file or directory".to_owned() };
        let line = away("unix:///var/run/docker.sock", &error, Language::English);
        assert!(line.remedy.is_some_and(|remedy| remedy.contains("systemctl start docker")));
        let error = EngineError::Unreachable { detail: "Permission denied".to_owned() };
        let line = away("unix:///var/run/docker.sock", &error, Language::English);
        assert!(line.remedy.is_some_and(|remedy| remedy.contains("usermod -aG docker")));
    }
}
