use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
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

/// When a body last moved, for the one who waits for the answer to it.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    start: Instant,
    last: Arc<AtomicU64>,
}

impl Progress {
    /// The last piece passed then; the beginning counts as one.
    pub(crate) fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.last.load(Relaxed))
    }

    fn mark(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Relaxed);
    }
}

/// Wraps a client's body: its bytes are counted, its progress is seen, and its trailers stay behind.
pub(crate) fn outgoing<B>(body: B, meter: Arc<Meter>) -> (Outgoing, Progress)
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let progress = Progress { start: Instant::now(), last: Arc::default() };
    let counted = Counted { body: Box::pin(body), meter, progress: progress.clone() };
    (counted.boxed_unsync(), progress)
}

struct Counted<B> {
    body: Pin<Box<B>>,
    meter: Arc<Meter>,
    progress: Progress,
}

impl<B> Body for Counted<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match ready!(self.body.as_mut().poll_frame(cx)) {
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
