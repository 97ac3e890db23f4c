use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Refusals that are noted within [`WHILE`]: more than a school with a broken provider makes.
const MOST: u32 = 200;
const WHILE: Duration = Duration::from_mins(1);

/// Keeps strangers, who can be refused as often as they like, from filling the audit log.
#[derive(Debug, Default)]
pub(super) struct Notes {
    noted: Mutex<Option<(Instant, u32)>>,
}

impl Notes {
    /// Whether one more is noted.
    pub(super) fn has_room(&self) -> bool {
        self.has_room_at(Instant::now())
    }

    fn has_room_at(&self, now: Instant) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = noted.filter(|(since, _)| now.duration_since(*since) < WHILE).unwrap_or((now, 0));
        *noted = Some((since, count.saturating_add(1)));
        count < MOST
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{MOST, Notes, WHILE};

    #[test]
    fn a_flood_of_refusals_is_noted_up_to_a_limit_and_then_anew() {
        let (notes, now) = (Notes::default(), Instant::now());
        let noted = (0..10 * MOST).filter(|_| notes.has_room_at(now)).count();
        assert_eq!(noted, MOST as usize);
        assert!(!notes.has_room_at(now + WHILE / 2));
        assert!(notes.has_room_at(now + WHILE));
    }
}
