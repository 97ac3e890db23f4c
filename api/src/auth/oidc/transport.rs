use std::{pin::Pin, time::Duration};

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, Method, StatusCode, redirect::Policy};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

/// How long a provider may take for one answer, and for the connection.
const ANSWER: Duration = Duration::from_secs(8);
const CONNECTION: Duration = Duration::from_secs(4);
/// Pauses before further tries.
const PAUSES: [Duration; 2] = [Duration::from_millis(150), Duration::from_millis(600)];
/// Octets of an answer that are read.
const MOST: usize = 1024 * 1024;

/// The way to a provider. Certificates are checked against the system's roots, a school's own among them; redirects
/// are not followed, since a request with our secret is for one address only.
#[derive(Debug, Default)]
pub(super) struct Transport {
    client: OnceCell<Client>,
}

/// Why nothing usable came back.
#[derive(Debug, thiserror::Error)]
pub(super) enum TransportError {
    #[error("no answer")]
    Http(#[from] reqwest::Error),
    #[error("{0} answers {1}")]
    Status(Url, StatusCode),
    #[error("the answer is larger than {MOST} bytes")]
    TooLarge,
    #[error("{0} does not answer in JSON")]
    Json(Url, #[source] serde_json::Error),
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.patiently(request))
    }
}

impl Transport {
    /// One request of the protocol's, tried again while nothing can have come of it.
    async fn patiently(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let request = reqwest::Request::try_from(request)?;
        for pause in PAUSES {
            let Some(again) = request.try_clone() else {
                break;
            };
            match self.once(again).await {
                Ok(answer) if request.method() == Method::GET && answer.status().is_server_error() => {}
                // what took its whole time has kept somebody waiting long enough
                Err(TransportError::Http(error))
                    if !error.is_timeout() && (request.method() == Method::GET || error.is_connect()) => {}
                done => return done,
            }
            tokio::time::sleep(pause).await;
        }
        self.once(request).await
    }

    /// What an address says, as JSON.
    pub(super) async fn json(&self, url: &Url, token: Option<&SecretString>) -> Result<Value, TransportError> {
        let mut request = HttpRequest::new(Vec::new());
        // an address that is a URL is a URI
        *request.uri_mut() = url.as_str().parse().unwrap_or_default();
        let headers = request.headers_mut();
        headers.insert(http::header::ACCEPT, http::HeaderValue::from_static("application/json"));
        let bearer = token.map(|token| format!("Bearer {}", token.expose_secret()));
        if let Some(mut bearer) = bearer.and_then(|bearer| http::HeaderValue::from_str(&bearer).ok()) {
            bearer.set_sensitive(true);
            headers.insert(http::header::AUTHORIZATION, bearer);
        }
        let answer = self.patiently(request).await?;
        if !answer.status().is_success() {
            return Err(TransportError::Status(url.clone(), answer.status()));
        }
        serde_json::from_slice(answer.body()).map_err(|error| TransportError::Json(url.clone(), error))
    }

    async fn once(&self, request: reqwest::Request) -> Result<HttpResponse, TransportError> {
        let client = self.client.get_or_try_init(|| async { connect() }).await?;
        let mut answer = client.execute(request).await?;
        let mut response = http::Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        while let Some(part) = answer.chunk().await? {
            if response.body().len() + part.len() > MOST {
                return Err(TransportError::TooLarge);
            }
            response.body_mut().extend_from_slice(&part);
        }
        Ok(response)
    }
}

fn connect() -> reqwest::Result<Client> {
    let agent = concat!("Pult/", env!("CARGO_PKG_VERSION"));
    Client::builder().redirect(Policy::none()).user_agent(agent).timeout(ANSWER).connect_timeout(CONNECTION).build()
}
