//! What carrying a stream costs at least: relays that know nothing but octets, and where they go.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr},
    os::fd::OwnedFd,
    sync::{Arc, Mutex, PoisonError},
};

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncWriteExt as _, Interest},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
};

use super::Ear;

/// What is moved at a time.
const CHUNK: usize = 64 * 1024;

/// How octets are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// By the kernel, from socket to socket.
    Splice,
    /// Through buffers that are taken from a pool when there is something to read.
    Copy,
}

/// What it is told: how to move octets, and where to. It answers its port.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Word {
    pub(crate) kind: Kind,
    pub(crate) to: SocketAddr,
}

pub(crate) async fn run() {
    let mut ear = Ear::new();
    let Some(Word { kind, to }) = ear.hear().await else { return };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    ear.answer(&listener.local_addr().expect("an address").port());
    let pool = Arc::new(Pool::default());
    tokio::spawn(async move {
        loop {
            let Ok((client, _)) = listener.accept().await else { continue };
            let pool = Arc::clone(&pool);
            tokio::spawn(async move {
                // whoever breaks off ends it
                let _ = relay(kind, client, to, &pool).await;
            });
        }
    });
    while ear.hear::<()>().await.is_some() {}
}

async fn relay(kind: Kind, mut client: TcpStream, to: SocketAddr, pool: &Pool) -> io::Result<()> {
    let mut desktop = TcpStream::connect(to).await?;
    client.set_nodelay(true)?;
    desktop.set_nodelay(true)?;
    let (client, desktop) = (client.split(), desktop.split());
    match kind {
        Kind::Splice => tokio::try_join!(spliced(client.0, desktop.1), spliced(desktop.0, client.1)),
        Kind::Copy => tokio::try_join!(copied(client.0, desktop.1, pool), copied(desktop.0, client.1, pool)),
    }
    .map(drop)
}

async fn spliced(from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> io::Result<()> {
    let mut pipe: Option<(OwnedFd, OwnedFd)> = None;
    let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
    let source: &TcpStream = from.as_ref();
    loop {
        from.readable().await?;
        let (out, into) = match &pipe {
            Some(pipe) => pipe,
            None => pipe.insert(new_pipe()?),
        };
        let moved = source.try_io(Interest::READABLE, || Ok(splice(source, None, into, None, CHUNK * 4, flags)?));
        let mut left = match moved {
            Ok(0) => return to.shutdown().await,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        while left > 0 {
            let sink: &TcpStream = to.as_ref();
            match sink.try_io(Interest::WRITABLE, || Ok(splice(out, None, sink, None, left, flags)?)) {
                Ok(count) => left -= count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => to.writable().await?,
                Err(error) => return Err(error),
            }
        }
    }
}

fn new_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let pipe = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    // a smaller one does as well
    let _ = fcntl_setpipe_size(&pipe.1, CHUNK * 4);
    Ok(pipe)
}

async fn copied(from: ReadHalf<'_>, mut to: WriteHalf<'_>, pool: &Pool) -> io::Result<()> {
    loop {
        from.readable().await?;
        let mut buffer = pool.take();
        // the buffer goes back only when nothing more is to be read at once
        loop {
            let count = match from.try_read(&mut buffer) {
                Ok(0) => return to.shutdown().await,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            let mut rest = &buffer[..count];
            while !rest.is_empty() {
                match to.try_write(rest) {
                    Ok(count) => rest = &rest[count..],
                    Err(error) if error.kind() == ErrorKind::WouldBlock => to.writable().await?,
                    Err(error) => return Err(error),
                }
            }
            if count < buffer.len() {
                break;
            }
        }
        pool.give(buffer);
    }
}

#[derive(Default)]
struct Pool(Mutex<Vec<Box<[u8]>>>);

impl Pool {
    fn take(&self) -> Box<[u8]> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        free.unwrap_or_else(|| vec![0; CHUNK].into())
    }

    fn give(&self, buffer: Box<[u8]>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}
