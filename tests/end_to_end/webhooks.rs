//! Programs that are told what happens to desktops, by a receiver that fails in all the ways that receivers do.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::support::{Api, Pult, eventually};

const WEBHOOKS: &str = "/api/v1/webhooks";
/// Networks that the tests' receivers are in.
const HERE: (&str, &str) = ("webhooks.allow_private", "127.0.0.0/8");

/// What a receiver does with a message.
#[derive(Debug, Clone, Copy)]
enum Act {
    Answer(u16),
    /// Says nothing for a while, and then that it is well.
    Delay(Duration),
    /// Ends the connection without a word.
    Drop,
}

/// A message as it came.
#[derive(Debug, Clone)]
struct Message {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

impl Message {
    fn told(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    fn kind(&self) -> String {
        self.told()["type"].as_str().expect("a type").to_owned()
    }

    /// Whether one of its signatures is this secret's, by the scheme's own words.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("the prefix")).expect("Base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.signature.split(' ').any(|signature| signature == expected)
    }
}

/// A program that is told. Does with each message what comes next in its script, and then takes all of them.
#[derive(Clone)]
struct Receiver {
    port: u16,
    came: Arc<Mutex<Vec<Message>>>,
    script: Arc<Mutex<VecDeque<Act>>>,
}

impl Receiver {
    async fn begin(script: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("it has one").port();
        let script = Arc::new(Mutex::new(script.iter().copied().collect()));
        let receiver = Self { port, came: Arc::default(), script };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        receiver
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/pult?a=b", self.port)
    }

