use std::sync::Arc;

use domain::{DesktopId, desktop::Fingerprint};
use routing::Target;
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, WantsVerifier,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest as _, Sha256};
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
        if let Some(pin) = &target.fingerprint {
            // a resumed session proves possession of the secret that was agreed on under this certificate
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            if shown.is_none_or(|leaf| fingerprint(leaf) != *pin) {
                return Err(Failure::Mismatch("it shows another certificate than at its start"));
            }
        }
        Ok(stream)
    }

    /// The configuration for desktops that made their certificate themselves.
    async fn pinned(&self) -> Result<Arc<ClientConfig>, Failure> {
        let config = self.pinned.get_or_try_init(|| async {
            let provider = Arc::new(ring::default_provider());
            let verifier = Arc::new(AnyCertificate(Arc::clone(&provider)));
            let builder = builder(provider)?.dangerous().with_custom_certificate_verifier(verifier);
            Ok(finish(builder.with_no_client_auth()))
        });
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
            let builder = builder(Arc::new(ring::default_provider()))?.with_root_certificates(roots);
            Ok(finish(builder.with_no_client_auth()))
        });
        config.await.cloned()
    }
}

fn builder(provider: Arc<CryptoProvider>) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Failure> {
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    builder.map_err(|_| Failure::TlsUnavailable)
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

/// SHA-256 of a certificate in DER.
fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(certificate) {
        // writing into a String cannot fail
        let _ = write!(hex, "{byte:02x}");
    }
    Fingerprint(hex)
}

/// Takes any certificate, because the caller compares it with the pin; the proof of its key is checked for real.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
