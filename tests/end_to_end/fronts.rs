//! Any desktop works behind any front: every kind of desktop that people run, on every way to it that people have.
//!
//! The fronts are Debian's own programs with the very files of `compose/fronts`; what stands beside a front in
//! [`proxies`] is how its file was changed. All of them speak TLS, to visitors who come from another address.

mod desktops;
mod proxies;
mod strictness;
mod visitor;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::timeout;

use self::{
    desktops::{KINDS, KasmClient, Kind},
    proxies::{BROKEN, Front, Fronts, GOOD, HOSTS, NAME, shipped},
    visitor::{VISITOR, Visitor, stream_of},
};
use crate::{
    browser::journey_with,
    support::{Api, Desktop, PATIENCE, Pult, eventually},
};

/// A Pult that is known by the name in the shipped configurations.
async fn pult() -> Pult {
    pult_with(&[]).await
}

/// The same, with some keys set.
async fn pult_with(settings: &[(&str, &str)]) -> Pult {
    let url = format!("https://{NAME}");
    let known = [("server.public_url", &*url), ("server.trusted_proxies", "[\"127.0.0.1\"]")];
    Pult::with(&[&known, settings].concat()).await
}

/// Every good front, and no front at all.
fn ways(pult: &Pult, fronts: &Fronts) -> Vec<(&'static str, Visitor)> {
    let through = GOOD.iter().map(|front| (front.name, Visitor::through(fronts, front)));
    [("no front", Visitor::direct(pult))].into_iter().chain(through).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_desktop_works_behind_every_front() {
    let pult = pult().await;
    let admin = pult.person("admin", "admin");
    for kind in KINDS {
        kind.make_template(&admin).await;
    }
    let fronts = Fronts::before(&pult, &GOOD).await;
    let ways = ways(&pult, &fronts);
    let owner = pult.person("schueler", "student");
    let password = pult.password_of("schueler");
    let home = home_of(&pult, &owner).await;
    // side by side over the desktops; one after the other over the ways, because use is seen per desktop
    join_all(KINDS.map(|kind| {
        let (owner, ways, password) = (&owner, &ways, &password);
        let home = &home;
        async move {
            let desktop = owner.running(kind.slug()).await;
            let mut loaded = None;
            for (name, visitor) in ways {
                let started = Instant::now();
                let mut visitor = visitor.clone();
                visitor.sign_in("schueler", password).await;
                let now = kind.load(&visitor, &desktop).await;
                let bytes: usize = now.values().map(Vec::len).sum();
                let parts = now.len();
                let first = loaded.get_or_insert_with(|| now.clone());
                assert!(*first == now, "{} through {name}: other bytes than without a front", kind.slug());
                let loading = started.elapsed();
                works(kind, owner, &desktop, &visitor, name, home).await;
                println!(
                    "{:<10} {name:<28} {parts} parts, {bytes} bytes in {loading:.1?}, all in {:.1?}",
                    kind.slug(),
                    started.elapsed()
                );
            }
        }
    }))
    .await;
}

/// The stream opens, what is typed arrives and counts as use, the desktop's end of it is seen, and it opens again.
async fn works(kind: Kind, owner: &Api, desktop: &Desktop, visitor: &Visitor, way: &str, home: &Path) {
    let before = last_input(owner, desktop).await;
    let mut stream = kind.open(visitor, desktop).await;
    stream.type_and_see(home, &word(kind.slug(), way)).await;
    eventually(&format!("typing into {} through {way} is use", kind.slug()), || async {
        (last_input(owner, desktop).await > before).then_some(())
    })
    .await;
    let end = timeout(PATIENCE, stream.end_by_the_desktop()).await;
    end.unwrap_or_else(|_| panic!("{way} does not tell of the end of {}", kind.slug()));
    let stream = kind.open(visitor, desktop).await;
    // and this one ends as a sleeping laptop ends it: without a word
    drop(stream);
    drop(kind.open(visitor, desktop).await);
}

/// A name for a file that tells what was typed where.
fn word(desktop: &str, way: &str) -> String {
    format!("{desktop}{way}").chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

/// The folder that is the home in all of a person's desktops.
async fn home_of(pult: &Pult, person: &Api) -> PathBuf {
    let me = person.json("/api/v1/me").await;
    pult.storage().join("data/homes").join(me["user"]["id"].as_str().expect("an id")).join("home")
}

async fn last_input(owner: &Api, desktop: &Desktop) -> String {
    owner.look(desktop).await.expect("it is there").text("last_input_at").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_come_through_every_front_with_their_reason() {
    let pult = pult().await;
    let fronts = Fronts::before(&pult, &GOOD).await;
    let owner = pult.person("schueler", "student");
    let (open, stopped) = (owner.running("tiny").await, pult.person("lehrerin", "teacher").running("tiny").await);
    let teacher = pult.person("lehrerin", "teacher");
    teacher.tell(&stopped, "stop").await;
    teacher.until(&stopped, "stopped").await;
    let [pupils, teachers] = ["schueler", "lehrerin"].map(|name| pult.password_of(name));
    for (way, stranger) in ways(&pult, &fronts) {
        let (mut pupil, mut teacher) = (stranger.clone(), stranger.clone());
        pupil.sign_in("schueler", &pupils).await;
        teacher.sign_in("lehrerin", &teachers).await;
        let path = stream_of(&open, "websockify");
        let nowhere = stream_of(&Desktop(json!({ "url": "/desktop/nobody-tiny/" })), "websockify");
        for (refused, status, code) in [
            (teacher.open(&path, &[]).await, StatusCode::FORBIDDEN, "not_owner"),
            (pupil.open(&path, &[("origin", "https://evil.example")]).await, StatusCode::FORBIDDEN, "origin_foreign"),
            (pupil.open(&path, &[("origin", "null")]).await, StatusCode::FORBIDDEN, "origin_foreign"),
            (pupil.open(&nowhere, &[]).await, StatusCode::NOT_FOUND, "desktop_not_found"),
            (teacher.open(&stream_of(&stopped, "websockify"), &[]).await, StatusCode::CONFLICT, "desktop_not_running"),
        ] {
            let refusal = refused.err().unwrap_or_else(|| panic!("{code} through {way}: it was let in"));
            assert_eq!((refusal.status, refusal.code()), (status, code), "{way}");
        }
        let nobody = stranger.open(&path, &[]).await.err().map(|refusal| refusal.status);
        assert_eq!(nobody, Some(StatusCode::UNAUTHORIZED), "{way}");
        for (visitor, path, status, code) in [
            (&stranger, "vnc.html", StatusCode::UNAUTHORIZED, "not_signed_in"),
            (&teacher, "vnc.html", StatusCode::FORBIDDEN, "not_owner"),
            (&pupil, "api/create_user", StatusCode::FORBIDDEN, "desktop_api_blocked"),
            // a slash that is encoded stays encoded: two levels up would be Pult's own page
            (&pupil, "a%2F..%2F..%2Fb", StatusCode::BAD_REQUEST, "path_refused"),
        ] {
            let refusal = visitor.refused(&stream_of(&open, path)).await;
            assert_eq!((refusal.status, refusal.code()), (status, code), "{path} through {way}");
        }
        what_changes_is_told_at_once(&pupil, way).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_is_told_the_address_of_its_visitor_whatever_that_says() {
    let pult = pult().await;
    let admin = pult.person("admin", "admin");
    Kind::Kasm.make_template(&admin).await;
    let fronts = Fronts::before(&pult, &GOOD).await;
    let desktop = pult.person("schueler", "student").running(Kind::Kasm.slug()).await;
    let password = pult.password_of("schueler");
    for (way, mut visitor) in ways(&pult, &fronts) {
        visitor.sign_in("schueler", &password).await;
        let path = stream_of(&desktop, "websockify");
        for said in [&[][..], &[("x-forwarded-for", "192.0.2.66")], &[("x-forwarded-for", "192.0.2.66, 127.0.0.1")]] {
            let stream = visitor.open(&path, said).await.unwrap_or_else(|refusal| panic!("{way}: {refusal:?}"));
            let seen = KasmClient::greet(stream).await;
            assert_eq!(seen.visitor(), VISITOR.to_string(), "{way}, who says {said:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_reaches_a_desktop_through_every_front() {
    let pult = pult_with(&[("gateway.mode", "host"), ("gateway.host_suffix", HOSTS)]).await;
    let admin = pult.person("admin", "admin");
    for kind in KINDS {
        kind.make_template(&admin).await;
    }
    let fronts = Fronts::with_hosts(&pult, &GOOD).await;
    let owner = pult.person("schueler", "student");
    let home = home_of(&pult, &owner).await;
    let url = format!("https://{NAME}");
    // each front once, and each desktop: our viewer on our own host, the others' clients on hosts of their own
    for (front, kind) in GOOD.iter().zip(KINDS.into_iter().cycle()) {
        let desktop = owner.running(kind.slug()).await;
        let (door, file) = (fronts.door(front).port().to_string(), word(kind.slug(), front.name));
        let told = [
            ("PULT_URL", &*url),
            ("PULT_DOOR", &door),
            ("PULT_DESKTOP", desktop.text("url")),
            ("PULT_SHOWN", kind.shown_by()),
            ("PULT_FILE", &file),
        ];
        tokio::task::block_in_place(|| journey_with(&pult, "behind-a-front", &told));
        if kind.has_a_shell() {
            assert!(home.join(file).exists(), "{}: what was typed arrives", front.name);
        }
        eventually(&format!("typing into {} through {} is use", kind.slug(), front.name), || async {
            (!last_input(&owner, &desktop).await.is_empty()).then_some(())
        })
        .await;
    }
}

/// To wait for it would take the hour.
#[test]
fn no_front_ends_a_still_stream_within_the_hour() {
    for (file, line) in [
        ("apache/pult.conf", "upgrade=websocket timeout=3600"),
        ("nginx/pult.conf", "proxy_read_timeout 3600s;"),
        ("haproxy/haproxy.cfg", "timeout tunnel 1h"),
    ] {
        assert!(shipped(file).contains(line), "{file}");
    }
}

/// Debian has no Traefik to run.
#[test]
fn the_file_for_traefik_is_well_formed() {
    let traefik: toml::Value = toml::from_str(&shipped("traefik/pult.toml")).expect("TOML");
    assert_eq!(traefik["http"]["routers"]["pult"]["rule"].as_str(), Some("Host(`pult.school.example`)"));
    let servers = &traefik["http"]["services"]["pult"]["loadBalancer"]["servers"];
    assert_eq!(servers[0]["url"].as_str(), Some("http://127.0.0.1:8080"));
}

/// No front keeps back what the server sends bit by bit.
async fn what_changes_is_told_at_once(visitor: &Visitor, way: &str) {
    let mut events = visitor.get("/api/v1/events").await;
    assert_eq!(events.status(), StatusCode::OK);
    // sooner than the next word comes, which says no more than that the stream is alive
    let first = timeout(Duration::from_secs(14), events.chunk()).await;
    let first = first.unwrap_or_else(|_| panic!("{way} keeps back the first word")).expect("it is open");
    assert!(first.is_some_and(|first| first.starts_with(b"id:") || first.starts_with(b":")), "{way}");
}

/// What `pult doctor` says of streams through a front, and its exit code.
fn doctor_at(pult: &Pult, fronts: &Fronts, front: &Front) -> (i32, Value) {
    let url = format!("https://localhost:{}", fronts.door(front).port());
    let (code, document) = pult.doctor(&["--url", &url], &[]);
    let mut checks = document["checks"].as_array().expect("checks").iter();
    let stream = checks.find(|check| check["check"] == "stream");
    (code, stream.unwrap_or_else(|| panic!("{}: {document:#}", front.name)).clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_walks_through_every_good_front() {
    let pult = pult().await;
    let fronts = Fronts::before(&pult, &GOOD).await;
    for front in &GOOD {
        let (_, stream) = doctor_at(&pult, &fronts, front);
        assert_eq!(stream["state"], "ok", "{}: {stream}", front.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_that_drops_the_upgrade_is_named_with_the_line_to_change() {
    let pult = pult().await;
    let fronts = Fronts::before(&pult, &BROKEN).await;
    let owner = pult.person("schueler", "student");
    let desktop = owner.running("tiny").await;
    let password = pult.password_of("schueler");
    for front in &BROKEN {
        let mut visitor = Visitor::through(&fronts, front);
        visitor.sign_in("schueler", &password).await;
        let page = visitor.get(desktop.text("url")).await;
        assert_eq!(page.status(), StatusCode::OK, "{}: all but the stream works", front.name);
        let refused = visitor.open(&stream_of(&desktop, "websockify"), &[]).await;
        let refusal = refused.err().unwrap_or_else(|| panic!("{}: there is a stream", front.name));
        assert_eq!(refusal.status, StatusCode::UPGRADE_REQUIRED, "{}: {refusal:?}", front.name);
        assert!(refusal.code().ends_with("_lost"), "{}: {refusal:?}", front.name);
        let (proxy, line) = front.remedy();
        let told = refusal.problem.to_string();
        assert!(told.contains(proxy) && told.contains(line), "{}: {told}", front.name);
        let (code, stream) = doctor_at(&pult, &fronts, front);
        assert_eq!((code, stream["state"].as_str()), (1, Some("fail")), "{}: {stream}", front.name);
        let told = stream.to_string();
        assert!(told.contains(proxy) && told.contains(line), "{}: {told}", front.name);
    }
}
