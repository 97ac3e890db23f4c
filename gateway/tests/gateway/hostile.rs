//! Desktops and browsers that mean harm: each costs a bounded time and a bounded amount of memory, and whoever works
//! beside them does not notice.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use gateway::{Activity, Config, Gateway};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::support::{
    Desktop, PREFIX, Raw, SOON,
    client::{handshake, message, request},
    desktop::{Connection, switching, websockify},
    https, route_to, serve, soon,
};

/// What a desktop is up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trick {
    /// Takes a connection, and that is all.
    Silence,
    /// Hangs up at once.
    HangUp,
    /// Hangs up in the middle of its head.
    HalfHead,
    /// A head of ever more lines, as fast as can be.
    EndlessHead,
    /// A line without an end, likewise.
    EndlessLine,
    /// The announcement of an answer, over and over, as fast as can be.
    EndlessHints,
    /// The same, leisurely.
    DrippingHints,
    /// Not HTTP.
    Garbage,
    /// Zeros without an end.
    Zeros,
    /// A 101 with the proof for another key.
    WrongProof,
    /// An answer that was promised and never comes.
    NoBody,
    /// Chunks whose lengths are none.
    WrongChunks,
    /// A chunk's length without an end.
    EndlessChunkSize,
    /// Trailers without an end.
    EndlessTrailers,
    /// Not TLS, where that is spoken.
    TlsGarbage,
    /// Nothing at all, where that is spoken.
    TlsSilence,
    /// The beginning of a message of TLS, and then ever more of it.
    EndlessTls,
}

use Trick::*;

/// A status and a code.
type Answer = (u16, &'static str);

/// What comes of each, for a page and for a stream.
const TRICKS: [(Trick, Answer, Answer); 17] = [
    (Silence, (504, "desktop_timeout"), (504, "desktop_timeout")),
    (HangUp, (502, "desktop_closed"), (502, "desktop_closed")),
    (HalfHead, (502, "desktop_closed"), (502, "desktop_closed")),
    (EndlessHead, (502, "desktop_answer_malformed"), (502, "desktop_answer_malformed")),
    (EndlessLine, (502, "desktop_answer_malformed"), (502, "desktop_answer_malformed")),
    (EndlessHints, (504, "desktop_timeout"), (504, "desktop_timeout")),
    (DrippingHints, (504, "desktop_timeout"), (504, "desktop_timeout")),
    (Garbage, (502, "desktop_answer_malformed"), (502, "desktop_answer_malformed")),
    (Zeros, (502, "desktop_answer_malformed"), (502, "desktop_answer_malformed")),
    (WrongProof, (502, "desktop_answer_malformed"), (502, "desktop_refused_handshake")),
    (NoBody, (200, "none"), (200, "none")),
    (WrongChunks, (200, "none"), (200, "none")),
    (EndlessChunkSize, (200, "none"), (200, "none")),
    (EndlessTrailers, (200, "none"), (200, "none")),
    (TlsGarbage, (502, "desktop_tls_failed"), (502, "desktop_tls_failed")),
    (TlsSilence, (504, "desktop_timeout"), (504, "desktop_timeout")),
    (EndlessTls, (502, "desktop_tls_failed"), (502, "desktop_tls_failed")),
];

impl Trick {
    fn is_tls(self) -> bool {
        matches!(self, TlsGarbage | TlsSilence | EndlessTls)
    }

    async fn play(self, mut connection: Connection) {
        let mut head = [0; 4096];
        let _ = connection.io.read(&mut head).await;
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        match self {
            Silence | TlsSilence => wait_for_the_end(connection).await,
            HangUp => {}
            HalfHead => connection.say("HTTP/1.1 200 OK\r\nContent-Le").await,
            EndlessHead => flood(connection, "HTTP/1.1 200 OK\r\n", b"X: y\r\n").await,
            EndlessLine => flood(connection, "HTTP/1.1 200 OK\r\nX: ", b"yyyyyyyy").await,
            EndlessHints => flood(connection, "", b"HTTP/1.1 103 Early Hints\r\n\r\n").await,
            DrippingHints => {
                while connection.io.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").await.is_ok() {
                    sleep(Duration::from_millis(50)).await;
                }
            }
            Garbage => connection.say([0xff; 512]).await,
            Zeros => flood(connection, "", &[0; 64]).await,
            WrongProof => {
                connection
                    .say(switching("").replace("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="))
                    .await;
                wait_for_the_end(connection).await;
            }
            NoBody => {
                connection.say("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nx").await;
                wait_for_the_end(connection).await;
            }
            WrongChunks => {
                connection.say(format!("{chunked}1\r\nx\r\n")).await;
                sleep(Duration::from_millis(100)).await;
                connection.say("what?\r\n").await;
                wait_for_the_end(connection).await;
            }
            EndlessChunkSize => flood(connection, &format!("{chunked}1\r\nx\r\n1;"), b"extended").await,
            EndlessTrailers => flood(connection, &format!("{chunked}1\r\nx\r\n0\r\n"), b"X: y\r\n").await,
            TlsGarbage => connection.say("HTTP/1.1 400 Bad Request\r\n\r\n").await,
            EndlessTls => flood(connection, "\x16\x03\x03\x3f\x7f", b"\x02\x7f\x7f\x7f").await,
        }
    }
}

