use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use openidconnect::{JsonWebKeySet, core::CoreJsonWebKey};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use url::Url;

use super::{Connected, SignInError, protocol::Metadata, transport::TransportError};

/// How long what a provider says of itself counts. Afterwards it counts until there is something newer.
const FRESH: Duration = Duration::from_hours(1);
/// Before somebody is led to a provider it has to have answered since: they would find nobody there.
const AWAKE: Duration = Duration::from_secs(10);
/// A provider that did not answer is not asked again for this long: a class that comes at once does not wait in turn.
const REST: Duration = Duration::from_secs(2);
/// Strangers cannot make us load keys more often than this.
const KEYS_REST: Duration = Duration::from_secs(10);
/// Where a provider says what it is (OpenID Connect Discovery section 4).
const DOCUMENT: &str = ".well-known/openid-configuration";

/// What a provider says of itself.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) metadata: Metadata,
    pub(super) keys: JsonWebKeySet<CoreJsonWebKey>,
    /// When the keys were asked for.
    pub(super) keys_at: Instant,
    at: Instant,
}

/// Asks a provider what it is, once for all who want to know.
#[derive(Debug, Default)]
pub(super) struct Directory {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    known: Option<Arc<Known>>,
    failed: Option<(Instant, Arc<KnownError>)>,
}

/// Why a provider is not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum KnownError {
    #[error("its discovery document cannot be loaded")]
    Transport(#[from] TransportError),
    #[error("its discovery document is not one: {0}")]
    Document(String),
    #[error("its keys cannot be loaded: {0}")]
    Keys(String),
}

impl Connected {
    /// What the provider says of itself; what it said last, where it does not answer now.
    pub(super) async fn known(&self) -> Result<Arc<Known>, SignInError> {
        let mut held = self.directory.held.lock().await;
        let asked = self.ask(&mut held, FRESH).await;
        asked.or_else(|error| held.known.clone().ok_or_else(|| SignInError::away(error)))
    }

    /// What the provider says of itself, if it has answered a moment ago.
    pub(super) async fn awake(&self) -> Result<Arc<Known>, SignInError> {
        let mut held = self.directory.held.lock().await;
        self.ask(&mut held, AWAKE).await.map_err(SignInError::away)
    }

    async fn ask(&self, held: &mut Held, fresh: Duration) -> Result<Arc<Known>, Arc<KnownError>> {
        if let Some(known) = held.known.as_ref().filter(|known| known.at.elapsed() < fresh) {
            return Ok(Arc::clone(known));
        }
        if let Some((_, error)) = held.failed.as_ref().filter(|(at, _)| at.elapsed() < REST) {
            return Err(Arc::clone(error));
        }
        match self.discover().await {
            Ok(known) => {
                let known = Arc::new(known);
                *held = Held { known: Some(Arc::clone(&known)), failed: None };
                Ok(known)
            }
            Err(error) => {
                let error = Arc::new(error);
                tracing::warn!(
                    provider = self.config.id,
                    error = &*error as &dyn std::error::Error,
                    "an identity provider cannot be asked what it is"
                );
                held.failed = Some((Instant::now(), Arc::clone(&error)));
                Err(error)
            }
        }
    }

    /// The same with keys that were loaded after those which are not enough, if that can be.
    pub(super) async fn known_with_newer_keys(
        &self,
        than: &Known,
        rest: KeysRest,
    ) -> Result<Option<Arc<Known>>, SignInError> {
        let mut held = self.directory.held.lock().await;
        if let Some(known) = held.known.as_ref().filter(|known| known.keys_at > than.keys_at) {
            return Ok(Some(Arc::clone(known)));
        }
        if rest == KeysRest::Needed && than.keys_at.elapsed() < KEYS_REST {
            return Ok(None);
        }
        let keys_at = Instant::now();
        let keys = self.keys(&than.metadata).await.map_err(SignInError::away)?;
        let known = Arc::new(Known { metadata: than.metadata.clone(), keys, keys_at, at: than.at });
        held.known = Some(Arc::clone(&known));
        Ok(Some(known))
    }

    /// Whether it says what it is at all; if not, why.
    pub(super) async fn answers(&self) -> Result<(), String> {
        self.discover().await.map(drop).map_err(|error| told(&error))
    }

    async fn discover(&self) -> Result<Known, KnownError> {
        let at = Instant::now();
        let document = self.document().await?;
        let metadata: Metadata =
            serde_json::from_value(Value::Object(document)).map_err(|error| KnownError::Document(error.to_string()))?;
        if metadata.issuer().as_str() != self.config.issuer {
            let detail = format!("it is {}, not {}", metadata.issuer().as_str(), self.config.issuer);
            return Err(KnownError::Document(detail));
        }
        let keys = self.keys(&metadata).await?;
        Ok(Known { metadata, keys, keys_at: at, at })
    }

    /// The discovery document with what is configured besides. Where all it is needed for is configured, none is asked
    /// for: old servers have none.
    async fn document(&self) -> Result<Map<String, Value>, KnownError> {
        let endpoints = &self.config.endpoints;
        let configured = |name| endpoints.iter().any(|(known, _)| *known == name);
        let mut document = if ["authorization_endpoint", "token_endpoint", "jwks_uri"].into_iter().all(configured) {
            let mut document = Map::new();
            document.insert("issuer".to_owned(), json!(self.config.issuer));
            document
        } else {
            let place = format!("{}/{DOCUMENT}", self.config.issuer.trim_end_matches('/'));
            let place = Url::parse(&place).map_err(|error| KnownError::Document(error.to_string()))?;
            match self.transport.json(&place, None).await? {
                Value::Object(document) => document,
                _ => return Err(KnownError::Document("no object".to_owned())),
            }
        };
        for (name, url) in endpoints {
            document.insert((*name).to_owned(), json!(url.as_str()));
        }
        // required by the specification, of no use to us, and not there everywhere
        for (name, usual) in [
            ("response_types_supported", "code"),
            ("subject_types_supported", "public"),
            ("id_token_signing_alg_values_supported", "RS256"),
        ] {
            document.entry(name).or_insert_with(|| json!([usual]));
        }
        Ok(document)
    }

    async fn keys(&self, metadata: &Metadata) -> Result<JsonWebKeySet<CoreJsonWebKey>, KnownError> {
        let keys = JsonWebKeySet::fetch_async(metadata.jwks_uri(), &self.transport).await;
        keys.map_err(|error| KnownError::Keys(told(&error)))
    }
}

/// Whether newer keys are loaded at once, or only if the last ones are not that new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeysRest {
    /// At once: the provider itself gave us what they are for.
    Unneeded,
    /// Anybody may have given it to us.
    Needed,
}

/// An error with its causes.
pub(super) fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}
