//! Asks a desktop, over its own protocol, whether it is ready, and learns its certificate while at it.
//!
//! A container that runs is not a desktop yet, and an accepted connection is not one either: only an answer to an
//! authorised request is. It is asked with a `GET` and the right password, never with an upgrade and never without
//! credentials: KasmVNC and TigerVNC lock everybody out after a few half-hearted visits.

mod tls;

use std::{pin::pin, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use domain::{
    desktop::{Desktop, Endpoint, Fingerprint, Observed, Served},
    template::{Client, Protocol, TemplateSpec},
    why::Why,
};
use engine::EngineError;
use http_body_util::Empty;
use hyper::{Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use super::{Flow, StepError, launch, record};
use crate::{
    Shared,
    client::{ClientError, Unfit},
};

/// How long a desktop is asked before its row and its container are looked at again.
const ROUND: Duration = Duration::from_secs(1);
/// Pause between two questions, at first; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(15);
const LONGEST_PAUSE: Duration = Duration::from_millis(120);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Asks desktops whether they are ready.
#[async_trait]
pub(crate) trait Prober: Send + Sync + 'static {
    /// Asks once, and yields the certificate of a desktop that has one.
    async fn ask(
        &self,
        endpoint: Endpoint,
        template: &TemplateSpec,
        password: &SecretString,
    ) -> Result<Option<Fingerprint>, NotReady>;
}

/// Asks over HTTP, as a browser would.
#[derive(Debug)]
pub(crate) struct HttpProber;

/// Why a desktop is not ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReady {
    #[error("no connection: {0}")]
    Connect(#[source] std::io::Error),
    #[error("no TLS: {0}")]
    Tls(#[source] std::io::Error),
    #[error("no answer: {0}")]
    Http(#[from] hyper::Error),
    #[error("no answer in time")]
    Timeout,
    #[error("it answered {0}")]
    Status(StatusCode),
}

/// Asks for a round. Ready: it has a route from now on. Not in time: it is given up.
pub(super) async fn probe(shared: &Shared, desktop: Desktop, seen: Observed) -> Result<Flow, StepError> {
    let Some(template) = shared.records.template(desktop.template).await? else {
        return Ok(Flow::Rest);
    };
    let Some(password) = shared.records.credential(&desktop).await? else {
        return Ok(Flow::Again);
    };
    let served = served(&template.spec, &seen);
    // While the desktop comes up; as a rule it was unpacked before.
    if let Err(error) = shared.unpacker.ensure_for(&served).await {
        return without_client(shared, desktop, template.spec, error).await;
    }
    let Some(endpoint) = seen.endpoint else {
        return without_address(shared, desktop, &seen).await;
    };
    match ask_for_a_round(shared.prober.as_ref(), endpoint, &template.spec, &password).await {
        Ok(fingerprint) => {
            // Addresses change hands. What has the same address since the same start as before the question has had it
            // all the while, so it was this container that answered, and its certificate that was learned.
            if shared.engine.inspect(desktop.id).await?.as_ref() != Some(&seen) {
                return Ok(Flow::Again);
            }
            let running = desktop.clone().running(endpoint, fingerprint, shared.clock.now()).serving(served);
            record(shared, &desktop, running).await?;
            Ok(Flow::Again)
        }
        Err(reason) => late(shared, desktop, &seen, &reason.to_string()).await,
    }
}

/// How a desktop is asked now, and reached if it answers.
fn served(template: &TemplateSpec, seen: &Observed) -> Served {
    Served {
        image: seen.image.clone(),
        protocol: template.protocol,
        verify_tls: template.verify_tls,
        path: template.path.clone(),
        user: template.vnc_user.clone(),
        client: template.client.clone(),
    }
}

/// A desktop that nobody could see. Where its image is to blame, its container is given up with it, so that the next
/// start makes one from the image as it is then.
async fn without_client(
    shared: &Shared,
    desktop: Desktop,
    template: TemplateSpec,
    error: ClientError,
) -> Result<Flow, StepError> {
    let folder = if let Client::Image(folder) = template.client { folder } else { String::new() };
    let image = template.image;
    let why = match error {
        ClientError::Engine(error) if error.is_passing() => return Err(error.into()),
        ClientError::Unfit(Unfit::Missing(path)) => Why::ClientMissing { image, path },
        ClientError::Unfit(Unfit::Refused(detail)) => Why::ClientUnusable { image, folder, detail },
        // the disk may be emptied meanwhile
        ClientError::Engine(_) | ClientError::Files(_) => {
            let why = Why::ClientUnusable { image, folder, detail: error.to_string() };
            return launch::failed(shared, desktop, why).await;
        }
    };
    let given_up = desktop.clone().given_up(why).without_container();
    record(shared, &desktop, given_up).await?;
    Ok(Flow::Again)
}

/// A desktop that runs where nothing reaches it: the engine has not come that far, or somebody took its network away. It
/// is put back, for what its owner was doing in it is still there.
async fn without_address(shared: &Shared, desktop: Desktop, seen: &Observed) -> Result<Flow, StepError> {
    match shared.engine.start(desktop.id).await {
        // it may have gone away meanwhile
        Ok(()) | Err(EngineError::NoSuchContainer { .. }) => {}
        Err(error) => return launch::refused(shared, desktop, error).await,
    }
    match shared.engine.inspect(desktop.id).await? {
        Some(now) if now.endpoint.is_none() => late(shared, desktop, seen, "it has no address yet").await,
        _ => Ok(Flow::Again),
    }
}

/// Goes on asking, unless the desktop has had its time.
async fn late(shared: &Shared, desktop: Desktop, seen: &Observed, last: &str) -> Result<Flow, StepError> {
    let within = shared.config.ready_within;
    let since = seen.started_at.unwrap_or(desktop.requested_at);
    if (shared.clock.now() - since).to_std().is_ok_and(|waited| waited > within) {
        let seconds = i64::try_from(within.as_secs()).unwrap_or(i64::MAX);
        let given_up = desktop.clone().given_up(Why::NeverReady { seconds, last: last.to_owned() });
        record(shared, &desktop, given_up).await?;
        return Ok(Flow::Again);
    }
    Ok(Flow::At(LONGEST_PAUSE))
}

async fn ask_for_a_round(
    prober: &dyn Prober,
    endpoint: Endpoint,
    template: &TemplateSpec,
    password: &SecretString,
) -> Result<Option<Fingerprint>, NotReady> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let answer = timeout(ANSWER, prober.ask(endpoint, template, password)).await.unwrap_or(Err(NotReady::Timeout));
        match answer {
            Err(_) if started.elapsed() < ROUND => {}
            answer => return answer,
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[async_trait]
impl Prober for HttpProber {
    async fn ask(
        &self,
        endpoint: Endpoint,
        template: &TemplateSpec,
        password: &SecretString,
    ) -> Result<Option<Fingerprint>, NotReady> {
        let stream = TcpStream::connect(std::net::SocketAddr::from(endpoint)).await.map_err(NotReady::Connect)?;
        stream.set_nodelay(true).map_err(NotReady::Connect)?;
        match template.protocol {
            Protocol::Http => get(stream, endpoint, template, password).await.map(|()| None),
            Protocol::Https => {
                let (stream, fingerprint) = tls::connect(stream, endpoint).await.map_err(NotReady::Tls)?;
                get(stream, endpoint, template, password).await.map(|()| Some(fingerprint))
            }
        }
    }
}

async fn get(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    endpoint: Endpoint,
    template: &TemplateSpec,
    password: &SecretString,
) -> Result<(), NotReady> {
    let user = &template.vnc_user;
    let credentials = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
    let request = Request::get(template.probe_path())
        .header(header::AUTHORIZATION, format!("Basic {credentials}"))
        .header(header::HOST, endpoint.to_string())
        .header(header::CONNECTION, "close")
        .body(Empty::new());
    // the path was checked when the template was stored
    let Ok(request) = request else {
        return Err(NotReady::Status(StatusCode::BAD_REQUEST));
    };
    match status_of(stream, request).await? {
        status if status.is_success() || status.is_redirection() => Ok(()),
        status => Err(NotReady::Status(status)),
    }
}

async fn status_of(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Empty<Bytes>>,
) -> Result<StatusCode, hyper::Error> {
    let (mut sender, connection) =
        http1::Builder::new().title_case_headers(true).handshake(TokioIo::new(stream)).await?;
    let mut response = pin!(sender.send_request(request));
    let response = tokio::select! {
        response = &mut response => response?,
        // a small answer comes together with the connection's end; and what is wrong with that, the answer tells too
        _ = connection => response.await?,
    };
    Ok(response.status())
}

#[cfg(test)]
mod tests {
    use http_body_util::Empty;
    use hyper::{Request, StatusCode};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::status_of;

    /// The status that is read where a desktop answers so, in one write, and ends the connection.
    async fn status(answer: &[u8]) -> Option<StatusCode> {
        let (ours, mut desktop) = duplex(4096);
        let request = Request::get("/").body(Empty::new()).expect("a request");
        let answered = async move {
            let _ = desktop.read(&mut [0; 4096]).await.expect("a request");
            desktop.write_all(answer).await.expect("it fits");
        };
        let (status, ()) = tokio::join!(status_of(ours, request), answered);
        status.ok()
    }

    #[tokio::test]
    async fn an_answer_that_comes_with_the_end_of_its_connection_is_one() {
        let page = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
        assert_eq!(status(page).await, Some(StatusCode::OK));
        assert_eq!(status(b"HTTP/1.1 404 Not Found\r\n\r\nnone").await, Some(StatusCode::NOT_FOUND));
        assert_eq!(status(b"").await, None);
        assert_eq!(status(b"SSH-2.0-OpenSSH\r\n").await, None);
    }
}
