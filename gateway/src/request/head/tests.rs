use std::net::{IpAddr, Ipv6Addr};

use http::Request;

use super::{MAX_HEAD, head};
use crate::{
    ClientInfo, Failure, Place,
    request::Wish,
    sample::{client, target},
};

/// What a desktop hears, in order.
fn heard(method: &str, headers: &[(&str, &str)]) -> Result<Vec<(String, String)>, Failure> {
    heard_by(&client(), method, headers)
}

fn heard_by(client: &ClientInfo, method: &str, headers: &[(&str, &str)]) -> Result<Vec<(String, String)>, Failure> {
    let builder = Request::builder().method(method).uri("/");
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    let request = builder.body(()).expect("a request");
    let wish = Wish::of(&request)?;
    let head = head(&request, &wish, "/x".parse().expect("a path"), client, &target())?;
    let text = |value: &http::HeaderValue| value.to_str().expect("text").to_owned();
    Ok(head.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect())
}

fn value<'a>(heard: &'a [(String, String)], name: &str) -> Option<&'a str> {
    heard.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn code(headers: &[(&str, &str)]) -> Option<&'static str> {
    heard("POST", headers).err().map(|failure| failure.code())
}

const HANDSHAKE: [(&str, &str); 4] = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

#[test]
fn our_credential_comes_first_and_the_clients_stays_behind() {
    let heard = heard("GET", &[("Authorization", "Bearer pult_secret")]).expect("a head");
    assert_eq!(heard[0], ("authorization".to_owned(), "Basic a2FzbV91c2VyOnNlY3JldA==".to_owned()));
    assert_eq!(heard[1], ("host".to_owned(), "school.example".to_owned()));
    assert_eq!(heard.iter().filter(|(name, _)| name == "authorization").count(), 1);
}

#[test]
fn only_what_is_listed_is_passed_on() {
    let strange = [
        ("Cookie", "session=1"),
        ("Referer", "https://school.example/api/v1"),
        ("Proxy-Authorization", "Basic eA=="),
        ("Proxy-Connection", "keep-alive"),
        ("X-Forwarded-For", "203.0.113.9, 192.0.2.7"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Real-Ip", "203.0.113.9"),
        ("Forwarded", "for=203.0.113.9"),
        ("Via", "1.1 x"),
        ("X-Api-Key", "k"),
        ("X_Forwarded_For", "203.0.113.9"),
        ("Te", "trailers"),
        ("Trailer", "x"),
        ("Expect", "100-continue"),
        ("Keep-Alive", "5"),
        ("Connection", "keep-alive, Accept-Language"),
        ("Accept-Language", "de"),
        ("Sec-Fetch-Site", "same-origin"),
        ("User-Agent", "test"),
        ("Range", "bytes=0-1"),
        ("If-None-Match", "\"x\""),
    ];
    let heard = heard("GET", &strange).expect("a head");
    let names: Vec<_> = heard.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "authorization",
            "host",
            "connection",
            "range",
            "if-none-match",
            "user-agent",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host"
        ]
    );
    assert_eq!(value(&heard, "connection"), Some("close"));
    assert_eq!(value(&heard, "x-forwarded-for"), Some("192.0.2.7"));
    assert_eq!(value(&heard, "x-forwarded-host"), Some("school.example"));
    assert_eq!(value(&heard, "x-forwarded-proto"), Some("https"));
}

#[test]
fn a_handshake_is_completed() {
    let bare = heard("GET", &HANDSHAKE).expect("a head");
    assert_eq!(value(&bare, "origin"), Some("https://school.example"));
    assert_eq!(value(&bare, "sec-websocket-protocol"), Some("binary"));
    let browser =
        [&HANDSHAKE[..], &[("Origin", "https://a.example"), ("Sec-WebSocket-Protocol", "chat, binary")]].concat();
    let browser = heard("GET", &[&browser[..], &[("Sec-WebSocket-Extensions", "permessage-deflate")]].concat());
    let browser = browser.expect("a head");
    assert_eq!(value(&browser, "origin"), Some("https://school.example"), "the same as the host");
    assert_eq!(value(&browser, "sec-websocket-protocol"), Some("chat, binary"));
    assert_eq!(value(&browser, "sec-websocket-extensions"), None);
}

