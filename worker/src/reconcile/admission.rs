//! Lets as many desktops start at a time as the engine carries, and tells the others their place.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use chrono::TimeDelta;
use domain::{
    DesktopId, Timestamp,
    admission::{Waiting, estimate, order},
    desktop::{Desktop, DesktopState},
};
use store::StoreError;

use super::{Flow, StepError, record};
use crate::Shared;

/// How long a start takes before one was seen, in seconds.
const FIRST_GUESS: f64 = 3.0;
/// How much of the average the latest start is.
const WEIGHT: f64 = 0.2;

/// Who starts and who waits. The rows remember it too: after a restart it is filled again from them.
#[derive(Debug)]
pub(crate) struct Admission {
    slots: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    starting: HashSet<DesktopId>,
    waiting: HashMap<DesktopId, Timestamp>,
    seconds_per_start: f64,
}

/// A desktop's place in the queue, and a guess of the seconds until it starts.
type Place = (DesktopId, i32, i32);

impl Admission {
    pub(crate) fn new(slots: usize) -> Self {
        let state = State { starting: HashSet::new(), waiting: HashMap::new(), seconds_per_start: FIRST_GUESS };
        Self { slots: slots.max(1), state: Mutex::new(state) }
    }

    /// Takes a slot if it is this desktop's turn; else it waits, at the place that is answered.
    fn enter(&self, desktop: DesktopId, since: Timestamp) -> Option<Place> {
        let mut state = self.lock();
        if state.starting.contains(&desktop) {
            return None;
        }
        state.waiting.insert(desktop, since);
        let places = places(&state, self.slots);
        let place = places.into_iter().find(|place| place.0 == desktop);
        let free = self.slots.saturating_sub(state.starting.len());
        if place.is_some_and(|(_, position, _)| usize::try_from(position).is_ok_and(|position| position <= free)) {
            state.waiting.remove(&desktop);
            state.starting.insert(desktop);
            return None;
        }
        place
    }

    /// Notes what a row says of a desktop. Whether that freed a slot is told.
    ///
    /// One that is starting has a slot without asking, such as after a restart of ours; one that neither starts nor
    /// waits has none.
    pub(super) fn note(&self, desktop: DesktopId, state: Option<DesktopState>) -> bool {
        let mut known = self.lock();
        match state {
            Some(DesktopState::Requested | DesktopState::Queued) => false,
            Some(DesktopState::Starting) => {
                known.waiting.remove(&desktop);
                known.starting.insert(desktop);
                false
            }
            _ => {
                known.waiting.remove(&desktop);
                known.starting.remove(&desktop)
            }
        }
    }

    /// A desktop has started, or will not.
    pub(super) fn finished(&self, desktop: DesktopId, took: Option<TimeDelta>) {
        let mut state = self.lock();
        state.starting.remove(&desktop);
        if let Some(took) = took {
            state.seconds_per_start += WEIGHT * (took.as_seconds_f64() - state.seconds_per_start);
        }
    }

    /// Those whose turn it is now, and the places of the others.
    fn turns(&self) -> (Vec<DesktopId>, Vec<Place>) {
        let state = self.lock();
        let free = self.slots.saturating_sub(state.starting.len());
        let mut places = places(&state, self.slots);
        let rest = places.split_off(free.min(places.len()));
        (places.into_iter().map(|place| place.0).collect(), rest)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn places(state: &State, slots: usize) -> Vec<Place> {
    let mut waiting: Vec<_> = state.waiting.iter().map(|(&desktop, &since)| Waiting { desktop, since }).collect();
    order(&mut waiting);
    let place = |(index, one): (usize, Waiting)| {
        let position = i32::try_from(index + 1).unwrap_or(i32::MAX);
        (one.desktop, position, estimate(index + 1, slots, state.seconds_per_start))
    };
    waiting.into_iter().enumerate().map(place).collect()
}

/// Lets a desktop start, or tells it its place.
pub(super) async fn admit(shared: &Shared, desktop: Desktop) -> Result<Flow, StepError> {
    match shared.admission.enter(desktop.id, desktop.requested_at) {
        None => {
            let admitted = desktop.clone().admitted();
            record(shared, &desktop, admitted).await?;
            Ok(Flow::Again)
        }
        Some((_, position, eta_seconds)) => {
            if desktop.queue_position != Some(position) {
                let queued = desktop.clone().queued(position, eta_seconds);
                record(shared, &desktop, queued).await?;
            }
            Ok(Flow::Rest)
        }
    }
}

/// Looks at those whose turn has come, and tells the others their new places.
pub(super) async fn call_next(shared: &Shared) -> Result<(), StoreError> {
    let (turns, places) = shared.admission.turns();
    for desktop in turns {
        shared.dirty.mark(desktop);
    }
    if places.is_empty() {
        return Ok(());
    }
    let revision = shared.records.set_places(&places).await?;
    for (desktop, ..) in places {
        shared.written.note(desktop, revision);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::DesktopId;

    use super::Admission;
    use crate::clock::Clock;

    #[test]
    fn slots_go_to_those_who_asked_first() {
        let admission = Admission::new(1);
        let [first, second, third] = [(); 3].map(|()| DesktopId::new());
        let asked = Clock::system().now();
        assert_eq!(admission.enter(first, asked), None);
        assert_eq!(admission.enter(third, asked + TimeDelta::seconds(2)).map(|place| place.1), Some(1));
        assert_eq!(admission.enter(second, asked + TimeDelta::seconds(1)).map(|place| place.1), Some(1));
        assert_eq!(admission.turns().1.iter().map(|place| place.0).collect::<Vec<_>>(), [second, third]);
        admission.finished(first, Some(TimeDelta::seconds(1)));
        assert_eq!(admission.turns().0, [second]);
        assert_eq!(admission.enter(third, asked + TimeDelta::seconds(2)).map(|place| place.1), Some(2));
        assert_eq!(admission.enter(second, asked + TimeDelta::seconds(1)), None);
    }
}
