//! Streams: from the handshake to their end.

use std::time::{Duration, Instant};

use domain::template::Client;

use super::support::{
    Desktop, Raw, World,
    client::{ACCEPT, KEY, handshake, message, request},
    desktop::{header, kasm, selkies, switching, websockify},
    soon,
};

const SECOND: Duration = Duration::from_secs(1);

async fn echoes(client: &mut Raw) {
    client.send(message(b"hello")).await;
    assert_eq!(client.take(message(b"hello").len()).await, message(b"hello"));
}

#[tokio::test]
async fn kasmvnc_hears_a_handshake_it_understands() {
    let desktop = Desktop::with(kasm).await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let more = ["Cookie: pult_session=secret", "Referer: http://school.example/api/x", "User-Agent: test"];
    let head = client.ask(handshake("/websockify", &more)).await;
    assert_eq!(head.status, 101, "{head:?}");
    assert_eq!(head.get("sec-websocket-accept"), Some(ACCEPT));
    assert_eq!(head.get("sec-websocket-protocol"), None, "the client offered none");
    echoes(&mut client).await;
    let expected = format!(
        "GET /websockify HTTP/1.1\r\n\
         Authorization: Basic a2FzbV91c2VyOnNlY3JldA==\r\n\
         Host: school.example\r\n\
         Connection: Upgrade\r\n\
         Upgrade: websocket\r\n\
         Origin: http://school.example\r\n\
         Sec-Websocket-Key: {KEY}\r\n\
         Sec-Websocket-Version: 13\r\n\
         Sec-Websocket-Protocol: binary\r\n\
         User-Agent: test\r\n\
         X-Forwarded-For: 127.0.0.1\r\n\
         X-Forwarded-Proto: http\r\n\
         X-Forwarded-Host: school.example\r\n\r\n"
    );
    assert_eq!(desktop.head(), expected);
}

#[tokio::test]
async fn the_stand_in_is_as_strict_as_kasmvnc() {
    let desktop = Desktop::with(kasm).await;
    let good = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: x\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\n\
         Authorization: Basic a2FzbV91c2VyOnNlY3JldA==\r\n\r\n"
    );
    for (head, status) in [
        (good.clone(), 101),
        (good.replace("Origin: x\r\n", ""), 200),
        (good.replace("Sec-WebSocket-Protocol: binary\r\n", ""), 200),
        (good.replace("Host", "host"), 200),
        (good.replace("Authorization", "authorization"), 401),
        (good.replace("Host:", "Proxy-Authorization: Basic eA==\r\nHost:"), 401),
    ] {
        assert_eq!(Raw::connect(desktop.address).await.ask(&head).await.status, status, "{head}");
    }
}

#[tokio::test]
async fn websockify_takes_what_novnc_sends_and_what_old_clients_send() {
    let desktop = Desktop::with(websockify).await;
    let world = World::to(desktop.address).await;
    for (offer, chosen) in [(&[][..], None), (&["Sec-WebSocket-Protocol: binary, base64"][..], Some("binary"))] {
        let mut client = world.client().await;
        let head = client.ask(handshake("/websockify", offer)).await;
        assert_eq!((head.status, head.get("sec-websocket-protocol")), (101, chosen));
        echoes(&mut client).await;
    }
    let mut client = world.client().await;
    let head = client.ask(handshake("/websockify", &["Sec-WebSocket-Protocol: chat"])).await;
    assert_eq!(head.status, 400, "its refusal is relayed");
    assert_eq!(client.body(&head).await, (b"Invalid subprotocol".to_vec(), true));
}

#[tokio::test]
async fn selkies_hears_an_origin_that_is_its_host() {
    let desktop = Desktop::with(selkies).await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let head = client.ask(handshake("/api/websockets", &["Origin: https://pult.elsewhere.example"])).await;
    assert_eq!(head.status, 101, "{head:?}");
    echoes(&mut client).await;
    let mut client = world.client().await;
    let head = client.ask(handshake("/elsewhere", &[])).await;
    assert_eq!(head.status, 403);
    assert_eq!(client.body(&head).await, (b"wrong origin".to_vec(), true));
}

#[tokio::test]
async fn octets_glued_to_either_head_arrive() {
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
        connection.say(format!("{}RFB 003.008\n", switching(""))).await;
        connection.echo().await;
    })
    .await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let glued = [handshake("/websockify", &[]).as_bytes(), &message(b"glued")].concat();
    let head = client.ask(glued).await;
    assert_eq!(head.status, 101);
    assert_eq!(client.take(12).await, b"RFB 003.008\n");
    assert_eq!(client.take(message(b"glued").len()).await, message(b"glued"));
}