#[test]
fn values_that_kasmvnc_would_mistake_stay_behind() {
    let misleading = [("User-Agent", "x /api/ y"), ("Accept", "../"), ("Accept-Language", "de")];
    let heard = heard("GET", &misleading).expect("a head");
    assert_eq!(value(&heard, "user-agent"), None);
    assert_eq!(value(&heard, "accept"), None);
    assert_eq!(value(&heard, "accept-language"), Some("de"));
}

#[test]
fn a_desktop_on_its_own_host_hears_its_own_cookies() {
    let client = ClientInfo { place: Place::Host, host: "a2b3.desktops.example".to_owned(), ..client() };
    let cookies = [("Cookie", "a=1; __Host-pult_desktop=secret; b=/api/; c=../; d=2")];
    let answer = heard_by(&client, "GET", &cookies).expect("a head");
    assert_eq!(value(&answer, "cookie"), Some("a=1; d=2"));
    let stream = heard_by(&client, "GET", &[&HANDSHAKE[..], &cookies].concat()).expect("a head");
    assert_eq!(value(&stream, "cookie"), Some("a=1; d=2"));
    assert_eq!(value(&stream, "host"), Some("a2b3.desktops.example"));
    assert_eq!(value(&stream, "origin"), Some("https://a2b3.desktops.example"), "the same as the host");
}

#[test]
fn ambiguous_lengths_are_refused() {
    assert_eq!(code(&[("Content-Length", "3"), ("Transfer-Encoding", "chunked")]), Some("framing_ambiguous"));
    assert_eq!(code(&[("Content-Length", "3"), ("Content-Length", "4")]), Some("framing_ambiguous"));
    assert_eq!(code(&[("Content-Length", "+3")]), Some("framing_ambiguous"));
    assert_eq!(code(&[("Content-Length", "3, 3")]), Some("framing_ambiguous"));
    assert_eq!(code(&[("Transfer-Encoding", "gzip, chunked")]), Some("framing_ambiguous"));
    assert_eq!(code(&[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "x")]), Some("framing_ambiguous"));
    assert_eq!(code(&[("Transfer-Encoding", "chunked")]), None);
    let heard = heard("POST", &[("Content-Length", "3")]).expect("a head");
    assert_eq!(value(&heard, "content-length"), Some("3"));
}

#[test]
fn heads_that_a_desktop_cannot_hold_are_refused() {
    assert_eq!(code(&[("User-Agent", &"x".repeat(1001))]), Some("head_too_large"));
    let line = ("Accept", "x".repeat(1000));
    let lines = |count| vec![(line.0, line.1.as_str()); count];
    assert_eq!(code(&lines(15)), None);
    assert_eq!(code(&lines(MAX_HEAD / 1000 + 1)), Some("head_too_large"));
    let long = [&HANDSHAKE[..], &[("Sec-WebSocket-Protocol", line.1.as_str())], &[("Accept", "x")]].concat();
    assert!(heard("GET", &long).is_ok());
}

#[test]
fn tunnels_and_echoes_are_refused() {
    for method in ["CONNECT", "TRACE", "connect", "Trace", "get"] {
        assert_eq!(heard(method, &[]).map_err(|failure| failure.code()).err(), Some("method_refused"), "{method}");
    }
    for method in ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"] {
        assert!(heard(method, &[]).is_ok(), "{method}");
    }
}

#[test]
fn an_ipv4_address_is_spelled_one_way() {
    let mapped: Ipv6Addr = "::ffff:192.0.2.7".parse().expect("an address");
    let client = ClientInfo { address: IpAddr::V6(mapped), ..client() };
    let request = Request::get("/").body(()).expect("a request");
    let head = head(&request, &Wish::Answer, "/".parse().expect("a path"), &client, &target()).expect("a head");
    assert_eq!(head.headers()["x-forwarded-for"], "192.0.2.7");
}
