use std::{process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

use crate::Rules;

/// How long the kernel may take. It needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the rules are not in the kernel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FirewallError {
    /// The program is missing.
    #[error("the program `nft` is not there; install the package nftables")]
    Missing,
    /// The kernel, or the program, refuses.
    #[error("nft refused: {0}")]
    Refused(String),
    /// It does not answer.
    #[error("nft did not answer within {} s", PATIENCE.as_secs())]
    Late,
}

/// Something that holds rules. Exchangeable so that faults can be played.
#[async_trait::async_trait]
pub trait Firewall: Send + Sync + 'static {
    /// Puts these rules in the place of those that were, in one step, and yields how they look from then on.
    async fn install(&self, rules: &Rules) -> Result<String, FirewallError>;

    /// How the rules look now; nothing if there are none.
    async fn look(&self, rules: &Rules) -> Result<Option<String>, FirewallError>;
}

/// The kernel's own, by way of the program `nft`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nft;

#[async_trait::async_trait]
impl Firewall for Nft {
    async fn install(&self, rules: &Rules) -> Result<String, FirewallError> {
        run(&["-f", "-"], &rules.script()).await?;
        self.look(rules).await?.ok_or_else(|| FirewallError::Refused("the table is not there".to_owned()))
    }

    async fn look(&self, rules: &Rules) -> Result<Option<String>, FirewallError> {
        match run(&["--stateless", "list", "table", "inet", &rules.table()], "").await {
            Ok(table) => Ok(Some(table)),
            Err(FirewallError::Refused(said)) if said.contains("No such file or directory") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

async fn run(arguments: &[&str], script: &str) -> Result<String, FirewallError> {
    let spawned = Command::new("nft")
        .args(arguments)
        // administrators' programs are not on everybody's path
        .env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut nft = spawned.map_err(|_| FirewallError::Missing)?;
    let exchange = async {
        if let Some(mut input) = nft.stdin.take() {
            // one that ends before it has read all says why at its end
            let _ = input.write_all(script.as_bytes()).await;
        }
        nft.wait_with_output().await
    };
    let output = timeout(PATIENCE, exchange).await.map_err(|_| FirewallError::Late)?;
    let output = output.map_err(|error| FirewallError::Refused(error.to_string()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(FirewallError::Refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }
}
