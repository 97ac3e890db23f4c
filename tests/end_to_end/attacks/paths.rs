//! Addresses that one reader takes for this and another for that, and headers that a desktop might believe.

use std::collections::BTreeSet;

use reqwest::StatusCode;

use super::{DESKTOP_OF, echo, line, name, send, status};
use crate::support::Pult;

/// Ways to write "one up", as somebody along the way might read them.
const UP: [&str; 14] = [
    "..",
    "%2e%2e",
    ".%2e",
    "%2E.",
    "%252e%252e",
    "..;",
    "..;x=y",
    "..%00",
    "..%20",
    "%c0%ae%c0%ae",
    "%u002e%u002e",
    "..%09",
    "...",
    "%ef%bc%8e%ef%bc%8e",
];

/// Ways to write a slash.
const SLASH: [&str; 10] = ["/", "%2f", "%2F", "//", "\\", "%5c", ";/", "/./", "%252f", "%c0%af"];

/// Targets of requests with which somebody reaches out of their own desktop into another's.
fn targets(host: &str, own: &str, other: &str) -> BTreeSet<String> {
    let climbing = UP.iter().flat_map(|up| {
        SLASH.iter().flat_map(move |slash| {
            let out = format!("/desktop/{own}/{up}{slash}{other}{slash}");
            let further = format!("/desktop/{own}/x{slash}{up}{slash}{up}{slash}{up}{slash}desktop{slash}{other}/");
            [out, further]
        })
    });
    let turns = [
        format!("/desktop/{own}/http://{host}/desktop/{other}/"),
        format!("/desktop/{own}//{host}/desktop/{other}/"),
        format!("/desktop/{own}/@{host}/desktop/{other}/"),
        format!("/desktop/{own}/?/../../{other}/"),
        format!("/desktop/{own}/?url=http://{host}/desktop/{other}/"),
        format!("/desktop/{own};/../{other}/"),
        format!("/desktop/{own}%00/../{other}/"),
        format!("/desktop/{own}%2f..%2f{other}/"),
        format!("/desktop/{own}#/../{other}/"),
        format!("/desktop/{own}/#/../{other}/"),
        format!("/desktop/{own},{other}/"),
        format!("/desktop/{own}/{other}/"),
        format!("/desktop/./{other}/"),
        format!("/desktop//{other}/"),
        format!("/desktop/;/{other}/"),
        format!("/desktop/{other};/"),
        format!("/desktop/{other}%20/"),
        format!("/desktop/{other}%00/"),
        format!("/desktop/{other}./"),
        format!("/desktop/{}/", other.to_uppercase()),
        format!("/DESKTOP/{other}/"),
        format!("/%64esktop/{other}/"),
        format!("//desktop/{other}/"),
        format!("/./desktop/{other}/"),
        format!("/x/../desktop/{other}/"),
        format!("/api/v1/../../desktop/{other}/"),
        format!("/assets/../desktop/{other}/"),
        format!("http://{host}/desktop/{other}/"),
        format!("http://evil.example/desktop/{other}/"),
        format!("http://{own}@{host}/desktop/{other}/"),
        format!("https://{host}/desktop/{other}/"),
        format!("ftp://{host}/desktop/{other}/"),
        format!("{host}/desktop/{other}/"),
        format!("/enter/{other}"),
        format!("/desktop/{other}/"),
        "*".to_owned(),
        "/..".to_owned(),
        format!("desktop/{other}/"),
    ];
    climbing.chain(turns).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_leads_out_of_ones_own_desktop_into_anothers() {
    let pult = Pult::start().await;
    let _image = echo(&pult, "paths").await;
    let [pupil, stranger] = ["schueler", "andere"].map(|name| pult.person(name, "student"));
    let (own, other) = (pupil.running("echo").await, stranger.running("echo").await);
    let host = format!("localhost:{}", line(&pult).port());
    let ask = |target: &str| {
        let bearer = pupil.token();
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {bearer}\r\n\r\n"
        );
        send(line(&pult), head)
    };
    let home = format!("/desktop/{}/", name(&own));
    assert!(ask(&home).await.contains(&format!("{DESKTOP_OF}schueler")), "one's own desktop answers");
    let heard = |container: &str| pult.engine.docker(&["logs", container]).lines().count();
    let before = heard(&other.container());

    let targets = targets(&host, name(&own), name(&other));
    assert!(targets.len() >= 300, "{}", targets.len());
    for target in targets {
        let answer = ask(&target).await;
        let status = status(&answer);
        assert!(!status.is_server_error(), "{target}: {answer}");
        assert!(!answer.contains(&format!("{DESKTOP_OF}andere")), "{target}: {answer}");
        if let Some((_, heard)) = answer.split_once(&format!("{DESKTOP_OF}schueler\n")) {
            let below =
                target.strip_prefix(&home).expect("below one's own place").split('#').next().unwrap_or_default();
            let line = format!("GET /{below} HTTP/1.1\r\n");
            assert!(heard.starts_with(&line), "{target} arrives as it was sent: {heard}");
            let path = below.split('?').next().unwrap_or_default();
            assert!(path.split('/').all(|part| part != ".."), "{target} might lead above the desktop's own files");
        } else {
            let is_the_app = answer.contains("<h1>Pult</h1>");
            assert!(is_the_app || status.is_redirection() || status.is_client_error(), "{target}: {answer}");
        }
        if let Some(place) = answer.lines().find_map(|line| line.strip_prefix("location: ")) {
            assert!(place.starts_with('/') && !place.starts_with("//") && !place.contains('\\'), "{target}: {place}");
        }
    }
    assert_eq!(heard(&other.container()), before, "the other desktop has heard nothing of all this");
}

