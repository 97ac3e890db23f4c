use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    SessionId, TokenId, UserId,
    access::{Credential, Principal},
};
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::recall::Recall;

/// How often it is looked whether what is open may still be.
const LOOK: Duration = Duration::from_secs(1);
/// Credentials that are asked about with one query.
const AT_ONCE: usize = 500;

/// Ends what is open in this process when the right to it ends: streams and event streams of a session or a token, and
/// what is remembered of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Presence {
    pub(super) recall: Arc<Recall>,
    open: Arc<Mutex<HashMap<Key, Open>>>,
}

/// A credential without what it is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Session(SessionId),
    Token(TokenId),
}

#[derive(Debug)]
struct Open {
    user: UserId,
    ended: CancellationToken,
}

impl Presence {
    /// A token that is cancelled when the caller's credential ends.
    pub(crate) fn of(&self, principal: &Principal) -> CancellationToken {
        let open = || Open { user: principal.user, ended: CancellationToken::new() };
        self.open().entry(Key::of(&principal.credential)).or_insert_with(open).ended.child_token()
    }

    /// The credential has ended.
    pub(crate) fn end(&self, credential: &Credential) {
        self.recall.forget(credential);
        if let Some(open) = self.open().remove(&Key::of(credential)) {
            open.ended.cancel();
        }
    }

    /// Ends what is open with somebody's tokens, whether these have ended or not.
    pub(crate) fn end_tokens_of(&self, user: UserId) {
        self.open().retain(|key, open| {
            let is_meant = matches!(key, Key::Token(_)) && open.user == user;
            if is_meant {
                open.ended.cancel();
            }
            !is_meant
        });
    }

    /// Ends what is open with credentials that have ended past this process: by themselves, or through another one.
    async fn end_what_ended(&self, store: &Store) -> Result<(), StoreError> {
        let (mut sessions, mut tokens) = (Vec::new(), Vec::new());
        for key in self.open().keys() {
            match key {
                Key::Session(id) => sessions.push(*id),
                Key::Token(id) => tokens.push(*id),
            }
        }
        for some in sessions.chunks(AT_ONCE) {
            let alive = store.sessions().alive_among(some).await?;
            some.iter().filter(|id| !alive.contains(id)).for_each(|id| self.end(&Credential::Session(*id)));
        }
        for some in tokens.chunks(AT_ONCE) {
            let alive = store.tokens().alive_among(some).await?;
            some.iter().filter(|id| !alive.contains(id)).for_each(|id| self.end(&Credential::Token(*id, Vec::new())));
        }
        Ok(())
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Key, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Key {
    fn of(credential: &Credential) -> Self {
        match credential {
            Credential::Session(id) => Self::Session(*id),
            Credential::Token(id, _) => Self::Token(*id),
        }
    }
}

/// Looks until shutdown whether the credentials of what is open are still good. Running it twice is harmless. While the
/// database is away, what is open stays.
pub(crate) async fn watch(presence: Presence, store: Store, shutdown: CancellationToken) {
    while shutdown.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        if let Err(error) = presence.end_what_ended(&store).await {
            warn!(error = &error as &dyn std::error::Error, "it is not known which sessions have ended");
        }
    }
}
