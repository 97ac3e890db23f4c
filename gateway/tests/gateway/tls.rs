//! Desktops over https, with certificates they made themselves.

use std::sync::atomic::Ordering::Relaxed;

use super::support::{
    Desktop, World,
    client::{handshake, message, request},
    desktop::{kasm, websockify},
    https, soon,
};

#[tokio::test]
async fn the_pinned_certificate_is_let_in() {
    let desktop = Desktop::with_tls(kasm).await;
    let world = World::with(desktop.address, |_, target, _| https(target, &desktop.fingerprint)).await;
    let mut client = world.client().await;
    let head = client.ask(request("GET", "/", &[])).await;
    assert_eq!(client.body(&head).await, (b"<html>kasm</html>".to_vec(), true));
    let head = client.ask(request("GET", "/Downloads/", &[])).await;
    assert_eq!(client.body(&head).await, (b"listing of /Downloads/".to_vec(), true), "without a close_notify");
    let mut stream = world.stream().await;
    let sent = message(&vec![7; 3_000_000]);
    let (mut read, mut write) = stream_halves(&mut stream);
    let (taken, got) = tokio::join!(async { tokio::io::AsyncWriteExt::write_all(&mut write, &sent).await }, async {
        let mut got = vec![0; sent.len()];
        soon(tokio::io::AsyncReadExt::read_exact(&mut read, &mut got)).await.expect("all of it");
        got
    });
    taken.expect("it is taken");
    assert!(got == sent, "the same octets");
}

fn stream_halves(client: &mut super::support::Raw) -> (tokio::net::tcp::ReadHalf<'_>, tokio::net::tcp::WriteHalf<'_>) {
    client.socket.split()
}

#[tokio::test]
async fn sessions_resume_and_are_still_held_to_the_pin() {
    let desktop = Desktop::with_tls(kasm).await;
    let world = World::with(desktop.address, |_, target, _| https(target, &desktop.fingerprint)).await;
    for _ in 0..4 {
        let mut client = world.client().await;
        let head = client.ask(request("GET", "/", &[])).await;
        assert_eq!(head.status, 200);
        client.body(&head).await;
    }
    assert!(desktop.resumed.load(Relaxed) >= 2, "{}", desktop.resumed.load(Relaxed));
}

#[tokio::test]
async fn another_certificate_is_never_served() {
    let desktop = Desktop::with_tls(kasm).await;
    let mut world = World::with(desktop.address, |_, target, _| https(target, &"00".repeat(32))).await;
    for ask in [request("GET", "/", &[]), handshake("/", &[])] {
        let head = world.client().await.ask(ask).await;
        assert_eq!((head.status, head.code()), (502, "desktop_mismatch"));
        assert_eq!(soon(world.suspects.recv()).await, Some(world.route.desktop));
    }
    assert_eq!(desktop.heads(), Vec::<String>::new(), "and hears nothing");
}

#[tokio::test]
async fn a_certificate_that_was_never_learned_is_no_certificate() {
    let desktop = Desktop::with_tls(kasm).await;
    let world = World::with(desktop.address, |_, target, _| {
        https(target, "");
        target.fingerprint = None;
    })
    .await;
    let head = world.client().await.ask(request("GET", "/", &[])).await;
    assert_eq!((head.status, head.code()), (502, "desktop_mismatch"));
    assert_eq!(desktop.heads(), Vec::<String>::new());
}

#[tokio::test]
async fn the_systems_roots_do_not_vouch_for_a_stranger() {
    let desktop = Desktop::with_tls(kasm).await;
    let world = World::with(desktop.address, |_, target, _| {
        https(target, &desktop.fingerprint);
        target.verify_tls = true;
    })
    .await;
    let head = world.client().await.ask(request("GET", "/", &[])).await;
    assert!(matches!(head.code(), "desktop_tls_failed" | "tls_unavailable"), "{head:?}");
    assert_eq!(desktop.heads(), Vec::<String>::new());
}

#[tokio::test]
async fn a_desktop_that_speaks_no_tls_is_not_spoken_to_without() {
    let desktop = Desktop::with(websockify).await;
    let mut world = World::with(desktop.address, |_, target, _| https(target, &"00".repeat(32))).await;
    let head = world.client().await.ask(request("GET", "/", &[])).await;
    assert!(matches!(head.code(), "desktop_tls_failed" | "desktop_timeout"), "{head:?}");
    if head.code() == "desktop_tls_failed" {
        assert_eq!(soon(world.suspects.recv()).await, Some(world.route.desktop));
    }
}
