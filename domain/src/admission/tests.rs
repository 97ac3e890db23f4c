use chrono::TimeDelta;
use proptest::{prelude::*, sample::Index};

use super::{Carrier, Claim, MOST_PASSES, Machine, Needs, Overcommit, Place, Plan, Queue, Room, Stage, Urgency};
use crate::{DesktopId, GroupId, UserId, desktop::testing::epoch, why::Why};

const SMALL: Needs = Needs { memory_mb: 512, millicpus: 1000 };
const LARGE: Needs = Needs { memory_mb: 4096, millicpus: 1000 };

/// An engine with room for eight gigabytes and so many starts at a time.
fn carrier(at_once: usize) -> Carrier {
    let overcommit = Overcommit { memory: 1.0, cpus: 100.0 };
    let room = Room::new(Machine { memory_mb: 9 * 1024, cpus: 4 }, overcommit);
    Carrier { room, at_once, seconds_per_start: 2.0 }
}

/// A large one, on which there is always room.
fn vast(at_once: usize) -> Carrier {
    let overcommit = Overcommit { memory: 1000.0, cpus: 1000.0 };
    Carrier { room: Room::new(Machine { memory_mb: 65_536, cpus: 64 }, overcommit), ..carrier(at_once) }
}

/// A school in which people ask and are served.
#[derive(Default)]
struct School {
    queue: Queue,
    claims: Vec<Claim>,
    asked: i64,
}

impl School {
    fn wish(&mut self, owner: UserId, groups: &[GroupId], needs: Needs) -> DesktopId {
        self.asked += 1;
        let claim = Claim {
            desktop: DesktopId::new(),
            owner,
            groups: groups.to_vec(),
            urgency: Urgency::Person,
            since: epoch() + TimeDelta::milliseconds(self.asked),
            needs,
            stage: Stage::Waits,
            told: None,
        };
        let id = claim.desktop;
        self.claims.push(claim);
        id
    }

    /// A class asks, each pupil for one desktop.
    fn class(&mut self, size: usize) -> Vec<DesktopId> {
        let group = GroupId::new();
        (0..size).map(|_| self.wish(UserId::new(), &[group], SMALL)).collect()
    }

    fn plan(&self, carrier: &Carrier) -> Plan {
        self.queue.plan(&self.claims, Some(carrier)).0
    }

    /// Makes a plan true.
    fn follow(&mut self, carrier: &Carrier) -> Plan {
        let (plan, after) = self.queue.plan(&self.claims, Some(carrier));
        self.queue = after;
        for claim in &mut self.claims {
            if plan.starts.contains(&claim.desktop) {
                claim.stage = Stage::Starts;
            }
            if let Some((_, place)) = plan.places.iter().find(|(desktop, _)| *desktop == claim.desktop) {
                claim.told = Some(place.clone());
            }
        }
        self.claims.retain(|claim| plan.refused.iter().all(|(desktop, _)| *desktop != claim.desktop));
        plan
    }

    /// Everything that starts has started.
    fn started(&mut self) {
        for claim in &mut self.claims {
            if claim.stage == Stage::Starts {
                claim.stage = Stage::Holds;
            }
        }
    }

    fn stop(&mut self, desktop: DesktopId) {
        self.claims.retain(|claim| claim.desktop != desktop);
    }

    /// Who is called, one after the other, until nobody is.
    fn calls(&mut self, carrier: &Carrier) -> Vec<DesktopId> {
        let mut calls = Vec::new();
        loop {
            let called = self.follow(carrier).starts;
            if called.is_empty() {
                return calls;
            }
            calls.extend(called);
            self.started();
        }
    }

    fn place(&self, desktop: DesktopId) -> Option<Place> {
        self.claims.iter().find(|claim| claim.desktop == desktop)?.told.clone()
    }
}

#[test]
fn the_first_to_ask_starts_first_and_the_others_have_places() {
    let mut school = School::default();
    let class = school.class(6);
    let plan = school.follow(&vast(2));
    assert_eq!(plan.starts, class[..2]);
    let told: Vec<_> = plan.places.iter().map(|(desktop, place)| (*desktop, place.position)).collect();
    assert_eq!(told, [(class[2], 1), (class[3], 2), (class[4], 3), (class[5], 4)]);
    let estimates: Vec<_> = plan.places.iter().filter_map(|(_, place)| place.eta_seconds).collect();
    assert_eq!(estimates, [3, 3, 5, 5]);
    assert!(school.plan(&vast(2)).is_empty(), "nothing has changed");
}

