use std::path::Path;

use domain::Language;
use url::{Host, Url};

use super::report::Line;
use crate::{
    config::Settings,
    keys::{self, Found},
};

/// The configuration that was read, and the keys. What is wrong with the former has ended the program before.
pub(super) fn check(settings: &Settings, source: Option<&Path>, language: Language) -> [Line; 2] {
    let read = source.map_or_else(
        || language.pick("keine Datei; Vorgaben und Umgebung", "no file; defaults and environment").to_owned(),
        |file| file.display().to_string(),
    );
    [Line::ok("configuration", read), key(&keys::look(&settings.storage.root), language)]
}

fn key(found: &Found, language: Language) -> Line {
    match found {
        Found::Nothing => Line::skip(
            "keys",
            language.pick("noch keiner; der erste Start macht ihn", "none yet; the first start makes it"),
        ),
        Found::Key { others_may_read: false, .. } => Line::ok("keys", "seal.key"),
        Found::Key { path, others_may_read: true, .. } => Line::warn(
            "keys",
            language
                .pick("Andere Benutzer dieses Rechners dürfen ihn lesen.", "Other users of this machine may read it."),
            format!("chmod 600 {}", path.display()),
        ),
        Found::Wrong { path, why } => Line::fail(
            "keys",
            format!("{}: {why}", path.display()),
            language.pick("Aus der Sicherung zurückholen.", "Restore it from the backup."),
        ),
    }
}

/// How people reach us, as far as its form tells.
pub(super) fn public_url(url: &Url, language: Language) -> [Line; 1] {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let origin = url.origin().ascii_serialization();
    [match (url.scheme(), is_here) {
        (_, true) => Line::ok(
            "public_url",
            language.pick(format!("{origin}, nur auf diesem Rechner"), format!("{origin}, on this machine only")),
        ),
        ("https", false) => Line::ok("public_url", origin),
        _ => Line::warn(
            "public_url",
            language.pick(
                format!("{origin}: ohne TLS liest das ganze Netz mit."),
                format!("{origin}: without TLS the whole network reads along."),
            ),
            language.pick(
                "Ein Zertifikat im Proxy oder unter server.tls einrichten, und public_url mit https://",
                "Install a certificate in the proxy or as server.tls, and public_url with https://",
            ),
        ),
    }]
}

#[cfg(test)]
mod tests {
    use domain::Language;
    use url::Url;

    use super::{key, public_url};
    use crate::{commands::doctor::report::State, keys::Found};

    #[test]
    fn a_key_is_for_its_owner_alone() {
        let found = |others_may_read| Found::Key { path: "/srv/seal.key".into(), key: [0; 32], others_may_read };
        assert_eq!(key(&found(false), Language::English).state, State::Ok);
        assert_eq!(key(&found(true), Language::English).remedy.as_deref(), Some("chmod 600 /srv/seal.key"));
        assert_eq!(key(&Found::Nothing, Language::English).state, State::Skip);
    }

    #[test]
    fn only_this_machine_is_reached_without_tls() {
        let state = |url: &str| public_url(&Url::parse(url).expect("a URL"), Language::German)[0].state;
        assert_eq!(state("http://localhost:8080"), State::Ok);
        assert_eq!(state("http://[::1]:8080"), State::Ok);
        assert_eq!(state("https://pult.school.example"), State::Ok);
        assert_eq!(state("http://pult.school.example"), State::Warn);
    }
}
