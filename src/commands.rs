//! What each command does.

pub(crate) mod doctor;
pub(crate) mod firewall;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod serve;
pub(crate) mod token;
pub(crate) mod user;

use std::{io::Write as _, path::Path, process::ExitCode};

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use store::{Bus, Sealer, Store};

use crate::{cli::Command, config::Settings, keys};

/// Carries a command out. An error is told to whoever called; a code other than success was told already.
pub(crate) async fn run(command: Command, settings: Settings, source: Option<&Path>) -> anyhow::Result<ExitCode> {
    let done = match command {
        Command::Doctor(doctor) => return doctor::run(doctor, &settings, source).await,
        Command::Serve { demo } => Box::pin(serve::run(settings, demo)).await,
        Command::Migrate(migrate) => migrate::run(migrate, &settings).await,
        Command::Token(token) => token::run(token, &settings).await,
        Command::User(user) => user::run(user, &settings).await,
        Command::Firewall => firewall::run(&settings).await,
        Command::Openapi => openapi::run(),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// Opens the database without looking at its schema.
async fn connect(settings: &Settings) -> anyhow::Result<Store> {
    let root = &settings.storage.root;
    std::fs::create_dir_all(root).with_context(|| format!("cannot make storage.root {}", root.display()))?;
    let sealer = Sealer::new(keys::seal_key(root)?);
    let url = database_url(settings);
    let config =
        store::Config { url: url.expose_secret().to_owned(), max_connections: settings.database.max_connections };
    Store::connect(&config, Bus::local(), sealer).await.context("cannot open the database (database.url)")
}

/// Opens the database with the schema of this version.
async fn open(settings: &Settings) -> anyhow::Result<Store> {
    let store = connect(settings).await?;
    migration::up(store.connection()).await.context("cannot bring the database's schema up to date")?;
    Ok(store)
}

/// Where the database is: as configured, else beside all that is stored.
fn database_url(settings: &Settings) -> SecretString {
    settings.database.url.clone().unwrap_or_else(|| sqlite_in(&settings.storage.root))
}

fn sqlite_in(root: &Path) -> SecretString {
    format!("sqlite://{}", root.join("pult.db").display()).into()
}

/// Says something on standard output: what a command is for.
fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
