//! When it breaks: failures that explain themselves, and `pult doctor`.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::{Api, Desktop, Pult, Rfb, variable};

/// The checks that did not end well, but for what depends on the machine the tests run on: a full disk, and an engine
/// that stores slowly.
fn troubles(document: &Value) -> Vec<&Value> {
    let checks = document["checks"].as_array().expect("checks");
    let is_well = |check: &&Value| {
        let name = check["check"].as_str().expect("a name");
        match check["state"].as_str().expect("a state") {
            "ok" | "skip" => true,
            "warn" => ["free_space", "engine"].contains(&name),
            _ => name == "free_space",
        }
    };
    checks.iter().filter(|check| !is_well(check)).collect()
}

/// The first check of this name.
fn check<'a>(document: &'a Value, name: &str) -> &'a Value {
    let checks = document["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no check {name}: {document:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_healthy_pult_well_also_from_outside() {
    let pult = Pult::start().await;
    let (code, document) = pult.doctor(&["--url", &pult.url(), "--idle", "1s"], &[]);
    assert_eq!(troubles(&document), Vec::<&Value>::new());
    assert_eq!(code == 0, document["ok"] == true, "{document:#}");
    for name in ["database", "schema", "images", "listen", "identity", "stream", "silence"] {
        assert_eq!(check(&document, name)["state"], "ok", "{document:#}");
    }
    // what is said to people is one line a check
    let german = pult.output(&["doctor"], &[("LANG", "de_DE.UTF-8")]);
    let text = String::from_utf8_lossy(&german.stdout).into_owned();
    assert!(text.contains("✓ gut") && text.contains("Docker-Dienst") && text.contains("nicht konfiguriert"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_is_away_and_what_to_do() {
    let pult = Pult::start().await;
    let (code, document) = pult.doctor(&[], &[("PULT_ENGINE__HOST", "unix:///nowhere/docker.sock")]);
    let engine = check(&document, "engine");
    assert_eq!((code, engine["state"].as_str()), (1, Some("fail")), "{document:#}");
    assert!(engine["remedy"].as_str().is_some_and(|remedy| remedy.contains("systemctl start docker")), "{engine}");
    assert_eq!(check(&document, "images")["state"], "skip");

    let server = variable("PULT_TEST_POSTGRES_URL");
    let (head, _) = server.rsplit_once('/').expect("an address with a database");
    let (code, document) = pult.doctor(&[], &[("PULT_DATABASE__URL", &format!("{head}/there_is_no_such_database"))]);
    let database = check(&document, "database");
    assert_eq!((code, database["state"].as_str()), (1, Some("fail")), "{document:#}");
    assert!(database["remedy"].as_str().is_some_and(|remedy| remedy.contains("database.url")), "{database}");

    // nothing listens there; and the way ends where it ends
    let (code, document) = pult.doctor(&["--url", "http://127.0.0.1:9"], &[]);
    assert_eq!((code, check(&document, "tcp")["state"].as_str()), (1, Some("fail")), "{document:#}");
    assert!(document["checks"].as_array().expect("checks").iter().all(|check| check["check"] != "stream"));

    for usage in [&["doctor", "--url", "ftp://pult.example"][..], &["doctor", "--idle", "1s"]] {
        assert_eq!(pult.output(usage, &[]).status.code(), Some(2), "{usage:?}");
    }
    let wrong = pult.output(&["doctor"], &[("PULT_SERVER__LISTEN_ON", "x")]);
    assert_eq!(wrong.status.code(), Some(2), "{}", String::from_utf8_lossy(&wrong.stderr));
}

/// A request for a stream as an Apache without `upgrade=websocket` passes it on.
fn spoiled(person: &Api, desktop: &Desktop) -> RequestBuilder {
    person
        .request(Method::GET, &format!("{}websockify", desktop.text("url")))
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13")
        .header("x-forwarded-for", "192.0.2.7")
        .header("x-forwarded-server", "pult.school.example")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_that_spoils_streams_is_told_to_admins_until_one_comes_through() {
    let pult = Pult::start().await;
    let (pupil, admin) = (pult.person("schueler", "student"), pult.person("admin", "admin"));
    let desktop = pupil.running("tiny").await;
    assert_eq!(pupil.json("/api/v1/status").await["streams_blocked"], false);
    for _ in 0..2 {
        let answer = spoiled(&pupil, &desktop).header("accept-language", "de").send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::UPGRADE_REQUIRED);
        let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        let problem: Value = answer.json().await.expect("JSON");
        assert_eq!((&problem["code"], &problem["side"]), (&json!("upgrade_header_lost"), &json!("proxy")));
        assert_eq!(problem["request_id"], id);
        let port = pult.url().rsplit(':').next().expect("a port").to_owned();
        let line = format!("ProxyPass \"/\" \"http://127.0.0.1:{port}/\" upgrade=websocket timeout=3600");
        assert_eq!(problem["remedy"], line);
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.starts_with("Apache hat")), "{problem}");
    }
    let told = pupil.json("/api/v1/status").await;
    assert_eq!((&told["streams_blocked"], &told["blocking_fronts"]), (&json!(true), &Value::Null));
    let told = admin.json("/api/v1/status").await;
    assert_eq!(
        (&told["blocking_fronts"][0]["proxy"], &told["blocking_fronts"][0]["count"]),
        (&json!("Apache"), &json!(2))
    );
    assert_eq!(pult.log().matches("a front proxy spoils streams").count(), 1, "once a minute");
    let metrics = format!("http://127.0.0.1:{}/metrics", pult.admin_port());
    let metrics = reqwest::get(metrics).await.expect("an answer").text().await.expect("text");
    assert!(metrics.contains("pult_upgrades_lost_total{proxy=\"Apache\"} 2"), "{metrics}");

    let path = format!("{}websockify", desktop.text("url"));
    Rfb::at(&pupil, &path, &[("x-forwarded-for", "192.0.2.7")]).await.expect("a stream");
    let told = admin.json("/api/v1/status").await;
    assert_eq!((&told["streams_blocked"], &told["blocking_fronts"]), (&json!(false), &json!([])));

    // a page of ours always sends its cookie: where none came through a proxy, it may have been lost
    let nobody = Api::new(pult.url(), String::new());
    let origin = pult.url();
    let lost = reqwest::Client::new()
        .get(format!("{}{path}", pult.url()))
        .header("origin", origin)
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("x-forwarded-server", "pult.school.example");
    let problem: Value = lost.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((&problem["code"], &problem["status"]), (&json!("cookie_lost"), &json!(401)), "{problem}");
    assert_eq!(nobody.page(&desktop, "").await, StatusCode::UNAUTHORIZED);

    // a person who follows a link gets a page, a program the problem
    let stranger = pult.person("fremd", "student");
    let page = stranger.request(Method::GET, desktop.text("url")).header("accept", "text/html,*/*");
    let page = page.header("accept-language", "de").send().await.expect("an answer");
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let page = page.text().await.expect("text");
    assert!(page.contains("<html lang=\"de\">") && page.contains("<h1>Das gehört jemand anderem.</h1>"), "{page}");
    assert!(!page.contains("http-equiv=\"refresh\"") && !page.contains("<script"), "{page}");
    let unknown = stranger.request(Method::GET, "/desktop/nobody-tiny/").header("accept", "text/html");
    let unknown = unknown.send().await.expect("an answer");
    assert_eq!(
        (unknown.status(), &unknown.headers()["content-type"]),
        (StatusCode::NOT_FOUND, &"text/html; charset=utf-8".parse().expect("a header"))
    );
    let problem: Value = stranger.get("/desktop/nobody-tiny/").await.json().await.expect("JSON");
    assert_eq!(problem["code"], "desktop_not_found");
}
