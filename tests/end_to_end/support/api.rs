use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::{Events, eventually};

/// The REST interface as one person has it.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    url: String,
    token: String,
    http: Client,
}

/// A desktop as the API shows it.
#[derive(Debug, Clone)]
pub(crate) struct Desktop(pub(crate) Value);

impl Desktop {
    pub(crate) fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_default()
    }

    pub(crate) fn id(&self) -> &str {
        self.text("id")
    }

    pub(crate) fn state(&self) -> &str {
        self.text("state")
    }

    /// Its one container.
    pub(crate) fn container(&self) -> String {
        format!("pult-{}", self.id())
    }
}

impl Api {
    pub(crate) fn new(url: String, token: String) -> Self {
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { url, token, http }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.expect("an answer")
    }

    /// Asks again when it is told to, where it has asked too often: tests look far more often than programs do.
    async fn patiently(&self, path: &str) -> Response {
        loop {
            let answer = self.get(path).await;
            if answer.status() != StatusCode::TOO_MANY_REQUESTS {
                return answer;
            }
            let pause = answer.headers()["retry-after"].to_str().ok().and_then(|seconds| seconds.parse().ok());
            tokio::time::sleep(Duration::from_secs(pause.expect("it says when"))).await;
        }
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.patiently(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.expect("JSON")
    }

    /// Makes a template and gives it to everyone, as an administrator.
    pub(crate) async fn offer(&self, template: &Value) {
        let given = json!({ "template": template["slug"], "everyone": true });
        for (path, fields) in [("/api/v1/templates", template), ("/api/v1/assignments", &given)] {
            let made = self.request(Method::POST, path).json(fields).send().await.expect("an answer");
            assert_eq!(made.status(), StatusCode::CREATED, "{path}: {}", made.text().await.unwrap_or_default());
        }
    }

    /// Wants a desktop of a template, and yields it with the status.
    pub(crate) async fn want(&self, template: &str) -> (StatusCode, Desktop) {
        let wish = json!({ "template": template });
        let answer = self.request(Method::POST, "/api/v1/desktops").json(&wish).send().await.expect("an answer");
        let status = answer.status();
        assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap_or_default());
        (status, Desktop(answer.json().await.expect("JSON")))
    }

    /// Does something with a desktop: `start`, `stop`, `extend`, `reset`.
    pub(crate) async fn tell(&self, desktop: &Desktop, act: &str) -> Desktop {
        let path = format!("/api/v1/desktops/{}/{act}", desktop.id());
        let answer = self.request(Method::POST, &path).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::ACCEPTED, "{act}");
        Desktop(answer.json().await.expect("JSON"))
    }

    /// A desktop as it is now.
    pub(crate) async fn look(&self, desktop: &Desktop) -> Option<Desktop> {
        let answer = self.patiently(&format!("/api/v1/desktops/{}", desktop.id())).await;
        match answer.status() {
            StatusCode::OK => Some(Desktop(answer.json().await.expect("JSON"))),
            StatusCode::NOT_FOUND => None,
            other => panic!("{other}"),
        }
    }

    /// Waits until a desktop has a state. One that fails meanwhile ends the test with its reason.
    pub(crate) async fn until(&self, desktop: &Desktop, state: &str) -> Desktop {
        eventually(&format!("{} is {state}", desktop.text("name")), || async {
            let now = self.look(desktop).await.expect("it is there");
            assert!(now.state() != "failed" || state == "failed", "it failed: {}", now.text("why"));
            (now.state() == state).then_some(now)
        })
        .await
    }

    /// A running desktop of a template.
    pub(crate) async fn running(&self, template: &str) -> Desktop {
        let (_, desktop) = self.want(template).await;
        self.until(&desktop, "running").await
    }

    /// The status of a page below a desktop's place.
    pub(crate) async fn page(&self, desktop: &Desktop, path: &str) -> StatusCode {
        self.get(&format!("{}{path}", desktop.text("url"))).await.status()
    }

    /// Follows what changes, from now on.
    pub(crate) async fn events(&self) -> Events {
        Events::open(self.request(Method::GET, "/api/v1/events")).await
    }
}
