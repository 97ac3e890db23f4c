use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::TlsStream;

/// What TLS may hold of octets that its socket does not take, in bytes.
const TLS_BUFFER: usize = 16 * 1024;

/// A connection with nothing between it and the kernel but TLS, on either side of the gateway.
///
/// A server that gives hyper such a connection (in a `TokioIo`) lets streams run without a layer between: see
/// [`Gateway::forward`](crate::Gateway::forward).
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Socket {
    /// Prepares a TCP connection for what desktops do: small messages go at once, and a peer that is gone without a word
    /// is noticed within 90 seconds, whether octets wait for it or not.
    ///
    /// When it is asked whether it is still there is a matter of chance, and it is asked often before it is given up.
    /// Thousands of streams that came back at the same moment would else be asked at the same moment too, again and
    /// again, and Linux drops what a processor's queue of arrivals does not hold (`net.core.netdev_max_backlog`, 1,000
    /// packets; a bridge of containers fills it at once): those whose few questions were lost would be taken for dead.
    pub fn prepare(socket: &TcpStream) -> io::Result<()> {
        let keepalive = TcpKeepalive::new()
            .with_time(Duration::from_secs(fastrand::u64(20..35)))
            .with_interval(Duration::from_secs(fastrand::u64(2..=5)))
            .with_retries(20);
        let socket = SockRef::from(socket);
        socket.set_tcp_nodelay(true)?;
        socket.set_tcp_keepalive(&keepalive)?;
        // with it, it is this time that counts and not how often nothing came
        socket.set_tcp_user_timeout(Some(Duration::from_mins(1)))
    }

    /// A connection whose TLS handshake is done.
    pub fn secured(stream: impl Into<TlsStream<TcpStream>>) -> Self {
        let mut stream = stream.into();
        match &mut stream {
            TlsStream::Client(stream) => stream.get_mut().1.set_buffer_limit(Some(TLS_BUFFER)),
            TlsStream::Server(stream) => stream.get_mut().1.set_buffer_limit(Some(TLS_BUFFER)),
        }
        Self::Tls(Box::new(stream))
    }

    /// The TCP connection at the bottom of it.
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Tls(stream) => match ready!(Pin::new(stream).poll_read(cx, buffer)) {
                // KasmVNC never says close_notify, nor do many browsers. Where a length was promised, hyper still
                // misses what is missing
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
                result => Poll::Ready(result),
            },
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
