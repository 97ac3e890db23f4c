//! A container that took over an address and lets everybody in.
//!
//! Over https it is told from the one before by its certificate, before a word is said (`tls.rs` has the test). Over
//! plain http it is not: until the route is replaced it hears requests, with the password of a container that is no
//! more, and what it answers is passed on, in the sandbox every desktop is in. What ends that is the end of the route,
//! at once and for all that runs.

use std::time::Duration;

use super::super::support::{
    Desktop, World,
    client::{handshake, request},
    desktop::{Connection, header, switching},
    soon,
};

/// Says yes to everything, and then talks without an end.
async fn impostor(mut connection: Connection) {
    let Some((head, _)) = connection.head().await else { return };
    let is_upgrade = header(&head, "upgrade").is_some();
    connection.say(if is_upgrade { switching("") } else { "HTTP/1.1 200 OK\r\n\r\n".to_owned() }).await;
    while tokio::io::AsyncWriteExt::write_all(&mut connection.io, b"trust me").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn over_http_it_is_in_the_sandbox_and_silenced_with_the_route() {
    let desktop = Desktop::with(impostor).await;
    let world = World::to(desktop.address).await;
    let mut page = world.client().await;
    let head = page.ask(request("GET", "/", &["Cookie: pult_session=secret"])).await;
    assert!(head.get("content-security-policy").is_some_and(|policy| policy.starts_with("sandbox ")));
    let mut stream = world.stream().await;
    world.streams(1).await;
    world.route.gone.cancel();
    assert!(!soon(page.body(&head)).await.1, "cut off, and not passed off as whole");
    stream.rest().await;
    world.streams(0).await;
    for ask in [request("GET", "/", &[]), handshake("/websockify", &[])] {
        let head = world.client().await.ask(ask).await;
        assert_eq!((head.status, head.code()), (503, "desktop_gone"));
    }
    assert_eq!(desktop.heads().len(), 2, "nothing more was asked of it");
    assert!(desktop.heads().iter().all(|head| !head.contains("secret")), "and no session of ours came to its ears");
}
