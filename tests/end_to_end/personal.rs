//! What is known of a person: handed out to them, and deleted.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Api, Pult, eventually};

async fn id(person: &Api) -> String {
    person.json("/api/v1/me").await["user"]["id"].as_str().expect("an id").to_owned()
}

async fn delete(admin: &Api, id: &str, confirm: &str) -> (StatusCode, Value) {
    let place = format!("/api/v1/users/{id}?confirm={confirm}");
    let answer = admin.request(Method::DELETE, &place).send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_has_their_own_data_and_administrators_have_anybodys() {
    let pult = Pult::start().await;
    let (admin, pupil) = (pult.person("admin", "admin"), pult.person("schueler", "student"));
    pupil.want("tiny").await;
    let me = id(&pupil).await;
    let answer = pupil.get("/api/v1/me/export").await;
    assert!(answer.headers()["content-disposition"].to_str().expect("text").starts_with("attachment"));
    let own: Value = answer.json().await.expect("JSON");
    assert_eq!((&own["format"], &own["data"]["account"]["id"]), (&json!("pult-personal-data/1"), &json!(me)));
    assert_eq!(own["data"]["desktops"][0]["template"], "tiny");
    assert!(!own.to_string().contains(pupil.token()) && !own.to_string().contains("hash"), "no secrets");
    let theirs = admin.json(&format!("/api/v1/users/{me}/export")).await;
    assert_eq!(theirs["data"]["account"], own["data"]["account"]);
    let lines = admin.json(&format!("/api/v1/audit?action=user.export&object={me}")).await;
    let owns: Vec<_> = lines["items"].as_array().expect("lines").iter().map(|line| &line["detail"]["own"]).collect();
    assert_eq!(owns, [&json!(false), &json!(true)], "who had it is told");
    let narrow = pult.person_with("schueler", "student", &["--scope", "users:read"]);
    assert_eq!(narrow.get("/api/v1/me/export").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(pupil.json("/api/v1/me/looks").await["items"], json!([]), "nobody looked");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deleted_has_no_way_in_no_desktop_and_no_name() {
    let pult = Pult::start().await;
    let (admin, pupil) = (pult.person("admin", "admin"), pult.person("schueler", "student"));
    let desktop = pupil.running("tiny").await;
    let (me, own) = (id(&pupil).await, id(&admin).await);
    for (whom, confirm, status, code) in [
        (&me, "", StatusCode::BAD_REQUEST, "malformed"),
        (&me, "someone", StatusCode::BAD_REQUEST, "malformed"),
        (&own, "admin", StatusCode::CONFLICT, "own_account"),
    ] {
        let (found, problem) = delete(&admin, whom, confirm).await;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{confirm}");
    }
    let (status, departure) = delete(&admin, &me, "schueler").await;
    assert_eq!((status, &departure["desktops"]), (StatusCode::ACCEPTED, &json!(1)), "{departure}");
    assert!(departure["files"].as_str().is_some_and(|files| files.contains(&format!("homes/{me}"))), "{departure}");

    assert_eq!(pupil.get("/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
    eventually("its container is gone", || async { pult.engine.containers_of(desktop.id()).is_empty().then_some(()) })
        .await;
    let users = admin.json("/api/v1/users").await.to_string();
    assert!(!users.contains("schueler") && !users.contains(&me), "{users}");
    let lines = admin.json(&format!("/api/v1/audit?action=user.delete&object={me}")).await;
    assert_eq!(lines["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(admin.json("/api/v1/audit/verify").await["ok"], true);
    // who comes again under that name is somebody new
    assert_ne!(id(&pult.person("schueler", "student")).await, me);
}
