use std::sync::{Arc, Mutex};

use domain::{access::Role, identity::Rules, provisioning::Roster};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{Access, Config, FetchError, fetch};

const USERS: &str = "/iserv/idm/api/v1/users";
const GROUPS: &str = "/iserv/idm/api/v1/groups";

/// What a stand-in answers to a path with its query.
type Answers = fn(&str, &str) -> (u16, String);

/// An IServ that answers as it is told, and all that it was asked.
struct Stand {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Stand {
    async fn start(answers: Answers) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (own, heard) = (url.clone(), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (own, heard) = (own.clone(), Arc::clone(&heard));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.windows(4).any(|end| end == b"\r\n\r\n") && stream.read_buf(&mut head).await.is_ok() {}
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    heard.lock().expect("nobody panics with it").push(head);
                    let (status, body) = answers(&own, &path);
                    let length = body.len();
                    let told = format!(
                        "HTTP/1.1 {status} X\r\nlocation: {own}/elsewhere\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                    );
                    let _ = stream.write_all(told.as_bytes()).await;
                });
            }
        });
        Self { url, asked }
    }

    fn config(&self, access: Access) -> Config {
        let rules = Rules {
            teacher_groups: vec!["lehrer".to_owned()],
            admin_groups: vec!["admins".to_owned()],
            ..Rules::default()
        };
        Config { url: self.url.parse().expect("a URL"), access, issuer: "https://iserv.example".to_owned(), rules }
    }

    async fn fetch(&self) -> Result<Roster, FetchError> {
        fetch(&self.config(Access::Header("secret".into()))).await
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics with it").clone()
    }
}

async fn told(answers: Answers) -> Result<Roster, FetchError> {
    Stand::start(answers).await.fetch().await
}

fn user(number: usize) -> Value {
    json!({ "hexUuid": format!("u{number}"), "user": format!("user.{number}"), "firstname": "Jörg", "lastname": number.to_string(), "locked": false, "deleted": null, "auxInfo": "8d" })
}

fn groups() -> Value {
    json!([
        { "hexUuid": "g1", "group": "klasse.8d", "name": "Klasse 8D", "owner": "u1", "deleted": null },
        { "hexUuid": "g2", "group": "lehrer", "name": "Lehrkräfte", "deleted": false },
        { "hexUuid": "g3", "group": "alt", "name": "Alt", "deleted": "2025-01-01T00:00:00Z" },
        { "hexUuid": "g4", "group": "admins", "name": "Admins" },
    ])
}

fn ok(body: &Value) -> (u16, String) {
    (200, body.to_string())
}

/// Plain lists, three pages of people, groups on one page whatever page is asked for.
fn plain(_: &str, path: &str) -> (u16, String) {
    if path.contains("/groups/g1/members") {
        return ok(&json!([{ "hexUuid": "u1" }, { "hexUuid": "u2" }]));
    }
    if path.contains("/groups/g2/members") {
        return ok(&json!(["/iserv/idm/api/v1/users/u3"]));
    }
    if path.contains("/groups/g4/members") {
        return ok(&json!(["u4", "nobody"]));
    }
    if path.starts_with(GROUPS) {
        return ok(&groups());
    }
    match path.strip_prefix(USERS) {
        Some("") => ok(&json!([user(1), user(2)])),
        Some("?page=2") => ok(&json!([user(2), user(3), user(4)])),
        Some("?page=3") => {
            ok(&json!([{ "hexUuid": "u5", "user": "gone", "locked": true }, { "hexUuid": "u6", "deleted": 1 }]))
        }
        _ => ok(&json!([])),
    }
}

#[tokio::test]
async fn plain_lists_are_read_page_by_page() {
    let stand = Stand::start(plain).await;
    let roster = stand.fetch().await.expect("a roster");
    let ids: Vec<_> = roster.people.iter().map(|person| person.external_id.as_str()).collect();
    assert_eq!(ids, ["u1", "u2", "u3", "u4"], "each once, and nobody who is locked or deleted");
    assert_eq!(roster.people[0].display_name, "Jörg 1");
    let roles: Vec<_> = roster.people.iter().map(|person| person.role).collect();
    let [student, teacher] = [Some(Role::Student), Some(Role::Teacher)];
    assert_eq!(roles, [student, student, teacher, teacher], "and nobody an administrator by a list");
    assert_eq!(
        roster.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(),
        ["Klasse 8D", "Lehrkräfte", "Admins"]
    );
    assert_eq!(roster.groups[0].key.as_deref(), Some("https://iserv.example act:klasse.8d"));
    assert_eq!(roster.members.len(), 4, "and nobody who is not in the list of people");
    assert!(stand.asked().iter().all(|head| head.contains("x-iserv-authentication: secret\r\n")));
}

/// A Hydra collection, in the old words and in the new.
fn hydra(own: &str, path: &str) -> (u16, String) {
    match path {
        USERS => ok(&json!({ "hydra:member": [user(1)], "hydra:view": { "hydra:next": format!("{USERS}?page=2") } })),
        "/iserv/idm/api/v1/users?page=2" => {
            ok(&json!({ "member": [user(2)], "view": { "next": format!("{own}{USERS}?page=3") } }))
        }
        "/iserv/idm/api/v1/users?page=3" => ok(&json!({ "hydra:member": [user(3)], "hydra:view": {} })),
        GROUPS => ok(&json!({ "hydra:member": [] })),
        _ => (404, String::new()),
    }
}

