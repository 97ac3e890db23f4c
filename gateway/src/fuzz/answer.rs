use http::{Response, header};
use proptest::{prelude::*, sample::select};

use super::{fuzz, headers, text};
use crate::{response, sample};

const NAMES: [&str; 34] = [
    "access-control-allow-origin",
    "alt-svc",
    "clear-site-data",
    "connection",
    "content-encoding",
    "content-length",
    "content-length",
    "content-location",
    "content-range",
    "content-security-policy",
    "content-type",
    "cross-origin-opener-policy",
    "etag",
    "keep-alive",
    "location",
    "location",
    "nel",
    "proxy-authenticate",
    "refresh",
    "report-to",
    "server",
    "service-worker-allowed",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
    "x-content-type-options",
    "x-frame-options",
    "x-hop",
];

const VALUES: [&str; 18] = [
    "",
    "0",
    "5",
    "5, 5",
    "-5",
    "chunked",
    "gzip, chunked",
    "close, X-Hop, Content-Security-Policy, Location",
    "/a",
    "/",
    "//evil.example",
    "https://evil.example/",
    "https://school.example/a",
    "/..//evil.example",
    "sandbox allow-same-origin",
    "a=b; Path=/",
    "*",
    "text/html",
];

/// What a desktop never gets through, whatever it says.
const NEVER: [&str; 20] = [
    "access-control-allow-origin",
    "alt-svc",
    "clear-site-data",
    "connection",
    "content-location",
    "cross-origin-opener-policy",
    "keep-alive",
    "nel",
    "proxy-authenticate",
    "refresh",
    "report-to",
    "service-worker-allowed",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "te",
    "trailer",
    "upgrade",
    "www-authenticate",
    "x-frame-options",
];

#[test]
fn fuzzed_answers_speak_for_nobody_but_their_desktop() {
    let (client, target) = (sample::client(), sample::target());
    let status = prop_oneof![4 => select(&[101, 200, 204, 206, 302, 304, 401, 407, 503][..]), 1 => 200..1000_u16];
    fuzz("answer", &(status, headers(&NAMES, &VALUES, 0..24), text("/[a-z/?]{0,20}")), |(status, headers, rest)| {
        let mut builder = Response::builder().status(status);
        builder.headers_mut().expect("a head").extend(headers);
        let (from, ()) = builder.body(()).expect("an answer").into_parts();
        let Ok(to) = response::answer(&from, &rest, &client, &target) else { return Ok(()) };
        prop_assert!(!matches!(status, 101 | 401 | 407));
        for name in NEVER {
            prop_assert!(!to.headers.contains_key(name), "{}", name);
        }
        prop_assert!(!to.headers.contains_key(header::TRANSFER_ENCODING));
        let lengths: Vec<_> = to.headers.get_all(header::CONTENT_LENGTH).iter().collect();
        prop_assert!(lengths.len() <= 1);
        let is_length = |value: &&http::HeaderValue| value.to_str().is_ok_and(|text| text.parse::<u64>().is_ok());
        prop_assert!(lengths.iter().all(is_length), "{:?}", lengths);
        let policies = to.headers.get_all(header::CONTENT_SECURITY_POLICY).iter();
        let ours = policies.filter(|policy| policy.as_bytes().starts_with(b"sandbox allow-scripts"));
        prop_assert_eq!(ours.count(), 1);
        prop_assert!(to.headers.get_all("x-content-type-options").iter().eq(["nosniff"]));
        if let Some(place) = to.headers.get(header::LOCATION) {
            prop_assert!(place.as_bytes().starts_with(b"/desktop/a-tiny/"), "{:?}", place);
        }
        Ok(())
    });
}
