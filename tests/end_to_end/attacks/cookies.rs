//! Cookies that somebody else planted, and requests that somebody else's page sends with ours.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{SignedIn, bare, line, send, status, unsafe_calls};
use crate::support::{Api, Pult};

const UNKNOWN: &str = "01a1fc59-0000-7000-8000-000000000001";

fn is_login(call: &(Method, String)) -> bool {
    call.1 == "/api/v1/login"
}

/// What a call answers to a browser with these headers.
async fn answer(api: &Api, call: &(Method, String), headers: &[(&str, &str)]) -> (StatusCode, String) {
    let (method, path) = call;
    let place = path.split('/').map(|part| if part.starts_with('{') { UNKNOWN } else { part });
    let place = place.collect::<Vec<_>>().join("/");
    let url = format!("{}{place}", api.url());
    // of this one alone the body is read before the page is looked at: there is nobody to ask for yet
    let body = if is_login(call) { json!({ "username": "schueler", "password": "x" }) } else { json!({}) };
    let request = reqwest::Client::new().request(method.clone(), url).json(&body);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let problem: Value = answer.json().await.unwrap_or_default();
    (status, problem["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_of_another_origin_changes_anything() {
    let pult = Pult::start().await;
    let api = bare(&pult);
    let [admin, pupil] = [SignedIn::new(&pult, "admin").await, SignedIn::new(&pult, "schueler").await];
    let (cookie, token) = (("cookie", admin.cookie.as_str()), ("x-csrf-token", admin.csrf_token.as_str()));
    let ours = pult.url();
    let elsewhere = format!("http://localhost:{}", pult.admin_port());
    let origins =
        ["null", "https://evil.example", "http://evil.localhost", &elsewhere, &format!("{ours}.evil.example"), ""];
    let calls = unsafe_calls(&pult);
    assert!(calls.len() > 15, "{calls:?}");
    for call in calls {
        for origin in origins {
            for headers in
                [&[cookie, token, ("origin", origin)][..], &[token, cookie, ("origin", &ours), ("origin", origin)]]
            {
                let (status, code) = answer(&api, &call, headers).await;
                let is_told = ["origin_foreign", "public_url_differs"].contains(&code.as_str());
                assert!(status == StatusCode::FORBIDDEN && is_told, "{call:?} {headers:?}: {status} {code}");
            }
        }
        for site in ["cross-site", "same-site"] {
            let refused = answer(&api, &call, &[cookie, token, ("sec-fetch-site", site)]).await;
            assert_eq!(refused, (StatusCode::FORBIDDEN, "origin_foreign".to_owned()), "{call:?} {site}");
        }
        // who signs in has no session yet, and so no token of one
        if is_login(&call) {
            continue;
        }
        for proof in ["", "x", &pupil.csrf_token, admin.secret(), &admin.csrf_token[1..]] {
            let refused = answer(&api, &call, &[cookie, ("origin", &ours), ("x-csrf-token", proof)]).await;
            assert_eq!(refused, (StatusCode::FORBIDDEN, "csrf_token".to_owned()), "{call:?} {proof:?}");
        }
        let token_as_cookie = format!("{}; x-csrf-token={}", admin.cookie, admin.csrf_token);
        let refused = answer(&api, &call, &[("cookie", &token_as_cookie), ("origin", &ours)]).await;
        assert_eq!(refused, (StatusCode::FORBIDDEN, "csrf_token".to_owned()), "{call:?}");
    }
    // all that was refused would have been heard from a page of ours
    let call = (Method::POST, "/api/v1/desktops".to_owned());
    let (status, _) = answer(&api, &call, &[cookie, token, ("origin", &ours)]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "it is the body alone that is wrong");
    assert!(answer(&api, &(Method::POST, "/api/v1/logout".to_owned()), &[cookie, token]).await.0.is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_somebody_planted_is_not_signed_in() {
    let pult = Pult::start().await;
    let who = |cookie: &str| {
        let request = reqwest::Client::new().get(format!("{}/api/v1/me", pult.url())).header("cookie", cookie);
        async {
            let me: Value = request.send().await.expect("an answer").json().await.expect("JSON");
            me["user"]["username"].as_str().map(str::to_owned)
        }
    };
    // a value of the attacker's own making, and the session in which the attacker is signed in
    let invented = "pult_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    let theirs = SignedIn::new(&pult, "schueler").await;
    for planted in [&invented, &theirs.cookie] {
        let before = who(planted).await;
        let victim = SignedIn::with(&pult, "lehrerin", &[("cookie", planted)]).await;
        assert_ne!(&victim.cookie, planted, "whoever signs in gets a new one");
        assert_eq!(who(&victim.cookie).await.as_deref(), Some("lehrerin"));
        assert_eq!(who(planted).await, before, "and the planted one is what it was");
    }
    let again = SignedIn::new(&pult, "lehrerin").await;
    let once_more = SignedIn::with(&pult, "lehrerin", &[("cookie", &again.cookie)]).await;
    assert_ne!(again.cookie, once_more.cookie, "each sign-in is a session of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_neighbours_cookie_neither_replaces_ours_nor_comes_before_it() {
    // behind a front that ends TLS, where the name alone keeps neighbours from setting it
    let pult = Pult::with(&[("server.public_url", "https://localhost:{port}")]).await;
    let [victim, attacker] = [SignedIn::new(&pult, "lehrerin").await, SignedIn::new(&pult, "schueler").await];
    assert!(victim.cookie.starts_with("__Host-pult_session="), "{}", victim.cookie);
    let ask = |path: &str, more: &str, cookies: &str| {
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost:{}\r\n{more}{cookies}\r\n", line(&pult).port());
        send(line(&pult), head)
    };
    let (ours, tossed) = (victim.cookie.as_str(), attacker.secret());
    let close = "Connection: close\r\n";
    for cookies in [
        format!("Cookie: {ours}\r\n"),
        format!("Cookie: pult_session={tossed}; {ours}\r\n"),
        format!("Cookie: {ours}; pult_session={tossed}\r\n"),
        format!("Cookie: pult_session={tossed}\r\nCookie: {ours}\r\n"),
        format!("Cookie: __host-pult_session={tossed}; {ours}\r\n"),
        format!("Cookie: __Host-pult_session ={tossed}; x__Host-pult_session={tossed}; {ours}\r\n"),
    ] {
        let answer = ask("/api/v1/me", close, &cookies).await;
        assert!(answer.contains("\"lehrerin\"") && !answer.contains("\"schueler\""), "{cookies}{answer}");
    }
    let doubled = [
        format!("Cookie: __Host-pult_session={tossed}; {ours}\r\n"),
        format!("Cookie: {ours}; __Host-pult_session={tossed}\r\n"),
        format!("Cookie: __Host-pult_session={tossed}\r\nCookie: {ours}\r\n"),
        format!("Cookie: {ours}; {ours}\r\n"),
    ];
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for cookies in doubled {
        for (path, more) in
            [("/api/v1/me", close), ("/desktop/lehrerin-tiny/vnc.html", close), ("/websockify", upgrade)]
        {
            let answer = ask(path, more, &cookies).await;
            assert_eq!(status(&answer), StatusCode::BAD_REQUEST, "{path} {cookies}{answer}");
        }
    }
    let alone = ask("/api/v1/me", close, &format!("Cookie: pult_session={tossed}\r\n")).await;
    assert_eq!(status(&alone), StatusCode::UNAUTHORIZED, "a name that anybody may set counts for nothing");
}
