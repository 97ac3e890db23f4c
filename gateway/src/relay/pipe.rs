//! Pipes that are lent for as long as they hold something.

use std::{cell::RefCell, io, os::fd::OwnedFd};

use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, splice};
use tokio::net::TcpStream;

/// The most a pipe is given at once, in bytes. The kernel would put in as many pages as there are slots, and behind a
/// slot may lie 32 KiB.
pub(crate) const PIECE: usize = 128 * 1024;

/// How many empty pipes a thread keeps for the next stream.
const SPARE: usize = 4;

/// The sockets are ready or they say so; the pages need not be copied.
const FLAGS: SpliceFlags = SpliceFlags::MOVE.union(SpliceFlags::NONBLOCK);

thread_local! {
    static POOL: RefCell<Vec<Ends>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
struct Ends {
    read: OwnedFd,
    write: OwnedFd,
}

impl Ends {
    fn new() -> io::Result<Self> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Self { read, write })
    }
}

/// A pipe, and how much is in it. An empty one goes back to the thread that drops it; one that holds something is
/// closed, so that nobody finds another stream's octets.
#[derive(Debug)]
pub(crate) struct Pipe {
    ends: Option<Ends>,
    held: usize,
}

impl Pipe {
    /// An empty pipe.
    pub(crate) fn take() -> io::Result<Self> {
        let spare = POOL.with_borrow_mut(Vec::pop);
        let ends = spare.map_or_else(Ends::new, Ok)?;
        Ok(Self { ends: Some(ends), held: 0 })
    }

    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Moves what the socket has into the pipe, which is empty: a pipe that refuses can then not be taken for a socket
    /// that has nothing. Zero at the end of the stream.
    pub(crate) fn fill(&mut self, source: &TcpStream) -> io::Result<usize> {
        debug_assert_eq!(self.held, 0, "what would block could not be told");
        let count = splice(source, None, &self.ends().write, None, PIECE, FLAGS)?;
        self.held = count;
        Ok(count)
    }

    /// Moves what is held into the socket.
    pub(crate) fn empty(&mut self, sink: &TcpStream) -> io::Result<usize> {
        let count = splice(&self.ends().read, None, sink, None, self.held, FLAGS)?;
        self.held -= count;
        Ok(count)
    }

    fn ends(&self) -> &Ends {
        self.ends.as_ref().unwrap_or_else(|| unreachable!("only a drop takes them"))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if let (0, Some(ends)) = (self.held, self.ends.take()) {
            POOL.with_borrow_mut(|pool| {
                if pool.len() < SPARE {
                    pool.push(ends);
                }
            });
        }
    }
}

/// How many pipes lie ready on this thread.
#[cfg(test)]
pub(super) fn spare() -> usize {
    POOL.with_borrow(Vec::len)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::{Pipe, SPARE, spare};

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (one, other) = tokio::join!(TcpStream::connect(address), listener.accept());
        (one.expect("a connection"), other.expect("a connection").0)
    }

    #[tokio::test]
    async fn a_pipe_comes_back_empty_or_not_at_all() {
        let (mut desktop, source) = pair().await;
        let (sink, mut client) = pair().await;
        desktop.write_all(b"pixels").await.expect("it is taken");
        source.readable().await.expect("it is");
        let mut pipe = Pipe::take().expect("a pipe");
        assert_eq!(pipe.fill(&source).expect("it is there"), 6);
        assert_eq!(pipe.empty(&sink).expect("it is taken"), 6);
        let mut got = [0; 6];
        client.read_exact(&mut got).await.expect("it arrives");
        assert_eq!(&got, b"pixels");
        drop(pipe);
        assert_eq!(spare(), 1);

        desktop.write_all(b"secret").await.expect("it is taken");
        source.readable().await.expect("it is");
        let mut pipe = Pipe::take().expect("a pipe");
        while pipe.fill(&source).is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!((pipe.held(), spare()), (6, 0));
        drop(pipe);
        assert_eq!(spare(), 0, "it is closed with what is in it");
    }

    #[test]
    fn no_more_are_kept_than_is_good() {
        let pipes: Vec<_> = (0..SPARE + 3).map(|_| Pipe::take().expect("a pipe")).collect();
        drop(pipes);
        assert_eq!(spare(), SPARE);
    }
}
