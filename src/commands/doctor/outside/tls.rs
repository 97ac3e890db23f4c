use std::sync::{Arc, Mutex, PoisonError};

use pin::AnyCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use x509_parser::{extensions::GeneralName, prelude::FromDer as _};

use domain::Timestamp;

/// The certificate that was shown, and what this machine thinks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    /// Whom it is for.
    pub(super) names: Vec<String>,
    pub(super) not_after: Timestamp,
    /// It vouches for itself.
    pub(super) self_signed: bool,
    pub(super) trouble: Option<Trouble>,
}

/// Why a browser would not take a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No root of this machine vouches for it.
    Issuer,
    /// Its time is over, or has not begun.
    Time,
    /// It is for others.
    Name,
    /// Something else.
    Other(String),
}

/// Takes every certificate so that the way can be walked to its end, and keeps what a browser would have said.
#[derive(Debug)]
pub(super) struct Looking {
    proof: AnyCertificate,
    /// Nothing where this machine has no roots.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    trouble: Mutex<Option<Trouble>>,
}

impl Looking {
    /// Reads this machine's roots.
    pub(super) fn new() -> Arc<Self> {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider)).build().ok();
        Arc::new(Self { proof: AnyCertificate(provider), verifier, trouble: Mutex::default() })
    }

    /// A configuration that asks this.
    pub(super) fn config(self: &Arc<Self>) -> Result<ClientConfig, Error> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.proof.0))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(self) as _)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// What it saw of the certificate that was shown.
    pub(super) fn judged(&self, leaf: &CertificateDer<'_>) -> Option<Certificate> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (_, read) = x509_parser::certificate::X509Certificate::from_der(leaf).ok()?;
        let alternatives = read.subject_alternative_name().ok().flatten();
        let names = alternatives.iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        });
        Some(Certificate {
            names: names.collect(),
            not_after: Timestamp::from_timestamp(read.validity().not_after.timestamp(), 0)?,
            self_signed: read.subject() == read.issuer(),
            trouble,
        })
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).ok().map(std::net::IpAddr::from);
    v4.or_else(|| <[u8; 16]>::try_from(bytes).ok().map(std::net::IpAddr::from)).map(|address| address.to_string())
}

fn trouble(error: Error) -> Trouble {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => Trouble::Issuer,
        Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => Trouble::Time,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => Trouble::Name,
        other => Trouble::Other(other.to_string()),
    }
}

impl ServerCertVerifier for Looking {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = match &self.verifier {
            Some(verifier) => verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .err()
                .map(trouble),
            None => Some(Trouble::Issuer),
        };
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.proof.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.proof.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.proof.supported_verify_schemes()
    }
}
