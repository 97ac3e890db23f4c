//! Who is let in where: every endpoint, and the way into desktops, for everybody who should not be.

use std::collections::BTreeSet;

use reqwest::{Client, Method, StatusCode, redirect::Policy};
use serde_json::{Value, json};

use crate::support::{Api, Desktop, Pult, Rfb};

const UNKNOWN: &str = "01a1fc59-0000-7000-8000-000000000001";

/// Who may call an endpoint at all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    Nobody,
    Student,
    Teacher,
    Admin,
}

use Needs::{Admin, Nobody, Student, Teacher};

/// Every endpoint of the document, with who may call it and whether it takes a body. A new endpoint without a line
/// here fails the first test below.
const ENDPOINTS: &[(&str, &str, Needs, bool)] = &[
    ("post", "/api/v1/login", Nobody, true),
    ("post", "/api/v1/logout", Student, false),
    ("get", "/api/v1/auth/methods", Nobody, false),
    ("get", "/api/v1/me", Student, false),
    ("get", "/api/v1/me/looks", Student, false),
    ("get", "/api/v1/me/export", Student, false),
    ("get", "/api/v1/status", Student, false),
    ("get", "/api/v1/doctor/echo", Nobody, false),
    ("get", "/api/v1/events", Student, false),
    ("get", "/api/v1/templates", Student, false),
    ("post", "/api/v1/templates", Admin, true),
    ("patch", "/api/v1/templates/{slug}", Admin, true),
    ("delete", "/api/v1/templates/{slug}", Admin, false),
    ("post", "/api/v1/templates/{slug}/pull", Admin, false),
    ("get", "/api/v1/assignments", Teacher, false),
    ("post", "/api/v1/assignments", Teacher, true),
    ("patch", "/api/v1/assignments/{id}", Teacher, true),
    ("delete", "/api/v1/assignments/{id}", Teacher, false),
    ("get", "/api/v1/lessons", Teacher, false),
    ("post", "/api/v1/lessons", Teacher, true),
    ("delete", "/api/v1/lessons/{id}", Teacher, false),
    ("get", "/api/v1/restrictions", Teacher, false),
    ("post", "/api/v1/restrictions", Teacher, true),
    ("delete", "/api/v1/restrictions/{id}", Teacher, false),
    ("get", "/api/v1/desktops", Student, false),
    ("post", "/api/v1/desktops", Student, true),
    ("get", "/api/v1/desktops/{id}", Student, false),
    ("delete", "/api/v1/desktops/{id}", Student, false),
    ("post", "/api/v1/desktops/{id}/start", Student, false),
    ("post", "/api/v1/desktops/{id}/stop", Student, false),
    ("post", "/api/v1/desktops/{id}/extend", Student, false),
    ("post", "/api/v1/desktops/{id}/reset", Student, false),
    ("get", "/api/v1/desktops/{id}/grants", Student, false),
    ("post", "/api/v1/desktops/{id}/grants", Admin, true),
    ("delete", "/api/v1/desktops/{id}/grants/{grant}", Admin, false),
    ("get", "/api/v1/sessions", Student, false),
    ("delete", "/api/v1/sessions", Student, false),
    ("delete", "/api/v1/sessions/{id}", Student, false),
    ("get", "/api/v1/tokens", Student, false),
    ("post", "/api/v1/tokens", Student, true),
    ("delete", "/api/v1/tokens/{id}", Student, false),
    ("get", "/api/v1/service-accounts", Admin, false),
    ("put", "/api/v1/service-accounts/{name}", Admin, true),
    ("delete", "/api/v1/service-accounts/{name}", Admin, false),
    ("get", "/api/v1/service-accounts/{name}/tokens", Admin, false),
    ("post", "/api/v1/service-accounts/{name}/tokens", Admin, true),
    ("delete", "/api/v1/service-accounts/{name}/tokens/{id}", Admin, false),
    ("get", "/api/v1/provisioning/users", Admin, false),
    ("put", "/api/v1/provisioning/users/{external_id}", Admin, true),
    ("delete", "/api/v1/provisioning/users/{external_id}", Admin, false),
    ("get", "/api/v1/provisioning/groups", Admin, false),
    ("put", "/api/v1/provisioning/groups/{external_id}", Admin, true),
    ("delete", "/api/v1/provisioning/groups/{external_id}", Admin, false),
    ("get", "/api/v1/provisioning/groups/{external_id}/members", Admin, false),
    ("put", "/api/v1/provisioning/groups/{external_id}/members", Admin, true),
    ("post", "/api/v1/roster/sync", Admin, false),
    // its body is a file: provisioning.rs
    ("post", FILE, Admin, false),
    ("get", "/api/v1/webhooks", Admin, false),
    ("post", "/api/v1/webhooks", Admin, true),
    ("patch", "/api/v1/webhooks/{id}", Admin, true),
    ("delete", "/api/v1/webhooks/{id}", Admin, false),
    ("post", "/api/v1/webhooks/{id}/rotate", Admin, false),
    ("post", "/api/v1/webhooks/{id}/test", Admin, false),
    ("get", "/api/v1/webhooks/{id}/deliveries", Admin, false),
    ("post", "/api/v1/webhooks/{id}/deliveries/{delivery}/replay", Admin, false),
    ("get", "/api/v1/jobs", Admin, false),
    ("get", "/api/v1/jobs/{id}", Admin, false),
    ("get", "/api/v1/schedule", Admin, false),
    ("post", "/api/v1/schedule/{name}/run", Admin, false),
    ("get", "/api/v1/users", Teacher, false),
    ("get", "/api/v1/users/{id}/export", Admin, false),
    ("delete", "/api/v1/users/{id}", Admin, false),
    ("delete", "/api/v1/users/{id}/sessions", Admin, false),
    ("get", "/api/v1/groups", Teacher, false),
    ("get", "/api/v1/audit", Admin, false),
    ("get", "/api/v1/audit/export", Admin, false),
    ("get", "/api/v1/audit/verify", Admin, false),
    ("get", "/api/v1/identity/providers", Admin, false),
    ("post", "/api/v1/identity/preview", Admin, true),
];

