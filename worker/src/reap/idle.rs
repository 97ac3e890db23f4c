//! Warns the owners of desktops that stay unused, grow too old or meet the night, and stops the first two. Looks at the
//! rows of what runs, and asks the engine about those that may compute; changes what is wanted of them. Running it twice
//! is harmless: whoever was warned is not warned again.

mod ground;
mod load;
#[cfg(test)]
mod simulation;

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use domain::{
    DesktopId, Language, Timestamp,
    desktop::{Desktop, DesktopState},
    idle::{self, Facts, IdlePolicy, Kept, Moment, Verdict},
    schedule::Outcome,
};
use store::{Details, StoreError};
use tokio::time::Instant;
use tracing::{debug, warn};

use self::{
    ground::Ground,
    load::{Computes, Load},
};
use super::{deed, idle_policy, reaped};
use crate::Shared;

/// Input is stored with this delay at most: nothing is stopped before what was seen until then has arrived.
const INPUT_ARRIVES_WITHIN: TimeDelta = TimeDelta::seconds(15);

/// What is remembered between two looks.
#[derive(Debug)]
pub(crate) struct Reaper {
    began: Instant,
    ground: Mutex<Ground>,
    load: Mutex<Load>,
}

impl Reaper {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), ground: Mutex::default(), load: Mutex::default() }
    }

    fn ground(&self) -> MutexGuard<'_, Ground> {
        self.ground.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at all desktops that run.
pub(crate) async fn run(shared: &Shared) -> Result<Outcome, StoreError> {
    let (now, steady) = (shared.clock.now(), shared.reaper.began.elapsed());
    let clock_was_set = shared.reaper.ground().clock_was_set(now, steady);
    let looked = if clock_was_set { count_anew(shared, now).await } else { look(shared, now, steady).await };
    let mut ground = shared.reaper.ground();
    match &looked {
        Ok(_) => ground.looked(now, steady),
        Err(_) => ground.failed(steady),
    }
    drop(ground);
    looked
}

/// The clock was set: from the rows nobody knows how long anything was unused, nor who was told of what comes now, so for
/// all it counts anew.
async fn count_anew(shared: &Shared, now: Timestamp) -> Result<Outcome, StoreError> {
    warn!("the clock was set; how long desktops are unused counts anew");
    for details in shared.records.in_states(&[DesktopState::Running]).await? {
        shared.records.change(details.desktop.id, Box::new(move |desktop| (anew(desktop, now), None))).await?;
    }
    Ok(Outcome::reaped(0, 0))
}

fn anew(desktop: Desktop, now: Timestamp) -> Desktop {
    if desktop.state == DesktopState::Running { desktop.extended(now).unwarned() } else { desktop }
}

async fn look(shared: &Shared, now: Timestamp, steady: Duration) -> Result<Outcome, StoreError> {
    let is_firm = shared.reaper.ground().is_firm(steady);
    let (mut warned, mut stopped) = (0, 0);
    let running = shared.records.in_states(&[DesktopState::Running]).await?;
    let load = weigh(shared, &running, now, is_firm).await;
    for details in &running {
        let computes = load.get(&details.desktop.id).copied().unwrap_or(Computes::No);
        match consider(shared, details, computes, now, is_firm).await? {
            Verdict::Keep(_) => {}
            Verdict::Warn(_) => warned += 1,
            Verdict::Stop(_) => stopped += 1,
        }
    }
    Ok(Outcome::reaped(warned, stopped))
}

/// Learns which desktops compute of those for whom it matters now.
async fn weigh(shared: &Shared, running: &[Details], now: Timestamp, is_firm: bool) -> HashMap<DesktopId, Computes> {
    let (mut asked, mut open) = (Vec::new(), HashSet::new());
    for details in running {
        let policy = idle_policy(shared, details);
        let verdict = judge(&details.desktop, &policy, &details.facts, now, is_firm);
        if policy.asks_for_load(&verdict) {
            asked.push((&details.desktop, policy));
        }
        if is_open(&policy, &verdict) {
            open.insert(details.desktop.id);
        }
    }
    let ids = asked.iter().map(|(desktop, _)| desktop.id).collect();
    let told = load::ask(shared.engine.as_ref(), ids, shared.reaper.began).await;
    let mut load = shared.reaper.load();
    load.keep(|desktop| open.contains(&desktop));
    let weigh =
        |(desktop, policy): (&Desktop, _)| (desktop.id, load.weigh(desktop, &policy, told.get(&desktop.id).copied()));
    asked.into_iter().map(weigh).collect()
}

/// Whether what the engine said is still of use: it is about to end, or to be told so, for being unused.
fn is_open(policy: &IdlePolicy, verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Keep(Kept::Warned(ending)) => !ending.is_fixed(),
        Verdict::Keep(Kept::Unsure) => true,
        verdict => policy.asks_for_load(verdict),
    }
}

async fn consider(
    shared: &Shared,
    details: &Details,
    computes: Computes,
    now: Timestamp,
    is_firm: bool,
) -> Result<Verdict, StoreError> {
    if computes == Computes::Unknown {
        return Ok(Verdict::Keep(Kept::Unsure));
    }
    let policy = idle_policy(shared, details);
    let facts = Facts { busy: computes == Computes::Yes, ..details.facts };
    let verdict = judge(&details.desktop, &policy, &facts, now, is_firm);
    debug!(desktop = %details.desktop.id, verdict = verdict.sentence(Language::English), "looked at");
    if idle::apply(verdict.clone(), details.desktop.clone(), now) == details.desktop {
        return Ok(verdict);
    }
    // judged anew on the row as it is when it is changed: somebody may just have come back
    let change = move |desktop: Desktop| {
        let verdict = judge(&desktop, &policy, &facts, now, is_firm);
        let deed = match &verdict {
            Verdict::Stop(why) => Some(deed("desktop.stop", why)),
            Verdict::Keep(_) | Verdict::Warn(_) => None,
        };
        (idle::apply(verdict, desktop, now), deed)
    };
    let changed = shared.records.change(details.desktop.id, Box::new(change)).await?;
    match verdict {
        Verdict::Stop(why) if changed.is_some_and(|now| now.desktop.why.as_ref() == Some(&why)) => {
            reaped(details, "desktop.stop", &why);
            Ok(Verdict::Stop(why))
        }
        // somebody was faster
        Verdict::Stop(_) => Ok(Verdict::Keep(Kept::NotRunning)),
        verdict => Ok(verdict),
    }
}

fn judge(desktop: &Desktop, policy: &IdlePolicy, facts: &Facts, now: Timestamp, is_firm: bool) -> Verdict {
    match idle::decide(desktop, policy, facts, Moment { now, input_until: now - INPUT_ARRIVES_WITHIN }) {
        Verdict::Stop(_) if !is_firm => Verdict::Keep(Kept::Unsure),
        verdict => verdict,
    }
}
