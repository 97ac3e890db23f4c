use std::{
    io,
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{DesktopId, UserId};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    activity::Viewer,
    dial::Connection,
    limits::Permit,
    relay::{End, relay},
    tap::Dialect,
};

/// A stream that both ends agreed on, from the 101 to its end.
pub(crate) struct Stream {
    pub(crate) desktop: DesktopId,
    pub(crate) user: UserId,
    pub(crate) dialect: Dialect,
    /// The client's connection, as soon as its 101 is written.
    pub(crate) client: OnUpgrade,
    /// How long that may take.
    pub(crate) upgrade_timeout: Duration,
    pub(crate) connection: Connection,
    /// What the desktop sent glued to its 101.
    pub(crate) early: Bytes,
    pub(crate) viewer: Viewer,
    pub(crate) permit: Permit,
    pub(crate) ends: Ends,
}

/// What ends a stream from outside; each within one turn of the task.
pub(crate) struct Ends {
    /// The route is no longer the way to this container.
    pub(crate) gone: CancellationToken,
    /// The right to it ended.
    pub(crate) ended: CancellationToken,
    /// The process closes all of them.
    pub(crate) closing: CancellationToken,
}

impl Stream {
    /// Carries the stream to its end. The permit and the viewer are given back with it.
    pub(crate) async fn run(self) {
        let Self { desktop, user, dialect, client, upgrade_timeout, connection, early, viewer, permit, ends } = self;
        let opened = Instant::now();
        tracing::debug!(%desktop, %user, "stream opened");
        let carry = async {
            match timeout(upgrade_timeout, client).await {
                Ok(Ok(client)) => told(relay(TokioIo::new(client), connection, &early, dialect, viewer.meter()).await),
                Ok(Err(_)) | Err(_) => ("client never became a stream", None),
            }
        };
        let (reason, error) = tokio::select! {
            biased;
            () = ends.gone.cancelled() => ("route gone", None),
            () = ends.ended.cancelled() => ("right ended", None),
            () = ends.closing.cancelled() => ("server closing", None),
            end = carry => end,
        };
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
