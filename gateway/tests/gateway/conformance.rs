//! RFC 6455 through the gateway and without it: the same octets both ways, and the same end.
//!
//! The far end is a server that echoes messages and answers pings, closes with the right status whatever breaks the
//! protocol, and then listens to the end. So every octet that a client sends is heard in every run, and what it hears
//! depends on nothing but that.

mod cases;

use std::{
    collections::HashMap,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    task::JoinSet,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{
        Error, Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use self::cases::{Case, Say};
use super::support::{
    Desktop, Raw, World,
    client::handshake,
    desktop::{Connection, Io},
    https, soon,
};

/// So many conversations at a time.
const AT_A_TIME: usize = 4;

/// What was said and heard in one conversation.
#[derive(PartialEq, Eq)]
struct Told {
    /// By the client, up to the end of the connection.
    to_client: Vec<u8>,
    /// Whether that end was orderly.
    is_orderly: bool,
    /// By the desktop, likewise, without the head.
    to_desktop: Vec<u8>,
}

/// What desktops heard on each connection, by the path that was asked for.
type Heard = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// Keeps what is read through it.
struct Kept {
    io: Box<dyn Io>,
    heard: Vec<u8>,
}

impl AsyncRead for Kept {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        self.heard.extend(&buffer.filled()[before..]);
        read
    }
}

impl AsyncWrite for Kept {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

async fn echo(connection: Connection, heard: Heard) {
    let kept = Kept { io: connection.io, heard: Vec::new() };
    let mut server = accept_async(kept).await.expect("a handshake");
    if let Err(error) = echo_messages(&mut server).await {
        let code = match error {
            Error::Utf8(_) => CloseCode::Invalid,
            Error::Capacity(_) => CloseCode::Size,
            _ => CloseCode::Protocol,
        };
        // closed already, where it was not the client's fault
        let _ = server.close(Some(CloseFrame { code, reason: "".into() })).await;
    }
    let mut kept = server.into_inner();
    let _ = kept.shutdown().await;
    let _ = tokio::io::copy(&mut kept, &mut tokio::io::sink()).await;
    let head = kept.heard.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let line = String::from_utf8_lossy(&kept.heard[..head]).into_owned();
    let path = line.split(' ').nth(1).expect("a path").to_owned();
    heard.lock().expect("not poisoned").insert(path, kept.heard.split_off(head));
}

async fn echo_messages(server: &mut WebSocketStream<Kept>) -> Result<(), Error> {
    while let Some(message) = server.next().await {
        // the others are answered by the library
        if let message @ (Message::Text(_) | Message::Binary(_)) = message? {
            server.send(message).await?;
        }
    }
    Ok(())
}

/// Where a run leads: what to connect to, how the path begins there, and what arrives.
struct Way {
    name: &'static str,
    address: SocketAddr,
    prefix: &'static str,
    heard: Heard,
}

impl Way {
    /// Says what the case says, and returns what was told.
    async fn run(&self, number: usize, case: &Case) -> Told {
        let path = format!("/{number}");
        let head = handshake(&path, &[]).replace(super::support::PREFIX, self.prefix);
        let mut client = Raw::connect(self.address).await;
        client.socket.set_nodelay(true).expect("it can be set");
        assert_eq!(client.ask(head).await.status, 101, "{}, {}", case.name, self.name);
        let early = client.early();
        let (mut read, mut write) = client.socket.into_split();
        let mut to_client = early;
        let listen = async {
            loop {
                match read.read_buf(&mut to_client).await {
                    Ok(0) => break true,
                    Ok(_) => {}
                    Err(_) => break false,
                }
            }
        };
        let speak = async {
            for say in &case.says {
                match say {
                    Say::Octets(octets) => write.write_all(octets).await.expect("they are taken"),
                    Say::Chopped(octets, size) => {
                        for piece in octets.chunks(*size) {
                            write.write_all(piece).await.expect("they are taken");
                        }
                    }
                    Say::Pause(pause) => tokio::time::sleep(*pause).await,
                    Say::End => write.shutdown().await.expect("half a close"),
                }
            }
        };
        let (is_orderly, ()) = tokio::join!(listen, speak);
        drop(write);
        let arrived = async {
            loop {
                if let Some(heard) = self.heard.lock().expect("not poisoned").remove(&path) {
                    break heard;
                }
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        let to_desktop = soon(arrived).await;
        Told { to_client, is_orderly, to_desktop }
    }
}

impl Case {
    fn said(&self) -> Vec<u8> {
        let octets = |say: &Say| match say {
            Say::Octets(octets) | Say::Chopped(octets, _) => octets.clone(),
            Say::Pause(_) | Say::End => Vec::new(),
        };
        self.says.iter().flat_map(octets).collect()
    }
}

/// The status of the close frame that these octets end in.
fn status(octets: &[u8]) -> Option<u16> {
    // a close frame of ours has at most a short reason
    (0..octets.len().min(128)).find_map(|back| match &octets[octets.len() - 1 - back..] {
        [0x88, 0] => Some(1005),
        [0x88, length, high, low, reason @ ..] if usize::from(*length) == 2 + reason.len() => {
            Some(u16::from_be_bytes([*high, *low]))
        }
        _ => None,
    })
}

async fn is_the_same_every_way(number: usize, case: Case, ways: Arc<[Way; 3]>) {
    let [direct, others @ ..] = &*ways;
    let expected = direct.run(number, &case).await;
    assert!(expected.is_orderly, "{}", case.name);
    assert!(expected.to_desktop == case.said(), "{}: the server hears it all", case.name);
    assert_eq!(status(&expected.to_client), case.status, "{}", case.name);
    for way in others {
        let told = way.run(number, &case).await;
        assert_eq!(told.to_client.len(), expected.to_client.len(), "{}, {}", case.name, way.name);
        assert!(told == expected, "{}, {}", case.name, way.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_through_the_gateway_is_the_one_without_it_octet_for_octet() {
    let heard: [Heard; 2] = Default::default();
    let [plain_heard, tls_heard] = heard.clone();
    let plain = Desktop::with(move |connection| echo(connection, Arc::clone(&plain_heard))).await;
    let tls = Desktop::with_tls(move |connection| echo(connection, Arc::clone(&tls_heard))).await;
    let through = World::to(plain.address).await;
    let through_tls = World::with(tls.address, |_, target, _| https(target, &tls.fingerprint)).await;
    let prefix = super::support::PREFIX;
    let ways = Arc::new([
        Way { name: "direct", address: plain.address, prefix: "", heard: Arc::clone(&heard[0]) },
        Way { name: "through", address: through.front, prefix, heard: Arc::clone(&heard[0]) },
        Way { name: "through, https", address: through_tls.front, prefix, heard: Arc::clone(&heard[1]) },
    ]);
    let mut running = JoinSet::new();
    let mut count = 0;
    for (number, case) in cases::cases().enumerate() {
        if running.len() == AT_A_TIME {
            running.join_next().await.expect("one runs").expect("it is the same");
        }
        running.spawn(is_the_same_every_way(number, case, Arc::clone(&ways)));
        count += 1;
    }
    while let Some(done) = running.join_next().await {
        done.expect("it is the same");
    }
    println!("{count} conversations, each directly, through the gateway, and through it over TLS");
    assert!(count > 240, "{count}");
}

#[tokio::test]
async fn the_cases_can_tell_a_difference() {
    // every octet of what this one says is one off
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
        connection.say(super::support::desktop::switching("")).await;
        let mut octets = [0; 64];
        while let Ok(count @ 1..) = connection.io.read(&mut octets).await {
            connection.say(octets[..count].iter().map(|octet| octet ^ 1).collect::<Vec<_>>()).await;
        }
    })
    .await;
    let heard = Heard::default();
    heard.lock().expect("not poisoned").insert("/0".to_owned(), Vec::new());
    let way = Way { name: "wrong", address: desktop.address, prefix: "", heard };
    let mut case = cases::cases().next().expect("a case");
    case.says.push(Say::End);
    let told = way.run(0, &case).await;
    assert!(told.is_orderly && told.to_client.len() == case.said().len());
    assert!(told.to_desktop != case.said() && status(&told.to_client) != case.status);
}
