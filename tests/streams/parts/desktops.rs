//! Stand-ins for desktops: any number of them in one process, each at an address of its own on the loopback device.
//!
//! Who lives at an address can be told and changed, as an engine does that gives a freed address to the next
//! container. A tenant lets in whoever has its password, and says in everything it sends who it is.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::CertifiedKey;
use rustls::{ServerConfig, crypto::ring};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split},
    net::{TcpListener, TcpSocket},
    sync::Notify,
    time::{MissedTickBehavior, interval},
};
use tokio_rustls::TlsAcceptor;

use super::Ear;
use crate::{
    client::{ACCEPT, KEY},
    errand::Errand,
    octets::{Frames, POINTER, content, echo, hello, pointer},
};

/// The user that desktops know.
pub(crate) const USER: &str = "kasm_user";
/// Who lives where nobody was said to live.
pub(crate) const NOBODY: u64 = u64::MAX;
const MAX_HEAD: usize = 16 * 1024;

/// What the stand-ins are told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Word {
    /// Say where you are.
    Where,
    /// These live there from now on. Whoever is connected with the tenant before stays so.
    Live(Vec<(Ipv4Addr, Tenant)>),
    /// Say what you saw.
    Count,
}

/// Who lives at an address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tenant {
    /// What everything it sends is stamped with.
    pub(crate) stamp: u64,
    /// What opens its door.
    pub(crate) password: String,
}

/// Where the stand-ins listen.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) plain: u16,
    pub(crate) tls: u16,
    /// SHA-256 of the certificate they all show.
    pub(crate) fingerprint: String,
}

/// What the stand-ins saw.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Movements of mice that came as they were sent.
    pub(crate) pointers: u64,
    /// Streams on which something else came.
    pub(crate) altered: u64,
    /// Connections that had another tenant's password.
    pub(crate) refused: u64,
}

#[derive(Default)]
struct House {
    tenants: RwLock<HashMap<Ipv4Addr, Tenant>>,
    pointers: AtomicU64,
    altered: AtomicU64,
    refused: AtomicU64,
}

