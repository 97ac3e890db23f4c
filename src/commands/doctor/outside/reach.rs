//! What is asked, and what came back; nothing is judged here.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use api::Arrived;
use chrono::{DateTime, Utc};
use domain::Timestamp;
use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{
    client_async,
    tungstenite::{Error as WsError, Message},
};
use url::Url;

use super::tls::{Certificate, Looking};

/// How long one step may take.
const STEP: Duration = Duration::from_secs(8);
/// How long answers may be, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// How often a redirect is followed.
const MAX_REDIRECTS: usize = 5;
/// How it calls itself.
const USER_AGENT: &str = concat!("pult-doctor/", env!("CARGO_PKG_VERSION"));
/// The endpoint that tells what arrived.
const ECHO: &str = "/api/v1/doctor/echo";

/// The way of one ordinary request. The first step that failed is the last one there is.
#[derive(Debug)]
pub(super) struct Trip {
    /// Where it ended after all redirects.
    pub(super) url: Url,
    /// Where it was sent on the way.
    pub(super) redirects: Vec<Url>,
    pub(super) addresses: Result<Vec<SocketAddr>, String>,
    pub(super) connection: Option<Result<SocketAddr, String>>,
    pub(super) tls: Option<Result<Option<Certificate>, String>>,
    pub(super) answer: Option<Result<Answer, String>>,
}

/// What answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Its `Server`, or `Via`.
    pub(super) server: Option<String>,
    /// Its clock, and ours when it came.
    pub(super) date: Option<(Timestamp, Timestamp)>,
    /// What Pult says arrived, if it was Pult.
    pub(super) arrived: Option<Arrived>,
    pub(super) location: Option<String>,
}

/// What became of a request for a stream.
#[derive(Debug)]
pub(super) enum Upgrade {
    /// It was opened, and echoed.
    Opened {
        /// What Pult says arrived.
        arrived: Arrived,
    },
    /// It was opened, and ended this long after while nobody said anything.
    Cut(Duration),
    /// It was answered, and not with a stream.
    Refused(Refusal),
    /// There was no answer, or the stream did not carry.
    Broken(String),
}

/// An answer that is not a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) server: Option<String>,
    /// What Pult says of it, if it was Pult.
    pub(super) problem: Option<Problem>,
}

/// As much of a problem of Pult's as is needed here.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Problem {
    pub(super) code: String,
    pub(super) detail: String,
    pub(super) remedy: Option<String>,
}

impl Trip {
    /// What answered in the end, if anything did.
    pub(super) fn answer(&self) -> Option<&Answer> {
        self.answer.as_ref()?.as_ref().ok()
    }
}

/// Asks what of a request arrives, as a browser would.
pub(super) async fn walk(start: &Url, nonce: &str) -> Trip {
    let mut redirects = Vec::new();
    let mut url = start.clone();
    loop {
        let trip = step(url, nonce).await;
        let next = trip.answer().filter(|answer| (300..400).contains(&answer.status));
        let next = next.and_then(|answer| trip.url.join(answer.location.as_deref()?).ok());
        match next.filter(|next| next.has_host() && redirects.len() < MAX_REDIRECTS) {
            Some(mut next) => {
                redirects.push(next.clone());
                next.set_path("/");
                next.set_query(None);
                url = next;
            }
            None => return Trip { redirects, ..trip },
        }
    }
}

async fn step(url: Url, nonce: &str) -> Trip {
    let addresses = addresses(&url).await;
    let mut trip = Trip { url, redirects: Vec::new(), addresses, connection: None, tls: None, answer: None };
    let Ok(addresses) = &trip.addresses else {
        return trip;
    };
    let socket = match connect(addresses).await {
        Ok((socket, address)) => {
            trip.connection = Some(Ok(address));
            socket
        }
        Err(error) => {
            trip.connection = Some(Err(error));
            return trip;
        }
    };
    let stream = match secure(&trip.url, socket).await {
        Ok((stream, certificate)) => {
            trip.tls = (trip.url.scheme() == "https").then_some(Ok(certificate));
            stream
        }
        Err(error) => {
            trip.tls = Some(Err(error));
            return trip;
        }
    };
    let answer = timeout(STEP, ask(&trip.url, stream, nonce)).await;
    trip.answer = Some(answer.unwrap_or_else(|_| Err(late())));
    trip
}

