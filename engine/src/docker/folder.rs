//! Reads a folder out of an image, from a container that is made for it and never started.
//!
//! That container is labelled ours and is no desktop's. It goes with its last byte, with an error, and when the
//! reader loses interest; what a crash leaves is taken away by the next [`sweep`].

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bollard::{
    Docker,
    query_parameters::{
        CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, ListContainersOptionsBuilder,
        RemoveContainerOptionsBuilder,
    },
};
use bytes::Bytes;
use domain::{DesktopId, InstallationId};
use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use tokio::{runtime::Handle, time::timeout};

use super::{body, fault::Fault, line::Line};
use crate::{EngineError, labels};

/// The containers that are read from now, by name. What else bears the label belongs to nobody.
pub(super) type Reading = Arc<Mutex<HashSet<String>>>;

/// Reads a folder as a tar archive whose names begin with `./`.
pub(super) fn read(
    line: Arc<Line>,
    reading: Reading,
    instance: InstallationId,
    image: String,
    folder: String,
) -> BoxStream<'static, Result<Bytes, EngineError>> {
    let opened = async move {
        let container = Readable::make(line, reading, instance, &image).await?;
        // With the dot a folder that is a link is followed, within the image; a file is refused.
        let options = DownloadFromContainerOptionsBuilder::new().path(&format!("{folder}/.")).build();
        let archive = container.docker.download_from_container(&container.name, Some(options)).boxed();
        Ok::<_, EngineError>(stream::unfold(Some((container, archive)), move |state| {
            let (image, folder) = (image.clone(), folder.clone());
            async move {
                let (container, mut archive) = state?;
                let error = match timeout(container.line.call_timeout, archive.next()).await {
                    Ok(Some(Ok(bytes))) => return Some((Ok(bytes), Some((container, archive)))),
                    Ok(Some(Err(error))) => Some(Fault::from(error).about_folder(image, folder)),
                    Ok(None) => None,
                    Err(_) => Some(Fault::late().into_error()),
                };
                container.remove().await;
                error.map(|error| (Err(error), None))
            }
        }))
    };
    stream::once(opened).try_flatten().boxed()
}

/// Takes away what a crash left of earlier readings.
pub(super) async fn sweep(line: &Line, reading: &Reading, instance: InstallationId) -> Result<(), EngineError> {
    let ours = labels::of_reader(instance).into_iter().filter(|(_, value)| !value.is_empty());
    let ours = ours.map(|(label, value)| format!("{label}={value}")).collect::<Vec<_>>();
    let filters = HashMap::from([("label", ours)]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let docker = line.client().await?;
    for found in line.call(docker.list_containers(Some(options))).await? {
        let read_now = found.names.iter().flatten().any(|name| lock(reading).contains(name.trim_start_matches('/')));
        if let Some(id) = found.id.filter(|_| !read_now) {
            remove(line, docker, &id).await?;
        }
    }
    Ok(())
}

/// A container that is only there to be read from, and goes when this does.
struct Readable {
    line: Arc<Line>,
    docker: Docker,
    reading: Reading,
    name: String,
    gone: bool,
}

impl Readable {
    async fn make(
        line: Arc<Line>,
        reading: Reading,
        instance: InstallationId,
        image: &str,
    ) -> Result<Self, EngineError> {
        let docker = line.client().await?.clone();
        // any id that nobody else has
        let name = format!("pult-reader-{}", DesktopId::new());
        lock(&reading).insert(name.clone());
        // from here on it is taken away, also where the engine makes it and we do not learn of it
        let container = Self { line, docker, reading, name, gone: false };
        let options = CreateContainerOptionsBuilder::new().name(&container.name).build();
        let body = body::reader(image, instance);
        match container.line.call(container.docker.create_container(Some(options), body)).await {
            Ok(_) => Ok(container),
            Err(fault) => {
                container.remove().await;
                Err(fault.about_image(image))
            }
        }
    }

    /// Takes it away before anybody goes on. Where that fails, the next sweep does.
    async fn remove(mut self) {
        let _ = remove(&self.line, &self.docker, &self.name).await;
        self.gone = true;
    }
}

impl Drop for Readable {
    fn drop(&mut self) {
        lock(&self.reading).remove(&self.name);
        if let (false, Ok(runtime)) = (self.gone, Handle::try_current()) {
            let (line, docker, name) = (Arc::clone(&self.line), self.docker.clone(), self.name.clone());
            runtime.spawn(async move {
                let _ = remove(&line, &docker, &name).await;
            });
        }
    }
}

async fn remove(line: &Line, docker: &Docker, container: &str) -> Result<(), EngineError> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match line.call(docker.remove_container(container, Some(options))).await {
        Err(fault) if !fault.is_absent() && !fault.is_being_removed() => Err(fault.into_error()),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn lock(reading: &Reading) -> MutexGuard<'_, HashSet<String>> {
    // nothing panics while it is held
    reading.lock().unwrap_or_else(PoisonError::into_inner)
}