pub(crate) async fn run() {
    let house = Arc::new(House::default());
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["desktop".to_owned()]).expect("a certificate");
    let fingerprint = hex(&Sha256::digest(cert.der()));
    let key = signing_key.serialize_der().try_into().expect("a key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a configuration");
    // whoever comes again is spared half a handshake, as OpenSSL's servers do
    config.ticketer = ring::Ticketer::new().expect("a ticketer");
    let (plain, tls) = (listen(), listen());
    let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
    let place = Place { plain: port(&plain), tls: port(&tls), fingerprint };
    tokio::spawn(accept(plain, None, Arc::clone(&house)));
    tokio::spawn(accept(tls, Some(TlsAcceptor::from(Arc::new(config))), Arc::clone(&house)));
    let mut ear = Ear::new();
    while let Some(word) = ear.hear().await {
        match word {
            Word::Where => ear.answer(&place),
            Word::Live(tenants) => {
                house.tenants.write().unwrap_or_else(PoisonError::into_inner).extend(tenants);
                ear.answer(&());
            }
            Word::Count => ear.answer(&Counts {
                pointers: house.pointers.load(Relaxed),
                altered: house.altered.load(Relaxed),
                refused: house.refused.load(Relaxed),
            }),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(digit.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Listens at every address of the loopback device, and on no other device.
fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind_device(Some(b"lo")).expect("the loopback device");
    socket.bind((Ipv4Addr::UNSPECIFIED, 0).into()).expect("a port");
    socket.listen(4096).expect("it listens")
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, house: Arc<House>) {
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let (house, tls) = (Arc::clone(&house), tls.clone());
        tokio::spawn(async move {
            let Ok(address) = socket.local_addr() else { return };
            // a client that goes is none of our business
            let _ = socket.set_nodelay(true);
            let _ = match tls {
                None => serve(socket, address, &house).await,
                Some(tls) => match tls.accept(socket).await {
                    Ok(stream) => serve(stream, address, &house).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

/// Answers requests until one becomes a stream, or the client goes.
async fn serve(mut io: impl AsyncRead + AsyncWrite + Unpin + Send, at: SocketAddr, house: &House) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(1024);
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if buffer.len() > MAX_HEAD || io.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let rest = buffer.split_off(end);
        let Some(stamp) = house.who(at, &head) else {
            house.refused.fetch_add(1, Relaxed);
            let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            io.write_all(refusal.as_bytes()).await?;
            return io.shutdown().await;
        };
        let query = head.split(' ').nth(1).and_then(|path| path.split_once('?')).map_or("", |(_, query)| query);
        if head.contains(KEY) {
            let errand = query.parse().map_err(|()| io::Error::other("a client of ours says what it wants"))?;
            let switching = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {ACCEPT}\r\n{}\r\n",
                if head.to_ascii_lowercase().contains("sec-websocket-protocol: binary") {
                    "Sec-WebSocket-Protocol: binary\r\n"
                } else {
                    ""
                }
            );
            // glued to the head, as desktops do that have something to say at once
            let first = [switching.as_bytes(), &hello(stamp)].concat();
            io.write_all(&first).await?;
            return stream(io, errand, stamp, rest, house).await;
        }
        let size = query.strip_prefix("size=").and_then(|size| size.parse().ok()).unwrap_or(0);
        let closes = head.to_ascii_lowercase().contains("connection: close");
        let connection = if closes { "Connection: close\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n{connection}Content-Length: {size}\r\n\r\n"
        );
        io.write_all(&[head.as_bytes(), content(size as u64, size)].concat()).await?;
        if closes {
            return io.shutdown().await;
        }
        buffer = rest;
    }
}

impl House {
    /// Who lives there and lets this head in.
    fn who(&self, at: SocketAddr, head: &str) -> Option<u64> {
        let IpAddr::V4(address) = at.ip() else { return None };
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let Some(tenant) = tenants.get(&address) else {
            return Some(NOBODY);
        };
        let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{}", tenant.password)));
        head.contains(&expected).then_some(tenant.stamp)
    }
}

async fn stream(
    io: impl AsyncRead + AsyncWrite + Unpin + Send,
    errand: Errand,
    stamp: u64,
    early: Vec<u8>,
    house: &House,
) -> io::Result<()> {
    let (mut from, mut to) = split(io);
    let mut mice = Mice { partial: early, next: 0, house };
    if errand == Errand::Echo {
        loop {
            for number in mice.moved()? {
                to.write_all(&echo(number)).await?;
            }
            to.flush().await?;
            if from.read_buf(&mut mice.partial).await? == 0 {
                return to.shutdown().await;
            }
        }
    }
    let moved = Notify::new();
    let listen = async {
        loop {
            if !mice.moved()?.is_empty() {
                moved.notify_one();
            }
            if from.read_buf(&mut mice.partial).await? == 0 {
                return Ok(());
            }
        }
    };
    let speak = async {
        let mut frames = Frames::new(stamp, errand.sizes());
        match errand {
            Errand::Frames { count, .. } => {
                moved.notified().await;
                for _ in 0..count {
                    to.write_all(frames.next().0).await?;
                    to.flush().await?;
                }
            }
            Errand::Class { hz, .. } => {
                let mut tick = interval(Duration::from_secs(1) / hz.max(1));
                tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    tick.tick().await;
                    let mut is_over = false;
                    while !is_over {
                        let (frame, pause) = frames.next();
                        is_over = pause;
                        to.write_all(frame).await?;
                    }
                    to.flush().await?;
                }
            }
            Errand::Echo => {}
        }
        std::future::pending::<io::Result<()>>().await
    };
    tokio::select! {
        ended = listen => ended,
        ended = speak => ended,
    }
}

/// The movements of a mouse as they come, in whatever pieces.
struct Mice<'a> {
    partial: Vec<u8>,
    next: u32,
    house: &'a House,
}

impl Mice<'_> {
    /// The numbers of those that are whole by now. It is an error if one is not the next.
    fn moved(&mut self) -> io::Result<std::ops::Range<u32>> {
        let first = self.next;
        let whole = self.partial.len() / POINTER * POINTER;
        for frame in self.partial[..whole].chunks_exact(POINTER) {
            if *frame != pointer(self.next) {
                self.house.altered.fetch_add(1, Relaxed);
                return Err(io::Error::other("something else came than was sent"));
            }
            self.next = self.next.wrapping_add(1);
            self.house.pointers.fetch_add(1, Relaxed);
        }
        self.partial.drain(..whole);
        Ok(first..self.next)
    }
}
