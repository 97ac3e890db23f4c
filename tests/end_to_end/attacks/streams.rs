//! A page somewhere else opens a WebSocket, and the browser sends the cookie along: no `SameSite` keeps it from a
//! neighbouring host, and no browser asks first.

use reqwest::StatusCode;
use tokio::task::JoinSet;

use super::{SignedIn, line, send, status};
use crate::support::{Pult, Rfb};

/// How many handshakes are tried.
const HANDSHAKES: usize = 10_000;

/// Origins that are not ours, of a Pult at this port.
fn origins(port: u16) -> Vec<String> {
    let near = [
        format!("http://localhost:{port}.evil.example"),
        format!("http://localhost.evil.example:{port}"),
        format!("http://evil.localhost:{port}"),
        format!("http://localhost.:{port}"),
        format!("http://localhost:{port}@evil.example"),
        format!("http://evil.example@localhost:{}", port ^ 1),
        format!("https://localhost:{port}"),
        format!("ws://localhost:{port}"),
        format!("http://localhost:{}", port ^ 1),
        format!("http://evil.example:{port}"),
        format!("http://localhost:{port}, http://evil.example"),
        format!("http://evil.example, http://localhost:{port}"),
        format!("http://evil.example http://localhost:{port}"),
        format!("http://localhost:{port}/desktop/"),
        format!("localhost:{port}"),
        format!("//localhost:{port}"),
        format!("http://lоcalhost:{port}"),
        format!("http://localhost%00:{port}"),
        format!("http://localhost\\@evil.example:{port}"),
    ];
    let far = [
        "null",
        "",
        " ",
        "http://localhost",
        "http://127.0.0.1",
        "http://[::1]",
        "https://evil.example",
        "http://evil.example",
        "file://",
        "data:",
        "blob:http://localhost",
        "about:blank",
        "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "moz-extension://00000000-0000-0000-0000-000000000000",
        "http://0",
        "http://0.0.0.0",
        "http://2130706433",
        "*",
        "http://*",
        "javascript:0",
    ];
    near.into_iter().chain(far.map(str::to_owned)).collect()
}

/// A handshake of the browser in which somebody is signed in, from a page of this origin; each number gives another.
fn handshake(number: usize, place: &str, host: &str, origin: &str, cookie: &str) -> String {
    let pick = |shift: usize, choices: &[&str]| choices[(number >> shift) % choices.len()].to_owned();
    let path = pick(0, &[&format!("{place}websockify"), "/websockify", &format!("{place}websockify?x={number}")]);
    let origin_line = pick(1, &["Origin", "origin", "ORIGIN"]);
    let connection = pick(2, &["Upgrade", "upgrade", "keep-alive, Upgrade"]);
    let protocol = pick(3, &["", "Sec-WebSocket-Protocol: binary\r\n", "Sec-WebSocket-Protocol: binary, base64\r\n"]);
    let referer = pick(4, &["", &format!("Referer: http://{host}{place}\r\n"), "Referer: https://evil.example/\r\n"]);
    let site = pick(
        5,
        &["", "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: websocket\r\n", "Sec-Fetch-Site: cross-site\r\n"],
    );
    let forwarded = pick(6, &["", "X-Forwarded-Host: evil.example\r\n", "Forwarded: host=evil.example\r\n"]);
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: {connection}\r\nUpgrade: websocket\r\n{forwarded}\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}{referer}{site}\
         Cookie: {cookie}\r\n{origin_line}: {origin}\r\n\r\n",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_another_origin_opens_a_stream_however_it_asks() {
    let pult = Pult::start().await;
    let desktop = pult.person("schueler", "student").running("tiny").await;
    let browser = SignedIn::new(&pult, "schueler").await;
    let (to, place) = (line(&pult), desktop.text("url").to_owned());
    let host = format!("localhost:{}", to.port());
    let ours = [("cookie", browser.cookie.as_str()), ("origin", &pult.url())];
    let address = format!("ws://{host}{place}websockify");
    Rfb::anywhere(&address, &ours).await.expect("a page of ours opens one");

    let origins = origins(to.port());
    let mut workers = JoinSet::new();
    for worker in 0..8 {
        let (origins, place, host, cookie) = (origins.clone(), place.clone(), host.clone(), browser.cookie.clone());
        workers.spawn(async move {
            for number in (worker..HANDSHAKES).step_by(8) {
                let origin = &origins[number % origins.len()];
                let asked = handshake(number / origins.len(), &place, &host, origin, &cookie);
                let answer = send(to, &asked).await;
                assert!([400, 403].contains(&status(&answer).as_u16()), "{asked}{answer}");
            }
        });
    }
    workers.join_all().await;
    Rfb::anywhere(&address, &ours).await.expect("and ours still does");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_made_to_lead_here_is_not_our_origin() {
    let pult = Pult::start().await;
    let desktop = pult.person("schueler", "student").running("tiny").await;
    let browser = SignedIn::new(&pult, "schueler").await;
    let rebound = format!("evil.example:{}", pult.address().port());
    let origin = format!("http://{rebound}");
    let asked = handshake(0, desktop.text("url"), &rebound, &origin, &browser.cookie);
    assert_eq!(status(&send(line(&pult), &asked).await), StatusCode::FORBIDDEN);
}
