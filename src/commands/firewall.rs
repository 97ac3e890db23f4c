use anyhow::anyhow;

use super::{open, say};
use crate::config::{Settings, reach};

/// Prints what somebody who may touch the kernel's rules gives to `nft -f -`, in place of what Pult would install.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let store = open(settings).await?;
    let instance = store.installation().await?;
    let guarded = reach(&settings.network, instance).map_err(|(key, detail)| anyhow!("{key}: {detail}"))?;
    say(guarded.rules.script_by_hand().trim_end())?;
    store.close().await?;
    Ok(())
}
