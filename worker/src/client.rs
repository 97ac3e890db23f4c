//! Takes the clients of desktops out of the images that these are made from.
//!
//! Looks at templates, desktops and images, and changes what lies unpacked. Running it twice is harmless: what is
//! there stays, and an image and a folder always yield the same files.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{desktop::Served, template::Client};
use engine::{Engine, EngineError};
use files::{ClientKey, Clients, FilesError, UnpackError, key_of, name_of};
use store::{Store, StoreError};
use tracing::{debug, info, warn};

use crate::Shared;

/// How long an unpacked client stays that neither a template nor a desktop uses. Longer than any start: one that is
/// under way has not told yet what it uses.
const UNUSED_FOR: Duration = Duration::from_hours(1);

/// Why a desktop has no client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// This path is not in the image.
    Missing(String),
    /// What is there cannot be unpacked, for this reason.
    Refused(String),
}

/// Why a client could not be had just now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The image will never have one.
    #[error("the image has no client for this desktop: {0:?}")]
    Unfit(Unfit),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Files(#[from] FilesError),
}

/// Unpacks clients, each once, one after the other: it costs a processor while it lasts, and desktops start beside it.
pub(crate) struct Unpacker {
    engine: Arc<dyn Engine>,
    clients: Clients,
    turn: tokio::sync::Mutex<()>,
    /// What was found to be none. An image does not change, so it is not looked at again.
    unfit: Mutex<HashMap<ClientKey, Unfit>>,
}

impl Unpacker {
    pub(crate) fn new(engine: Arc<dyn Engine>, clients: Clients) -> Self {
        Self { engine, clients, turn: tokio::sync::Mutex::default(), unfit: Mutex::default() }
    }

    /// Makes sure that a desktop's client is there with its first page, if it has one of its image's at all.
    pub(crate) async fn ensure_for(&self, served: &Served) -> Result<(), ClientError> {
        let Some(key) = key_of(served.image.clone(), &served.client) else {
            return Ok(());
        };
        self.ensure(&key).await?;
        // a path that names nothing is no page of any client
        let page = name_of(&served.path).unwrap_or_default();
        match self.clients.find(&key).await? {
            Some(client) if client.file(&page).is_some() => Ok(()),
            _ => Err(ClientError::Unfit(Unfit::Missing(format!("{}/{page}", key.1)))),
        }
    }

    /// Makes sure that a client is there.
    async fn ensure(&self, key: &ClientKey) -> Result<(), ClientError> {
        if self.clients.has(key).await? {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        if let Some(unfit) = self.unfit().get(key) {
            return Err(ClientError::Unfit(unfit.clone()));
        }
        // whoever had the turn before may have wanted the same
        if self.clients.has(key).await? {
            return Ok(());
        }
        let (image, folder) = key;
        let unfit = match self.clients.unpack(key, self.engine.folder(&image.to_string(), folder)).await {
            Ok(()) => {
                info!(%image, folder, "a client was unpacked");
                return Ok(());
            }
            Err(UnpackError::Archive(EngineError::FolderMissing { folder, .. })) => Unfit::Missing(folder),
            Err(UnpackError::Refused(reason)) => Unfit::Refused(reason),
            Err(UnpackError::Archive(error)) => return Err(error.into()),
            Err(UnpackError::Files(error)) => return Err(error.into()),
        };
        warn!(%image, folder, ?unfit, "an image has no client where its template says so");
        self.unfit().insert(key.clone(), unfit.clone());
        Err(ClientError::Unfit(unfit))
    }

    fn unfit(&self) -> MutexGuard<'_, HashMap<ClientKey, Unfit>> {
        self.unfit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Unpacks what the next starts will need: after a template was made or edited, and after its image was pulled. A
/// start does not rely on it.
pub(crate) async fn prepare(shared: &Shared, store: &Store) -> Result<(), StoreError> {
    for key in of_templates(shared, store).await?.unwrap_or_default() {
        match shared.unpacker.ensure(&key).await {
            // told when it was found
            Ok(()) | Err(ClientError::Unfit(_)) => {}
            Err(error) => warn!(error = &error as &dyn std::error::Error, "a client cannot be unpacked ahead"),
        }
    }
    Ok(())
}

/// Takes away what neither a template nor a desktop uses. Nothing, where it is not known what they use.
pub(crate) async fn sweep(shared: &Shared, store: &Store) -> Result<(), StoreError> {
    let Some(mut used) = of_templates(shared, store).await? else {
        return Ok(());
    };
    let desktops = shared.records.live().await?.into_iter().filter_map(|desktop| desktop.served);
    used.extend(desktops.filter_map(|served| key_of(served.image, &served.client)));
    if let Err(error) = shared.unpacker.clients.sweep(used, UNUSED_FOR).await {
        warn!(error = &error as &dyn std::error::Error, "unused clients cannot be taken away");
    }
    Ok(())
}

/// What desktops of today's templates and images would have; nothing while the engine is away. An image that was not
/// pulled yet has none.
async fn of_templates(shared: &Shared, store: &Store) -> Result<Option<HashSet<ClientKey>>, StoreError> {
    let mut keys = HashSet::new();
    for template in store.templates().all().await? {
        let Client::Image(folder) = template.spec.client else { continue };
        match shared.engine.image(&template.spec.image).await {
            Ok(image) => keys.extend(image.map(|image| (image.id, folder))),
            Err(error) => {
                debug!(error = &error as &dyn std::error::Error, "images cannot be looked at");
                return Ok(None);
            }
        }
    }
    Ok(Some(keys))
}

#[cfg(test)]
mod tests;
