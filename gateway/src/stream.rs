mod client;
mod ends;

use std::{io, time::Instant};

use bytes::Bytes;
use domain::{DesktopId, UserId};

pub use self::client::TakeOver;
use self::client::Taken;
pub(crate) use self::{client::Client, ends::Ends};
use crate::{
    activity::Viewer,
    limits::Permit,
    relay::{Early, End, relay},
    socket::Socket,
    tap::Dialect,
};

/// A stream that both ends agreed on, from the 101 to its end.
pub(crate) struct Stream {
    pub(crate) desktop: DesktopId,
    pub(crate) user: UserId,
    pub(crate) dialect: Dialect,
    pub(crate) client: Client,
    pub(crate) connection: Socket,
    /// What the desktop sent glued to its 101.
    pub(crate) early: Bytes,
    pub(crate) viewer: Viewer,
    pub(crate) permit: Permit,
    pub(crate) ends: Ends,
}

impl Stream {
    /// Carries the stream to its end. The permit and the viewer are given back with it.
    pub(crate) async fn run(self) {
        let Self { desktop, user, dialect, client, connection, early, viewer, permit, ends } = self;
        let opened = Instant::now();
        tracing::debug!(%desktop, %user, "stream opened");
        let carry = async {
            told(match client.taken().await {
                None => return ("client never became a stream", None),
                Some(Taken::Bare(client, said)) => {
                    let early = Early { client: said, desktop: early };
                    relay(client, connection, early, dialect, viewer.meter()).await
                }
                // boxed, so that the others are no larger for it
                Some(Taken::Covered(client)) => {
                    let early = Early { client: Bytes::new(), desktop: early };
                    Box::pin(relay(client, connection, early, dialect, viewer.meter())).await
                }
            })
        };
        let (reason, error) = ends.bound(carry).await.unwrap_or_else(|reason| (reason, None));
        let error = error.as_ref().map(tracing::field::display);
        tracing::debug!(%desktop, %user, reason, error, seconds = opened.elapsed().as_secs(), "stream closed");
        drop(permit);
    }
}

/// How a relay ended, for the log.
fn told(end: End) -> (&'static str, Option<io::Error>) {
    match end {
        End::Closed => ("closed", None),
        End::Client(error) => ("client broke off", Some(error)),
        End::Desktop(error) => ("desktop broke off", Some(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use domain::{DesktopId, UserId};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_util::sync::CancellationToken;

    use super::{Client, Ends, Stream};
    use crate::{Activity, Config, Socket, activity::Viewer, limits::Limits, tap::Dialect};

    /// A school has thousands of them, and most are still.
    #[tokio::test]
    async fn a_stream_is_small() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let socket = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
        let (desktop, user) = (DesktopId::new(), UserId::new());
        let upgrade = hyper::upgrade::on(http::Request::new(()));
        let [gone, ended, closing]: [CancellationToken; 3] = Default::default();
        let stream = Stream {
            desktop,
            user,
            dialect: Dialect::Unknown,
            client: Client { upgrade, take_over: None, within: Duration::from_secs(1) },
            connection: Socket::Plain(socket),
            early: Bytes::new(),
            viewer: Viewer::new(Activity::default().meter(desktop)),
            permit: Limits::new(&Config::default()).take(desktop, user).expect("there is room"),
            ends: Ends { gone, ended, closing },
        };
        let size = size_of_val(&stream.run());
        assert!(size <= 2048, "{size} bytes");
    }
}