#[tokio::test]
async fn large_messages_pass_octet_for_octet() {
    let desktop = Desktop::with(websockify).await;
    let world = World::to(desktop.address).await;
    let client = world.stream().await;
    let payload: Vec<u8> = (0..3_000_000_u32).map(|index| index.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let sent = message(&payload);
    let (read, write) = client.socket.into_split();
    let (length, copy) = (sent.len(), sent.clone());
    let writer = tokio::spawn(async move {
        let mut write = write;
        tokio::io::AsyncWriteExt::write_all(&mut write, &copy).await.expect("it is taken");
        write
    });
    let mut got = vec![0; length];
    let mut read = read;
    soon(tokio::io::AsyncReadExt::read_exact(&mut read, &mut got)).await.expect("all of it");
    assert!(got == sent, "the same octets");
    drop(writer.await.expect("it ends"));
    world.streams(0).await;
    let seen = world.activity.drain();
    assert_eq!((seen[0].bytes_up, seen[0].bytes_down), (length as u64, length as u64));
}

#[tokio::test]
async fn half_a_close_lets_the_other_half_finish() {
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
        connection.say(switching("")).await;
        let mut got = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut connection.io, &mut got).await.expect("an end");
        connection.say(format!("{} octets", got.len())).await;
    })
    .await;
    let world = World::to(desktop.address).await;
    let mut client = world.stream().await;
    client.send([7; 1000]).await;
    client.finish().await;
    assert_eq!(client.rest().await, b"1000 octets");
    world.streams(0).await;
}

#[tokio::test]
async fn a_desktop_that_is_done_does_not_silence_its_client() {
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
        connection.say(format!("{}bye", switching(""))).await;
        tokio::io::AsyncWriteExt::shutdown(&mut connection.io).await.expect("half a close");
        let mut got = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut connection.io, &mut got).await.expect("an end");
        assert_eq!(got, b"still here");
    })
    .await;
    let world = World::to(desktop.address).await;
    let mut client = world.stream().await;
    assert_eq!(client.rest().await, b"bye");
    assert_eq!(world.gateway.streams(), 1);
    client.send(b"still here").await;
    client.finish().await;
    world.streams(0).await;
}

#[tokio::test]
async fn nothing_follows_a_101_without_its_proof() {
    for answer in [
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".to_owned(),
        switching("").replace(ACCEPT, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        switching("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
    ] {
        let desktop = Desktop::with(move |mut connection| {
            let answer = answer.clone();
            async move {
                connection.head().await.expect("a head");
                connection.say(answer).await;
                let mut got = Vec::new();
                let _ = tokio::io::AsyncReadExt::read_to_end(&mut connection.io, &mut got).await;
                assert_eq!(got, b"", "nothing of the client's arrives");
            }
        })
        .await;
        let world = World::to(desktop.address).await;
        let mut client = world.client().await;
        let head = client.ask([handshake("/", &[]).as_bytes(), &message(b"early")].concat()).await;
        assert_eq!((head.status, head.code()), (502, "desktop_refused_handshake"));
        assert_eq!(world.gateway.streams(), 0);
    }
}

#[tokio::test]
async fn a_refusal_reaches_the_client_with_its_body() {
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
        connection.say("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n\r\nnot today").await;
    })
    .await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await;
    let head = client.ask(handshake("/", &[])).await;
    assert_eq!((head.status, head.get("content-type")), (403, Some("text/plain")));
    assert_eq!(client.body(&head).await, (b"not today".to_vec(), true));
}

#[tokio::test]
async fn a_stream_ends_within_a_second_when_its_route_is_gone() {
    let desktop = Desktop::with(websockify).await;
    let world = World::to(desktop.address).await;
    let (mut one, mut two) = (world.stream().await, world.stream().await);
    echoes(&mut one).await;
    world.streams(2).await;
    let start = Instant::now();
    world.route.gone.cancel();
    assert_eq!((one.rest().await, two.rest().await), (Vec::new(), Vec::new()));
    assert!(start.elapsed() < SECOND);
    world.streams(0).await;
    let head = world.client().await.ask(handshake("/", &[])).await;
    assert_eq!((head.status, head.code()), (503, "desktop_gone"));
}

