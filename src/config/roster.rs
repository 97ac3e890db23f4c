use roster::idm::{Access, Config};
use url::Url;

use super::{Settings, providers};

/// How the school's own list is read, if at all; or the key that is wrong, and what was expected of it.
pub(crate) fn roster(settings: &Settings) -> Result<Option<Config>, (&'static str, &'static str)> {
    let told = &settings.roster;
    let Some(url) = told.url.clone() else {
        return Ok(None);
    };
    let is_safe = |url: &Url| url.scheme() == "https" || (url.scheme() == "http" && is_here(url));
    if !is_safe(&url) || url.path() != "/" || url.query().is_some() {
        return Err(("roster.url", "expected https:// with a host and no path (http:// on this machine alone)"));
    }
    if told.token_url.as_ref().is_some_and(|url| !is_safe(url)) {
        return Err(("roster.token_url", "expected https:// with a host (http:// on this machine alone)"));
    }
    let access = match (&told.client_id, &told.client_secret, &told.header) {
        (Some(id), Some(secret), None) => {
            Access::Client { id: id.clone(), secret: secret.clone(), token_url: told.token_url.clone() }
        }
        (None, None, Some(header)) => Access::Header(header.clone()),
        _ => return Err(("roster", "expected client_id and client_secret, or header")),
    };
    let first = providers(&settings.auth.oidc).ok().and_then(|providers| providers.into_iter().next());
    let first = first.ok_or(("auth.oidc", "expected the IServ by which the people of the roster sign in"))?;
    Ok(Some(Config { url, access, issuer: first.issuer, rules: first.rules }))
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::roster;
    use crate::config::Settings;

    const OIDC: &str = "[auth.oidc]\nissuer = \"https://a.example\"\nclient_id = \"1\"\nclient_secret = \"s\"\n";

    fn told(text: &str) -> Result<bool, &'static str> {
        let settings: Settings = toml::from_str(text).expect("TOML");
        roster(&settings).map(|config| config.is_some()).map_err(|(key, _)| key)
    }

    #[test]
    fn it_is_off_or_whole() {
        assert_eq!(told(""), Ok(false));
        for access in ["header = \"x\"", "client_id = \"1\"\nclient_secret = \"s\""] {
            assert_eq!(told(&format!("{OIDC}[roster]\nurl = \"https://a.example\"\n{access}")), Ok(true));
        }
        for (keys, wrong) in [
            ("url = \"https://a.example\"", "roster"),
            ("url = \"https://a.example\"\nclient_id = \"1\"", "roster"),
            ("url = \"http://a.example\"\nheader = \"x\"", "roster.url"),
            ("url = \"https://a.example/x\"\nheader = \"x\"", "roster.url"),
            ("url = \"https://a.example\"\nheader = \"x\"\ntoken_url = \"http://a.example\"", "roster.token_url"),
        ] {
            assert_eq!(told(&format!("{OIDC}[roster]\n{keys}")), Err(wrong), "{keys}");
        }
        assert_eq!(told("[roster]\nurl = \"https://a.example\"\nheader = \"x\""), Err("auth.oidc"));
    }
}
