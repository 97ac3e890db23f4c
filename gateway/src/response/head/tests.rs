use http::{HeaderMap, HeaderValue, Request, Response, header};

use super::{answer, switching};
use crate::{
    ClientInfo, Failure, Place,
    request::{Handshake, Wish},
    sample,
};

fn told(status: u16, headers: &[(&str, &str)]) -> Result<HeaderMap, Failure> {
    told_at(sample::client().place, status, headers)
}

fn told_at(place: Place, status: u16, headers: &[(&str, &str)]) -> Result<HeaderMap, Failure> {
    let client = ClientInfo { place, ..sample::client() };
    let builder = Response::builder().status(status);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    let (parts, ()) = builder.body(()).expect("a response").into_parts();
    answer(&parts, "/", &client, &sample::target()).map(|parts| parts.headers)
}

#[test]
fn what_speaks_for_our_origin_is_dropped() {
    let headers = told(
        200,
        &[
            ("Set-Cookie", "session=evil"),
            ("Set-Cookie2", "x"),
            ("Clear-Site-Data", "*"),
            ("Service-Worker-Allowed", "/"),
            ("Strict-Transport-Security", "max-age=1"),
            ("Public-Key-Pins", "x"),
            ("Alt-Svc", "h3=\":443\""),
            ("NEL", "{}"),
            ("Report-To", "{}"),
            ("Reporting-Endpoints", "x"),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Credentials", "true"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Embedder-Policy", "require-corp"),
            ("X-Frame-Options", "DENY"),
            ("Refresh", "0; url=https://evil.example"),
            ("WWW-Authenticate", "Basic"),
            ("Content-Type", "text/html"),
            ("ETag", "\"x\""),
        ],
    );
    let headers = headers.expect("a head");
    let mut names: Vec<_> = headers.keys().map(header::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-security-policy", "content-type", "etag", "x-content-type-options"]);
}

#[test]
fn on_its_own_host_a_desktop_speaks_for_that_host_alone() {
    let headers = told_at(
        Place::Host,
        302,
        &[
            ("Set-Cookie", "own=1; Domain=school.example; Path=/"),
            ("Set-Cookie", "__Host-pult_desktop=evil; Path=/; Secure"),
            ("Set-Cookie", "other=2"),
            ("Location", "https://school.example/a?b"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Content-Security-Policy", "default-src 'self'"),
            ("Clear-Site-Data", "\"cookies\""),
            ("Service-Worker-Allowed", "/"),
            ("Strict-Transport-Security", "max-age=1; includeSubDomains"),
            ("Access-Control-Allow-Origin", "https://other.school.example"),
            ("X-Frame-Options", "ALLOWALL"),
        ],
    );
    let headers = headers.expect("a head");
    let cookies: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["own=1; Path=/", "other=2"]);
    assert_eq!(headers[header::LOCATION], "/a?b");
    let policies: Vec<_> = headers.get_all(header::CONTENT_SECURITY_POLICY).iter().collect();
    assert_eq!(policies, ["default-src 'self'", "frame-ancestors 'self'"], "not sandboxed, and not framed");
    let mut names: Vec<_> = headers.keys().map(header::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["content-security-policy", "cross-origin-opener-policy", "location", "set-cookie", "x-content-type-options"]
    );
    let away = told_at(Place::Host, 302, &[("Location", "https://evil.example/")]);
    assert!(matches!(away, Err(Failure::RedirectsAway)));
}

