//! The client from the image: what shows a desktop, served by Pult and not by the container.

use std::{fs, os::unix::fs::symlink, process::Command};

use reqwest::{Method, Response, StatusCode, header::HeaderMap};
use serde_json::json;

use crate::{
    browser::journey,
    support::{Api, Desktop, Engine, Pult, Rfb},
};

/// noVNC as Debian packages it, in our own images.
const FOLDER: &str = "/usr/share/novnc";

/// A template with a client of its image's, given to everybody.
async fn template(admin: &Api, slug: &str, image: &str, folder: &str) {
    let fields = json!({
        "slug": slug, "name": "Eigene Anzeige", "image": image, "client": format!("image:{folder}"),
        "path": "/vnc.html", "health_path": "/", "memory_mb": 512, "shm_mb": 64,
    });
    let made = admin.request(Method::POST, "/api/v1/templates").json(&fields).send().await.expect("an answer");
    assert_eq!(made.status(), StatusCode::CREATED);
    let given = json!({ "template": slug, "everyone": true });
    let given = admin.request(Method::POST, "/api/v1/assignments").json(&given).send().await.expect("an answer");
    assert_eq!(given.status(), StatusCode::CREATED);
}

/// An image like the smallest desktop with a folder more; goes when this does.
struct Image {
    engine: Engine,
    name: String,
}

impl Image {
    /// Puts everything of a folder of ours there.
    fn with(engine: Engine, name: &str, from: &str, to: &str) -> Self {
        let name = format!("pult/test-{name}-{}:latest", std::process::id());
        let container = engine.docker(&["create", "pult/tiny:latest"]);
        engine.docker(&["cp", from, &format!("{container}:{to}")]);
        engine.docker(&["commit", &container, &name]);
        engine.docker(&["rm", "--volumes", &container]);
        Self { engine, name }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let host = self.engine.host();
        let _ = Command::new("docker").env("DOCKER_HOST", host).args(["image", "rm", "--force", &self.name]).output();
    }
}

