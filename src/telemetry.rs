use std::io::IsTerminal as _;

use tracing_subscriber::{
    EnvFilter, Layer as _, filter::LevelFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::config::{Log, LogFormat};

/// What is logged where nothing is configured.
const DEFAULT_FILTER: &str =
    "info,sqlx=warn,sea_orm_migration=warn,salvo=warn,tokio_cron_scheduler=warn,salvo_core=warn";

/// Starts the log, on standard error: for people on a terminal, as JSON otherwise.
pub(crate) fn init(log: &Log) {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse_lossy(log.filter.as_deref().unwrap_or(DEFAULT_FILTER));
    let format =
        log.format.unwrap_or(if std::io::stderr().is_terminal() { LogFormat::Pretty } else { LogFormat::Json });
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = match format {
        LogFormat::Pretty => layer.with_target(false).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    // This library logs whole requests at DEBUG, the passwords of desktops among them: no filter lets it.
    let no_secrets = tracing_subscriber::filter::filter_fn(|metadata| {
        !metadata.target().starts_with(engine::TARGET_THAT_LOGS_SECRETS) || *metadata.level() <= tracing::Level::INFO
    });
    tracing_subscriber::registry().with(layer.with_filter(filter).with_filter(no_secrets)).init();
}
