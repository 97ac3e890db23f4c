//! Sessions, as people see and end them; what is open with them ends with them.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Browser, Desktop, Pult, Rfb};

/// Whatever ends a session, what is open with it ends about a second later.
const SOON: Duration = Duration::from_secs(6);

async fn sessions(browser: &Browser) -> Vec<Value> {
    let answer = browser.ask(&format!("{}/api/v1/sessions", browser.app()), &[]).await;
    let list: Value = serde_json::from_str(&answer.body).expect("JSON");
    list["items"].as_array().expect("items").clone()
}

async fn is_signed_in(browser: &Browser) -> bool {
    browser.ask(&format!("{}/api/v1/me", browser.app()), &[]).await.status == StatusCode::OK
}

/// The stream of a desktop, as this browser's page opens it.
async fn stream(browser: &Browser, desktop: &Desktop) -> Rfb {
    let url = format!("{}{}websockify", browser.app().replacen("http", "ws", 1), desktop.text("url"));
    let headers = [("cookie", browser.session()), ("origin", browser.app().to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    Rfb::anywhere(&url, &headers).await.expect("a stream")
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_sees_their_browsers_and_signs_out_in_each() {
    let pult = Pult::with(&[("server.public_url", "http://pult.localhost:{port}")]).await;
    let desktop = pult.person("schueler", "student").running("tiny").await;
    let [first, second, third] = [
        Browser::signed_in(&pult, "schueler").await,
        Browser::signed_in(&pult, "schueler").await,
        Browser::signed_in(&pult, "schueler").await,
    ];
    let teacher = Browser::signed_in(&pult, "lehrerin").await;
    let listed = sessions(&first).await;
    assert_eq!(listed.iter().map(|session| session["this"].clone()).collect::<Vec<_>>(), [false, false, true]);
    let (mut seconds, mut thirds) = (stream(&second, &desktop).await, stream(&third, &desktop).await);
    let mut firsts = stream(&first, &desktop).await;

    let of_second = listed[1]["id"].as_str().expect("an id");
    let path = format!("/api/v1/sessions/{of_second}");
    assert_eq!(teacher.change(Method::DELETE, &path).await.status, StatusCode::NOT_FOUND, "it is not hers");
    assert_eq!(first.change(Method::DELETE, &path).await.status, StatusCode::NO_CONTENT);
    timeout(SOON, seconds.ended()).await.expect("its stream ends");
    assert!(!is_signed_in(&second).await && is_signed_in(&third).await);

    assert_eq!(first.change(Method::DELETE, "/api/v1/sessions").await.status, StatusCode::NO_CONTENT);
    timeout(SOON, thirds.ended()).await.expect("its stream ends");
    assert!(!is_signed_in(&third).await && is_signed_in(&first).await && is_signed_in(&teacher).await);
    assert_eq!(sessions(&first).await.len(), 1);
    firsts.first_pixels().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_signs_somebody_out_everywhere() {
    let pult = Pult::with(&[("server.public_url", "http://pult.localhost:{port}")]).await;
    let (token, admin) = (pult.person("schueler", "student"), pult.person("admin", "admin"));
    let desktop = token.running("tiny").await;
    let browser = Browser::signed_in(&pult, "schueler").await;
    let (mut by_cookie, mut by_token) =
        (stream(&browser, &desktop).await, Rfb::open(&token, &desktop).await.expect("it"));
    let me = token.json("/api/v1/me").await;
    let path = format!("/api/v1/users/{}/sessions", me["user"]["id"].as_str().expect("an id"));
    let refused = token.request(Method::DELETE, &path).send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let done = admin.request(Method::DELETE, &path).send().await.expect("an answer");
    assert_eq!(done.status(), StatusCode::NO_CONTENT);
    timeout(SOON, by_cookie.ended()).await.expect("the browser's stream ends");
    timeout(SOON, by_token.ended()).await.expect("the token's stream ends");
    assert!(!is_signed_in(&browser).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_a_session_past_this_process_ends_its_streams_too() {
    let pult = Pult::with(&[("server.public_url", "http://pult.localhost:{port}")]).await;
    let desktop = pult.person("schueler", "student").running("tiny").await;
    let browser = Browser::signed_in(&pult, "schueler").await;
    let mut open = stream(&browser, &desktop).await;
    let short = pult.person_with("schueler", "student", &["--expires", "20s"]);
    let mut until_then = Rfb::open(&short, &desktop).await.expect("a stream");
    let mut lasting = Rfb::open(&pult.person("schueler", "student"), &desktop).await.expect("a stream");
    // the command changes the password in the database, and tells the server nothing
    pult.run(&["user", "passwd", "schueler"]);
    timeout(SOON, open.ended()).await.expect("a new password ends what the old one began");
    timeout(Duration::from_secs(30), until_then.ended()).await.expect("a token's stream ends with it");
    lasting.first_pixels().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sign_in_has_a_session_of_its_own_and_ends_the_one_before() {
    let pult = Pult::with(&[("server.public_url", "http://pult.localhost:{port}")]).await;
    let browser = Browser::signed_in(&pult, "schueler").await;
    let before = browser.session();
    let (name, value) = before.split_once('=').expect("a cookie");
    let credentials = json!({ "username": "schueler", "password": pult.password_of("schueler") });
    let again = browser.post(&format!("{}/api/v1/login", browser.app()), &credentials, &[]).await;
    assert_eq!(again.status, StatusCode::NO_CONTENT);
    assert_ne!(browser.session(), before);
    let old = format!("{name}={value}");
    let stranger = Browser::new(&pult);
    let asked = stranger.ask(&format!("{}/api/v1/me", browser.app()), &[("cookie", &old)]).await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED, "what somebody may have known before is worth nothing");
    assert_eq!(sessions(&browser).await.len(), 1);
    // a cookie that somebody else has set is not taken over
    let planted = format!("{name}=chosen-by-somebody-else");
    let other = Browser::new(&pult);
    let given = other.post(&format!("{}/api/v1/login", other.app()), &credentials, &[("cookie", &planted)]).await;
    assert!(given.cookie().starts_with(name) && given.cookie() != planted, "{}", given.cookie());
}
