//! Nobody looks into somebody else's desktop unseen: the audit log and the owner know of it before anything is shown.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::{DesktopId, Timestamp, UserId};
use store::{NewLook, ONE_LOOK, Store};

use crate::{error::ApiError, rest::now};

/// How many looks are remembered at most; beyond them the database is asked.
const MOST: usize = 4096;

/// Who looks into which desktop, by which right.
type Key = (UserId, DesktopId, Option<String>);

/// Looks that were noted a moment ago. A page is thirty requests, and to ask the database before each costs more than all
/// the rest of it.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    noted: Mutex<HashMap<Key, Timestamp>>,
}

impl Looks {
    /// Notes that somebody who is not the owner is about to see what is in a desktop. What fails is no way in.
    pub(crate) async fn note(&self, store: &Store, look: &NewLook) -> Result<(), ApiError> {
        let key = (look.viewer, look.desktop, look.grant.clone());
        if self.is_noted(&key, now()) {
            return Ok(());
        }
        let began = store.looks().note(look).await?.ok_or(ApiError::NotFound("desktop"))?;
        self.remember(key, began);
        Ok(())
    }

    fn is_noted(&self, key: &Key, now: Timestamp) -> bool {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        // a clock that was set back makes nobody unseen
        noted.get(key).is_some_and(|began| (*began..*began + ONE_LOOK).contains(&now))
    }

    fn remember(&self, key: Key, began: Timestamp) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MOST {
            noted.retain(|_, other| *other + ONE_LOOK > began);
        }
        if noted.len() < MOST {
            noted.insert(key, began);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::{DesktopId, UserId};
    use store::ONE_LOOK;

    use super::{Looks, MOST};
    use crate::rest::now;

    #[test]
    fn a_look_is_remembered_for_as_long_as_it_is_one() {
        let (looks, key, began) = (Looks::default(), (UserId::new(), DesktopId::new(), None), now());
        looks.remember(key.clone(), began);
        let just = TimeDelta::microseconds(1);
        for (at, is_noted) in
            [(began, true), (began + ONE_LOOK - just, true), (began + ONE_LOOK, false), (began - just, false)]
        {
            assert_eq!(looks.is_noted(&key, at), is_noted, "{at}");
        }
        let (viewer, desktop, _) = key;
        for other in [
            (viewer, DesktopId::new(), None),
            (UserId::new(), desktop, None),
            (viewer, desktop, Some("another grant".to_owned())),
        ] {
            assert!(!looks.is_noted(&other, began), "{other:?}");
        }
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let (looks, began) = (Looks::default(), now());
        let keys: Vec<_> = (0..=MOST).map(|_| (UserId::new(), DesktopId::new(), None)).collect();
        for key in &keys {
            looks.remember(key.clone(), began);
        }
        assert!(looks.is_noted(&keys[0], began) && !looks.is_noted(&keys[MOST], began));
        looks.remember(keys[MOST].clone(), began + ONE_LOOK);
        assert!(looks.is_noted(&keys[MOST], began + ONE_LOOK), "what is over makes room");
    }
}
