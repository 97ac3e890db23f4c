use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use gateway::Socket;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::framing::Framing;

/// No head, and no chunk's size, may contain it, so that hyper refuses what it stands in.
const REFUSED: u8 = 0;

/// Ends the head it stands in: before that hyper does not look at what is in it.
const END: &[u8] = b"\r\n\r\n";

/// An HTTP/1.1 connection as hyper sees it: a request that may mean two things is made one that means nothing, which
/// hyper answers with 400 and a close, and a head has to come within a time however often a piece of it does.
///
/// What becomes a stream leaves it: see [`Guarded::take_over`].
pub(super) struct Guarded {
    socket: Socket,
    framing: Framing,
    head_within: Duration,
    /// Set while a head is waited for that has begun.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Once a request was refused: what of [`END`] is still to be told to hyper.
    refused: Option<&'static [u8]>,
}

impl Guarded {
    pub(super) fn new(socket: Socket, head_within: Duration) -> Self {
        Self { socket, framing: Framing::new(), head_within, deadline: None, refused: None }
    }

    /// Takes the socket out of what hyper hands over, with the octets that came after the handshake.
    pub(super) fn take_over(upgraded: Upgraded) -> Result<(Socket, bytes::Bytes), Upgraded> {
        let parts = upgraded.downcast::<TokioIo<Self>>()?;
        Ok((parts.io.into_inner().socket, parts.read_buf))
    }

    /// Whether a head that has begun took too long.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.framing.is_in_head() {
            return false;
        }
        let within = self.head_within;
        self.deadline.get_or_insert_with(|| Box::pin(sleep(within))).as_mut().poll(cx).is_ready()
    }
}

impl AsyncRead for Guarded {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(end) = this.refused {
            let (now, later) = end.split_at(end.len().min(buffer.remaining()));
            buffer.put_slice(now);
            this.refused = Some(later);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        if Pin::new(&mut this.socket).poll_read(cx, buffer)?.is_pending() {
            return if this.is_late(cx) { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending };
        }
        if let Err(at) = this.framing.follow(&buffer.filled()[before..]) {
            this.refused = Some(END);
            buffer.filled_mut()[before + at] = REFUSED;
            buffer.set_filled(before + at + 1);
        }
        if !this.framing.is_in_head() {
            this.deadline = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(cx, octets)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
