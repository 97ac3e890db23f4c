//! Who was recognised a moment ago.
//!
//! The page of a desktop is thirty requests at once, and to ask the database who sends each of them costs more than
//! all the rest of such a request. So what it said counts for a moment. A credential that ends in this process is
//! forgotten at once, and one that ends elsewhere within that moment.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::access::{Credential, Principal};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// How long what the database said counts. What ends a right is to be felt within a second.
const FRESH: Duration = Duration::from_millis(500);

/// How many are remembered at most.
const MOST: usize = 4096;

/// Remembers people by what their secret hashes to.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    people: HashMap<Key, (Principal, Instant)>,
    /// How many credentials have ended.
    ended: u64,
}

type Key = [u8; 32];

impl Recall {
    /// Whose secret this is: as it was a moment ago, or as `ask` says.
    pub(super) async fn recognise<E>(
        &self,
        secret: &SecretString,
        ask: impl Future<Output = Result<Principal, E>>,
    ) -> Result<Principal, E> {
        let key = Sha256::digest(secret.expose_secret()).into();
        let ended = {
            let held = self.held();
            if let Some((principal, at)) = held.people.get(&key)
                && at.elapsed() < FRESH
            {
                return Ok(principal.clone());
            }
            held.ended
        };
        let asked_at = Instant::now();
        let principal = ask.await?;
        self.keep(key, &principal, asked_at, ended);
        Ok(principal)
    }

    /// Forgets whoever showed this credential.
    pub(super) fn forget(&self, credential: &Credential) {
        let mut held = self.held();
        held.ended += 1;
        held.people.retain(|_, (principal, _)| !is_same(&principal.credential, credential));
    }

    /// What the database said counts only if no credential ended while it was asked: it might be this one.
    fn keep(&self, key: Key, principal: &Principal, asked_at: Instant, ended: u64) {
        let mut held = self.held();
        if held.ended != ended {
            return;
        }
        if held.people.len() >= MOST {
            held.people.retain(|_, (_, at)| at.elapsed() < FRESH);
        }
        if held.people.len() < MOST {
            held.people.insert(key, (principal.clone(), asked_at));
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two credentials are one, whatever is said of its scopes.
fn is_same(one: &Credential, other: &Credential) -> bool {
    match (one, other) {
        (Credential::Session(one), Credential::Session(other)) => one == other,
        (Credential::Token(one, _), Credential::Token(other, _)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use domain::{
        SessionId, UserId,
        access::{Credential, Principal, Role},
    };
    use secrecy::SecretString;

    use super::{FRESH, Recall};

    fn somebody() -> Principal {
        Principal {
            user: UserId::new(),
            username: "schueler".to_owned(),
            display_name: "Schüler".to_owned(),
            role: Role::Student,
            groups: Vec::new(),
            credential: Credential::Session(SessionId::new()),
        }
    }

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    #[tokio::test]
    async fn the_database_is_asked_once_in_a_moment() {
        let (recall, person, asked) = (Recall::default(), somebody(), Cell::new(0));
        let ask = || async {
            asked.set(asked.get() + 1);
            Ok::<_, ()>(person.clone())
        };
        for _ in 0..3 {
            assert_eq!(recall.recognise(&secret("a"), ask()).await, Ok(person.clone()));
        }
        assert_eq!(asked.get(), 1);
        recall.recognise(&secret("b"), ask()).await.expect("somebody");
        assert_eq!(asked.get(), 2, "another secret is another question");
        tokio::time::sleep(FRESH + Duration::from_millis(50)).await;
        recall.recognise(&secret("a"), ask()).await.expect("somebody");
        assert_eq!(asked.get(), 3);
    }

    #[tokio::test]
    async fn nobody_is_remembered_as_nobody() {
        let recall = Recall::default();
        recall.recognise(&secret("a"), async { Err(()) }).await.expect_err("nobody");
        recall.recognise(&secret("a"), async { Ok::<_, ()>(somebody()) }).await.expect("somebody by now");
    }

    #[tokio::test]
    async fn a_credential_that_ends_is_forgotten_even_while_it_is_looked_up() {
        let (recall, person) = (Recall::default(), somebody());
        recall.recognise(&secret("a"), async { Ok::<_, ()>(person.clone()) }).await.expect("somebody");
        recall.forget(&person.credential);
        recall.recognise(&secret("a"), async { Err(()) }).await.expect_err("it ended");
        let ends_meanwhile = async {
            recall.forget(&person.credential);
            Ok::<_, ()>(person.clone())
        };
        recall.recognise(&secret("a"), ends_meanwhile).await.expect("it was somebody then");
        recall.recognise(&secret("a"), async { Err(()) }).await.expect_err("it ended");
    }
}
