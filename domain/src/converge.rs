//! The next step of one desktop: from what is wanted and what was found, to what is done.
//!
//! Level-triggered: the answer depends on the row and the inspection alone, never on how they came about. So every
//! step may be lost, repeated or interrupted, and asking again always goes on from where things really are.

use crate::{
    Timestamp,
    desktop::{Desktop, DesktopState, Observed, Phase, StartPolicy, Step, Wanted},
    why::Why,
};

/// What to do next about a desktop.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Nothing, until the row or the engine changes.
    Rest,
    /// Nothing, until this moment.
    Wait(Timestamp),
    /// Store this row, then ask again.
    Record(Box<Desktop>),
    /// Do this, then look and ask again.
    Do(Act),
}

/// Something done to the engine, or for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Take a place in the queue, or start if it is its turn.
    Admit,
    /// Make the container.
    Create,
    /// Start the container.
    Start,
    /// Ask the container, over its own protocol, whether it is ready.
    Probe,
    /// Stop the container.
    Stop,
    /// Take the container away.
    Remove,
}

/// The next step of a desktop, given what the engine shows of it now.
pub fn next(desktop: &Desktop, seen: Option<&Observed>, policy: &StartPolicy, now: Timestamp) -> Next {
    if desktop.removed_at.is_some() {
        return Next::Rest;
    }
    match seen {
        // It goes away; the engine says so when it has gone.
        Some(Observed { phase: Phase::Removing, .. }) => Next::Rest,
        // A container that was given up, by a reset or because it had vanished before.
        Some(seen) if seen.generation != desktop.generation => Next::Do(Act::Remove),
        _ => match desktop.wanted {
            Wanted::Running => towards_running(desktop, seen, policy, now),
            Wanted::Stopped => towards_stopped(desktop, seen, now),
            Wanted::Removed => towards_removed(desktop, seen, now),
        },
    }
}

fn towards_running(desktop: &Desktop, seen: Option<&Observed>, policy: &StartPolicy, now: Timestamp) -> Next {
    match (desktop.state, seen) {
        (DesktopState::Running, Some(seen)) => still_running(desktop, seen, now),
        (DesktopState::Running, None) => {
            record(desktop.clone().without_container().ended(Some(Why::RemovedOutside), now))
        }
        (DesktopState::Starting, seen) => starting(desktop, seen, policy, now),
        // After a crash of ours the container may run already: then there is nothing to queue for.
        (_, Some(seen)) if seen.phase == Phase::Running => record(desktop.clone().connecting(seen)),
        _ => Next::Do(Act::Admit),
    }
}

fn still_running(desktop: &Desktop, seen: &Observed, now: Timestamp) -> Next {
    match seen.phase {
        Phase::Running
            if desktop.container.as_ref() == Some(&seen.container)
                && desktop.container_started_at == seen.started_at
                && desktop.endpoint == seen.endpoint =>
        {
            Next::Rest
        }
        // It was restarted past us: another address may be anybody's, so the route goes until it has answered.
        Phase::Running | Phase::Created => record(desktop.clone().connecting(seen)),
        Phase::Paused => record(desktop.clone().ended(Some(Why::PausedOutside), now)),
        Phase::Exited { code, out_of_memory } => {
            record(desktop.clone().ended(Some(cause_of_exit(code, out_of_memory)), now))
        }
        Phase::Removing => Next::Rest,
    }
}

fn starting(desktop: &Desktop, seen: Option<&Observed>, policy: &StartPolicy, now: Timestamp) -> Next {
    if let Some(at) = desktop.retry_at.filter(|at| *at > now) {
        return Next::Wait(at);
    }
    let Some(seen) = seen else {
        return Next::Do(Act::Create);
    };
    let known = desktop.container_started_at == seen.started_at;
    let awaited = desktop.step == Some(Step::Connecting) && known;
    match seen.phase {
        Phase::Running if awaited => Next::Do(Act::Probe),
        Phase::Running => record(desktop.clone().connecting(seen)),
        // Or it was over before anybody saw it run: that, too, was a try, or there would be no end of them.
        Phase::Exited { code, out_of_memory } if awaited || !known => {
            let why = match cause_of_exit(code, out_of_memory) {
                // Nobody ends a desktop politely before it is there: this one did not come up.
                Why::StoppedOutside => Why::Crashed { exit_code: code },
                why => why,
            };
            record(desktop.clone().connecting(seen).try_failed(why, policy, now))
        }
        Phase::Created | Phase::Exited { .. } => Next::Do(Act::Start),
        Phase::Paused => record(desktop.clone().ended(Some(Why::PausedOutside), now)),
        Phase::Removing => Next::Rest,
    }
}

fn towards_stopped(desktop: &Desktop, seen: Option<&Observed>, now: Timestamp) -> Next {
    let has_ended = matches!(desktop.state, DesktopState::Stopped | DesktopState::Failed);
    let was_decided = desktop.why.as_ref().is_some_and(Why::is_decided);
    match seen.map(|seen| (seen, seen.phase)) {
        // an engine may carry a start out long after it was called off
        Some((_, Phase::Running)) if has_ended && was_decided => Next::Do(Act::Stop),
        Some((seen, Phase::Running)) if has_ended => record(desktop.clone().started_outside(seen, now)),
        Some((_, Phase::Running | Phase::Paused)) if !has_ended => Next::Do(Act::Stop),
        // a start that nobody saw is over: the next one is not to be taken for it
        Some((seen, Phase::Exited { .. })) if has_ended && desktop.container_started_at != seen.started_at => {
            record(desktop.clone().ended_before(seen))
        }
        Some(_) if has_ended => Next::Rest,
        None if has_ended && desktop.container.is_none() => Next::Rest,
        None if has_ended => record(desktop.clone().without_container()),
        Some(_) | None => record(desktop.clone().ended(None, now)),
    }
}

fn towards_removed(desktop: &Desktop, seen: Option<&Observed>, now: Timestamp) -> Next {
    match seen {
        Some(_) => Next::Do(Act::Remove),
        None => record(desktop.clone().removed(now)),
    }
}

/// Why a container ended, from its exit code (128 plus the signal's number after a signal) and the kernel's word.
fn cause_of_exit(code: i64, out_of_memory: bool) -> Why {
    const SIGINT: i64 = 130;
    const SIGKILL: i64 = 137;
    const SIGTERM: i64 = 143;
    match code {
        _ if out_of_memory => Why::OutOfMemory,
        0 | SIGINT | SIGKILL | SIGTERM => Why::StoppedOutside,
        exit_code => Why::Crashed { exit_code },
    }
}

fn record(desktop: Desktop) -> Next {
    Next::Record(Box::new(desktop))
}

#[cfg(test)]
mod tests;