async fn wait_for_the_end(mut connection: Connection) {
    while let Ok(1..) = connection.io.read(&mut [0; 64]).await {}
}

/// Says this, and then that until nobody listens any more.
async fn flood(mut connection: Connection, first: &str, then: &[u8]) {
    connection.say(first).await;
    let piece = then.repeat(1024);
    while connection.io.write_all(&piece).await.is_ok() {}
}

/// A gateway with a desktop for each trick, and one for somebody who works.
async fn school() -> (Gateway, Activity, std::net::SocketAddr) {
    let mut routes = HashMap::new();
    let mut add = |name: String, address, is_tls: bool| {
        let (mut route, mut target) = route_to(address);
        if is_tls {
            https(&mut target, &"00".repeat(32));
        }
        route.target = Some(target);
        routes.insert(name, Arc::new(route));
    };
    for (trick, ..) in TRICKS {
        let desktop = Desktop::with(move |connection| trick.play(connection)).await;
        add(format!("{trick:?}"), desktop.address, trick.is_tls());
    }
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
        flood(connection, "HTTP/1.1 200 OK\r\n\r\n", &[7; 64]).await;
    })
    .await;
    add("large".to_owned(), desktop.address, false);
    add("good".to_owned(), Desktop::with(websockify).await.address, false);
    let activity = Activity::default();
    let config = Config {
        connect_timeout: Duration::from_millis(800),
        response_timeout: Duration::from_millis(800),
        silence_timeout: Duration::from_millis(800),
        ..Config::default()
    };
    let gateway = Gateway::new(config, activity.clone());
    let front = serve(gateway.clone(), CancellationToken::new(), move |name| routes.get(name).cloned()).await;
    (gateway, activity, front)
}

fn at(desktop: &str, ask: &str) -> String {
    ask.replace(PREFIX, &format!("/desktop/{desktop}"))
}

