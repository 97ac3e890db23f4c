//! Ordinary requests.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::support::{
    Desktop, World,
    client::request,
    desktop::{header, kasm, switching, websockify},
    soon,
};

const SANDBOX: &str = "sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads \
                       allow-pointer-lock; frame-ancestors 'self'";

#[tokio::test]
async fn a_page_of_kasmvnc_arrives_in_a_sandbox() {
    let desktop = Desktop::with(kasm).await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let more = ["Cookie: pult_session=secret", "Referer: http://school.example/", "Authorization: Bearer secret"];
    let head = client.ask(request("GET", "/", &more)).await;
    assert_eq!((head.status, head.get("content-type")), (200, Some("text/html")));
    assert_eq!(head.get("content-security-policy"), Some(SANDBOX));
    assert_eq!(head.get("x-content-type-options"), Some("nosniff"));
    assert_eq!(head.get("cross-origin-opener-policy"), None);
    assert_eq!(client.body(&head).await, (b"<html>kasm</html>".to_vec(), true));
    let heard = desktop.head();
    assert!(heard.starts_with("GET / HTTP/1.1\r\nAuthorization: Basic "), "{heard}");
    assert_eq!(header(&heard, "Connection"), Some("close"));
    assert!(!heard.contains("secret") && !heard.contains("Referer"), "{heard}");
}

#[tokio::test]
async fn one_client_connection_asks_as_often_as_it_likes() {
    let desktop = Desktop::with(kasm).await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    for path in ["/", "/a%2Fb?token=x%20y", "/Downloads/", "/"] {
        let head = client.ask(request("GET", path, &[])).await;
        assert_eq!(head.status, 200);
        assert!(client.body(&head).await.1, "{path}");
    }
    assert_eq!(desktop.heads().len(), 4);
    assert!(desktop.heads()[1].starts_with("GET /a%2Fb?token=x%20y HTTP/1.1\r\n"));
}

#[tokio::test]
async fn an_answer_without_a_length_ends_with_its_connection() {
    let desktop = Desktop::with(kasm).await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let head = client.ask(request("GET", "/Downloads/", &[])).await;
    assert_eq!(client.body(&head).await, (b"listing of /Downloads/".to_vec(), true));
}

#[tokio::test]
async fn redirects_stay_below_the_prefix() {
    let desktop = Desktop::with(kasm).await;
    let world = World::to(desktop.address).await;
    let head = world.client().await.ask(request("GET", "/Downloads", &[])).await;
    assert_eq!((head.status, head.get("location")), (301, Some("/desktop/schueler-tiny/Downloads/")));
}

#[tokio::test]
async fn an_unfinished_answer_is_not_passed_off_as_whole() {
    for answer in ["Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"] {
        let desktop = Desktop::with(move |mut connection| async move {
            connection.head().await.expect("a head");
            connection.say(format!("HTTP/1.1 200 OK\r\n{answer}")).await;
            // until the front has sent the head on: it sends none for an answer that broke before
            tokio::time::sleep(Duration::from_millis(100)).await;
        })
        .await;
        let world = World::to(desktop.address).await;
        let mut client = world.client().await;
        let head = client.ask(request("GET", "/", &[])).await;
        let (body, is_whole) = client.body(&head).await;
        assert!(body.len() <= 4 && !is_whole, "{answer}");
    }
}

/// Answers what it was asked: the method, the range and the length of the body.
async fn mirror() -> Desktop {
    Desktop::with(|mut connection| async move {
        let (head, mut body) = connection.head().await.expect("a head");
        let is_chunked = header(&head, "transfer-encoding") == Some("chunked");
        let length = header(&head, "content-length").map_or(0, |length| length.parse().expect("a length"));
        while body.len() < length || (is_chunked && !body.ends_with(b"0\r\n\r\n")) {
            connection.io.read_buf(&mut body).await.expect("bytes");
        }
        let text = if is_chunked { "chunked".to_owned() } else { length.to_string() };
        let text = format!("{} {text}", head.split(' ').next().expect("a method"));
        let (status, range) = match header(&head, "range") {
            Some(range) => (206, format!("Content-Range: {range}/9\r\n")),
            None => (200, String::new()),
        };
        let without = head.starts_with("HEAD");
        let shown = if without { "" } else { text.as_str() };
        connection.say(format!("HTTP/1.1 {status} X\r\n{range}Content-Length: {}\r\n\r\n{shown}", text.len())).await;
    })
    .await
}

