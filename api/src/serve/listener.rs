use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use ipnet::IpNet;
use salvo::{Service, conn::ConnCtrl, fuse::FuseConfig, http::uri::Scheme};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    connection::{Patience, Protocols},
    crowd::{Crowd, Place, Room},
};

/// How long to wait when no connection can be taken: for descriptors to be given back, most likely.
const PAUSE: Duration = Duration::from_millis(100);

/// A place where people or programs are served.
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) service: Service,
    pub(super) room: Room,
    pub(super) patience: Patience,
    /// Peers that many people share.
    pub(super) proxies: Vec<IpNet>,
}

impl Listener {
    /// Serves until `shutdown`, and then for as long as requests under way may take.
    pub(super) async fn run(self, shutdown: &CancellationToken, requests_end_within: Duration) -> io::Result<()> {
        let address = self.socket.local_addr()?;
        let crowd = Crowd::new(self.room, self.proxies.clone());
        let protocols = Protocols::new(self.patience);
        let (connections, over) = (TaskTracker::new(), CancellationToken::new());
        loop {
            let (socket, peer) = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                accepted = self.socket.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                    Err(error) => {
                        tracing::warn!(%error, "no connection can be taken");
                        sleep(PAUSE).await;
                        continue;
                    }
                },
            };
            let Some(place) = crowd.enter(peer.ip()) else {
                tracing::debug!(%peer, "there is no room for another connection");
                continue;
            };
            let serving = self.serve(&protocols, socket, (address, peer), place, shutdown.clone());
            let over = over.clone();
            connections.spawn(async move { over.run_until_cancelled(serving).await });
        }
        // whoever comes now is told by the kernel
        drop(self);
        connections.close();
        let _ = timeout(requests_end_within, connections.wait()).await;
        over.cancel();
        Ok(())
    }

    fn serve(
        &self,
        protocols: &Protocols,
        socket: TcpStream,
        (address, peer): (SocketAddr, SocketAddr),
        place: Place,
        shutdown: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        let scheme = if self.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let fuse = FuseConfig::disabled().with_request_body_timeout(self.patience.body);
        let control = ConnCtrl::new();
        let service = self.service.hyper_handler(address.into(), peer.into(), scheme, Some(fuse), control, None);
        protocols.clone().serve(socket, self.tls.clone(), service, Arc::new(place), shutdown)
    }
}
