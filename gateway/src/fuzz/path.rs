use proptest::{prelude::*, sample::select};

use super::{fuzz, text};
use crate::{
    Failure,
    request::{MAX_PATH, check_path},
};

/// What paths are tricked with.
const PARTS: [&str; 40] = [
    "/",
    "//",
    "\\",
    "%2f",
    "%2F",
    "%5c",
    "%252f",
    ".",
    "..",
    "%2e",
    "%2E",
    "%252e",
    "%25252e",
    ";",
    "%3b",
    "?",
    "%3f",
    "#",
    "%23",
    "api",
    "API",
    "%61pi",
    "a%70i",
    "%2561pi",
    "a",
    "b",
    "%",
    "%%",
    "%2",
    "%zz",
    "%00",
    "%0d%0a",
    "%c0%ae",
    "%u002e",
    "+",
    " ",
    "\t",
    "~",
    "websockets",
    "é",
];

/// Every way to read a path: raw, decoded, decoded once more, and so on until that changes nothing.
fn readings(path: &str) -> Vec<Vec<u8>> {
    let mut readings = vec![path.split('?').next().unwrap_or_default().as_bytes().to_vec()];
    loop {
        let last = readings.last().expect("there is one");
        let next = decoded_once(last);
        if next == *last {
            return readings;
        }
        readings.push(next);
    }
}

/// Decoded by hand and not by the library, so that two have to be wrong.
fn decoded_once(octets: &[u8]) -> Vec<u8> {
    let digit = |at: usize| octets.get(at).and_then(|digit| char::from(*digit).to_digit(16));
    let (mut decoded, mut at) = (Vec::new(), 0);
    while at < octets.len() {
        match (octets[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high << 4 | low).expect("two digits"));
                at += 3;
            }
            (octet, ..) => {
                decoded.push(octet);
                at += 1;
            }
        }
    }
    decoded
}

#[test]
fn fuzzed_paths_lead_neither_above_the_root_nor_to_the_programming_interface() {
    let path = prop_oneof![
        8 => prop::collection::vec(select(&PARTS[..]), 0..12).prop_map(|parts| format!("/{}", parts.concat())),
        1 => text("\\PC{0,40}"),
        1 => (MAX_PATH - 3..MAX_PATH + 3).prop_map(|length| "/".repeat(length)),
    ];
    fuzz("path", &(path, any::<bool>()), |(path, is_upgrade)| {
        let passed = match check_path(&path, is_upgrade) {
            Ok(passed) => passed,
            Err(Failure::PathTooLong | Failure::PathRefused(_) | Failure::ApiBlocked) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        prop_assert_eq!(passed.as_str(), &path, "not an octet is changed");
        prop_assert!(path.len() <= MAX_PATH);
        for reading in readings(&path) {
            let reading = String::from_utf8_lossy(&reading);
            prop_assert!(!reading.chars().any(|char| char.is_ascii_control()), "{}", reading);
            let mut names = reading
                .split(['/', '\\'])
                .map(|segment| segment.split([';', '?', '#']).next().unwrap_or_default())
                .filter(|segment| !segment.is_empty());
            let first = names.clone().next().unwrap_or_default();
            prop_assert!(!names.any(|name| name == "." || name == ".."), "{}", reading);
            let is_selkies = is_upgrade && path.split('?').next() == Some("/api/websockets");
            prop_assert!(!first.eq_ignore_ascii_case("api") || is_selkies, "{}", reading);
        }
        Ok(())
    });
}
