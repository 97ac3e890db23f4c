//! Looking into somebody else's desktop: with a grant, seen, and no longer than it lasts.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use domain::{
    SessionId,
    access::{Credential, Terms},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::{Bus, Config, Sealer, Store};
use tokio::time::timeout;

use crate::support::{Api, Desktop, Pult, Rfb, eventually};

/// What ends a right is to be felt within a second; a busy machine may need more.
const SOON: Duration = Duration::from_secs(5);

async fn take(admin: &Api, desktop: &Desktop, terms: Value) -> (StatusCode, Value) {
    let path = format!("/api/v1/desktops/{}/grants", desktop.id());
    let answer = admin.request(Method::POST, &path).json(&terms).send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

/// The looks into a desktop that the audit log knows, the newest first.
async fn looks(admin: &Api, desktop: &Desktop) -> Vec<Value> {
    let log = admin.json("/api/v1/audit?limit=200").await;
    let lines = log["items"].as_array().expect("lines").clone();
    lines.into_iter().filter(|line| line["action"] == "desktop.look" && line["object"] == desktop.id()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_looks_into_a_desktop_with_a_grant_that_its_owner_sees() {
    let pult = Pult::start().await;
    let (pupil, admin) = (pult.person("schueler", "student"), pult.person("admin", "admin"));
    let desktop = pupil.running("tiny").await;
    let events = pupil.events().await;
    assert_eq!(Rfb::open(&admin, &desktop).await.err(), Some(StatusCode::FORBIDDEN));
    for (terms, field) in
        [(json!({ "reason": "hm" }), "reason"), (json!({ "reason": "Drucker", "minutes": 481 }), "minutes")]
    {
        let (status, problem) = take(&admin, &desktop, terms).await;
        assert_eq!((status, &problem["fields"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)));
    }
    let (status, grant) = take(&admin, &desktop, json!({ "reason": "Auf Bitte der Lehrkraft" })).await;
    assert_eq!(status, StatusCode::CREATED, "{grant}");
    eventually("its owner is told", || async {
        let told = events.came();
        told.iter().any(|event| event.is_of(&desktop) && event.data["grants"][0]["id"] == grant["id"]).then_some(())
    })
    .await;
    let shown = &pupil.look(&desktop).await.expect("it is there").0["grants"][0];
    assert_eq!((&shown["reason"], &shown["entered_at"]), (&json!("Auf Bitte der Lehrkraft"), &Value::Null));
    assert!(looks(&admin, &desktop).await.is_empty(), "so far nobody has looked");

    let mut stream = Rfb::open(&admin, &desktop).await.expect("a stream");
    assert_eq!(looks(&admin, &desktop).await.len(), 1, "it is written down before anything is shown");
    stream.first_pixels().await;
    let mut owners = Rfb::open(&pupil, &desktop).await.expect("the owner's");
    assert_eq!(admin.page(&desktop, "vnc.html").await, StatusCode::OK);
    Rfb::open(&admin, &desktop).await.expect("another stream");
    let noted = looks(&admin, &desktop).await;
    assert_eq!(noted.len(), 1, "what is opened a moment later is the same look: {noted:?}");
    assert_eq!(noted[0]["detail"]["grant"], grant["id"]);
    assert!(!noted[0].to_string().contains("Lehrkraft"), "the log has ids alone: {noted:?}");
    let read = &pupil.json("/api/v1/me/looks").await["items"];
    assert_eq!((&read[0]["reason"], &read[0]["desktop_id"]), (&json!("Auf Bitte der Lehrkraft"), &json!(desktop.id())));
    assert_eq!(read.as_array().map(Vec::len), Some(1), "its owner reads of it once: {read}");
    let listed = pupil.json(&format!("/api/v1/desktops/{}/grants", desktop.id())).await;
    assert!(listed["items"][0]["entered_at"].is_string(), "{listed}");
    // it is this administrator's alone, and for this desktop alone
    let other = pult.person("admin2", "admin");
    assert_eq!(Rfb::open(&other, &desktop).await.err(), Some(StatusCode::FORBIDDEN));

    let path = format!("/api/v1/desktops/{}/grants/{}", desktop.id(), grant["id"].as_str().expect("an id"));
    let ended = other.request(Method::DELETE, &path).send().await.expect("an answer");
    assert_eq!(ended.status(), StatusCode::NO_CONTENT, "any administrator takes it back");
    timeout(SOON, stream.ended()).await.expect("the stream ends with its grant");
    assert_eq!(admin.page(&desktop, "vnc.html").await, StatusCode::FORBIDDEN);
    assert_eq!(Rfb::open(&admin, &desktop).await.err(), Some(StatusCode::FORBIDDEN));
    assert_eq!(looks(&admin, &desktop).await.len(), 1, "who does not enter has not looked");
    owners.first_pixels().await;
    let shown = &pupil.look(&desktop).await.expect("it is there").0["grants"];
    assert_eq!(shown, &json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_ends_when_its_time_is_over_or_its_role_is_lost() {
    let pult = Pult::start().await;
    let (pupil, admin) = (pult.person("schueler", "student"), pult.person("admin", "admin"));
    let desktop = pupil.running("tiny").await;
    // As another process grants it, whose announcements do not come here; and soon over, which no API call can be told.
    let url = format!("sqlite://{}", pult.storage().join("data/pult.db").display());
    let config = Config { url, max_connections: 1 };
    let store = Store::connect(&config, Bus::local(), Sealer::new([7; 32])).await.expect("a database");
    let row = store.desktops().get(desktop.id().parse().expect("an id")).await.expect("an answer").expect("a row");
    let user = store.users().by_username("admin").await.expect("an answer").expect("the administrator");
    let user = user.signed_in(Vec::new(), Credential::Session(SessionId::new()));
    let lasting = TimeDelta::seconds(8);
    let terms = Terms::wanted("Auf Bitte", Some(1), Utc::now() - TimeDelta::minutes(1) + lasting).expect("terms");
    let grantable = user.may_take_grant(&row).expect("they may").expect("it is another's");
    store.grants().create(grantable, &terms).await.expect("a grant");
    let mut stream = Rfb::open(&admin, &desktop).await.expect("a stream");
    timeout(lasting.to_std().expect("a while") + SOON, stream.ended()).await.expect("it ends by itself");
    assert!(Utc::now() >= terms.until(), "and not before its time");
    assert_eq!(Rfb::open(&admin, &desktop).await.err(), Some(StatusCode::FORBIDDEN));

    let (status, _) = take(&admin, &desktop, json!({ "reason": "Auf Bitte" })).await;
    assert_eq!(status, StatusCode::CREATED);
    let mut stream = Rfb::open(&admin, &desktop).await.expect("a stream");
    pult.person("admin", "teacher");
    timeout(SOON, stream.ended()).await.expect("a teacher looks into nobody's");
    pult.person("admin", "admin");
    assert_eq!(Rfb::open(&admin, &desktop).await.err(), Some(StatusCode::FORBIDDEN), "it does not come back");
    store.close().await.expect("it closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_takes_a_grant_and_nobody_for_their_own_desktop() {
    let pult = Pult::start().await;
    let (pupil, teacher) = (pult.person("schueler", "student"), pult.person("lehrerin", "teacher"));
    let admin = pult.person("admin", "admin");
    let (_, desktop) = pupil.want("tiny").await;
    for other in [&teacher, &pupil, &pult.person_with("admin", "admin", &["--scope", "desktops:open"])] {
        let (status, _) = take(other, &desktop, json!({ "reason": "Auf Bitte" })).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
    let (_, own) = admin.want("tiny").await;
    let (status, problem) = take(&admin, &own, json!({ "reason": "Auf Bitte" })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("own_desktop")));
    let (_, grant) = take(&admin, &desktop, json!({ "reason": "Auf Bitte" })).await;
    let id = grant["id"].as_str().expect("an id");
    let elsewhere = format!("/api/v1/desktops/{}/grants/{id}", own.id());
    let answer = admin.request(Method::DELETE, &elsewhere).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND, "a grant is its desktop's");
}
