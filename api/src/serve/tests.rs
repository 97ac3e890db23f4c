//! What connections may do, tried with octets on a socket.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use gateway::{Socket, TakeOver};
use hyper::upgrade::OnUpgrade;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use salvo::{Request, Response, Router, Service, http::StatusCode};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::CancellationToken;

use super::{connection::Patience, crowd::Room, gate::gate, listener::Listener, tls};
use crate::{TlsFiles, catcher};

/// Nothing on loopback takes this long.
const SOON: Duration = Duration::from_secs(10);

/// What the tests have patience for.
const PATIENCE: Patience =
    Patience { head: Duration::from_millis(400), idle: Duration::from_millis(1500), body: Duration::from_millis(400) };

/// Says how many octets the body had.
#[salvo::handler]
async fn measure(req: &mut Request, res: &mut Response) {
    match req.payload_with_max_size(1 << 20).await {
        Ok(body) => res.render(format!("{} octets", body.len())),
        Err(_) => drop(res.status_code(StatusCode::BAD_REQUEST)),
    }
}

/// Answers after a while.
#[salvo::handler]
async fn slow(res: &mut Response) {
    tokio::time::sleep(Duration::from_millis(300)).await;
    res.render("at last");
}

/// Becomes a stream that gives every octet back.
#[salvo::handler]
async fn stream(req: &mut Request, res: &mut Response) {
    let extensions = req.extensions_mut();
    let (Some(upgrade), Some(TakeOver(take_over))) =
        (extensions.remove::<OnUpgrade>(), extensions.remove::<TakeOver>())
    else {
        return res.render("not a stream");
    };
    tokio::spawn(async move {
        let (socket, early) = take_over(upgrade.await.expect("a stream")).expect("a connection of ours");
        let Socket::Plain(mut socket) = socket else { panic!("it is plain") };
        socket.write_all(&early).await.expect("it is taken");
        let (mut from, mut to) = socket.split();
        tokio::io::copy(&mut from, &mut to).await.expect("an end");
    });
    res.status_code(StatusCode::SWITCHING_PROTOCOLS);
}

/// A server on a port of its own.
struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    running: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Listener)) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("an address");
        let router = Router::new()
            .push(Router::with_path("slow").goal(slow))
            .push(Router::with_path("stream").goal(stream))
            .goal(measure);
        let service = Service::new(router).catcher(catcher::catcher()).hoop(gate);
        let (tls, room, proxies) = (None, Room::default(), Vec::new());
        let mut listener = Listener { socket, tls, service, room, patience: PATIENCE, proxies };
        change(&mut listener);
        let shutdown = CancellationToken::new();
        let until = shutdown.clone();
        let running = tokio::spawn(async move { listener.run(&until, Duration::from_secs(2)).await });
        Self { address, shutdown, running }
    }

    async fn client(&self) -> Client<TcpStream> {
        Client { io: TcpStream::connect(self.address).await.expect("a connection") }
    }
}

