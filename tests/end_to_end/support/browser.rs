use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Client, Method, StatusCode,
    cookie::{CookieStore as _, Jar},
    dns::{Addrs, Name, Resolve, Resolving},
    header::HeaderMap,
    redirect::Policy,
};
use serde_json::{Value, json};

use super::Pult;

/// A browser without a screen: it keeps cookies, and goes where it is led one step at a time. Every name is this
/// machine to it.
pub(crate) struct Browser {
    app: String,
    jar: Arc<Jar>,
    http: Client,
}

/// What was answered.
pub(crate) struct Hop {
    pub(crate) url: String,
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    headers: HeaderMap,
}

struct ThisMachine;

impl Resolve for ThisMachine {
    fn resolve(&self, _: Name) -> Resolving {
        let here: Addrs = Box::new(std::iter::once(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
        Box::pin(std::future::ready(Ok(here)))
    }
}

impl Browser {
    /// One that was never here.
    pub(crate) fn new(pult: &Pult) -> Self {
        let jar = Arc::new(Jar::default());
        let http = Client::builder()
            .cookie_provider(Arc::clone(&jar))
            .dns_resolver(ThisMachine)
            .redirect(Policy::none())
            .build()
            .expect("a client");
        Self { app: pult.url().replace("localhost", "pult.localhost"), jar, http }
    }

    /// One in which an account of the demo is signed in.
    pub(crate) async fn signed_in(pult: &Pult, name: &str) -> Self {
        let browser = Self::new(pult);
        let credentials = json!({ "username": name, "password": pult.password_of(name) });
        let answer = browser.post(&format!("{}/api/v1/login", browser.app), &credentials, &[]).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
        browser
    }

    pub(crate) async fn sign_out(&self) {
        let me = self.ask(&format!("{}/api/v1/me", self.app), &[]).await;
        let me: Value = serde_json::from_str(&me.body).expect("JSON");
        let token = me["csrf_token"].as_str().expect("a token");
        let out = self.post(&format!("{}/api/v1/logout", self.app), &json!({}), &[("x-csrf-token", token)]).await;
        assert_eq!(out.status, StatusCode::NO_CONTENT);
    }

    /// The app's origin.
    pub(crate) fn app(&self) -> &str {
        &self.app
    }

    /// The cookie of the app.
    pub(crate) fn session(&self) -> String {
        let cookies = self.jar.cookies(&self.app.parse().expect("a URL")).expect("it is signed in");
        cookies.to_str().expect("text").to_owned()
    }

    /// Goes to a page, and no further.
    pub(crate) async fn get(&self, url: &str) -> Hop {
        self.ask(url, &[("accept", "text/html")]).await
    }

    /// Asks as a part of a page or a program does.
    pub(crate) async fn ask(&self, url: &str, headers: &[(&str, &str)]) -> Hop {
        self.send(self.http.request(Method::GET, url), url, headers).await
    }

    pub(crate) async fn post(&self, url: &str, body: &Value, headers: &[(&str, &str)]) -> Hop {
        self.send(self.http.request(Method::POST, url).json(body), url, headers).await
    }

    /// Goes to a page and on from there as long as it is led on, and yields every step.
    pub(crate) async fn follow(&self, url: &str) -> Vec<Hop> {
        let mut hops = vec![self.get(url).await];
        while let Some(next) = hops.last().and_then(Hop::next) {
            assert!(hops.len() < 10, "it goes round and round: {next}");
            hops.push(self.get(&next).await);
        }
        hops
    }

    /// Changes something, as a page of the app does.
    pub(crate) async fn change(&self, method: Method, path: &str) -> Hop {
        let me = self.ask(&format!("{}/api/v1/me", self.app), &[]).await;
        let me: Value = serde_json::from_str(&me.body).expect("JSON");
        let token = me["csrf_token"].as_str().expect("a token");
        let url = format!("{}{path}", self.app);
        self.send(self.http.request(method, &url), &url, &[("x-csrf-token", token)]).await
    }

    /// Goes on until it is led to a path, and yields that address without going there.
    pub(crate) async fn follow_until(&self, url: &str, path: &str) -> String {
        let mut next = url.to_owned();
        while !next.contains(path) {
            next = self.get(&next).await.led_to();
        }
        next
    }

    async fn send(&self, request: reqwest::RequestBuilder, url: &str, headers: &[(&str, &str)]) -> Hop {
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        Hop { url: url.to_owned(), status, headers, body: answer.text().await.expect("a body") }
    }
}

impl Hop {
    /// A header, as text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Where it leads.
    pub(crate) fn led_to(&self) -> String {
        self.next().unwrap_or_else(|| panic!("{} leads nowhere: {} {}", self.url, self.status, self.body))
    }

    /// The cookie that it gives, as it is sent back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    }

    /// The problem's word, if it is one, or the one on a page that tells of it.
    pub(crate) fn code(&self) -> String {
        let problem: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let reported = || self.body.split_once("<code>").and_then(|(_, report)| report.split(' ').next());
        problem["code"].as_str().or_else(reported).unwrap_or_default().to_owned()
    }

    /// Its path and query, with who has it: the app or a desktop.
    pub(crate) fn path_on(&self, app: &str) -> String {
        match self.url.strip_prefix(app) {
            Some(path) => format!("app:{path}"),
            None => format!("desktop:{}", &self.url[self.url.match_indices('/').nth(2).expect("a path").0..]),
        }
    }

    fn next(&self) -> Option<String> {
        let place = self.headers.get("location")?.to_str().expect("text");
        if !place.starts_with('/') {
            return Some(place.to_owned());
        }
        let end = self.url.match_indices('/').nth(2).map_or(self.url.len(), |(end, _)| end);
        Some(format!("{}{place}", &self.url[..end]))
    }
}
