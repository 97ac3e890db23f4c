//! One request and the head of its answer, over one connection.

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
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
    failure::{Failure, Wait},
    request::{Outgoing, Progress},
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

/// Sends a request, its head in one write, and waits for the head of the answer: at most `limit` after the last piece
/// of the request moved.
pub(crate) async fn exchange(
    connection: Socket,
    request: Request<Outgoing>,
    progress: &Progress,
    limit: Duration,
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
    let mut deadline = pin!(sleep_until(Instant::now() + limit));
    let mut is_over = false;
    let response = poll_fn(|cx| {
        // the driver moves the bytes; what it has to say of a failure, it says through the answer
        if !is_over && driver.poll_without_shutdown(cx).is_ready() {
            is_over = true;
        }
        if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
            return Poll::Ready(answer.map_err(failure));
        }
        while deadline.as_mut().poll(cx).is_ready() {
            let next = progress.last() + limit;
            if next <= deadline.deadline() {
                return Poll::Ready(Err(Failure::Timeout(Wait::Answer)));
            }
            deadline.as_mut().reset(next);
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
