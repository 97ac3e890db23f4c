//! How many connections there may be at a time.
//!
//! A connection that has asked nothing yet is a *stranger*. Where there is no room left, the oldest stranger of the
//! newcomer's address has to go, so that somebody who opens connections and says nothing on them crowds out nobody
//! but himself: a browser asks at once. Only where there are no strangers the newcomer is turned away. What has become
//! a stream is not counted here; the gateway counts those.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

/// How many are let in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) connections: usize,
    /// From one address, which may be a whole school's.
    pub(super) connections_of_address: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { connections: 16_384, connections_of_address: 4_096 }
    }
}

/// All connections of a listener.
#[derive(Debug)]
pub(super) struct Crowd {
    room: Room,
    /// Whose address is everybody's.
    proxies: Vec<IpNet>,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    count: usize,
    of_address: HashMap<IpAddr, usize>,
    /// By the order in which they came.
    strangers: BTreeMap<u64, Stranger>,
    next: u64,
}

#[derive(Debug)]
struct Stranger {
    address: IpAddr,
    shown_out: CancellationToken,
}

/// One connection's place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    address: IpAddr,
    number: u64,
    is_known: AtomicBool,
    /// Cancelled when the connection has to make room.
    pub(super) shown_out: CancellationToken,
}

impl Crowd {
    pub(super) fn new(room: Room, proxies: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { room, proxies, inside: Mutex::default() })
    }

    /// Lets a connection in, or says that there is no room for it.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let mut inside = self.inside();
        let is_proxy = self.proxies.iter().any(|net| net.contains(&address));
        let of_address = inside.of_address.get(&address).copied().unwrap_or(0);
        let is_full =
            inside.count >= self.room.connections || (of_address >= self.room.connections_of_address && !is_proxy);
        if is_full {
            let oldest = inside.strangers.iter().find(|(_, stranger)| stranger.address == address);
            let number = oldest.map(|(number, _)| *number)?;
            // it gives its place back when its task sees this; until then there is one too many
            inside.strangers.remove(&number)?.shown_out.cancel();
        }
        let (number, shown_out) = (inside.next, CancellationToken::new());
        inside.next += 1;
        inside.count += 1;
        *inside.of_address.entry(address).or_default() += 1;
        inside.strangers.insert(number, Stranger { address, shown_out: shown_out.clone() });
        drop(inside);
        Some(Place { crowd: Arc::clone(self), address, number, is_known: AtomicBool::new(false), shown_out })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The connection has asked something.
    pub(super) fn ask(&self) {
        if !self.is_known.swap(true, Relaxed) {
            self.crowd.inside().strangers.remove(&self.number);
        }
    }

    /// Whether it ever did.
    pub(super) fn is_known(&self) -> bool {
        self.is_known.load(Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.crowd.inside();
        inside.count -= 1;
        inside.strangers.remove(&self.number);
        if let Some(count) = inside.of_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                inside.of_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Crowd, Room};

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_oldest_stranger_of_an_address_makes_room() {
        let crowd = Crowd::new(Room { connections: 9, connections_of_address: 2 }, Vec::new());
        let known = crowd.enter(ip("10.0.0.1")).expect("there is room");
        known.ask();
        let stranger = crowd.enter(ip("10.0.0.1")).expect("there is room");
        let other = crowd.enter(ip("10.0.0.2")).expect("another address");
        let newcomer = crowd.enter(ip("::ffff:10.0.0.1")).expect("a stranger goes");
        assert!(stranger.shown_out.is_cancelled());
        assert!(!known.shown_out.is_cancelled() && !other.shown_out.is_cancelled());
        drop(stranger);
        newcomer.ask();
        assert!(crowd.enter(ip("10.0.0.1")).is_none(), "nobody can be shown out");
        drop(known);
        crowd.enter(ip("10.0.0.1")).expect("there is room again");
    }

    #[test]
    fn a_proxy_is_not_one_person() {
        let proxies = vec!["10.0.0.0/8".parse().expect("a network")];
        let crowd = Crowd::new(Room { connections: 3, connections_of_address: 1 }, proxies);
        let places: Vec<_> = (0..3).map(|_| crowd.enter(ip("10.0.0.1")).expect("there is room")).collect();
        assert!(places.iter().all(|place| !place.shown_out.is_cancelled()));
        assert!(crowd.enter(ip("192.168.0.1")).is_none(), "there is an end to it all the same");
    }

    #[test]
    fn nothing_is_remembered_of_those_who_left() {
        let crowd = Crowd::new(Room::default(), Vec::new());
        let places: Vec<_> = (0..5).map(|_| crowd.enter(ip("10.0.0.1")).expect("there is room")).collect();
        places[3].ask();
        drop(places);
        let inside = crowd.inside();
        assert_eq!((inside.count, inside.of_address.len(), inside.strangers.len()), (0, 0, 0));
    }
}
