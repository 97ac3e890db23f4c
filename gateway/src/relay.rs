//! Octets both ways between a client and a desktop, once both agreed on a stream.
//!
//! Both directions run in one task. Nothing is changed, held back or added; an end of either direction is passed on
//! by itself, so that what still comes the other way arrives. There is no limit on silence: whether the ends are alive
//! is TCP's to find out.
//!
//! **What it costs.** A stream that is still holds no buffer and no pipe: memory to read into is lent when a socket
//! is readable, and goes back when what was read is written. A receiver that takes nothing stops its sender, with at
//! most a buffer or a piece in a pipe between them, beside what the two sockets and TLS hold. A desktop that has more
//! to say than a buffer holds is spliced to its client where both are plain TCP: its octets then stay in the kernel.
//! What the client says never does, since the [`Tap`] is shown all of it.
//!
//! **Why it cannot stall.** A direction that returns `Pending` has always just been told `Pending` by the one socket
//! it waits for, in the same poll and by a method of the runtime that keeps the waker: `poll_read`, `poll_write`,
//! `poll_flush`, `poll_shutdown`, `poll_read_ready` or `poll_write_ready`; or it used up its turn and woke itself. The
//! three places where that takes an argument:
//!
//! - [`Side::poll_readable`] looks at the socket below TLS. It is only asked after a `poll_read` that was `Pending`, so
//!   that TLS holds nothing decrypted, and all that can change this comes through the socket.
//! - `try_io` keeps no waker. When the system call would block, it clears the readiness it was started on and no
//!   later one, and the loop goes back to `poll_*_ready`, which keeps the waker.
//! - A splice says that it would block for a socket without octets and for a full pipe alike. Only an empty pipe is
//!   filled, and only one that holds something is emptied, so it is the socket's readiness that is cleared, rightly.

mod buffer;
mod pipe;
mod side;
mod splice;

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::ReadBuf;

pub(crate) use self::side::{Opaque, Side};
use self::{
    buffer::Buffer,
    splice::{Moved, Splice},
};
use crate::{
    activity::Meter,
    tap::{Dialect, Tap},
};

/// What a direction may move before the other one, and other streams, have their turn; in bytes. A key is not to wait
/// for many pictures.
const TURN: usize = 512 * 1024;

/// Why a relay ended by itself.
#[derive(Debug)]
pub(crate) enum End {
    /// Both directions came to their end.
    Closed,
    /// The client's connection broke.
    Client(io::Error),
    /// The desktop's connection broke.
    Desktop(io::Error),
}

/// What each end said before the relay began, glued to the head of its message.
#[derive(Debug, Default)]
pub(crate) struct Early {
    pub(crate) client: Bytes,
    pub(crate) desktop: Bytes,
}

/// Relays until both directions ended or one connection broke. What is kept meanwhile is kept once: a function that is
/// `async` would keep its arguments beside what it made of them.
pub(crate) fn relay<C: Side, D: Side>(
    mut client: C,
    mut desktop: D,
    early: Early,
    dialect: Dialect,
    meter: &Meter,
) -> impl Future<Output = End> + use<'_, C, D> {
    let Early { client: said, desktop: told } = early;
    let mut up = Direction::new(&said, None, Upward { tap: Tap::new(dialect), meter });
    let mut down = Direction::new(&told, Some(Splice::default()), Downward { meter });
    poll_fn(move |cx| {
        match up.poll(cx, &mut client, &mut desktop) {
            Poll::Ready(Err(Broken::Source(error))) => return Poll::Ready(End::Client(error)),
            // what the desktop sent before it broke is still the client's
            Poll::Ready(Err(Broken::Sink(_)) | Ok(())) => up.finish(),
            Poll::Pending => {}
        }
        match down.poll(cx, &mut desktop, &mut client) {
            Poll::Ready(Err(Broken::Source(error))) => Poll::Ready(End::Desktop(error)),
            Poll::Ready(Err(Broken::Sink(error))) => Poll::Ready(End::Client(error)),
            Poll::Ready(Ok(())) if up.phase == Phase::Done => Poll::Ready(End::Closed),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    })
}

/// Who is told of what passes.
trait Watch {
    /// These octets passed through a buffer.
    fn read(&mut self, octets: &[u8]);

    /// So many octets passed unseen.
    fn moved(&mut self, count: usize);
}

struct Upward<'a> {
    tap: Tap,
    meter: &'a Meter,
}

