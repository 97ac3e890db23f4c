//! Who starts next when more want to start than can start at once.
//!
//! Three rules, each in a file of its own, and [`Queue::plan`] joins them: whose turn it is (`turns`), whether there is
//! room ([`Room`]), and how many may be starting at a time ([`Pace`]).
//!
//! A small desktop may pass a large one for which there is no room, but only so often ([`MOST_PASSES`]): then all
//! that asked after the large one wait with it, until enough of the others have ended. Nobody knows when that will
//! be, so a wait for room has no estimate.

use std::collections::HashMap;

use crate::{
    DesktopId, GroupId, Timestamp, UserId,
    desktop::{Desktop, DesktopState, Wanted},
    text::words,
    why::Why,
};

mod pace;
mod room;
mod turns;

pub use pace::{Pace, Start};
pub use room::{Machine, Needs, Overcommit, Room};

use turns::Turns;

/// How often others may pass a desktop for which there is no room.
const MOST_PASSES: u32 = 10;

words! {
    /// How much a start matters. Ordered: what comes first, starts first.
    Urgency, "urgency" {
        /// Somebody sits in front of the screen and waits.
        Person = "person",
        /// It will be wanted later.
        Ahead = "ahead",
    }
}

/// How a desktop concerns the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is to run and waits for its turn.
    Waits,
    /// It is on its way to running: has room and a place among those that start.
    Starts,
    /// It has room, because it runs or has not ended yet.
    Holds,
}

impl Stage {
    /// How far a desktop has come by its row; nothing if it rests.
    pub fn of(desktop: &Desktop) -> Option<Self> {
        match (desktop.wanted, desktop.state) {
            _ if desktop.removed_at.is_some() => None,
            (Wanted::Running, DesktopState::Starting) => Some(Self::Starts),
            (_, DesktopState::Starting | DesktopState::Running) => Some(Self::Holds),
            (Wanted::Running, _) => Some(Self::Waits),
            (_, DesktopState::Stopping) => Some(Self::Holds),
            _ => None,
        }
    }
}

/// What a desktop that does not rest claims of the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Whose claim it is.
    pub desktop: DesktopId,
    /// Whose desktop it is.
    pub owner: UserId,
    /// The groups through which its template is given to its owner.
    pub groups: Vec<GroupId>,
    /// How much it matters.
    pub urgency: Urgency,
    /// Since when it is wanted.
    pub since: Timestamp,
    /// The room it takes.
    pub needs: Needs,
    /// How far it has come.
    pub stage: Stage,
    /// The place it was told, if it waits and was told one.
    pub told: Option<Place>,
}

impl Claim {
    /// What a desktop claims by its row; nothing if it rests.
    pub fn of(desktop: &Desktop, needs: Needs, groups: Vec<GroupId>) -> Option<Self> {
        Some(Self {
            stage: Stage::of(desktop)?,
            told: desktop.place(),
            desktop: desktop.id,
            owner: desktop.owner,
            groups,
            // nothing is made ahead yet
            urgency: Urgency::Person,
            since: desktop.requested_at,
            needs,
        })
    }
}

/// What somebody who waits is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Place in the queue, from 1.
    pub position: i32,
    /// Guess of the seconds until it runs; nothing where nobody knows.
    pub eta_seconds: Option<i32>,
    /// What it waits for, other than its turn.
    pub why: Option<Why>,
}

/// What carries the desktops, as long as it answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Carrier {
    /// The room there is when nothing runs.
    pub room: Room,
    /// How many may be starting at a time.
    pub at_once: usize,
    /// How long a start takes, in seconds.
    pub seconds_per_start: f64,
}

/// What is to change, so that everybody has what is theirs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Those whose turn has come, in their order.
    pub starts: Vec<DesktopId>,
    /// Those who wait, and have to be told another place than they know.
    pub places: Vec<(DesktopId, Place)>,
    /// Those who would wait for ever.
    pub refused: Vec<(DesktopId, Why)>,
    /// How many are starting, those whose turn has come included.
    pub starting: usize,
    /// How many go on waiting.
    pub waiting: usize,
}

impl Plan {
    /// Whether everything is as it should be.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty() && self.places.is_empty() && self.refused.is_empty()
    }

    /// Everybody for whom something changes.
    pub fn desktops(&self) -> impl Iterator<Item = DesktopId> {
        let places = self.places.iter().map(|(desktop, _)| *desktop);
        self.starts.iter().copied().chain(places).chain(self.refused.iter().map(|(desktop, _)| *desktop))
    }

    /// A desktop as the plan has it. One that does not wait any more stays as it is.
    #[must_use]
    pub fn carry_out(&self, desktop: Desktop) -> Desktop {
        let id = desktop.id;
        if Stage::of(&desktop) != Some(Stage::Waits) {
            return desktop;
        }
        if self.starts.contains(&id) {
            return desktop.admitted();
        }
        if let Some((_, place)) = self.places.iter().find(|(waits, _)| *waits == id) {
            return desktop.queued(place.clone());
        }
        match self.refused.iter().find(|(refused, _)| *refused == id) {
            Some((_, why)) => desktop.given_up(why.clone()),
            None => desktop,
        }
    }
}

