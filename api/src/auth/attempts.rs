use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Wrong passwords that are free.
const FREE: u32 = 5;
/// The pause after one more; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// Accounts remembered at most. Beyond it the oldest are forgotten: memory is bounded, whatever names are tried.
const MOST: usize = 10_000;

/// Slows the guessing of one account's password down, and of no other account's: a school is behind one address.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    accounts: Mutex<HashMap<String, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    fn pause(self) -> Duration {
        match self.count.checked_sub(FREE) {
            None | Some(0) => Duration::ZERO,
            Some(more) => FIRST_PAUSE.saturating_mul(1 << (more - 1).min(16)).min(LONGEST_PAUSE),
        }
    }
}

impl Attempts {
    /// How long an account has to wait before its next try.
    pub(crate) fn pause(&self, account: &str) -> Option<Duration> {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = accounts.get(account)?;
        failures.pause().checked_sub(failures.last.elapsed()).filter(|pause| !pause.is_zero())
    }

    /// Notes a wrong password.
    pub(crate) fn failed(&self, account: &str) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MOST
            && let Some(oldest) =
                accounts.iter().min_by_key(|(_, failures)| failures.last).map(|(name, _)| name.clone())
        {
            accounts.remove(&oldest);
        }
        let failures = accounts.entry(account.to_owned()).or_insert(Failures { count: 0, last: Instant::now() });
        failures.count = failures.count.saturating_add(1);
        failures.last = Instant::now();
    }

    /// Notes the right one.
    pub(crate) fn succeeded(&self, account: &str) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempts, FREE};

    #[test]
    fn guessing_slows_one_account_down_and_no_other() {
        let attempts = Attempts::default();
        for _ in 0..FREE {
            attempts.failed("schueler");
        }
        assert_eq!(attempts.pause("schueler"), None);
        attempts.failed("schueler");
        assert!(attempts.pause("schueler").is_some());
        assert_eq!(attempts.pause("lehrerin"), None);
        attempts.succeeded("schueler");
        assert_eq!(attempts.pause("schueler"), None);
    }
}
