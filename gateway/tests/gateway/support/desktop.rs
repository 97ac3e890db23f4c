//! Desktops that are as strict as the real ones, which were tried and read.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use rcgen::CertifiedKey;
use rustls::{ServerConfig, crypto::ring};
use rustls_pki_types::PrivateKeyDer;
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::client::ACCEPT;

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// One connection of a desktop.
pub(crate) struct Connection {
    pub(crate) io: Box<dyn Io>,
    heads: Arc<Mutex<Vec<String>>>,
}

/// A desktop that listens.
pub(crate) struct Desktop {
    pub(crate) address: SocketAddr,
    /// SHA-256 of its certificate.
    pub(crate) fingerprint: String,
    /// The heads it got.
    heads: Arc<Mutex<Vec<String>>>,
    /// How many TLS handshakes were resumptions.
    pub(crate) resumed: Arc<AtomicUsize>,
}

impl Desktop {
    /// A desktop that treats each connection so.
    pub(crate) async fn with<F>(handle: impl Fn(Connection) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start(None, handle).await
    }

    /// The same over TLS, with a certificate it made itself.
    pub(crate) async fn with_tls<F>(handle: impl Fn(Connection) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (acceptor, fingerprint) = certificate();
        Self { fingerprint, ..Self::start(Some(acceptor), handle).await }
    }

    async fn start<F>(tls: Option<TlsAcceptor>, handle: impl Fn(Connection) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let resumed: Arc<AtomicUsize> = Arc::default();
        let (kept, counted, handle) = (Arc::clone(&heads), Arc::clone(&resumed), Arc::new(handle));
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.expect("a connection");
                let (heads, resumed, tls) = (Arc::clone(&kept), Arc::clone(&counted), tls.clone());
                let handle = Arc::clone(&handle);
                tokio::spawn(async move {
                    let io: Box<dyn Io> = match tls {
                        None => Box::new(socket),
                        Some(tls) => {
                            let Ok(stream) = tls.accept(socket).await else { return };
                            if stream.get_ref().1.handshake_kind() == Some(rustls::HandshakeKind::Resumed) {
                                resumed.fetch_add(1, Relaxed);
                            }
                            Box::new(stream)
                        }
                    };
                    handle(Connection { io, heads }).await;
                });
            }
        });
        Self { address, fingerprint: String::new(), heads, resumed }
    }

    /// The heads it got so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("not poisoned").clone()
    }

    /// The one head it got.
    pub(crate) fn head(&self) -> String {
        let heads = self.heads();
        assert_eq!(heads.len(), 1, "{heads:?}");
        heads[0].clone()
    }
}

/// A certificate made by nobody in particular, and its SHA-256.
pub(crate) fn certificate() -> (TlsAcceptor, String) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["desktop".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a configuration");
    (TlsAcceptor::from(Arc::new(config)), hex(&Sha256::digest(cert.der())))
}

fn hex(bytes: &[u8]) -> String {
    let digits =
        |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).expect("a digit"));
    bytes.iter().flat_map(digits).collect()
}

impl Connection {
    /// The head, which must come in one piece; what came glued to it, and nothing if it came otherwise.
    pub(crate) async fn head(&mut self) -> Option<(String, Vec<u8>)> {
        let mut buffer = vec![0; 16 * 1024];
        let count = self.io.read(&mut buffer).await.ok()?;
        let end = buffer[..count].windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
        self.heads.lock().expect("not poisoned").push(head.clone());
        Some((head, buffer[end..count].to_vec()))
    }

    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.io.write_all(bytes.as_ref()).await;
        let _ = self.io.flush().await;
    }

    /// Gives every octet back, and after the last one the end.
    pub(crate) async fn echo(mut self) {
        let (mut from, mut to) = tokio::io::split(&mut self.io);
        let _ = tokio::io::copy(&mut from, &mut to).await;
        let _ = to.shutdown().await;
    }
}

pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

const CREDENTIAL: &str = "Basic a2FzbV91c2VyOnNlY3JldA==";

