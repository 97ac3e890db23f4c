use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use domain::access::{Role, Scope};
use humantime_serde::re::humantime;
use url::Url;

/// A Linux desktop in the browser for every pupil and teacher of a school.
#[derive(Debug, Parser)]
#[command(name = "pult", version, about, propagate_version = true)]
pub(crate) struct Cli {
    /// The configuration file; see pult.example.toml. Every key can also be given in the environment.
    #[arg(long, global = true, env = "PULT_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve everything in one process; migrates the database first
    Serve {
        /// Add the accounts admin, lehrerin and schueler, and a template for each of our images the engine has
        #[arg(long)]
        demo: bool,
    },
    /// Change or show the database's schema
    #[command(subcommand)]
    Migrate(Migrate),
    /// Make API tokens
    #[command(subcommand)]
    Token(Token),
    /// Local accounts
    #[command(subcommand)]
    User(User),
    /// Look at everything Pult needs, and say what to do; exits with 0 only if all is well
    Doctor(Doctor),
    /// Print the rules that keep desktops from what they must not reach, for `nft -f -`, where Pult may not install them
    Firewall,
    /// Print the `OpenAPI` document
    Openapi,
}

impl Command {
    pub(crate) fn is_demo(&self) -> bool {
        matches!(self, Self::Serve { demo: true })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Also walk the way from outside, through the front proxy, with a real WebSocket; `server.public_url` where no
    /// URL is given
    #[expect(clippy::option_option, reason = "not given, given alone, given with a URL")]
    #[arg(long, value_name = "URL", num_args = 0..=1, value_parser = outside_url)]
    pub(crate) url: Option<Option<Url>>,
    /// Also hold a WebSocket silent for this long, such as 70s, and say whether it is cut
    #[arg(long, value_name = "SPAN", value_parser = silence, requires = "url")]
    pub(crate) idle: Option<Duration>,
    /// Print one JSON document: `ok`, and `checks` with `check`, `state`, `detail` and `remedy`
    #[arg(long)]
    pub(crate) json: bool,
}

/// An address as people type it into a browser; only its origin counts.
fn outside_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() && url.path() == "/" && url.query().is_none() {
        Ok(url)
    } else {
        Err("expected http:// or https:// with a host and no path".to_owned())
    }
}

/// How long a WebSocket may be held.
fn silence(text: &str) -> Result<Duration, String> {
    let span = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if span <= Duration::from_mins(10) { Ok(span) } else { Err("expected 10m at most".to_owned()) }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Take every step that is missing
    Up,
    /// Take steps back; their data is lost
    Down {
        /// How many; the newest first
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// Show which steps the database has
    Status,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token, and its user if there is none; prints the token alone
    Create(TokenCreate),
}

#[derive(Debug, Args)]
pub(crate) struct TokenCreate {
    /// Whose token it is
    #[arg(long, value_name = "NAME")]
    pub(crate) user: String,
    /// What the user is: student, teacher or admin
    #[arg(long)]
    pub(crate) role: Role,
    /// Make the user a service account, if there is none: one that has tokens and cannot sign in
    #[arg(long)]
    pub(crate) service: bool,
    /// A group the user belongs to; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
    /// What the token is good for, such as desktops:read; everything the role may, where none is given
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<Scope>,
    /// How long it lasts, such as 30d; for ever where nothing is given
    #[arg(long, value_parser = humantime::parse_duration, value_name = "SPAN")]
    pub(crate) expires: Option<Duration>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a local account; prints its password where none is read
    Add {
        /// Name to sign in with
        name: String,
        /// What they are: student, teacher or admin
        #[arg(long, default_value = "student")]
        role: Role,
        /// Full name
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// A group they belong to; may be given several times
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give a local account a new password, and end its sessions
    Passwd {
        /// Name to sign in with
        name: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// List all accounts
    List,
    /// Take over a file of people and their classes: username;vorname;nachname;klasse
    Import {
        /// The file; `-` for standard input
        file: PathBuf,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
    },
}
