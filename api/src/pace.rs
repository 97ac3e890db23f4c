//! How often somebody may ask, whatever they ask with.

use std::{num::NonZeroU32, time::Duration};

use domain::UserId;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::keyed::HashMapStateStore,
};

/// Requests at once, and then each second. A page of the web app asks for a dozen, a school's script for a thousand.
const BURST: NonZeroU32 = NonZeroU32::new(2000).expect("more than none");
const PER_SECOND: NonZeroU32 = NonZeroU32::new(200).expect("more than none");
/// Wishes for desktops have room of their own: nothing else that somebody does keeps them from their desktop.
const WISHES: NonZeroU32 = NonZeroU32::new(300).expect("more than none");
const WISHES_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("more than none");
/// Beyond this many, those who have been still are forgotten.
const MOST: usize = 4096;

type Limiter<C> = RateLimiter<UserId, HashMapStateStore<UserId>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// What somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A desktop.
    Desktop,
    /// Anything else.
    Other,
}

/// Slows down whoever asks too often, and nobody else.
#[derive(Debug)]
pub(crate) struct Pace<C: Clock + Clone = DefaultClock> {
    wishes: Limiter<C>,
    others: Limiter<C>,
}

impl Default for Pace {
    fn default() -> Self {
        Self::by(&DefaultClock::default())
    }
}

impl<C: Clock + Clone> Pace<C> {
    fn by(clock: &C) -> Self {
        let limiter = |quota| RateLimiter::new(quota, HashMapStateStore::default(), clock.clone());
        Self {
            wishes: limiter(Quota::per_second(WISHES_PER_SECOND).allow_burst(WISHES)),
            others: limiter(Quota::per_second(PER_SECOND).allow_burst(BURST)),
        }
    }

    /// Lets somebody ask, or says how long they have to wait.
    pub(crate) fn admit(&self, user: UserId, ask: Ask) -> Result<(), Duration> {
        let limiter = match ask {
            Ask::Desktop => &self.wishes,
            Ask::Other => &self.others,
        };
        if limiter.len() > MOST {
            limiter.retain_recent();
        }
        limiter.check_key(&user).map_err(|not_until| not_until.wait_time_from(limiter.clock().now()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::UserId;
    use governor::clock::FakeRelativeClock;

    use super::{Ask, BURST, MOST, Pace, WISHES};

    #[test]
    fn whoever_asks_too_often_waits_and_nobody_else() {
        let clock = FakeRelativeClock::default();
        let (pace, busy, other) = (Pace::by(&clock), UserId::new(), UserId::new());
        let admitted = |count| (0..count).filter(|_| pace.admit(busy, Ask::Other).is_ok()).count();
        assert_eq!(admitted(2 * BURST.get()), BURST.get() as usize);
        assert_eq!(pace.admit(busy, Ask::Other), Err(Duration::from_millis(5)));
        assert_eq!(pace.admit(other, Ask::Other), Ok(()));
        assert_eq!(pace.admit(busy, Ask::Desktop), Ok(()), "a desktop is to be had all the same");
        clock.advance(Duration::from_secs(1));
        assert_eq!(admitted(400), 200);
        let wishes = (0..2 * WISHES.get()).filter(|_| pace.admit(other, Ask::Desktop).is_ok()).count();
        assert_eq!(wishes, WISHES.get() as usize);
    }

    #[test]
    fn whoever_has_been_still_is_forgotten() {
        let clock = FakeRelativeClock::default();
        let pace = Pace::by(&clock);
        for _ in 0..=MOST {
            assert_eq!(pace.admit(UserId::new(), Ask::Other), Ok(()));
        }
        clock.advance(Duration::from_secs(1));
        assert_eq!(pace.admit(UserId::new(), Ask::Other), Ok(()));
        assert_eq!(pace.others.len(), 1);
    }
}
