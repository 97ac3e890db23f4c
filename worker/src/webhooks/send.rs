use std::{error::Error, io, net::SocketAddr, time::Duration};

use domain::webhook::Destinations;
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use store::{Due, Sent};

use super::sign::signatures;

/// How long a message may take with its answer, and the connection.
const ANSWER: Duration = Duration::from_secs(10);
const CONNECTION: Duration = Duration::from_secs(4);
/// Octets of an answer that are read: its status says it all, and who has read the rest may use the connection again.
const MOST: usize = 4096;
/// Characters of a problem that are kept.
const LONGEST_PROBLEM: usize = 300;

/// Sends messages to where they may be sent, and nowhere else: each address that a name leads to is judged when it is
/// connected to. No redirect is followed, and no proxy asked, who would look up names for himself.
#[derive(Debug)]
pub(super) struct Sender {
    destinations: Destinations,
    secure: Client,
    plain: Client,
}

impl Sender {
    pub(super) fn new(destinations: Destinations) -> reqwest::Result<Self> {
        let client = |is_secure| {
            let guard = Guard { destinations: destinations.clone(), is_secure };
            Client::builder()
                .dns_resolver(guard)
                .no_proxy()
                .redirect(Policy::none())
                .user_agent(concat!("Pult/", env!("CARGO_PKG_VERSION")))
                .timeout(ANSWER)
                .connect_timeout(CONNECTION)
                .build()
        };
        Ok(Self { secure: client(true)?, plain: client(false)?, destinations })
    }

    /// Sends a message, and tells what came of it. It arrived if the answer's status is one of success.
    pub(super) async fn send(&self, due: &Due) -> Sent {
        // as it is configured today: what was allowed when the webhook was made may not be any more
        let url = match self.destinations.target(&due.url) {
            Ok(url) => url,
            Err(unfit) => return Sent { status: None, problem: Some(unfit.to_string()) },
        };
        let (id, timestamp) = (due.id.to_string(), chrono::Utc::now().timestamp());
        let client = if url.scheme() == "https" { &self.secure } else { &self.plain };
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures(&due.secrets, &id, timestamp, &due.body))
            .body(due.body.clone());
        let mut answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Sent { status: None, problem: Some(told(&error.without_url())) },
        };
        let status = answer.status();
        let mut read = 0;
        while read < MOST
            && let Ok(Some(part)) = answer.chunk().await
        {
            read += part.len();
        }
        let problem = (!status.is_success()).then(|| format!("the answer is {status}"));
        Sent { status: Some(status.as_u16()), problem }
    }
}

/// Looks names up, and tells of what they lead to only that to which messages may be sent.
#[derive(Debug)]
struct Guard {
    destinations: Destinations,
    is_secure: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (destinations, is_secure) = (self.destinations.clone(), self.is_secure);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let fit: Vec<SocketAddr> = found.filter(|at| destinations.permits(at.ip(), is_secure)).collect();
            if fit.is_empty() {
                let why = "it leads to a network that webhooks.allow_private does not name";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, why).into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

/// An error with its causes.
fn told(error: &dyn Error) -> String {
    let (mut told, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told.chars().take(LONGEST_PROBLEM).collect()
}

#[cfg(test)]
mod tests;
