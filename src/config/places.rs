use api::Places;
use url::{Host, Url};

use super::settings::{Gateway, GatewayMode};

/// The longest suffix that leaves room for the first part of a name (RFC 1035 section 2.3.4).
const MAX_SUFFIX: usize = 253 - 64;

/// Where desktops stand; or the key that is wrong, and what was expected of it.
///
/// Desktops' hosts and the app's must not be above one another: a page may set a cookie for every host above its own
/// that is not its top-level domain's, so a desktop's page could set one that the app gets. The app would not take it
/// for its own, whose name no page but the app's may set, but enough of them shut a user out.
pub(crate) fn places(public_url: &Url, gateway: &Gateway) -> Result<Places, (&'static str, &'static str)> {
    let wrong = |detail| Err(("gateway.host_suffix", detail));
    match (gateway.mode, gateway.host_suffix.as_deref()) {
        (GatewayMode::Path, None) => return Ok(Places::Paths),
        (GatewayMode::Path, Some(_)) => return wrong("is for gateway.mode = \"host\" alone"),
        (GatewayMode::Host, _) => {}
    }
    let Some(suffix) = gateway.host_suffix.as_deref().filter(|suffix| is_domain(suffix)) else {
        return wrong("gateway.mode = \"host\" needs a domain in lower case, such as desktops.school.example");
    };
    let Some(Host::Domain(app)) = public_url.host() else {
        return Err(("server.public_url", "gateway.mode = \"host\" needs a name, not an address"));
    };
    if app == suffix {
        return wrong("is the app's own host: desktops' pages could set cookies for the app");
    }
    if is_below(suffix, app) {
        return wrong("is below the app's host: desktops' pages could set cookies for the app");
    }
    if is_below(app, suffix) {
        return wrong("is above the app's host: desktops' pages could set cookies for the app");
    }
    // RFC 6761 section 6.3: such a name never leaves this machine, so nobody is in between
    let is_at_home = is_below(app, "localhost") && is_below(suffix, "localhost");
    if public_url.scheme() != "https" && !is_at_home {
        return Err((
            "server.public_url",
            "gateway.mode = \"host\" needs https: without it browsers let a desktop overwrite the app's cookies",
        ));
    }
    Ok(Places::Hosts { suffix: suffix.to_owned() })
}

fn is_below(host: &str, above: &str) -> bool {
    host.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'))
}

/// A domain of at least two labels, in the one spelling that a URL gives it; no address.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    text.len() <= MAX_SUFFIX
        && text.contains('.')
        && text.split('.').all(is_label)
        && matches!(Host::parse(text), Ok(Host::Domain(host)) if host == text)
}

#[cfg(test)]
mod tests {
    use api::Places;

    use super::places;
    use crate::config::settings::{Gateway, GatewayMode};

    fn told(public_url: &str, suffix: &str) -> Result<Places, (&'static str, &'static str)> {
        let gateway = Gateway { mode: GatewayMode::Host, host_suffix: Some(suffix.to_owned()) };
        places(&public_url.parse().expect("a URL"), &gateway)
    }

    #[test]
    fn desktops_stand_beside_the_app_or_elsewhere() {
        for (public_url, suffix) in [
            ("https://pult.school.example", "desktops.school.example"),
            ("https://pult.school.example:8443", "pult-desktops.example"),
            ("https://pult.school.example", "xpult.school.example"),
            ("http://pult.localhost:8080", "desktops.localhost"),
        ] {
            assert_eq!(told(public_url, suffix), Ok(Places::Hosts { suffix: suffix.to_owned() }), "{public_url}");
        }
    }

    #[test]
    fn hosts_that_share_cookies_with_the_app_are_refused() {
        for (public_url, suffix, says) in [
            ("https://pult.school.example", "pult.school.example", "is the app's own host"),
            ("https://pult.school.example", "desktops.pult.school.example", "is below the app's host"),
            ("https://pult.school.example", "school.example", "is above the app's host"),
            ("http://localhost:8080", "desktops.localhost", "is below the app's host"),
        ] {
            let (key, detail) = told(public_url, suffix).expect_err(suffix);
            assert!(key == "gateway.host_suffix" && detail.starts_with(says), "{suffix}: {detail}");
        }
    }

    #[test]
    fn without_tls_nothing_leaves_this_machine() {
        for (public_url, suffix) in [
            ("http://pult.school.example", "desktops.school.example"),
            ("http://pult.localhost", "desktops.school.example"),
            ("http://pult.school.example", "desktops.localhost"),
        ] {
            assert_eq!(told(public_url, suffix).expect_err(suffix).0, "server.public_url", "{public_url}");
        }
        assert_eq!(
            told("https://192.0.2.1", "desktops.school.example").expect_err("an address").0,
            "server.public_url"
        );
    }

    #[test]
    fn a_suffix_is_a_domain() {
        let long = format!("{}.example", vec!["a"; 100].join("."));
        for suffix in [
            "",
            "example",
            ".school.example",
            "school.example.",
            "*.school.example",
            "School.example",
            "192.0.2.1",
            "a..example",
            "-a.example",
            "a_b.example",
            "xn--a.example",
            "school.example:443",
            "https://school.example",
            &long,
        ] {
            assert_eq!(told("https://pult.example", suffix).expect_err(suffix).0, "gateway.host_suffix", "{suffix}");
        }
        let gateway = Gateway { mode: GatewayMode::Path, host_suffix: Some("desktops.school.example".to_owned()) };
        assert!(places(&"https://pult.example".parse().expect("a URL"), &gateway).is_err(), "it would have no effect");
    }
}
