//! The stand-in for `KasmVNC` keeps its rules: what breaks one is refused, so that what passes the gateway proves
//! something.

use reqwest::{Client, RequestBuilder, StatusCode};

use super::{Kind, pult};
use crate::support::{Desktop, Pult};

/// A desktop's own address, past Pult.
struct Bare {
    url: String,
    password: String,
}

impl Bare {
    fn of(pult: &Pult, desktop: &Desktop) -> Self {
        let address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = pult.engine.inspect(&desktop.container(), address);
        let variables = pult.engine.inspect(&desktop.container(), "{{range .Config.Env}}{{println .}}{{end}}");
        let password = variables.lines().find_map(|line| line.strip_prefix("VNC_PW=")).expect("a password").to_owned();
        Self { url: format!("https://{address}:6901"), password }
    }

    /// A request with the right password, by a client that writes the names of headers so.
    fn get(&self, path: &str, title_case: bool) -> RequestBuilder {
        let client = Client::builder().tls_danger_accept_invalid_certs(true);
        let client = if title_case { client.http1_title_case_headers() } else { client };
        let client = client.build().expect("a client");
        client.get(format!("{}{path}", self.url)).basic_auth("kasm_user", Some(&self.password))
    }
}

async fn status(request: RequestBuilder) -> StatusCode {
    request.send().await.expect("an answer").status()
}

/// An upgrade with all that it needs, but for one header.
fn upgrade_without(missing: &str, request: RequestBuilder) -> RequestBuilder {
    [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("origin", "https://somewhere.example"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "binary"),
    ]
    .into_iter()
    .filter(|(name, _)| *name != missing)
    .fold(request, |request, (name, value)| request.header(name, value))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stand_in_is_as_strict_as_what_it_stands_for() {
    let pult = pult().await;
    let admin = pult.person("admin", "admin");
    let owner = pult.person("schueler", "student");
    for (kind, in_lower_case) in [(Kind::KasmOld, StatusCode::UNAUTHORIZED), (Kind::Kasm, StatusCode::OK)] {
        kind.make_template(&admin).await;
        let bare = Bare::of(&pult, &owner.running(kind.slug()).await);
        assert_eq!(status(bare.get("/", true)).await, StatusCode::OK);
        assert_eq!(status(bare.get("/", false)).await, in_lower_case, "{kind:?}");

        let upgrade = |missing, path| status(upgrade_without(missing, bare.get(path, true)));
        assert_eq!(upgrade("", "/any/path").await, StatusCode::SWITCHING_PROTOCOLS);
        for missing in ["origin", "sec-websocket-protocol"] {
            assert_eq!(upgrade(missing, "/").await, StatusCode::OK, "a plain GET without {missing}");
            assert_eq!(upgrade(missing, "/websockify").await, StatusCode::NOT_FOUND, "without {missing}");
        }

        // whatever the head holds is searched for these
        let referer = |place| status(bare.get("/", true).header("referer", place));
        assert_eq!(referer("https://pult.school.example/api/docs").await, StatusCode::UNAUTHORIZED);
        assert_eq!(referer("https://pult.school.example/../").await, StatusCode::NOT_FOUND);

        for (what, request) in [
            ("a long path", bare.get(&format!("/{}", "a".repeat(1024)), true)),
            ("a long value", bare.get("/", true).header("user-agent", "a".repeat(1024))),
            ("a long head", (0..20).fold(bare.get("/", true), |get, n| get.header(format!("x-{n}"), "a".repeat(900)))),
            ("a body", bare.get("/", true).body("body")),
        ] {
            assert!(request.send().await.is_err(), "{what} is not answered");
        }

        // one who guesses locks out those who have the same address, and nobody else
        let guesser = Bare { url: bare.url.clone(), password: "wrong".to_owned() };
        for _ in 0..5 {
            let guess = guesser.get("/", true).header("x-forwarded-for", "192.0.2.1");
            assert_eq!(status(guess).await, StatusCode::UNAUTHORIZED);
        }
        let from = |address| status(bare.get("/", true).header("x-forwarded-for", address));
        assert_eq!(from("192.0.2.1").await, StatusCode::UNAUTHORIZED, "with the right password");
        assert_eq!(from("192.0.2.2").await, StatusCode::OK);
    }
}
