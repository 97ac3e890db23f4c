use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter, DuplexStream, duplex, join, sink},
    time::timeout,
};

use super::{End, relay};
use crate::{activity::Activity, tap::Dialect};

async fn run<D>(client: DuplexStream, desktop: D) -> End
where
    D: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let meter = Activity::default().meter(domain::DesktopId::new());
    relay(client, desktop, b"early ", Dialect::Unknown, &meter).await
}

async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(5), future).await.expect("it comes soon")
}

#[tokio::test]
async fn what_was_written_is_flushed_before_anybody_waits() {
    let (mut client, front) = duplex(64);
    let (back, mut desktop) = duplex(64);
    let relay = tokio::spawn(run(front, BufWriter::new(back)));
    client.write_all(b"up").await.expect("it is taken");
    let mut got = [0; 2];
    soon(desktop.read_exact(&mut got)).await.expect("it arrives");
    drop((client, desktop));
    soon(relay).await.expect("it ends");
}

#[tokio::test]
async fn the_last_words_of_a_desktop_that_stopped_listening_arrive() {
    let (mut client, front) = duplex(64);
    let (mut words, read) = duplex(64);
    let (write, closed) = duplex(64);
    drop(closed);
    let relay = tokio::spawn(run(front, join(read, write)));
    client.write_all(b"nobody hears this").await.expect("it is taken");
    tokio::task::yield_now().await;
    words.write_all(b"last words").await.expect("it is taken");
    drop(words);
    let mut got = Vec::new();
    soon(client.read_to_end(&mut got)).await.expect("an end");
    assert_eq!(got, b"early last words");
    assert!(matches!(soon(relay).await.expect("it ends"), End::Closed));
}

#[tokio::test]
async fn a_client_that_breaks_off_is_the_end() {
    let (client, front) = duplex(64);
    let (words, read) = duplex(64);
    drop(client);
    let end = soon(run(front, join(read, sink()))).await;
    assert!(matches!(end, End::Client(_)), "{end:?}");
    drop(words);
}