#[tokio::test]
async fn methods_ranges_and_bodies_arrive() {
    let desktop = mirror().await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let head = client.ask(request("HEAD", "/", &[])).await;
    assert_eq!((head.status, head.get("content-length")), (200, Some("6")));
    let head = client.ask(request("GET", "/", &["Range: bytes=0-1"])).await;
    assert_eq!((head.status, head.get("content-range")), (206, Some("bytes=0-1/9")));
    assert_eq!(client.body(&head).await.0, b"GET 0");
    let head = client.ask(request("POST", "/", &["Content-Length: 5"]) + "hello").await;
    assert_eq!(client.body(&head).await.0, b"POST 5");
    let head = client.ask(request("PUT", "/", &["Transfer-Encoding: chunked"]) + "5\r\nhello\r\n0\r\n\r\n").await;
    assert_eq!(client.body(&head).await.0, b"PUT chunked");
}

#[tokio::test]
async fn an_upload_may_take_longer_than_an_answer() {
    let desktop = mirror().await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    client.send(request("POST", "/", &["Content-Length: 40"])).await;
    let start = Instant::now();
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(120)).await;
        client.send("12345").await;
    }
    assert!(start.elapsed() > Duration::from_millis(900), "longer than the desktop may take to answer");
    let head = client.head().await;
    assert_eq!(client.body(&head).await, (b"POST 40".to_vec(), true));
}

