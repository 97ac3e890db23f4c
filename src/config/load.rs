use std::{
    net::{AddrParseError, IpAddr},
    path::{Path, PathBuf},
};

use domain::InstallationId;
use figment::{
    Figment,
    error::Kind,
    providers::{Env, Format, Toml},
};
use figment_file_provider_adapter::FileAdapter;
use ipnet::IpNet;

use super::{Settings, limits::limits, places::places, providers::providers, reach::reach, roster::roster};

/// Why the configuration cannot be used: where, which key, and what was expected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file that was named is not there.
    #[error("{}: there is no such file", .0.display())]
    NoFile(PathBuf),
    /// A key is unknown or holds what it should not.
    #[error("{place}: {key}: {detail}")]
    Key {
        /// The file, or the environment.
        place: String,
        /// The key with its section.
        key: String,
        /// What was expected.
        detail: String,
    },
}

/// The file that is read where none is named, if it is there.
const DEFAULT_FILE: &str = "pult.toml";
const PREFIX: &str = "PULT_";

/// Reads the file and the environment, and checks all of it.
pub(crate) fn load(file: Option<&Path>, demo: bool) -> Result<Settings, ConfigError> {
    if let Some(file) = file
        && !file.is_file()
    {
        return Err(ConfigError::NoFile(file.to_owned()));
    }
    let path = file.unwrap_or(Path::new(DEFAULT_FILE));
    // Only names with a section are ours: PULT_CONFIG and what scripts use are not keys.
    let environment = Env::prefixed(PREFIX).filter(|name| name.as_str().contains("__")).split("__");
    let figment = Figment::new().merge(FileAdapter::wrap(Toml::file(path))).merge(FileAdapter::wrap(environment));
    let mut settings: Settings = figment.extract().map_err(|error| explain(&error))?;
    if demo {
        settings.auth.local.enabled = true;
    }
    check(&settings)?;
    Ok(settings)
}

/// The file that [`load`] reads, if there is one.
pub(crate) fn source(file: Option<&Path>) -> Option<PathBuf> {
    file.or_else(|| Some(Path::new(DEFAULT_FILE)).filter(|path| path.is_file())).map(Path::to_owned)
}

/// What a wrong key looks like to the person who wrote it.
fn explain(error: &figment::Error) -> ConfigError {
    let key = error.path.join(".");
    let place = error.metadata.as_ref().map_or_else(
        || "configuration".to_owned(),
        |metadata| match &metadata.source {
            Some(figment::Source::File(path)) => path.display().to_string(),
            _ => "environment".to_owned(),
        },
    );
    let detail = match &error.kind {
        Kind::UnknownField(field, known) => {
            let nearest = known.iter().max_by(|a, b| strsim::jaro(a, field).total_cmp(&strsim::jaro(b, field)));
            let hint = nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default();
            format!("there is no such key{hint}")
        }
        kind => kind.to_string(),
    };
    ConfigError::Key { place, key, detail }
}

/// What the types alone cannot say.
fn check(settings: &Settings) -> Result<(), ConfigError> {
    let wrong = |key: &str, detail: &str| {
        Err(ConfigError::Key { place: "configuration".to_owned(), key: key.to_owned(), detail: detail.to_owned() })
    };
    let url = settings.server.public_url();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || url.path() != "/" || url.query().is_some() {
        return wrong("server.public_url", "expected http:// or https:// with a host and no path");
    }
    if settings.server.tls.cert.is_some() != settings.server.tls.key.is_some() {
        return wrong("server.tls", "expected both `cert` and `key`, or neither");
    }
    for (key, texts) in [
        ("server.trusted_proxies", &settings.server.trusted_proxies),
        ("auth.local.admins_from", &settings.auth.local.admins_from),
        ("webhooks.allow_private", &settings.webhooks.allow_private),
    ] {
        if networks(texts).is_err() {
            return wrong(key, "expected addresses or networks such as 10.0.0.0/8");
        }
    }
    if let Err((key, detail)) = places(&url, &settings.gateway) {
        return wrong(key, detail);
    }
    if let Err((key, detail)) = reach(&settings.network, InstallationId::new()) {
        return wrong(key, &detail);
    }
    if let Err((key, detail)) = providers(&settings.auth.oidc) {
        return wrong(&key, detail);
    }
    if let Err((key, detail)) = roster(settings) {
        return wrong(key, detail);
    }
    if !settings.roster.at.is_empty() && settings.roster.at.parse::<worker::Cron>().is_err() {
        return wrong("roster.at", "expected a cron expression such as `30 4 * * *`, or nothing");
    }
    if settings.database.max_connections == 0 {
        return wrong("database.max_connections", "expected at least 1");
    }
    if settings.engine.max_concurrent_starts == Some(0) {
        return wrong("engine.max_concurrent_starts", "expected at least 1");
    }
    for (key, factor) in [
        ("engine.memory_overcommit", settings.engine.memory_overcommit),
        ("engine.cpu_overcommit", settings.engine.cpu_overcommit),
    ] {
        if !(0.1..=1000.0).contains(&factor) {
            return wrong(key, "expected a factor from 0.1 to 1000, such as 2.0");
        }
    }
    if settings.desktop.time_zone.parse::<chrono_tz::Tz>().is_err() {
        return wrong("desktop.time_zone", "expected a name such as Europe/Berlin");
    }
    if let Err((key, detail)) = limits(&settings.reaper) {
        return wrong(&key, detail);
    }
    let nightly = &settings.reaper.nightly_stop;
    if !nightly.is_empty() && nightly.parse::<worker::Cron>().is_err() {
        return wrong("reaper.nightly_stop", "expected a cron expression such as `0 22 * * *`, or nothing");
    }
    Ok(())
}

