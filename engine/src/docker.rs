//! An engine that speaks Docker's API: Docker 20.10 and newer.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bollard::{
    models::{ContainerInspectResponse, NetworkConnectRequest, NetworkDisconnectRequest, SystemInfo, SystemVersion},
    query_parameters::{
        CreateContainerOptionsBuilder, InspectContainerOptions, InspectNetworkOptions, ListContainersOptionsBuilder,
        ListImagesOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions, StatsOptionsBuilder,
        StopContainerOptionsBuilder,
    },
};
use bytes::Bytes;
use domain::{
    DesktopId, InstallationId,
    desktop::{ContainerId, Observed, Phase},
};
use futures::{FutureExt, StreamExt, future, stream, stream::BoxStream};
use secrecy::SecretString;
use tokio::time::{Instant, sleep};

use self::{body::Site, fault::Fault, folder::Reading, line::Line};
use crate::{
    Engine, EngineError, EngineInfo, Hint, Image, Launch, Listed, Network, PullProgress, hints, labels,
    launch::{is_image, is_plain},
};

mod body;
mod events;
mod fault;
mod folder;
mod line;
mod network;
mod observe;
mod pull;

/// Between two looks at a name that is taken by nothing to be seen.
const NAME_PAUSE: Duration = Duration::from_millis(50);

/// How long a network may be in the making by somebody else.
const IN_THE_MAKING: Duration = Duration::from_secs(3);

/// How a desktop is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// By its container's address. Nothing is published; the control plane has to run on the engine's machine, in
    /// the host's own network.
    Address,
    /// By a port of the engine's choice on its machine's loopback. Such streams end with a restart of the engine,
    /// and a desktop without a network cannot be had.
    Port,
}

/// Which engine, and as whom.
#[derive(Debug, Clone)]
pub struct Config {
    /// `unix:///path`, `tcp://host:port` or `http://host:port`.
    pub host: String,
    /// The installation that all it makes is labelled with, and beyond which it touches nothing.
    pub instance: InstallationId,
    /// How its desktops are reached.
    pub route: Route,
    /// The folder, as the engine sees it, below which every mount lies.
    pub storage_root: PathBuf,
    /// How long one call may take; a stop has its grace beside it.
    pub call_timeout: Duration,
}

/// A Docker Engine.
///
/// It need not answer when this is made, and may come and go: nothing but a call notices.
#[derive(Debug)]
pub struct DockerEngine {
    instance: InstallationId,
    route: Route,
    storage_root: PathBuf,
    line: Arc<Line>,
    reading: Reading,
    /// Processors of its machine; zero until it was asked.
    cpus: AtomicU32,
}

impl DockerEngine {
    /// Takes a configuration. Only that is checked; nothing is dialled.
    pub fn connect(config: Config) -> Result<Self, EngineError> {
        let Config { host, instance, route, storage_root, call_timeout } = config;
        if !["unix:///", "tcp://", "http://"].iter().any(|scheme| host.starts_with(scheme)) {
            let expected = "unix:///path, tcp://host:port or http://host:port";
            return Err(EngineError::out_of_bounds("engine.host", host, expected));
        }
        if !is_plain(&storage_root) || storage_root == Path::new("/") {
            let expected = "an absolute path without `.` and `..`, and not `/`";
            return Err(EngineError::out_of_bounds("storage.host_root", storage_root.display(), expected));
        }
        let line = Arc::new(Line::new(host, call_timeout));
        Ok(Self { instance, route, storage_root, line, reading: Reading::default(), cpus: AtomicU32::new(0) })
    }

    async fn about(&self) -> Result<(SystemVersion, SystemInfo), EngineError> {
        let docker = self.line.client().await?;
        let both = future::try_join(self.line.call(docker.version()), self.line.call(docker.info())).await;
        let (version, system) = both?;
        if let Some(cpus) = system.ncpu.and_then(|cpus| u32::try_from(cpus).ok()) {
            self.cpus.store(cpus, Ordering::Relaxed);
        }
        Ok((version, system))
    }

