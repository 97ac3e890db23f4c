//! A connection to a desktop, and the certainty that it is that desktop's.

mod tls;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use domain::template::Protocol;
use routing::{Route, Target};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use self::tls::Tls;
use crate::failure::{Failure, Wait};

/// Makes connections: each for one request and never shared. A pool would stand behind [`Dialer::dial`].
pub(crate) struct Dialer {
    timeout: Duration,
    tls: Tls,
}

impl Dialer {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, tls: Tls::new() }
    }

    /// Connects to where the route leads, and nowhere else.
    pub(crate) async fn dial(&self, route: &Route, target: &Target) -> Result<Connection, Failure> {
        let socket = timeout(self.timeout, TcpStream::connect(std::net::SocketAddr::from(target.endpoint)))
            .await
            .map_err(|_| Failure::Timeout(Wait::Connect))?
            .map_err(Failure::Unreachable)?;
        prepare(&socket).map_err(Failure::Unreachable)?;
        match target.protocol {
            Protocol::Http => Ok(Connection::Plain(socket)),
            Protocol::Https => {
                let secured = timeout(self.timeout, self.tls.secure(socket, route.desktop, target));
                let stream = secured.await.map_err(|_| Failure::Timeout(Wait::Secure))??;
                Ok(Connection::Tls(Box::new(stream)))
            }
        }
    }
}

/// Small messages at once; a peer that is gone without a word is noticed within 90 seconds, whether bytes wait for it
/// or not.
fn prepare(socket: &TcpStream) -> io::Result<()> {
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(30)).with_interval(Duration::from_secs(10)).with_retries(3);
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(Duration::from_mins(1)))
}

/// A connection to a desktop.
#[derive(Debug)]
pub(crate) enum Connection {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Tls(stream) => match ready!(Pin::new(stream).poll_read(cx, buffer)) {
                // KasmVNC never says close_notify. Where a length was promised, hyper still misses what is missing
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
                result => Poll::Ready(result),
            },
        }
    }
}

impl AsyncWrite for Connection {
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