/// Networks, and addresses as networks of one.
pub(crate) fn networks(texts: &[String]) -> Result<Vec<IpNet>, AddrParseError> {
    texts.iter().map(|text| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from))).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::load;

    fn load_text(text: &str) -> Result<super::Settings, String> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("it is written");
        let path = file.path().display().to_string();
        load(Some(file.path()), false).map_err(|error| error.to_string().replace(&path, "pult.toml"))
    }

    #[test]
    fn the_example_is_valid_and_says_the_defaults() {
        let example = include_str!("../../pult.example.toml");
        let lines: Vec<_> = example.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line)).collect();
        let uncommented = lines.join(
            "
",
        );
        let written = load_text(&uncommented).expect("the example is valid");
        let default = load_text("").expect("nothing is valid");
        assert_eq!(format!("{written:?}"), format!("{default:?}"));
    }

    #[test]
    fn an_unknown_key_names_the_nearest_one() {
        let error = load_text("[server]\nlisten_on = \"127.0.0.1:1\"\n").expect_err("there is no such key");
        assert_eq!(error, "pult.toml: server.listen_on: there is no such key; did you mean `listen`?");
    }

    #[test]
    fn a_wrong_value_says_what_was_expected() {
        let error = load_text("[reaper]\nidle_after = \"soon\"\n").expect_err("no span");
        assert!(error.contains("reaper.idle_after") && error.contains("a span such as 45m"), "{error}");
        let error = load_text("[reaper]\nnightly_stop = \"at ten\"\n").expect_err("no cron expression");
        assert!(error.contains("reaper.nightly_stop") && error.contains("0 22 * * *"), "{error}");
    }

    #[test]
    fn overcommit_is_a_factor() {
        let settings = load_text("[engine]\nmemory_overcommit = 3\ncpu_overcommit = 0.5\n").expect("valid");
        assert!((settings.engine.memory_overcommit - 3.0).abs() < f64::EPSILON);
        for (key, value) in [("memory_overcommit", "0"), ("cpu_overcommit", "-1.0"), ("cpu_overcommit", "nan")] {
            let error = load_text(&format!("[engine]\n{key} = {value}\n")).expect_err("no factor");
            assert!(error.contains(&format!("engine.{key}: ")) && error.contains("0.1 to 1000"), "{error}");
        }
    }

    #[test]
    fn a_role_may_have_other_limits() {
        let text = "[reaper]\nroles.teacher.idle_after = \"never\"\nroles.admin.max_lifetime = \"12h\"\n";
        let settings = load_text(text).expect("valid");
        assert_eq!(settings.reaper.roles.len(), 2);
        for (line, told) in [
            (
                "roles.teacher.idle_after = \"soon\"",
                "roles.teacher.idle_after: invalid value string \"soon\", expected a span such as 45m",
            ),
            ("roles.teacher.idle_after = \"0s\"", "roles.teacher.idle_after: expected a span of 1s to 3650d"),
            ("roles.teacher.idle = \"2h\"", "roles.teacher.idle: there is no such key; did you mean `idle_after`?"),
            ("roles.pupil.idle_after = \"2h\"", "reaper.roles.pupil: unknown variant"),
        ] {
            let error = load_text(&format!("[reaper]\n{line}\n")).expect_err(line);
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn to_be_busy_is_a_share_or_nothing() {
        for (value, share) in [("0.5", Some(0.5)), ("1", Some(1.0)), ("\"never\"", None)] {
            let settings = load_text(&format!("[reaper]\nbusy_above = {value}\n")).expect("valid");
            assert_eq!(settings.reaper.busy_above.0, share);
        }
        for value in ["\"much\"", "0", "true"] {
            let error = load_text(&format!("[reaper]\nbusy_above = {value}\n")).expect_err("no share");
            assert!(error.starts_with("pult.toml: ") || error.starts_with("configuration: "), "{error}");
            assert!(error.contains("reaper.busy_above: "), "{error}");
        }
        let error = load_text("[reaper]\nroles.teacher.busy_above = 0\n").expect_err("no share");
        assert!(error.contains("reaper.roles.teacher.busy_above: expected a share of one processor"), "{error}");
    }

    #[test]
    fn desktops_on_their_own_hosts_need_hosts() {
        let error = load_text("[gateway]\nmode = \"host\"\n").expect_err("no suffix");
        assert!(error.contains("gateway.host_suffix: ") && error.contains("desktops.school.example"), "{error}");
        let error = load_text("[gateway]\nmode = \"hosts\"\n").expect_err("no mode");
        assert!(error.contains("gateway.mode") && error.contains("host"), "{error}");
    }

    #[test]
    fn without_a_public_url_this_machine_is_meant() {
        let settings = load_text("[server]\nlisten = \"127.0.0.1:8181\"\n").expect("valid");
        assert_eq!(settings.server.public_url().as_str(), "http://localhost:8181/");
    }
}
