//! How many streams there may be at a time.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{DesktopId, UserId};

use crate::{
    config::Config,
    failure::{Failure, Limit},
};

/// Counts the streams of each desktop and of each user. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    desktops: Counter<DesktopId>,
    users: Counter<UserId>,
}

/// The right to one stream, given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _desktop: Held<DesktopId>,
    _user: Held<UserId>,
}

impl Limits {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            desktops: Counter::new(config.max_streams_per_desktop),
            users: Counter::new(config.max_streams_per_user),
        }
    }

    /// The right to one more stream, unless as many as there may be are open.
    pub(crate) fn take(&self, desktop: DesktopId, user: UserId) -> Result<Permit, Failure> {
        Ok(Permit {
            _desktop: self.desktops.take(desktop).ok_or(Failure::TooManyStreams(Limit::Desktop))?,
            _user: self.users.take(user).ok_or(Failure::TooManyStreams(Limit::User))?,
        })
    }
}

#[derive(Debug)]
struct Counter<K> {
    limit: usize,
    counts: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K> Clone for Counter<K> {
    fn clone(&self) -> Self {
        Self { limit: self.limit, counts: Arc::clone(&self.counts) }
    }
}

impl<K: Hash + Eq + Copy> Counter<K> {
    fn new(limit: usize) -> Self {
        Self { limit, counts: Arc::default() }
    }

    fn take(&self, key: K) -> Option<Held<K>> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).or_insert(0);
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Held { key, counts: Arc::clone(&self.counts) })
    }
}

#[derive(Debug)]
struct Held<K: Hash + Eq> {
    key: K,
    counts: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Hash + Eq> Drop for Held<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{DesktopId, UserId};

    use super::Limits;
    use crate::{Config, Failure, Limit};

    #[test]
    fn a_stream_that_ends_makes_room_for_another() {
        let limits = Limits::new(&Config { max_streams_per_desktop: 1, max_streams_per_user: 2, ..Config::default() });
        let (desktop, user) = (DesktopId::new(), UserId::new());
        let first = limits.take(desktop, user).expect("there is room");
        assert!(matches!(limits.take(desktop, user), Err(Failure::TooManyStreams(Limit::Desktop))));
        let second = limits.take(DesktopId::new(), user).expect("another desktop");
        assert!(matches!(limits.take(DesktopId::new(), user), Err(Failure::TooManyStreams(Limit::User))));
        drop((first, second));
        assert!(limits.desktops.counts.lock().expect("not poisoned").is_empty());
        limits.take(desktop, user).expect("there is room again");
    }
}