/// What has to be remembered from one plan to the next. Without it (after a crash) turns are counted anew.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Queue {
    turns: Turns,
    /// How often others passed those for whom there was no room.
    passes: HashMap<DesktopId, u32>,
}

impl Queue {
    /// What is to change, and the queue once it has. Without a carrier nobody starts, and everybody has a place.
    ///
    /// Depends on nothing but these arguments, and on no order among the claims. Where a plan was followed and nothing
    /// else has happened, the next one is empty.
    pub fn plan(&self, claims: &[Claim], carrier: Option<&Carrier>) -> (Plan, Self) {
        let mut after = self.clone();
        let mut plan = Plan::default();
        let mut room = carrier.map(|carrier| carrier.room);
        let mut waiting = Vec::new();
        for claim in claims {
            plan.starting += usize::from(claim.stage == Stage::Starts);
            if claim.stage != Stage::Waits {
                take(&mut room, claim);
            } else if let Some(why) = room.and_then(|room| room.never(claim.needs)) {
                plan.refused.push((claim.desktop, why));
            } else {
                waiting.push(claim);
            }
        }
        while plan.starting < carrier.map_or(0, |carrier| carrier.at_once)
            && let Some(called) = after.call(&waiting, room)
        {
            waiting.retain(|claim| claim.desktop != called.desktop);
            take(&mut room, called);
            plan.starting += 1;
            plan.starts.push(called.desktop);
        }
        plan.waiting = waiting.len();
        plan.places = after.places(&waiting, room, carrier);
        plan.refused.sort_unstable_by_key(|(desktop, _)| *desktop);
        after.passes.retain(|passed, _| waiting.iter().any(|claim| claim.desktop == *passed));
        if waiting.is_empty() {
            after = Self::default();
        }
        (plan, after)
    }

    /// Calls the next who can start now, if there is one.
    fn call<'a>(&mut self, waiting: &[&'a Claim], room: Option<Room>) -> Option<&'a Claim> {
        let mut passed = Vec::new();
        for turn in self.turns.order(waiting) {
            let claim = turn.claim;
            if room.is_none_or(|room| room.lacks(claim.needs).is_none()) {
                self.turns.called(&turn);
                for one in passed {
                    *self.passes.entry(one).or_default() += 1;
                }
                return Some(claim);
            }
            if self.is_not_passed_any_more(claim) {
                return None;
            }
            passed.push(claim.desktop);
        }
        None
    }

    /// The places of those who wait, as far as they do not know them.
    fn places(&self, waiting: &[&Claim], mut room: Option<Room>, carrier: Option<&Carrier>) -> Vec<(DesktopId, Place)> {
        let mut places = Vec::new();
        let mut ahead = 0;
        let mut closed = false;
        for (turn, position) in self.turns.order(waiting).iter().zip(1..) {
            let claim = turn.claim;
            let why = room.and_then(|room| room.lacks(claim.needs));
            closed |= why.is_some() && self.is_not_passed_any_more(claim);
            let eta_seconds = carrier.filter(|_| why.is_none() && !closed).map(|carrier| {
                // what it will take, nobody after it can have
                take(&mut room, claim);
                ahead += 1;
                carrier.estimate(ahead)
            });
            let place = Place { position, eta_seconds, why };
            if claim.told.as_ref() != Some(&place) {
                places.push((claim.desktop, place));
            }
        }
        places
    }

    fn is_not_passed_any_more(&self, claim: &Claim) -> bool {
        self.passes.get(&claim.desktop).is_some_and(|passes| *passes >= MOST_PASSES)
    }
}

fn take(room: &mut Option<Room>, claim: &Claim) {
    if let Some(room) = room {
        room.take(claim.needs);
    }
}

impl Carrier {
    /// A guess of the seconds until a place in the queue runs.
    fn estimate(&self, place: usize) -> i32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "seconds of a queue fit")]
        let seconds = {
            // those that start now go first, and then it takes a start's time itself
            let rounds = (place as f64 / self.at_once.max(1) as f64).ceil() + 0.5;
            (rounds * self.seconds_per_start).round() as i32
        };
        seconds.max(1)
    }
}

#[cfg(test)]
mod tests;