/// Somebody who works: sends a key, sees it, and sends the next. Tells how often, and what the longest wait was.
async fn work(front: std::net::SocketAddr, is_over: Arc<AtomicBool>) -> (usize, Duration) {
    let mut client = Raw::connect(front).await;
    assert_eq!(client.ask(at("good", &handshake("/websockify", &[]))).await.status, 101);
    let key = message(&[4, 1, 0, 0, 0, 0, 0, 65]);
    let (mut keys, mut longest) = (0, Duration::ZERO);
    while !is_over.load(Relaxed) {
        let pressed = Instant::now();
        client.send(&key).await;
        assert_eq!(client.take(key.len()).await, key);
        longest = longest.max(pressed.elapsed());
        keys += 1;
        sleep(Duration::from_millis(5)).await;
    }
    (keys, longest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_desktop_holds_anybody_up_for_long_or_harms_who_works_beside_it() {
    let (gateway, _, front) = school().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let worker = tokio::spawn(work(front, Arc::clone(&is_over)));
    let mut all = JoinSet::new();
    for (trick, page, stream) in TRICKS {
        for (ask, expected) in [(request("GET", "/", &[]), page), (handshake("/websockify", &[]), stream)] {
            let ends = async move {
                let mut client = Raw::connect(front).await;
                client.send(at(&format!("{trick:?}"), &ask)).await;
                // an answer that breaks before its head was sent on has none
                let Some(head) = client.try_head().await else {
                    return assert_eq!(expected.0, 200, "{trick:?}");
                };
                assert_eq!((head.status, head.code()), expected, "{trick:?}");
                if expected.0 == 200 {
                    let (octets, is_whole) = client.body(&head).await;
                    assert!(octets.len() <= 1 && !is_whole, "{trick:?}: it is not passed off as whole");
                }
            };
            all.spawn(async move {
                // whatever is waited for within is waited for soon; this names whose fault it is
                assert!(timeout(SOON, ends).await.is_ok(), "{trick:?} lasts");
            });
        }
    }
    while let Some(done) = all.join_next().await {
        done.expect("it ends as it should");
    }
    is_over.store(true, Relaxed);
    let (keys, longest) = worker.await.expect("work goes on");
    println!("{keys} keys beside {} tricks, the longest wait {longest:?}", TRICKS.len());
    assert!(keys > 5 && longest < Duration::from_secs(5), "{keys} keys, {longest:?}");
    let none_left = async {
        while gateway.streams() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    soon(none_left).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_browser_makes_the_gateway_hold_more_than_its_buffers_or_harms_who_works_beside_it() {
    const BROWSERS: usize = 8;
    let (_, activity, front) = school().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let worker = tokio::spawn(work(front, Arc::clone(&is_over)));
    // they ask for what has no end and read nothing of it
    let mut idle = Vec::new();
    for _ in 0..BROWSERS {
        let mut client = Raw::connect(front).await;
        client.send(at("large", &request("GET", "/", &[]))).await;
        idle.push(client);
    }
    // these say what they want an octet at a time, or more than anybody listens to
    let drip = tokio::spawn(async move {
        let mut client = Raw::connect(front).await;
        for octet in at("good", &request("GET", "/vnc.html", &[])).bytes() {
            client.send([octet]).await;
            sleep(Duration::from_millis(5)).await;
        }
        let head = client.head().await;
        assert_eq!(client.body(&head).await, (b"vnc".to_vec(), true));
    });
    for lines in [vec!["X: ".to_owned() + &"y".repeat(20_000)], vec!["Accept: x".to_owned(); 2_000]] {
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let mut client = Raw::connect(front).await;
        let _ = client.socket.write_all(at("good", &request("GET", "/", &lines)).as_bytes()).await;
        // the first is ours to drop, the second no head of ours or of the front's could hold
        let status = client.try_head().await.map(|head| head.status);
        assert!(matches!(status, None | Some(200 | 431)), "{status:?}");
    }
    drip.await.expect("it gets what it asked for");
    let mut passed = 0;
    let settled = async {
        loop {
            sleep(Duration::from_millis(300)).await;
            // the one who works needs few octets
            match activity.drain().iter().map(|seen| seen.bytes_down).sum::<u64>() {
                0..4096 => break,
                more => passed += more,
            }
        }
    };
    soon(settled).await;
    assert!(passed < (BROWSERS << 23) as u64, "only the kernel's buffers fill: {passed}");
    is_over.store(true, Relaxed);
    let (keys, longest) = worker.await.expect("work goes on");
    assert!(keys > 5 && longest < Duration::from_secs(5), "{keys} keys, {longest:?}");
    drop(idle);
}
