use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use domain::{DesktopId, Timestamp};
use tokio::sync::watch;

use crate::{Granted, Route};

/// How long somebody waits for a change that is known to be on its way.
const PATIENCE: Duration = Duration::from_secs(1);

/// The whole table at one revision.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Every change up to this revision is in it.
    pub revision: i64,
    by_name: HashMap<String, Arc<Route>>,
    names: HashMap<DesktopId, String>,
    by_host_label: HashMap<String, Arc<Route>>,
}

impl Snapshot {
    /// How many desktops it knows.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

/// Makes a table: the one who writes it, and a reader to clone.
pub fn table() -> (Writer, Reader) {
    let shared = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
    let (announce, revision) = watch::channel(0);
    (Writer { shared: Arc::clone(&shared), announce }, Reader { shared, revision })
}

/// Looks routes up. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    shared: Arc<ArcSwap<Snapshot>>,
    revision: watch::Receiver<i64>,
}

impl Reader {
    /// The route of a desktop by its name.
    pub fn by_name(&self, name: &str) -> Option<Arc<Route>> {
        self.shared.load().by_name.get(name).cloned()
    }

    /// The route of a desktop by the first part of its own host name.
    pub fn by_host_label(&self, label: &str) -> Option<Arc<Route>> {
        self.shared.load().by_host_label.get(label).cloned()
    }

    /// The route of a desktop by its id.
    pub fn by_id(&self, desktop: DesktopId) -> Option<Arc<Route>> {
        let snapshot = self.shared.load();
        snapshot.by_name.get(snapshot.names.get(&desktop)?).cloned()
    }

    /// Waits until the table has every change up to a revision, or a second has passed.
    pub async fn caught_up(&self, revision: i64) {
        let mut known = self.revision.clone();
        // whether it came in time or not: the next lookup tells
        let _ = tokio::time::timeout(PATIENCE, known.wait_for(|known| *known >= revision)).await;
    }

    /// The table as it is now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.load_full()
    }
}

/// Replaces the table. There is one.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<ArcSwap<Snapshot>>,
    announce: watch::Sender<i64>,
}

impl Writer {
    /// The revision up to which changes are in.
    pub fn revision(&self) -> i64 {
        self.shared.load().revision
    }

    /// Puts routes in, takes desktops out, and raises the revision.
    pub fn apply(&mut self, routes: Vec<Route>, gone: &[DesktopId], revision: i64) {
        let mut next = self.shared.load().successor(revision);
        for desktop in gone {
            next.take(*desktop);
        }
        for route in routes {
            next.put(route);
        }
        self.shared.store(Arc::new(next));
        self.announce.send_replace(revision);
    }

    /// Takes grants out that are over, and ends what is there because of them.
    pub fn end_grants(&mut self, now: Timestamp) {
        let snapshot = self.shared.load_full();
        let is_over = |granted: &Granted| !granted.grant.is_live(now);
        let concerned = snapshot.by_name.values().filter(|route| route.grants.iter().any(is_over));
        let routes: Vec<_> = concerned
            .map(|route| {
                let mut route = Route::clone(route);
                route.grants.retain(|granted| !is_over(granted));
                route
            })
            .collect();
        if !routes.is_empty() {
            self.apply(routes, &[], snapshot.revision);
        }
    }

    /// When the next grant is over.
    pub fn grant_ends_at(&self) -> Option<Timestamp> {
        let snapshot = self.shared.load();
        snapshot.by_name.values().flat_map(|route| route.grants()).map(|grant| grant.until).min()
    }

    /// The desktops that are in, and which change of each.
    pub fn known(&self) -> HashMap<DesktopId, i64> {
        self.shared.load().by_name.values().map(|route| (route.desktop, route.revision)).collect()
    }
}

impl Snapshot {
    fn successor(&self, revision: i64) -> Self {
        Self {
            revision,
            by_name: self.by_name.clone(),
            names: self.names.clone(),
            by_host_label: self.by_host_label.clone(),
        }
    }

    fn put(&mut self, mut route: Route) {
        let mut known = Vec::new();
        if let Some(old) = self.forget(route.desktop) {
            let same_way = match (&old.target, &route.target) {
                (Some(old), Some(new)) => old.is_same_start(new),
                (None, None) => true,
                _ => false,
            };
            if same_way && old.owner == route.owner {
                route.gone = old.gone.clone();
            } else {
                old.gone.cancel();
            }
            known.extend(old.grants.iter().cloned());
        }
        for granted in &mut route.grants {
            let old = known.extract_if(.., |old| old.grant == granted.grant && !old.ended.is_cancelled()).next();
            granted.ended = old.map_or_else(|| route.gone.child_token(), |old| old.ended);
        }
        for over in known {
            over.ended.cancel();
        }
        let route = Arc::new(route);
        self.names.insert(route.desktop, route.name.clone());
        self.by_name.insert(route.name.clone(), Arc::clone(&route));
        if let Some(label) = &route.host_label {
            self.by_host_label.insert(label.clone(), Arc::clone(&route));
        }
    }

    fn take(&mut self, desktop: DesktopId) {
        if let Some(route) = self.forget(desktop) {
            route.gone.cancel();
        }
    }

    /// Takes a desktop out, under whatever it can be found by.
    fn forget(&mut self, desktop: DesktopId) -> Option<Arc<Route>> {
        let route = self.by_name.remove(&self.names.remove(&desktop)?)?;
        if let Some(label) = &route.host_label {
            self.by_host_label.remove(label);
        }
        Some(route)
    }
}

#[cfg(test)]
mod tests;
