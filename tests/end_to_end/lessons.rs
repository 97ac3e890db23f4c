//! What a lesson needs goes on.

use chrono::{TimeDelta, Utc};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Api, Pult, eventually};

async fn wish(api: &Api, lesson: &Value) -> (StatusCode, Value) {
    let answer = api.request(Method::POST, "/api/v1/lessons").json(lesson).send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

async fn end(api: &Api, lesson: &str) -> StatusCode {
    let answer = api.request(Method::DELETE, &format!("/api/v1/lessons/{lesson}")).send().await;
    answer.expect("an answer").status()
}

fn in_minutes(minutes: i64) -> String {
    (Utc::now() + TimeDelta::minutes(minutes)).to_rfc3339()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_goes_on_while_a_lesson_needs_it() {
    let pult = Pult::with(&[("reaper.idle_after", "10s"), ("reaper.warn_before", "5s")]).await;
    let (teacher, pupil) = (pult.person("lehrerin", "teacher"), pult.person("schueler", "student"));
    let (status, lesson) = wish(&teacher, &json!({ "group": "9b", "template": "tiny", "until": in_minutes(45) })).await;
    assert_eq!(status, StatusCode::CREATED, "{lesson}");
    // longer unused than the one that is in no lesson and is stopped
    let needed = pupil.running("tiny").await;
    let stranger = pult.person("fremd", "student");
    let other = stranger.running("tiny").await;
    assert_eq!(stranger.until(&other, "stopped").await.text("reason"), "idle");
    let kept = pupil.look(&needed).await.expect("it is there");
    assert_eq!(kept.state(), "running");
    assert_eq!(kept.text("why"), "Running, not yet used. Goes on because a lesson needs it.");
    assert_eq!((kept.text("stops_at"), kept.text("stops_for")), (lesson["until"].as_str().expect("a time"), "idle"));

    let events = pupil.events().await;
    assert_eq!(end(&teacher, lesson["id"].as_str().expect("an id")).await, StatusCode::NO_CONTENT);
    assert_eq!(pupil.until(&needed, "stopped").await.text("reason"), "idle");
    // that the lesson is over, the warning, the stop and its end
    eventually("its page has heard of all that", || async {
        (events.came().iter().filter(|event| event.is_of(&needed)).count() >= 4).then_some(())
    })
    .await;
    let audit = pult.person("admin", "admin").json("/api/v1/audit").await;
    let lines = audit["items"].as_array().expect("lines");
    for action in ["lesson.create", "lesson.delete"] {
        let line = lines.iter().find(|line| line["action"] == action).expect(action);
        assert_eq!(line["object"], lesson["id"]);
        assert!(line["detail"]["group"].is_string() && line["detail"]["group"] != "9b", "ids, never names");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_night_spares_what_a_lesson_needs() {
    let pult = Pult::with(&[("reaper.nightly_stop", "0 4 1 1 *")]).await;
    let (admin, pupil) = (pult.person("admin", "admin"), pult.person("schueler", "student"));
    let (needed, other) = (pupil.running("tiny").await, admin.running("tiny").await);
    // an administrator is in the group too, and has no lessons
    let (status, _) = wish(&admin, &json!({ "group": "9b", "until": in_minutes(45) })).await;
    assert_eq!(status, StatusCode::CREATED);
    let night = admin.request(Method::POST, "/api/v1/schedule/nightly_stop/run").send().await.expect("an answer");
    assert_eq!(night.status(), StatusCode::ACCEPTED);
    assert_eq!(admin.until(&other, "stopped").await.text("reason"), "nightly");
    let done = eventually("the night is over", || async {
        let jobs = admin.json("/api/v1/schedule").await;
        let job = jobs["items"].as_array()?.iter().find(|job| job["name"] == "nightly_stop")?.clone();
        (!job["last_finished_at"].is_null()).then_some(job)
    });
    assert_eq!(done.await["message"], "1 stopped.");
    assert_eq!(pupil.look(&needed).await.expect("it is there").state(), "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn teachers_have_lessons_with_their_own_groups_and_what_is_wrong_is_told() {
    let pult = Pult::start().await;
    let (admin, teacher) = (pult.person("admin", "admin"), pult.person("lehrerin", "teacher"));
    let elsewhere = pult.person_with("kollege", "teacher", &["--group", "10a"]);
    let lesson = |minutes| json!({ "group": "9b", "until": in_minutes(minutes) });
    let code =
        |(status, problem): (StatusCode, Value)| (status, problem["code"].as_str().unwrap_or_default().to_owned());
    for (api, wish_for, status, told) in [
        (&elsewhere, lesson(45), StatusCode::FORBIDDEN, "role_missing"),
        (&teacher, json!({ "group": "9z", "until": in_minutes(45) }), StatusCode::NOT_FOUND, "not_found"),
        (&teacher, lesson(-1), StatusCode::UNPROCESSABLE_ENTITY, "fields_invalid"),
        (&teacher, lesson(12 * 60 + 1), StatusCode::UNPROCESSABLE_ENTITY, "fields_invalid"),
        (&teacher, json!({ "group": "9b", "until": "at noon" }), StatusCode::BAD_REQUEST, "malformed"),
        (&teacher, json!({ "group": "9b" }), StatusCode::BAD_REQUEST, "malformed"),
    ] {
        assert_eq!(code(wish(api, &wish_for).await), (status, told.to_owned()), "{wish_for}");
    }
    let unknown = json!({ "group": "9b", "template": "none", "until": in_minutes(45) });
    assert_eq!(code(wish(&admin, &unknown).await), (StatusCode::NOT_FOUND, "not_found".to_owned()));
    let later = json!({ "group": "9b", "from": in_minutes(60), "until": in_minutes(105) });
    let (status, made) = wish(&teacher, &later).await;
    assert_eq!((status, &made["template"], &made["group"]), (StatusCode::CREATED, &Value::Null, &json!("9b")));

    let id = made["id"].as_str().expect("an id");
    assert_eq!(teacher.json("/api/v1/lessons").await["items"], json!([made]));
    assert_eq!(admin.json("/api/v1/lessons").await["items"], json!([made]));
    assert_eq!(elsewhere.json("/api/v1/lessons").await["items"], json!([]));
    assert_eq!(end(&elsewhere, id).await, StatusCode::FORBIDDEN);
    assert_eq!(end(&admin, id).await, StatusCode::NO_CONTENT);
    assert_eq!(end(&admin, id).await, StatusCode::NOT_FOUND);
}
