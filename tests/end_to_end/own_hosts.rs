//! Desktops on hosts of their own: how a browser comes there, who does not, and what a hostile page of one can do.

use std::{path::Path, time::Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Api, Browser, Desktop, Pult, Rfb, eventually};

/// A Pult whose app and desktops have names that never leave this machine, and so do without TLS.
async fn with_own_hosts() -> Pult {
    Pult::with(&[
        ("server.public_url", "http://pult.localhost:{port}"),
        ("gateway.mode", "host"),
        ("gateway.host_suffix", "desktops.localhost"),
    ])
    .await
}

/// A template whose pages come out of the container, given to everybody.
async fn template(pult: &Pult, slug: &str, image: &str) {
    let fields =
        json!({ "slug": slug, "name": slug, "image": image, "client": "container", "health_path": "/vnc.html" });
    crate::gateway::template(&pult.person("admin", "admin"), fields).await;
}

/// A pupil's desktop, and a browser in which that pupil is signed in.
struct Scene {
    pult: Pult,
    pupil: Api,
    desktop: Desktop,
    browser: Browser,
}

impl Scene {
    async fn set() -> Self {
        let pult = with_own_hosts().await;
        template(&pult, "page", "pult/tiny:latest").await;
        let pupil = pult.person("schueler", "student");
        let desktop = pupil.running("page").await;
        let browser = Browser::signed_in(&pult, "schueler").await;
        Self { pult, pupil, desktop, browser }
    }

    /// Where the app has the desktop.
    fn at_app(&self, path: &str) -> String {
        format!("{}{}{path}", self.browser.app(), self.desktop.text("url"))
    }

    /// The origin that the desktop has to itself.
    async fn origin(&self) -> String {
        let led = self.browser.get(&self.at_app("")).await;
        led.led_to().strip_suffix('/').expect("the first page").to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_led_to_a_desktops_own_host_and_let_in_there() {
    let scene = Scene::set().await;
    let label = scene.origin().await.replace("http://", "");
    let (label, _) = label.split_once('.').expect("a host");
    assert!(label.len() >= 16 && !label.contains("page"), "nobody guesses it: {label}");

    let hops = scene.browser.follow(&scene.at_app("vnc.html?a=%2Fb&c=d%20e")).await;
    let places: Vec<_> = hops.iter().map(|hop| hop.path_on(scene.browser.app())).collect();
    let wanted = "desktop:/vnc.html?a=%2Fb&c=d%20e".to_owned();
    assert_eq!(places.first(), Some(&format!("app:{}vnc.html?a=%2Fb&c=d%20e", scene.desktop.text("url"))));
    assert_eq!(places.get(1), Some(&wanted), "path and query are what they were");
    assert!(places[2].starts_with(&format!("app:/enter/{label}?for=")), "{places:?}");
    assert!(places[3].starts_with("desktop:/.pult/enter?ticket="), "{places:?}");
    assert_eq!(places.get(4), Some(&wanted), "and are again at the end");
    assert_eq!(places.len(), 5);
    for hop in &hops[..4] {
        assert_eq!((hop.status, hop.header("cache-control")), (StatusCode::SEE_OTHER, "no-store"), "{}", hop.url);
        assert_eq!(hop.header("referrer-policy"), "no-referrer", "{}", hop.url);
    }
    let cookie = hops[3].header("set-cookie");
    assert!(cookie.starts_with("pult_desktop=") && cookie.contains("HttpOnly"), "{cookie}");
    assert!(cookie.contains("SameSite=Lax") && !cookie.contains("Domain"), "for that host alone: {cookie}");
    let page = &hops[4];
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("noVNC"), "the container's own page");
    assert_eq!(page.header("content-security-policy"), "frame-ancestors 'self'", "at home, and so not in a sandbox");

    let again = scene.browser.follow(&scene.at_app("vnc.html")).await;
    assert_eq!(again.len(), 2, "who has the cookie needs no other ticket");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_app_is_on_a_desktops_host() {
    let scene = Scene::set().await;
    let origin = scene.origin().await;
    let stranger = Browser::new(&scene.pult);
    for path in
        ["/api/v1/auth/methods", "/api/v1/openapi.json", "/api/docs", "/assets/x.js", "/websockify", "/favicon.svg"]
    {
        let answer = stranger.ask(&format!("{origin}{path}"), &[]).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "not_signed_in"), "{path}");
    }
    let login = stranger.get(&format!("{origin}/login")).await;
    assert!(login.led_to().starts_with(scene.browser.app()), "one signs in at the app alone: {}", login.led_to());
    let credentials = json!({ "username": "schueler", "password": scene.pult.password_of("schueler") });
    let posted = stranger.post(&format!("{origin}/api/v1/login"), &credentials, &[("origin", &origin)]).await;
    assert_eq!(posted.status, StatusCode::UNAUTHORIZED);
    scene.browser.follow(&scene.at_app("")).await;
    let api = scene.browser.get(&format!("{origin}/api/v1/me")).await;
    assert_eq!(api.status, StatusCode::FORBIDDEN, "and the desktop's own interface is blocked as everywhere");

