//! Keeps desktops to what they may reach. Compares the kernel's rules with what the rows say, whenever a row changes and
//! every second, and puts them right; and looks, from the place of a desktop, whether they hold. Running it twice
//! is harmless: the same rules are exchanged for themselves.
//!
//! While they do not hold, nothing is started. Where this process may not touch the kernel's rules at all, it says so,
//! and desktops have what the engine gives them: networks that keep them from each other, and from nothing else.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use domain::{DesktopId, desktop::Endpoint, template::NetworkPolicy};
use engine::Network;
use firewall::{Firewall, FirewallError, Rules, probe};
use tokio::{net::TcpListener, sync::watch, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::Shared;

/// How often rules and doors are looked at when nothing changes. Whatever opens them is mended within twice that.
const ROUND: Duration = Duration::from_secs(1);

/// Who keeps desktops from what they must not reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarding {
    /// We do, where we may.
    Auto,
    /// We do, or nothing is started.
    Required,
    /// Somebody else does.
    Off,
}

/// What is kept, and by whom.
#[derive(Debug, Clone)]
pub struct Guarded {
    /// Who does it.
    pub by: Guarding,
    /// The rules; those for each desktop come from its row.
    pub rules: Rules,
}

/// Whether the rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nobody has looked yet.
    Unknown,
    /// They do.
    Holds,
    /// There are none, and there need not be any.
    Absent,
    /// They do not, and must.
    Open,
}

/// What all loops of a worker know of the firewall.
pub(crate) struct Guard {
    guarded: Guarded,
    firewall: Arc<dyn Firewall>,
    standing: watch::Sender<Standing>,
}

/// Why a desktop cannot be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The rules do not hold just now.
    Open,
    /// Its policy needs rules, and there are none.
    Unguarded,
}

impl Guard {
    pub(crate) fn new(guarded: Guarded, firewall: Arc<dyn Firewall>) -> Self {
        let first = if guarded.by == Guarding::Off { Standing::Absent } else { Standing::Unknown };
        Self { guarded, firewall, standing: watch::Sender::new(first) }
    }

    /// One that leaves everything to others.
    #[cfg(test)]
    pub(crate) fn off() -> Self {
        let rules = Rules::closed(domain::InstallationId::new());
        Self::new(Guarded { by: Guarding::Off, rules }, Arc::new(firewall::Nft))
    }

    /// The network that a desktop of this policy is started on, and who answers its questions for names.
    pub(crate) fn network(&self, policy: NetworkPolicy) -> Result<(Network, &[Ipv4Addr]), Refused> {
        match (&*self.standing.borrow(), policy) {
            // whatever the policy says by then: it may change while the desktop runs
            (Standing::Holds, _) => Ok((Network::Routed, &self.guarded.rules.resolvers)),
            (Standing::Absent, NetworkPolicy::None) => Ok((Network::Internal, &[])),
            (Standing::Absent, NetworkPolicy::Internet) => Ok((Network::Routed, &[])),
            (Standing::Absent, NetworkPolicy::School) => Err(Refused::Unguarded),
            (Standing::Unknown | Standing::Open, _) => Err(Refused::Open),
        }
    }

    /// Whether anything may be started.
    pub(crate) fn lets_start(&self) -> bool {
        matches!(*self.standing.borrow(), Standing::Holds | Standing::Absent)
    }

    fn holds(&self) -> bool {
        *self.standing.borrow() == Standing::Holds
    }

    fn is(&self, now: Standing) {
        self.standing.send_if_modified(|standing| {
            let is_news = *standing != now;
            match now {
                Standing::Holds if is_news => info!(table = self.guarded.rules.table(), "the firewall holds"),
                Standing::Open if is_news => error!("the firewall does not hold: nothing is started until it does"),
                _ => {}
            }
            *standing = now;
            is_news
        });
    }

    /// Rules could not be installed. Where there were none before and need not be any, desktops do without.
    fn failed(&self, error: &FirewallError) {
        let may_do_without = self.guarded.by == Guarding::Auto
            && matches!(*self.standing.borrow(), Standing::Unknown | Standing::Absent);
        if !may_do_without {
            error!(%error, "the rules of the firewall cannot be put right");
            self.is(Standing::Open);
        } else if *self.standing.borrow() == Standing::Unknown {
            warn!(%error, "there is no firewall: desktops reach what the engine lets them reach");
            self.is(Standing::Absent);
        }
    }
}

/// Keeps the rules until shutdown. They stay when it ends: desktops run on.
pub(crate) async fn run(shared: Arc<Shared>, shutdown: CancellationToken) {
    if shared.guard.guarded.by == Guarding::Off {
        shutdown.cancelled().await;
        return;
    }
    let door = door().await;
    let mut announced = shared.records.revisions();
    let mut round = tokio::time::interval(ROUND);
    round.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut installed = None;
    loop {
        let is_round = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = see_out(door.as_ref()) => continue,
            changed = announced.changed() => match changed {
                Ok(()) => false,
                Err(_) => return,
            },
            _ = round.tick() => true,
        };
        installed = keep(&shared, installed, is_round).await;
        if installed.is_some() && (is_round || !shared.guard.holds()) {
            if seen_open(&shared, door.as_ref()).await {
                // whatever they say, they do not do it: new ones are tried
                shared.guard.is(Standing::Open);
                installed = None;
            } else {
                shared.guard.is(Standing::Holds);
            }
        }
    }
}

