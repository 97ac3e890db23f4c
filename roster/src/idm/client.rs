use std::{collections::HashSet, time::Duration};

use reqwest::{Method, RequestBuilder, StatusCode, redirect::Policy};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{
    Access, Config,
    answer::{Next, Odd, Page, Row},
};

/// How long one answer may take, and the connection.
const ANSWER: Duration = Duration::from_secs(30);
const CONNECTION: Duration = Duration::from_secs(4);
/// Octets of one answer that are read.
const LARGEST: usize = 16 * 1024 * 1024;
/// Pages of one list, and what may be on them all: no school has more.
const MOST_PAGES: u32 = 1000;
const MOST_ITEMS: usize = 100_000;
/// What a token is asked for.
const SCOPE: &str = "iserv:idm:api-read";

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There was no answer.
    #[error("the IDM API does not answer")]
    Http(#[from] reqwest::Error),
    /// It was not one to be read: it is refused, elsewhere, or broken.
    #[error("{0} answers {1}")]
    Status(String, StatusCode),
    /// It is not JSON.
    #[error("{0} does not answer in JSON")]
    Json(String),
    /// It is larger than any school's.
    #[error("the answer is larger than any school's list")]
    TooLarge,
    /// It leads somewhere else.
    #[error("the answer leads to another origin, {0}")]
    Foreign(String),
    /// It leads round and round.
    #[error("the pages of {0} do not end")]
    Endless(String),
    /// It makes no sense.
    #[error(transparent)]
    Odd(#[from] Odd),
}

/// Asks one IServ. Certificates are checked against the system's roots; redirects are not followed, since what we prove
/// ourselves with is for one origin only.
pub(super) struct Client<'a> {
    http: reqwest::Client,
    config: &'a Config,
    bearer: Option<SecretString>,
}

impl<'a> Client<'a> {
    pub(super) async fn connect(config: &'a Config) -> Result<Self, FetchError> {
        let agent = concat!("Pult/", env!("CARGO_PKG_VERSION"));
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .user_agent(agent)
            .timeout(ANSWER)
            .connect_timeout(CONNECTION)
            .build()?;
        let mut client = Self { http, config, bearer: None };
        if let Access::Client { id, secret, token_url } = &config.access {
            let url = match token_url {
                Some(url) => url.clone(),
                None => client.token_url().await?,
            };
            client.bearer = Some(client.token(url, id, secret).await?);
        }
        Ok(client)
    }

    /// Where tokens are made, as IServ says (OpenID Connect Discovery section 4).
    async fn token_url(&self) -> Result<Url, FetchError> {
        let document = self.ask(self.http.get(self.at("/.well-known/openid-configuration")?)).await?;
        let url = document["token_endpoint"].as_str().ok_or(Odd("there is no token_endpoint"))?;
        self.ours(url, &self.config.url)
    }

    async fn token(&self, url: Url, id: &str, secret: &SecretString) -> Result<SecretString, FetchError> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", id)
            .append_pair("client_secret", secret.expose_secret())
            .append_pair("scope", SCOPE)
            .finish();
        let request = self.http.request(Method::POST, url);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = self.ask(request).await?;
        let token = answer["access_token"].as_str().ok_or(Odd("there is no access_token"))?;
        Ok(token.into())
    }

    /// A whole list, each item once.
    pub(super) async fn list<T: DeserializeOwned + Row>(&self, path: &str) -> Result<Vec<T>, FetchError> {
        let mut url = self.at(path)?;
        let (mut items, mut seen, mut visited) = (Vec::new(), HashSet::new(), HashSet::new());
        for page in 1..=MOST_PAGES {
            if !visited.insert(url.clone()) {
                return Err(FetchError::Endless(path.to_owned()));
            }
            let answer = Page::<T>::of(self.ask(self.authorised(url.clone())).await?)?;
            let before = items.len();
            items.extend(answer.items.into_iter().filter(|item| seen.insert(item.key().to_owned())));
            if items.len() > MOST_ITEMS {
                return Err(FetchError::TooLarge);
            }
            url = match answer.next {
                Next::End => return Ok(items),
                // an empty page, or one that was there before, of a server that knows no pages
                Next::Numbered if items.len() == before => return Ok(items),
                Next::Numbered => {
                    let mut next = self.at(path)?;
                    next.set_query(Some(&format!("page={}", page + 1)));
                    next
                }
                Next::At(next) => self.ours(&next, &url)?,
            };
        }
        Err(FetchError::Endless(path.to_owned()))
    }

    fn at(&self, path: &str) -> Result<Url, FetchError> {
        self.config.url.join(path).map_err(|_| Odd("no address").into())
    }

    /// An address that an answer gave, if it is IServ's own.
    fn ours(&self, address: &str, base: &Url) -> Result<Url, FetchError> {
        let url = base.join(address).map_err(|_| Odd("no address"))?;
        if url.origin() == self.config.url.origin() { Ok(url) } else { Err(FetchError::Foreign(place(&url))) }
    }

    fn authorised(&self, url: Url) -> RequestBuilder {
        let request = self.http.get(url);
        match (&self.config.access, &self.bearer) {
            (Access::Header(secret), _) => request.header("x-iserv-authentication", secret.expose_secret()),
            (_, Some(token)) => request.bearer_auth(token.expose_secret()),
            (_, None) => request,
        }
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value, FetchError> {
        let mut answer = request.header("accept", "application/json").send().await?;
        let place = place(answer.url());
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(place, answer.status()));
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await? {
            if body.len() + part.len() > LARGEST {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&part);
        }
        serde_json::from_slice(&body).map_err(|_| FetchError::Json(place))
    }
}

/// An address as it may be logged.
fn place(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}
