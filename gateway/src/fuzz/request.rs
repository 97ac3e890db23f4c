use http::{Request, Version, header};
use proptest::{prelude::*, sample::select};

use super::{fuzz, headers, text};
use crate::{
    request::{Wish, check_path, head},
    response, sample,
};

const NAMES: [&str; 40] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-length",
    "content-length",
    "content-type",
    "content_length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "if-none-match",
    "keep-alive",
    "origin",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "te",
    "trailer",
    "transfer-encoding",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-api-key",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-original-url",
    "x-real-ip",
    "x_forwarded_for",
];

const VALUES: [&str; 28] = [
    "",
    "0",
    "5",
    "+5",
    "5, 5",
    "5,6",
    "99999999999999999999",
    "chunked",
    "gzip, chunked",
    "identity",
    "websocket",
    "WebSocket, h2c",
    "h2c",
    "Upgrade",
    "keep-alive, Upgrade",
    "close, Authorization, Host",
    "Accept, Cookie",
    "13",
    "8",
    "dGhlIHNhbXBsZSBub25jZQ==",
    "c2hvcnQ=",
    "binary",
    "chat, binary",
    "Basic eA==",
    "/api/x",
    "../",
    "100-continue",
    "192.0.2.7, 203.0.113.9",
];

/// All that a desktop may hear the name of.
const HEARD: [&str; 27] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-type",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "range",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "upgrade",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-host",
];

fn request() -> impl Strategy<Value = Request<()>> {
    let method = select(&["GET", "GET", "GET", "POST", "PUT", "HEAD", "CONNECT", "TRACE", "get", "PROPFIND"][..]);
    let version =
        select(&[Version::HTTP_11, Version::HTTP_11, Version::HTTP_11, Version::HTTP_10, Version::HTTP_2][..]);
    // a good handshake, more or less
    let handshake = select(&[true, true, false][..]);
    (method, version, handshake, headers(&NAMES, &VALUES, 0..30)).prop_map(|(method, version, handshake, headers)| {
        let mut request = Request::builder().method(method).uri("/").version(version);
        if handshake {
            request = request
                .header("upgrade", "websocket")
                .header("connection", "Upgrade")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        }
        let mut request = request.body(()).expect("a request");
        for (name, value) in &headers {
            request.headers_mut().append(name.clone(), value.clone());
        }
        request
    })
}

#[test]
fn fuzzed_requests_tell_a_desktop_nothing_but_what_is_listed() {
    let (client, target) = (sample::client(), sample::target());
    let path = prop_oneof![30 => text("/[a-z/%]{0,30}"), 1 => text("/[a-z]{1000,1030}")];
    fuzz("request", &(request(), path), |(request, path)| {
        let Ok(wish) = Wish::of(&request) else { return Ok(()) };
        let Ok(path) = check_path(&path, wish.is_stream()) else { return Ok(()) };
        let line = request.method().as_str().len() + path.as_str().len() + " ".len() + " HTTP/1.1\r\n\r\n".len();
        let Ok(head) = head(&request, &wish, path, &client, &target) else { return Ok(()) };
        let heard = head.headers();
        for (name, value) in heard {
            prop_assert!(HEARD.contains(&name.as_str()) || name == "x-forwarded-proto", "{}", name);
            prop_assert!(value.len() <= 1000, "{}", name);
            prop_assert!(!value.as_bytes().windows(5).any(|part| part == b"/api/"), "{}", name);
        }
        for (name, value) in [
            ("authorization", "Basic a2FzbV91c2VyOnNlY3JldA=="),
            ("host", "school.example"),
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-host", "school.example"),
            ("connection", if wish.is_stream() { "Upgrade" } else { "close" }),
        ] {
            prop_assert!(heard.get_all(name).iter().eq([value]), "{}", name);
        }
        prop_assert_eq!(heard.keys().next(), Some(&header::AUTHORIZATION), "it comes first");
        prop_assert!(heard.get_all("content-length").iter().count() <= 1);
        prop_assert!(!heard.contains_key("transfer-encoding"), "that is hyper's to say");
        prop_assert_eq!(heard.contains_key("upgrade"), wish.is_stream());
        let lines: usize = heard.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
        prop_assert!(line + lines < 16 * 1024, "every desktop can hold it");
        Ok(())
    });
}

#[test]
fn fuzzed_handshakes_are_agreed_on_with_proof_and_with_nothing_beside_it() {
    let names = &[
        "sec-websocket-accept",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-protocol",
        "set-cookie",
    ];
    let values = &[
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "S3PPLMBITXAQ9KYGZZHZRBK+XOO=",
        "binary",
        "chat",
        "",
        "permessage-deflate",
    ];
    let answer = headers(names, values, 0..6);
    fuzz("handshake", &(request(), answer), |(request, answer)| {
        let Ok(Wish::Stream(handshake)) = Wish::of(&request) else { return Ok(()) };
        let Ok(parts) = response::switching(&answer, &handshake) else { return Ok(()) };
        prop_assert_eq!(&answer["sec-websocket-accept"], &handshake.accept());
        prop_assert_eq!(&parts.headers["sec-websocket-accept"], &handshake.accept());
        prop_assert!(!answer.contains_key("sec-websocket-extensions"));
        let protocol = parts.headers.get("sec-websocket-protocol");
        prop_assert_eq!(parts.headers.len(), 3 + usize::from(protocol.is_some()));
        prop_assert!(protocol.is_none_or(|protocol| handshake.offers(protocol)));
        Ok(())
    });
}
