use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use domain::access::Role;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use url::Url;

/// Everything that can be configured. `pult.example.toml` says what each key means.
#[derive(Debug, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) database: Database,
    pub(crate) storage: Storage,
    pub(crate) engine: Engine,
    pub(crate) network: Network,
    pub(crate) gateway: Gateway,
    pub(crate) auth: Auth,
    pub(crate) roster: Roster,
    pub(crate) desktop: Desktop,
    pub(crate) reaper: Reaper,
    pub(crate) audit: Audit,
    pub(crate) webhooks: Webhooks,
    pub(crate) log: Log,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    public_url: Option<Url>,
    pub(crate) admin_listen: SocketAddr,
    #[serde(deserialize_with = "words")]
    pub(crate) trusted_proxies: Vec<String>,
    #[serde(with = "humantime_serde")]
    pub(crate) streams_end_within: Duration,
    pub(crate) tls: Tls,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            public_url: None,
            admin_listen: (Ipv4Addr::LOCALHOST, 9090).into(),
            trusted_proxies: Vec::new(),
            streams_end_within: Duration::from_secs(10),
            tls: Tls::default(),
        }
    }
}

impl Server {
    /// How people reach us: as configured, else on this machine.
    pub(crate) fn public_url(&self) -> Url {
        let scheme = if self.tls.cert.is_some() { "https" } else { "http" };
        let here = format!("{scheme}://localhost:{}", self.listen.port());
        self.public_url.clone().unwrap_or_else(|| here.parse().expect("a scheme, a name and a port are a URL"))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) cert: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Database {
    pub(crate) url: Option<SecretString>,
    pub(crate) max_connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, max_connections: 8 }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Storage {
    pub(crate) root: PathBuf,
    pub(crate) host_root: Option<PathBuf>,
}

impl Default for Storage {
    fn default() -> Self {
        Self { root: PathBuf::from("./data"), host_root: None }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Engine {
    pub(crate) kind: EngineKind,
    pub(crate) host: String,
    pub(crate) route: EngineRoute,
    pub(crate) max_concurrent_starts: Option<usize>,
    pub(crate) memory_overcommit: f64,
    pub(crate) cpu_overcommit: f64,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            kind: EngineKind::Docker,
            host: "unix:///var/run/docker.sock".to_owned(),
            route: EngineRoute::Address,
            max_concurrent_starts: None,
            memory_overcommit: 2.0,
            cpu_overcommit: 32.0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EngineKind {
    Docker,
}

/// What desktops may reach.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Network {
    pub(crate) firewall: Guarding,
    pub(crate) beside_the_internet: Vec<String>,
    pub(crate) school: Vec<String>,
    pub(crate) resolvers: Vec<Ipv4Addr>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Guarding {
    #[default]
    Auto,
    Required,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EngineRoute {
    Address,
    Port,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Gateway {
    pub(crate) mode: GatewayMode,
    pub(crate) host_suffix: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum GatewayMode {
    #[default]
    Path,
    Host,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Auth {
    pub(crate) local: Local,
    pub(crate) oidc: Oidc,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Local {
    pub(crate) enabled: bool,
    #[serde(deserialize_with = "words")]
    pub(crate) admins_from: Vec<String>,
}

/// An identity provider, and `more` of them by their ids.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Oidc {
    pub(crate) issuer: Option<String>,
    pub(crate) name: String,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<SecretString>,
    #[serde(deserialize_with = "words")]
    pub(crate) scopes: Vec<String>,
    #[serde(deserialize_with = "words")]
    pub(crate) admin_groups: Vec<String>,
    #[serde(deserialize_with = "words")]
    pub(crate) admin_users: Vec<String>,
    #[serde(deserialize_with = "words")]
    pub(crate) admin_roles: Vec<String>,
    #[serde(deserialize_with = "words")]
    pub(crate) teacher_groups: Vec<String>,
    #[serde(deserialize_with = "words")]
    pub(crate) teacher_roles: Vec<String>,
    pub(crate) endpoints: Endpoints,
    #[serde(with = "humantime_serde")]
    pub(crate) ask_again_after: Duration,
    pub(crate) more: BTreeMap<String, Oidc>,
}

impl Default for Oidc {
    fn default() -> Self {
        let teachers = ["lehrer", "lehrerinnen", "lehrende", "kollegium"].map(str::to_owned);
        Self {
            issuer: None,
            name: "IServ".to_owned(),
            client_id: None,
            client_secret: None,
            scopes: Vec::new(),
            admin_groups: Vec::new(),
            admin_users: Vec::new(),
            admin_roles: Vec::new(),
            teacher_groups: teachers.to_vec(),
            teacher_roles: std::iter::once("ROLE_TEACHER".to_owned()).chain(teachers).collect(),
            endpoints: Endpoints::default(),
            ask_again_after: Duration::from_mins(15),
            more: BTreeMap::new(),
        }
    }
}

/// Addresses that a provider does not tell.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Endpoints {
    pub(crate) authorization: Option<Url>,
    pub(crate) token: Option<Url>,
    pub(crate) userinfo: Option<Url>,
    pub(crate) jwks: Option<Url>,
    pub(crate) end_session: Option<Url>,
}

/// The school's own list of people.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Roster {
    pub(crate) url: Option<Url>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) token_url: Option<Url>,
    pub(crate) header: Option<SecretString>,
    pub(crate) at: String,
}

impl Default for Roster {
    fn default() -> Self {
        Self {
            url: None,
            client_id: None,
            client_secret: None,
            token_url: None,
            header: None,
            at: "30 4 * * *".to_owned(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Desktop {
    pub(crate) lang: String,
    pub(crate) time_zone: String,
    #[serde(with = "humantime_serde")]
    pub(crate) ready_within: Duration,
    #[serde(with = "humantime_serde")]
    pub(crate) stop_grace: Duration,
}

impl Default for Desktop {
    fn default() -> Self {
        Self {
            lang: "de_DE.UTF-8".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            ready_within: Duration::from_secs(90),
            stop_grace: Duration::from_secs(5),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Reaper {
    #[serde(deserialize_with = "span_or_never")]
    pub(crate) idle_after: Option<Duration>,
    #[serde(with = "humantime_serde")]
    pub(crate) warn_before: Duration,
    #[serde(deserialize_with = "span_or_never")]
    pub(crate) max_lifetime: Option<Duration>,
    #[serde(deserialize_with = "span_or_never")]
    pub(crate) remove_stopped_after: Option<Duration>,
    #[serde(with = "humantime_serde")]
    pub(crate) orphan_after: Duration,
    pub(crate) nightly_stop: String,
    pub(crate) busy_above: Share,
    pub(crate) roles: BTreeMap<Role, RoleLimits>,
}

impl Default for Reaper {
    fn default() -> Self {
        Self {
            idle_after: Some(Duration::from_mins(45)),
            warn_before: Duration::from_mins(5),
            max_lifetime: None,
            remove_stopped_after: Some(Duration::from_hours(14 * 24)),
            orphan_after: Duration::from_hours(1),
            nightly_stop: String::new(),
            busy_above: Share(None),
            roles: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audit {
    #[serde(deserialize_with = "span_or_never")]
    pub(crate) keep: Option<Duration>,
}

impl Default for Audit {
    fn default() -> Self {
        Self { keep: Some(Duration::from_hours(365 * 24)) }
    }
}

/// Who may be told what happens to desktops.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhooks {
    #[serde(deserialize_with = "words")]
    pub(crate) allow_private: Vec<String>,
}

/// What is said of one role beside the installation's limits.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RoleLimits {
    pub(crate) idle_after: Option<Limit>,
    #[serde(with = "humantime_serde")]
    pub(crate) warn_before: Option<Duration>,
    pub(crate) max_lifetime: Option<Limit>,
    pub(crate) nightly_stop: Option<bool>,
    pub(crate) busy_above: Option<Share>,
}

/// A span, or none at all: unlike a limit that is not mentioned.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Limit(#[serde(deserialize_with = "span_or_never")] pub(crate) Option<Duration>);

/// A share of one processor, or `never`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Share(#[serde(deserialize_with = "share_or_never")] pub(crate) Option<f64>);

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) format: Option<LogFormat>,
    pub(crate) filter: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Pretty,
    Json,
}

/// A list, or words separated by commas as the environment has them.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    /// The environment has no types: what looks like a number is one there.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Word {
        Text(String),
        Number(i64),
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        List(Vec<Word>),
        Text(String),
        Number(i64),
    }
    let text = |word| match word {
        Word::Text(text) => text,
        Word::Number(number) => number.to_string(),
    };
    Ok(match Words::deserialize(deserializer)? {
        Words::List(list) => list.into_iter().map(text).collect(),
        Words::Number(number) => vec![number.to_string()],
        Words::Text(text) => {
            text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        }
    })
}

/// A number such as `0.5`, or `never`.
fn share_or_never<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Share {
        Number(f64),
        Word(String),
    }
    match Share::deserialize(deserializer)? {
        Share::Number(share) => Ok(Some(share)),
        Share::Word(word) if word == "never" => Ok(None),
        Share::Word(word) => Err(serde::de::Error::invalid_value(
            serde::de::Unexpected::Str(&word),
            &"a share of one processor such as 0.5, or `never`",
        )),
    }
}

/// A span such as `45m`, or `never`.
fn span_or_never<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "never" {
        return Ok(None);
    }
    humantime_serde::re::humantime::parse_duration(&text).map(Some).map_err(|_| {
        serde::de::Error::invalid_value(serde::de::Unexpected::Str(&text), &"a span such as 45m, or `never`")
    })
}
