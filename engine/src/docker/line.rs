//! The line to one engine: dialled when first needed, every call with a deadline.

use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker, errors::Error};
use tokio::{
    sync::{OnceCell, watch},
    time::timeout,
};

use super::fault::Fault;

/// Longer than any deadline of ours: those cover whole answers, the client's own only their first line.
const CLIENT_TIMEOUT_SECONDS: u64 = 24 * 60 * 60;

#[derive(Debug)]
pub(super) struct Line {
    host: String,
    pub(super) call_timeout: Duration,
    client: OnceCell<Docker>,
    /// How often the engine was there anew.
    renewed: watch::Sender<u64>,
}

impl Line {
    pub(super) fn new(host: String, call_timeout: Duration) -> Self {
        Self { host, call_timeout, client: OnceCell::new(), renewed: watch::Sender::new(0) }
    }

    /// The client, once the engine has said which dialect it speaks.
    pub(super) async fn client(&self) -> Result<&Docker, Fault> {
        // One at a time dials; nobody waits for their turn longer than for an answer.
        self.call(self.client.get_or_try_init(|| dial(&self.host))).await
    }

    /// Waits for a whole answer, as long as a call may take.
    pub(super) async fn call<T>(&self, call: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Fault> {
        self.within(self.call_timeout, call).await
    }

    /// The engine is there, for the first time or again: a call from before it went may wait for an answer that never
    /// comes, and whoever made it waits for that.
    pub(super) fn renew(&self) {
        self.renewed.send_if_modified(|times| {
            *times += 1;
            *times > 1
        });
    }

    /// Waits for a whole answer, as long as this, and not beyond [`Line::renew`].
    pub(super) async fn within<T>(
        &self,
        deadline: Duration,
        call: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Fault> {
        let mut renewed = self.renewed.subscribe();
        tokio::select! {
            biased;
            answer = timeout(deadline, call) => answer.map_err(|_| Fault::late())?.map_err(Fault::from),
            _ = renewed.changed() => Err(Fault::outlived()),
        }
    }
}

async fn dial(host: &str) -> Result<Docker, Error> {
    let docker = if host.starts_with("unix://") {
        Docker::connect_with_unix(host, CLIENT_TIMEOUT_SECONDS, API_DEFAULT_VERSION)?
    } else {
        Docker::connect_with_http(host, CLIENT_TIMEOUT_SECONDS, API_DEFAULT_VERSION)?
    };
    docker.negotiate_version().await
}
