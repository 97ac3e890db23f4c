//! Whose turn it is: in each round every group has one turn, and within its group every person has one.
//!
//! Who comes later joins the round that is under way, so a class of three that asks after a class of thirty waits for
//! three of them, and nobody who slept through the morning has turns in hand. This is start-time fair queueing (Goyal,
//! Vin and Cheng, 1996) with all weights and costs alike. Equals are served in the order in which they asked.

use std::{collections::HashMap, hash::Hash};

use super::Claim;
use crate::{GroupId, UserId};

/// The turns of people and of groups. Those whom a template reached through no group are a group of their own.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Turns {
    people: Rounds<UserId>,
    groups: Rounds<Option<GroupId>>,
}

/// A claim with the rounds it waits for.
pub(super) struct Turn<'a> {
    pub(super) claim: &'a Claim,
    person_round: u64,
    group: Option<GroupId>,
    group_round: u64,
}

impl Turns {
    /// Puts those who wait in the order of their turns.
    pub(super) fn order<'a>(&self, waiting: &[&'a Claim]) -> Vec<Turn<'a>> {
        let mut turns: Vec<_> =
            waiting.iter().map(|claim| Turn { claim, person_round: 0, group: None, group_round: 0 }).collect();
        turns.sort_unstable_by_key(Turn::order);
        let mut people = self.people.clone();
        for turn in &mut turns {
            turn.person_round = people.deal(turn.claim.owner);
        }
        turns.sort_unstable_by_key(Turn::order);
        let mut groups = self.groups.clone();
        for turn in &mut turns {
            // of several groups, the one through which it is served first
            let through = turn.claim.groups.iter().min_by_key(|group| (groups.next(Some(**group)), **group));
            turn.group = through.copied();
            turn.group_round = groups.deal(turn.group);
        }
        turns.sort_unstable_by_key(Turn::order);
        turns
    }

    /// Notes that somebody's turn has come.
    pub(super) fn called(&mut self, turn: &Turn<'_>) {
        self.people.called(turn.claim.owner, turn.person_round);
        self.groups.called(turn.group, turn.group_round);
    }
}

impl Turn<'_> {
    fn order(&self) -> impl Ord + use<> {
        let Claim { urgency, since, desktop, .. } = self.claim;
        (*urgency, self.group_round, self.person_round, *since, *desktop)
    }
}

/// Rounds in each of which everybody has one turn.
#[derive(Debug, Clone, PartialEq)]
struct Rounds<K: Copy + Eq + Hash> {
    /// The latest that has begun.
    present: u64,
    /// The first in which somebody's turn is still to come.
    open: HashMap<K, u64>,
}

impl<K: Copy + Eq + Hash> Default for Rounds<K> {
    fn default() -> Self {
        Self { present: 0, open: HashMap::new() }
    }
}

impl<K: Copy + Eq + Hash> Rounds<K> {
    /// The round in which somebody has their next turn.
    fn next(&self, one: K) -> u64 {
        self.open.get(&one).copied().unwrap_or(0).max(self.present)
    }

    /// Deals the next turn out.
    fn deal(&mut self, one: K) -> u64 {
        let turn = self.open.entry(one).or_default();
        let round = self.present.max(*turn);
        *turn = round + 1;
        round
    }

    /// Somebody had their turn of a round, which thereby has begun.
    fn called(&mut self, one: K, round: u64) {
        let open = self.open.entry(one).or_default();
        *open = (*open).max(round + 1);
        self.present = self.present.max(round);
    }
}
