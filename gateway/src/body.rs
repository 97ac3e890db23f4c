use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::{BoxError, activity::Meter, exchange::Driver};

/// The body of an answer, as it comes from the desktop.
///
/// It ends with an error when the desktop's part ends early, or when the route or the right to it is taken away; never
/// as if it were whole. Dropping it closes the connection to the desktop.
pub struct Body {
    inner: Option<Pin<Box<Streamed>>>,
}

impl Body {
    /// A body of no bytes.
    pub(crate) const fn empty() -> Self {
        Self { inner: None }
    }

    /// What `incoming` brings while `driver` moves it, until one of the tokens is cancelled.
    pub(crate) fn streamed(
        incoming: Incoming,
        driver: Option<Driver>,
        meter: Arc<Meter>,
        ends: [CancellationToken; 2],
    ) -> Self {
        let ends = ends.map(CancellationToken::cancelled_owned);
        Self {
            inner: Some(Box::pin(Streamed { incoming, driver: Mutex::new(driver), meter, ends: ends.map(Box::pin) })),
        }
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
    ends: [Pin<Box<WaitForCancellationFutureOwned>>; 2],
}

/// The route was taken away, or the right to it.
#[derive(Debug, thiserror::Error)]
#[error("the right to this answer ended before it did")]
struct Ended;

impl Streamed {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.ends.iter_mut().any(|end| end.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Some(Err(Ended.into())));
        }
        loop {
            match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        self.meter.down(data.len());
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                    Err(_trailers) => return Poll::Ready(None),
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {}
            }
            let driver = self.driver.get_mut().unwrap_or_else(PoisonError::into_inner);
            let Some(running) = driver else {
                return Poll::Pending;
            };
            // what it has to say of a failure, it says through the body as well
            match running.poll_without_shutdown(cx) {
                Poll::Ready(_) => *driver = None,
                Poll::Pending => return Poll::Pending,
            }
        }
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
