//! Front proxies that spoil streams: counted, logged now and then, and remembered until one lets a stream through.
//!
//! In this process only: each replica knows of the requests that reached it.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use chrono::TimeDelta;
use domain::Timestamp;
use gateway::{Front, Loss, Proxy};
use tracing::warn;

/// The same front is complained of in the log at most this often.
const LOG_EVERY: TimeDelta = TimeDelta::minutes(1);
/// A front that nobody tried since then may have been mended or taken away.
const FORGET_AFTER: TimeDelta = TimeDelta::hours(24);
/// Fronts remembered at most. Beyond it the one seen longest ago is forgotten.
const MOST: usize = 16;

/// The fronts that spoil streams, by the address they come from.
#[derive(Debug, Default)]
pub(crate) struct Fronts {
    troubles: Mutex<HashMap<IpAddr, Trouble>>,
}

/// What is known of one front that spoils streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// What it betrays of itself.
    pub(crate) front: Front,
    /// What it last took from a request.
    pub(crate) loss: Loss,
    /// When it last did.
    pub(crate) last_seen_at: Timestamp,
    /// How often it did.
    pub(crate) count: u64,
    logged_at: Timestamp,
    logged_count: u64,
}

impl Fronts {
    /// A request for a stream, by somebody who may have one, came spoiled.
    pub(crate) fn lost(&self, peer: IpAddr, loss: Loss, front: Front) {
        let proxy = front.proxy.map_or("unknown", Proxy::name);
        ::metrics::counter!("pult_upgrades_lost_total", "proxy" => proxy).increment(1);
        if let Some(times) = self.note(peer, loss, front, chrono::Utc::now()) {
            let remedy = front.remedy(None);
            warn!(%peer, proxy, ?loss, times, remedy, "a front proxy spoils streams");
        }
    }

    /// A stream came through.
    pub(crate) fn passed(&self, peer: IpAddr, front: Front) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        // somebody on the proxy's own machine who comes past it has mended nothing
        if troubles.get(&peer).is_some_and(|trouble| front.announces || !trouble.front.announces) {
            troubles.remove(&peer);
        }
    }

    /// The fronts that are known to spoil streams at this time, the last one seen first.
    pub(crate) fn troubles(&self, now: Timestamp) -> Vec<Trouble> {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.retain(|_, trouble| now - trouble.last_seen_at < FORGET_AFTER);
        let mut troubles: Vec<_> = troubles.values().copied().collect();
        troubles.sort_by_key(|trouble| std::cmp::Reverse(trouble.last_seen_at));
        troubles
    }

    /// Remembers it; how often it happened since the log last heard of it, if it is time that it does again.
    fn note(&self, peer: IpAddr, loss: Loss, front: Front, now: Timestamp) -> Option<u64> {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        if troubles.len() >= MOST
            && !troubles.contains_key(&peer)
            && let Some(oldest) = troubles.iter().min_by_key(|(_, trouble)| trouble.last_seen_at).map(|(peer, _)| *peer)
        {
            troubles.remove(&oldest);
        }
        let long_ago = now - LOG_EVERY;
        let trouble = troubles.entry(peer).or_insert(Trouble {
            front,
            loss,
            last_seen_at: now,
            count: 0,
            logged_at: long_ago,
            logged_count: 0,
        });
        trouble.count += 1;
        (trouble.front, trouble.loss, trouble.last_seen_at) = (front, loss, now);
        if now - trouble.logged_at < LOG_EVERY {
            return None;
        }
        let times = trouble.count - trouble.logged_count;
        (trouble.logged_at, trouble.logged_count) = (now, trouble.count);
        Some(times)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use chrono::TimeDelta;
    use domain::Timestamp;
    use gateway::{Front, Loss, Proxy};

    use super::{FORGET_AFTER, Fronts, MOST};

    const APACHE: Front = Front { proxy: Some(Proxy::Apache), announces: true };
    const NOBODY: Front = Front { proxy: None, announces: false };

    fn peer(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn the_log_hears_of_a_front_once_a_minute_and_how_often_it_was() {
        let fronts = Fronts::default();
        let told: Vec<_> =
            [0, 1, 59, 60, 61].map(|second| fronts.note(peer(1), Loss::Upgrade, APACHE, at(second))).into();
        assert_eq!(told, [Some(1), None, None, Some(3), None]);
        assert_eq!(fronts.note(peer(2), Loss::Upgrade, APACHE, at(62)), Some(1), "each front has its own minute");
        assert_eq!(fronts.troubles(at(63)).iter().map(|trouble| trouble.count).collect::<Vec<_>>(), [1, 5]);
    }

    #[test]
    fn a_stream_that_comes_through_ends_the_trouble_of_its_front() {
        let fronts = Fronts::default();
        fronts.note(peer(1), Loss::Upgrade, APACHE, at(0));
        fronts.passed(peer(2), APACHE);
        fronts.passed(peer(1), NOBODY);
        assert_eq!(fronts.troubles(at(1)).len(), 1, "another front, and somebody who came past this one");
        fronts.passed(peer(1), APACHE);
        assert_eq!(fronts.troubles(at(1)), []);
        // one that announces nothing is known by its address alone
        fronts.note(peer(1), Loss::Version, NOBODY, at(2));
        fronts.passed(peer(1), NOBODY);
        assert_eq!(fronts.troubles(at(3)), []);
    }

    #[test]
    fn what_is_remembered_is_bounded_in_time_and_number() {
        let fronts = Fronts::default();
        for last in 0..=u8::try_from(MOST).expect("a small number") {
            fronts.note(peer(last), Loss::Upgrade, APACHE, at(last.into()));
        }
        assert_eq!(fronts.troubles(at(20)).len(), MOST);
        assert_eq!(fronts.troubles(at(20) + FORGET_AFTER), []);
    }
}