/// Asks for a stream, as a browser would; with `silence`, says nothing for this long once it is open.
pub(super) async fn upgrade(url: &Url, nonce: &str, silence: Option<Duration>) -> Upgrade {
    let opening = async {
        let (socket, _) = connect(&addresses(url).await?).await?;
        let (stream, _) = secure(url, socket).await?;
        let request = handshake(url, nonce, silence).map_err(|error| error.to_string())?;
        Ok::<_, String>(client_async(request, stream).await)
    };
    let mut stream = match timeout(STEP * 2, opening).await {
        Ok(Ok(Ok((stream, _)))) => stream,
        Ok(Ok(Err(WsError::Http(answer)))) => {
            let body = answer.body().as_deref().unwrap_or_default();
            return Upgrade::Refused(Refusal {
                status: answer.status().as_u16(),
                server: server(answer.headers()),
                problem: serde_json::from_slice(body).ok(),
            });
        }
        Ok(Ok(Err(error))) => return Upgrade::Broken(error.to_string()),
        Ok(Err(error)) => return Upgrade::Broken(error),
        Err(_) => return Upgrade::Broken(late()),
    };
    let arrived = match timeout(STEP, stream.next()).await {
        Ok(Some(Ok(Message::Text(text)))) => serde_json::from_str(&text).map_err(|error| error.to_string()),
        Ok(Some(Ok(other))) => Err(format!("{other:?}")),
        Ok(Some(Err(error))) => Err(error.to_string()),
        Ok(None) => Err("closed".to_owned()),
        Err(_) => Err(late()),
    };
    let arrived = match arrived {
        Ok(arrived) => arrived,
        Err(error) => return Upgrade::Broken(error),
    };
    if let Some(silence) = silence {
        let began = Instant::now();
        if timeout(silence, stream.next()).await.is_ok() {
            return Upgrade::Cut(began.elapsed());
        }
    }
    let said = stream.send(Message::text(nonce)).await;
    let heard = timeout(STEP, stream.next()).await;
    match (said, heard) {
        (Ok(()), Ok(Some(Ok(Message::Text(text))))) if text.as_str() == nonce => {
            // it has done what it was opened for
            let _ = timeout(STEP, stream.close(None)).await;
            Upgrade::Opened { arrived }
        }
        _ => silence.map_or_else(|| Upgrade::Broken("no echo".to_owned()), Upgrade::Cut),
    }
}

async fn addresses(url: &Url) -> Result<Vec<SocketAddr>, String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or_default();
    let found = timeout(STEP, lookup_host((host.as_str(), port))).await.map_err(|_| late())?;
    let found: Vec<_> = found.map_err(|error| error.to_string())?.collect();
    if found.is_empty() { Err("no address".to_owned()) } else { Ok(found) }
}

/// The first address that takes a connection.
async fn connect(addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), String> {
    let mut told = String::new();
    for address in addresses {
        match timeout(STEP, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => return Ok((socket, *address)),
            Ok(Err(error)) => told = format!("{address}: {error}"),
            Err(_) => told = format!("{address}: {}", late()),
        }
    }
    Err(told)
}

/// A connection of either kind.
trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

async fn secure(url: &Url, socket: TcpStream) -> Result<(Box<dyn Connection>, Option<Certificate>), String> {
    if url.scheme() != "https" {
        return Ok((Box::new(socket), None));
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
    let looking = Looking::new();
    let config = looking.config().map_err(|error| error.to_string())?;
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, socket);
    let stream = timeout(STEP, connecting).await.map_err(|_| late())?.map_err(|error| error.to_string())?;
    let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let certificate = leaf.and_then(|leaf| looking.judged(leaf));
    Ok((Box::new(stream), certificate))
}

/// A whole answer.
pub(super) struct Whole {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Asks for a page without following where it leads.
pub(super) async fn get(url: &Url, path: &str) -> Result<Whole, String> {
    let asking = async {
        let (socket, _) = connect(&addresses(url).await?).await?;
        let (stream, _) = secure(url, socket).await?;
        exchange(stream, request(url, path, &[])?).await
    };
    timeout(STEP, asking).await.unwrap_or_else(|_| Err(late()))
}

async fn ask(url: &Url, stream: Box<dyn Connection>, nonce: &str) -> Result<Answer, String> {
    let origin = url.origin().ascii_serialization();
    let cookie = format!("pult_doctor={nonce}");
    let headers = [(header::ORIGIN, origin.as_str()), (header::COOKIE, cookie.as_str())];
    let Whole { status, headers, body } =
        exchange(stream, request(url, &format!("{ECHO}?nonce={nonce}"), &headers)?).await?;
    Ok(Answer {
        status,
        server: server(&headers),
        date: date(&headers).map(|date| (date, Utc::now())),
        arrived: serde_json::from_slice(&body).ok(),
        location: text(&headers, &header::LOCATION),
    })
}

fn request(url: &Url, path: &str, headers: &[(header::HeaderName, &str)]) -> Result<Request<Empty<Bytes>>, String> {
    let request = Request::get(path)
        .header(header::HOST, url.authority())
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, USER_AGENT);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, *value));
    request.body(Empty::new()).map_err(|error| error.to_string())
}

async fn exchange(stream: Box<dyn Connection>, request: Request<Empty<Bytes>>) -> Result<Whole, String> {
    let told = |error: hyper::Error| error.to_string();
    let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
    tokio::spawn(driver);
    let (parts, body) = sender.send_request(request).await.map_err(told)?.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok(Whole { status: parts.status.as_u16(), headers: parts.headers, body })
}

fn handshake(url: &Url, nonce: &str, silence: Option<Duration>) -> Result<Request<()>, http::Error> {
    let hold = silence.map(|silence| format!("&hold={}", silence.as_secs() + 1)).unwrap_or_default();
    let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
    Request::get(format!("{scheme}://{}{ECHO}?nonce={nonce}{hold}", url.authority()))
        .header(header::HOST, url.authority())
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, tokio_tungstenite::tungstenite::handshake::client::generate_key())
        .header(header::ORIGIN, url.origin().ascii_serialization())
        .header(header::COOKIE, format!("pult_doctor={nonce}"))
        .header(header::USER_AGENT, USER_AGENT)
        .body(())
}

fn server(headers: &HeaderMap) -> Option<String> {
    text(headers, &header::SERVER)
        .or_else(|| text(headers, &header::VIA)?.split_once(' ').map(|(_, who)| who.to_owned()))
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    DateTime::parse_from_rfc2822(&text(headers, &header::DATE)?).ok().map(|date| date.to_utc())
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn late() -> String {
    format!("no answer within {} s", STEP.as_secs())
}
