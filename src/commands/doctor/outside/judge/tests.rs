use std::time::Duration;

use api::{Arrived, OriginSeen};
use chrono::{TimeDelta, Utc};
use domain::{InstallationId, Language};
use gateway::Proxy;
use url::Url;

use super::{certified, forwarded, front, identified, named, silence, stream};
use crate::commands::doctor::{
    outside::{
        Home,
        reach::{Answer, Problem, Refusal, Upgrade},
        tls::{Certificate, Trouble},
    },
    report::{Line, State},
};

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

fn home() -> Home {
    Home {
        installation: Some(InstallationId::new()),
        public_url: url("https://pult.school.example"),
        listen: ([127, 0, 0, 1], 8181).into(),
    }
}

/// What Pult says of a request that came as it should through a good Apache.
fn arrived() -> Arrived {
    Arrived {
        proof: None,
        http: "HTTP/1.1".to_owned(),
        host_is_public: true,
        origin: OriginSeen::Ours,
        cookie: true,
        forwarded_for: true,
        peer_is_trusted: true,
        peer: "10.0.0.7".to_owned(),
        proxy: Some("Apache".to_owned()),
        through_proxy: true,
        time: Utc::now(),
    }
}

fn refused(status: u16, code: &str) -> Upgrade {
    let problem =
        Problem { code: code.to_owned(), detail: "It failed.".to_owned(), remedy: Some("mend it".to_owned()) };
    Upgrade::Refused(Refusal { status, server: None, problem: Some(problem) })
}

fn told(line: &Line) -> (State, String) {
    (line.state, format!("{} → {}", line.detail, line.remedy.as_deref().unwrap_or_default()))
}

#[test]
fn a_front_is_named_by_itself_before_pult_guesses() {
    let answer = |server: Option<&str>, proxy: Option<&str>| Answer {
        server: server.map(str::to_owned),
        arrived: Some(Arrived { proxy: proxy.map(str::to_owned), ..arrived() }),
        ..Answer::default()
    };
    assert_eq!(front(&answer(Some("Apache/2.4.62 (Debian)"), Some("HAProxy"))), Some(Proxy::Apache));
    assert_eq!(front(&answer(None, Some("nginx"))), Some(Proxy::Nginx));
    assert_eq!(front(&answer(Some("something"), None)), None);
}

#[test]
fn a_lost_upgrade_names_the_proxy_and_the_line_to_write() {
    let lost = refused(426, "upgrade_header_lost");
    let (state, text) = told(&stream(&lost, Some(Proxy::Apache), &home(), Language::English));
    assert_eq!(state, State::Fail);
    assert_eq!(
        text,
        "The request reached Pult without `Upgrade`: Apache took it away. → \
         Apache: ProxyPass \"/\" \"http://127.0.0.1:8181/\" upgrade=websocket timeout=3600"
    );
    let (_, text) = told(&stream(&lost, Some(Proxy::Nginx), &home(), Language::German));
    assert!(text.contains("nginx") && text.contains("proxy_set_header Upgrade $http_upgrade"), "{text}");
    let (_, text) = told(&stream(&refused(426, "http_version_lost"), None, &home(), Language::English));
    assert!(text.ends_with("mend it"), "what Pult says, where nobody else knows: {text}");
}

#[test]
fn whatever_else_becomes_of_a_stream_has_its_line() {
    let line = |upgrade: &Upgrade| told(&stream(upgrade, Some(Proxy::Apache), &home(), Language::English));
    let open = |arrived| Upgrade::Opened { arrived };
    assert_eq!(line(&open(arrived())).0, State::Ok);
    let (state, text) = line(&open(Arrived { cookie: false, ..arrived() }));
    assert!(state == State::Fail && text.contains("lost its cookie") && text.contains("Connection"), "{text}");
    let (state, text) = line(&open(Arrived { origin: OriginSeen::Absent, ..arrived() }));
    assert!(state == State::Fail && text.contains("Origin"), "{text}");
    let own = Refusal { status: 502, server: Some("Apache".to_owned()), problem: None };
    let (state, text) = line(&Upgrade::Refused(own));
    assert!(state == State::Fail && text.starts_with("Apache answers with 502"), "{text}");
    // both headers gone: what arrived was an ordinary request
    let (_, text) = line(&Upgrade::Refused(Refusal { status: 200, server: None, problem: None }));
    assert!(text.contains("without `Upgrade`") && text.contains("upgrade=websocket"), "{text}");
    let (_, text) = line(&refused(429, "too_many_attempts"));
    assert_eq!(text, "429 too_many_attempts: It failed. → mend it");
    assert_eq!(line(&Upgrade::Broken("reset".to_owned())).0, State::Fail);
}

