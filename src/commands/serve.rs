use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use domain::{admission::Overcommit, desktop::StartPolicy, idle::IdleRules, webhook::Destinations};
use engine::{DockerEngine, Engine, Route};
use files::{Clients, Spaces};
use firewall::Nft;
use gateway::{Activity, Gateway};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::open;
use crate::{
    config::{EngineRoute, Settings, limits, networks, places, providers, reach, roster},
    demo,
};

/// How one process calls its engine in the database.
const NODE: &str = "local";
/// How long one call to the engine may take.
const ENGINE_CALL: Duration = Duration::from_secs(30);
/// Doubts of the gateway that may wait for the worker; more are dropped, and found by the next comparison.
const SUSPECTS: usize = 256;

/// Serves everything in one process until it is told to stop.
pub(crate) async fn run(settings: Settings, with_demo: bool) -> anyhow::Result<()> {
    let store = open(&settings).await?;
    let instance = store.installation().await?;
    let (root, host_root) = roots(&settings)?;
    let engine: Arc<dyn Engine> = Arc::new(DockerEngine::connect(engine::Config {
        host: settings.engine.host.clone(),
        instance,
        route: match settings.engine.route {
            EngineRoute::Address => Route::Address,
            EngineRoute::Port => Route::Port,
        },
        storage_root: host_root.clone(),
        call_timeout: ENGINE_CALL,
    })?);
    let clients = Clients::new(&root);
    let spaces = Spaces::new(root, host_root);
    spaces.prepare().await?;
    if with_demo {
        demo::set_up(&store, engine.as_ref(), &settings.server.public_url()).await?;
    }

    let shutdown = CancellationToken::new();
    let (suspects, suspected) = mpsc::channel(SUSPECTS);
    let (caught_up, engine_applied) = watch::channel(false);
    let health = worker::Health::default();
    let (writer, routes) = routing::table();
    let activity = Activity::default();
    let gateway = Gateway::reporting(gateway::Config::default(), activity.clone(), suspects);
    let worker = worker::Parts {
        config: worker_config(&settings)?,
        guarded: reach(&settings.network, instance).map_err(|(key, detail)| anyhow!("{key}: {detail}"))?,
        firewall: Arc::new(Nft),
        store: store.clone(),
        engine,
        spaces,
        clients: clients.clone(),
        suspects: suspected,
        caught_up,
        health: health.clone(),
    };
    let mut readiness = vec![("engine", engine_applied)];
    readiness.extend(health.loops());
    let api = api::Parts {
        config: api_config(&settings)?,
        store: store.clone(),
        routes,
        gateway,
        activity,
        clients,
        readiness,
    };
    info!(%instance, version = env!("CARGO_PKG_VERSION"), "starting");
    tokio::spawn(stop_on_signal(shutdown.clone()));
    let (served, (), ()) = tokio::join!(
        api::run(api, settings.server.streams_end_within, shutdown.clone()),
        worker::run(worker, shutdown.clone()),
        routing::follow(store.clone(), writer, shutdown.clone()),
    );
    store.close().await?;
    info!("stopped");
    Ok(served?)
}

/// The storage folder as this process and as the engine see it, both absolute.
fn roots(settings: &Settings) -> anyhow::Result<(PathBuf, PathBuf)> {
    let root = &settings.storage.root;
    let root = root.canonicalize().with_context(|| format!("storage.root {}", root.display()))?;
    let host_root = settings.storage.host_root.clone().unwrap_or_else(|| root.clone());
    Ok((root, host_root))
}

fn idle_rules(settings: &Settings) -> anyhow::Result<IdleRules> {
    limits(&settings.reaper).map_err(|(key, detail)| anyhow!("{key}: {detail}"))
}

fn destinations(settings: &Settings) -> anyhow::Result<Destinations> {
    Ok(Destinations { private: networks(&settings.webhooks.allow_private).context("webhooks.allow_private")? })
}

fn worker_config(settings: &Settings) -> anyhow::Result<worker::Config> {
    let nightly = &settings.reaper.nightly_stop;
    Ok(worker::Config {
        node: NODE.to_owned(),
        max_concurrent_starts: settings.engine.max_concurrent_starts,
        overcommit: Overcommit { memory: settings.engine.memory_overcommit, cpus: settings.engine.cpu_overcommit },
        start: StartPolicy::default(),
        ready_within: settings.desktop.ready_within,
        stop_grace: settings.desktop.stop_grace,
        lang: settings.desktop.lang.clone(),
        time_zone: settings.desktop.time_zone.parse().context("desktop.time_zone")?,
        reaper: worker::Reaper {
            idle: idle_rules(settings)?,
            remove_stopped_after: settings.reaper.remove_stopped_after,
            orphan_after: settings.reaper.orphan_after,
            nightly_stop: (!nightly.is_empty()).then(|| nightly.parse()).transpose().context("reaper.nightly_stop")?,
        },
        roster: roster(settings).map_err(|(key, detail)| anyhow!("{key}: {detail}"))?,
        roster_at: (!settings.roster.at.is_empty())
            .then(|| settings.roster.at.parse())
            .transpose()
            .context("roster.at")?,
        audit_keep: settings.audit.keep,
        webhooks: destinations(settings)?,
    })
}

fn api_config(settings: &Settings) -> anyhow::Result<api::Config> {
    let tls = settings.server.tls.cert.clone().zip(settings.server.tls.key.clone());
    Ok(api::Config {
        listen: settings.server.listen,
        admin_listen: settings.server.admin_listen,
        public_url: settings.server.public_url(),
        trusted_proxies: networks(&settings.server.trusted_proxies).context("server.trusted_proxies")?,
        places: places(&settings.server.public_url(), &settings.gateway)
            .map_err(|(key, detail)| anyhow!("{key}: {detail}"))?,
        tls: tls.map(|(cert, key)| api::TlsFiles { cert, key }),
        local_accounts: settings.auth.local.enabled,
        local_admins_from: networks(&settings.auth.local.admins_from).context("auth.local.admins_from")?,
        ask_again_after: chrono::TimeDelta::from_std(settings.auth.oidc.ask_again_after)
            .context("auth.oidc.ask_again_after")?,
        providers: providers(&settings.auth.oidc).map_err(|(key, detail)| anyhow!("{key}: {detail}"))?,
        roster: roster(settings).map_err(|(key, detail)| anyhow!("{key}: {detail}"))?,
        webhooks: destinations(settings)?,
        idle: idle_rules(settings)?,
        node: NODE.to_owned(),
    })
}

/// The first signal begins the shutdown, the second ends the process at once.
async fn stop_on_signal(shutdown: CancellationToken) {
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        return;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if shutdown.is_cancelled() {
            std::process::exit(1);
        }
        info!("stopping; desktops keep running");
        shutdown.cancel();
    }
}