struct Client<T> {
    io: T,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Client<T> {
    async fn send(&mut self, octets: impl AsRef<[u8]>) {
        soon(self.io.write_all(octets.as_ref())).await.expect("it is taken");
    }

    /// Everything up to the end of the connection; what came before a reset counts.
    async fn rest(&mut self) -> String {
        let mut got = Vec::new();
        let _ = soon(self.io.read_to_end(&mut got)).await;
        String::from_utf8_lossy(&got).into_owned()
    }

    /// An answer of which this is the end.
    async fn until(&mut self, end: &str) -> String {
        let mut got = Vec::new();
        while !got.ends_with(end.as_bytes()) {
            let count = soon(self.io.read_buf(&mut got)).await.expect("octets");
            assert_ne!(count, 0, "it ends without {end:?}: {}", String::from_utf8_lossy(&got));
        }
        String::from_utf8_lossy(&got).into_owned()
    }
}

async fn soon<F: Future>(future: F) -> F::Output {
    timeout(SOON, future).await.expect("it comes soon")
}

const GOOD: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn ordinary_requests_are_answered() {
    let server = Server::start().await;
    for (request, answer) in [
        (GOOD, "0 octets"),
        ("\r\nGET / HTTP/1.1\r\nHost: a:8080\r\n\r\n", "0 octets"),
        ("GET http://a/ HTTP/1.1\r\nHost: A\r\n\r\n", "0 octets"),
        ("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "0 octets"),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "0 octets"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\na\nb\nc", "5 octets"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\na\nb\r\n1\r\nc\r\n0\r\n\r\n",
            "4 octets",
        ),
        ("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", "not a stream"),
    ] {
        let mut client = server.client().await;
        client.send(request).await;
        let got = client.until(answer).await;
        assert!(got.starts_with("HTTP/1.") && got[9..12] == *"200", "{request:?}: {got}");
        // and the connection goes on
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
        assert!(client.rest().await.ends_with("0 octets"), "{request:?}");
    }
    let mut client = server.client().await;
    client.send([GOOD, GOOD, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"].concat()).await;
    assert_eq!(client.rest().await.matches("0 octets").count(), 3, "one after the other in one write");
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused_and_nothing_after_it_is_heard() {
    let server = Server::start().await;
    for request in [
        // found before hyper's parser
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n",
        // found behind it
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: \r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
        "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        // found by it
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\na",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    ] {
        for pieces in [1, 2] {
            let mut client = server.client().await;
            let hidden = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";
            let (first, second) = request.split_at(request.len() / pieces);
            client.send(if pieces == 1 { [first, hidden].concat() } else { first.to_owned() }).await;
            if pieces == 2 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                // it may be refused already
                let _ = client.io.write_all([second, hidden].concat().as_bytes()).await;
            }
            let answer = client.rest().await;
            let status = answer.get(9..12);
            assert!(status == Some("400") && !answer.contains("not a stream"), "{request:?} in {pieces}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_refused_host_is_told_what_was_expected() {
    let server = Server::start().await;
    let mut client = server.client().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").await;
    let answer = client.rest().await;
    assert!(answer.contains("application/problem+json") && answer.contains("Host: expected once"), "{answer}");
}

#[tokio::test]
async fn a_head_has_a_size() {
    let server = Server::start().await;
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(33 * 1024));
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(100));
    let endless = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(80 * 1024));
    for request in [large, many, endless] {
        let mut client = server.client().await;
        let _ = client.io.write_all(request.as_bytes()).await;
        let answer = client.rest().await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    // without octets that lie unread, and so without a reset, the answer surely arrives
    let mut client = server.client().await;
    client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(100))).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 431 "));
    let mut client = server.client().await;
    client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(99))).await;
    client.until("0 octets").await;
}

#[tokio::test]
async fn nobody_is_waited_for_for_ever() {
    let server = Server::start().await;
    let patience = PATIENCE.idle + PATIENCE.body + Duration::from_secs(2);
    for start in [
        "",
        "G",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "PRI * HT",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHo",
        GOOD,
    ] {
        let mut client = server.client().await;
        let began = Instant::now();
        client.send(start).await;
        client.rest().await;
        assert!(began.elapsed() < patience, "{start:?}");
    }
}