/// Rules, and how the kernel showed them when they were new.
type Installed = (Rules, String);

/// Puts the rules right: always when they ought to be others, and in a round also when somebody else changed them.
async fn keep(shared: &Shared, installed: Option<Installed>, is_round: bool) -> Option<Installed> {
    let guard = &shared.guard;
    let desktops = match shared.records.reach().await {
        Ok(desktops) => desktops,
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            warn!(error, "who may reach what cannot be read; the rules stay as they are");
            return installed;
        }
    };
    let rules = Rules { desktops: desktops.into_iter().collect(), ..guard.guarded.rules.clone() };
    if let Some((_, table)) = installed.as_ref().filter(|(known, _)| *known == rules) {
        if !is_round || guard.firewall.look(&rules).await.is_ok_and(|found| found.as_ref() == Some(table)) {
            return installed;
        }
        error!("the firewall was changed past Pult; its rules are put back");
        guard.is(Standing::Open);
    }
    match guard.firewall.install(&rules).await {
        Ok(table) => Some((rules, table)),
        Err(error) => {
            guard.failed(&error);
            None
        }
    }
}

/// What no desktop may reach: a port of our own on this machine.
async fn door() -> Option<TcpListener> {
    let door = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await;
    door.inspect_err(|error| warn!(%error, "whether the firewall holds cannot be tried")).ok()
}

/// Lets a visitor in and out again: a door at which they stand in line looks closed after a while.
async fn see_out(door: Option<&TcpListener>) {
    match door {
        Some(door) if door.accept().await.is_ok() => {}
        Some(_) => tokio::time::sleep(ROUND).await,
        None => std::future::pending().await,
    }
}

/// Whether a desktop, another one each time, is seen to reach what it must not. Nothing is seen where none runs.
async fn seen_open(shared: &Shared, door: Option<&TcpListener>) -> bool {
    let Some((port, (desktop, address))) = door.and_then(|door| door.local_addr().ok()).zip(somebody(shared).await)
    else {
        return false;
    };
    let Ok(Some(process)) = shared.engine.process(desktop).await else {
        return false;
    };
    let named = probe::own_address().into_iter().collect();
    match probe::open_doors(process, address, port.port(), named).await {
        Ok(open) if open.is_empty() => false,
        Ok(open) => {
            error!(%desktop, ?open, "a desktop reaches what it must not");
            true
        }
        // it ended meanwhile, or we are in a container ourselves
        Err(error) => {
            debug!(%desktop, %error, "nothing could be tried from a desktop's place");
            false
        }
    }
}

async fn somebody(shared: &Shared) -> Option<(DesktopId, Ipv4Addr)> {
    let live = shared.records.live().await.ok()?;
    let running: Vec<_> =
        live.into_iter().filter_map(|desktop| Some((desktop.id, own_address(desktop.endpoint?)?))).collect();
    fastrand::choice(running)
}

/// The address that a desktop's container has; none where it is reached by a port of the host.
fn own_address(endpoint: Endpoint) -> Option<Ipv4Addr> {
    match endpoint.address {
        IpAddr::V4(address) if !address.is_loopback() => Some(address),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{InstallationId, template::NetworkPolicy};
    use engine::Network;
    use firewall::{FirewallError, Nft, Rules};

    use super::{Guard, Guarded, Guarding, Refused, Standing};

    fn guard(by: Guarding) -> Guard {
        let rules = Rules { resolvers: vec![[10, 0, 0, 1].into()], ..Rules::closed(InstallationId::new()) };
        Guard::new(Guarded { by, rules }, Arc::new(Nft))
    }

    #[test]
    fn nothing_is_started_before_somebody_has_looked() {
        for by in [Guarding::Auto, Guarding::Required] {
            let guard = guard(by);
            assert!(!guard.lets_start());
            for policy in NetworkPolicy::ALL {
                assert_eq!(guard.network(*policy), Err(Refused::Open));
            }
        }
        assert!(guard(Guarding::Off).lets_start(), "others see to it");
    }

    #[test]
    fn where_rules_hold_all_are_on_one_network_and_the_rules_tell_them_apart() {
        let guard = guard(Guarding::Auto);
        guard.is(Standing::Holds);
        for policy in NetworkPolicy::ALL {
            assert_eq!(guard.network(*policy), Ok((Network::Routed, &[[10, 0, 0, 1].into()][..])));
        }
    }

    #[test]
    fn where_there_are_none_the_engines_networks_do_what_they_can() {
        let guard = guard(Guarding::Auto);
        guard.failed(&FirewallError::Missing);
        assert!(guard.lets_start());
        assert_eq!(guard.network(NetworkPolicy::None), Ok((Network::Internal, &[][..])));
        assert_eq!(guard.network(NetworkPolicy::Internet), Ok((Network::Routed, &[][..])));
        assert_eq!(guard.network(NetworkPolicy::School), Err(Refused::Unguarded), "no engine can do that");
    }

    #[test]
    fn rules_that_must_hold_or_once_held_are_not_done_without() {
        let required = guard(Guarding::Required);
        required.failed(&FirewallError::Missing);
        let lost = guard(Guarding::Auto);
        lost.is(Standing::Holds);
        lost.failed(&FirewallError::Late);
        lost.failed(&FirewallError::Late);
        for guard in [required, lost] {
            assert!(!guard.lets_start());
            guard.is(Standing::Holds);
            assert!(guard.lets_start(), "once they hold again");
        }
    }
}