#[test]
fn what_was_meant_for_us_alone_is_dropped() {
    let headers = told(
        200,
        &[
            ("Connection", "close, X-Hop"),
            ("X-Hop", "1"),
            ("Keep-Alive", "timeout=5"),
            ("Transfer-Encoding", "chunked"),
            ("Trailer", "x"),
            ("Upgrade", "h2c"),
            ("Content-Range", "bytes 0-1/9"),
        ],
    );
    let headers = headers.expect("a head");
    for name in ["connection", "x-hop", "keep-alive", "transfer-encoding", "trailer", "upgrade"] {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert!(headers.contains_key("content-range"));
}

#[test]
fn every_answer_is_sandboxed_and_keeps_its_own_policy() {
    let headers = told(404, &[("Content-Security-Policy", "sandbox allow-same-origin; script-src 'none'")]);
    let headers = headers.expect("a head");
    let policies: Vec<_> = headers.get_all(header::CONTENT_SECURITY_POLICY).iter().collect();
    assert_eq!(policies.len(), 2);
    let ours = policies[1].to_str().expect("text");
    assert!(ours.starts_with("sandbox allow-scripts"), "{ours}");
    assert!(ours.contains("frame-ancestors 'self'") && !ours.contains("same-origin"), "{ours}");
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
}

#[test]
fn answers_that_mislead_are_refused() {
    let code = |status, headers: &[_]| told(status, headers).err().map(|failure| failure.code());
    assert_eq!(code(101, &[]), Some("desktop_answer_malformed"));
    assert_eq!(code(401, &[("WWW-Authenticate", "Basic")]), Some("desktop_refused_credentials"));
    assert_eq!(code(407, &[]), Some("desktop_refused_credentials"));
    for framing in [
        &[("Transfer-Encoding", "chunked"), ("Content-Length", "3")][..],
        &[("Content-Length", "3"), ("Content-Length", "3")],
        &[("Content-Length", "3, 3")],
        &[("Content-Length", "+3")],
        &[("Content-Length", "")],
        &[("Transfer-Encoding", "gzip, chunked")],
        &[("Transfer-Encoding", "chunked, gzip")],
        &[("Transfer-Encoding", "identity")],
        &[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
    ] {
        assert_eq!(code(200, framing), Some("desktop_answer_malformed"), "{framing:?}");
    }
    assert!(told(200, &[("Transfer-Encoding", "Chunked")]).is_ok());
    assert_eq!(code(302, &[("Location", "https://evil.example/")]), Some("desktop_redirects_away"));
    assert_eq!(code(302, &[("Location", "/a"), ("Location", "/b")]), Some("desktop_answer_malformed"));
    assert_eq!(told(302, &[("Location", "/a")]).expect("a head")[header::LOCATION], "/desktop/a-tiny/a");
}

fn handshake(protocols: &[&str]) -> Handshake {
    let mut request = Request::get("/")
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    for protocol in protocols {
        request = request.header("Sec-WebSocket-Protocol", *protocol);
    }
    match Wish::of(&request.body(()).expect("a request")) {
        Ok(Wish::Stream(handshake)) => handshake,
        other => panic!("a stream was wished for: {other:?}"),
    }
}

fn switched(answer: &[(&'static str, &'static str)], protocols: &[&str]) -> Result<HeaderMap, Failure> {
    let answer: HeaderMap = answer
        .iter()
        .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
    switching(&answer, &handshake(protocols)).map(|parts| parts.headers)
}

const ACCEPT: (&str, &str) = ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");

#[test]
fn a_101_needs_its_proof() {
    assert!(switched(&[ACCEPT], &[]).is_ok());
    assert!(matches!(switched(&[], &[]), Err(Failure::HandshakeRefused(_))));
    let wrong = ("sec-websocket-accept", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert!(matches!(switched(&[wrong], &[]), Err(Failure::HandshakeRefused(_))));
    let extension = ("sec-websocket-extensions", "permessage-deflate");
    assert!(matches!(switched(&[ACCEPT, extension], &[]), Err(Failure::HandshakeRefused(_))));
}

#[test]
fn a_101_says_nothing_that_was_not_asked() {
    let chatty = [ACCEPT, ("sec-websocket-protocol", "binary"), ("set-cookie", "a=b"), ("server", "x")];
    let headers = switched(&chatty, &[]).expect("a head");
    assert_eq!(headers.len(), 3);
    assert!(!headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL), "the offer was ours");
    let headers = switched(&chatty, &["chat", "x, binary"]).expect("a head");
    assert_eq!(headers[header::SEC_WEBSOCKET_PROTOCOL], "binary");
    assert!(matches!(switched(&chatty, &["chat"]), Err(Failure::HandshakeRefused(_))));
}
