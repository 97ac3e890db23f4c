//! What is seen of each desktop's use, in memory.
//!
//! Streams write into counters without a lock; one reader drains them now and then and stores what changed. What was
//! not drained is lost with the process.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use chrono::{DateTime, Utc};
use domain::{DesktopId, Timestamp};

/// The use of all desktops. Cheap to clone.
#[derive(Clone, Default)]
pub struct Activity {
    desktops: Arc<Mutex<HashMap<DesktopId, Arc<Meter>>>>,
}

/// What was seen of one desktop since it was last asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Which desktop.
    pub desktop: DesktopId,
    /// The last keyboard or pointer input, if there was any since.
    pub last_input_at: Option<Timestamp>,
    /// How many streams are open now.
    pub viewers: usize,
    /// Bytes from clients to the desktop since.
    pub bytes_up: u64,
    /// Bytes from the desktop to clients since.
    pub bytes_down: u64,
}

impl Activity {
    /// What changed since the last call; desktops with nothing new are left out. A desktop whose last stream ended is
    /// told of once more, with no viewers.
    pub fn drain(&self) -> Vec<Seen> {
        let mut desktops = self.desktops.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = desktops.iter().filter_map(|(desktop, meter)| meter.drain(*desktop)).collect();
        // whoever holds a meter may still write into it; what is held here alone was told above
        desktops.retain(|_, meter| Arc::strong_count(meter) > 1 || meter.is_pending());
        seen
    }

    /// Takes back what a drain returned and could not be stored, so that the next one returns it again.
    pub fn put_back(&self, unstored: &[Seen]) {
        for seen in unstored {
            let meter = self.meter(seen.desktop);
            if let Some(at) = seen.last_input_at {
                meter.last_input.fetch_max(at.timestamp_millis(), Relaxed);
            }
            meter.up.fetch_add(seen.bytes_up, Relaxed);
            meter.down.fetch_add(seen.bytes_down, Relaxed);
            meter.told_viewers.store(UNTOLD, Relaxed);
        }
    }

    /// Has the next drain tell of every desktop that is watched, whether told before or not.
    pub fn tell_again(&self) {
        let desktops = self.desktops.lock().unwrap_or_else(PoisonError::into_inner);
        for meter in desktops.values() {
            meter.told_viewers.store(UNTOLD, Relaxed);
        }
    }

    /// How many streams are open into a desktop now.
    pub fn viewers(&self, desktop: DesktopId) -> usize {
        let desktops = self.desktops.lock().unwrap_or_else(PoisonError::into_inner);
        desktops.get(&desktop).map_or(0, |meter| meter.viewers.load(Relaxed))
    }

    /// The counters of one desktop.
    pub(crate) fn meter(&self, desktop: DesktopId) -> Arc<Meter> {
        let mut desktops = self.desktops.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(desktops.entry(desktop).or_default())
    }
}

impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activity").finish_non_exhaustive()
    }
}

/// `told_viewers` of a desktop whose viewers must be told whatever they are.
const UNTOLD: usize = usize::MAX;

/// The counters of one desktop.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Milliseconds since the epoch of the last input that was not drained; zero for none.
    last_input: AtomicI64,
    up: AtomicU64,
    down: AtomicU64,
    viewers: AtomicUsize,
    told_viewers: AtomicUsize,
}

impl Meter {
    /// Somebody used the keyboard or the pointer.
    pub(crate) fn input(&self) {
        self.last_input.fetch_max(Utc::now().timestamp_millis(), Relaxed);
    }

    /// Bytes went to the desktop.
    pub(crate) fn up(&self, bytes: usize) {
        self.up.fetch_add(bytes as u64, Relaxed);
    }

    /// Bytes came from the desktop.
    pub(crate) fn down(&self, bytes: usize) {
        self.down.fetch_add(bytes as u64, Relaxed);
    }

    fn is_pending(&self) -> bool {
        self.last_input.load(Relaxed) != 0
            || self.up.load(Relaxed) != 0
            || self.down.load(Relaxed) != 0
            || self.viewers.load(Relaxed) != self.told_viewers.load(Relaxed)
    }

    fn drain(&self, desktop: DesktopId) -> Option<Seen> {
        if !self.is_pending() {
            return None;
        }
        let viewers = self.viewers.load(Relaxed);
        self.told_viewers.store(viewers, Relaxed);
        let last_input = self.last_input.swap(0, Relaxed);
        Some(Seen {
            desktop,
            last_input_at: (last_input != 0).then(|| DateTime::from_timestamp_millis(last_input)).flatten(),
            viewers,
            bytes_up: self.up.swap(0, Relaxed),
            bytes_down: self.down.swap(0, Relaxed),
        })
    }
}

/// An open stream into a desktop; counted as long as it lives.
#[derive(Debug)]
pub(crate) struct Viewer(Arc<Meter>);

impl Viewer {
    pub(crate) fn new(meter: Arc<Meter>) -> Self {
        meter.viewers.fetch_add(1, Relaxed);
        Self(meter)
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.0
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.viewers.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use domain::DesktopId;

    use super::{Activity, Viewer};

    #[test]
    fn only_what_changed_is_told_and_only_once() {
        let activity = Activity::default();
        let desktop = DesktopId::new();
        let viewer = Viewer::new(activity.meter(desktop));
        viewer.meter().up(3);
        viewer.meter().down(5);
        viewer.meter().input();
        let seen = activity.drain();
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].desktop, seen[0].viewers, seen[0].bytes_up, seen[0].bytes_down), (desktop, 1, 3, 5));
        assert!(seen[0].last_input_at.is_some());
        assert_eq!(activity.drain(), []);
    }

    #[test]
    fn the_end_of_the_last_stream_is_told_and_the_desktop_forgotten() {
        let activity = Activity::default();
        let desktop = DesktopId::new();
        let viewer = Viewer::new(activity.meter(desktop));
        activity.drain();
        assert_eq!(activity.viewers(desktop), 1);
        drop(viewer);
        let seen = activity.drain();
        assert_eq!((seen.len(), seen[0].viewers, seen[0].last_input_at), (1, 0, None));
        assert!(activity.desktops.lock().expect("not poisoned").is_empty());
    }

    #[test]
    fn who_watches_is_told_again_when_it_was_forgotten() {
        let activity = Activity::default();
        let desktop = DesktopId::new();
        let _viewer = Viewer::new(activity.meter(desktop));
        let told = activity.drain();
        assert_eq!(activity.drain(), []);
        activity.tell_again();
        assert_eq!(activity.drain(), told);
        assert_eq!(activity.drain(), []);
    }

    #[test]
    fn what_could_not_be_stored_is_told_again() {
        let activity = Activity::default();
        let meter = activity.meter(DesktopId::new());
        meter.input();
        meter.up(7);
        drop(meter);
        let seen = activity.drain();
        activity.put_back(&seen);
        assert_eq!(activity.drain(), seen);
    }
}
