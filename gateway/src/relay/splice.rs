use std::{
    io,
    task::{Context, Poll, ready},
};

use tokio::{io::Interest, net::TcpStream};

use super::{Broken, Turn, pipe::Pipe};

/// So many reads in a row that fill the buffer show a sender with more to say than a buffer holds.
const FULL_READS: u8 = 2;

/// Moving less than this at once costs more than copying it, in bytes.
const WORTH_IT: usize = 16 * 1024;

/// So many moves in a row that were not worth it end it.
const POOR_MOVES: u8 = 4;

/// Octets from one socket to another without passing through here, while that is cheaper than copying them.
#[derive(Debug, Default)]
pub(super) struct Splice {
    /// Holds something whenever there is one and nobody looks.
    pipe: Option<Pipe>,
    full_reads: u8,
    poor_moves: u8,
    /// The kernel does not do it between these two.
    is_impossible: bool,
}

/// How moving ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// Reading is as good.
    Enough,
    /// The source came to its end.
    End,
}

impl Splice {
    /// A read was made; it filled the buffer or it did not.
    pub(super) fn note_read(&mut self, is_full: bool) {
        self.full_reads = if is_full { (self.full_reads + 1).min(FULL_READS) } else { 0 };
    }

    /// Whether octets are to be moved and not read.
    pub(super) fn is_on(&self) -> bool {
        self.pipe.is_some() || (self.full_reads == FULL_READS && !self.is_impossible)
    }

    /// Moves what can be moved. The pipe is held only while the sink does not take what is in it.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &TcpStream,
        sink: &TcpStream,
        turn: &mut Turn,
        mut seen: impl FnMut(usize),
    ) -> Poll<Result<Moved, Broken>> {
        loop {
            if let Some(pipe) = &mut self.pipe {
                while pipe.held() > 0 {
                    ready!(sink.poll_write_ready(cx)).map_err(Broken::Sink)?;
                    match sink.try_io(Interest::WRITABLE, || pipe.empty(sink)) {
                        Ok(0) => return Poll::Ready(Err(Broken::Sink(io::ErrorKind::WriteZero.into()))),
                        Ok(_) => {}
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return Poll::Ready(Err(Broken::Sink(error))),
                    }
                }
                self.pipe = None;
            }
            if !self.is_on() {
                return Poll::Ready(Ok(Moved::Enough));
            }
            ready!(turn.poll(cx));
            ready!(source.poll_read_ready(cx)).map_err(Broken::Source)?;
            let Ok(mut pipe) = Pipe::take() else {
                // no descriptors left; copying needs none
                return Poll::Ready(Ok(self.stop()));
            };
            match source.try_io(Interest::READABLE, || pipe.fill(source)) {
                Ok(0) => return Poll::Ready(Ok(Moved::End)),
                Ok(count) => {
                    seen(count);
                    turn.spend(count);
                    self.note_move(count);
                    self.pipe = Some(pipe);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    self.is_impossible = true;
                    return Poll::Ready(Ok(self.stop()));
                }
                Err(error) => return Poll::Ready(Err(Broken::Source(error))),
            }
        }
    }

    fn note_move(&mut self, count: usize) {
        self.poor_moves = if count < WORTH_IT { self.poor_moves + 1 } else { 0 };
        if self.poor_moves == POOR_MOVES {
            self.stop();
        }
    }

    fn stop(&mut self) -> Moved {
        (self.full_reads, self.poor_moves) = (0, 0);
        Moved::Enough
    }
}
