use domain::{InstallationId, Language};
use firewall::{Firewall as _, FirewallError, Nft};
use worker::Guarding;

use super::report::Line;
use crate::config::{Settings, reach};

/// Whether desktops can be kept from what they must not reach. No rule is made.
pub(super) async fn check(settings: &Settings, installation: Option<InstallationId>, language: Language) -> Line {
    let Ok(guarded) = reach(&settings.network, installation.unwrap_or_else(InstallationId::new)) else {
        // told with the configuration
        return Line::skip("firewall", "network");
    };
    if guarded.by == Guarding::Off {
        return Line::skip("firewall", "network.firewall = \"off\"");
    }
    judge(guarded.by, Nft.look(&guarded.rules).await.map(|table| table.is_some()), language)
}

fn judge(by: Guarding, found: Result<bool, FirewallError>, language: Language) -> Line {
    match found {
        Ok(true) => Line::ok("firewall", language.pick("steht", "is in place")),
        Ok(false) => Line::ok(
            "firewall",
            language.pick(
                "kann stehen; Pult richtet sie beim Start ein",
                "can be in place; Pult installs it when it starts",
            ),
        ),
        Err(error) => {
            let remedy = language.pick(
                "Das Paket nftables installieren und Pult die Fähigkeit CAP_NET_ADMIN im Netz dieses Rechners geben; oder \
                 als root `pult firewall | nft -f -` ausführen und network.firewall = \"off\" setzen.",
                "Install the package nftables and give Pult the capability CAP_NET_ADMIN in this machine's network; or run \
                 `pult firewall | nft -f -` as root and set network.firewall = \"off\".",
            );
            let line = if by == Guarding::Required { Line::fail } else { Line::warn };
            line("firewall", error.to_string(), remedy.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Language;
    use firewall::FirewallError;
    use worker::Guarding;

    use super::judge;

    #[test]
    fn what_is_missing_is_told_with_the_command_that_helps() {
        for (by, is_well) in [(Guarding::Auto, true), (Guarding::Required, false)] {
            let line = format!("{:?}", judge(by, Err(FirewallError::Missing), Language::English));
            assert!(line.contains("nftables") && line.contains("pult firewall | nft -f -"), "{line}");
            assert_eq!(line.contains("Warn"), is_well, "{line}");
        }
        assert!(format!("{:?}", judge(Guarding::Auto, Ok(true), Language::German)).contains("steht"));
    }
}
