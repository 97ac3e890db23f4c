use super::{connect, say};
use crate::{cli::Migrate, config::Settings};

pub(crate) async fn run(migrate: Migrate, settings: &Settings) -> anyhow::Result<()> {
    let store = connect(settings).await?;
    match migrate {
        Migrate::Up => migration::up(store.connection()).await?,
        Migrate::Down { steps } => migration::down(store.connection(), Some(steps)).await?,
        Migrate::Status => {}
    }
    for step in migration::status(store.connection()).await? {
        say(&format!("{}  {}", if step.applied { "applied" } else { "missing" }, step.name))?;
    }
    Ok(())
}
