use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::socket::Socket;

/// One end of a stream.
pub(crate) trait Side: AsyncRead + AsyncWrite + Unpin {
    /// Ready when a read may bring something. Only asked after a read that brought nothing; before that, what a layer
    /// above the socket still holds would be overlooked.
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// The socket, where its octets are the stream's.
    fn bare(&self) -> Option<&TcpStream>;
}

impl Side for Socket {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        // what is wrong with it, the read will tell
        self.tcp().poll_read_ready(cx).map(|_| ())
    }

    fn bare(&self) -> Option<&TcpStream> {
        match self {
            Self::Plain(socket) => Some(socket),
            Self::Tls(_) => None,
        }
    }
}

/// An end of which nothing is known: a buffer is taken for each look at it.
#[derive(Debug)]
pub(crate) struct Opaque<T>(pub(crate) T);

impl<T: AsyncRead + AsyncWrite + Unpin> Side for Opaque<T> {
    fn poll_readable(&self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn bare(&self) -> Option<&TcpStream> {
        None
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Opaque<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Opaque<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
