use salvo::{Request, http::header};
use url::{Host, Url};

use crate::error::ApiError;

/// Whether the page that sent a request may act here: one of our own origin, or no page at all (programs send no
/// `Origin`). An origin that browsers hide (`null`) is foreign.
pub(crate) fn is_ours(req: &Request, public_url: &Url) -> bool {
    let headers = req.headers();
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => headers.get("sec-fetch-site").is_none_or(|site| site != "cross-site" && site != "same-site"),
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| matches(origin, public_url)),
        (Some(_), Some(_)) => false,
    }
}

/// Whether a page of another origin asks for this as a part of itself: a picture, a script, a `fetch`. It would not get
/// to read it, but a cookie comes along, from a neighbouring host even one that is `SameSite=Strict`. Whoever follows a
/// link asks for nothing of the kind.
pub(crate) fn asks_for_a_foreign_page(req: &Request) -> bool {
    let is = |name: &str, values: &[&str]| {
        req.headers().get(name).is_some_and(|found| values.iter().any(|value| found == value))
    };
    is("sec-fetch-site", &["same-site", "cross-site"]) && !is("sec-fetch-mode", &["navigate", "websocket"])
}

/// What is said to a page that is not ours. One that was loaded from the very place it asks is foreign by the
/// configuration alone.
pub(crate) fn refusal(req: &Request) -> ApiError {
    let text = |name| req.headers().get(name).and_then(|value| value.to_str().ok());
    let own = text("origin").filter(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some() && (host == text("host") || host == text("x-forwarded-host"))
    });
    own.map_or(ApiError::OriginForeign, |origin| ApiError::PublicUrl(origin.to_owned()))
}

fn matches(origin: &str, public_url: &Url) -> bool {
    let Ok(origin) = Url::parse(origin) else {
        return false;
    };
    if origin.path() != "/" || origin.scheme() != public_url.scheme() {
        return false;
    }
    let same_port = origin.port_or_known_default() == public_url.port_or_known_default();
    let same_host = origin.host() == public_url.host();
    // a machine's own names for itself are one place
    same_port && (same_host || (is_loopback(&origin) && is_loopback(public_url)))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use salvo::Request;
    use url::Url;

    use super::{asks_for_a_foreign_page, matches};

    #[test]
    fn only_the_exact_origin_is_ours() {
        let public = Url::parse("https://pult.school.example/").expect("a URL");
        assert!(matches("https://pult.school.example", &public));
        assert!(matches("https://pult.school.example:443", &public));
        for foreign in [
            "null",
            "http://pult.school.example",
            "https://pult.school.example:8443",
            "https://evil.example",
            "https://x.pult.school.example",
            "https://pult.school.example.evil.example",
            "https://pult.school.example/path",
            "",
        ] {
            assert!(!matches(foreign, &public), "{foreign}");
        }
    }

    #[test]
    fn parts_of_foreign_pages_are_told_from_links() {
        let asks = |site: &str, mode: &str| {
            let mut request = Request::new();
            request.headers_mut().insert("sec-fetch-site", site.parse().expect("a value"));
            request.headers_mut().insert("sec-fetch-mode", mode.parse().expect("a value"));
            asks_for_a_foreign_page(&request)
        };
        for site in ["same-site", "cross-site"] {
            assert!(asks(site, "no-cors") && asks(site, "cors"), "{site}");
            assert!(!asks(site, "navigate"), "{site}");
        }
        assert!(!asks("same-origin", "cors") && !asks("none", "navigate"));
        assert!(!asks_for_a_foreign_page(&Request::new()), "a program");
    }

    #[test]
    fn a_machine_is_itself_under_all_its_names() {
        let public = Url::parse("http://localhost:8080").expect("a URL");
        assert!(matches("http://127.0.0.1:8080", &public));
        assert!(matches("http://[::1]:8080", &public));
        assert!(!matches("http://127.0.0.1:9090", &public));
        assert!(!matches("http://192.168.0.1:8080", &public));
    }
}
