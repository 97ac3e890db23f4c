use http::{HeaderMap, HeaderValue, header};
use routing::Target;
use url::{Host, Url};

use crate::{client::ClientInfo, failure::Failure};

/// Turns where a desktop sends its client into the same place below the desktop's prefix.
///
/// A place is the desktop's own if it is relative, or an absolute address of the host that the desktop was asked for
/// or of the address it answers at. Anything else is refused: a page of ours must not lead a signed-in user away.
pub(super) fn translate(
    headers: &HeaderMap,
    rest: &str,
    client: &ClientInfo,
    target: &Target,
) -> Result<Option<HeaderValue>, Failure> {
    let mut values = headers.get_all(header::LOCATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = std::str::from_utf8(value.as_bytes()).ok().filter(|_| values.next().is_none());
    let text = text.ok_or(Failure::AnswerMalformed("it redirects to more than one place, or to no text"))?;
    // where a relative place is relative to, as the desktop sees it
    let base = Url::parse(&format!("{}://{}{rest}", client.scheme, client.host));
    let place = base.and_then(|base| base.join(text)).map_err(|_| Failure::RedirectsAway)?;
    if !is_own(&place, client, target) {
        return Err(Failure::RedirectsAway);
    }
    // a desktop that was told of the prefix may use it
    let prefix = client.place.prefix();
    let prefix = if is_below(place.path(), prefix) { "" } else { prefix };
    let mut own = format!("{prefix}{}", place.path());
    for (mark, part) in [('?', place.query()), ('#', place.fragment())] {
        if let Some(part) = part {
            own.push(mark);
            own.push_str(part);
        }
    }
    HeaderValue::try_from(own).map(Some).map_err(|_| Failure::RedirectsAway)
}

fn is_own(place: &Url, client: &ClientInfo, target: &Target) -> bool {
    if !matches!(place.scheme(), "http" | "https") || !place.username().is_empty() || place.password().is_some() {
        return false;
    }
    let authority = match (place.host_str(), place.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return false,
    };
    let address = match place.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        Some(Host::Domain(_)) | None => None,
    };
    authority.eq_ignore_ascii_case(&client.host)
        || (address == Some(target.endpoint.address) && place.port_or_known_default() == Some(target.endpoint.port))
}

fn is_below(path: &str, prefix: &str) -> bool {
    !prefix.is_empty() && path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};
    use proptest::prelude::*;

    use super::translate;
    use crate::{ClientInfo, Failure, sample};

    fn place(location: &str) -> Result<String, Failure> {
        let client = ClientInfo { host: "school.example:8443".to_owned(), ..sample::client() };
        let value = HeaderValue::from_bytes(location.as_bytes()).expect("a value");
        let headers = HeaderMap::from_iter([(header::LOCATION, value)]);
        let place = translate(&headers, "/folder/page?x=1", &client, &sample::target())?.expect("a place");
        Ok(place.to_str().expect("text").to_owned())
    }

    #[test]
    fn places_of_the_desktop_stay_below_its_prefix() {
        for (from, to) in [
            ("/vnc.html", "/desktop/a-tiny/vnc.html"),
            ("/", "/desktop/a-tiny/"),
            ("other", "/desktop/a-tiny/folder/other"),
            ("?y", "/desktop/a-tiny/folder/page?y"),
            ("#top", "/desktop/a-tiny/folder/page?x=1#top"),
            ("../../../../auth/logout", "/desktop/a-tiny/auth/logout"),
            ("/../../api/v1/me", "/desktop/a-tiny/api/v1/me"),
            ("https://school.example:8443/a?b#c", "/desktop/a-tiny/a?b#c"),
            ("http://SCHOOL.example:8443/a", "/desktop/a-tiny/a"),
            ("http://172.30.0.2:6901/a", "/desktop/a-tiny/a"),
            ("https:x.example", "/desktop/a-tiny/folder/x.example"),
            ("/desktop/a-tiny/a", "/desktop/a-tiny/a"),
            ("/desktop/a-tiny2/a", "/desktop/a-tiny/desktop/a-tiny2/a"),
            ("/desktop/a-tiny/../b-tiny/a", "/desktop/a-tiny/desktop/b-tiny/a"),
        ] {
            assert_eq!(place(from).expect(from), to, "{from}");
        }
    }

    #[test]
    fn no_desktop_leads_anybody_away() {
        for away in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "\\\\evil.example",
            "http:evil.example",
            "https://school.example/",
            "https://school.example:8443@evil.example/",
            "https://user@school.example:8443/",
            "http://172.30.0.3:6901/",
            "http://172.30.0.2/",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            assert!(matches!(place(away), Err(Failure::RedirectsAway)), "{away}: {:?}", place(away));
        }
    }

    proptest! {
        #[test]
        fn whatever_it_says_the_way_stays_below_the_prefix(location in "\\PC{0,40}") {
            if let Ok(place) = place(&location) {
                prop_assert!(place.starts_with("/desktop/a-tiny/"), "{}", place);
                prop_assert!(!place.contains("/../"));
            }
        }
    }
}
