use std::{io, sync::OnceLock, time::Duration};

use bytes::Bytes;
use domain::DesktopId;
use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter, DuplexStream, duplex, join, sink},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

use super::{Early, End, Opaque, buffer, pipe, relay};
use crate::{Activity, Socket, tap::Dialect};

async fn run<D>(client: DuplexStream, desktop: D) -> End
where
    D: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let meter = Activity::default().meter(DesktopId::new());
    let early = Early { desktop: Bytes::from_static(b"early "), ..Early::default() };
    relay(Opaque(client), Opaque(desktop), early, Dialect::Unknown, &meter).await
}

async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_mins(1), future).await.expect("it comes soon")
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

/// A relay between two real connections.
struct Line {
    client: TcpStream,
    desktop: TcpStream,
    relay: JoinHandle<End>,
    activity: Activity,
}

impl Line {
    async fn new() -> Self {
        let (client, front) = pair().await;
        let (back, desktop) = pair().await;
        let activity = Activity::default();
        let meter = activity.meter(DesktopId::new());
        let relay = tokio::spawn(async move {
            relay(Socket::Plain(front), Socket::Plain(back), Early::default(), Dialect::Unknown, &meter).await
        });
        Self { client, desktop, relay, activity }
    }

    fn passed(&self) -> (u64, u64) {
        self.activity.drain().first().map_or((0, 0), |seen| (seen.bytes_up, seen.bytes_down))
    }
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (one, other) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (one, (other, _)) = (one.expect("a connection"), other.expect("a connection"));
    one.set_nodelay(true).expect("an option");
    other.set_nodelay(true).expect("an option");
    (one, other)
}

/// How the octets of every flood go on, round and round; of a length that no buffer has.
fn noise() -> &'static [u8] {
    static NOISE: OnceLock<Vec<u8>> = OnceLock::new();
    NOISE.get_or_init(|| {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 32).to_le_bytes()[0]
        };
        (0..1_000_003).map(|_| next()).collect()
    })
}

/// What comes next in a flood after so many octets, and at most so much.
fn next(after: usize, most: usize) -> &'static [u8] {
    let rest = &noise()[after % noise().len()..];
    &rest[..rest.len().min(most)]
}

/// Sends so many octets in pieces of this size, and then the end.
async fn pour(mut into: impl tokio::io::AsyncWrite + Unpin, total: usize, piece: usize) -> io::Result<()> {
    let mut sent = 0;
    while sent < total {
        let octets = next(sent, piece.min(total - sent));
        into.write_all(octets).await?;
        sent += octets.len();
    }
    into.shutdown().await
}

/// Takes all there is in pieces of this size, with a pause after each MiB. Says how much it was and whether it was
/// what was poured.
async fn drink(mut from: impl tokio::io::AsyncRead + Unpin, piece: usize, pause: Duration) -> (usize, bool) {
    let (mut buffer, mut total, mut is_same) = (vec![0; piece], 0, true);
    loop {
        let count = from.read(&mut buffer).await.expect("octets");
        if count == 0 {
            return (total, is_same);
        }
        let mut got = &buffer[..count];
        while !got.is_empty() {
            let expected = next(total, got.len());
            let (now, later) = got.split_at(expected.len());
            is_same &= now == expected;
            total += now.len();
            got = later;
            if total % (1 << 20) < now.len() {
                tokio::time::sleep(pause).await;
            }
        }
    }
}

const MUCH: usize = 24 << 20;

