//! A connection to a desktop, and the certainty that it is that desktop's.

mod tls;

use std::{net::SocketAddr, time::Duration};

use domain::template::Protocol;
use routing::{Route, Target};
use tokio::{net::TcpStream, time::timeout};

use self::tls::Tls;
use crate::{
    failure::{Failure, Wait},
    socket::Socket,
};

/// Makes connections: each for one request and never shared. A pool would stand behind [`Dialer::dial`].
pub(crate) struct Dialer {
    timeout: Duration,
    tls: Tls,
}

impl Dialer {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, tls: Tls::new() }
    }

    /// Connects to where the route leads, and nowhere else.
    pub(crate) async fn dial(&self, route: &Route, target: &Target) -> Result<Socket, Failure> {
        let socket = timeout(self.timeout, TcpStream::connect(SocketAddr::from(target.endpoint)))
            .await
            .map_err(|_| Failure::Timeout(Wait::Connect))?
            .map_err(Failure::Unreachable)?;
        socket.set_nodelay(true).map_err(Failure::Unreachable)?;
        match target.protocol {
            Protocol::Http => Ok(Socket::Plain(socket)),
            Protocol::Https => {
                let secured = timeout(self.timeout, self.tls.secure(socket, route.desktop, target));
                let stream = secured.await.map_err(|_| Failure::Timeout(Wait::Secure))??;
                Ok(Socket::secured(stream))
            }
        }
    }
}