/// A 101 with the proof for the key that all tests use.
pub(crate) fn switching(more: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\n{more}\r\n"
    )
}

/// `KasmVNC` as it was up to 1.3.4: substrings of the whole head, some with case; one request a connection; no
/// length for errors; never a `close_notify`.
pub(crate) async fn kasm(mut connection: Connection) {
    let Some((head, _)) = connection.head().await else { return };
    let after = |name: &str| head.split_once(name).and_then(|(_, rest)| rest.split("\r\n").next());
    let any_case = |name: &str| head.to_ascii_lowercase().contains(&name.to_ascii_lowercase());
    if after("Authorization: ") != Some(CREDENTIAL) {
        return connection.say("HTTP/1.1 401 Forbidden\r\nConnection: close\r\n\r\n").await;
    }
    let is_upgrade = head.starts_with("GET ")
        && after("Host: ").is_some()
        && after("Connection: ").is_some()
        && ["Upgrade: websocket", "\r\nOrigin: ", "\r\nSec-WebSocket-Version: 13", "\r\nSec-WebSocket-Key: "]
            .iter()
            .all(|name| any_case(name));
    let protocol = header(&head, "Sec-WebSocket-Protocol").and_then(|list| list.split(',').next());
    if let (true, Some(protocol)) = (is_upgrade, protocol) {
        connection.say(switching(&format!("Sec-WebSocket-Protocol: {protocol}\r\n"))).await;
        return connection.echo().await;
    }
    let path = head.split(' ').nth(1).expect("a path");
    let answer = if head.contains("/api/") {
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe owner's API".to_owned()
    } else if !head.starts_with("GET ") || head.contains("../") {
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n404".to_owned()
    } else if path == "/" {
        "HTTP/1.1 200 OK\r\nServer: KasmVNC/4.0\r\nConnection: close\r\nContent-type: text/html\r\n\
         Content-length: 17\r\nCross-Origin-Opener-Policy: same-origin\r\n\r\n<html>kasm</html>"
            .to_owned()
    } else if path == "/Downloads" {
        "HTTP/1.1 301 Moved Permanently\r\nLocation: /Downloads/\r\nConnection: close\r\n\r\n".to_owned()
    } else {
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-type: text/plain\r\n\r\nlisting of {path}")
    };
    connection.say(answer).await;
}

/// websockify behind Basic authentication: no subprotocol, or a list with `binary`.
pub(crate) async fn websockify(mut connection: Connection) {
    let Some((head, _)) = connection.head().await else { return };
    let authorized = header(&head, "authorization") == Some(CREDENTIAL);
    let is_upgrade = header(&head, "upgrade").is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"));
    let protocols = header(&head, "sec-websocket-protocol");
    match (authorized, is_upgrade, protocols) {
        (false, ..) => {
            let challenge = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n";
            connection.say(format!("{challenge}Content-Length: 0\r\n\r\n")).await;
        }
        (_, true, None) => {
            connection.say(switching("")).await;
            connection.echo().await;
        }
        (_, true, Some(list)) if list.split(',').any(|offer| offer.trim() == "binary") => {
            connection.say(switching("Sec-WebSocket-Protocol: binary\r\n")).await;
            connection.echo().await;
        }
        (_, true, Some(_)) => {
            connection.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 19\r\n\r\nInvalid subprotocol").await;
        }
        (_, false, _) => connection.say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nvnc").await,
    }
}

/// Selkies: the origin is the host or absent, and the path matters.
pub(crate) async fn selkies(mut connection: Connection) {
    let Some((head, _)) = connection.head().await else { return };
    let host = header(&head, "host").expect("a host");
    let same = header(&head, "origin").is_none_or(|origin| origin.split_once("://").is_some_and(|(_, h)| h == host));
    if head.starts_with("GET /api/websockets ") && same {
        connection.say(switching("")).await;
        connection.echo().await;
    } else {
        connection.say("HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\nwrong origin").await;
    }
}