#[tokio::test]
async fn a_flood_arrives_octet_for_octet_while_the_client_speaks() {
    let line = Line::new().await;
    let activity = line.activity.clone();
    let ((from_client, to_client), (from_desktop, to_desktop)) = (line.client.into_split(), line.desktop.into_split());
    let flood = tokio::spawn(pour(to_desktop, MUCH, 200_000));
    let words = tokio::spawn(pour(to_client, 1 << 20, 777));
    let heard = tokio::spawn(drink(from_desktop, 5_000, Duration::ZERO));
    assert_eq!(soon(drink(from_client, 300_000, Duration::ZERO)).await, (MUCH, true));
    assert_eq!(soon(heard).await.expect("no panic"), (1 << 20, true));
    soon(flood).await.expect("no panic").expect("it is taken");
    soon(words).await.expect("no panic").expect("it is taken");
    assert_eq!(pipe::spare(), 1, "it was spliced, and the pipe is back");
    assert!(matches!(soon(line.relay).await.expect("no panic"), End::Closed));
    let seen = activity.drain();
    assert_eq!((seen[0].bytes_up, seen[0].bytes_down), (1 << 20, MUCH as u64));
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_all_of_it() {
    let line = Line::new().await;
    let ((from_client, _keep), (_, to_desktop)) = (line.client.into_split(), line.desktop.into_split());
    let flood = tokio::spawn(pour(to_desktop, MUCH, 64 * 1024));
    assert_eq!(soon(drink(from_client, 10_000, Duration::from_millis(10))).await, (MUCH, true));
    soon(flood).await.expect("no panic").expect("it is taken");
}

#[tokio::test]
async fn a_desktop_that_is_done_while_it_is_spliced_still_listens() {
    let line = Line::new().await;
    let ((from_client, mut to_client), (mut from_desktop, to_desktop)) =
        (line.client.into_split(), line.desktop.into_split());
    let flood = tokio::spawn(pour(to_desktop, MUCH, 1 << 20));
    assert_eq!(soon(drink(from_client, 300_000, Duration::ZERO)).await, (MUCH, true));
    soon(flood).await.expect("no panic").expect("it is taken");
    to_client.write_all(b"still here").await.expect("it is taken");
    to_client.shutdown().await.expect("half a close");
    let mut got = Vec::new();
    soon(from_desktop.read_to_end(&mut got)).await.expect("an end");
    assert_eq!(got, b"still here");
    assert!(matches!(soon(line.relay).await.expect("no panic"), End::Closed));
}

#[tokio::test]
async fn a_client_that_breaks_off_under_a_flood_is_the_end() {
    let line = Line::new().await;
    let flood = tokio::spawn(pour(line.desktop, MUCH, 1 << 20));
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(line.client);
    assert!(matches!(soon(line.relay).await.expect("no panic"), End::Client(_)));
    soon(flood).await.expect("no panic").expect_err("nobody takes it");
}

#[tokio::test]
async fn a_flood_after_a_trickle_and_a_trickle_after_a_flood_arrive() {
    let mut line = Line::new().await;
    let mut got = vec![0; noise().len()];
    for _ in 0..3 {
        for word in [&b"a"[..], b"few", b"words"] {
            line.desktop.write_all(word).await.expect("it is taken");
            soon(line.client.read_exact(&mut got[..word.len()])).await.expect("it arrives");
            assert_eq!(&got[..word.len()], word);
        }
        let flood = next(0, usize::MAX);
        let (sent, taken) =
            soon(async { tokio::join!(line.desktop.write_all(flood), line.client.read_exact(&mut got)) }).await;
        sent.expect("it is taken");
        taken.expect("it arrives");
        assert!(got == flood, "the same octets");
    }
}

/// What is under way of a stream whose client takes nothing, beside what the sockets hold.
#[tokio::test]
async fn a_client_that_reads_nothing_holds_a_piece_and_no_more() {
    let (client, front) = pair().await;
    let (back, desktop) = pair().await;
    for socket in [&client, &front, &back, &desktop] {
        let socket = socket2::SockRef::from(socket);
        socket.set_recv_buffer_size(16 * 1024).expect("an option");
        socket.set_send_buffer_size(16 * 1024).expect("an option");
    }
    let activity = Activity::default();
    let meter = activity.meter(DesktopId::new());
    let relay = tokio::spawn(async move {
        relay(Socket::Plain(front), Socket::Plain(back), Early::default(), Dialect::Unknown, &meter).await
    });
    let flood = tokio::spawn(pour(desktop, MUCH, 1 << 20));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let passed = activity.drain()[0].bytes_down;
    // what the kernel makes of 16 KiB for each of the two sockets behind the relay
    let sockets = 4 * 32 * 1024;
    assert!(passed <= (pipe::PIECE + sockets) as u64, "{passed} octets are under way");
    const { assert!(buffer::SIZE + pipe::PIECE < 200 * 1024) };
    drop(client);
    soon(relay).await.expect("no panic");
    soon(flood).await.expect("no panic").expect_err("nobody takes it");
}

#[tokio::test]
async fn a_still_stream_has_no_memory_lent() {
    let mut line = Line::new().await;
    let mut got = [0; 5];
    for _ in 0..3 {
        line.client.write_all(b"hello").await.expect("it is taken");
        soon(line.desktop.read_exact(&mut got)).await.expect("it arrives");
        line.desktop.write_all(b"hello").await.expect("it is taken");
        soon(line.client.read_exact(&mut got)).await.expect("it arrives");
    }
    assert_eq!(line.passed(), (15, 15));
    // every test has a thread and so a pool of its own, and all that was ever lent there is back
    assert_eq!(buffer::spare(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// However the octets are cut and however they are taken, they are the same.
    #[test]
    fn how_octets_are_cut_does_not_matter(
        pieces in prop::collection::vec((1_usize..150_000, 0_u8..4), 1..12),
        taken in 100_usize..100_000,
        early in prop::collection::vec(any::<u8>(), 0..300),
        room in 100_usize..70_000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(soon(async {
            let total = pieces.iter().map(|(length, _)| length).sum();
            let sent: Vec<u8> = noise().iter().copied().cycle().take(total).collect();
            let (up_client, front) = duplex(room);
            let (back, mut down_desktop) = pair().await;
            let meter = Activity::default().meter(DesktopId::new());
            let said = Early { client: early.clone().into(), desktop: early.clone().into() };
            let relay = tokio::spawn(async move {
                relay(Opaque(front), Socket::Plain(back), said, Dialect::Unknown, &meter).await
            });
            let (mut from_client, mut to_client) = tokio::io::split(up_client);
            let (mut from_desktop, mut to_desktop) = down_desktop.split();
            let up = async {
                let mut left = &sent[..];
                for (length, pause) in &pieces {
                    let (now, later) = left.split_at(*length);
                    to_client.write_all(now).await.expect("it is taken");
                    for _ in 0..*pause {
                        tokio::task::yield_now().await;
                    }
                    left = later;
                }
                to_client.shutdown().await.expect("half a close");
            };
            let echo = async {
                let mut buffer = vec![0; taken];
                loop {
                    match from_desktop.read(&mut buffer).await.expect("octets") {
                        0 => break,
                        count => to_desktop.write_all(&buffer[..count]).await.expect("it is taken"),
                    }
                }
                to_desktop.shutdown().await.expect("half a close");
            };
            let mut got = Vec::new();
            let ((), (), read) = tokio::join!(up, echo, from_client.read_to_end(&mut got));
            read.expect("an end");
            assert!(got == [&early[..], &early, &sent].concat(), "the same octets");
            assert!(matches!(relay.await.expect("no panic"), End::Closed));
        }));
    }
}
