//! Takes connections and serves them.
//!
//! The framework routes requests; the connections are ours, since streams live on them. [`mod@listener`] takes them,
//! [`crowd`] counts them, [`connection`] speaks HTTP/1.1 or HTTP/2 on them, with [`guarded`] and [`framing`] before
//! hyper's parser and [`gate`] behind it, so that no request is forwarded that could be read in two ways.

mod connection;
mod crowd;
mod framing;
mod gate;
mod guarded;
mod listener;
mod tls;

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use salvo::Service;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use self::{connection::Patience, crowd::Room, listener::Listener};
use crate::{Config, Parts, activity, admin, app::App, auth, catcher, live, routes};

/// How long ordinary requests may take to end after shutdown began.
const REQUESTS_END_WITHIN: Duration = Duration::from_secs(5);

/// Why nobody can be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The certificate or its key cannot be read.
    #[error("cannot read {}", path.display())]
    Tls {
        /// The file.
        path: PathBuf,
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
    let watch = auth::watch_credentials(app.presence.clone(), app.store.clone(), shutdown.clone());
    let ask_again = auth::ask_again(app.clone(), shutdown.clone());
    let served = async {
        let public = Service::new(routes::router(app.clone())).catcher(catcher::catcher()).hoop(gate::gate);
        let admin = Service::new(admin::router(app));
        let public = public_listener(&config, public).await?;
        let admin = listener(config.admin_listen, admin).await?;
        tokio::try_join!(public.run(&shutdown, REQUESTS_END_WITHIN), admin.run(&shutdown, REQUESTS_END_WITHIN))?;
        Ok(())
    };
    let (served, (), (), (), ()) = tokio::join!(
        async {
            let served: Result<(), ServeError> = served.await;
            // whatever ended the listeners ends the rest
            shutdown.cancel();
            served
        },
        flush,
        feed,
        watch,
        ask_again
    );
    served?;
    let left = gateway.streams();
    if left > 0 {
        info!(streams = left, "waiting for live streams to end");
    }
    gateway.drain(streams_end_within).await;
    Ok(())
}

/// Where people are served: over TLS if we have a certificate.
async fn public_listener(config: &Config, service: Service) -> Result<Listener, ServeError> {
    let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let proxies = config.trusted_proxies.clone();
    Ok(Listener { tls, proxies, ..listener(config.listen, service).await? })
}

async fn listener(address: SocketAddr, service: Service) -> Result<Listener, ServeError> {
    let socket = TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?;
    info!(%address, "listening");
    let (room, patience) = (Room::default(), Patience::default());
    Ok(Listener { socket, tls: None, service, room, patience, proxies: Vec::new() })
}

#[cfg(test)]
mod tests;
