//! Cookies of a desktop that has a host of its own: they are between its pages and itself, and stay on that host.

use http::{HeaderMap, HeaderValue, header};

/// The longest line of cookies that a desktop is sent, in bytes, for the reason that limits every value.
const MAX_LINE: usize = 1000;

/// What browsers take as a promise about a cookie when its name begins so (RFC 6265bis section 4.1.3).
const PROMISES: [&[u8]; 2] = [b"__host-", b"__secure-"];

/// How names of our own cookies begin, after a promise.
const OURS: &[u8] = b"pult_";

/// The cookies that a desktop is sent of those that came: none of ours, none that `is_misleading`, and no more than it
/// can read, so that nobody shuts somebody out with cookies of a domain they share.
pub(crate) fn for_desktop(from: &HeaderMap, is_misleading: impl Fn(&[u8]) -> bool) -> Option<HeaderValue> {
    let pairs = from
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .map(<[u8]>::trim_ascii)
        .filter(|pair| !pair.is_empty() && !is_ours(name_of(pair)) && !is_misleading(pair));
    let mut line = Vec::new();
    for pair in pairs {
        let separator: &[u8] = if line.is_empty() { b"" } else { b"; " };
        if line.len() + separator.len() + pair.len() <= MAX_LINE {
            line.extend_from_slice(separator);
            line.extend_from_slice(pair);
        }
    }
    HeaderValue::from_bytes(&line).ok().filter(|line| !line.is_empty())
}

/// A cookie that a desktop sets, as its client may take it: for that one host alone, and never one of ours.
pub(crate) fn from_desktop(cookie: &HeaderValue) -> Option<HeaderValue> {
    let mut parts = cookie.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let pair = parts.next().filter(|pair| !name_of(pair).is_empty() && !is_ours(name_of(pair)))?;
    let kept = parts.filter(|attribute| !name_of(attribute).eq_ignore_ascii_case(b"domain"));
    let line = [pair].into_iter().chain(kept).collect::<Vec<_>>().join(&b"; "[..]);
    HeaderValue::from_bytes(&line).ok()
}

/// What stands before the first `=`. A pair without one is a value that has no name (RFC 6265bis section 5.6), and
/// such a value may look like a name of ours when it comes back.
fn name_of(pair: &[u8]) -> &[u8] {
    let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(0);
    pair[..end].trim_ascii()
}

fn is_ours(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let bare = PROMISES.iter().find_map(|promise| name.strip_prefix(*promise)).unwrap_or(&name);
    bare.starts_with(OURS)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::{MAX_LINE, for_desktop, from_desktop};

    fn sent(lines: &[&str]) -> Option<String> {
        let lines = lines.iter().map(|line| (header::COOKIE, HeaderValue::from_str(line).expect("a value")));
        let misleading = |pair: &[u8]| pair.windows(5).any(|part| part == b"/api/");
        for_desktop(&lines.collect::<HeaderMap>(), misleading).map(|line| line.to_str().expect("text").to_owned())
    }

    fn set(cookie: &str) -> Option<String> {
        let cookie = HeaderValue::from_str(cookie).expect("a value");
        from_desktop(&cookie).map(|cookie| cookie.to_str().expect("text").to_owned())
    }

    #[test]
    fn a_desktop_gets_its_own_cookies_and_none_of_ours() {
        assert_eq!(sent(&["a=1; __Host-pult_desktop=secret; b=2", "c=3"]).as_deref(), Some("a=1; b=2; c=3"));
        for ours in ["pult_session=x", "__Host-pult_desktop=x", "__host-PULT_entry=x", "__Secure-pult_x=x"] {
            assert_eq!(sent(&[ours]), None, "{ours}");
        }
        assert_eq!(sent(&["pultx=1; __Host-own=2"]).as_deref(), Some("pultx=1; __Host-own=2"));
        assert_eq!(sent(&["a=/api/x; b=1"]).as_deref(), Some("b=1"), "KasmVNC would take it for a call");
        assert_eq!(sent(&[]), None);
    }

    #[test]
    fn what_a_neighbour_piles_up_shuts_nobody_out() {
        let piled = "x".repeat(MAX_LINE);
        assert_eq!(sent(&[&format!("a={piled}; b=1")]).as_deref(), Some("b=1"));
        let many: Vec<_> = (0..500).map(|number| format!("c{number}={number}")).collect();
        assert!(sent(&[&many.join("; ")]).is_some_and(|line| line.len() <= MAX_LINE && line.starts_with("c0=0; ")));
    }

    #[test]
    fn a_desktop_sets_cookies_for_its_own_host_alone() {
        assert_eq!(set("a=1").as_deref(), Some("a=1"));
        let wide = "a=1;Domain=school.example; Path=/x; DOMAIN = .school.example ;domain;Secure; HttpOnly";
        assert_eq!(set(wide).as_deref(), Some("a=1; Path=/x; domain; Secure; HttpOnly"));
        assert_eq!(set("__Host-own=1; Secure; Path=/").as_deref(), Some("__Host-own=1; Secure; Path=/"));
    }

    #[test]
    fn a_desktop_sets_none_of_ours() {
        for ours in [
            "__Host-pult_desktop=evil; Secure; Path=/",
            "__HOST-PULT_desktop=evil",
            "pult_session=evil",
            " pult_entry =evil",
            // without a name, the value may look like one
            "=__Host-pult_desktop=evil",
            "__Host-pult_desktop",
            "",
            ";Path=/",
        ] {
            assert_eq!(set(ours), None, "{ours}");
        }
    }
}
