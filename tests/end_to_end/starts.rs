//! Starting: one, two at once, a whole class at once, and the same one twice.

use std::{collections::HashSet, time::Instant};

use futures::future::join_all;
use reqwest::StatusCode;

use crate::support::{Pult, Rfb, Start, click_at_once, tell};

#[tokio::test(flavor = "multi_thread")]
async fn a_click_becomes_a_desktop_with_pixels() {
    let pult = Pult::start().await;
    let pupil = pult.person("schueler", "student");
    let events = pupil.events().await;
    let clicked = Instant::now();
    let (status, desktop) = pupil.want("tiny").await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert_eq!(desktop.text("name"), "schueler-tiny");
    assert_eq!(desktop.text("url"), "/desktop/schueler-tiny/");
    let running = pupil.until(&desktop, "running").await;
    events.after(clicked, "it runs", |event| event.is_of(&desktop) && event.data["state"] == "running").await;
    // states that follow each other closely may be told as one, but never out of order
    let mut way = ["requested", "queued", "starting", "running"].into_iter();
    let told = events.states_of(&desktop);
    assert!(told.iter().all(|state| way.any(|next| next == state)), "{told:?}");
    assert!(running.text("why").contains("not yet used"), "{}", running.text("why"));

    assert_eq!(pupil.page(&desktop, "vnc.html").await, StatusCode::OK);
    let mut viewer = Rfb::open(&pupil, &desktop).await.expect("a stream");
    assert!(viewer.width >= 640 && viewer.height >= 480);
    viewer.first_pixels().await;

    let (status, again) = pupil.want("tiny").await;
    assert_eq!((status, again.id()), (StatusCode::OK, desktop.id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_class_starts_at_once() {
    const CLASS: usize = 30;
    let pult = Pult::start().await;
    let pupils: Vec<_> = (0..CLASS).map(|n| pult.person(&format!("schueler{n:02}"), "student")).collect();
    let starts = click_at_once(&pupils, "tiny", |_| ()).await;
    println!("{CLASS} starts at once:");
    tell(&starts);
    println!("the server holds {} MiB with {CLASS} desktops", pult.memory_mib());
    let ids: HashSet<_> = starts.iter().map(|start| start.desktop.id().to_owned()).collect();
    assert_eq!(ids.len(), CLASS);
    for Start { desktop, .. } in &starts {
        assert_eq!(pult.engine.containers_of(desktop.id()), [desktop.container()]);
    }
    for pupil in &pupils {
        let mine = pupil.json("/api/v1/desktops").await;
        assert_eq!(mine["items"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_many_times_at_once_makes_one_desktop() {
    let pult = Pult::start().await;
    let pupil = pult.person("schueler", "student");
    let wishes = join_all((0..20).map(|_| pupil.want("tiny"))).await;
    let ids: HashSet<_> = wishes.iter().map(|(_, desktop)| desktop.id().to_owned()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(wishes.iter().filter(|(status, _)| *status == StatusCode::ACCEPTED).count(), 1);
    let desktop = pupil.until(&wishes[0].1, "running").await;
    assert_eq!(pult.engine.containers_of(desktop.id()), [desktop.container()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_keeps_the_container_and_reset_makes_a_new_one() {
    let pult = Pult::start().await;
    let pupil = pult.person("schueler", "student");
    let desktop = pupil.running("tiny").await;
    let facts = "{{.Id}} {{range .Config.Env}}{{println .}}{{end}}";
    let password = |facts: &str| facts.lines().find(|line| line.contains("VNC_PW=")).map(str::to_owned);
    let first = pult.engine.inspect(&desktop.container(), facts);

    pupil.tell(&desktop, "stop").await;
    let stopped = pupil.until(&desktop, "stopped").await;
    assert_eq!(stopped.text("reason"), "stopped_by_owner");
    assert_eq!(pupil.page(&desktop, "vnc.html").await, StatusCode::CONFLICT);
    pupil.tell(&desktop, "start").await;
    pupil.until(&desktop, "running").await;
    assert_eq!(pult.engine.inspect(&desktop.container(), facts), first);

    pupil.tell(&desktop, "reset").await;
    pupil.until(&desktop, "running").await;
    let second = pult.engine.inspect(&desktop.container(), facts);
    assert_ne!(second.split(' ').next(), first.split(' ').next());
    assert!(password(&second).is_some());
    assert_ne!(password(&second), password(&first));
    assert_eq!(pupil.page(&desktop, "vnc.html").await, StatusCode::OK);

    let gone = pupil.request(reqwest::Method::DELETE, &format!("/api/v1/desktops/{}", desktop.id()));
    assert_eq!(gone.send().await.expect("an answer").status(), StatusCode::ACCEPTED);
    crate::support::eventually("the desktop is gone", || async { pupil.look(&desktop).await.is_none().then_some(()) })
        .await;
    assert!(pult.engine.containers_of(desktop.id()).is_empty());
    assert_eq!(pupil.page(&desktop, "vnc.html").await, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_image_is_told_in_a_sentence() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    let template = serde_json::json!({ "slug": "nix", "name": "Nix", "image": "pult/there-is-none:latest" });
    admin.offer(&template).await;
    let (_, desktop) = admin.want("nix").await;
    let failed = admin.until(&desktop, "failed").await;
    assert_eq!(failed.text("reason"), "image_missing");
    assert!(failed.text("why").contains("pult/there-is-none:latest"));
}
