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
                Some(Taken::Covered(client)) => {
                    let early = Early { client: Bytes::new(), desktop: early };
                    relay(client, connection, early, dialect, viewer.meter()).await
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