    /// One message for each connection: the answer says that it is the last.
    async fn serve(&self, mut stream: TcpStream) {
        let Some(message) = read(&mut stream).await else { return };
        self.came.lock().expect("nobody panics with it").push(message);
        let act = self.script.lock().expect("nobody panics with it").pop_front().unwrap_or(Act::Answer(204));
        let status = match act {
            Act::Answer(status) => status,
            Act::Delay(pause) => {
                tokio::time::sleep(pause).await;
                200
            }
            Act::Drop => return,
        };
        let answer = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        // whoever has gone away meanwhile does not hear it
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    fn came(&self) -> Vec<Message> {
        self.came.lock().expect("nobody panics with it").clone()
    }

    /// Waits until this many different messages came.
    async fn messages(&self, count: usize) -> BTreeMap<String, Message> {
        eventually(&format!("{count} messages came"), || async {
            let came: BTreeMap<_, _> = self.came().into_iter().map(|one| (one.id.clone(), one)).collect();
            (came.len() >= count).then_some(came)
        })
        .await
    }
}

/// A request as `POST` makes it, read to its end.
async fn read(stream: &mut TcpStream) -> Option<Message> {
    let mut octets = Vec::new();
    loop {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        octets.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&octets).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        if body.len() < header("content-length")?.parse().ok()? {
            continue;
        }
        assert!(head.starts_with("POST /pult?a=b HTTP/1.1"), "{head}");
        assert_eq!(header("content-type").as_deref(), Some("application/json"));
        return Some(Message {
            id: header("webhook-id")?,
            timestamp: header("webhook-timestamp")?,
            signature: header("webhook-signature")?,
            body: body.to_owned(),
        });
    }
}

async fn send(api: &Api, method: Method, path: &str, body: Value) -> Response {
    api.request(method, path).json(&body).send().await.expect("an answer")
}

async fn post(api: &Api, path: &str) -> (StatusCode, Value) {
    let answer = api.request(Method::POST, path).send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

/// A webhook's path and secret.
async fn listening(admin: &Api, receiver: &Receiver, events: &[&str]) -> (String, String) {
    let made = send(admin, Method::POST, WEBHOOKS, json!({ "url": receiver.url(), "events": events })).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: Value = made.json().await.expect("JSON");
    let text = |field: &str| made[field].as_str().expect("text").to_owned();
    (format!("{WEBHOOKS}/{}", text("id")), text("secret"))
}

async fn deliveries(admin: &Api, path: &str) -> Vec<Value> {
    admin.json(&format!("{path}/deliveries")).await["items"].as_array().expect("a list").clone()
}

/// Waits until this many messages arrived, and no other is on its way.
async fn all_arrived(admin: &Api, path: &str, count: usize) -> Vec<Value> {
    eventually("all messages arrived", || async {
        let all = deliveries(admin, path).await;
        (all.len() >= count && all.iter().all(|one| one["state"] == "delivered")).then_some(all)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_told_whatever_happens_to_a_desktop_however_it_fails() {
    let pult = Pult::with(&[HERE]).await;
    let (admin, pupil) = (pult.person("admin", "admin"), pult.person("schueler", "student"));
    let script = [Act::Answer(500), Act::Drop, Act::Delay(Duration::from_secs(2)), Act::Answer(302)];
    let receiver = Receiver::begin(&script).await;
    let (path, secret) = listening(&admin, &receiver, &["desktop.running", "desktop.stopped", "desktop.removed"]).await;
    let well = Receiver::begin(&[]).await;
    let (all, _) = listening(&admin, &well, &[]).await;

    let desktop = pupil.running("tiny").await;
    pupil.tell(&desktop, "stop").await;
    pupil.until(&desktop, "stopped").await;
    let gone = pupil.request(Method::DELETE, &format!("/api/v1/desktops/{}", desktop.id())).send().await;
    assert_eq!(gone.expect("an answer").status(), StatusCode::ACCEPTED);

    let arrived = all_arrived(&admin, &path, 3).await;
    assert_eq!(arrived.len(), 3);
    let attempts: i64 = arrived.iter().map(|one| one["attempts"].as_i64().expect("a number")).sum();
    assert_eq!(attempts, 6, "three failures: {arrived:?}");
    let messages = receiver.messages(3).await;
    assert_eq!(receiver.came().len(), 6);
    for message in receiver.came() {
        assert!(message.is_signed_with(&secret), "{message:?}");
        assert_eq!(message.body, messages[&message.id].body, "it is the same message each time");
        let data = &message.told()["data"];
        assert_eq!((&data["id"], &data["name"]), (&desktop.0["id"], &desktop.0["name"]));
        assert_eq!((&data["template"], data.get("owner")), (&json!("tiny"), None));
    }
    let me = pupil.json("/api/v1/me").await;
    let mut kinds: Vec<_> = messages.values().map(Message::kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["desktop.removed", "desktop.running", "desktop.stopped"]);
    let stopped = messages.values().find(|one| one.kind() == "desktop.stopped").expect("it came").told();
    assert_eq!(
        (&stopped["data"]["state"], &stopped["data"]["reason"]),
        (&json!("stopped"), &json!("stopped_by_owner"))
    );
    assert_eq!(stopped["data"]["owner_id"], me["user"]["id"]);

    // who has a lane of its own was kept waiting by nobody, and heard of each step
    let told: Vec<_> = all_arrived(&admin, &all, 3).await.iter().map(|one| one["event"].clone()).collect();
    for state in ["requested", "starting", "running", "stopping", "stopped", "removed"] {
        assert!(told.contains(&json!(format!("desktop.{state}"))), "{state}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_around_a_kill_is_told_and_what_is_told_twice_is_the_same_message() {
    let mut pult = Pult::with(&[HERE]).await;
    let (admin, pupil) = (pult.person("admin", "admin"), pult.person("schueler", "student"));
    // the first message is taken, and nobody hears that it was
    let receiver = Receiver::begin(&[Act::Delay(Duration::from_secs(9))]).await;
    let (path, secret) = listening(&admin, &receiver, &["*"]).await;
    let (_, desktop) = pupil.want("tiny").await;
    let first = receiver.messages(1).await.into_keys().next().expect("it came");
    pult.kill();
    pult.resume().await;
    pupil.until(&desktop, "running").await;
    // each change of it, none of them twice
    let arrived = eventually("the first message arrived, and the last", || async {
        let all = deliveries(&admin, &path).await;
        let is_told = all.iter().any(|one| one["event"] == "desktop.running");
        (is_told && all.iter().all(|one| one["state"] == "delivered")).then_some(all)
    })
    .await;
    let events: Vec<_> = arrived.iter().rev().map(|one| one["event"].as_str().expect("a word")).collect();
    assert_eq!((events[0], events[events.len() - 1]), ("desktop.requested", "desktop.running"));
    let came = receiver.came();
    assert!(came.iter().filter(|one| one.id == first).count() >= 2, "the first came again");
    for delivery in &arrived {
        let same: Vec<_> = came.iter().filter(|one| delivery["id"] == one.id.as_str()).collect();
        assert!(!same.is_empty(), "nothing is lost: {delivery}");
        assert!(same.iter().all(|one| one.body == same[0].body && one.is_signed_with(&secret)));
    }
    assert_eq!(came.iter().map(|one| &one.id).collect::<std::collections::BTreeSet<_>>().len(), arrived.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_makes_tests_turns_and_ends_webhooks() {
    let pult = Pult::with(&[HERE]).await;
    let admin = pult.person("admin", "admin");
    for url in ["http://10.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "file:///etc/passwd", "x"] {
        let refused = send(&admin, Method::POST, WEBHOOKS, json!({ "url": url })).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        let problem: Value = refused.json().await.expect("JSON");
        assert_eq!(problem["fields"][0]["field"], "url");
    }
    let receiver = Receiver::begin(&[Act::Answer(503)]).await;
    let (path, secret) = listening(&admin, &receiver, &["desktop.failed"]).await;
    let listed = admin.json(WEBHOOKS).await;
    assert_eq!(listed["items"][0]["url"], receiver.url());
    assert!(!listed.to_string().contains("whsec_"), "a secret is shown once");

    // a test is sent once, and says what came of it
    let (status, queued) = post(&admin, &format!("{path}/test")).await;
    assert_eq!((status, &queued["event"]), (StatusCode::ACCEPTED, &json!("webhook.test")));
    let failed = eventually("the test failed", || async {
        deliveries(&admin, &path).await.into_iter().find(|one| one["state"] == "given_up")
    })
    .await;
    assert_eq!((&failed["status"], &failed["problem"]), (&json!(503), &json!("the answer is 503 Service Unavailable")));
    let replay = format!("{path}/deliveries/{}/replay", failed["id"].as_str().expect("an id"));
    assert_eq!(post(&admin, &replay).await.0, StatusCode::ACCEPTED);
    let arrived = all_arrived(&admin, &path, 1).await;
    assert_eq!((&arrived[0]["id"], &arrived[0]["attempts"]), (&failed["id"], &json!(2)));
    let came = receiver.came();
    assert!(came.len() == 2 && came[0].id == came[1].id && came.iter().all(|one| one.is_signed_with(&secret)));

    // for a day both secrets are good
    let (status, turned) = post(&admin, &format!("{path}/rotate")).await;
    let another = turned["secret"].as_str().expect("a secret").to_owned();
    assert_eq!(status, StatusCode::OK);
    assert_ne!(another, secret);
    post(&admin, &format!("{path}/test")).await;
    let message = receiver.messages(2).await.into_values().find(|one| one.id != came[0].id).expect("it came");
    assert!(message.is_signed_with(&secret) && message.is_signed_with(&another));

    let off = send(&admin, Method::PATCH, &path, json!({ "enabled": false, "events": ["*"] })).await;
    let off: Value = off.json().await.expect("JSON");
    assert_eq!((&off["enabled"], &off["events"]), (&json!(false), &json!(["*"])));
    let gone = admin.request(Method::DELETE, &path).send().await.expect("an answer");
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(admin.get(&format!("{path}/deliveries")).await.status(), StatusCode::NOT_FOUND);
    let audit = admin.json("/api/v1/audit").await.to_string();
    for action in ["webhook.create", "webhook.replay", "webhook.rotate", "webhook.update", "webhook.delete"] {
        assert!(audit.contains(action), "{action}");
    }
    assert!(!audit.contains("whsec_") && !pult.log().contains("whsec_"));
}
