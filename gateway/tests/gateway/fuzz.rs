//! Random octets in random pieces at a random pace, both ways through a stream: none is altered, lost or out of place.
//!
//! `PULT_FUZZ_SECONDS` is how long the processor is at it in all, as for the parts that read (`gateway/src/fuzz.rs`);
//! here it is half of that, beside the other tests. `PULT_FUZZ_SEED` leads straight to a failure.

use std::time::{Duration, Instant};

use gateway::Config;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::sleep,
};

use super::support::{
    Desktop, Raw, World,
    client::handshake,
    desktop::{Connection, switching},
    https, soon,
};

/// Without being told.
const SECONDS: u64 = 6;

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but their environment")]
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a whole number")))
}

/// Throws numbers (xorshift64*), the same for the same seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn throw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.throw() >> 33).expect("31 bits") % limit
    }

    /// Small ones often, large ones now and then.
    fn size(&mut self) -> usize {
        let limit = [2, 20, 200, 2_000, 20_000, 200_000][self.below(6)];
        self.below(limit) + 1
    }

    fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count.div_ceil(8)).flat_map(|_| self.throw().to_le_bytes()).take(count).collect()
    }

    async fn pause(&mut self) {
        match self.below(40) {
            0 => sleep(Duration::from_millis(self.throw() % 5)).await,
            1..10 => tokio::task::yield_now().await,
            _ => {}
        }
    }
}

/// Gives every octet back, in pieces and at a pace of its own.
async fn echo(mut connection: Connection) {
    let Some((_, early)) = connection.head().await else { return };
    let mut dice = Dice::new(early.len() as u64 + 7);
    connection.say([switching("").as_bytes(), &early].concat()).await;
    let (mut from, mut to) = tokio::io::split(connection.io);
    let mut piece = vec![0; 70_000];
    loop {
        let size = dice.size().min(piece.len());
        match from.read(&mut piece[..size]).await {
            Ok(count @ 1..) if to.write_all(&piece[..count]).await.is_ok() => {}
            _ => break,
        }
        // a TLS stream keeps what is not flushed
        if to.flush().await.is_err() {
            break;
        }
        dice.pause().await;
    }
    let _ = to.shutdown().await;
}

async fn one_stream(world: &World, seed: u64) {
    let mut dice = Dice::new(seed);
    let count = dice.size() * 4;
    let octets = dice.octets(count);
    let glued = dice.below(2) * dice.below(octets.len().min(1000));
    let mut client = Raw::connect(world.front).await;
    let head = client.ask([handshake("/", &[]).as_bytes(), &octets[..glued]].concat()).await;
    assert_eq!(head.status, 101);
    let mut got = client.early();
    let (mut read, mut write) = client.socket.into_split();
    let mut reader = Dice::new(seed ^ 0xffff);
    let speak = async {
        let mut rest = &octets[glued..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(dice.size().min(rest.len()));
            write.write_all(now).await.expect("it is taken");
            rest = later;
            dice.pause().await;
        }
        write.shutdown().await.expect("half a close");
    };
    let listen = async {
        let mut piece = vec![0; 200_000];
        loop {
            match read.read(&mut piece[..reader.size()]).await.expect("octets") {
                0 => break,
                count => got.extend(&piece[..count]),
            }
            reader.pause().await;
        }
    };
    soon(async { tokio::join!(speak, listen) }).await;
    assert_eq!(got.len(), octets.len(), "PULT_FUZZ_SEED={seed}");
    assert!(got == octets, "PULT_FUZZ_SEED={seed}: an octet was altered");
}

#[tokio::test]
async fn fuzzed_streams_arrive_octet_for_octet() {
    let (plain, tls) = (Desktop::with(echo).await, Desktop::with_tls(echo).await);
    // for an hour, beside whatever else the machine does
    let patience = |config: &mut Config| {
        (config.connect_timeout, config.response_timeout) = (Duration::from_mins(1), Duration::from_mins(1));
    };
    let worlds = [
        World::with(plain.address, |_, _, config| patience(config)).await,
        World::with(tls.address, |_, target, config| {
            https(target, &tls.fingerprint);
            patience(config);
        })
        .await,
    ];
    let end = Instant::now() + Duration::from_secs(number("PULT_FUZZ_SECONDS", SECONDS)) / 2;
    let first = number("PULT_FUZZ_SEED", 0);
    let mut seed = first;
    while seed == first || Instant::now() < end {
        for world in &worlds {
            one_stream(world, seed).await;
        }
        seed += 1;
    }
    println!("{} streams", (seed - first) * 2);
}
