//! A queue of hints that never holds its writer up and never grows beyond one hint a desktop.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::DesktopId;
use futures::{Stream, stream};
use tokio::sync::mpsc;

use crate::{EngineError, Hint};

/// Makes a queue: what is put in at one end comes out of the other, merged where nobody has read yet.
pub(crate) fn queue() -> (HintSink, impl Stream<Item = Result<Hint, EngineError>> + Send + 'static) {
    let pending = Arc::new(Mutex::new(Pending::default()));
    // Rung at every change; one ring that nobody has heard yet is enough.
    let (bell, heard) = mpsc::channel(1);
    (HintSink { pending: Arc::clone(&pending), bell }, stream::unfold((pending, heard), read))
}

/// The writing end. The stream ends when it is dropped.
#[derive(Debug)]
pub(crate) struct HintSink {
    pending: Arc<Mutex<Pending>>,
    bell: mpsc::Sender<()>,
}

#[derive(Debug, Default)]
struct Pending {
    order: VecDeque<DesktopId>,
    latest: HashMap<DesktopId, Hint>,
    error: Option<EngineError>,
}

impl HintSink {
    /// Tells a hint. Never waits.
    pub(crate) fn put(&self, hint: Hint) {
        let mut pending = lock(&self.pending);
        match pending.latest.entry(hint.desktop) {
            Entry::Occupied(mut unread) => {
                unread.insert(hint);
            }
            Entry::Vacant(place) => {
                place.insert(hint);
                pending.order.push_back(hint.desktop);
            }
        }
        drop(pending);
        self.ring();
    }

    /// Ends the stream with an error, after all hints that were told.
    pub(crate) fn end(self, error: EngineError) {
        lock(&self.pending).error = Some(error);
        self.ring();
    }

    /// Returns when nobody reads any more.
    pub(crate) async fn abandoned(&self) {
        self.bell.closed().await;
    }

    /// Whether nobody reads any more.
    #[cfg(any(test, feature = "fake"))]
    pub(crate) fn is_abandoned(&self) -> bool {
        self.bell.is_closed()
    }

    fn ring(&self) {
        // Full: a ring is due already. Closed: nobody listens.
        let _ = self.bell.try_send(());
    }
}

type Reader = (Arc<Mutex<Pending>>, mpsc::Receiver<()>);

async fn read((pending, mut bell): Reader) -> Option<(Result<Hint, EngineError>, Reader)> {
    loop {
        let ended = bell.is_closed() && bell.is_empty();
        let item = lock(&pending).next();
        if let Some(item) = item {
            return Some((item, (pending, bell)));
        }
        if ended {
            return None;
        }
        bell.recv().await;
    }
}

impl Pending {
    fn next(&mut self) -> Option<Result<Hint, EngineError>> {
        match self.order.pop_front() {
            Some(desktop) => self.latest.remove(&desktop).map(Ok),
            None => self.error.take().map(Err),
        }
    }
}

fn lock(pending: &Mutex<Pending>) -> MutexGuard<'_, Pending> {
    // Nothing panics while it is held, and a half-told hint would still be a hint.
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use domain::{DesktopId, Timestamp};
    use futures::{FutureExt, StreamExt};

    use super::queue;
    use crate::{EngineError, Hint, HintKind};

    fn hint(desktop: DesktopId, kind: HintKind) -> Hint {
        Hint { desktop, kind, at: Timestamp::UNIX_EPOCH }
    }

    #[tokio::test]
    async fn unread_hints_of_one_desktop_become_its_latest() {
        let (sink, stream) = queue();
        let (one, two) = (DesktopId::new(), DesktopId::new());
        for _ in 0..10_000 {
            sink.put(hint(one, HintKind::Created));
            sink.put(hint(two, HintKind::Created));
            sink.put(hint(one, HintKind::Ended));
        }
        drop(sink);
        let told: Vec<_> = stream.collect().await;
        assert_eq!(told, [Ok(hint(one, HintKind::Ended)), Ok(hint(two, HintKind::Created))]);
    }

    #[tokio::test]
    async fn an_error_comes_after_all_hints_and_is_the_end() {
        let (sink, stream) = queue();
        let (error, desktop) = (EngineError::Unreachable { detail: "gone".to_owned() }, DesktopId::new());
        sink.put(hint(desktop, HintKind::Started));
        sink.end(error.clone());
        let told: Vec<_> = stream.collect().await;
        assert_eq!(told, [Ok(hint(desktop, HintKind::Started)), Err(error)]);
    }

    #[tokio::test]
    async fn a_waiting_reader_is_woken_by_a_hint_and_by_the_end() {
        let (sink, stream) = queue();
        let mut stream = Box::pin(stream);
        assert!(stream.next().now_or_never().is_none(), "there is nothing to read");
        let desktop = DesktopId::new();
        let reader = tokio::spawn(async move { stream.collect::<Vec<_>>().await });
        tokio::task::yield_now().await;
        sink.put(hint(desktop, HintKind::Paused));
        tokio::task::yield_now().await;
        drop(sink);
        assert_eq!(reader.await.expect("the reader ends"), [Ok(hint(desktop, HintKind::Paused))]);
    }

    #[tokio::test]
    async fn the_writer_learns_that_the_reader_left() {
        let (sink, stream) = queue();
        assert!(sink.abandoned().now_or_never().is_none());
        drop(stream);
        sink.abandoned().await;
        sink.put(hint(DesktopId::new(), HintKind::Created));
    }
}
