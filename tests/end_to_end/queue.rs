//! The queue: fair between classes, told at once, and no error however many ask.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Api, Desktop, Pult, class, click_at_once, click_in_turn, eventually, tell};

async fn create(admin: &Api, path: &str, fields: &Value) {
    let made = admin.request(Method::POST, path).json(fields).send().await.expect("an answer");
    assert_eq!(made.status(), StatusCode::CREATED, "{path}: {}", made.text().await.unwrap_or_default());
}

/// The desktops whose turn has come so far, in that order.
fn turns(pult: &Pult) -> Vec<String> {
    let log = pult.log();
    let lines = log.lines().filter(|line| line.contains("its turn has come"));
    let desktop = |line: &str| {
        let from = line.find("\"desktop\":\"")? + "\"desktop\":\"".len();
        line.get(from..from + 36).map(str::to_owned)
    };
    lines.filter_map(desktop).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_classes_that_click_at_once_have_turns_alternately_and_places_at_once() {
    const CLASSES: [(&str, usize); 2] = [("8a", 20), ("8b", 10)];
    const AT_ONCE: usize = 4;
    let pult = Pult::with(&[("engine.max_concurrent_starts", &AT_ONCE.to_string())]).await;
    let admin = pult.person("admin", "admin");
    let mut people = Vec::new();
    for (name, size) in CLASSES {
        people.extend(class(&pult, name, size));
        create(&admin, "/api/v1/assignments", &json!({ "template": "tiny", "group": name })).await;
    }
    let mut classes = HashMap::new();
    let mut before_all_had_asked = 0;
    let starts = click_at_once(&people, "tiny", |desktops| {
        before_all_had_asked = turns(&pult).len();
        for desktop in desktops {
            let class = CLASSES.iter().position(|(name, _)| desktop.text("owner").starts_with(name));
            classes.insert(desktop.id().to_owned(), class.expect("one of them"));
        }
    })
    .await;
    println!("{} clicks at once, {AT_ONCE} starts at a time:", starts.len());
    tell(&starts);
    let placed = starts.iter().filter(|start| start.had_a_place).count();
    assert!(starts.iter().all(|start| start.told <= start.running));
    // all but those who start at once; some of them had come before the others asked
    assert!(placed + before_all_had_asked + AT_ONCE >= starts.len(), "{placed} had a place");

    let order = turns(&pult);
    assert_eq!(order.len(), starts.len());
    let mut had = [0_usize; 2];
    for desktop in &order[before_all_had_asked..] {
        had[classes[desktop]] += 1;
        // a plan that was being made while the last of them asked may have called some of one class
        let fair = had[0].abs_diff(had[1]) <= 1 + AT_ONCE;
        let small_is_done = order.iter().rev().take_while(|one| classes[*one] == 0).any(|one| one == desktop);
        assert!(fair || small_is_done, "{had:?} in {:?}", order.iter().map(|one| classes[one]).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_starts_in_a_minute_all_go_well() {
    const STARTS: usize = 100;
    const EVERY: Duration = Duration::from_millis(600);
    let pult = Pult::start().await;
    let people = class(&pult, "school", STARTS);
    let began = Instant::now();
    let starts = click_in_turn(&people, "tiny", EVERY).await;
    println!("{STARTS} starts, one every {EVERY:?}, all in {:.1?}:", began.elapsed());
    tell(&starts);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_fit_says_so_and_starts_when_somebody_stops() {
    let mut pult = Pult::with(&[("engine.memory_overcommit", "1.0")]).await;
    let admin = pult.person("admin", "admin");
    let bytes: i64 = pult.engine.docker(&["info", "--format", "{{.MemTotal}}"]).parse().expect("a number");
    let there_mb = bytes >> 20;
    // two of the one are too many; the other is more than there is
    for (slug, memory_mb) in [("half", there_mb / 2), ("huge", there_mb + 1)] {
        let image = "pult/tiny:latest";
        let template = json!({ "slug": slug, "name": slug, "image": image, "memory_mb": memory_mb, "shm_mb": 64 });
        create(&admin, "/api/v1/templates", &template).await;
        create(&admin, "/api/v1/assignments", &json!({ "template": slug, "everyone": true })).await;
    }
    let first = pult.person("anna", "student");
    let runs = first.running("half").await;
    let second = pult.person("ben", "student");
    let (_, waits) = second.want("half").await;
    let waiting = waits_for_memory(&second, &waits).await;
    assert_eq!((&waiting.0["queue_position"], &waiting.0["eta_seconds"]), (&json!(1), &Value::Null));
    assert!(waiting.text("why").contains("GB of memory"), "{}", waiting.text("why"));

    // what fits passes, and what never will is told at once
    pult.person("carl", "student").running("tiny").await;
    let (_, huge) = second.want("huge").await;
    let huge = second.until(&huge, "failed").await;
    assert_eq!(huge.text("reason"), "too_large");

    // the picture is that of the rows
    pult.kill();
    pult.resume().await;
    waits_for_memory(&second, &waits).await;
    assert_eq!(first.look(&runs).await.expect("it is there").state(), "running");
    first.tell(&runs, "stop").await;
    second.until(&waits, "running").await;
}

async fn waits_for_memory(person: &Api, desktop: &Desktop) -> Desktop {
    eventually("it waits for memory", || async {
        let now = person.look(desktop).await.expect("it is there");
        assert_ne!(now.state(), "running");
        (now.state() == "queued" && now.text("reason") == "waits_for_memory").then_some(now)
    })
    .await
}