#[tokio::test]
async fn a_head_that_trickles_is_as_late_as_one_that_does_not_come() {
    let server = Server::start().await;
    for start in ["", GOOD] {
        let mut client = server.client().await;
        client.send(start).await;
        if !start.is_empty() {
            client.until("0 octets").await;
        }
        let began = Instant::now();
        let (mut from, mut to) = client.io.split();
        let trickle = async {
            for octet in "GET / HTTP/1.1\r\nX: ".bytes().chain(std::iter::repeat(b'x')) {
                if to.write_all(&[octet]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let mut got = Vec::new();
        tokio::select! {
            () = trickle => {}
            _ = soon(from.read_to_end(&mut got)) => {}
        }
        assert!(began.elapsed() < PATIENCE.head * 5, "{start:?}");
    }
}

#[tokio::test]
async fn those_who_say_nothing_crowd_out_nobody_else() {
    let server = Server::with(|listener| {
        listener.room = Room { connections: 100, connections_of_address: 8 };
        listener.patience.head = SOON;
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(server.client().await);
        if silent.len() % 10 == 0 {
            let mut client = server.client().await;
            client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
            assert!(client.rest().await.ends_with("0 octets"));
        }
    }
    assert_eq!(silent[0].rest().await, "", "the oldest had to go");
    let mut last = silent.pop().expect("there are 60");
    last.send(GOOD).await;
    last.until("0 octets").await;
}

#[tokio::test]
async fn an_address_whose_every_place_is_in_use_waits_for_one() {
    let server = Server::with(|listener| listener.room.connections_of_address = 2).await;
    let (mut one, mut two) = (server.client().await, server.client().await);
    for client in [&mut one, &mut two] {
        client.send(GOOD).await;
        client.until("0 octets").await;
    }
    assert_eq!(server.client().await.rest().await, "");
    drop(one);
    let again = async {
        loop {
            let mut client = server.client().await;
            let _ = client.io.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
            if client.rest().await.ends_with("0 octets") {
                break;
            }
        }
    };
    soon(again).await;
}

#[tokio::test]
async fn a_stream_is_taken_over_with_what_came_early() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let head = "GET /stream HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    client.send([head.as_bytes(), b"early\n\0\n"].concat()).await;
    client.until("early\n\0\n").await;
    client.send(b"later\n\n").await;
    client.until("later\n\n").await;
    // it is no request that anybody waits for, and no connection that anybody counts
    tokio::time::sleep(PATIENCE.idle + PATIENCE.head).await;
    client.send(b"much later").await;
    client.until("much later").await;
}

#[tokio::test]
async fn what_might_have_become_a_stream_and_did_not_is_closed() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    client.send([head, GOOD].concat()).await;
    let answer = client.rest().await;
    assert_eq!(answer.matches("0 octets").count(), 1, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

/// The first frame of a server is its settings (RFC 9113 section 3.4).
async fn settings<T: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<T>) -> Vec<u8> {
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    let mut head = [0; 9];
    soon(client.io.read_exact(&mut head)).await.expect("a frame");
    assert_eq!(head[3], 4, "{head:?}");
    let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
    soon(client.io.read_exact(&mut payload)).await.expect("its payload");
    payload
}

#[tokio::test]
async fn http2_is_spoken_without_tls_to_those_who_know() {
    let server = Server::start().await;
    let settings = settings(&mut server.client().await).await;
    let value_of = |id: u8| {
        let setting = settings.chunks(6).find(|setting| setting[1] == id).expect("it is said");
        u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]])
    };
    // SETTINGS_MAX_CONCURRENT_STREAMS and SETTINGS_MAX_HEADER_LIST_SIZE
    assert_eq!((value_of(3), value_of(6)), (128, 32 * 1024));
}

async fn secure(server: &Server, certificate: &rcgen::Certificate, alpn: &[u8]) -> Client<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).expect("a certificate");
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    let socket = TcpStream::connect(server.address).await.expect("a connection");
    let name = ServerName::try_from("pult.example").expect("a name");
    let io = soon(TlsConnector::from(Arc::new(config)).connect(name, socket)).await.expect("a handshake");
    Client { io }
}

#[tokio::test]
async fn both_protocols_are_spoken_over_tls() {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["pult.example".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let files = TlsFiles { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&files.cert, cert.pem()).expect("it is written");
    std::fs::write(&files.key, signing_key.serialize_pem()).expect("it is written");
    let server = Server::with(|listener| listener.tls = Some(tls::acceptor(&files).expect("they are good"))).await;

    let mut client = secure(&server, &cert, b"http/1.1").await;
    client.send(GOOD).await;
    client.until("0 octets").await;
    let mut client = secure(&server, &cert, b"h2").await;
    assert!(!settings(&mut client).await.is_empty());

    // neither silence nor another protocol holds a connection
    assert_eq!(server.client().await.rest().await, "");
    let mut client = server.client().await;
    client.send(GOOD).await;
    assert!(!client.rest().await.contains("200 OK"));

    std::fs::write(&files.key, "no key").expect("it is written");
    let Err(error) = tls::acceptor(&files) else { panic!("it is no key") };
    assert!(error.to_string().contains("key.pem"), "{error}");
}

#[tokio::test]
async fn what_is_under_way_at_the_end_is_finished() {
    let server = Server::start().await;
    let (mut busy, mut idle) = (server.client().await, server.client().await);
    idle.send(GOOD).await;
    idle.until("0 octets").await;
    busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    server.shutdown.cancel();
    assert_eq!(idle.rest().await, "");
    assert!(busy.rest().await.ends_with("at last"));
    soon(server.running).await.expect("no panic").expect("it ends well");
    assert!(began.elapsed() < Duration::from_secs(2), "nothing else is waited for");
    TcpStream::connect(server.address).await.expect_err("nobody listens");
}