    async fn cpus(&self) -> Result<u32, EngineError> {
        if self.cpus.load(Ordering::Relaxed) == 0 {
            self.about().await?;
        }
        Ok(self.cpus.load(Ordering::Relaxed))
    }

    /// The desktop's container, if it has one; never another's.
    async fn find(&self, desktop: DesktopId) -> Result<Option<(ContainerInspectResponse, Observed)>, EngineError> {
        let name = labels::container_name(desktop);
        let docker = self.line.client().await?;
        match self.line.call(docker.inspect_container(&name, None::<InspectContainerOptions>)).await {
            Ok(found) => {
                let observed = observe::observed(&found, desktop, self.instance, self.route)?;
                Ok(Some((found, observed)))
            }
            Err(fault) if fault.is_absent() => Ok(None),
            Err(fault) => Err(fault.into_error()),
        }
    }

    /// Makes the networks that are missing. One that is not as we make it is an error, never used and never changed.
    async fn ensure_networks(&self) -> Result<(), EngineError> {
        for network in Network::ALL {
            self.ensure_network(network).await?;
        }
        Ok(())
    }

    async fn ensure_network(&self, network: Network) -> Result<(), EngineError> {
        let name = network::name(self.instance, network);
        let docker = self.line.client().await?;
        let mut deadline = None;
        loop {
            match self.line.call(docker.inspect_network(&name, None::<InspectNetworkOptions>)).await {
                Ok(found) => return network::check(&found, self.instance, network),
                Err(fault) if fault.is_absent() => {}
                Err(fault) => return Err(fault.into_error()),
            }
            match self.line.call(docker.create_network(network::request(self.instance, network))).await {
                Ok(_) => return Ok(()),
                Err(fault) if *deadline.get_or_insert(Instant::now() + IN_THE_MAKING) < Instant::now() => {
                    return Err(fault.into_error());
                }
                // Perhaps somebody was faster: its interface has the name before the network can be seen.
                Err(_) => sleep(NAME_PAUSE).await,
            }
        }
    }

    /// Puts a container on its network as it is now: one that ran before remembers the id of a network that is gone.
    async fn rejoin(&self, found: &ContainerInspectResponse, id: &str) -> Result<(), EngineError> {
        self.ensure_networks().await?;
        let mode = found.host_config.as_ref().and_then(|host| host.network_mode.clone()).unwrap_or_default();
        let docker = self.line.client().await?;
        let leave = NetworkDisconnectRequest { container: id.to_owned(), force: Some(true) };
        // It may not be on it any more, which is what we want.
        let _ = self.line.call(docker.disconnect_network(&mode, leave)).await;
        let join = NetworkConnectRequest { container: id.to_owned(), endpoint_config: None };
        Ok(self.line.call(docker.connect_network(&mode, join)).await?)
    }
}

