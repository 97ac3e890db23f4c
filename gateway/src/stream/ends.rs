use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use tokio_util::sync::CancellationToken;

/// What ends a stream from outside; each within one turn of the task.
pub(crate) struct Ends {
    /// The route is no longer the way to this container.
    pub(crate) gone: CancellationToken,
    /// The right to it ended.
    pub(crate) ended: CancellationToken,
    /// The process closes all of them.
    pub(crate) closing: CancellationToken,
}

impl Ends {
    /// What `work` comes to, or why it was ended before.
    ///
    /// Whoever asks a token takes a lock that all streams of a desktop, a session or the process share. So they are
    /// asked once, and again when one of them woke the task: octets that pass cost them nothing.
    pub(crate) async fn bound<T>(&self, work: impl Future<Output = T>) -> Result<T, &'static str> {
        let mut end = pin!(self.first());
        let mut work = pin!(work);
        let mut bell: Option<Arc<Bell>> = None;
        poll_fn(|cx| {
            let bell = match &mut bell {
                Some(bell) if bell.task.will_wake(cx.waker()) => bell,
                bell => bell.insert(Bell::on(cx.waker())),
            };
            if bell.rang.swap(false, SeqCst)
                && let Poll::Ready(reason) = end.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(bell))))
            {
                return Poll::Ready(Err(reason));
            }
            work.as_mut().poll(cx).map(Ok)
        })
        .await
    }

    async fn first(&self) -> &'static str {
        tokio::select! {
            biased;
            () = self.gone.cancelled() => "route gone",
            () = self.ended.cancelled() => "right ended",
            () = self.closing.cancelled() => "server closing",
        }
    }
}

/// Wakes a task and remembers that it did.
struct Bell {
    rang: AtomicBool,
    task: Waker,
}

impl Bell {
    /// A bell that rang already, so that the first to look hears it.
    fn on(task: &Waker) -> Arc<Self> {
        Arc::new(Self { rang: AtomicBool::new(true), task: task.clone() })
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rang.store(true, SeqCst);
        self.task.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use tokio::time::{sleep, timeout};
    use tokio_util::sync::CancellationToken;

    use super::Ends;

    fn ends() -> (Ends, [CancellationToken; 3]) {
        let tokens: [CancellationToken; 3] = Default::default();
        let [gone, ended, closing] = tokens.clone();
        (Ends { gone, ended, closing }, tokens)
    }

    #[tokio::test]
    async fn each_end_ends_the_work_and_says_why() {
        for (which, reason) in ["route gone", "right ended", "server closing"].into_iter().enumerate() {
            let (ends, tokens) = ends();
            let work = tokio::spawn(async move { ends.bound(pending::<()>()).await });
            sleep(Duration::from_millis(20)).await;
            tokens[which].cancel();
            let ended = timeout(Duration::from_secs(1), work).await.expect("within a turn");
            assert_eq!(ended.expect("it does not panic"), Err(reason));
        }
    }

    #[tokio::test]
    async fn what_ended_before_the_work_began_ends_it() {
        let (ends, [gone, ..]) = ends();
        gone.cancel();
        assert_eq!(ends.bound(async { 1 }).await, Err("route gone"));
    }

    #[tokio::test]
    async fn work_that_is_busy_is_not_disturbed_and_still_ends() {
        let (ends, [_, ended, _]) = ends();
        assert_eq!(ends.bound(sleep(Duration::from_millis(5))).await, Ok(()));
        let busy = tokio::spawn(async move {
            ends.bound(async {
                loop {
                    tokio::task::yield_now().await;
                }
            })
            .await
        });
        sleep(Duration::from_millis(20)).await;
        ended.cancel();
        let ended: Result<(), _> =
            timeout(Duration::from_secs(1), busy).await.expect("within a turn").expect("it does not panic");
        assert_eq!(ended, Err("right ended"));
    }

    /// A task may be polled by another waker than before, in a `select!` of its own for example.
    #[tokio::test]
    async fn a_new_waker_is_woken_and_the_old_one_forgotten() {
        let (ends, [gone, ..]) = ends();
        let mut bound = Box::pin(async move { ends.bound(pending::<()>()).await });
        let mut nobody = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(bound.as_mut().poll(&mut nobody).is_pending());
        let task = tokio::spawn(bound);
        sleep(Duration::from_millis(20)).await;
        gone.cancel();
        let ended = timeout(Duration::from_secs(1), task).await.expect("it is woken");
        assert_eq!(ended.expect("it does not panic"), Err("route gone"));
    }
}
