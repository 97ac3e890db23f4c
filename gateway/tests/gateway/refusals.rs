//! What does not come about, and whose side that is said to be on.

use std::{net::SocketAddr, time::Duration};

use gateway::Config;
use tokio::net::TcpListener;

use super::support::{
    Desktop, World,
    client::{handshake, request},
    desktop::{kasm, switching, websockify},
    soon,
};

/// An address where nothing listens.
async fn nowhere() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address")
}

#[tokio::test]
async fn a_dead_desktop_is_unreachable_and_suspect() {
    let mut world = World::to(nowhere().await).await;
    for ask in [request("GET", "/", &[]), handshake("/", &[])] {
        let head = world.client().await.ask(ask).await;
        assert_eq!((head.status, head.code()), (502, "desktop_unreachable"));
        assert_eq!(soon(world.suspects.recv()).await, Some(world.route.desktop));
    }
    assert_eq!(world.gateway.streams(), 0);
}

#[tokio::test]
async fn a_desktop_that_never_answers_is_given_up() {
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
        connection.say("HTTP/1.1 200 O").await;
        tokio::time::sleep(Duration::from_mins(1)).await;
    })
    .await;
    let world = World::to(desktop.address).await;
    for ask in [request("GET", "/", &[]), handshake("/", &[])] {
        let head = world.client().await.ask(ask).await;
        assert_eq!((head.status, head.code()), (504, "desktop_timeout"));
    }
}

#[tokio::test]
async fn a_desktop_that_dribbles_its_head_is_given_up_as_well() {
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
        connection.say("HTTP/1.1 200 OK\r\n").await;
        for _ in 0..100 {
            connection.say("X: y\r\n").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let world = World::to(desktop.address).await;
    let head = world.client().await.ask(request("GET", "/", &[])).await;
    assert_eq!((head.status, head.code()), (504, "desktop_timeout"));
}

#[tokio::test]
async fn answers_beyond_the_limits_are_refused() {
    let lines = |count| "X: y\r\n".repeat(count);
    let cases = [
        (format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(17 * 1024)), 502),
        (format!("HTTP/1.1 200 OK\r\n{}\r\n", lines(65)), 502),
        (format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", lines(63)), 200),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(), 502),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_owned(), 502),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(), 502),
        (switching(""), 502),
    ];
    for (answer, status) in cases {
        let said = answer.clone();
        let desktop = Desktop::with(move |mut connection| {
            let said = said.clone();
            async move {
                connection.head().await.expect("a head");
                connection.say(said).await;
            }
        })
        .await;
        let mut world = World::to(desktop.address).await;
        let head = world.client().await.ask(request("GET", "/", &[])).await;
        assert_eq!(head.status, status, "{head:?} {}", answer.chars().take(80).collect::<String>());
        if status == 502 {
            assert_eq!(head.code(), "desktop_answer_malformed", "{}", answer.chars().take(80).collect::<String>());
            assert_eq!(soon(world.suspects.recv()).await, Some(world.route.desktop), "this is no desktop, or another");
        }
    }
}

#[tokio::test]
async fn a_desktop_that_hangs_up_is_said_to_have() {
    let desktop = Desktop::with(|mut connection| async move {
        connection.head().await.expect("a head");
    })
    .await;
    let mut world = World::to(desktop.address).await;
    for ask in [request("GET", "/", &[]), handshake("/", &[])] {
        let head = world.client().await.ask(ask).await;
        assert_eq!((head.status, head.code()), (502, "desktop_closed"));
        assert_eq!(soon(world.suspects.recv()).await, Some(world.route.desktop));
    }
}

#[tokio::test]
async fn a_password_that_is_refused_is_no_question_to_the_user() {
    for desktop in [Desktop::with(kasm).await, Desktop::with(websockify).await] {
        let mut world = World::with(desktop.address, |_, target, _| target.password = "another".into()).await;
        for ask in [request("GET", "/", &[]), handshake("/", &[])] {
            let head = world.client().await.ask(ask).await;
            assert_eq!((head.status, head.code()), (502, "desktop_refused_credentials"));
            assert_eq!(head.get("www-authenticate"), None);
            assert_eq!(soon(world.suspects.recv()).await, Some(world.route.desktop));
        }
    }
}

#[tokio::test]
async fn a_request_that_is_refused_never_reaches_the_desktop() {
    let desktop = Desktop::with(kasm).await;
    let world = World::to(desktop.address).await;
    let lost = handshake("/", &["X-Forwarded-Server: school.example"]).replace("Upgrade: websocket\r\n", "");
    let long = format!("/{}", "a".repeat(1024));
    let cases = [
        (lost, 426, "upgrade_header_lost"),
        (handshake("/", &[]).replace("Version: 13", "Version: 8"), 400, "upgrade_malformed"),
        (handshake("/", &[]).replace("HTTP/1.1", "HTTP/1.0"), 426, "http_version_lost"),
        (handshake("/", &[]).replace("GET", "POST"), 400, "upgrade_malformed"),
        (handshake("/", &["Content-Length: 2"]) + "ab", 400, "upgrade_malformed"),
        (handshake("/", &["X-Test-Lose-Connection: 1"]), 500, "connection_missing"),
        (handshake("/api/create_user", &[]), 403, "desktop_api_blocked"),
        (request("GET", "/api/create_user?name=x", &[]), 403, "desktop_api_blocked"),
        (request("GET", "/%61pi/get_users", &[]), 403, "desktop_api_blocked"),
        (request("GET", "/a/..%2f..%2fetc/passwd", &[]), 400, "path_refused"),
        (request("GET", &long, &[]), 414, "path_too_long"),
        (request("GET", "/", &[&format!("User-Agent: {}", "x".repeat(2000))]), 431, "head_too_large"),
        (request("TRACE", "/", &[]), 405, "method_refused"),
    ];
    for (ask, status, code) in cases {
        let mut client = world.client().await;
        let head = client.ask(&ask).await;
        assert_eq!((head.status, head.code()), (status, code), "{ask}");
        if code == "upgrade_header_lost" {
            let (sentence, _) = client.body(&head).await;
            let sentence = String::from_utf8(sentence).expect("text");
            assert!(sentence.contains("Apache") && sentence.contains("upgrade=websocket"), "{sentence}");
        }
    }
    assert_eq!(desktop.heads(), Vec::<String>::new());
}

#[tokio::test]
async fn a_desktop_without_a_target_is_not_running() {
    let mut route = (*World::to(nowhere().await).await.route).clone();
    route.target = None;
    let world = World::of(route, Config::default()).await;
    let head = world.client().await.ask(request("GET", "/", &[])).await;
    assert_eq!((head.status, head.code()), (409, "desktop_not_running"));
}