async fn get(api: &Api, desktop: &Desktop, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = api.request(Method::GET, &format!("{}{path}", desktop.text("url")));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_is_shown_by_the_client_of_its_image() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    template(&admin, "own", "pult/tiny:latest", FOLDER).await;
    let owner = pult.person("schueler", "student");
    let desktop = owner.running("own").await;
    assert_eq!(owner.look(&desktop).await.expect("it is there").text("client"), format!("image:{FOLDER}"));

    // our page is the first; what it frames is led to all that the client has to know
    let page = get(&owner, &desktop, "", &[]).await;
    assert!(header(page.headers(), "content-security-policy").contains("frame-ancestors 'none'"), "{page:?}");
    let url = desktop.text("url");
    for asked in ["?client", "?", "vnc.html"] {
        let led = get(&owner, &desktop, asked, &[]).await;
        assert_eq!(led.status(), StatusCode::FOUND, "{asked}");
        let first = format!("{url}vnc.html?path={}websockify&autoconnect=1&", &url[1..]);
        assert!(header(led.headers(), "location").starts_with(&first), "{led:?}");
    }
    let first = get(&owner, &desktop, "vnc.html?path=x", &[]).await;
    assert_eq!(first.status(), StatusCode::OK);
    let told = first.headers();
    assert_eq!(header(told, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(told, "x-content-type-options"), "nosniff");
    assert!(header(told, "content-security-policy").contains("frame-ancestors 'self'"), "{told:?}");
    assert_eq!(header(told, "service-worker-allowed"), "");
    assert_eq!(owner.page(&desktop, "app/images/connect.svg").await, StatusCode::OK);
    Rfb::open(&owner, &desktop).await.expect("the stream goes on to the container");

    whatever_http_can_do_for_a_file(&owner, &desktop).await;
    nothing_but_the_client_is_there(&owner, &desktop).await;

    // who may not open the desktop gets nothing of its client either
    let nobody = Api::new(pult.url(), String::new());
    for path in ["", "?client", "vnc.html?path=x", "app/ui.js"] {
        assert_eq!(nobody.page(&desktop, path).await, StatusCode::UNAUTHORIZED, "{path}");
        for stranger in [pult.person("fremd", "student"), pult.person("lehrerin", "teacher")] {
            assert_eq!(stranger.page(&desktop, path).await, StatusCode::FORBIDDEN, "{path}");
        }
    }

    // a template that is edited changes nothing of what runs, and the next start goes by it
    let edit = json!({ "client": "novnc", "path": "/" });
    let edited = admin.request(Method::PATCH, "/api/v1/templates/own").json(&edit).send().await.expect("an answer");
    assert_eq!(edited.status(), StatusCode::OK);
    owner.tell(&desktop, "extend").await;
    assert_eq!(owner.look(&desktop).await.expect("it is there").text("client"), format!("image:{FOLDER}"));
    let still = get(&owner, &desktop, "vnc.html?path=x", &[]).await;
    assert!(header(still.headers(), "etag").starts_with('"'), "from our disk: {still:?}");
    owner.tell(&desktop, "stop").await;
    owner.until(&desktop, "stopped").await;
    assert_eq!(owner.page(&desktop, "app/ui.js").await, StatusCode::CONFLICT);
    owner.tell(&desktop, "start").await;
    assert_eq!(owner.until(&desktop, "running").await.text("client"), "novnc");
    let from_container = get(&owner, &desktop, "vnc.html?path=x", &[]).await;
    assert!(header(from_container.headers(), "content-security-policy").contains("sandbox"), "{from_container:?}");
}

async fn whatever_http_can_do_for_a_file(owner: &Api, desktop: &Desktop) {
    let plain = get(owner, desktop, "app/ui.js", &[]).await;
    assert_eq!(header(plain.headers(), "content-type"), "text/javascript; charset=utf-8");
    assert_eq!(header(plain.headers(), "cache-control"), "private, no-cache");
    let etag = header(plain.headers(), "etag").to_owned();
    let whole = plain.bytes().await.expect("a body");

    let packed = get(owner, desktop, "app/ui.js", &[("accept-encoding", "br, gzip")]).await;
    assert_eq!(header(packed.headers(), "content-encoding"), "gzip");
    assert_ne!(header(packed.headers(), "etag"), etag, "another form is another entity");
    let packed_etag = header(packed.headers(), "etag").to_owned();
    assert!(packed.bytes().await.expect("a body").len() * 2 < whole.len());

    let known = get(owner, desktop, "app/ui.js", &[("if-none-match", &format!("\"x\", {etag}"))]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let gzip = [("accept-encoding", "gzip"), ("if-none-match", packed_etag.as_str())];
    let known = get(owner, desktop, "app/ui.js", &gzip).await;
    assert_eq!((known.status(), header(known.headers(), "etag")), (StatusCode::NOT_MODIFIED, packed_etag.as_str()));

    let part = get(owner, desktop, "app/ui.js", &[("range", "bytes=10-19"), ("accept-encoding", "gzip")]).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(part.headers(), "content-range"), format!("bytes 10-19/{}", whole.len()));
    assert_eq!(part.bytes().await.expect("a body"), whole[10..20]);
    let beyond = get(owner, desktop, "app/ui.js", &[("range", "bytes=99999999-")]).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let changed = get(owner, desktop, "app/ui.js", &[("range", "bytes=0-1"), ("if-range", "\"x\"")]).await;
    assert_eq!(changed.status(), StatusCode::OK);

    let path = format!("{}app/ui.js", desktop.text("url"));
    let head = owner.request(Method::HEAD, &path).send().await.expect("an answer");
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(header(head.headers(), "content-length"), whole.len().to_string());
    let post = owner.request(Method::POST, &path).send().await.expect("an answer");
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
}

async fn nothing_but_the_client_is_there(owner: &Api, desktop: &Desktop) {
    for path in [
        "app/",
        "app",
        "index.html",
        "index.json",
        "vnc_auto.html",
        "Downloads/",
        "api/get_screenshot",
        "..%2f..%2fetc/passwd",
        "..%2F..%2F..%2F..%2F..%2F..%2F..%2Fetc%2Fpasswd",
        "app/..%2fvnc.html",
        "%252e%252e%252fetc/passwd",
        "..%5c..%5cetc/passwd",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "//etc/passwd",
        "vnc.html%00.js",
        "%ff",
    ] {
        let answer = get(owner, desktop, path, &[]).await;
        assert!(answer.status().is_client_error(), "{path}: {answer:?}");
    }
    let worker = get(owner, desktop, "app/ui.js", &[("service-worker", "script")]).await;
    assert_eq!(worker.status(), StatusCode::NOT_FOUND, "nothing of it stays in a browser");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_the_container_changes_nothing_of_what_others_see() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = folder.path().join("client");
    fs::create_dir(&client).expect("a folder");
    fs::write(client.join("vnc.html"), "<script>honest()</script>").expect("a page");
    symlink("/etc/passwd", client.join("passwd")).expect("a link");
    symlink("/", client.join("root")).expect("a link");
    // Below `/run`, where a pupil can write: in a container it is empty at first.
    let image = Image::with(Engine::shared(), "client", &client.display().to_string(), "/run/client");
    let pult = Pult::start().await;
    template(&pult.person("admin", "admin"), "own", &image.name, "/run/client").await;
    let owner = pult.person("schueler", "student");
    let desktop = owner.running("own").await;
    let container = desktop.container();
    let page = async || {
        let answer = get(&owner, &desktop, "vnc.html?path=x", &[]).await;
        let policy = header(answer.headers(), "content-security-policy").to_owned();
        (answer.text().await.expect("a body"), policy)
    };
    let (honest, policy) = page().await;
    assert_eq!(honest, "<script>honest()</script>");
    assert!(policy.contains("'sha256-") && !policy.contains("script-src 'self' 'unsafe-inline'"), "{policy}");

    let change = "mkdir -p /run/client && echo evil | tee /run/client/vnc.html > /run/client/more.js";
    pult.engine.docker(&["exec", &container, "sh", "-c", change]);
    assert_eq!(pult.engine.docker(&["exec", &container, "cat", "/run/client/vnc.html"]), "evil");
    assert_eq!(page().await.0, honest);
    assert_eq!(owner.page(&desktop, "more.js").await, StatusCode::NOT_FOUND);
    // it is not even asked: its web front is frozen
    pult.engine.docker(&["exec", &container, "pkill", "-STOP", "-f", "web.py"]);
    assert_eq!(page().await.0, honest);

    for link in ["passwd", "root/etc/passwd", "root"] {
        assert_eq!(owner.page(&desktop, link).await, StatusCode::NOT_FOUND, "{link}");
    }
    let left = format!("label=pult.instance={}", pult.instance().expect("it was logged"));
    let containers = pult.engine.docker(&["ps", "-a", "--filter", &left, "--format", "{{.Names}}"]);
    assert_eq!(containers, container, "what was only read from is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_the_client_is_told_in_a_sentence() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    template(&admin, "own", "pult/tiny:latest", "/usr/share/there-is-none").await;
    let (_, desktop) = admin.want("own").await;
    let failed = admin.until(&desktop, "failed").await;
    assert_eq!(failed.text("reason"), "client_missing");
    for name in ["pult/tiny:latest", "/usr/share/there-is-none"] {
        assert!(failed.text("why").contains(name), "{}", failed.text("why"));
    }
    assert!(pult.engine.containers_of(desktop.id()).is_empty(), "the next start makes one anew");
    let edit = json!({ "client": format!("image:{FOLDER}") });
    let edited = admin.request(Method::PATCH, "/api/v1/templates/own").json(&edit).send().await.expect("an answer");
    assert_eq!(edited.status(), StatusCode::OK);
    admin.tell(&desktop, "start").await;
    admin.until(&desktop, "running").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pupil_works_in_a_desktop_that_the_client_of_its_image_shows() {
    let pult = Pult::start().await;
    template(&pult.person("admin", "admin"), "own", "pult/tiny:latest", FOLDER).await;
    journey(&pult, "own-client");
}