/// Names under which programs behind proxies believe what they are told.
const BELIEVED: &str = "
    Authorization Proxy-Authorization Proxy-Authenticate Authentication-Info Cookie Cookie2 Set-Cookie Forwarded Via
    Host2 From Origin2 Client-IP True-Client-IP CF-Connecting-IP CF-IPCountry Fastly-Client-IP Remote-User
    Remote-Addr Remote-Host Auth-User User Upgrade-Insecure-Requests HTTP2-Settings Keep-Alive Proxy-Connection TE
    Trailer Max-Forwards Early-Data Alt-Used Sec-WebSocket-Extensions Sec-WebSocket-Accept
    Access-Control-Request-Method Service-Worker Content-Base Content-Location Destination Depth Overwrite If
    Lock-Token Timeout SOAPAction DNT Sec-Fetch-Site Sec-Fetch-Mode Sec-Fetch-Dest Sec-Fetch-User Referer Ping-From
    Last-Event-ID SSL-Client-Cert SSL-Client-Verify SSL-Client-S-DN WL-Proxy-Client-IP Front-End-Https Base-Url
    Request-Uri Http-Url Uri Proxy-Host Proxy-Url Redirect Traceparent Tracestate Baggage
";

/// More of them, which begin with `X-`.
const BELIEVED_WITH_X: &str = "
    Forwarded Forwarded-For Forwarded-By Forwarded-Host Forwarded-Port Forwarded-Proto Forwarded-Scheme
    Forwarded-Server Forwarded-Prefix Forwarded-Path Forwarded-User Forwarded-Email Forwarded-Groups
    Forwarded-Access-Token Forwarded-Ssl Forwarded-Protocol Forwarded-Client-Cert Original-URL Original-Host
    Original-Forwarded-For Rewrite-URL Real-IP Remote-User Remote-Addr Remote-IP Remote-Groups Client-IP
    Cluster-Client-IP ProxyUser-IP Host Host-Override HTTP-Host-Override HTTP-Method-Override HTTP-Method
    Method-Override Auth-Request-User Auth-Request-Email Auth-Token Auth-User Authenticated-User
    Authenticated-Groups WebAuth-User User User-ID Username Token Access-Token API-Key CSRF-Token XSRF-Token Scheme
    Url-Scheme Sendfile Sendfile-Type Accel-Redirect Accel-Buffering Accel-Mapping Request-ID Correlation-ID
    Amzn-Trace-Id B3-TraceId Envoy-Original-Path Envoy-External-Address Client-Cert SSL-Client-Cert
    SSL-Client-Verify Requested-With Wap-Profile Pult-User Pult-Desktop Pult-Role VNC-PW Kasm-User Jupyter-User
    Custom-IP-Authorization Originating-IP ATT-DeviceId
";

/// All of them, each also as it looks to whatever reads headers as CGI has them.
fn names() -> BTreeSet<String> {
    let with_x = BELIEVED_WITH_X.split_whitespace().map(|name| format!("X-{name}"));
    let names = BELIEVED.split_whitespace().map(str::to_owned).chain(with_x);
    names.flat_map(|name| [name.replace('-', "_"), name]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_of_a_visitors_making_reaches_a_desktop() {
    const CANARY: &str = "kanarienvogel";
    let pult = Pult::start().await;
    let _image = echo(&pult, "headers").await;
    let pupil = pult.person("schueler", "student");
    let own = pupil.running("echo").await;
    let host = format!("localhost:{}", line(&pult).port());
    let ask = |lines: &str| {
        let (place, bearer) = (own.text("url"), pupil.token());
        let head = format!(
            "GET {place}x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {bearer}\r\n{lines}\r\n"
        );
        send(line(&pult), head)
    };
    let let_through = ask(&format!("Accept-Language: {CANARY}\r\n")).await;
    assert!(let_through.contains(CANARY), "what desktops need is passed on: {let_through}");
    assert!(!let_through.contains(pupil.token()), "our own credential is not: {let_through}");

    let names = names();
    assert!(names.len() >= 200, "{}", names.len());
    for name in names {
        let answer = ask(&format!("{name}: {CANARY}\r\n")).await;
        let (head, heard) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        assert!(!heard.contains(CANARY), "{name}: {heard}");
        assert!(status(head).is_success() || status(head).is_client_error(), "{name}: {head}");
        if status(head) == StatusCode::OK {
            assert_eq!(heard.matches("Authorization: Basic ").count(), 1, "{name}: {heard}");
        }
    }
    // what `Connection` names was meant for us
    let named = ask(&format!("Accept-Language: {CANARY}\r\nConnection: accept-language\r\n")).await;
    assert!(!named.contains(CANARY), "{named}");
}
