use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::access::{Credential, Principal};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::recall::Recall;

/// Ends what is open in this process when the right to it ends: streams and event streams of a session or a token, and
/// what is remembered of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Presence {
    pub(super) recall: Arc<Recall>,
    open: Arc<Mutex<HashMap<Uuid, CancellationToken>>>,
}

impl Presence {
    /// A token that is cancelled when the caller's credential ends.
    pub(crate) fn of(&self, principal: &Principal) -> CancellationToken {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.entry(key(&principal.credential)).or_default().child_token()
    }

    /// The credential has ended.
    pub(crate) fn end(&self, credential: &Credential) {
        self.recall.forget(credential);
        let ended = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&key(credential));
        if let Some(token) = ended {
            token.cancel();
        }
    }
}

fn key(credential: &Credential) -> Uuid {
    match credential {
        Credential::Session(id) => id.0,
        Credential::Token(id, _) => id.0,
    }
}
