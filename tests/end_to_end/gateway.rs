//! The way into desktops: whatever they speak, and whatever path a client knows.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Api, Pult, Rfb};

/// A template that only this test has, given to everybody.
pub(crate) async fn template(admin: &Api, fields: serde_json::Value) {
    let made = admin.request(Method::POST, "/api/v1/templates").json(&fields).send().await.expect("an answer");
    assert_eq!(made.status(), StatusCode::CREATED);
    let given = json!({ "template": fields["slug"], "everyone": true });
    let given = admin.request(Method::POST, "/api/v1/assignments").json(&given).send().await.expect("an answer");
    assert_eq!(given.status(), StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_with_a_certificate_of_its_own_is_pinned() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    let fields = json!({
        "slug": "sealed", "name": "Sealed", "image": "pult/tiny:latest", "protocol": "https",
        "env": { "TLS": "self-signed" }, "health_path": "/vnc.html",
    });
    template(&admin, fields).await;
    let desktop = admin.running("sealed").await;
    assert_eq!(admin.page(&desktop, "vnc.html").await, StatusCode::OK);
    Rfb::open(&admin, &desktop).await.expect("a stream through TLS");
    // each start makes another certificate, and it is learned anew
    admin.tell(&desktop, "stop").await;
    admin.until(&desktop, "stopped").await;
    admin.tell(&desktop, "start").await;
    admin.until(&desktop, "running").await;
    assert_eq!(admin.page(&desktop, "vnc.html").await, StatusCode::OK);
    Rfb::open(&admin, &desktop).await.expect("a stream through TLS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_behind_a_published_port_works_too() {
    let pult = Pult::with(&[("engine.route", "port")]).await;
    let pupil = pult.person("schueler", "student");
    let desktop = pupil.running("tiny").await;
    let published = pult.engine.docker(&["port", &desktop.container()]);
    assert!(published.contains("127.0.0.1:"), "{published}");
    Rfb::open(&pupil, &desktop).await.expect("a stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_know_no_path_find_their_desktop() {
    let pult = Pult::start().await;
    let pupil = pult.person("schueler", "student");
    assert_eq!(Rfb::at(&pupil, "/websockify", &[]).await.err(), Some(StatusCode::NOT_FOUND));
    let desktop = pupil.running("tiny").await;
    Rfb::at(&pupil, "/websockify", &[]).await.expect("the one desktop that runs");
    let page = format!("{}{}vnc.html", pult.url(), desktop.text("url"));
    Rfb::at(&pupil, "/websockify", &[("referer", &page)]).await.expect("the desktop whose page it was");

    let stranger = pult.person("fremd", "student");
    let refused = Rfb::at(&stranger, "/websockify", &[("referer", &page)]).await.err();
    assert_eq!(refused, Some(StatusCode::FORBIDDEN), "the referrer is a courtesy and never authority");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_opens_no_stream() {
    let pult = Pult::start().await;
    let pupil = pult.person("schueler", "student");
    let desktop = pupil.running("tiny").await;
    let path = format!("{}websockify", desktop.text("url"));
    for origin in ["https://evil.example", "null", "http://localhost:1"] {
        let refused = Rfb::at(&pupil, &path, &[("origin", origin)]).await.err();
        assert_eq!(refused, Some(StatusCode::FORBIDDEN), "{origin}");
    }
    Rfb::at(&pupil, &path, &[("origin", &pult.url())]).await.expect("our own origin");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_without_a_slash_leads_to_the_one_with_it() {
    let pult = Pult::start().await;
    let pupil = pult.person("schueler", "student");
    let desktop = pupil.running("tiny").await;
    let bare = desktop.text("url").trim_end_matches('/').to_owned();
    let answer = pupil.get(&bare).await;
    assert_eq!(answer.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(answer.headers()["location"], desktop.text("url"));
    let page = pupil.get(desktop.text("url")).await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("default-src 'self'"), "our own viewer, not the container's page: {policy}");
}