#[tokio::test]
async fn large_bodies_stream_both_ways_at_once() {
    const LENGTH: usize = 8 << 20;
    const PIECE: usize = 64 * 1024;
    let mark = |piece: usize| u8::try_from(piece % 251).expect("small");
    let desktop = Desktop::with(|mut connection| async move {
        let (_, early) = connection.head().await.expect("a head");
        connection.say(format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n")).await;
        connection.say(&early).await;
        let (mut from, mut to) = tokio::io::split(&mut connection.io);
        let _ = tokio::io::copy(&mut (&mut from).take((LENGTH - early.len()) as u64), &mut to).await;
    })
    .await;
    let world = World::to(desktop.address).await;
    let client = world.client().await;
    let (mut read, mut write) = client.socket.into_split();
    let head = request("POST", "/", &[&format!("Content-Length: {LENGTH}")]);
    let writer = tokio::spawn(async move {
        write.write_all(head.as_bytes()).await.expect("it is taken");
        for piece in 0..LENGTH / PIECE {
            write.write_all(&vec![mark(piece); PIECE]).await.expect("it is taken");
        }
        write
    });
    let whole = async {
        let mut got = Vec::new();
        let head = loop {
            assert_ne!(read.read_buf(&mut got).await.expect("bytes"), 0);
            if let Some(end) = got.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        while got.len() < head + LENGTH {
            assert_ne!(read.read_buf(&mut got).await.expect("bytes"), 0);
        }
        got.split_off(head)
    };
    let body = soon(whole).await;
    let is_same = body.chunks(PIECE).enumerate().all(|(piece, bytes)| bytes.iter().all(|byte| *byte == mark(piece)));
    assert!(is_same && body.len() == LENGTH);
    writer.await.expect("it ends");
    let seen = world.activity.drain();
    assert_eq!((seen[0].bytes_up, seen[0].bytes_down, seen[0].viewers), (LENGTH as u64, LENGTH as u64, 0));
}

/// An answer that never ends, and a word when its connection does.
async fn endless() -> (Desktop, tokio::sync::mpsc::Receiver<()>) {
    let (sender, closed) = tokio::sync::mpsc::channel(1);
    let desktop = Desktop::with(move |mut connection| {
        let sender = sender.clone();
        async move {
            connection.head().await.expect("a head");
            connection.say("HTTP/1.1 200 OK\r\n\r\nfirst").await;
            while connection.io.write_all(b"more").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let _ = sender.send(()).await;
        }
    })
    .await;
    (desktop, closed)
}

#[tokio::test]
async fn an_answer_ends_when_the_route_is_gone_and_is_not_whole_then() {
    let (desktop, mut closed) = endless().await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let head = client.ask(request("GET", "/", &[])).await;
    assert_eq!(head.status, 200);
    world.route.gone.cancel();
    assert!(!soon(client.body(&head)).await.1);
    soon(closed.recv()).await;
}

#[tokio::test]
async fn a_client_that_leaves_takes_the_desktops_connection_with_it() {
    let (desktop, mut closed) = endless().await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    assert_eq!(client.ask(request("GET", "/", &[])).await.status, 200);
    drop(client);
    soon(closed.recv()).await;
}

#[tokio::test]
async fn a_refused_stream_leaves_room_for_the_next_request() {
    let desktop = Desktop::with(websockify).await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let refused = super::support::client::handshake("/", &["Sec-WebSocket-Protocol: chat"]);
    let head = client.ask(refused).await;
    assert_eq!(head.status, 400);
    client.body(&head).await;
    let head = client.ask(request("GET", "/vnc.html", &[])).await;
    assert_eq!(client.body(&head).await, (b"vnc".to_vec(), true));
}

#[tokio::test]
async fn what_a_desktop_says_before_its_answer_is_not_taken_for_it() {
    let hints = [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nContent-Length: 9\r\n\r\n",
    ];
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
    let desktop = Desktop::with(move |mut connection| async move {
        connection.head().await.expect("a head");
        for hint in hints {
            connection.say(hint).await;
        }
        connection.say([hints.concat().as_str(), answer].concat()).await;
    })
    .await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let head = client.ask(request("GET", "/", &[])).await;
    assert_eq!((head.status, head.get("link")), (200, None));
    assert_eq!(client.body(&head).await, (b"body".to_vec(), true));
    // and before the 101 as well
    let desktop = Desktop::with(move |mut connection| async move {
        connection.head().await.expect("a head");
        connection.say([hints.concat(), switching("")].concat()).await;
        connection.echo().await;
    })
    .await;
    World::to(desktop.address).await.stream().await;
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_its_body_is_asked_for_it_once_it_is_wanted() {
    let desktop = mirror().await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let upload = |path| request("PUT", path, &["Content-Length: 5", "Expect: 100-continue"]);
    assert_eq!(client.ask(upload("/")).await.status, 100);
    let head = client.ask("hello").await;
    assert_eq!(client.body(&head).await, (b"PUT 5".to_vec(), true));
    assert_eq!(header(&desktop.head(), "expect"), None);
    let refused = client.ask(upload("/api/upload")).await;
    assert_eq!((refused.status, refused.code()), (403, "desktop_api_blocked"), "without having been asked");
    assert_eq!(desktop.heads().len(), 1);
}

#[tokio::test]
async fn trailers_stay_behind_either_way() {
    let desktop = Desktop::with(|mut connection| async move {
        let (_, mut body) = connection.head().await.expect("a head");
        while !body.ends_with(b"0\r\n\r\n") {
            assert_ne!(connection.io.read_buf(&mut body).await.expect("bytes"), 0);
        }
        assert_eq!(body, b"2\r\nup\r\n0\r\n\r\n");
        connection.say("HTTP/1.1 200 OK\r\nTrailer: Set-Cookie\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        connection.say("4\r\ndown\r\n0\r\nSet-Cookie: session=evil\r\n\r\n").await;
    })
    .await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let upload = request("POST", "/", &["Te: trailers", "Trailer: Authorization", "Transfer-Encoding: chunked"]);
    let head = client.ask(upload + "2\r\nup\r\n0\r\nAuthorization: Basic eA==\r\n\r\n").await;
    assert_eq!((head.status, head.get("trailer")), (200, None));
    // reads the last chunk and the empty line after it: a trailer would stand between
    assert_eq!(client.body(&head).await, (b"down".to_vec(), true));
    let head = client.ask(request("GET", "/api/", &[])).await;
    assert_eq!(head.status, 403, "nothing is left over before the next answer");
}

#[tokio::test]
async fn kasmvncs_refusal_of_a_head_request_is_passed_on() {
    let desktop = Desktop::with(kasm).await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    assert_eq!(client.ask(request("HEAD", "/", &[])).await.status, 404);
    let head = client.ask(request("GET", "/", &[])).await;
    assert_eq!(client.body(&head).await, (b"<html>kasm</html>".to_vec(), true), "its body was not taken for an answer");
}

#[tokio::test]
async fn answers_without_a_body_have_none_whatever_they_say() {
    for (status, length) in [(204, 5), (304, 5), (200, 0)] {
        let desktop = Desktop::with(move |mut connection| async move {
            connection.head().await.expect("a head");
            connection
                .say(format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nETag: \"e\"\r\n\r\nstray"))
                .await;
        })
        .await;
        let world = World::to(desktop.address).await;
        let mut client = world.client().await;
        for _ in 0..2 {
            // the second would begin with what was left over of the first
            let head = client.ask(request("GET", "/", &["If-None-Match: \"e\""])).await;
            assert_eq!((head.status, head.get("etag")), (status, Some("\"e\"")));
        }
    }
}

#[tokio::test]
async fn an_upload_that_its_desktop_does_not_take_is_held_back_at_the_client() {
    const LENGTH: usize = 64 << 20;
    let (sender, mut begun) = tokio::sync::mpsc::channel(1);
    let desktop = Desktop::with(move |mut connection| {
        let sender = sender.clone();
        async move {
            let (_, body) = connection.head().await.expect("a head");
            // longer than it may take to answer
            tokio::time::sleep(Duration::from_millis(800)).await;
            let _ = sender.send(()).await;
            let mut left = LENGTH - body.len();
            let mut piece = vec![0; 256 * 1024];
            while left > 0 {
                left -= connection.io.read(&mut piece).await.expect("bytes");
            }
            connection.say("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await;
        }
    })
    .await;
    let world = World::to(desktop.address).await;
    let client = world.client().await;
    let (mut read, mut write) = client.socket.into_split();
    let head = request("PUT", "/", &[&format!("Content-Length: {LENGTH}")]);
    let writer = tokio::spawn(async move {
        write.write_all(head.as_bytes()).await.expect("it is taken");
        for _ in 0..LENGTH >> 12 {
            write.write_all(&[7; 1 << 12]).await.expect("it is taken");
        }
        write
    });
    // until it begins to take it
    soon(begun.recv()).await;
    let passed = world.activity.drain()[0].bytes_up;
    assert!(passed < 16 << 20, "only the kernel's buffers fill: {passed}");
    let mut answer = [0; 20];
    soon(read.read_exact(&mut answer)).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 201 Created");
    writer.await.expect("it ends");
    assert_eq!(passed + world.activity.drain()[0].bytes_up, LENGTH as u64);
}

#[tokio::test]
async fn a_client_that_leaves_its_upload_lying_is_told_so_and_not_the_desktop_blamed() {
    let desktop = mirror().await;
    let mut world = World::with(desktop.address, |_, _, config| config.body_timeout = Duration::from_millis(800)).await;
    let mut client = world.client().await;
    let start = Instant::now();
    let head = client.ask(request("POST", "/", &["Content-Length: 40"]) + "12345").await;
    assert_eq!((head.status, head.code()), (408, "body_stalled"));
    assert!(start.elapsed() > Duration::from_millis(700), "longer than the desktop may take to answer");
    assert!(world.suspects.try_recv().is_err());
}

#[tokio::test]
async fn a_desktop_that_never_takes_an_upload_is_given_up() {
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
        tokio::time::sleep(Duration::from_mins(1)).await;
    })
    .await;
    let world = World::with(desktop.address, |_, _, config| config.body_timeout = Duration::from_millis(800)).await;
    let client = world.client().await;
    let (mut read, mut write) = client.socket.into_split();
    let writer = tokio::spawn(async move {
        let _ = write.write_all(request("PUT", "/", &["Content-Length: 999999999"]).as_bytes()).await;
        while write.write_all(&[7; 1 << 12]).await.is_ok() {}
    });
    let mut answer = [0; 20];
    soon(read.read_exact(&mut answer)).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 504 Gateway");
    drop(read);
    soon(writer).await.expect("it ends");
}

#[tokio::test]
async fn a_desktop_that_falls_silent_in_an_answer_is_given_up() {
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
        connection.say("HTTP/1.1 200 OK\r\n\r\nfirst").await;
        for _ in 0..5 {
            // like an event stream that says from time to time that it is still there
            tokio::time::sleep(Duration::from_millis(150)).await;
            connection.say(":").await;
        }
        let _ = connection.io.read(&mut [0]).await;
    })
    .await;
    let world = World::with(desktop.address, |_, _, config| config.silence_timeout = Duration::from_millis(500)).await;
    let mut client = world.client().await;
    let head = client.ask(request("GET", "/", &[])).await;
    assert_eq!(head.status, 200);
    assert_eq!(client.body(&head).await, (b"first:::::".to_vec(), false));
}

#[tokio::test]
async fn a_client_that_leaves_a_silent_answer_ends_it() {
    let (sender, mut closed) = tokio::sync::mpsc::channel(1);
    let desktop = Desktop::with(move |mut connection| {
        let sender = sender.clone();
        async move {
            connection.head().await.expect("a head");
            connection.say("HTTP/1.1 200 OK\r\n\r\nfirst").await;
            assert_eq!(connection.io.read(&mut [0]).await.unwrap_or(0), 0);
            let _ = sender.send(()).await;
        }
    })
    .await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    assert_eq!(client.ask(request("GET", "/", &[])).await.status, 200);
    drop(client);
    soon(closed.recv()).await;
}
