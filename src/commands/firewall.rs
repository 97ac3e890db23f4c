use anyhow::{Context as _, anyhow};

use super::{connect, say};
use crate::config::{Settings, reach};

/// Prints what somebody who may touch the kernel's rules gives to `nft -f -`, in place of what Pult would install.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let store = connect(settings).await?;
    let known = store.known_installation().await.context("the database does not know this installation yet")?;
    let instance = known.context("this installation has no name yet: start Pult once")?;
    let guarded = reach(&settings.network, instance).map_err(|(key, detail)| anyhow!("{key}: {detail}"))?;
    say(guarded.rules.script_by_hand().trim_end())?;
    store.close().await?;
    Ok(())
}