#[tokio::test]
async fn collections_are_read_by_their_links() {
    assert_eq!(told(hydra).await.expect("a roster").people.len(), 3);
}

#[tokio::test]
async fn a_token_is_asked_for_where_iserv_says_and_shown_to_nobody_else() {
    fn elsewhere(_: &str, _: &str) -> (u16, String) {
        ok(&json!({ "token_endpoint": "https://evil.example/token" }))
    }
    fn answers(own: &str, path: &str) -> (u16, String) {
        match path {
            "/.well-known/openid-configuration" => ok(&json!({ "token_endpoint": format!("{own}/token") })),
            "/token" => ok(&json!({ "access_token": "t1", "token_type": "Bearer" })),
            _ => plain(own, path),
        }
    }
    let stand = Stand::start(answers).await;
    let access = || Access::Client { id: "pult".to_owned(), secret: "s3".into(), token_url: None };
    fetch(&stand.config(access())).await.expect("a roster");
    let (before, after): (Vec<_>, Vec<_>) = stand.asked().into_iter().partition(|head| !head.contains("/idm/"));
    assert!(before.iter().all(|head| !head.contains("authorization")));
    assert!(after.iter().all(|head| head.contains("authorization: Bearer t1\r\n")));

    let stand = Stand::start(elsewhere).await;
    let refused = fetch(&stand.config(access())).await;
    assert!(matches!(refused, Err(FetchError::Foreign(_))), "{refused:?}");
}

#[tokio::test]
async fn no_link_leads_to_another_origin() {
    macro_rules! leads_to {
        ($next:expr) => {{
            fn answers(own: &str, _: &str) -> (u16, String) {
                let next: &str = $next;
                let next = next.replace("{own}", own);
                ok(&json!({ "hydra:member": [user(1)], "hydra:view": { "hydra:next": next } }))
            }
            told(answers).await
        }};
    }
    for refused in [
        leads_to!("https://evil.example/users"),
        leads_to!("//evil.example/users"),
        leads_to!("http://127.0.0.2:1/users"),
        leads_to!("https://127.0.0.1/users"),
        leads_to!("file:///etc/passwd"),
        leads_to!("http://user@127.0.0.1:1/"),
    ] {
        assert!(matches!(refused, Err(FetchError::Foreign(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn whatever_is_odd_ends_the_reading() {
    macro_rules! says {
        ($status:expr, $body:expr) => {{
            fn answers(_: &str, path: &str) -> (u16, String) {
                if path.starts_with(USERS) { ($status, $body) } else { ok(&json!([])) }
            }
            told(answers).await
        }};
    }
    for refused in [
        says!(200, json!({ "error": "no" }).to_string()),
        says!(200, json!("users").to_string()),
        says!(200, json!([1]).to_string()),
        says!(200, json!([{ "user": "without.id" }]).to_string()),
        says!(200, json!([{ "hexUuid": "../../etc" }]).to_string()),
        says!(200, json!({ "hydra:member": [], "hydra:view": { "hydra:next": 7 } }).to_string()),
    ] {
        assert!(matches!(refused, Err(FetchError::Odd(_))), "{refused:?}");
    }
    for refused in [
        says!(302, "[]".to_owned()),
        says!(401, "[]".to_owned()),
        says!(500, "[]".to_owned()),
        says!(204, String::new()),
    ] {
        assert!(matches!(refused, Err(FetchError::Status(..))), "{refused:?}");
    }
    let refused = says!(200, "<html>Wartung</html>".to_owned());
    assert!(matches!(refused, Err(FetchError::Json(_))), "{refused:?}");
    let refused = says!(200, format!("[\"{}\"]", "x".repeat(17 * 1024 * 1024)));
    assert!(matches!(refused, Err(FetchError::TooLarge)), "{refused:?}");
}

#[tokio::test]
async fn pages_that_lead_round_and_round_end() {
    fn answers(_: &str, path: &str) -> (u16, String) {
        let next = if path == USERS { format!("{USERS}?page=2") } else { USERS.to_owned() };
        ok(&json!({ "hydra:member": [user(1)], "hydra:view": { "hydra:next": next } }))
    }
    let refused = told(answers).await;
    assert!(matches!(refused, Err(FetchError::Endless(_))), "{refused:?}");
}

#[tokio::test]
async fn half_a_list_is_none() {
    fn answers(own: &str, path: &str) -> (u16, String) {
        if path.contains("/g2/members") { (503, String::new()) } else { plain(own, path) }
    }
    let refused = told(answers).await;
    assert!(matches!(refused, Err(FetchError::Status(..))), "{refused:?}");
    let gone = Stand { url: "http://127.0.0.1:1".to_owned(), asked: Arc::default() };
    assert!(matches!(gone.fetch().await, Err(FetchError::Http(_))));
}
