//! Octets both ways between a client and a desktop, once both agreed on a stream.
//!
//! Both directions run in one task. Nothing is changed, held back or added; an end of either direction is passed on
//! by itself, so that what still comes the other way arrives. There is no limit on silence: whether the ends are alive
//! is TCP's to find out.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    activity::Meter,
    tap::{Dialect, Tap},
};

/// What is held of a direction that the receiver does not take, beside the buffers of the two sockets.
const BUFFER: usize = 16 * 1024;

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

/// Relays until both directions ended or one connection broke. `early` is what the desktop sent glued to its 101.
pub(crate) async fn relay<C, D>(mut client: C, mut desktop: D, early: &[u8], dialect: Dialect, meter: &Meter) -> End
where
    C: AsyncRead + AsyncWrite + Unpin,
    D: AsyncRead + AsyncWrite + Unpin,
{
    let mut tap = Tap::new(dialect);
    let mut up = Direction::new(&[]);
    let mut down = Direction::new(early);
    meter.down(early.len());
    poll_fn(|cx| {
        let went_up = up.poll(cx, &mut client, &mut desktop, |bytes| {
            meter.up(bytes.len());
            if tap.watch(bytes) > 0 {
                meter.input();
            }
        });
        match went_up {
            Poll::Ready(Err(Broken::Source(error))) => return Poll::Ready(End::Client(error)),
            // what the desktop sent before it broke is still the client's
            Poll::Ready(Err(Broken::Sink(_)) | Ok(())) => up.phase = Phase::Done,
            Poll::Pending => {}
        }
        let came_down = down.poll(cx, &mut desktop, &mut client, |bytes| meter.down(bytes.len()));
        match came_down {
            Poll::Ready(Err(Broken::Source(error))) => Poll::Ready(End::Desktop(error)),
            Poll::Ready(Err(Broken::Sink(error))) => Poll::Ready(End::Client(error)),
            Poll::Ready(Ok(())) if up.phase == Phase::Done => Poll::Ready(End::Closed),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// One direction: what was read and not yet written.
struct Direction {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
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

impl Direction {
    fn new(early: &[u8]) -> Self {
        let mut buffer = vec![0; BUFFER.max(early.len())];
        buffer[..early.len()].copy_from_slice(early);
        Self { buffer: buffer.into(), start: 0, end: early.len(), is_flushed: true, phase: Phase::Open }
    }

    /// Moves what can be moved; ready when this direction is done.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut (impl AsyncRead + Unpin),
        sink: &mut (impl AsyncWrite + Unpin),
        mut seen: impl FnMut(&[u8]),
    ) -> Poll<Result<(), Broken>> {
        loop {
            // what is left of a direction whose sink broke is nobody's
            while self.start < self.end && self.phase != Phase::Done {
                let bytes = &self.buffer[self.start..self.end];
                match ready!(Pin::new(&mut *sink).poll_write(cx, bytes)).map_err(Broken::Sink)? {
                    0 => return Poll::Ready(Err(Broken::Sink(io::ErrorKind::WriteZero.into()))),
                    count => self.start += count,
                }
                self.is_flushed = false;
            }
            match self.phase {
                Phase::Done => return Poll::Ready(Ok(())),
                Phase::Ending => {
                    ready!(Pin::new(&mut *sink).poll_shutdown(cx)).map_err(Broken::Sink)?;
                    self.phase = Phase::Done;
                    return Poll::Ready(Ok(()));
                }
                Phase::Open => {}
            }
            let mut buffer = ReadBuf::new(&mut self.buffer);
            match Pin::new(&mut *source).poll_read(cx, &mut buffer).map_err(Broken::Source)? {
                Poll::Ready(()) if buffer.filled().is_empty() => self.phase = Phase::Ending,
                Poll::Ready(()) => {
                    seen(buffer.filled());
                    (self.start, self.end) = (0, buffer.filled().len());
                }
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
}

#[cfg(test)]
mod tests;