#[test]
fn a_class_of_three_does_not_wait_for_a_class_of_thirty() {
    let mut school = School::default();
    let _many = school.class(30);
    let first = school.follow(&vast(1)).starts;
    assert_eq!(first.len(), 1);
    let few = school.class(3);
    school.started();
    let calls = school.calls(&vast(1));
    let last = few.iter().filter_map(|one| calls.iter().position(|call| call == one)).max();
    assert!(last.is_some_and(|last| last < 6), "{last:?}");
}

#[test]
fn a_second_desktop_comes_after_everybodys_first() {
    let mut school = School::default();
    let (group, greedy) = (GroupId::new(), UserId::new());
    let many: Vec<_> = (0..4).map(|_| school.wish(greedy, &[group], SMALL)).collect();
    let others: Vec<_> = (0..2).map(|_| school.wish(UserId::new(), &[group], SMALL)).collect();
    let calls = school.calls(&vast(1));
    assert_eq!(calls, [many[0], others[0], others[1], many[1], many[2], many[3]]);
}

#[test]
fn who_is_in_two_groups_starts_through_the_one_that_waits_less() {
    let mut school = School::default();
    let [large, small] = [(); 2].map(|()| GroupId::new());
    for _ in 0..10 {
        school.wish(UserId::new(), &[large], SMALL);
    }
    let both = school.wish(UserId::new(), &[large, small], SMALL);
    assert_eq!(school.calls(&vast(1)).iter().position(|call| *call == both), Some(1));
}

#[test]
fn who_waits_comes_before_what_will_be_wanted_later() {
    let mut school = School::default();
    let _ = school.class(3);
    for claim in &mut school.claims {
        claim.urgency = Urgency::Ahead;
    }
    let person = school.wish(UserId::new(), &[], SMALL);
    assert_eq!(school.plan(&vast(1)).starts, [person]);
}

#[test]
fn without_an_engine_everybody_has_a_place_and_nobody_starts() {
    let mut school = School::default();
    let class = school.class(3);
    let (plan, _) = school.queue.plan(&school.claims, None);
    assert!(plan.starts.is_empty());
    let places = plan.places.iter().map(|(_, place)| (place.position, place.eta_seconds, place.why.clone()));
    assert_eq!(places.collect::<Vec<_>>(), [(1, None, None), (2, None, None), (3, None, None)]);
    assert_eq!(plan.waiting, class.len());
}

#[test]
fn what_does_not_fit_waits_and_says_for_what() {
    let mut school = School::default();
    let first = school.wish(UserId::new(), &[], LARGE);
    let second = school.wish(UserId::new(), &[], LARGE);
    let waits = school.wish(UserId::new(), &[], SMALL);
    assert_eq!(school.follow(&carrier(8)).starts, [first, second]);
    let why = Why::WaitsForMemory { needed_mb: 512, free_mb: 0 };
    assert_eq!(school.place(waits), Some(Place { position: 1, eta_seconds: None, why: Some(why) }));
    // what runs keeps its room, and what stops gives it back
    school.started();
    assert!(school.follow(&carrier(8)).is_empty());
    school.stop(first);
    assert_eq!(school.follow(&carrier(8)).starts, [waits]);
}

#[test]
fn what_never_fits_is_refused_at_once() {
    let mut school = School::default();
    let huge = school.wish(UserId::new(), &[], Needs { memory_mb: 10 * 1024, ..SMALL });
    let other = school.wish(UserId::new(), &[], SMALL);
    let plan = school.follow(&carrier(1));
    // nine gigabytes less one for the system
    assert_eq!(plan.refused, [(huge, Why::TooLarge { needed_mb: 10 * 1024, most_mb: 8 * 1024 })]);
    assert_eq!(plan.starts, [other]);
}

#[test]
fn small_ones_pass_a_large_one_for_a_while_and_then_wait_with_it() {
    let mut school = School::default();
    let running = school.wish(UserId::new(), &[], LARGE);
    assert_eq!(school.follow(&carrier(8)).starts, [running]);
    let few = school.wish(UserId::new(), &[], SMALL);
    assert_eq!(school.follow(&carrier(8)).starts, [few]);
    school.started();
    let large = school.wish(UserId::new(), &[], LARGE);
    let mut passed = 0;
    for _ in 0..100 {
        let small = school.wish(UserId::new(), &[], SMALL);
        let starts = school.follow(&carrier(8)).starts;
        assert!(!starts.contains(&large), "its room is taken");
        if starts.contains(&small) {
            passed += 1;
            school.stop(small);
        }
    }
    assert_eq!(passed, MOST_PASSES);
    let behind = school.claims.last().map(|claim| claim.desktop).expect("somebody waits");
    let place = school.place(behind).expect("it was told");
    assert_eq!((place.why, place.eta_seconds), (None, None), "there is room, and it waits behind the large one");
    school.stop(few);
    assert_eq!(school.follow(&carrier(1)).starts, [large]);
    school.started();
    school.stop(running);
    assert_eq!(school.calls(&carrier(8)).len(), 8, "the others go on, as far as there is room");
}

