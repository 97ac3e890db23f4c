//! One connection, from its first octet until it ends or becomes a stream.

use std::{io, pin::Pin, sync::Arc, time::Duration};

use gateway::{Socket, TakeOver};
use hyper::{
    Request, Response,
    body::Incoming,
    header::{CONNECTION, HeaderValue, UPGRADE},
    http::StatusCode,
    server::conn::{http1, http2},
    service::Service,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use salvo::http::ResBody;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{crowd::Place, guarded::Guarded};

/// The largest head of a request, in bytes; the most lines of one are 100, hyper's own limit.
const MAX_HEAD: u32 = 32 * 1024;

/// What is held of a request's body that nobody reads, in bytes.
const MAX_BUFFER: usize = 64 * 1024;

/// What a connection is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the TLS handshake, for the first request, and for the head of each.
    pub(super) head: Duration,
    /// Between two requests; longer than front proxies keep a connection they do not use, so that it is never closed
    /// under a request of theirs.
    pub(super) idle: Duration,
    /// Between two pieces of a request's body.
    pub(super) body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), idle: Duration::from_secs(75), body: Duration::from_secs(30) }
    }
}

/// How connections are served. Cheap to clone.
#[derive(Clone)]
pub(super) struct Protocols {
    patience: Patience,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Protocols {
    pub(super) fn new(patience: Patience) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(patience.idle)
            .max_header_size(MAX_HEAD as usize)
            .max_buf_size(MAX_BUFFER);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(128)
            .max_header_list_size(MAX_HEAD)
            .max_pending_accept_reset_streams(32)
            .max_local_error_reset_streams(64)
            .max_send_buf_size(MAX_BUFFER)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20));
        Self { patience, http1, http2 }
    }

    /// Serves one connection until it ends, becomes a stream, or has to make room. After `shutdown` it ends with the
    /// request under way.
    pub(super) async fn serve<S>(
        self,
        socket: TcpStream,
        tls: Option<TlsAcceptor>,
        service: S,
        place: Arc<Place>,
        shutdown: CancellationToken,
    ) where
        S: Service<Request<Incoming>, Response = Response<ResBody>, Error = hyper::Error, Future = Answering>,
        S: Send + 'static,
    {
        let opened = timeout(self.patience.head, open(socket, tls));
        let (socket, is_http2) = tokio::select! {
            () = place.shown_out.cancelled() => return,
            () = shutdown.cancelled() => return,
            opened = opened => match opened {
                Ok(Ok(opened)) => opened,
                Ok(Err(error)) => return tracing::debug!(%error, "a connection ended before it asked anything"),
                Err(_) => return tracing::debug!("a connection asked nothing"),
            },
        };
        let service = Visited { service, place: Arc::clone(&place) };
        if is_http2 {
            let connection = self.http2.serve_connection(TokioIo::new(socket), service);
            drive(connection, http2::Connection::graceful_shutdown, self.patience.head, &place, shutdown).await;
        } else {
            let socket = Guarded::new(socket, self.patience.head);
            let connection = self.http1.serve_connection(TokioIo::new(socket), service).with_upgrades();
            drive(connection, http1::UpgradeableConnection::graceful_shutdown, self.patience.head, &place, shutdown)
                .await;
        }
    }
}

/// Waits until the client speaks, and tells whether it speaks HTTP/2.
async fn open(socket: TcpStream, tls: Option<TlsAcceptor>) -> io::Result<(Socket, bool)> {
    Socket::prepare(&socket)?;
    let Some(tls) = tls else {
        let is_http2 = knows_http2(&socket).await?;
        return Ok((Socket::Plain(socket), is_http2));
    };
    let stream = tls.accept(socket).await?;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok((Socket::secured(stream), is_http2))
}

/// Whether a connection without TLS begins as HTTP/2 does (RFC 9113 section 3.4). Nothing is taken from it.
async fn knows_http2(socket: &TcpStream) -> io::Result<bool> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0";
    let mut start = [0; PREFACE.len()];
    loop {
        match socket.peek(&mut start).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count if count < PREFACE.len() && PREFACE.starts_with(&start[..count]) => {
                // the rest is on its way, and nothing tells of it while these lie there
                sleep(Duration::from_millis(10)).await;
            }
            _ => return Ok(start == PREFACE),
        }
    }
}

/// Runs a connection to its end, which `stop` brings about once it is idle.
async fn drive<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    stop: impl FnOnce(Pin<&mut C>),
    first_within: Duration,
    place: &Place,
    shutdown: CancellationToken,
) {
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = place.shown_out.cancelled() => return,
        () = stranger(first_within, place) => return tracing::debug!("a connection asked nothing"),
        () = shutdown.cancelled() => {
            stop(connection.as_mut());
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke off");
    }
}

/// Comes to an end if the connection asks nothing for so long.
async fn stranger(within: Duration, place: &Place) {
    sleep(within).await;
    if place.is_known() {
        std::future::pending::<()>().await;
    }
}

/// A request that is being answered.
pub(super) type Answering = Pin<Box<dyn Future<Output = Result<Response<ResBody>, hyper::Error>> + Send>>;

/// Every request passes here before it is looked at.
struct Visited<S> {
    service: S,
    place: Arc<Place>,
}

impl<S> Service<Request<Incoming>> for Visited<S>
where
    S: Service<Request<Incoming>, Response = Response<ResBody>, Error = hyper::Error, Future = Answering>,
{
    type Response = Response<ResBody>;
    type Error = hyper::Error;
    type Future = Answering;

    fn call(&self, mut request: Request<Incoming>) -> Answering {
        self.place.ask();
        if !request.headers().contains_key(UPGRADE) {
            return self.service.call(request);
        }
        request.extensions_mut().insert(TakeOver(Guarded::take_over));
        let answer = self.service.call(request);
        Box::pin(async move {
            let mut answer = answer.await?;
            if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                // what follows such a request was not watched: it could have been a stream
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(answer)
        })
    }
}
