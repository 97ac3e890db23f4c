//! A fresh installation on the real engine, and the hand that meddles with it and clears up.

use std::{collections::HashMap, env, panic::AssertUnwindSafe, time::Duration};

use async_trait::async_trait;
use bollard::{
    API_DEFAULT_VERSION, Docker,
    exec::{StartExecOptions, StartExecResults},
    models::{ContainerCreateBody, ExecConfig, NetworkDisconnectRequest},
    query_parameters::{
        CreateContainerOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder,
        ListNetworksOptionsBuilder, RemoveContainerOptionsBuilder, StartContainerOptions,
    },
};
use domain::{DesktopId, InstallationId};
use engine::{
    Config, DockerEngine, Engine, Launch, Route,
    conformance::{Bed, Deed, launch},
};
use futures::{FutureExt, StreamExt, future::BoxFuture};
use tempfile::TempDir;
use tokio::sync::{RwLock, RwLockWriteGuard};

/// The smallest desktop there is (`compose/desktops/tiny`).
pub(crate) const IMAGE: &str = "pult/tiny:latest";
const STRANGER: &str = "pult.test.stranger-of";

/// Held, shared, by whoever makes networks or removes them, and alone by whoever needs that nobody does: Docker takes
/// its isolation of networks out and puts it in again whenever one is made
/// (`docs/decisions/engines-isolation-has-gaps.md`).
static NETWORKS: RwLock<()> = RwLock::const_new(());

/// As long as this is held, no test makes a network.
pub(crate) async fn no_new_networks() -> RwLockWriteGuard<'static, ()> {
    NETWORKS.write().await
}

/// Where the engine of these tests answers.
#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
pub(crate) fn host() -> String {
    env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned())
}

pub(crate) struct DockerBed {
    pub(crate) engine: DockerEngine,
    pub(crate) instance: InstallationId,
    /// The folder below which mounts lie.
    pub(crate) storage: TempDir,
    /// The engine, past ours.
    pub(crate) docker: Docker,
}

impl DockerBed {
    async fn new(route: Route) -> Self {
        let (host, instance) = (host(), InstallationId::new());
        let docker = if host.starts_with("unix://") {
            Docker::connect_with_unix(&host, 120, API_DEFAULT_VERSION)
        } else {
            Docker::connect_with_http(&host, 120, API_DEFAULT_VERSION)
        };
        let docker = docker.unwrap_or_else(|error| {
            panic!("no Docker Engine at {host}: {error}. Start one: eval export $(setup/engine start)")
        });
        let storage = TempDir::new().expect("a folder");
        let config = Config {
            host: host.clone(),
            instance,
            route,
            storage_root: storage.path().to_owned(),
            call_timeout: Duration::from_mins(2),
        };
        let engine = DockerEngine::connect(config).expect("a good configuration");
        engine.ping().await.unwrap_or_else(|error| {
            panic!("no Docker Engine answers at {host}: {error}. Start one: eval export $(setup/engine start)")
        });
        let image = engine.image(IMAGE).await.expect("the engine answers");
        assert!(image.is_some(), "the engine has no {IMAGE}; build it: compose/desktops/tiny");
        let _making = NETWORKS.read().await;
        engine.prepare().await.expect("the engine is fit, and the networks are there");
        Self { engine, instance, storage, docker }
    }

    /// A container that is running.
    pub(crate) async fn started(&self, launch: &Launch) {
        self.engine.create(launch).await.expect("it is made");
        self.engine.start(launch.desktop).await.expect("it starts");
    }

    /// Runs a line of shell in a desktop's container and answers what it printed.
    pub(crate) async fn run(&self, desktop: DesktopId, line: &str) -> String {
        let words = ["sh", "-c", line].map(str::to_owned).to_vec();
        let asked =
            ExecConfig { cmd: Some(words), attach_stdout: Some(true), attach_stderr: Some(true), ..Default::default() };
        let exec = self.docker.create_exec(&name(desktop), asked).await.expect("a command");
        let mut said = String::new();
        if let StartExecResults::Attached { mut output, .. } =
            self.docker.start_exec(&exec.id, None).await.expect("it runs")
        {
            while let Some(part) = output.next().await {
                said.push_str(&part.expect("what it prints").to_string());
            }
        }
        said
    }