#[async_trait]
impl Engine for DockerEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        let (version, system) = self.about().await?;
        Ok(observe::info(version, system))
    }

    async fn ping(&self) -> Result<(), EngineError> {
        let docker = self.line.client().await?;
        self.line.call(docker.ping()).await?;
        Ok(())
    }

    async fn prepare(&self) -> Result<(), EngineError> {
        let (version, system) = self.about().await?;
        let lacks = observe::lacks(&version, &system);
        if !lacks.is_empty() {
            return Err(EngineError::Unfit { detail: lacks.join("; ") });
        }
        folder::sweep(&self.line, &self.reading, self.instance).await?;
        self.ensure_networks().await
    }

    async fn list(&self) -> Result<Vec<Listed>, EngineError> {
        let ours = labels::of_instance(self.instance).into_iter().map(|(label, value)| format!("{label}={value}"));
        let filters = HashMap::from([("label", ours.collect::<Vec<_>>())]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let docker = self.line.client().await?;
        let found = self.line.call(docker.list_containers(Some(options))).await?;
        Ok(found.into_iter().filter_map(|container| observe::listed(container, self.instance)).collect())
    }

    async fn inspect(&self, desktop: DesktopId) -> Result<Option<Observed>, EngineError> {
        Ok(self.find(desktop).await?.map(|(_, observed)| observed))
    }

    async fn create(&self, request: &Launch) -> Result<ContainerId, EngineError> {
        let cpus = self.cpus().await?;
        let site = Site { instance: self.instance, route: self.route, storage_root: &self.storage_root, cpus };
        let body = body::container(request, site)?;
        let name = labels::container_name(request.desktop);
        let docker = self.line.client().await?;
        let (deadline, mut ensured) = (Instant::now() + self.line.call_timeout, false);
        loop {
            let options = CreateContainerOptionsBuilder::new().name(&name).build();
            let fault = match self.line.call(docker.create_container(Some(options), body.clone())).await {
                Ok(made) => return Ok(ContainerId(made.id)),
                Err(fault) => fault,
            };
            if fault.is_conflict() {
                if let Some(there) = self.inspect(request.desktop).await? {
                    return same(there, request.generation);
                }
                // The name is taken before the container can be seen, and after it has gone.
                if Instant::now() < deadline {
                    sleep(NAME_PAUSE).await;
                    continue;
                }
            }
            if fault.lacks_network() && !ensured {
                self.ensure_networks().await?;
                ensured = true;
                continue;
            }
            return Err(fault.about_image(&request.image));
        }
    }

    async fn start(&self, desktop: DesktopId) -> Result<(), EngineError> {
        let name = labels::container_name(desktop);
        let Some((found, Observed { container: ContainerId(id), .. })) = self.find(desktop).await? else {
            return Err(EngineError::NoSuchContainer { name });
        };
        if network::is_left(&found) {
            self.rejoin(&found, &id).await?;
        }
        let docker = self.line.client().await?;
        let mut started = self.line.call(docker.start_container(&id, None::<StartContainerOptions>)).await;
        if started.as_ref().is_err_and(Fault::lacks_network) {
            self.rejoin(&found, &id).await?;
            started = self.line.call(docker.start_container(&id, None::<StartContainerOptions>)).await;
        }
        started.map_err(|fault| fault.about_container(&name))
    }

    async fn stop(&self, desktop: DesktopId, grace: Duration) -> Result<(), EngineError> {
        let Some((_, Observed { container: ContainerId(id), .. })) = self.find(desktop).await? else {
            return Ok(());
        };
        let seconds = grace.as_secs() + u64::from(grace.subsec_nanos() > 0);
        let options = StopContainerOptionsBuilder::new().t(i32::try_from(seconds).unwrap_or(i32::MAX)).build();
        let docker = self.line.client().await?;
        let deadline = grace.saturating_add(self.line.call_timeout);
        match self.line.within(deadline, docker.stop_container(&id, Some(options))).await {
            Err(fault) if !fault.is_absent() => Err(fault.into_error()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn remove(&self, desktop: DesktopId) -> Result<(), EngineError> {
        let Some((_, Observed { container: ContainerId(id), .. })) = self.find(desktop).await? else {
            return Ok(());
        };
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let docker = self.line.client().await?;
        match self.line.call(docker.remove_container(&id, Some(options))).await {
            Err(fault) if !fault.is_absent() && !fault.is_being_removed() => Err(fault.into_error()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn password(&self, desktop: DesktopId) -> Result<Option<SecretString>, EngineError> {
        let Some((found, _)) = self.find(desktop).await? else {
            return Ok(None);
        };
        let env = found.config.and_then(|config| config.env).unwrap_or_default();
        Ok(env.iter().find_map(|one| one.strip_prefix("VNC_PW=")).map(SecretString::from))
    }

    async fn cpu_time(&self, desktop: DesktopId) -> Result<Option<Duration>, EngineError> {
        let Some((_, Observed { container: ContainerId(id), phase: Phase::Running, .. })) = self.find(desktop).await?
        else {
            return Ok(None);
        };
        // one look, for which the engine does not wait until it can compare
        let once = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
        let docker = self.line.client().await?;
        let mut stats = pin!(docker.stats(&id, Some(once)));
        match self.line.call(async { stats.next().await.transpose() }).await {
            Ok(found) => Ok(found.as_ref().and_then(observe::cpu_time)),
            Err(fault) if fault.is_absent() => Ok(None),
            Err(fault) => Err(fault.into_error()),
        }
    }

    async fn process(&self, desktop: DesktopId) -> Result<Option<u32>, EngineError> {
        let found = self.find(desktop).await?.and_then(|(found, _)| found.state?.pid);
        Ok(found.and_then(|process| u32::try_from(process).ok()).filter(|process| *process > 0))
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        check_image(reference)?;
        let docker = self.line.client().await?;
        match self.line.call(docker.inspect_image(reference)).await {
            Ok(found) => observe::image(found).map(Some),
            Err(fault) if fault.is_absent() => Ok(None),
            Err(fault) => Err(fault.into_error()),
        }
    }

    async fn images_labelled(&self, label: &str) -> Result<Vec<Image>, EngineError> {
        let filters = HashMap::from([("label", vec![label.to_owned()])]);
        let options = ListImagesOptionsBuilder::new().filters(&filters).build();
        let docker = self.line.client().await?;
        let found = self.line.call(docker.list_images(Some(options))).await?;
        found.into_iter().map(observe::listed_image).collect()
    }

    fn folder(&self, image: &str, folder: &str) -> BoxStream<'static, Result<Bytes, EngineError>> {
        let checked = check_image(image).and_then(|()| check_folder(folder));
        if let Err(error) = checked {
            return stream::once(future::ready(Err(error))).boxed();
        }
        let (line, reading) = (Arc::clone(&self.line), Arc::clone(&self.reading));
        folder::read(line, reading, self.instance, image.to_owned(), folder.to_owned())
    }

    fn pull(&self, reference: &str) -> BoxStream<'static, Result<PullProgress, EngineError>> {
        if let Err(error) = check_image(reference) {
            return stream::once(future::ready(Err(error))).boxed();
        }
        let (line, reference) = (Arc::clone(&self.line), reference.to_owned());
        let dialled = async move {
            match line.client().await {
                Ok(docker) => pull::pull(docker, reference).left_stream(),
                Err(fault) => stream::once(future::ready(Err(fault.into_error()))).right_stream(),
            }
        };
        dialled.flatten_stream().boxed()
    }

    async fn hints(&self) -> Result<BoxStream<'static, Result<Hint, EngineError>>, EngineError> {
        let since = self.info().await?.clock;
        self.line.renew();
        let docker = self.line.client().await?.clone();
        let (sink, hints) = hints::queue();
        let events = events::listen(&docker, self.instance, since);
        tokio::spawn(events::pump(docker, self.instance, events, sink, self.line.call_timeout));
        Ok(hints.boxed())
    }
}

/// The container that is there already, if it is the one that was asked for.
fn same(there: Observed, generation: i32) -> Result<ContainerId, EngineError> {
    let detail = match there.phase {
        Phase::Removing => "it is being removed".to_owned(),
        _ if there.generation == generation => return Ok(there.container),
        _ => format!("it is of generation {}, not {generation}", there.generation),
    };
    Err(EngineError::Conflict { detail })
}

/// The whole image is never read: nobody means its system, and a hundred times more than a folder comes with it.
fn check_folder(folder: &str) -> Result<(), EngineError> {
    let path = Path::new(folder);
    if is_plain(path) && path != Path::new("/") {
        Ok(())
    } else {
        Err(EngineError::out_of_bounds("folder", folder, "an absolute path without `.` and `..`, and not `/`"))
    }
}

fn check_image(reference: &str) -> Result<(), EngineError> {
    if is_image(reference) {
        Ok(())
    } else {
        Err(EngineError::out_of_bounds("image", reference, "an image reference such as pult/tiny:latest"))
    }
}
