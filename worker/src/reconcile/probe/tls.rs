use std::{
    io,
    sync::{Arc, LazyLock},
};

use domain::desktop::{Endpoint, Fingerprint};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Connects and learns the certificate, whatever it says: it was reached at the address of the right container just
/// after that started, and the gateway will take no other one.
pub(super) async fn connect(stream: TcpStream, endpoint: Endpoint) -> io::Result<(TlsStream<TcpStream>, Fingerprint)> {
    static CONFIG: LazyLock<Arc<ClientConfig>> =
        LazyLock::new(|| Arc::new(pin::config().expect("ring knows the protocol versions that rustls was built with")));
    let name = ServerName::from(endpoint.address);
    let stream = TlsConnector::from(Arc::clone(&CONFIG)).connect(name, stream).await?;
    let shown = pin::shown(&stream).ok_or_else(|| io::Error::other("it shows no certificate"))?;
    Ok((stream, shown))
}