    let (_, below) = origin.split_once('.').expect("a host");
    for host in ["", "x.", "aaaaaaaaaaaaaaaaaaaa.", "x.aaaaaaaaaaaaaaaaaaaa."] {
        for path in ["/", "/api/v1/auth/methods"] {
            let unknown = stranger.get(&format!("http://{host}{below}{path}")).await;
            assert_eq!(unknown.status, StatusCode::NOT_FOUND, "{host}{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_good_once_and_in_one_browser() {
    let scene = Scene::set().await;
    let hops = scene.browser.follow(&scene.at_app("vnc.html")).await;
    let replayed = scene.browser.get(&hops[3].url).await;
    assert_eq!(replayed.status, StatusCode::GONE, "it was used");
    let way_on = format!("{}/enter/", scene.browser.app());
    assert!(replayed.body.contains(&way_on) && replayed.header("content-type").starts_with("text/html"));
    assert_eq!(scene.browser.ask(&hops[3].url, &[]).await.code(), "ticket_spent", "and a program is told so too");

    // somebody hands a fresh ticket on: to one who keeps no cookies, and to one who came there before
    let fresh = Browser::signed_in(&scene.pult, "schueler").await;
    let ticket = fresh.follow_until(&scene.at_app(""), "/.pult/enter").await;
    let blocked = Browser::new(&scene.pult).get(&ticket).await;
    assert_eq!(blocked.status, StatusCode::FORBIDDEN);
    assert!(blocked.body.contains("cookies") && !blocked.body.contains("pult_desktop"));
    let victim = Browser::new(&scene.pult);
    victim.get(&scene.origin().await).await;
    assert_eq!(victim.get(&ticket).await.status, StatusCode::GONE, "it is another browser's");
    let own = fresh.get(&ticket).await;
    assert_eq!(own.status, StatusCode::SEE_OTHER, "whom it was made for still gets in");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_onto_somebody_elses_host() {
    let scene = Scene::set().await;
    template(&scene.pult, "other", "pult/tiny:latest").await;
    let origin = scene.origin().await;
    let label = origin.trim_start_matches("http://").split('.').next().expect("a label").to_owned();
    let door = format!("{}/enter/{label}", scene.browser.app());

    let nobody = Browser::new(&scene.pult).get(&door).await;
    assert_eq!(nobody.status, StatusCode::FOUND);
    assert_eq!(nobody.header("location"), format!("/login?next=%2Fenter%2F{label}"));
    // who runs the school could take a grant, and has none
    for (name, code) in [("lehrerin", "not_owner"), ("admin", "grant_missing")] {
        let stranger = Browser::signed_in(&scene.pult, name).await;
        let hops = stranger.follow(&format!("{origin}/vnc.html")).await;
        let refused = hops.last().expect("a hop");
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, code), "{name}");
        assert_eq!(stranger.ask(&scene.at_app(""), &[]).await.status, StatusCode::FORBIDDEN, "{name}");
    }

    // the cookie of one desktop's host at another's
    let other = scene.pupil.running("other").await;
    let other = format!("{}{}", scene.browser.app(), other.text("url"));
    let other = scene.browser.get(&other).await.led_to();
    let cookie = scene.browser.follow(&scene.at_app("")).await[3].cookie();
    let own = scene.browser.ask(&format!("{origin}/vnc.html"), &[("cookie", &cookie)]).await;
    assert_eq!(own.status, StatusCode::OK);
    let foreign = Browser::new(&scene.pult).ask(&format!("{other}vnc.html"), &[("cookie", &cookie)]).await;
    assert_eq!((foreign.status, foreign.code().as_str()), (StatusCode::UNAUTHORIZED, "not_signed_in"));
    let twice = format!("{cookie}; {cookie}");
    let doubled = Browser::new(&scene.pult).ask(&format!("{origin}/"), &[("cookie", &twice)]).await;
    assert_eq!(doubled.code(), "cookie_doubled", "a neighbour has put one beside it");

    // a token is for programs, and those find the desktop at the app
    let bearer = format!("Bearer {}", scene.pupil.token());
    let at_host = Browser::new(&scene.pult).ask(&format!("{origin}/"), &[("authorization", &bearer)]).await;
    assert_eq!(at_host.status, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.pupil.page(&scene.desktop, "vnc.html").await, StatusCode::OK);
    Rfb::open(&scene.pupil, &scene.desktop).await.expect("a stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_own_pages_act_on_a_desktops_host() {
    let scene = Scene::set().await;
    let origin = scene.origin().await;
    let cookie = scene.browser.follow(&scene.at_app("")).await[3].cookie();
    let stream = format!("{}/websockify", origin.replacen("http", "ws", 1));
    let opened = async |headers: &[(&'static str, &str)]| Rfb::anywhere(&stream, headers).await.err();
    for foreign in
        [scene.browser.app(), "http://aaaaaaaaaaaaaaaaaaaa.desktops.localhost", "http://evil.example", "null"]
    {
        let refused = opened(&[("cookie", &cookie), ("origin", foreign)]).await;
        assert_eq!(refused, Some(StatusCode::FORBIDDEN), "{foreign}");
        let posted = scene.browser.post(&format!("{origin}/"), &json!({}), &[("origin", foreign)]).await;
        assert_eq!((posted.status, posted.code().as_str()), (StatusCode::FORBIDDEN, "origin_foreign"), "{foreign}");
    }
    assert_eq!(opened(&[("origin", &origin)]).await, Some(StatusCode::UNAUTHORIZED), "without the cookie");
    assert_eq!(opened(&[("cookie", &cookie), ("origin", &origin)]).await, None);

    let part = [("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors"), ("cookie", cookie.as_str())];
    assert_eq!(scene.browser.ask(&format!("{origin}/vnc.html"), &part).await.code(), "origin_foreign");
    let me = format!("{}/api/v1/me", scene.browser.app());
    assert_eq!(
        scene.browser.ask(&me, &part[..2]).await.code(),
        "origin_foreign",
        "nor is the app a part of their pages"
    );
    let at_app = format!("{}{}websockify", scene.browser.app().replacen("http", "ws", 1), scene.desktop.text("url"));
    let session = scene.browser.session();
    let refused = Rfb::anywhere(&at_app, &[("cookie", &session), ("origin", &origin)]).await.err();
    assert_eq!(refused, Some(StatusCode::FORBIDDEN), "nor is its stream theirs");
    let worker = [("service-worker", "script"), ("cookie", cookie.as_str())];
    assert_eq!(scene.browser.ask(&format!("{origin}/vnc.html"), &worker).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_is_out_on_every_host_at_once() {
    let scene = Scene::set().await;
    let origin = scene.origin().await;
    let cookie = scene.browser.follow(&scene.at_app("")).await[3].cookie();
    let stream = format!("{}/websockify", origin.replacen("http", "ws", 1));
    let mut rfb = Rfb::anywhere(&stream, &[("cookie", &cookie), ("origin", &origin)]).await.expect("a stream");
    scene.browser.sign_out().await;
    let asked = Instant::now();
    rfb.ended().await;
    println!("the stream ended {} ms after the sign-out was answered", asked.elapsed().as_millis());
    let after = scene.browser.ask(&format!("{origin}/vnc.html"), &[("cookie", &cookie)]).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
    let hops = scene.browser.follow(&format!("{origin}/vnc.html")).await;
    assert!(hops.last().expect("a hop").url.contains("/login?next="), "a page leads to where one signs in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_desktop_has_another_host_and_a_stopped_one_keeps_it() {
    let scene = Scene::set().await;
    let first = scene.origin().await;
    scene.browser.follow(&scene.at_app("")).await;
    scene.pupil.tell(&scene.desktop, "stop").await;
    scene.pupil.until(&scene.desktop, "stopped").await;
    let hops = scene.browser.follow(&format!("{first}/")).await;
    let shown = hops.last().expect("a hop");
    assert_eq!(
        shown.path_on(scene.browser.app()),
        format!("app:{}", scene.desktop.text("url")),
        "the app says how it is"
    );
    assert_eq!(shown.status, StatusCode::OK);
    scene.pupil.tell(&scene.desktop, "start").await;
    scene.pupil.until(&scene.desktop, "running").await;
    assert_eq!(scene.origin().await, first);
    scene.pupil.tell(&scene.desktop, "reset").await;
    scene.pupil.until(&scene.desktop, "running").await;
    assert_ne!(scene.origin().await, first);
    let old = eventually("the old host is gone", || async {
        Some(scene.browser.get(&format!("{first}/")).await).filter(|answer| answer.status == StatusCode::NOT_FOUND)
    });
    assert!(old.await.body.contains(scene.browser.app()), "there is a way on");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_viewer_stays_on_the_apps_host() {
    let pult = with_own_hosts().await;
    let pupil = pult.person("schueler", "student");
    let desktop = pupil.running("tiny").await;
    let browser = Browser::signed_in(&pult, "schueler").await;
    let page = browser.get(&format!("{}{}", browser.app(), desktop.text("url"))).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-security-policy").contains("default-src 'self'"));
    Rfb::at(&pupil, "/websockify", &[]).await.expect("clients that know no path find it as ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_page_gets_nothing_in_a_real_browser() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let front = crate::browser::Front::new();
    let pult = Pult::with(&[
        ("server.public_url", &front.url("pult.school.example")),
        ("gateway.mode", "host"),
        ("gateway.host_suffix", "desktops.school.example"),
    ])
    .await;
    let image = "pult-test/hostile:latest";
    let folder = root.join("tests/browser/hostile");
    pult.engine.docker(&["build", "--quiet", "--tag", image, &folder.display().to_string()]);
    template(&pult, "page", "pult/tiny:latest").await;
    template(&pult, "hostile", image).await;
    let pupil = pult.person("schueler", "student");
    let (page, hostile) = tokio::join!(pupil.running("page"), pupil.running("hostile"));
    let desktops: Value = json!({ "page": page.text("url"), "hostile": hostile.text("url") });
    crate::browser::journey_through(&pult, &front, "own-hosts", &[("PULT_DESKTOPS", &desktops.to_string())]);
}
