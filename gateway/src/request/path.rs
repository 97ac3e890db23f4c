use http::uri::PathAndQuery;
use percent_encoding::percent_decode;

use crate::failure::Failure;

/// The longest path with its query, in bytes (`KasmVNC`'s request buffer).
pub(crate) const MAX_PATH: usize = 1024;

/// Where Selkies has its stream. As an upgrade it is harmless elsewhere: `KasmVNC` looks for its programming interface
/// only in requests that are not well-formed upgrades, and has nothing of that name.
const SELKIES_STREAM: &str = "/api/websockets";

/// Takes the raw path and query below a desktop's place as they are, or not at all.
///
/// Refused is whatever a desktop could read as a place above its root, or as its programming interface, whichever way
/// it decodes and normalises. What passes is passed on octet for octet.
pub(crate) fn check(rest: &str, is_upgrade: bool) -> Result<PathAndQuery, Failure> {
    if rest.len() > MAX_PATH {
        return Err(Failure::PathTooLong);
    }
    if !rest.starts_with('/') {
        return Err(Failure::PathRefused("it does not start with a slash"));
    }
    if rest.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'#' || byte == b'\\') {
        return Err(Failure::PathRefused("it holds a character that must be encoded"));
    }
    let path = rest.split_once('?').map_or(rest, |(path, _)| path);
    if !(is_upgrade && path == SELKIES_STREAM) {
        check_meaning(path)?;
    }
    rest.parse().map_err(|_| Failure::PathRefused("it is not a path"))
}

/// Looks at the path, and at what it turns into when it is decoded, as often as that changes anything.
fn check_meaning(path: &str) -> Result<(), Failure> {
    let mut reading = path.as_bytes().to_vec();
    loop {
        check_reading(&reading)?;
        if !reading.contains(&b'%') {
            return Ok(());
        }
        let decoded: Vec<u8> = percent_decode(&reading).collect();
        if decoded == reading {
            return Ok(());
        }
        reading = decoded;
    }
}

fn check_reading(path: &[u8]) -> Result<(), Failure> {
    if path.iter().any(u8::is_ascii_control) {
        return Err(Failure::PathRefused("it encodes a control character"));
    }
    // some servers take a backslash for a slash, drop what follows a semicolon, or look for the query after decoding
    let segments = path
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .map(|segment| segment.split(|byte| matches!(byte, b';' | b'?' | b'#')).next().unwrap_or_default());
    let mut names = segments.filter(|segment| !segment.is_empty());
    let first = names.next();
    if first.into_iter().chain(names).any(|segment| matches!(segment, b"." | b"..")) {
        return Err(Failure::PathRefused("it holds a dot segment"));
    }
    if first.is_some_and(|segment| segment.eq_ignore_ascii_case(b"api")) {
        return Err(Failure::ApiBlocked);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_PATH, check};
    use crate::Failure;

    #[test]
    fn paths_pass_octet_for_octet() {
        for path in ["/", "/a%2Fb?token=x%20y", "/a//b/", "/..a/.b/c..", "/%E4%BD%A0?../", "/x?", "/x?a?b", "/apis/x"] {
            assert_eq!(check(path, false).expect(path).as_str(), path);
        }
    }

    #[test]
    fn nothing_points_above_the_root() {
        let dots = ["..", ".", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..;x", "..%3Bx", "%2e", "..%3Fx"];
        for dots in dots {
            for path in [format!("/{dots}"), format!("/a/{dots}/b"), format!("/a%2f{dots}%2Fb"), format!("/a%5c{dots}")]
            {
                assert!(matches!(check(&path, false), Err(Failure::PathRefused(_))), "{path}");
                assert!(matches!(check(&path, true), Err(Failure::PathRefused(_))), "{path}");
            }
        }
    }

    #[test]
    fn the_programming_interface_is_blocked_in_every_spelling() {
        for path in [
            "/api/create_user",
            "/api",
            "/api?x",
            "//api/x",
            "/%61pi/x",
            "/a%70i%2Fx",
            "/%2561pi/x",
            "/API/x",
            "/;a/api/x",
            "/api;v=1/x",
            "/%2Fapi/x",
            "/%5Capi/x",
            "/api%3Fx",
            "/api%23x",
        ] {
            assert!(matches!(check(path, false), Err(Failure::ApiBlocked)), "{path}");
        }
        assert!(matches!(check("/api/websockets", false), Err(Failure::ApiBlocked)));
        assert!(matches!(check("/api/x", true), Err(Failure::ApiBlocked)));
        assert!(check("/api/websockets?token=1", true).is_ok());
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", "a", "http://h/", "*", "/a b", "/a#b", "/ä", "/a\\b", "/%00", "/%0d%0ax", "/\u{7f}"] {
            assert!(matches!(check(path, false), Err(Failure::PathRefused(_))), "{path}");
        }
        assert!(check(&format!("/{}", "a".repeat(MAX_PATH - 1)), false).is_ok());
        assert!(matches!(check(&format!("/{}", "a".repeat(MAX_PATH)), false), Err(Failure::PathTooLong)));
    }

    proptest! {
        #[test]
        fn whatever_passes_is_unchanged(path in "/[ -~]{0,60}") {
            if let Ok(passed) = check(&path, false) {
                prop_assert_eq!(passed.as_str(), path.as_str());
            }
        }
    }
}
