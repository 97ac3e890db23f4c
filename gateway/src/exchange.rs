//! One request and the head of its answer, over one connection.

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    task::Poll,
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, Builder},
};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, sleep_until};

use crate::{
    config::Config,
    failure::{Failure, Wait},
    request::{Outgoing, Progress, Turn},
    socket::Socket,
};

/// The largest head of an answer, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// The most lines it may have.
const MAX_LINES: usize = 64;

/// What hyper may hold of an answer's body that nobody reads.
const MAX_BUFFER: usize = 64 * 1024;

/// Moves the bytes of one exchange while it is polled.
pub(crate) type Driver = http1::Connection<TokioIo<Socket>, Outgoing>;

/// The head of an answer, and what is left to do for the rest.
pub(crate) struct Answer {
    pub(crate) response: Response<Incoming>,
    pub(crate) driver: Driver,
    /// Whether the driver has nothing left to move and must not be polled.
    pub(crate) is_over: bool,
}

/// Sends a request, its head in one write, and waits for the head of the answer: not longer after the last piece of the
/// request moved than the limits of `config` say.
pub(crate) async fn exchange(
    connection: Socket,
    request: Request<Outgoing>,
    progress: &Progress,
    config: &Config,
) -> Result<Answer, Failure> {
    let (mut sender, mut driver) = Builder::new()
        // KasmVNC up to 1.3.4 looks for `Host`, `Connection` and `Authorization` with their capitals
        .title_case_headers(true)
        .max_headers(MAX_LINES)
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_BUFFER)
        .handshake(TokioIo::new(connection))
        .await
        .map_err(Failure::Closed)?;
    let mut answer = pin!(sender.send_request(request));
    // how long it took to get here does not count
    progress.mark();
    let mut clock = pin!(sleep_until(Instant::now() + config.response_timeout));
    let mut is_over = false;
    let response = poll_fn(|cx| {
        // first of all: a desktop that never stops talking uses up what a task may do in a turn, and then no clock runs
        let has_struck = clock.as_mut().poll(cx).is_ready();
        // the driver moves the bytes; what it has to say of a failure, it says through the answer
        if !is_over && driver.poll_without_shutdown(cx).is_ready() {
            is_over = true;
        }
        if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
            return Poll::Ready(answer.map_err(failure));
        }
        let (limit, late) = match progress.turn() {
            Turn::Client => (config.body_timeout, Failure::BodyStalled),
            Turn::Take => (config.body_timeout, Failure::Timeout(Wait::Take)),
            Turn::Answer => (config.response_timeout, Failure::Timeout(Wait::Answer)),
        };
        let due = progress.last() + limit;
        if due <= Instant::now() {
            return Poll::Ready(Err(late));
        }
        if has_struck || due < clock.deadline() {
            clock.as_mut().reset(due);
            // asked again at once, should it strike meanwhile
            if clock.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
        Poll::Pending
    })
    .await?;
    Ok(Answer { response, driver, is_over })
}

impl Answer {
    /// Takes the connection out of an exchange that ended in a 101, with the bytes that came glued to its head.
    pub(crate) async fn into_connection(mut self) -> Result<(Socket, Bytes), Failure> {
        if !self.is_over {
            poll_fn(|cx| self.driver.poll_without_shutdown(cx)).await.map_err(failure)?;
        }
        let parts = self.driver.into_parts();
        Ok((parts.io.into_inner(), parts.read_buf))
    }
}

fn failure(error: hyper::Error) -> Failure {
    if error.is_parse_too_large() {
        Failure::AnswerMalformed("its head is too large")
    } else if error.is_parse() {
        Failure::AnswerMalformed("its head is not HTTP/1.1")
    } else if error.is_user() {
        Failure::BodyIncomplete(error)
    } else {
        Failure::Closed(error)
    }
}
