//! What scripts tell of people and groups, and how scripts are told apart from each other and slowed down.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Api, Pult};

const USERS: &str = "/api/v1/provisioning/users";
const GROUPS: &str = "/api/v1/provisioning/groups";
const IMPORT: &str = "/api/v1/provisioning/import";

async fn put(api: &Api, path: &str, body: Value) -> Response {
    api.request(Method::PUT, path).json(&body).send().await.expect("an answer")
}

async fn send(api: &Api, method: Method, path: &str) -> StatusCode {
    api.request(method, path).send().await.expect("an answer").status()
}

async fn code_of(answer: Response) -> (StatusCode, String) {
    let status = answer.status();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await.expect("JSON");
    (status, problem["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_provisions_a_class_and_may_nothing_else() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    let account = json!({ "display_name": "IServ", "role": "admin" });
    let path = "/api/v1/service-accounts/iserv";
    assert_eq!(put(&admin, path, account.clone()).await.status(), StatusCode::CREATED);
    assert_eq!(put(&admin, path, account).await.status(), StatusCode::OK);
    let taken = put(&admin, "/api/v1/service-accounts/schueler", json!({ "display_name": "X", "role": "admin" })).await;
    assert_eq!(code_of(taken).await, (StatusCode::CONFLICT, "name_taken".to_owned()));
    let token = json!({ "name": "sync", "scopes": ["provisioning:write"] });
    let made = admin.request(Method::POST, &format!("{path}/tokens")).json(&token).send().await.expect("an answer");
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: Value = made.json().await.expect("JSON");
    let script = Api::new(pult.url(), made["secret"].as_str().expect("a secret").to_owned());
    assert_eq!(script.get("/api/v1/users").await.status(), StatusCode::FORBIDDEN);

    let mia = json!({ "username": "mia.maier", "display_name": "Mia Maier", "role": "student" });
    assert_eq!(put(&script, &format!("{USERS}/4711"), mia.clone()).await.status(), StatusCode::CREATED);
    assert_eq!(put(&script, &format!("{USERS}/4711"), mia).await.status(), StatusCode::OK);
    let chief = json!({ "username": "x", "display_name": "X", "role": "admin" });
    let refused = put(&script, &format!("{USERS}/1"), chief).await;
    assert_eq!(code_of(refused).await, (StatusCode::UNPROCESSABLE_ENTITY, "fields_invalid".to_owned()));
    assert_eq!(put(&script, &format!("{GROUPS}/8d"), json!({ "name": "8D" })).await.status(), StatusCode::CREATED);
    let members = |ids: &[&str]| put(&script, "/api/v1/provisioning/groups/8d/members", json!({ "members": ids }));
    let changed: Value = members(&["4711"]).await.json().await.expect("JSON");
    assert_eq!(changed, json!({ "joined": 1, "left": 0 }));
    assert_eq!(code_of(members(&["4712"]).await).await, (StatusCode::NOT_FOUND, "not_found".to_owned()));
    assert_eq!(script.json(&format!("{GROUPS}/8d/members")).await["items"], json!(["4711"]));

    // she is one person, whoever else asks
    let mia = pult.person("mia.maier", "student");
    assert_eq!(mia.json("/api/v1/me").await["groups"][0]["name"], "8D");
    assert_eq!(send(&script, Method::DELETE, &format!("{USERS}/4711")).await, StatusCode::NO_CONTENT);
    assert_eq!(mia.get("/api/v1/me").await.status(), StatusCode::UNAUTHORIZED, "at once");
    assert_eq!(script.json(USERS).await["items"][0]["active"], false);
    assert_eq!(send(&script, Method::DELETE, &format!("{GROUPS}/8d")).await, StatusCode::NO_CONTENT);
    assert_eq!(send(&script, Method::DELETE, &format!("{GROUPS}/8d")).await, StatusCode::NOT_FOUND);

    assert_eq!(send(&admin, Method::DELETE, path).await, StatusCode::NO_CONTENT);
    assert_eq!(script.get(USERS).await.status(), StatusCode::UNAUTHORIZED);
    let by_command = pult.person_with("robot", "admin", &["--service"]);
    assert_eq!(by_command.get(USERS).await.status(), StatusCode::OK);
    let known = admin.json("/api/v1/service-accounts").await;
    assert_eq!(known["items"].as_array().expect("a list").len(), 1);
    let audit = admin.json("/api/v1/audit").await.to_string();
    for action in ["user.provision", "user.deactivate", "group.delete", "service_account.close"] {
        assert!(audit.contains(action), "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_school_is_looked_at_first_and_taken_over_then() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    let import = async |query: &str, file: Vec<u8>| {
        let request = admin.request(Method::POST, &format!("{IMPORT}{query}"));
        request.header("content-type", "text/csv; charset=iso-8859-1").body(file).send().await.expect("an answer")
    };
    // Latin-1
    let mut file = b"username;vorname;nachname;klasse\njoerg.m;J\xf6rg;M\xfcller;8d\n".to_vec();
    for number in 0..4999 {
        file.extend(format!("user.{number};Vorname {number};Nachname;{}\n", number % 60).into_bytes());
    }
    let looked: Value = import("?dry_run=true", file.clone()).await.json().await.expect("JSON");
    assert_eq!((&looked["applied"], &looked["people"]["made"]), (&json!(false), &json!(5000)));
    assert_eq!(admin.json(&format!("{USERS}?source=csv")).await["items"], json!([]), "nothing is changed by a look");
    let done: Value = import("", file.clone()).await.json().await.expect("JSON");
    assert_eq!((&done["applied"], &done["groups"]["made"]), (&json!(true), &json!(61)));
    let again: Value = import("", file).await.json().await.expect("JSON");
    assert_eq!((&again["people"]["unchanged"], &again["members"]["unchanged"]), (&json!(5000), &json!(5000)));
    let first = admin.json(&format!("{USERS}?source=csv&limit=1")).await;
    assert_eq!(first["items"][0]["user"]["display_name"], "Jörg Müller");

    let wrong = "username;vorname;nachname;klasse\na;A;B;8d\n;A;B;8d\na;A;B;8d\n";
    let looked: Value = import("?dry_run=true", wrong.into()).await.json().await.expect("JSON");
    assert_eq!(looked["wrong_lines"][1], json!({ "line": 4, "expected": "each person once" }));
    let refused = import("", wrong.into()).await;
    assert_eq!(code_of(refused).await, (StatusCode::UNPROCESSABLE_ENTITY, "lines_invalid".to_owned()));
    let json = admin.request(Method::POST, IMPORT).json(&json!({})).send().await.expect("an answer");
    assert_eq!(code_of(json).await, (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type".to_owned()));

    let path = pult.storage().join("people.csv");
    std::fs::write(&path, "username,vorname,nachname,klasse\nnew,N,N,8d\n").expect("it is written");
    let told = pult.run(&["user", "import", path.to_str().expect("text")]);
    assert!(told.contains("people: 1 new"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_is_sent_again_is_the_same_wish() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    admin.offer(&json!({ "slug": "other", "name": "Other", "image": "pult/tiny:latest" })).await;
    let pupil = pult.person("schueler", "student");
    let wish = async |key: &str, template: &str| {
        let request = pupil.request(Method::POST, "/api/v1/desktops").header("idempotency-key", key);
        request.json(&json!({ "template": template })).send().await.expect("an answer")
    };
    let first = wish("k1", "tiny").await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let first: Value = first.json().await.expect("JSON");
    let again = wish("k1", "tiny").await;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    assert_eq!(again.json::<Value>().await.expect("JSON")["id"], first["id"]);
    assert_eq!(wish("k2", "tiny").await.status(), StatusCode::OK, "a new wish for what is there");
    let reused = wish("k1", "other").await;
    assert_eq!(code_of(reused).await, (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused".to_owned()));
    let long = wish(&"x".repeat(201), "tiny").await;
    assert_eq!(code_of(long).await, (StatusCode::BAD_REQUEST, "malformed".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_without_end_is_slowed_down_and_still_gets_a_desktop() {
    let pult = Pult::start().await;
    let (busy, other) = (pult.person("schueler", "student"), pult.person("lehrerin", "teacher"));
    let asked = futures::future::join_all((0..40).map(|_| async {
        for _ in 0..250 {
            let answer = busy.get("/api/v1/me").await;
            if answer.status() != StatusCode::OK {
                return Some(answer);
            }
        }
        None
    }));
    let refused = asked.await.into_iter().flatten().next().expect("it was too much");
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(code_of(refused).await, (StatusCode::TOO_MANY_REQUESTS, "too_many_requests".to_owned()));
    assert_eq!(busy.want("tiny").await.0, StatusCode::ACCEPTED);
    assert_eq!(other.get("/api/v1/me").await.status(), StatusCode::OK);
}
