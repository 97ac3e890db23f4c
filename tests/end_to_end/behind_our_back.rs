//! What an administrator does with `docker` is followed: by the row, by the events and by the route.

use std::time::Instant;

use reqwest::StatusCode;

use crate::support::{Api, Desktop, Events, PATIENCE, Pult, Rfb, eventually};

/// Does something behind Pult's back, and tells how long it takes until everybody knows.
async fn follow(pult: &Pult, pupil: &Api, events: &Events, desktop: &Desktop, act: &[&str], state: &str) {
    let before = Instant::now();
    pult.engine.docker(act);
    // the engine's own work is not ours to answer for
    let done = Instant::now();
    let event = events.after(before, state, |event| event.is_of(desktop) && event.data["state"] == state);
    let event = (before + event.await).saturating_duration_since(done);
    pupil.until(desktop, state).await;
    let row = done.elapsed();
    let expected = if state == "running" { StatusCode::OK } else { StatusCode::CONFLICT };
    eventually("the route follows", || async { (pupil.page(desktop, "vnc.html").await == expected).then_some(()) })
        .await;
    let route = done.elapsed();
    println!("docker {:<8} event after {event:>7.1?}, row {row:>7.1?}, route {route:>7.1?}", act[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_behind_our_back_is_followed_by_row_event_and_route() {
    let pult = Pult::start().await;
    let pupil = pult.person("schueler", "student");
    let events = pupil.events().await;
    let desktop = pupil.running("tiny").await;
    let container = desktop.container();
    let mut viewer = Rfb::open(&pupil, &desktop).await.expect("a stream");

    follow(&pult, &pupil, &events, &desktop, &["kill", &container], "stopped").await;
    tokio::time::timeout(PATIENCE, viewer.ended()).await.expect("the stream ends with its route");
    assert_eq!(pupil.look(&desktop).await.expect("it is there").text("reason"), "stopped_outside");

    // a start takes as long as the desktop takes to answer
    follow(&pult, &pupil, &events, &desktop, &["start", &container], "running").await;

    follow(&pult, &pupil, &events, &desktop, &["stop", &container], "stopped").await;

    pupil.tell(&desktop, "start").await;
    pupil.until(&desktop, "running").await;
    follow(&pult, &pupil, &events, &desktop, &["rm", "--force", &container], "stopped").await;
    assert_eq!(pupil.look(&desktop).await.expect("it is there").text("reason"), "removed_outside");

    // one click makes it again
    pupil.tell(&desktop, "start").await;
    pupil.until(&desktop, "running").await;
    Rfb::open(&pupil, &desktop).await.expect("a stream into the new container");
}