/// The one endpoint that takes a file.
const FILE: &str = "/api/v1/provisioning/import";

fn method(name: &str) -> Method {
    Method::from_bytes(name.to_uppercase().as_bytes()).expect("a method")
}

/// A path with its parts filled in.
fn filled(path: &str, with: &str) -> String {
    let parts = ["{id}", "{slug}", "{name}", "{external_id}", "{grant}", "{delivery}"];
    parts.iter().fold(path.to_owned(), |path, part| path.replace(part, with))
}

async fn code_of(answer: reqwest::Response) -> (StatusCode, String) {
    let status = answer.status();
    let problem: Value = answer.json().await.unwrap_or_default();
    (status, problem["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_refuses_whom_it_should() {
    let pult = Pult::start().await;
    let nobody = Api::new(pult.url(), "pult_wrong".to_owned());
    let student = pult.person("schueler", "student");
    let teacher = pult.person("lehrerin", "teacher");
    let document: Value = serde_json::from_str(&pult.run(&["openapi"])).expect("JSON");
    let documented: BTreeSet<_> = document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, item)| item.as_object().expect("methods").keys().map(|method| (method.clone(), path.clone())))
        .collect();
    let tested: BTreeSet<_> =
        ENDPOINTS.iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(documented, tested, "every endpoint has its line, and no line is left over");

    for &(name, path, needs, has_body) in ENDPOINTS {
        let place = filled(path, UNKNOWN);
        let call = |api: &Api| {
            let request = api.request(method(name), &place);
            if has_body { request.json(&json!({})) } else { request }
        };
        if needs > Nobody {
            let (status, code) = code_of(call(&nobody).send().await.expect("an answer")).await;
            assert_eq!((status, code.as_str()), (StatusCode::UNAUTHORIZED, "not_signed_in"), "{name} {path}");
        }
        for (api, role) in [(&student, Student), (&teacher, Teacher)] {
            if role >= needs {
                continue;
            }
            // the role is looked at before the body, but after its form: so a well-formed one is sent
            let request = api.request(method(name), &place);
            let request = if has_body { request.json(&sample(path)) } else { request };
            let request = if path == FILE { request.header("content-type", "text/csv").body("") } else { request };
            let (status, code) = code_of(request.send().await.expect("an answer")).await;
            assert_eq!((status, code.as_str()), (StatusCode::FORBIDDEN, "role_missing"), "{name} {path}");
        }
        if path.contains("{id}") && needs <= Teacher {
            let api = &teacher;
            let request = api.request(method(name), &place);
            let request = if has_body { request.json(&sample(path)) } else { request };
            let (status, _) = code_of(request.send().await.expect("an answer")).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{name} {path}: unknown");
        }
    }
}

