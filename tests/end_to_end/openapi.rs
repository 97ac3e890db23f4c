//! The API against its own document: whatever is sent, the answer is one that the document names, and no server error.

use std::process::Command;

use serde_json::Value;

use crate::{browser::journey, support::Pult};

/// What is checked of each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";

/// Sends what somebody of this role may, and may not, to every endpoint. `setup/schemathesis` brings the program.
async fn conforms(role: &str) {
    let pult = Pult::start().await;
    let api = pult.person(&format!("somebody-{role}"), role);
    let document = pult.storage().join("openapi.json");
    let mut told: Value = serde_json::from_str(&pult.run(&["openapi"])).expect("JSON");
    // a stream without an end
    told["paths"].as_object_mut().expect("paths").remove("/api/v1/events");
    std::fs::write(&document, told.to_string()).expect("it is written");
    let done = Command::new("schemathesis")
        .arg("run")
        .arg(&document)
        .args(["--url", &pult.url(), "--header", &format!("Authorization: Bearer {}", api.token())])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--seed", "1"])
        // the pace that anybody may keep up
        .args(["--rate-limit", "50/s", "--request-timeout", "20", "--suppress-health-check", "all"])
        .args(["--continue-on-failure", "--warnings", "off", "--no-color", "--checks", CHECKS])
        .current_dir(pult.storage())
        .output()
        .expect("schemathesis runs: setup/schemathesis brings it");
    let report = String::from_utf8_lossy(&done.stdout);
    let failures = report.find("= FAILURES =").or_else(|| report.find("= ERRORS =")).unwrap_or_default();
    assert!(done.status.success(), "{}\n{}", &report[failures..], String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_an_administrator_is_one_of_the_documents() {
    conforms("admin").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_a_pupil_is_one_of_the_documents() {
    conforms("student").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_tells_its_failures_and_an_example_of_what_it_takes() {
    let pult = Pult::start().await;
    let document: Value = serde_json::from_str(&pult.run(&["openapi"])).expect("JSON");
    let schema = |reference: &Value| {
        let name = reference["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        name.map_or_else(|| reference.clone(), |name| document["components"]["schemas"][name].clone())
    };
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            let place = format!("{method} {path}");
            if operation["security"].is_array() {
                for status in ["401", "403", "429", "503"] {
                    let answer = &operation["responses"][status];
                    assert!(answer["content"]["application/problem+json"].is_object(), "{place}: {status}");
                }
            }
            for (media_type, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
                let has = !content["example"].is_null() || schema(&content["schema"])["examples"].is_array();
                assert!(has, "{place}: an example of {media_type}");
            }
        }
    }
    assert!(document["components"]["schemas"]["Problem"]["examples"].is_array(), "an example of what goes wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_reads_the_documents_pages() {
    let pult = Pult::start().await;
    let page = reqwest::get(format!("{}/api/docs", pult.url())).await.expect("an answer");
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    journey(&pult, "api-docs");
}
