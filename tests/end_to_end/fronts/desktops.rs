use std::{collections::BTreeMap, path::Path, time::Duration};

use futures::{SinkExt as _, StreamExt as _};
use reqwest::Upgraded;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use super::visitor::{Visitor, stream_of};
use crate::support::{Api, Desktop, Rfb, eventually};

const RETURN: u32 = 0xff0d;

/// Selkies turns away an address that had a stream less than half a second ago.
const SELKIES_PAUSE: Duration = Duration::from_millis(600);

/// A kind of desktop that people run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// TigerVNC, websockify and noVNC.
    Tiger,
    /// The same with TLS, and a certificate made at each start.
    TigerTls,
    /// `KasmVNC` 1.3.4, by its stand-in: matches some headers with their case.
    KasmOld,
    /// `KasmVNC` 1.5.1, by its stand-in.
    Kasm,
    /// Selkies.
    Selkies,
}

pub(super) const KINDS: [Kind; 5] = [Kind::Tiger, Kind::TigerTls, Kind::KasmOld, Kind::Kasm, Kind::Selkies];

impl Kind {
    /// Its template's slug.
    pub(super) fn slug(self) -> &'static str {
        match self {
            Self::Tiger => "tiger",
            Self::TigerTls => "tiger-tls",
            Self::KasmOld => "kasm-old",
            Self::Kasm => "kasm",
            Self::Selkies => "selkies",
        }
    }

    /// What shows it in a browser, as the journey knows it.
    pub(super) fn shown_by(self) -> &'static str {
        match self {
            Self::Tiger | Self::TigerTls => "viewer",
            Self::KasmOld | Self::Kasm => "kasm",
            Self::Selkies => "selkies",
        }
    }

    /// Whether what is typed into it is run.
    pub(super) fn has_a_shell(self) -> bool {
        !matches!(self, Self::KasmOld | Self::Kasm)
    }

    fn template(self) -> Value {
        let kasm = |version| {
            json!({
                "image": "pult/kasm:latest", "protocol": "https", "client": "container",
                "env": { "KASM_VERSION": version },
                // each start rewrites files in the home, and must not do so under another's feet
                "home": "template",
            })
        };
        match self {
            Self::Tiger => json!({ "image": "pult/tiny:latest", "health_path": "/vnc.html" }),
            Self::TigerTls => json!({
                "image": "pult/tiny:latest", "health_path": "/vnc.html", "protocol": "https",
                "env": { "TLS": "self-signed" },
            }),
            Self::KasmOld => kasm("1.3.4"),
            Self::Kasm => kasm("1.5.1"),
            Self::Selkies => json!({ "image": "pult/selkies:latest", "port": 8080, "client": "container" }),
        }
    }

    /// Makes its template and gives it to everybody.
    pub(super) async fn make_template(self, admin: &Api) {
        let mut template = self.template();
        template["slug"] = self.slug().into();
        template["name"] = self.slug().into();
        admin.offer(&template).await;
    }

    /// What a browser loads of it, by path.
    pub(super) async fn load(self, visitor: &Visitor, desktop: &Desktop) -> BTreeMap<String, Vec<u8>> {
        let mut loaded = visitor.load(desktop.text("url")).await;
        match self {
            // that was our viewer, and this is the container's own page
            Self::Tiger | Self::TigerTls => loaded.extend(visitor.load(&stream_of(desktop, "vnc.html")).await),
            Self::KasmOld | Self::Kasm => assert_eq!(loaded.len(), 1 + 28 + 2, "the page, its parts, client and style"),
            Self::Selkies => {}
        }
        loaded
    }

    /// Opens its stream, and takes part in its protocol until it greets.
    pub(super) async fn open(self, visitor: &Visitor, desktop: &Desktop) -> Stream {
        let path = stream_of(desktop, if self == Self::Selkies { "api/websockets" } else { "websockify" });
        match self {
            Self::Tiger | Self::TigerTls => {
                let stream = visitor.open(&path, &[]).await;
                let mut rfb = Rfb::over(stream.unwrap_or_else(|refusal| panic!("{self:?}: {refusal:?}"))).await;
                rfb.first_pixels().await;
                Stream::Rfb(rfb)
            }
            Self::KasmOld | Self::Kasm => {
                let stream = visitor.open(&path, &[("sec-websocket-protocol", "binary")]).await;
                let stream = stream.unwrap_or_else(|refusal| panic!("{self:?}: {refusal:?}"));
                Stream::Kasm(KasmClient::greet(stream).await)
            }
            Self::Selkies => {
                sleep(SELKIES_PAUSE).await;
                let stream = visitor.open(&path, &[]).await;
                let stream = stream.unwrap_or_else(|refusal| panic!("{self:?}: {refusal:?}"));
                Stream::Selkies(SelkiesClient::greet(stream).await)
            }
        }
    }
}

/// A stream into a desktop.
pub(super) enum Stream {
    Rfb(Rfb<Upgraded>),
    Kasm(KasmClient),
    Selkies(SelkiesClient),
}

