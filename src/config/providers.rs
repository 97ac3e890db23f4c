use std::time::Duration;

use api::Provider;
use domain::identity::Rules;
use url::{Host, Url};

use super::settings::{Endpoints, Oidc};

/// How the first provider is called in addresses and in the database.
const FIRST: &str = "oidc";
/// No session lasts that long.
const LONGEST: Duration = Duration::from_hours(30 * 24);

/// The identity providers, the first one first; or the key that is wrong, and what was expected of it.
pub(crate) fn providers(settings: &Oidc) -> Result<Vec<Provider>, (String, &'static str)> {
    let at = |key: &str| format!("auth.oidc.{key}");
    let mut providers = Vec::new();
    if settings.issuer.is_some() {
        providers.push(provider(FIRST, settings).map_err(|(key, detail)| (at(key), detail))?);
    } else if settings.client_id.is_some() || settings.client_secret.is_some() {
        return Err((at("issuer"), "expected the provider's address, such as https://iserv.school.example"));
    }
    if !(Duration::from_secs(1)..=LONGEST).contains(&settings.ask_again_after) {
        return Err((at("ask_again_after"), "expected a span of 1s to 30d"));
    }
    for (id, settings) in &settings.more {
        let at = |key: &str| at(&format!("more.{id}.{key}"));
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if id.is_empty() || id == FIRST || !id.bytes().all(is_word) {
            return Err((format!("auth.oidc.more.{id}"), "expected a name of lower case letters, digits and `-`"));
        }
        if !settings.more.is_empty() {
            return Err((at("more"), "is for auth.oidc alone"));
        }
        providers.push(provider(id, settings).map_err(|(key, detail)| (at(key), detail))?);
    }
    Ok(providers)
}

fn provider(id: &str, settings: &Oidc) -> Result<Provider, (&'static str, &'static str)> {
    let issuer = settings.issuer.clone().unwrap_or_default();
    if !issuer.parse().is_ok_and(|url| is_safe(&url)) {
        return Err(("issuer", "expected https:// with a host (http:// for a provider on this machine alone)"));
    }
    let client_id = settings.client_id.clone().filter(|id| !id.is_empty());
    let client_id = client_id.ok_or(("client_id", "expected the id that the provider has given to Pult"))?;
    let client_secret = settings.client_secret.clone();
    let client_secret = client_secret.ok_or(("client_secret", "expected the secret that the provider has given"))?;
    if !settings.scopes.is_empty() && !settings.scopes.iter().any(|scope| scope == "openid") {
        return Err(("scopes", "expected `openid` among them, or none at all"));
    }
    let endpoints = endpoints(&settings.endpoints);
    if !endpoints.iter().all(|(_, url)| is_safe(url)) {
        return Err(("endpoints", "expected https:// with a host (http:// for a provider on this machine alone)"));
    }
    Ok(Provider {
        id: id.to_owned(),
        name: settings.name.clone(),
        issuer,
        client_id,
        client_secret,
        scopes: settings.scopes.clone(),
        endpoints,
        rules: Rules {
            admin_groups: settings.admin_groups.clone(),
            admin_users: settings.admin_users.clone(),
            admin_roles: settings.admin_roles.clone(),
            teacher_groups: settings.teacher_groups.clone(),
            teacher_roles: settings.teacher_roles.clone(),
        },
    })
}

/// The addresses by their names in the discovery document (OpenID Connect Discovery section 3).
fn endpoints(settings: &Endpoints) -> Vec<(&'static str, Url)> {
    let Endpoints { authorization, token, userinfo, jwks, end_session } = settings;
    [
        ("authorization_endpoint", authorization),
        ("token_endpoint", token),
        ("userinfo_endpoint", userinfo),
        ("jwks_uri", jwks),
        ("end_session_endpoint", end_session),
    ]
    .into_iter()
    .filter_map(|(name, url)| Some((name, url.clone()?)))
    .collect()
}

/// Whether what is said there stays between us: over TLS, or on this machine.
fn is_safe(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

#[cfg(test)]
mod tests {
    use super::providers;
    use crate::config::settings::Oidc;

    fn told(text: &str) -> Result<Vec<api::Provider>, (String, &'static str)> {
        providers(&toml::from_str::<Oidc>(text).expect("TOML"))
    }

    const WHOLE: &str = "issuer = \"https://iserv.school.example\"\nclient_id = \"1\"\nclient_secret = \"s\"\n";

    #[test]
    fn there_is_none_one_or_several() {
        assert_eq!(told("").expect("valid").len(), 0);
        let one = told(WHOLE).expect("valid");
        assert_eq!((one[0].id.as_str(), one[0].name.as_str()), ("oidc", "IServ"));
        assert_eq!(one[0].rules.teacher_roles[0], "ROLE_TEACHER");
        assert!(one[0].rules.admin_roles.is_empty());
        let more = format!("{WHOLE}[more.district]\nname = \"District\"\n{WHOLE}");
        assert_eq!(
            told(&more).expect("valid").iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
            ["oidc", "district"]
        );
        let only = told(&format!("[more.district]\n{WHOLE}")).expect("valid");
        assert_eq!(only[0].id, "district");
    }

    #[test]
    fn old_servers_addresses_are_taken_by_the_documents_names() {
        let one =
            told(&format!("{WHOLE}endpoints.jwks = \"https://iserv.school.example/iserv/public/jwk\"")).expect("valid");
        assert_eq!(one[0].endpoints[0].0, "jwks_uri");
    }

    #[test]
    fn a_wrong_key_is_named() {
        for (text, key) in [
            ("client_id = \"1\"", "auth.oidc.issuer"),
            ("issuer = \"https://a.example\"", "auth.oidc.client_id"),
            ("issuer = \"https://a.example\"\nclient_id = \"1\"", "auth.oidc.client_secret"),
            ("issuer = \"http://a.example\"\nclient_id = \"1\"\nclient_secret = \"s\"", "auth.oidc.issuer"),
            ("issuer = \"a.example\"", "auth.oidc.issuer"),
            (&format!("{WHOLE}scopes = [\"profile\"]"), "auth.oidc.scopes"),
            (&format!("{WHOLE}endpoints.token = \"http://a.example\""), "auth.oidc.endpoints"),
            ("ask_again_after = \"0s\"", "auth.oidc.ask_again_after"),
            ("[more.a]", "auth.oidc.more.a.issuer"),
            ("[more.A]", "auth.oidc.more.A"),
            (&format!("[more.oidc]\n{WHOLE}"), "auth.oidc.more.oidc"),
            (&format!("[more.a]\n{WHOLE}[more.a.more.b]\n{WHOLE}"), "auth.oidc.more.a.more"),
        ] {
            assert_eq!(told(text).expect_err(text).0, key, "{text}");
        }
    }

    #[test]
    fn words_are_a_list_or_separated_by_commas_and_may_look_like_numbers() {
        for words in ["[\"admins\", \"4712\"]", "[\"admins\", 4712]", "\"admins, 4712\""] {
            let one = told(&format!("{WHOLE}admin_groups = {words}")).expect("valid");
            assert_eq!(one[0].rules.admin_groups, ["admins", "4712"], "{words}");
        }
        assert_eq!(told(&format!("{WHOLE}admin_users = 4712")).expect("valid")[0].rules.admin_users, ["4712"]);
    }
}
