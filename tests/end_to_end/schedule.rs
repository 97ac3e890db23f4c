//! What runs by the clock, and by an administrator's wish.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Api, Pult, eventually};

async fn job(admin: &Api, name: &str) -> Value {
    let listed = admin.json("/api/v1/schedule").await;
    let jobs = listed["items"].as_array().expect("a list");
    jobs.iter().find(|job| job["name"] == name).expect("every job is listed").clone()
}

async fn run(admin: &Api, name: &str) -> StatusCode {
    let wish = admin.request(Method::POST, &format!("/api/v1/schedule/{name}/run"));
    wish.send().await.expect("an answer").status()
}

/// The job once it has run for this wish.
async fn has_run(admin: &Api, name: &str) -> Value {
    eventually("the job has run", || async {
        let job = job(admin, name).await;
        let is_done = job["run_requested"] == false && job["running"] == false && !job["last_finished_at"].is_null();
        is_done.then_some(job)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_has_a_job_run_and_reads_what_came_of_it() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    // it has run by itself before, so that what follows is the wish's
    assert_eq!(has_run(&admin, "images").await["last_result"], "ok");
    let template = json!({ "slug": "exam", "name": "Exam", "image": "nobody/has:this" });
    let made = admin.request(Method::POST, "/api/v1/templates").json(&template).send().await.expect("an answer");
    assert_eq!(made.status(), StatusCode::CREATED);
    assert_eq!(run(&admin, "images").await, StatusCode::ACCEPTED);
    let images = has_run(&admin, "images").await;
    let message = images["message"].as_str().expect("a sentence");
    assert!(message.contains("nobody/has:this"), "{message}");
    assert_eq!((&images["last_result"], &images["every_seconds"]), (&json!("ok"), &json!(600)));
    assert!(!images["next_run_at"].is_null());

    assert_eq!(run(&admin, "there_is_none").await, StatusCode::NOT_FOUND);
    let audit = admin.json("/api/v1/audit").await;
    let lines = audit["items"].as_array().expect("lines");
    assert!(lines.iter().any(|line| line["action"] == "schedule.run" && line["object"] == "images"));

    let german = admin.request(Method::GET, "/api/v1/schedule").header("accept-language", "de");
    let german: Value = german.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(german["items"][0]["title"], "Unbenutzte Desktops");
    let upkeep = job(&admin, "database_upkeep").await;
    assert_eq!((&upkeep["cron"], &upkeep["time_zone"]), (&json!("40 3 * * *"), &json!("Europe/Berlin")));
    assert_eq!(run(&admin, "database_upkeep").await, StatusCode::ACCEPTED);
    assert_eq!(has_run(&admin, "database_upkeep").await["message"], "Done.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_of_every_desktop_waits_for_its_hour_or_for_a_wish() {
    let pult = Pult::with(&[("reaper.nightly_stop", "0 4 1 1 *")]).await;
    let (admin, pupil) = (pult.person("admin", "admin"), pult.person("schueler", "student"));
    let desktop = pupil.running("tiny").await;
    let nightly = job(&admin, "nightly_stop").await;
    assert_eq!((&nightly["cron"], &nightly["last_started_at"]), (&json!("0 4 1 1 *"), &Value::Null));
    assert!(nightly["next_run_at"].as_str().is_some_and(|at| at.contains("-01-01T03:00:00")), "{nightly}");
    assert_eq!(run(&admin, "nightly_stop").await, StatusCode::ACCEPTED);
    let stopped = pupil.until(&desktop, "stopped").await;
    assert_eq!(stopped.text("reason"), "nightly");
    assert_eq!(has_run(&admin, "nightly_stop").await["message"], "1 stopped.");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_starts_within_the_warning_of_the_nightly_stop_is_told_of_it() {
    let pult = Pult::with(&[("reaper.nightly_stop", "0 4 1 1 *"), ("reaper.warn_before", "370d")]).await;
    let (admin, pupil) = (pult.person("admin", "admin"), pult.person("schueler", "student"));
    let desktop = pupil.running("tiny").await;
    let told = eventually("its owner is told", || async {
        pupil.look(&desktop).await.filter(|desktop| desktop.text("why").contains("as every night"))
    })
    .await;
    assert_eq!(
        told.text("why"),
        "Running, not yet used. Stops soon, as every night. That cannot be extended: please save everything."
    );
    assert_eq!(told.text("stops_for"), "nightly");
    assert_eq!(job(&admin, "nightly_stop").await["next_run_at"], told.text("stops_at"));
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_names_each_loop_of_the_worker() {
    let pult = Pult::start().await;
    let ready = format!("http://127.0.0.1:{}/readyz", pult.admin_port());
    let answer: Value = reqwest::get(ready).await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["ready"], true);
    for name in ["observe", "intents", "reconcile", "schedule", "pull"] {
        assert_eq!(answer["checks"][format!("worker.{name}")], true, "{name}");
    }
}
