use std::time::Duration;

/// The limits the gateway keeps.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long a desktop may take to accept a connection, and again to finish its TLS handshake.
    pub connect_timeout: Duration,
    /// How long a desktop may take for the head of its answer, counted from the last byte of the request.
    pub response_timeout: Duration,
    /// How long a request's body may rest half-sent, because the client sends no more or the desktop takes no more.
    pub body_timeout: Duration,
    /// How long nothing may move, either way, in the middle of an answer. A desktop that has nothing to tell for so long
    /// should have said that it is still there; fronts give up no later. Streams are never given up for silence.
    pub silence_timeout: Duration,
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
            body_timeout: Duration::from_secs(30),
            silence_timeout: Duration::from_mins(5),
            upgrade_timeout: Duration::from_secs(10),
            max_streams_per_desktop: 32,
            max_streams_per_user: 64,
        }
    }
}
