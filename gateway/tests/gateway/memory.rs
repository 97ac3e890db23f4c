//! What a stream holds in memory that nobody moves: the program is a gateway in a process of its own, and clients and
//! desktops in another. Both run it; the first argument tells the gateway to be one.

#![expect(clippy::print_stdout, reason = "the figures are told, and the gateway tells where it listens")]

#[expect(dead_code, reason = "other tests use more of it")]
mod support;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use domain::template::Protocol;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{
    Desktop, Raw, World,
    client::{handshake, message},
    desktop::websockify,
    https, soon,
};

/// One kind of stream, and how many of it are weighed.
struct Kind {
    name: &'static str,
    /// Open before: what the first ones cost is the process's and not theirs.
    before: usize,
    weighed: usize,
    /// What one may hold, in KiB, before and after octets passed.
    most: f64,
}

const PLAIN: Kind = Kind { name: "plain", before: 100, weighed: 400, most: 6.0 };
/// Fewer, since a handshake without optimisation takes its time.
const SECURED: Kind = Kind { name: "https", before: 40, weighed: 120, most: 30.0 };

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("as many descriptors as are allowed");
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, role, desktop, fingerprint @ ..] = &arguments[..]
        && role == "gateway"
    {
        return be_a_gateway(desktop.parse().expect("an address"), fingerprint.first()).await;
    }
    let plain = Desktop::with(websockify).await;
    measure(&Gateway::start(&plain), &PLAIN).await;
    let secured = Desktop::with_tls(websockify).await;
    measure(&Gateway::start(&secured), &SECURED).await;
}

async fn be_a_gateway(desktop: SocketAddr, fingerprint: Option<&String>) {
    let world = World::with(desktop, |_, target, config| {
        if let Some(fingerprint) = fingerprint {
            https(target, fingerprint);
            assert_eq!(target.protocol, Protocol::Https);
        }
        config.response_timeout = Duration::from_secs(30);
        config.connect_timeout = Duration::from_secs(30);
        (config.max_streams_per_desktop, config.max_streams_per_user) = (10_000, 10_000);
    })
    .await;
    println!("{}", world.front);
    std::io::stdout().flush().expect("it is read");
    // until the other process ends this one
    std::future::pending::<()>().await;
}

/// A gateway in a process of its own, which ends with this.
struct Gateway {
    process: Child,
    front: SocketAddr,
}

impl Gateway {
    fn start(desktop: &Desktop) -> Self {
        let program = std::env::current_exe().expect("it runs");
        let mut command = Command::new(program);
        command.arg("gateway").arg(desktop.address.to_string());
        if !desktop.fingerprint.is_empty() {
            command.arg(&desktop.fingerprint);
        }
        let mut process = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line).expect("a line");
        Self { process, front: line.trim().parse().expect("an address") }
    }

    async fn streams(&self, count: usize) -> Vec<Raw> {
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let mut client = Raw::connect(self.front).await;
            assert_eq!(client.ask(handshake("/websockify", &[])).await.status, 101);
            streams.push(client);
        }
        streams
    }

    /// What it holds once it is still, in KiB.
    async fn memory(&self) -> f64 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // it ends with us in any case
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred")]
async fn measure(gateway: &Gateway, kind: &Kind) {
    let Kind { name, before, weighed, most } = *kind;
    let mut early = gateway.streams(before).await;
    pass(&mut early).await;
    let empty = gateway.memory().await;
    let mut streams = gateway.streams(weighed).await;
    let cold = (gateway.memory().await - empty) / weighed as f64;
    pass(&mut streams).await;
    let warm = (gateway.memory().await - empty) / weighed as f64;
    println!("{name}: {cold:.1} KiB a stream, {warm:.1} after octets passed; at most {most:.1}");
    assert!(cold <= most && warm <= most, "a still stream holds too much");
}

/// A picture's worth of octets on each stream, both ways.
async fn pass(streams: &mut [Raw]) {
    let message = message(&vec![7; 100_000]);
    for stream in streams {
        let (length, copy) = (message.len(), message.clone());
        let (mut read, mut write) = stream.socket.split();
        let mut got = vec![0; length];
        let (sent, taken) = soon(async {
            tokio::join!(
                tokio::io::AsyncWriteExt::write_all(&mut write, &copy),
                tokio::io::AsyncReadExt::read_exact(&mut read, &mut got)
            )
        })
        .await;
        sent.expect("it is taken");
        taken.expect("it comes back");
        assert!(got == copy, "the same octets");
    }
}
