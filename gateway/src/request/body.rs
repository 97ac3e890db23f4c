use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use tokio::time::Instant;

use crate::{BoxError, activity::Meter};

/// A request's body on its way to a desktop.
pub(crate) type Outgoing = UnsyncBoxBody<Bytes, BoxError>;

/// When something of an exchange last moved and what is to come next, for the one who waits for it.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    start: Instant,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// In milliseconds from the start.
    last: AtomicU64,
    is_client_awaited: AtomicBool,
    is_body_sent: AtomicBool,
}

/// Who has to act before anything can move again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The client has more of its body to send.
    Client,
    /// The desktop has to take what was sent.
    Take,
    /// The desktop has the whole request.
    Answer,
}

impl Progress {
    fn new() -> Self {
        Self { start: Instant::now(), shared: Arc::default() }
    }

    /// The last piece passed then; the beginning counts as one.
    pub(crate) fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.shared.last.load(Relaxed))
    }

    pub(crate) fn turn(&self) -> Turn {
        let Shared { is_client_awaited, is_body_sent, .. } = &*self.shared;
        match (is_body_sent.load(Relaxed), is_client_awaited.load(Relaxed)) {
            (true, _) => Turn::Answer,
            (false, true) => Turn::Client,
            (false, false) => Turn::Take,
        }
    }

    /// A piece passes, either way.
    pub(crate) fn mark(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.shared.last.store(now, Relaxed);
    }
}

/// Wraps a client's body: its bytes are counted, its progress is seen, and its trailers stay behind. They would be
/// headers that nobody looked at.
pub(crate) fn outgoing<B>(body: B, meter: Arc<Meter>) -> (Outgoing, Progress)
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let progress = Progress::new();
    progress.shared.is_body_sent.store(body.is_end_stream(), Relaxed);
    let counted = Counted { body: Box::pin(body), meter, progress: progress.clone() };
    (counted.boxed_unsync(), progress)
}

struct Counted<B> {
    body: Pin<Box<B>>,
    meter: Arc<Meter>,
    progress: Progress,
}

impl<B> Drop for Counted<B> {
    /// Nobody asks a body of known length whether there is more.
    fn drop(&mut self) {
        self.progress.shared.is_body_sent.store(true, Relaxed);
    }
}

impl<B> Body for Counted<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let next = self.body.as_mut().poll_frame(cx);
        self.progress.shared.is_client_awaited.store(next.is_pending(), Relaxed);
        let frame = match ready!(next) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        self.progress.mark();
        match frame.into_data() {
            Ok(data) => {
                self.meter.up(data.len());
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Err(_trailers) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