#[tokio::test]
async fn a_stream_ends_within_a_second_when_the_right_to_it_ends() {
    let desktop = Desktop::with(websockify).await;
    let world = World::to(desktop.address).await;
    let mut client = world.stream().await;
    let start = Instant::now();
    world.ended.cancel();
    assert_eq!(client.rest().await, b"");
    assert!(start.elapsed() < SECOND);
    world.streams(0).await;
    let head = world.client().await.ask(request("GET", "/", &[])).await;
    assert_eq!((head.status, head.code()), (401, "session_ended"));
}

#[tokio::test]
async fn draining_waits_for_streams_and_ends_the_rest() {
    let desktop = Desktop::with(websockify).await;
    let world = World::to(desktop.address).await;
    let (short, mut long) = (world.stream().await, world.stream().await);
    let gateway = world.gateway.clone();
    let drain = tokio::spawn(async move { gateway.drain(Duration::from_millis(300)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let head = world.client().await.ask(handshake("/", &[])).await;
    assert_eq!((head.status, head.code()), (503, "going_away"));
    echoes(&mut long).await;
    drop(short);
    assert_eq!(soon(drain).await.expect("it ends"), 1);
    assert_eq!(long.rest().await, b"");
    assert_eq!(world.gateway.streams(), 0);
    assert_eq!(world.gateway.drain(SECOND).await, 0);
}

#[tokio::test]
async fn streams_are_limited_and_make_room_when_they_end() {
    let desktop = Desktop::with(websockify).await;
    for limits in [(2, 9), (9, 2)] {
        let world = World::with(desktop.address, |_, _, config| {
            (config.max_streams_per_desktop, config.max_streams_per_user) = limits;
        })
        .await;
        let (one, _two) = (world.stream().await, world.stream().await);
        let head = world.client().await.ask(handshake("/", &[])).await;
        assert_eq!((head.status, head.code()), (503, "too_many_streams"));
        drop(one);
        world.streams(1).await;
        world.stream().await;
    }
}

#[tokio::test]
async fn use_is_seen_and_an_open_tab_is_not_use() {
    let desktop = Desktop::with(websockify).await;
    let world = World::with(desktop.address, |route, _, _| route.client = Client::Novnc).await;
    let mut client = world.stream().await;
    for part in [&b"RFB 003.008\n"[..], &[1], &[1], &[3, 1, 0, 0, 0, 0, 4, 0, 3, 0]] {
        client.send(message(part)).await;
        client.take(message(part).len()).await;
    }
    let seen = world.activity.drain();
    assert_eq!((seen[0].desktop, seen[0].viewers, seen[0].last_input_at), (world.route.desktop, 1, None));
    assert!(seen[0].bytes_up > 0 && seen[0].bytes_up == seen[0].bytes_down);
    let key = message(&[4, 1, 0, 0, 0, 0, 0, 65]);
    client.send(&key).await;
    client.take(key.len()).await;
    assert!(world.activity.drain()[0].last_input_at.is_some());
    assert_eq!(world.activity.drain(), []);
    drop(client);
    world.streams(0).await;
    assert_eq!(world.activity.drain()[0].viewers, 0);
}

#[tokio::test]
async fn a_browser_that_reads_nothing_costs_no_more_than_its_buffers() {
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
        connection.say(switching("")).await;
        let piece = vec![0; 64 * 1024];
        while tokio::io::AsyncWriteExt::write_all(&mut connection.io, &piece).await.is_ok() {}
    })
    .await;
    let world = World::to(desktop.address).await;
    let client = world.stream().await;
    let mut relayed = 0;
    let settle = async {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let seen = world.activity.drain();
            match seen.first().map_or(0, |seen| seen.bytes_down) {
                0 => break,
                more => relayed += more,
            }
        }
    };
    soon(settle).await;
    assert!(relayed < 16 << 20, "only the kernel's buffers fill: {relayed}");
    drop(client);
    world.streams(0).await;
}

#[tokio::test]
async fn the_path_arrives_as_it_was_sent() {
    let desktop = Desktop::with(websockify).await;
    let world = World::to(desktop.address).await;
    let path = "/a%2Fb//%E4%BD%A0?token=x%20y&path=/websockify";
    assert_eq!(world.client().await.ask(handshake(path, &[])).await.status, 101);
    assert!(desktop.head().starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{}", desktop.head());
    assert_eq!(header(&desktop.head(), "connection"), Some("Upgrade"));
}
