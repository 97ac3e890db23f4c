use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{DesktopId, template};
use http::{Request, Response, StatusCode};
use http_body::Body as HttpBody;
use hyper::upgrade::OnUpgrade;
use routing::Route;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    BoxError,
    activity::{Activity, Viewer},
    body::{Body, Silence},
    client::ClientInfo,
    config::Config,
    dial::Dialer,
    exchange::exchange,
    failure::Failure,
    limits::Limits,
    request::{self, Wish},
    response,
    socket::Socket,
    stream::{Client, Ends, Stream, TakeOver},
    tap::Dialect,
};

/// How long streams that were told to end may take to do so.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Forwards requests to desktops and keeps their streams. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    activity: Activity,
    dialer: Dialer,
    limits: Limits,
    suspects: Option<mpsc::Sender<DesktopId>>,
    streams: TaskTracker,
    /// No new stream is taken.
    draining: CancellationToken,
    /// Every stream ends.
    closing: CancellationToken,
}

impl Gateway {
    /// A gateway with no streams, which writes what it sees into `activity`.
    pub fn new(config: Config, activity: Activity) -> Self {
        Self::with_suspects(config, activity, None)
    }

    /// The same, that also tells of desktops whose route looks wrong: nothing answers there, or something else does.
    /// Such a word is a hint; it is dropped where the channel is full.
    pub fn reporting(config: Config, activity: Activity, suspects: mpsc::Sender<DesktopId>) -> Self {
        Self::with_suspects(config, activity, Some(suspects))
    }

    fn with_suspects(config: Config, activity: Activity, suspects: Option<mpsc::Sender<DesktopId>>) -> Self {
        let shared = Shared {
            dialer: Dialer::new(config.connect_timeout),
            limits: Limits::new(&config),
            config,
            activity,
            suspects,
            streams: TaskTracker::new(),
            draining: CancellationToken::new(),
            closing: CancellationToken::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Forwards one request to a desktop. The caller has authorised it.
    ///
    /// `rest` is the raw path and query below the desktop's place, never decoded: `/a%2Fb?x=y`. A request that asks for
    /// a stream must carry the connection it came on as hyper's [`OnUpgrade`] in its extensions, and how to take it apart
    /// as a [`TakeOver`] if it is neither a [`Socket`] nor a TCP connection; the stream then lives
    /// on by itself after the 101 was returned, until an end closes, the route is gone, the client's right ended, or
    /// [`Gateway::drain`] ends it.
    ///
    /// An answer of the desktop is returned as one, whatever its status, and so is its refusal of a stream. A
    /// [`Failure`] means that there was no answer, or none that may be passed on.
    pub async fn forward<B>(
        &self,
        route: &Arc<Route>,
        rest: &str,
        request: Request<B>,
        client: ClientInfo,
    ) -> Result<Response<Body>, Failure>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (gone, ended) = (route.gone.clone(), client.ended.clone());
        let answer = tokio::select! {
            biased;
            () = ended.cancelled() => Err(Failure::SessionEnded),
            () = gone.cancelled() => Err(Failure::Gone),
            answer = self.try_forward(route, rest, request, client) => answer,
        };
        if let (Err(failure), Some(suspects)) = (&answer, &self.shared.suspects)
            && failure.is_suspect()
        {
            // full or closed: the worker looks at everything now and then anyway
            let _ = suspects.try_send(route.desktop);
        }
        answer
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        self.shared.streams.len()
    }

    /// Takes no new stream, waits until those that are open end by themselves, and ends the rest at the deadline.
    /// Returns how many it had to end.
    pub async fn drain(&self, deadline: Duration) -> usize {
        let shared = &self.shared;
        shared.draining.cancel();
        shared.streams.close();
        if timeout(deadline, shared.streams.wait()).await.is_ok() {
            return 0;
        }
        let left = shared.streams.len();
        shared.closing.cancel();
        // each ends at its next turn; whoever waits for this must not wait for a stuck one
        let _ = timeout(LAST_MOMENT, shared.streams.wait()).await;
        left
    }

    async fn try_forward<B>(
        &self,
        route: &Route,
        rest: &str,
        mut request: Request<B>,
        client: ClientInfo,
    ) -> Result<Response<Body>, Failure>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let wish = Wish::of(&request)?;
        let path = request::check_path(rest, wish.is_stream())?;
        let target = route.target.as_ref().ok_or(Failure::NotRunning)?;
        let head = request::head(&request, &wish, path, &client, target)?;
        let meter = self.shared.activity.meter(route.desktop);
        let wish = match wish {
            Wish::Answer => None,
            Wish::Stream(_) if self.shared.draining.is_cancelled() => return Err(Failure::GoingAway),
            Wish::Stream(handshake) => {
                let permit = self.shared.limits.take(route.desktop, client.user)?;
                let extensions = request.extensions_mut();
                let upgrade = extensions.remove::<OnUpgrade>().ok_or(Failure::ConnectionMissing)?;
                let take_over = extensions.remove::<TakeOver>();
                let within = self.shared.config.upgrade_timeout;
                Some((handshake, permit, Client { upgrade, take_over, within }))
            }
        };
        let (body, progress) = request::outgoing(request.into_body(), Arc::clone(&meter));
        let connection = self.shared.dialer.dial(route, target).await?;
        let answer = exchange(connection, head.map(|()| body), &progress, &self.shared.config).await?;
        match wish {
            Some((handshake, permit, connected)) if answer.response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                let parts = response::switching(answer.response.headers(), &handshake)?;
                let (desktop, early) = answer.into_connection().await?;
                Socket::prepare(desktop.tcp()).map_err(Failure::Unreachable)?;
                let stream = Stream {
                    desktop: route.desktop,
                    user: client.user,
                    dialect: if route.client == template::Client::Novnc { Dialect::Plain } else { Dialect::Unknown },
                    client: connected,
                    connection: desktop,
                    early,
                    viewer: Viewer::new(meter),
                    permit,
                    ends: Ends { gone: route.gone.clone(), ended: client.ended, closing: self.shared.closing.clone() },
                };
                self.shared.streams.spawn(stream.run());
                Ok(Response::from_parts(parts, Body::empty()))
            }
            // an ordinary answer, or the desktop's refusal of a stream
            _ => {
                let (parts, incoming) = answer.response.into_parts();
                let parts = response::answer(&parts, rest, &client, target)?;
                let driver = (!answer.is_over).then_some(answer.driver);
                let limit = self.shared.config.silence_timeout;
                let body = Body::streamed(
                    incoming,
                    driver,
                    meter,
                    Silence::new(progress, limit),
                    [route.gone.clone(), client.ended],
                );
                Ok(Response::from_parts(parts, body))
            }
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("streams", &self.streams()).finish_non_exhaustive()
    }
}
