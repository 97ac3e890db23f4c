//! `pult doctor`: looks at everything Pult needs, and says in one line each how it is and what to do.
//!
//! It changes nothing: no folder, key, schema or network is made. Each family of checks is a file with what it looks
//! at and, apart from that, how it judges what it saw.

mod audit;
mod clock;
mod configuration;
mod database;
mod engine;
mod images;
mod listening;
mod network;
mod outside;
mod providers;
mod report;
mod storage;

use std::{path::Path, process::ExitCode};

use self::report::{Line, Report};
use crate::{
    cli::Doctor,
    config::{Settings, spoken_language},
};

pub(crate) async fn run(doctor: Doctor, settings: &Settings, source: Option<&Path>) -> anyhow::Result<ExitCode> {
    let language = spoken_language();
    let url = doctor.url.map(|url| url.unwrap_or_else(|| settings.server.public_url()));
    let mut report = Report::new(std::io::stdout(), language, doctor.json);
    report.add(configuration::check(settings, source, language))?;
    report.add(storage::check(settings, language))?;

    let (lines, store) = database::check(settings, language).await;
    report.add(lines)?;
    report.add(audit::check(store.as_ref(), language).await)?;
    let installation = match &store {
        Some(store) => store.known_installation().await.ok().flatten(),
        None => None,
    };
    let (lines, engine) = engine::check(settings, language).await;
    report.add(lines)?;
    report.add(storage::as_the_engine_sees_it(settings, engine.as_ref(), language))?;
    report.add([network::check(settings, installation, language).await])?;
    report.add(images::check(store.as_ref(), engine.as_ref(), language).await)?;
    report.add(clock::check(store.as_ref(), engine.as_ref(), language).await)?;
    report.add(listening::check(settings, installation, language).await)?;
    report.add(providers::check(settings, store.as_ref(), language).await)?;
    report.add([Line::skip("mail", language.pick("nicht konfiguriert", "not configured"))])?;
    report.add(configuration::public_url(&settings.server.public_url(), language))?;
    if let Some(url) = url {
        outside::check(&url, doctor.idle, installation, settings, language, &mut report).await?;
    }
    if let Some(store) = store {
        store.close().await?;
    }
    Ok(if report.finish()? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
