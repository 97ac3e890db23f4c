//! What a desktop is made from.

use std::{collections::BTreeMap, fmt, str::FromStr};

use chrono::TimeDelta;

use crate::{TemplateId, Timestamp, UnknownWord, idle::OwnLimits, image, text::words};

words! {
    /// What a desktop speaks on its port.
    Protocol, "protocol" {
        /// Plain HTTP.
        Http = "http",
        /// HTTP over TLS, usually with a certificate it made itself.
        Https = "https",
    }
}

words! {
    /// Which files a desktop brings.
    HomePolicy, "home policy" {
        /// The user's one home, the same in every desktop.
        Shared = "shared",
        /// A home of its own for each template.
        Template = "template",
        /// Nothing is kept.
        None = "none",
    }
}

words! {
    /// What a desktop reaches. Ordered: each allows all that the one before it allows.
    NetworkPolicy, "network policy" {
        /// Nothing.
        None = "none",
        /// What the school names: its own servers.
        School = "school",
        /// The Internet, and not what is beside it: this machine, other desktops, the school's network.
        Internet = "internet",
    }
}

impl NetworkPolicy {
    /// What is left of it under restrictions: the strictest counts, and none gives anything.
    #[must_use]
    pub fn under(self, restrictions: impl IntoIterator<Item = Self>) -> Self {
        restrictions.into_iter().fold(self, Self::min)
    }
}

/// Whose pages show a desktop's stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType), sea_orm(value_type = "String"))]
pub enum Client {
    /// Our own viewer: the desktop speaks RFB over its WebSocket.
    Novnc,
    /// Static files taken from a folder of the image that the container was made from: an absolute path that means
    /// what it says, and not the whole image.
    Image(String),
    /// The pages that the container itself serves, in a sandbox.
    Container,
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Novnc => f.write_str("novnc"),
            Self::Image(folder) => write!(f, "image:{folder}"),
            Self::Container => f.write_str("container"),
        }
    }
}

impl FromStr for Client {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "novnc" => Ok(Self::Novnc),
            "container" => Ok(Self::Container),
            _ => match text.strip_prefix("image:") {
                Some(folder) if is_folder(folder) => Ok(Self::Image(folder.to_owned())),
                _ => Err(UnknownWord {
                    kind: "client",
                    found: text.to_owned(),
                    expected: "novnc, container, image:<absolute folder>".to_owned(),
                }),
            },
        }
    }
}

impl TryFrom<String> for Client {
    type Error = UnknownWord;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Client> for String {
    fn from(client: Client) -> Self {
        client.to_string()
    }
}

/// A template as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Keeps its value when the slug changes hands.
    pub id: TemplateId,
    /// All that can be edited.
    pub spec: TemplateSpec,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// All of a template that an administrator decides.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateSpec {
    /// Short name in addresses: 1 to 32 of `a-z`, `0-9` and inner `-`.
    pub slug: String,
    /// Name for people, 1 to 80 characters.
    pub name: String,
    /// A sentence or two, up to 500 characters.
    pub description: String,
    /// Name of an icon of the web app.
    pub icon: Option<String>,
    /// Image reference on the engine.
    pub image: String,
    /// TCP port in the container.
    pub port: u16,
    /// What is spoken on it.
    pub protocol: Protocol,
    /// Whether its certificate is checked against the system's roots, instead of pinned at the start.
    pub verify_tls: bool,
    /// Path of its first page.
    pub path: String,
    /// Environment beside what every desktop gets.
    pub env: BTreeMap<String, String>,
    /// User name for its Basic authentication.
    pub vnc_user: String,
    /// Processors, 0.1 to 64.
    pub cpus: f64,
    /// Memory in MiB, 64 to 262,144; there is no swap beside it.
    pub memory_mb: i64,
    /// Processes and threads, 32 to 32,768.
    pub pids: i64,
    /// Shared memory in MiB, 1 to 65,536.
    pub shm_mb: i64,
    /// Which files it brings.
    pub home: HomePolicy,
    /// What it reaches.
    pub network: NetworkPolicy,
    /// Whose pages show it.
    pub client: Client,
    /// Path that answers when it is ready; its first page where none is given.
    pub health_path: Option<String>,
    /// Its own limits; its owner's role's, or the installation's, where none is given.
    pub limits: OwnLimits,
    /// Whether it can be started.
    pub enabled: bool,
}

/// A field that does not hold what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field.
    pub field: &'static str,
    /// What was expected of it.
    pub expected: &'static str,
}

impl TemplateSpec {
    /// A template with the defaults of every field that has one.
    pub fn new(slug: String, name: String, image: String) -> Self {
        Self {
            slug,
            name,
            description: String::new(),
            icon: None,
            image,
            port: 6901,
            protocol: Protocol::Http,
            verify_tls: false,
            path: "/".to_owned(),
            env: BTreeMap::new(),
            vnc_user: "kasm_user".to_owned(),
            cpus: 2.0,
            memory_mb: 2048,
            pids: 512,
            shm_mb: 512,
            home: HomePolicy::Shared,
            network: NetworkPolicy::Internet,
            client: Client::Novnc,
            health_path: None,
            limits: OwnLimits::default(),
            enabled: true,
        }
    }

