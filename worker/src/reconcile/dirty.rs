use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::DesktopId;
use tokio::sync::Notify;

/// Desktops to look at: each at most once in the queue, and never in two hands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dirty {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    queue: Mutex<Queue>,
    marked: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<DesktopId>,
    known: HashSet<DesktopId>,
    in_hand: HashSet<DesktopId>,
}

/// A desktop in somebody's hand, until dropped.
pub(crate) struct Turn {
    dirty: Dirty,
    desktop: DesktopId,
}

impl Dirty {
    /// Puts a desktop in the queue. One that is in somebody's hand is looked at again afterwards.
    pub(crate) fn mark(&self, desktop: DesktopId) {
        let mut queue = self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.known.insert(desktop) && !queue.in_hand.contains(&desktop) {
            queue.waiting.push_back(desktop);
            self.inner.marked.notify_one();
        }
    }

    /// Puts a desktop in the queue after a pause.
    pub(crate) fn mark_after(&self, desktop: DesktopId, pause: Duration) {
        let dirty = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            dirty.mark(desktop);
        });
    }

    /// The next desktop, which from now on is in the caller's hand: see [`Dirty::turn`].
    pub(crate) async fn next(&self) -> DesktopId {
        loop {
            let marked = self.inner.marked.notified();
            if let Some(desktop) = self.take() {
                return desktop;
            }
            marked.await;
        }
    }

    /// Ends, when dropped, the turn that [`Dirty::next`] began.
    pub(crate) fn turn(&self, desktop: DesktopId) -> Turn {
        Turn { dirty: self.clone(), desktop }
    }

    fn take(&self) -> Option<DesktopId> {
        let mut queue = self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let desktop = queue.waiting.pop_front()?;
        queue.known.remove(&desktop);
        queue.in_hand.insert(desktop);
        Some(desktop)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut queue = self.dirty.inner.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.in_hand.remove(&self.desktop);
        if queue.known.contains(&self.desktop) {
            queue.waiting.push_back(self.desktop);
            self.dirty.inner.marked.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::DesktopId;
    use futures::FutureExt;

    use super::Dirty;

    #[test]
    fn a_desktop_is_never_in_two_hands_and_no_mark_is_lost() {
        let dirty = Dirty::default();
        let desktop = DesktopId::new();
        dirty.mark(desktop);
        dirty.mark(desktop);
        assert_eq!(dirty.next().now_or_never(), Some(desktop));
        let turn = dirty.turn(desktop);
        dirty.mark(desktop);
        assert_eq!(dirty.next().now_or_never(), None);
        drop(turn);
        assert_eq!(dirty.next().now_or_never(), Some(desktop));
        drop(dirty.turn(desktop));
        assert_eq!(dirty.next().now_or_never(), None);
    }
}
