use std::time::Duration;

/// The limits the gateway keeps.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long a desktop may take to accept a connection, and again to finish its TLS handshake.
    pub connect_timeout: Duration,
    /// How long a desktop may take for the head of its answer, counted from the last byte of the request.
    pub response_timeout: Duration,
    /// How long the client's connection may take to become a stream once the 101 is on its way.
    pub upgrade_timeout: Duration,
    /// Streams that one desktop may have at a time.
    pub max_streams_per_desktop: usize,
    /// Streams that one user may have at a time, over all desktops.
    pub max_streams_per_user: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            response_timeout: Duration::from_secs(5),
            upgrade_timeout: Duration::from_secs(10),
            max_streams_per_desktop: 32,
            max_streams_per_user: 64,
        }
    }
}
