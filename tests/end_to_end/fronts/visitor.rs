use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use futures::{StreamExt as _, stream};
use reqwest::{
    Certificate, Client, Method, RequestBuilder, Response, StatusCode, Upgraded, header::HeaderValue, redirect::Policy,
};
use serde_json::{Value, json};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

use super::proxies::{Front, Fronts, NAME};
use crate::support::{Desktop, Pult, eventually};

/// What a browser says of the page that it shows.
const ORIGIN: &str = "https://pult.school.example";

/// Where every visitor comes from: an address that is not a front's.
pub(super) const VISITOR: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// The connections that a browser has to one place.
const CONNECTIONS: usize = 6;

/// Somebody's browser, on one way to Pult: through a front, or to Pult itself.
#[derive(Clone)]
pub(super) struct Visitor {
    http: Client,
    scheme: &'static str,
    cookie: String,
    csrf: String,
}

/// A refusal, as it arrived.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) problem: Value,
}

impl Refusal {
    pub(super) fn code(&self) -> &str {
        self.problem["code"].as_str().unwrap_or_default()
    }
}

impl Visitor {
    /// A visitor who comes through a front.
    pub(super) fn through(fronts: &Fronts, front: &Front) -> Self {
        let certificate = Certificate::from_pem(fronts.certificate().as_bytes()).expect("it is one");
        let http = client(fronts.door(front)).tls_certs_only([certificate]);
        Self::with(http, "https")
    }

    /// A visitor with no front between, who says what a front would.
    pub(super) fn direct(pult: &Pult) -> Self {
        Self::with(client(pult.address()), "http")
    }

    fn with(http: reqwest::ClientBuilder, scheme: &'static str) -> Self {
        let http = http.build().expect("a client");
        Self { http, scheme, cookie: String::new(), csrf: String::new() }
    }

    /// Signs in, as the page does.
    pub(super) async fn sign_in(&mut self, user: &str, password: &str) {
        let who = json!({ "username": user, "password": password });
        let answer = self.request(&Method::POST, "/api/v1/login").json(&who).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let cookie = answer.headers()["set-cookie"].to_str().expect("text");
        assert!(cookie.starts_with("__Host-pult_session=") && cookie.contains("Secure"), "{cookie}");
        cookie.split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
        let me: Value = self.get("/api/v1/me").await.json().await.expect("JSON");
        me["csrf_token"].as_str().expect("a token").clone_into(&mut self.csrf);
    }

    pub(super) fn request(&self, method: &Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method.clone(), format!("{}://{NAME}{path}", self.scheme));
        let request = if self.cookie.is_empty() { request } else { request.header("cookie", &self.cookie) };
        if *method == Method::GET {
            request
        } else {
            request.header("x-csrf-token", &self.csrf).header("origin", ORIGIN)
        }
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        self.request(&Method::GET, path).send().await.expect("an answer")
    }

    /// What a page and all its parts hold, by path.
    pub(super) async fn load(&self, page: &str) -> BTreeMap<String, Vec<u8>> {
        let text = self.fetch(page).await;
        let parts = references(&String::from_utf8_lossy(&text));
        assert!(!parts.is_empty(), "{page} has no parts: {}", String::from_utf8_lossy(&text));
        let folder = &page[..=page.rfind('/').expect("an absolute path")];
        let paths = parts.into_iter().map(|part| if part.starts_with('/') { part } else { format!("{folder}{part}") });
        let fetch = |path: String| async move {
            let body = self.fetch(&path).await;
            (path, body)
        };
        let loaded = stream::iter(paths.map(fetch)).buffer_unordered(CONNECTIONS).collect::<BTreeMap<_, _>>();
        let mut loaded = loaded.await;
        loaded.insert(page.to_owned(), text);
        loaded
    }

    async fn fetch(&self, path: &str) -> Vec<u8> {
        // a busy machine's desktop may take longer than the gateway waits for it; nothing else is forgiven
        let answer = eventually(path, || async {
            let answer = self.get(path).await;
            (answer.status() != StatusCode::GATEWAY_TIMEOUT).then_some(answer)
        });
        let answer = answer.await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.bytes().await.expect(path).to_vec()
    }

    /// Opens a stream at a path, or is refused. These headers are sent besides, or instead of a browser's.
    pub(super) async fn open(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<WebSocketStream<Upgraded>, Refusal> {
        // as a browser sends it (RFC 6455 section 4.1), with the key of its section 1.3
        let mut said = BTreeMap::from([
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("origin", ORIGIN),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
        ]);
        said.extend(headers.iter().copied());
        let request = self.request(&Method::GET, path);
        let request = said.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.send().await.expect("an answer");
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refusal(answer).await);
        }
        assert_eq!(answer.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        // who offers no subprotocol must not be given one (RFC 6455 section 4.1)
        let chosen = answer.headers().get("sec-websocket-protocol").map(|value| value.to_str().expect("text"));
        assert!(chosen.is_none_or(|chosen| said.get("sec-websocket-protocol") == Some(&chosen)), "{chosen:?}");
        let stream = answer.upgrade().await.expect("a stream");
        Ok(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }

    /// A refusal of an ordinary request.
    pub(super) async fn refused(&self, path: &str) -> Refusal {
        refusal(self.get(path).await).await
    }
}

/// Where a desktop's stream is, below its place.
pub(super) fn stream_of(desktop: &Desktop, path: &str) -> String {
    format!("{}{path}", desktop.text("url"))
}

fn client(door: SocketAddr) -> reqwest::ClientBuilder {
    Client::builder().redirect(Policy::none()).resolve(NAME, door).local_address(VISITOR)
}

async fn refusal(answer: Response) -> Refusal {
    let (status, kind) = (answer.status(), answer.headers().get("content-type").cloned());
    let text = answer.text().await.expect("a body");
    assert_eq!(kind.as_ref().map(HeaderValue::as_bytes), Some(&b"application/problem+json"[..]), "{status}: {text}");
    Refusal { status, problem: serde_json::from_str(&text).expect("JSON") }
}

/// The parts that a page names, but for those of other places.
fn references(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for mark in ["src=\"", "href=\""] {
        for rest in page.split(mark).skip(1) {
            let part = rest.split(['"', '#', '?']).next().unwrap_or_default();
            if !part.is_empty() && !part.contains(':') && !part.starts_with("//") {
                found.push(part.to_owned());
            }
        }
    }
    found.sort();
    found.dedup();
    found
}