#[test]
fn a_proxy_that_says_too_little_is_told_what_to_say() {
    let line = |arrived: Arrived, proxy| told(&forwarded(&arrived, proxy, Language::English));
    assert_eq!(line(arrived(), Some(Proxy::Apache)), (State::Ok, "Apache → ".to_owned()));
    let cases = [
        (Arrived { host_is_public: false, ..arrived() }, Some(Proxy::Apache), "Apache: ProxyPreserveHost On"),
        (Arrived { host_is_public: false, ..arrived() }, Some(Proxy::Nginx), "nginx: proxy_set_header Host $host;"),
        (
            Arrived { forwarded_for: false, ..arrived() },
            Some(Proxy::Nginx),
            "nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        ),
        (Arrived { forwarded_for: false, ..arrived() }, Some(Proxy::Haproxy), "HAProxy: option forwardfor"),
        (Arrived { peer_is_trusted: false, ..arrived() }, Some(Proxy::Caddy), "trusted_proxies = [\"10.0.0.7\"]"),
    ];
    for (arrived, proxy, remedy) in cases {
        let (state, text) = line(arrived, proxy);
        assert!(state == State::Warn && text.ends_with(remedy), "{text}");
    }
    let (state, text) = line(Arrived { cookie: false, ..arrived() }, Some(Proxy::Nginx));
    assert!(state == State::Fail && text.ends_with("proxy_set_header Cookie $http_cookie;"), "{text}");
    let direct = Arrived { through_proxy: false, forwarded_for: false, peer_is_trusted: false, ..arrived() };
    assert_eq!(line(direct, None).0, State::Ok);
}

#[test]
fn the_name_people_use_has_to_be_the_one_pult_knows() {
    let line = |origin| {
        told(&named(&url("https://new.example"), &Arrived { origin, ..arrived() }, &home(), Language::English))
    };
    assert_eq!(line(OriginSeen::Ours).0, State::Ok);
    let (state, text) = line(OriginSeen::Foreign);
    assert!(state == State::Fail && text.ends_with("public_url = \"https://new.example\""), "{text}");
    assert_eq!(line(OriginSeen::Absent).0, State::Fail);
}

#[test]
fn another_pult_is_noticed() {
    let home = home();
    let mine = api::proof(home.installation.expect("one"), "nonce");
    let state = |proof: Option<&str>, home: &Home| {
        let arrived = Arrived { proof: proof.map(str::to_owned), ..arrived() };
        identified(&arrived, "nonce", home, Language::English).state
    };
    assert_eq!(state(Some(&mine), &home), State::Ok);
    assert_eq!(state(Some("00"), &home), State::Fail);
    assert_eq!(state(None, &home), State::Warn);
    assert_eq!(state(Some(&mine), &Home { installation: None, ..home }), State::Skip);
}

#[test]
fn a_certificate_is_judged_as_a_browser_would() {
    let now = Utc::now();
    let state = |days, trouble, self_signed| {
        let names = vec!["pult.school.example".to_owned()];
        let certificate = Certificate { names, not_after: now + TimeDelta::days(days), self_signed, trouble };
        certified(&certificate, "pult.school.example", now, Language::English).state
    };
    assert_eq!(state(60, None, false), State::Ok);
    assert_eq!(state(13, None, false), State::Warn);
    assert_eq!(state(60, Some(Trouble::Issuer), true), State::Warn);
    assert_eq!(state(-1, Some(Trouble::Time), false), State::Fail);
    assert_eq!(state(60, Some(Trouble::Name), false), State::Fail);
}

#[test]
fn a_tunnel_that_is_cut_while_silent_says_which_limit_to_raise() {
    let long = Duration::from_secs(70);
    let cut = Upgrade::Cut(Duration::from_mins(1));
    let (state, text) = told(&silence(&cut, long, Some(Proxy::Nginx), Language::English));
    assert_eq!(state, State::Warn);
    assert!(text.contains("after 60 s") && text.contains("proxy_read_timeout 3600s"), "{text}");
    assert_eq!(silence(&Upgrade::Opened { arrived: arrived() }, long, None, Language::English).state, State::Ok);
}