impl Watch for Upward<'_> {
    fn read(&mut self, octets: &[u8]) {
        self.moved(octets.len());
        if self.tap.watch(octets) > 0 {
            self.meter.input();
        }
    }

    fn moved(&mut self, count: usize) {
        self.meter.up(count);
    }
}

struct Downward<'a> {
    meter: &'a Meter,
}

impl Watch for Downward<'_> {
    fn read(&mut self, octets: &[u8]) {
        self.moved(octets.len());
    }

    fn moved(&mut self, count: usize) {
        self.meter.down(count);
    }
}

/// One direction: what was read and not yet written.
struct Direction<W> {
    buffer: Buffer,
    /// Where octets may also pass unseen.
    splice: Option<Splice>,
    watch: W,
    /// Whether the last read brought nothing.
    is_drained: bool,
    is_flushed: bool,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// The source came to its end; the sink has still to be told.
    Ending,
    Done,
}

enum Broken {
    Source(io::Error),
    Sink(io::Error),
}

/// What is left of a turn.
struct Turn(usize);

impl Turn {
    fn spend(&mut self, count: usize) {
        self.0 = self.0.saturating_sub(count);
    }

    /// Ready while something is left.
    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        if self.0 > 0 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<W: Watch> Direction<W> {
    fn new(early: &[u8], splice: Option<Splice>, mut watch: W) -> Self {
        watch.read(early);
        let buffer = Buffer::holding(early);
        Self { buffer, splice, watch, is_drained: false, is_flushed: true, phase: Phase::Open }
    }

    /// Moves what can be moved; ready when this direction is done.
    fn poll(&mut self, cx: &mut Context<'_>, source: &mut impl Side, sink: &mut impl Side) -> Poll<Result<(), Broken>> {
        let mut turn = Turn(TURN);
        loop {
            ready!(self.poll_write(cx, sink))?;
            match self.phase {
                Phase::Done => return Poll::Ready(Ok(())),
                Phase::Ending => {
                    ready!(Pin::new(&mut *sink).poll_shutdown(cx)).map_err(Broken::Sink)?;
                    self.phase = Phase::Done;
                    return Poll::Ready(Ok(()));
                }
                Phase::Open => {}
            }
            ready!(turn.poll(cx));
            if let Some(splice) = self.splice.as_mut().filter(|splice| splice.is_on())
                && let (Some(source), Some(sink)) = (source.bare(), sink.bare())
            {
                let moved = splice.poll(cx, source, sink, &mut turn, |count| self.watch.moved(count));
                if ready!(moved)? == Moved::End {
                    self.phase = Phase::Ending;
                }
                continue;
            }
            match self.poll_read(cx, source, &mut turn).map_err(Broken::Source)? {
                Poll::Ready(()) => {}
                Poll::Pending => {
                    if !self.is_flushed {
                        ready!(Pin::new(&mut *sink).poll_flush(cx)).map_err(Broken::Sink)?;
                        self.is_flushed = true;
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    /// Writes all that is held.
    fn poll_write(&mut self, cx: &mut Context<'_>, sink: &mut impl Side) -> Poll<Result<(), Broken>> {
        while !self.buffer.is_empty() {
            match ready!(Pin::new(&mut *sink).poll_write(cx, self.buffer.held())).map_err(Broken::Sink)? {
                0 => return Poll::Ready(Err(Broken::Sink(io::ErrorKind::WriteZero.into()))),
                count => self.buffer.consume(count),
            }
            self.is_flushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads what a buffer takes, or finds the end.
    fn poll_read(&mut self, cx: &mut Context<'_>, source: &mut impl Side, turn: &mut Turn) -> Poll<io::Result<()>> {
        if self.is_drained {
            ready!(source.poll_readable(cx));
        }
        let mut lent = ReadBuf::new(self.buffer.lend());
        let read = Pin::new(source).poll_read(cx, &mut lent)?;
        let count = lent.filled().len();
        self.buffer.filled(count);
        self.is_drained = read.is_pending();
        ready!(read);
        if count == 0 {
            self.phase = Phase::Ending;
        }
        if let Some(splice) = &mut self.splice {
            splice.note_read(count == buffer::SIZE);
        }
        turn.spend(count);
        self.watch.read(self.buffer.held());
        Poll::Ready(Ok(()))
    }

    /// Is done whatever is left: it would be nobody's.
    fn finish(&mut self) {
        self.phase = Phase::Done;
        self.buffer.clear();
    }
}

#[cfg(test)]
mod tests;
