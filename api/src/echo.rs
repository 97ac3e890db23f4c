//! An echo for `pult doctor --url`: tells a request what of it arrived, and holds a stream that leads nowhere.
//!
//! Anybody may ask, so that the way can be looked at before anybody can sign in. What it tells is what the caller sent
//! and which installation answers; what it costs is bounded, whoever asks.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::{InstallationId, Timestamp};
use futures::{SinkExt as _, StreamExt as _};
use hyper_util::rt::TokioIo;
use salvo::{
    hyper::upgrade::OnUpgrade,
    oapi::{BasicType, Components, Object, RefOr, Schema, ToSchema},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{Role, WebSocketConfig},
    },
};
use tokio_util::sync::CancellationToken;

/// Calls that may come at once.
const BURST: u32 = 60;
/// After how long another one may.
const PAUSE: Duration = Duration::from_secs(1);
/// Streams that may be open.
const STREAMS: usize = 8;
/// How long one may take beside its silence.
const LIFE: Duration = Duration::from_secs(5);
/// How long it may be silent at most.
pub(crate) const LONGEST_HOLD: Duration = Duration::from_mins(10);
/// Messages that are echoed.
const MESSAGES: usize = 4;
/// The longest message, in bytes.
const LONGEST: usize = 256;

/// What of a request arrived at Pult.
#[expect(clippy::struct_excessive_bools, reason = "each thing arrived or did not")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Arrived {
    /// Which installation answers: SHA-256 of its id and the `nonce` that was sent, in hexadecimal. Null without a
    /// nonce, and while the database is away.
    pub proof: Option<String>,
    /// The version it came in, such as `HTTP/1.1`.
    pub http: String,
    /// Whether `Host` is that of `server.public_url`.
    pub host_is_public: bool,
    /// Whether `Origin` came, and whether it is ours.
    pub origin: OriginSeen,
    /// Whether a cookie `pult_doctor` with the nonce came.
    pub cookie: bool,
    /// Whether `X-Forwarded-For` came.
    pub forwarded_for: bool,
    /// Whether it came from one of `server.trusted_proxies`.
    pub peer_is_trusted: bool,
    /// The address it came from, as it is written into `server.trusted_proxies`.
    pub peer: String,
    /// The front proxy that passed it on, where the request betrays it.
    pub proxy: Option<String>,
    /// Whether anything says that a proxy passed it on.
    pub through_proxy: bool,
    /// Pult's clock.
    pub time: Timestamp,
}

/// Whether `Origin` came with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OriginSeen {
    /// None came.
    Absent,
    /// That of `server.public_url`.
    Ours,
    /// Another one.
    Foreign,
}

impl ToSchema for OriginSeen {
    fn to_schema(_: &mut Components) -> RefOr<Schema> {
        Object::with_type(BasicType::String).enum_values(["absent", "ours", "foreign"]).into()
    }
}

/// Proves to whoever knows an installation's id that it is the one that answers, and tells nobody else its id.
pub fn proof(installation: InstallationId, nonce: &str) -> String {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(format!("{installation}:{nonce}")) {
        // writing into a String cannot fail
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// The calls and streams there may be.
#[derive(Debug)]
pub(crate) struct Echoes {
    /// When all calls of a burst are free again.
    full_at: Mutex<Instant>,
    streams: Arc<Semaphore>,
}

impl Default for Echoes {
    fn default() -> Self {
        Self { full_at: Mutex::new(Instant::now()), streams: Arc::new(Semaphore::new(STREAMS)) }
    }
}

impl Echoes {
    /// Takes a call; if there have been too many, for how long there is none.
    pub(crate) fn call(&self, now: Instant) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*full_at).max(now) + PAUSE;
        match (next - now).checked_sub(PAUSE * BURST) {
            Some(too_early) if !too_early.is_zero() => Err(too_early),
            _ => {
                *full_at = next;
                Ok(())
            }
        }
    }

    /// Takes a stream, if one is free.
    pub(crate) fn stream(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.streams).try_acquire_owned().ok()
    }
}

/// Says what arrived, then echoes a few messages, with one `silence` of at most that long among them.
pub(crate) async fn hold(
    client: OnUpgrade,
    arrived: Arrived,
    silence: Duration,
    permit: OwnedSemaphorePermit,
    shutdown: CancellationToken,
) {
    let talk = async {
        let Ok(client) = client.await else {
            return;
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(1024)
            .write_buffer_size(0)
            .max_write_buffer_size(4096)
            .max_message_size(Some(LONGEST))
            .max_frame_size(Some(LONGEST));
        let mut stream = WebSocketStream::from_raw_socket(TokioIo::new(client), Role::Server, Some(config)).await;
        // plain data always serialises
        let told = serde_json::to_string(&arrived).unwrap_or_default();
        if stream.send(Message::text(told)).await.is_err() {
            return;
        }
        for _ in 0..MESSAGES {
            match stream.next().await {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                    if stream.send(message).await.is_err() {
                        return;
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => break,
            }
        }
        // whoever is gone cannot be told
        let _ = stream.close(None).await;
    };
    // whatever is left at the end goes with the connection
    let _ = shutdown.run_until_cancelled(timeout(LIFE + silence.min(LONGEST_HOLD), talk)).await;
    drop(permit);
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use domain::InstallationId;

    use super::{BURST, Echoes, PAUSE, STREAMS, proof};

    #[test]
    fn calls_are_few_and_come_back_with_time() {
        let (echoes, now) = (Echoes::default(), Instant::now() + Duration::from_secs(1));
        for _ in 0..BURST {
            assert_eq!(echoes.call(now), Ok(()));
        }
        assert_eq!(echoes.call(now), Err(PAUSE));
        assert_eq!(echoes.call(now + PAUSE), Ok(()));
        assert_eq!(echoes.call(now + PAUSE), Err(PAUSE));
    }

    #[test]
    fn streams_are_few_and_given_back() {
        let echoes = Echoes::default();
        let mut held: Vec<_> = (0..STREAMS).map(|_| echoes.stream().expect("one is free")).collect();
        assert!(echoes.stream().is_none());
        held.pop();
        assert!(echoes.stream().is_some());
    }

    #[test]
    fn only_this_installation_with_this_nonce_proves_itself() {
        let [one, other] = [InstallationId::new(), InstallationId::new()];
        assert_eq!(proof(one, "n"), proof(one, "n"));
        assert_ne!(proof(one, "n"), proof(other, "n"));
        assert_ne!(proof(one, "n"), proof(one, "m"));
    }
}