    /// The path that is asked whether the desktop is ready.
    pub fn probe_path(&self) -> &str {
        self.health_path.as_deref().unwrap_or(&self.path)
    }

    /// Checks every field and names all that are wrong at once.
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        let length = |text: &str| text.chars().count();
        let rules = [
            (is_slug(&self.slug), "slug", "1 to 32 of a-z, 0-9 and inner hyphens"),
            ((1..=80).contains(&length(&self.name)), "name", "1 to 80 characters"),
            (length(&self.description) <= 500, "description", "at most 500 characters"),
            (self.icon.as_deref().is_none_or(is_icon), "icon", "an icon's name: 1 to 40 of a-z, 0-9 and hyphens"),
            (image::is_reference(&self.image), "image", "an image reference such as pult/tiny:latest"),
            (self.port > 0, "port", "1 to 65535"),
            (is_path(&self.path), "path", "an absolute path of printable ASCII, at most 1024 bytes"),
            (
                self.health_path.as_deref().is_none_or(is_path),
                "health_path",
                "an absolute path of printable ASCII, at most 1024 bytes",
            ),
            (self.env.iter().all(is_variable), "env", "names of A-Z, 0-9 and _, not ours; values up to 4096 bytes"),
            (self.env.len() <= 100, "env", "at most 100 variables"),
            (is_basic_user(&self.vnc_user), "vnc_user", "1 to 64 printable ASCII characters without a colon"),
            ((0.1..=64.0).contains(&self.cpus), "cpus", "0.1 to 64"),
            ((64..=262_144).contains(&self.memory_mb), "memory_mb", "64 to 262144"),
            ((32..=32_768).contains(&self.pids), "pids", "32 to 32768"),
            ((1..=65_536).contains(&self.shm_mb), "shm_mb", "1 to 65536"),
            (self.limits.idle_after.is_none_or(is_limit), "idle_after", "between 1m and 30d"),
            (self.limits.max_lifetime.is_none_or(is_limit), "max_lifetime", "between 1m and 30d"),
        ];
        let wrong: Vec<_> = rules
            .into_iter()
            .filter(|(holds, ..)| !holds)
            .map(|(_, field, expected)| FieldError { field, expected })
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

fn is_limit(span: TimeDelta) -> bool {
    (TimeDelta::minutes(1)..=TimeDelta::days(30)).contains(&span)
}

fn is_slug(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_icon(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A folder of an image: absolute, neither `/` itself nor with `.`, `..`, doubled or trailing slashes.
fn is_folder(text: &str) -> bool {
    text.len() <= 1024
        && !text.chars().any(char::is_control)
        && text.strip_prefix('/').is_some_and(|names| names.split('/').all(|name| !matches!(name, "" | "." | "..")))
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.len() <= 1024 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The variables that Pult itself sets; a template cannot.
pub const RESERVED_ENV: [&str; 3] = ["VNC_PW", "VNC_USER", "USER"];

fn is_variable((name, value): (&String, &String)) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !RESERVED_ENV.contains(&name.as_str())
        && value.len() <= 4096
        && !value.contains('\0')
}

fn is_basic_user(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}

#[cfg(test)]
mod tests {
    use super::{Client, NetworkPolicy, TemplateSpec};

    fn tiny() -> TemplateSpec {
        TemplateSpec::new("tiny".to_owned(), "Tiny".to_owned(), "pult/tiny:latest".to_owned())
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(tiny().check(), Ok(()));
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let mut spec = TemplateSpec { slug: "Tiny!".to_owned(), memory_mb: 1, port: 0, ..tiny() };
        spec.env.insert("VNC_PW".to_owned(), "mine".to_owned());
        let wrong: Vec<_> = spec.check().expect_err("four fields are wrong").iter().map(|e| e.field).collect();
        assert_eq!(wrong, ["slug", "port", "env", "memory_mb"]);
    }

    #[test]
    fn of_several_restrictions_the_strictest_counts_and_none_gives_anything() {
        use NetworkPolicy::{Internet, None, School};
        assert_eq!(Internet.under([]), Internet);
        assert_eq!(Internet.under([School, None, Internet]), None);
        assert_eq!(School.under([Internet]), School);
        assert_eq!(None.under([Internet, School]), None);
    }

    #[test]
    fn clients_are_spelled_one_way() {
        for text in ["novnc", "container", "image:/usr/share/kasmvnc/www"] {
            assert_eq!(text.parse::<Client>().expect("a client").to_string(), text);
        }
        for text in ["image:relative", "image:", "image:/", "image:/a/", "image:/a//b", "image:/a/../b", "image:/a\nb"]
        {
            assert!(text.parse::<Client>().is_err(), "{text:?}");
        }
    }
}