impl Stream {
    /// Types, and waits until the desktop has seen it.
    pub(super) async fn type_and_see(&mut self, home: &Path, what: &str) {
        match self {
            Self::Rfb(rfb) => {
                for letter in format!("touch {what}").chars() {
                    rfb.press(u32::from(letter)).await;
                }
                rfb.press(RETURN).await;
                appears(&home.join(what)).await;
            }
            Self::Selkies(selkies) => {
                let file = home.join(what);
                tokio::select! {
                    () = appears(&file) => {}
                    () = selkies.type_until_heard(what) => {}
                }
            }
            Self::Kasm(kasm) => {
                kasm.say(&[4, 1, 0, 0, 0, 0, 0, b'a']).await;
                assert_eq!(kasm.seen().await, "press 97");
                kasm.say(&[5, 0, 1, 0, 20, 0, 30, 0, 0, 0, 0]).await;
                assert_eq!(kasm.seen().await, "pointer 1 20 30");
            }
        }
    }

    /// Does what makes the desktop end it, and waits for that.
    pub(super) async fn end_by_the_desktop(self) {
        match self {
            Self::Rfb(mut rfb) => {
                rfb.say_nonsense().await;
                rfb.ended().await;
            }
            Self::Kasm(mut kasm) => {
                kasm.say(&vec![0; 65_536]).await;
                while let Some(Ok(_)) = kasm.stream.next().await {}
            }
            Self::Selkies(mut selkies) => {
                selkies.stream.close(None).await.expect("it is open");
                while let Some(Ok(_)) = selkies.stream.next().await {}
            }
        }
    }
}

async fn appears(file: &Path) {
    eventually(&format!("{} is there", file.display()), || async { file.exists().then_some(()) }).await;
}

/// The stand-in's client, as far as a test needs it.
pub(super) struct KasmClient {
    stream: WebSocketStream<Upgraded>,
    /// What the desktop calls itself.
    name: String,
}

impl KasmClient {
    pub(super) async fn greet(stream: WebSocketStream<Upgraded>) -> Self {
        let mut client = Self { stream, name: String::new() };
        assert_eq!(client.hear().await, b"RFB 003.008\n");
        client.say(b"RFB 003.008\n").await;
        assert_eq!(client.hear().await, [1, 1]);
        client.say(&[1]).await;
        assert_eq!(client.hear().await, [0; 4]);
        client.say(&[1]).await;
        client.name = String::from_utf8_lossy(&client.hear().await[24..]).into_owned();
        client
    }

    /// Whose stream the desktop thinks it is.
    pub(super) fn visitor(&self) -> &str {
        self.name.split(' ').next_back().unwrap_or_default()
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.stream.send(Message::Binary(bytes.to_vec().into())).await.expect("it is open");
    }

    async fn hear(&mut self) -> Vec<u8> {
        let message = self.stream.next().await.expect("it is open").expect("it is well");
        message.into_data().to_vec()
    }

    /// What it says that it has seen.
    async fn seen(&mut self) -> String {
        let message = self.hear().await;
        assert_eq!(message[0], 250, "{message:?}");
        String::from_utf8_lossy(&message[2..]).into_owned()
    }
}

/// How a piece of the picture begins.
const JPEG: u8 = 3;

/// Selkies' client, as far as a test needs it.
pub(super) struct SelkiesClient {
    stream: WebSocketStream<Upgraded>,
}

impl SelkiesClient {
    /// Says which screen it wants, and waits for the first piece of the picture.
    async fn greet(stream: WebSocketStream<Upgraded>) -> Self {
        let mut client = Self { stream };
        client.hear(|message| matches!(message, Message::Text(text) if text.contains("server_settings"))).await;
        let screen = json!({ "displayId": "primary", "initialClientWidth": 1280, "initialClientHeight": 720 });
        client.say(format!("SETTINGS,{screen}")).await;
        client.say("START_VIDEO".to_owned()).await;
        client.hear(|message| matches!(message, Message::Binary(bytes) if bytes.first() == Some(&JPEG))).await;
        client
    }

    async fn click(&mut self, x: u16, y: u16) {
        for buttons in [1, 0] {
            self.say(format!("m,{x},{y},{buttons},0")).await;
        }
    }

    async fn press(&mut self, keysym: u32) {
        for word in ["kd", "ku"] {
            self.say(format!("{word},{keysym}")).await;
        }
    }

    /// Asks for a file, and again where nothing comes of it, as a person would: its window manager forgets where the
    /// focus is when the screen changes its size, and may do so while one types. Never ends.
    async fn type_until_heard(&mut self, what: &str) {
        loop {
            self.click(200, 150).await;
            for letter in format!("touch {what}").chars() {
                self.press(u32::from(letter)).await;
            }
            self.press(RETURN).await;
            // it asks now and then whether somebody listens
            let _ = timeout(Duration::from_secs(5), self.hear(|_| false)).await;
        }
    }

    async fn say(&mut self, text: String) {
        self.stream.send(Message::Text(text.into())).await.expect("it is open");
    }

    /// Waits for a message.
    async fn hear(&mut self, is_it: impl Fn(&Message) -> bool) {
        while !is_it(&self.stream.next().await.expect("it is open").expect("it is well")) {}
    }
}
