use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::{BoxError, activity::Meter, exchange::Driver, request::Progress};

/// The body of an answer, as it comes from the desktop.
///
/// It ends with an error when the desktop's part ends early or falls silent for good, or when the route or the right to
/// it is taken away; never as if it were whole. Trailers are dropped: they are headers that come when the head, which
/// decides about them, is long gone, and no browser shows them to anybody. Dropping it closes the connection to the
/// desktop.
pub struct Body {
    inner: Option<Pin<Box<Streamed>>>,
}

impl Body {
    /// A body of no bytes.
    pub(crate) const fn empty() -> Self {
        Self { inner: None }
    }

    /// What `incoming` brings while `driver` moves it, until it falls silent or one of the tokens is cancelled.
    pub(crate) fn streamed(
        incoming: Incoming,
        driver: Option<Driver>,
        meter: Arc<Meter>,
        silence: Silence,
        ends: [CancellationToken; 2],
    ) -> Self {
        let ends = ends.map(|end| Box::pin(end.cancelled_owned()));
        Self { inner: Some(Box::pin(Streamed { incoming, driver: Mutex::new(driver), meter, silence, ends })) }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let Some(streamed) = &mut this.inner else {
            return Poll::Ready(None);
        };
        let frame = streamed.poll(cx);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            this.inner = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(|streamed| streamed.incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), |streamed| streamed.incoming.size_hint())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

/// Moves the bytes of its connection whenever somebody wants a piece of it: no task of its own, nothing left behind.
struct Streamed {
    incoming: Incoming,
    /// Locked by nobody: a body must be `Sync`, and a client's is not.
    driver: Mutex<Option<Driver>>,
    meter: Arc<Meter>,
    silence: Silence,
    ends: [Pin<Box<WaitForCancellationFutureOwned>>; 2],
}

/// Notices that nothing has moved for too long.
pub(crate) struct Silence {
    progress: Progress,
    limit: Duration,
    /// Set when there is first something to wait for, which most answers never have.
    clock: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    pub(crate) fn new(progress: Progress, limit: Duration) -> Self {
        Self { progress, limit, clock: None }
    }

    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { progress, limit, clock } = self;
        let clock = clock.get_or_insert_with(|| Box::pin(sleep_until(progress.last() + *limit)));
        loop {
            ready!(clock.as_mut().poll(cx));
            let due = progress.last() + *limit;
            if due <= clock.deadline() {
                return Poll::Ready(());
            }
            clock.as_mut().reset(due);
        }
    }
}

/// The route was taken away, or the right to it.
#[derive(Debug, thiserror::Error)]
#[error("the right to this answer ended before it did")]
struct Ended;

/// The desktop began an answer and left it at that.
#[derive(Debug, thiserror::Error)]
#[error("the desktop fell silent in the middle of its answer")]
struct Silent;

impl Streamed {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.ends.iter_mut().any(|end| end.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Some(Err(Ended.into())));
        }
        match self.poll_incoming(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.silence.progress.mark();
                // trailers end it as well
                Poll::Ready(frame.into_data().ok().map(|data| {
                    self.meter.down(data.len());
                    Ok(Frame::data(data))
                }))
            }
            Poll::Ready(end) => Poll::Ready(end.map(|failed| failed.map_err(Into::into))),
            Poll::Pending => {
                ready!(self.silence.poll_over(cx));
                Poll::Ready(Some(Err(Silent.into())))
            }
        }
    }

    /// What is there already, or is after the driver has moved what it can.
    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let driver = self.driver.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        // what it has to say of a failure, it says through the body as well
        if let Some(running) = driver
            && running.poll_without_shutdown(cx).is_ready()
        {
            *driver = None;
        }
        Pin::new(&mut self.incoming).poll_frame(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::Body;

    #[test]
    fn a_web_framework_can_box_it() {
        fn boxable(_: impl http_body::Body + Send + Sync + 'static) {}
        boxable(Body::empty());
    }
}