fn asked(people: usize, groups: usize) -> impl Strategy<Value = Vec<(usize, Vec<usize>, Index)>> {
    prop::collection::vec((0..people, prop::collection::vec(0..groups, 0..3), any::<Index>()), 1..60)
}

proptest! {
    #[test]
    fn everybody_is_in_the_plan_once(wishes in asked(12, 4), at_once in 0_usize..9, swap in any::<bool>()) {
        let mut school = School::default();
        let people: Vec<_> = (0..12).map(|_| UserId::new()).collect();
        let groups: Vec<_> = (0..4).map(|_| GroupId::new()).collect();
        for (person, through, size) in wishes {
            let through: Vec<_> = through.into_iter().map(|group| groups[group]).collect();
            let needs = Needs { memory_mb: [512, 2048, 10_240][size.index(3)], ..SMALL };
            school.wish(people[person], &through, needs);
        }
        let plan = school.plan(&carrier(at_once));
        let mut all: Vec<_> = plan.starts.iter().copied()
            .chain(plan.places.iter().map(|(desktop, _)| *desktop))
            .chain(plan.refused.iter().map(|(desktop, _)| *desktop))
            .collect();
        all.sort_unstable();
        let mut wanted: Vec<_> = school.claims.iter().map(|claim| claim.desktop).collect();
        wanted.sort_unstable();
        prop_assert_eq!(all, wanted);
        let positions: Vec<_> = plan.places.iter().map(|(_, place)| place.position).collect();
        prop_assert!(positions.iter().zip(1..).all(|(position, place)| *position == place), "{:?}", positions);
        prop_assert!(plan.starts.len() <= at_once);

        // the same again, however the claims are handed in
        if swap {
            school.claims.reverse();
        }
        prop_assert_eq!(school.plan(&carrier(at_once)), plan);
        // and once it is followed there is nothing to do
        school.follow(&carrier(at_once));
        prop_assert!(school.plan(&carrier(at_once)).is_empty());
    }

    #[test]
    fn groups_that_want_as_much_have_turns_alternately(
        size in 1_usize..20,
        order in prop::collection::vec(any::<Index>(), 60),
        at_once in 1_usize..6,
    ) {
        let mut school = School::default();
        let groups = [(); 3].map(|()| GroupId::new());
        let mut asking: Vec<_> = groups.iter().flat_map(|group| vec![*group; size]).collect();
        for index in order.iter().take(3 * size) {
            let group = asking.swap_remove(index.index(asking.len()));
            school.wish(UserId::new(), &[group], SMALL);
        }
        let through: std::collections::HashMap<_, _> =
            school.claims.iter().map(|claim| (claim.desktop, claim.groups[0])).collect();
        let mut turns = std::collections::HashMap::<_, usize>::new();
        for desktop in school.calls(&vast(at_once)) {
            *turns.entry(through[&desktop]).or_default() += 1;
            let turns = groups.map(|group| turns.get(&group).copied().unwrap_or(0));
            prop_assert!(turns.iter().max().zip(turns.iter().min()).is_some_and(|(most, least)| most - least <= 1));
        }
        prop_assert_eq!(turns.values().sum::<usize>(), 3 * size);
    }

    #[test]
    fn nobody_starves_whatever_others_ask(
        before in prop::collection::vec(0_usize..4, 0..30),
        later in prop::collection::vec((0_usize..6, 0_usize..4), 150),
    ) {
        let mut school = School::default();
        let groups = [(); 4].map(|()| GroupId::new());
        let people = [(); 6].map(|()| UserId::new());
        for group in before {
            school.wish(UserId::new(), &[groups[group]], SMALL);
            school.started();
            school.follow(&vast(1));
        }
        let own = school.claims.iter().filter(|claim| claim.stage == Stage::Waits && claim.groups == [groups[0]]);
        let ahead = own.count();
        let me = school.wish(UserId::new(), &[groups[0]], SMALL);
        // each turn somebody asks anew, and the same few people want ever more
        for (turn, (person, group)) in later.into_iter().enumerate() {
            school.started();
            if school.follow(&vast(1)).starts.contains(&me) {
                prop_assert!(turn <= (ahead + 1) * groups.len(), "{turn} turns with {ahead} ahead");
                return Ok(());
            }
            school.wish(people[person], &[groups[group]], SMALL);
        }
        prop_assert!(false, "it never had its turn");
    }
}