/// A body that is well formed for a path.
fn sample(path: &str) -> Value {
    match path {
        "/api/v1/templates" => json!({ "slug": "x", "name": "X", "image": "x:1" }),
        "/api/v1/assignments" => json!({ "template": "tiny", "everyone": true }),
        "/api/v1/assignments/{id}" => json!({ "folders": [] }),
        "/api/v1/lessons" => json!({ "group": "9b", "until": "2100-01-01T00:00:00Z" }),
        "/api/v1/restrictions" => json!({ "group": "9b", "network": "none" }),
        "/api/v1/desktops/{id}/grants" => json!({ "reason": "Auf Bitte" }),
        "/api/v1/desktops" => json!({ "template": "tiny" }),
        "/api/v1/service-accounts/{name}" => json!({ "display_name": "X", "role": "student" }),
        "/api/v1/provisioning/users/{external_id}" => json!({ "username": "x", "display_name": "X" }),
        "/api/v1/provisioning/groups/{external_id}" => json!({ "name": "X" }),
        "/api/v1/provisioning/groups/{external_id}/members" => json!({ "members": [] }),
        "/api/v1/tokens" | "/api/v1/service-accounts/{name}/tokens" => json!({ "name": "x" }),
        "/api/v1/webhooks" => json!({ "url": "https://hooks.school.example/" }),
        "/api/v1/identity/preview" => json!({ "claims": {} }),
        _ => json!({}),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_is_checked_before_anything_happens() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    for &(name, path, ..) in ENDPOINTS.iter().filter(|(.., has_body)| *has_body) {
        let place = filled(path, UNKNOWN);
        let send = |body: Vec<u8>, kind: &'static str| {
            admin.request(method(name), &place).header("content-type", kind).body(body).send()
        };
        for (body, kind, status, code) in [
            (b"{".to_vec(), "application/json", StatusCode::BAD_REQUEST, "malformed"),
            (b"{\"there_is_none\": 1}".to_vec(), "application/json", StatusCode::BAD_REQUEST, "malformed"),
            (b"a=b".to_vec(), "application/x-www-form-urlencoded", StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type"),
            (vec![b' '; 70_000], "application/json", StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        ] {
            let found = code_of(send(body, kind).await.expect("an answer")).await;
            assert_eq!((found.0, found.1.as_str()), (status, code), "{name} {path}");
        }
    }
    let wrong = json!({ "slug": "Not a slug", "name": "", "image": "x", "port": 0, "memory_mb": 1 });
    let answer = admin.request(Method::POST, "/api/v1/templates").json(&wrong).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: Value = answer.json().await.expect("JSON");
    let fields: Vec<_> = problem["fields"].as_array().expect("fields").iter().map(|f| f["field"].clone()).collect();
    assert_eq!(fields, ["slug", "name", "port", "memory_mb"]);
    for query in ["limit=0", "limit=201", "limit=x"] {
        let (status, _) = code_of(admin.get(&format!("/api/v1/desktops?{query}")).await).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
    }
    let (status, code) = code_of(admin.get("/api/v1/there-is-none").await).await;
    assert_eq!((status, code.as_str()), (StatusCode::NOT_FOUND, "not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_into_somebody_elses_desktop() {
    let pult = Pult::start().await;
    let owner = pult.person("schueler", "student");
    let desktop = owner.running("tiny").await;
    let nobody = Api::new(pult.url(), "pult_wrong".to_owned());
    let unsigned = Api::new(pult.url(), String::new());
    for stranger in [pult.person("fremd", "student"), pult.person("lehrerin", "teacher"), pult.person("admin", "admin")]
    {
        for path in ["", "vnc.html", "core/rfb.js", "..%2f", "?x=1"] {
            assert_eq!(stranger.page(&desktop, path).await, StatusCode::FORBIDDEN, "{path}");
        }
        assert_eq!(Rfb::open(&stranger, &desktop).await.err(), Some(StatusCode::FORBIDDEN));
        let seen = stranger.json("/api/v1/desktops").await;
        assert_eq!(seen["items"], json!([]));
    }
    for nobody in [&nobody, &unsigned] {
        for path in ["", "vnc.html", "core/rfb.js"] {
            assert_eq!(nobody.page(&desktop, path).await, StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    assert_eq!(Rfb::open(&nobody, &desktop).await.err(), Some(StatusCode::UNAUTHORIZED));
    let stranger = pult.person("fremd", "student");
    let events = stranger.events().await;
    let is_for_pupils = |path: &str, needs: Needs| path.contains("desktops/{id}") && needs == Student;
    for (name, path, ..) in ENDPOINTS.iter().filter(|(_, path, needs, _)| is_for_pupils(path, *needs)) {
        let request = stranger.request(method(name), &filled(path, desktop.id()));
        let (status, code) = code_of(request.send().await.expect("an answer")).await;
        assert_eq!((status, code.as_str()), (StatusCode::FORBIDDEN, "not_owner"), "{name} {path}");
    }
    owner.tell(&desktop, "stop").await;
    owner.until(&desktop, "stopped").await;
    assert!(events.came().iter().all(|event| event.name != "desktop"), "a stranger hears nothing of it");
    // where tickets for desktops' own hosts are made: own_hosts.rs says more
    let door = "/enter/aaaaaaaaaaaaaaaaaaaa";
    assert_eq!(nobody.get(door).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(stranger.get(door).await.status(), StatusCode::NOT_FOUND);
    let unknown = Desktop(json!({ "url": "/desktop/nobody-tiny/" }));
    assert_eq!(owner.page(&unknown, "vnc.html").await, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teacher_sees_the_people_of_their_groups_alone() {
    let pult = Pult::start().await;
    let teacher = pult.person_with("weber", "teacher", &["--group", "7a", "--group", "8b"]);
    for (name, role, group) in
        [("anna", "student", "7a"), ("ben", "student", "8b"), ("cem", "student", "9c"), ("kollege", "teacher", "7a")]
    {
        pult.person_with(name, role, &["--group", group]);
    }
    let names = async |api: &Api, path: &str, field: &str| {
        let list = api.json(path).await;
        let items = list["items"].as_array().expect("items").clone();
        items.iter().map(|item| item[field].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&teacher, "/api/v1/users", "username").await, ["anna", "ben", "kollege", "weber"]);
    assert_eq!(names(&teacher, "/api/v1/groups", "name").await, ["7a", "8b"]);
    let admin = pult.person("admin", "admin");
    assert!(names(&admin, "/api/v1/users", "username").await.contains(&"cem".to_owned()));
    assert!(names(&admin, "/api/v1/groups", "name").await.contains(&"9c".to_owned()));
    let alone = pult.person("allein", "teacher");
    assert_eq!(names(&alone, "/api/v1/users", "username").await, Vec::<String>::new());
    // whatever else shows people shows none of others' classes
    let given = json!({ "template": "tiny", "user": "cem" });
    let refused = teacher.request(Method::POST, "/api/v1/assignments").json(&given).send().await.expect("an answer");
    assert_eq!(code_of(refused).await, (StatusCode::FORBIDDEN, "role_missing".to_owned()));
    let given = admin.request(Method::POST, "/api/v1/assignments").json(&given).send().await.expect("an answer");
    assert_eq!(given.status(), StatusCode::CREATED);
    assert_eq!(teacher.json("/api/v1/assignments").await["items"], json!([]), "an assignment is its maker's");
    let lesson = json!({ "group": "9c", "until": (chrono::Utc::now() + chrono::TimeDelta::hours(1)).to_rfc3339() });
    let made = admin.request(Method::POST, "/api/v1/lessons").json(&lesson).send().await.expect("an answer");
    assert_eq!(made.status(), StatusCode::CREATED);
    assert_eq!(teacher.json("/api/v1/lessons").await["items"], json!([]));
    assert_eq!(teacher.get("/api/v1/desktops?all=true").await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_is_not_given_to_somebody_cannot_be_started() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    let template = json!({ "slug": "exam", "name": "Exam", "image": "pult/tiny:latest" });
    let made = admin.request(Method::POST, "/api/v1/templates").json(&template).send().await.expect("an answer");
    assert_eq!(made.status(), StatusCode::CREATED);
    let pupil = pult.person("schueler", "student");
    let wish = json!({ "template": "exam" });
    let refused = pupil.request(Method::POST, "/api/v1/desktops").json(&wish).send().await.expect("an answer");
    assert_eq!(code_of(refused).await, (StatusCode::FORBIDDEN, "template_not_assigned".to_owned()));
    let given = json!({ "template": "exam", "group": "9b" });
    let given = admin.request(Method::POST, "/api/v1/assignments").json(&given).send().await.expect("an answer");
    assert_eq!(given.status(), StatusCode::CREATED);
    let allowed = pupil.request(Method::POST, "/api/v1/desktops").json(&wish).send().await.expect("an answer");
    assert_eq!(allowed.status(), StatusCode::ACCEPTED, "the demo's pupil is in 9b");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_held_to_its_scopes() {
    let pult = Pult::start().await;
    let narrow = pult.person_with("schueler", "student", &["--scope", "desktops:read"]);
    assert_eq!(narrow.get("/api/v1/desktops").await.status(), StatusCode::OK);
    let wish = json!({ "template": "tiny" });
    let refused = narrow.request(Method::POST, "/api/v1/desktops").json(&wish).send().await.expect("an answer");
    assert_eq!(code_of(refused).await, (StatusCode::FORBIDDEN, "scope_missing".to_owned()));
    let made = narrow.request(Method::POST, "/api/v1/tokens").json(&json!({ "name": "more" })).send().await;
    assert_eq!(made.expect("an answer").status(), StatusCode::FORBIDDEN, "a token makes none that may more");
    let expired = pult.person_with("schueler", "student", &["--expires", "1ms"]);
    assert_eq!(expired.get("/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_proves_that_its_page_is_ours() {
    let pult = Pult::start().await;
    let browser = Client::builder().cookie_store(true).redirect(Policy::none()).build().expect("a client");
    let at = |path: &str| format!("{}{path}", pult.url());
    let login = |password: String| {
        browser.post(at("/api/v1/login")).json(&json!({ "username": "Schueler", "password": password })).send()
    };
    let wrong = login("wrong".to_owned()).await.expect("an answer");
    assert_eq!(code_of(wrong).await, (StatusCode::UNAUTHORIZED, "credentials_wrong".to_owned()));
    let right = login(pult.password_of("schueler")).await.expect("an answer");
    assert_eq!(right.status(), StatusCode::NO_CONTENT);
    let cookie = right.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");

    let me: Value = browser.get(at("/api/v1/me")).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(me["role"], "student");
    let csrf = me["csrf_token"].as_str().expect("a token").to_owned();
    let wish = || browser.post(at("/api/v1/desktops")).json(&json!({ "template": "tiny" }));
    let without = wish().send().await.expect("an answer");
    assert_eq!(code_of(without).await, (StatusCode::FORBIDDEN, "csrf_token".to_owned()));
    let foreign = wish().header("x-csrf-token", &csrf).header("origin", "https://evil.example");
    let foreign = foreign.send().await.expect("an answer");
    assert_eq!(code_of(foreign).await, (StatusCode::FORBIDDEN, "origin_foreign".to_owned()));
    let ours = wish().header("x-csrf-token", &csrf).header("origin", pult.url()).send().await.expect("an answer");
    assert_eq!(ours.status(), StatusCode::ACCEPTED);

    // somebody who follows a link is led to sign in, and back
    let stranger = Client::builder().redirect(Policy::none()).build().expect("a client");
    let page =
        stranger.get(at("/desktop/schueler-tiny/")).header("accept", "text/html").send().await.expect("an answer");
    assert_eq!(page.status(), StatusCode::FOUND);
    assert_eq!(page.headers()["location"], "/login?next=%2Fdesktop%2Fschueler-tiny%2F");

    let twice = stranger.get(at("/api/v1/me")).header("cookie", "pult_session=a; pult_session=b");
    assert_eq!(twice.send().await.expect("an answer").status(), StatusCode::BAD_REQUEST);

    let out = browser.post(at("/api/v1/logout")).header("x-csrf-token", &csrf).send().await.expect("an answer");
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert_eq!(browser.get(at("/api/v1/me")).send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
}
