use std::{io, time::Duration};

use salvo::{
    Listener, Server, Service,
    conn::{
        TcpListener,
        rustls::{Keycert, RustlsConfig},
    },
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{Config, Parts, activity, admin, app::App, catcher, live, routes};

/// How long ordinary requests may take to end after shutdown began.
const REQUESTS_END_WITHIN: Duration = Duration::from_secs(5);

/// Why nobody can be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: Box<salvo::Error>,
    },
    /// The certificate or its key cannot be read.
    #[error("cannot read {}", path.display())]
    Tls {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A listener failed.
    #[error("serving failed")]
    Serve(#[from] io::Error),
}

/// Serves until shutdown; then lets requests end, and live streams until `streams_end_within`.
pub async fn run(parts: Parts, streams_end_within: Duration, shutdown: CancellationToken) -> Result<(), ServeError> {
    let config = parts.config.clone();
    let (store, activity, gateway) = (parts.store.clone(), parts.activity.clone(), parts.gateway.clone());
    let app = App::new(parts, shutdown.clone());
    let flush = activity::flush(activity, store.clone(), shutdown.clone());
    let feed = live::feed(app.feed.clone(), store, config.node.clone(), shutdown.clone());
    let public = Service::new(routes::router(app.clone())).catcher(catcher::catcher());
    let admin = Service::new(admin::router(app));
    let served = async {
        tokio::try_join!(public_listener(&config, public, &shutdown), listen(config.admin_listen, admin, &shutdown),)
    };
    let (served, (), ()) = tokio::join!(
        async {
            let served = served.await;
            // whatever ended the listeners ends the rest
            shutdown.cancel();
            served
        },
        flush,
        feed
    );
    served?;
    let left = gateway.streams();
    if left > 0 {
        info!(streams = left, "waiting for live streams to end");
    }
    gateway.drain(streams_end_within).await;
    Ok(())
}

async fn public_listener(config: &Config, service: Service, shutdown: &CancellationToken) -> Result<(), ServeError> {
    let Some(tls) = &config.tls else {
        return listen(config.listen, service, shutdown).await;
    };
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|source| ServeError::Tls { path: path.clone(), source })
    };
    let pair = Keycert::new().cert(read(&tls.cert)?).key(read(&tls.key)?);
    let listener = TcpListener::new(config.listen).rustls(RustlsConfig::new(pair));
    let acceptor = listener
        .try_bind()
        .await
        .map_err(|source| ServeError::Listen { address: config.listen, source: source.into() })?;
    info!(address = %config.listen, tls = true, "listening");
    serve(Server::new(acceptor), service, shutdown).await
}

async fn listen(
    address: std::net::SocketAddr,
    service: Service,
    shutdown: &CancellationToken,
) -> Result<(), ServeError> {
    let acceptor = TcpListener::new(address)
        .try_bind()
        .await
        .map_err(|source| ServeError::Listen { address, source: source.into() })?;
    info!(%address, "listening");
    serve(Server::new(acceptor), service, shutdown).await
}

async fn serve<A: salvo::conn::Acceptor + Send + 'static>(
    server: Server<A>,
    service: Service,
    shutdown: &CancellationToken,
) -> Result<(), ServeError> {
    let handle = server.handle();
    let stop = async {
        shutdown.cancelled().await;
        handle.stop_graceful(REQUESTS_END_WITHIN);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        served = server.try_serve(service) => Ok(served?),
        () = stop => Ok(()),
    }
}
