//! The audit log: searched, handed out, and checked, by those who may.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Api, Pult};

/// What an administrator does that is told of: makes a template, and gives it to everybody.
async fn busy(pult: &Pult) -> Api {
    let admin = pult.person("admin", "admin");
    admin.offer(&json!({ "slug": "exam", "name": "=1+1", "image": "pult/tiny:latest" })).await;
    admin
}

fn items(list: &Value) -> &Vec<Value> {
    list["items"].as_array().expect("lines")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_searched_by_who_what_and_when() {
    let pult = Pult::start().await;
    let admin = busy(&pult).await;
    let me = admin.json("/api/v1/me").await["user"]["id"].as_str().expect("an id").to_owned();
    let found = admin.json(&format!("/api/v1/audit?actor={me}&action=template.&object=exam")).await;
    let [line] = items(&found).as_slice() else { panic!("{found:#}") };
    assert_eq!(
        (&line["action"], &line["object"], &line["actor"]),
        (&json!("template.create"), &json!("exam"), &json!(me))
    );
    let at = line["at"].as_str().expect("a time").replace('+', "%2B");
    for (query, count) in [
        (format!("action=template.&from={at}"), 1),
        (format!("action=template.&to={at}"), 0),
        ("action=nothing.".to_owned(), 0),
        ("object=there%00is%00none".to_owned(), 0),
    ] {
        assert_eq!(items(&admin.json(&format!("/api/v1/audit?{query}")).await).len(), count, "{query}");
    }
    for query in ["actor=me", "from=yesterday", "to=1", "limit=0"] {
        assert_eq!(admin.get(&format!("/api/v1/audit?{query}")).await.status(), StatusCode::BAD_REQUEST, "{query}");
    }
    // page by page it is the same as at once
    let all = admin.json("/api/v1/audit?limit=200").await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.json(&format!("/api/v1/audit?limit=1{cursor}")).await;
        seen.extend(items(&page).clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(&seen, items(&all));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_handed_out_whole_and_says_so() {
    let pult = Pult::start().await;
    let admin = busy(&pult).await;
    let listed: Vec<_> = items(&admin.json("/api/v1/audit?limit=200").await).iter().rev().cloned().collect();

    let answer = admin.get("/api/v1/audit/export").await;
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let text = answer.text().await.expect("text");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (told, before) = lines.split_last().expect("lines");
    assert_eq!(before, listed);
    assert_eq!((&told["action"], &told["detail"]["format"]), (&json!("audit.export"), &json!("jsonl")));

    let answer = admin.get("/api/v1/audit/export?format=csv&action=template.").await;
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let disposition = answer.headers()["content-disposition"].to_str().expect("text").to_owned();
    assert!(disposition.starts_with("attachment"), "{disposition}");
    let text = answer.text().await.expect("text");
    let rows: Vec<_> = text.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 2, "{text}");
    assert!(rows[0].starts_with("seq,at,actor,action") && rows[1].contains(",\"template.create\",\"exam\","), "{text}");
    let refused = admin.get("/api/v1/audit/export?format=xls").await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let narrow = pult.person_with("admin", "admin", &["--scope", "users:read"]);
    for path in ["/api/v1/audit", "/api/v1/audit/export", "/api/v1/audit/verify"] {
        assert_eq!(narrow.get(path).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_whole_after_all_that_was_done() {
    let pult = Pult::start().await;
    let admin = busy(&pult).await;
    let gone = admin.request(Method::DELETE, "/api/v1/templates/exam").send().await.expect("an answer");
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let checked = admin.json("/api/v1/audit/verify").await;
    assert_eq!((&checked["ok"], &checked["fault"]), (&json!(true), &Value::Null), "{checked:#}");
    let newest = admin.json("/api/v1/audit?limit=1").await["items"][0].clone();
    assert_eq!((&checked["last"], &checked["last_hash"]), (&newest["seq"], &newest["hash"]));
    let (_, document) = pult.doctor(&[], &[]);
    let checks = document["checks"].as_array().expect("checks");
    let audit = checks.iter().find(|check| check["check"] == "audit").expect("the check");
    assert_eq!(audit["state"], "ok", "{audit}");
}