    /// Takes all away that bears our label, and all networks.
    async fn clear(&self) {
        let _removing = NETWORKS.read().await;
        let labels = ["pult.instance", STRANGER].map(|label| format!("{label}={}", self.instance));
        for label in labels {
            let filters = HashMap::from([("label", vec![label])]);
            let all = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
            for id in self.docker.list_containers(Some(all)).await.into_iter().flatten().filter_map(|found| found.id) {
                let force = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
                let _ = self.docker.remove_container(&id, Some(force)).await;
            }
            let networks = ListNetworksOptionsBuilder::new().filters(&filters).build();
            for id in self.docker.list_networks(Some(networks)).await.into_iter().flatten().filter_map(|found| found.id)
            {
                let _ = self.docker.remove_network(&id).await;
            }
        }
    }
}

pub(crate) fn name(desktop: DesktopId) -> String {
    format!("pult-{desktop}")
}

/// Runs a test on a bed of this route and clears up, also when it panics.
pub(crate) async fn on_bed(route: Route, test: impl for<'a> FnOnce(&'a DockerBed) -> BoxFuture<'a, ()>) {
    let bed = DockerBed::new(route).await;
    let outcome = AssertUnwindSafe(test(&bed)).catch_unwind().await;
    if outcome.is_err() {
        // What was asked and no longer waited for still happens.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    bed.clear().await;
    if let Err(panicked) = outcome {
        std::panic::resume_unwind(panicked);
    }
}

/// The same for a law.
pub(crate) async fn with_bed(law: impl for<'a> FnOnce(&'a dyn Bed) -> BoxFuture<'a, ()>) {
    on_bed(Route::Address, |bed| law(bed)).await;
}

#[async_trait]
impl Bed for DockerBed {
    fn engine(&self) -> &dyn Engine {
        &self.engine
    }

    fn launch(&self) -> Launch {
        launch(IMAGE)
    }

    fn folder(&self) -> (&'static str, &'static str) {
        ("/usr/share/novnc", "vnc.html")
    }

    async fn containers(&self) -> usize {
        let label = format!("pult.instance={}", self.instance);
        let filters = HashMap::from([("label", vec![label])]);
        let all = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        self.docker.list_containers(Some(all)).await.expect("a listing").len()
    }

    async fn meddle(&self, desktop: DesktopId, deed: Deed) {
        let name = name(desktop);
        match deed {
            Deed::Squat => {
                let named = CreateContainerOptionsBuilder::new().name(&name).build();
                let body = ContainerCreateBody {
                    image: Some(IMAGE.to_owned()),
                    env: Some(vec!["VNC_PW=another".to_owned()]),
                    labels: Some([(STRANGER.to_owned(), self.instance.to_string())].into()),
                    ..ContainerCreateBody::default()
                };
                self.docker.create_container(Some(named), body).await.expect("a stranger's container");
                self.docker.start_container(&name, None::<StartContainerOptions>).await.expect("it runs");
            }
            Deed::Pause => self.docker.pause_container(&name).await.expect("it is frozen"),
            Deed::Unplug => {
                let found = self.docker.inspect_container(&name, None::<InspectContainerOptions>).await;
                let mode = found.expect("it is there").host_config.and_then(|host| host.network_mode);
                let leave = NetworkDisconnectRequest { container: name, force: Some(true) };
                self.docker.disconnect_network(&mode.expect("a network"), leave).await.expect("it is unplugged");
            }
            Deed::Spin => {
                let words = ["sh", "-c", "while :; do :; done"].map(str::to_owned).to_vec();
                let asked = ExecConfig { cmd: Some(words), ..ExecConfig::default() };
                let exec = self.docker.create_exec(&name, asked).await.expect("a command");
                let alone = StartExecOptions { detach: true, ..StartExecOptions::default() };
                self.docker.start_exec(&exec.id, Some(alone)).await.expect("it runs");
            }
            Deed::Kill => {
                // A frozen process does not die.
                let _ = self.docker.unpause_container(&name).await;
                self.docker.kill_container(&name, None).await.expect("it is killed");
            }
            Deed::Remove => {
                let force = RemoveContainerOptionsBuilder::new().force(true).build();
                self.docker.remove_container(&name, Some(force)).await.expect("it is removed");
            }
        }
    }

    async fn squatter_is_untouched(&self, desktop: DesktopId) -> bool {
        let found = self.docker.inspect_container(&name(desktop), None::<InspectContainerOptions>).await;
        found.ok().and_then(|found| found.state).and_then(|state| state.running) == Some(true)
    }
}
