use http::Response;
use proptest::{prelude::*, sample::select};
use url::Url;

use super::{fuzz, text};
use crate::{response, sample};

const PARTS: [&str; 36] = [
    "/",
    "//",
    "\\",
    "\\\\",
    ":",
    "@",
    "?",
    "#",
    ".",
    "..",
    "../",
    "/../",
    "%2e%2e",
    "%2f",
    "%5c",
    "http:",
    "https:",
    "javascript:",
    "data:",
    "school.example",
    "evil.example",
    "SCHOOL.EXAMPLE",
    "172.30.0.2",
    ":6901",
    ":443",
    "[::1]",
    "0xac1e0002",
    "user@",
    "desktop",
    "a-tiny",
    "/desktop/a-tiny",
    "/desktop/b-tiny",
    "\t",
    " ",
    "é",
    "a",
];

#[test]
fn fuzzed_places_are_below_the_desktops_own() {
    let (client, target) = (sample::client(), sample::target());
    let place = prop_oneof![
        5 => prop::collection::vec(select(&PARTS[..]), 0..9).prop_map(|parts| parts.concat()),
        1 => text("\\PC{0,40}"),
    ];
    let origin = Url::parse("https://school.example/desktop/a-tiny/folder/page").expect("a place");
    fuzz("location", &(place, text("/[a-z./%?]{0,20}")), |(place, rest)| {
        let Ok(answer) = Response::builder().status(302).header("location", place.as_bytes()).body(()) else {
            return Ok(());
        };
        let (parts, ()) = answer.into_parts();
        let Ok(parts) = response::answer(&parts, &rest, &client, &target) else { return Ok(()) };
        let led = parts.headers["location"].to_str().expect("text");
        // as a browser follows it
        let followed = origin.join(led).expect("a place");
        prop_assert_eq!(followed.origin(), origin.origin(), "{}", led);
        prop_assert!(followed.path().starts_with("/desktop/a-tiny/"), "{}", led);
        prop_assert!(followed.username().is_empty() && followed.password().is_none(), "{}", led);
        Ok(())
    });
}
