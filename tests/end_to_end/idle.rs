//! An open tab is not use; a key is, and computing where it is set so.

use std::time::Duration;

use serde_json::json;

use crate::support::{Pult, Rfb};

const SHIFT: u32 = 0xffe1;

#[tokio::test(flavor = "multi_thread")]
async fn the_unused_desktop_is_stopped_and_the_used_one_is_not() {
    let pult = Pult::with(&[("reaper.idle_after", "10s"), ("reaper.warn_before", "5s")]).await;
    let (watcher, worker) = (pult.person("watcher", "student"), pult.person("worker", "student"));
    let (watched, used) = (watcher.running("tiny").await, worker.running("tiny").await);
    let events = watcher.events().await;
    let mut open_tab = Rfb::open(&watcher, &watched).await.expect("a stream");
    let mut at_work = Rfb::open(&worker, &used).await.expect("a stream");
    let typing = tokio::spawn(async move {
        loop {
            open_tab.ask_for_update().await;
            at_work.press(SHIFT).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let stopped = watcher.until(&watched, "stopped").await;
    assert_eq!(stopped.text("reason"), "idle");
    assert!(stopped.text("why").starts_with("Stopped because nobody worked in it"), "{}", stopped.text("why"));
    let used = worker.look(&used).await.expect("it is there");
    assert_eq!(used.state(), "running");
    assert!(!used.text("last_input_at").is_empty());
    assert!(used.text("why").starts_with("Running and in use."), "{}", used.text("why"));
    typing.abort();
    // the warning came first, as an event of the running desktop
    assert!(events.came().iter().filter(|event| event.is_of(&watched)).count() >= 2);
}

/// What `KasmVNC`'s client says of itself while a clock blinks in the desktop and nobody is there: encodings, requests for
/// the next picture, where the pointer still is (11 octets), and in a frame a single octet every few seconds.
const KASM_TAB: [&[u8]; 4] = [
    &[2, 0, 0, 2, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0x21],
    &[3, 1, 0, 0, 0, 0, 5, 0, 2, 0xd0],
    &[5, 0, 0, 1, 64, 0, 240, 0, 0, 0, 0],
    &[0],
];

#[tokio::test(flavor = "multi_thread")]
async fn an_open_tab_of_kasmvnc_is_no_use_and_its_longer_pointer_events_are() {
    let pult = Pult::with(&[("reaper.idle_after", "10s"), ("reaper.warn_before", "5s")]).await;
    let kasm = json!({
        "slug": "kasm", "name": "Kasm", "image": "pult/kasm:latest", "protocol": "https", "client": "container",
        "home": "template",
    });
    pult.person("admin", "admin").offer(&kasm).await;
    let (watcher, worker) = (pult.person("watcher", "student"), pult.person("worker", "student"));
    let (watched, used) = (watcher.running("kasm").await, worker.running("kasm").await);
    let mut open_tab = Rfb::open(&watcher, &watched).await.expect("a stream");
    let mut at_work = Rfb::open(&worker, &used).await.expect("a stream");
    let working = tokio::spawn(async move {
        for x in 0.. {
            for said in KASM_TAB {
                open_tab.say(said).await;
                at_work.say(said).await;
            }
            at_work.say(&[5, 0, 0, 1, x, 0, 240, 0, 0, 0, 0]).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let stopped = watcher.until(&watched, "stopped").await;
    assert_eq!((stopped.text("reason"), stopped.text("last_input_at")), ("idle", ""));
    let used = worker.look(&used).await.expect("it is there");
    assert_eq!(used.state(), "running");
    assert!(!used.text("last_input_at").is_empty());
    working.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_that_computes_goes_on_where_that_is_use() {
    let limits = [("reaper.idle_after", "10s"), ("reaper.warn_before", "5s"), ("reaper.busy_above", "0.2")];
    let pult = Pult::with(&limits).await;
    let (owner, other) = (pult.person("rechnerin", "student"), pult.person("watcher", "student"));
    let computing = owner.running("tiny").await;
    pult.engine.docker(&["exec", "-d", &computing.container(), "sh", "-c", "while :; do :; done"]);
    // unused for less long, and stopped all the same
    let sleeping = other.running("tiny").await;
    assert_eq!(other.until(&sleeping, "stopped").await.text("reason"), "idle");
    let computing = owner.look(&computing).await.expect("it is there");
    assert_eq!((computing.state(), computing.text("last_input_at")), ("running", ""));
    assert!(computing.text("last_used_at") > computing.text("started_at"), "{computing:?}");
    assert!(computing.text("why").ends_with("without key or pointer, unless it is computing."), "{computing:?}");
}
