use std::sync::Arc;

use domain::DesktopId;
use routing::Target;
use rustls::{ClientConfig, RootCertStore, client::Resumption, crypto::ring};
use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, sync::OnceCell, task::spawn_blocking};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::failure::Failure;

/// How many desktops' sessions are remembered for a cheaper handshake.
const SESSIONS: usize = 1024;

/// The TLS configurations, one for all desktops so that sessions resume. Made when first needed.
pub(super) struct Tls {
    pinned: OnceCell<Arc<ClientConfig>>,
    verified: OnceCell<Arc<ClientConfig>>,
}

impl Tls {
    pub(super) fn new() -> Self {
        Self { pinned: OnceCell::new(), verified: OnceCell::new() }
    }

    /// Finishes the handshake with the desktop the route was made for, or with nobody. Nothing but the handshake has
    /// been said to the other side before its certificate was compared.
    pub(super) async fn secure(
        &self,
        socket: TcpStream,
        desktop: DesktopId,
        target: &Target,
    ) -> Result<TlsStream<TcpStream>, Failure> {
        let (config, name) = match (target.verify_tls, &target.fingerprint) {
            (true, _) => (self.verified().await?, ServerName::IpAddress(target.endpoint.address.into())),
            (false, Some(_)) => (self.pinned().await?, session_name(desktop, target)?),
            (false, None) => return Err(Failure::Mismatch("its certificate was never learned")),
        };
        let stream = TlsConnector::from(config).connect(name, socket).await.map_err(Failure::TlsFailed)?;
        // a resumed session proves possession of the secret that was agreed on under the certificate
        if target.fingerprint.is_some() && pin::shown(&stream) != target.fingerprint {
            return Err(Failure::Mismatch("it shows another certificate than at its start"));
        }
        Ok(stream)
    }

    /// The configuration for desktops that made their certificate themselves.
    async fn pinned(&self) -> Result<Arc<ClientConfig>, Failure> {
        let config =
            self.pinned.get_or_try_init(|| async { pin::config().map(finish).map_err(|_| Failure::TlsUnavailable) });
        config.await.cloned()
    }

    /// The configuration for desktops whose certificate the system's roots vouch for, by its address.
    async fn verified(&self) -> Result<Arc<ClientConfig>, Failure> {
        let config = self.verified.get_or_try_init(|| async {
            // reads files
            let found = spawn_blocking(rustls_native_certs::load_native_certs).await;
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(found.map_err(|_| Failure::TlsUnavailable)?.certs);
            if roots.is_empty() {
                return Err(Failure::TlsUnavailable);
            }
            let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
            let builder = builder.with_safe_default_protocol_versions().map_err(|_| Failure::TlsUnavailable)?;
            Ok(finish(builder.with_root_certificates(roots).with_no_client_auth()))
        });
        config.await.cloned()
    }
}

fn finish(mut config: ClientConfig) -> Arc<ClientConfig> {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    config.enable_sni = false;
    Arc::new(config)
}

/// Under what name a desktop's sessions are remembered. It is never sent: addresses come back to other containers,
/// this does not.
fn session_name(desktop: DesktopId, target: &Target) -> Result<ServerName<'static>, Failure> {
    let name = format!("d{}.g{}.invalid", desktop.0.simple(), target.generation);
    ServerName::try_from(name).map_err(|_| Failure::Mismatch("it cannot be named"))
}
