use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{JsonWebKey as _, core::CoreJwsSigningAlgorithm};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    Connected, SignInError,
    known::{KeysRest, Known},
    proof::SKEW,
};

/// The event that a logout token tells of (OpenID Connect Back-Channel Logout section 2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How old a token may be. A copy of an older one signs nobody out again.
const OLDEST: TimeDelta = TimeDelta::minutes(5);

/// Whom a provider says it has signed out. At least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignedOutThere {
    pub(super) subject: Option<String>,
    pub(super) sid: Option<String>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Said {
    iss: String,
    aud: Audience,
    iat: i64,
    exp: Option<i64>,
    sub: Option<String>,
    sid: Option<String>,
    events: Map<String, Value>,
    nonce: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Who a logout token says it is from. Nothing of it is certain.
pub(super) fn unverified_issuer(token: &str) -> Option<String> {
    let said: Said = part(token.split('.').nth(1)?)?;
    Some(said.iss)
}

impl Connected {
    /// Whom a logout token signs out, once it is certain that the provider says it, to us, and now (OpenID Connect
    /// Back-Channel Logout section 2.6). A token that signs somebody in, or is for anything else, is none.
    pub(super) async fn read_logout_token(&self, token: &str) -> Result<SignedOutThere, SignInError> {
        let known = self.known().await?;
        match self.read_with(&known, token) {
            Err(SignInError::Signature) => match self.known_with_newer_keys(&known, KeysRest::Needed).await? {
                Some(newer) => self.read_with(&newer, token),
                None => Err(SignInError::Signature),
            },
            read => read,
        }
    }

    fn read_with(&self, known: &Known, token: &str) -> Result<SignedOutThere, SignInError> {
        let malformed = || SignInError::Answer("this is no logout token".to_owned());
        let (signed, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (head, said) = signed.split_once('.').ok_or_else(malformed)?;
        let head: Head = part(head).ok_or_else(malformed)?;
        let said: Said = part(said).ok_or_else(malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
        let is_typed = head.typ.as_deref().is_none_or(|typ| {
            let typ = typ.to_ascii_lowercase();
            matches!(typ.trim_start_matches("application/"), "logout+jwt" | "jwt")
        });
        if head.alg != "RS256" || head.crit.is_some() || !is_typed {
            return Err(SignInError::Signature);
        }
        let fits = |key: &&openidconnect::core::CoreJsonWebKey| {
            head.kid.is_none() || key.key_id().map(|id| id.as_str()) == head.kid.as_deref()
        };
        let is_signed = known.keys.keys().iter().filter(fits).any(|key| {
            let alg = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
            key.verify_signature(&alg, signed.as_bytes(), &signature).is_ok()
        });
        if !is_signed {
            return Err(SignInError::Signature);
        }
        self.accept(said, Utc::now())
    }

    fn accept(&self, said: Said, now: DateTime<Utc>) -> Result<SignedOutThere, SignInError> {
        if said.iss != self.config.issuer {
            return Err(SignInError::Issuer);
        }
        let is_for_us = match &said.aud {
            Audience::One(audience) => *audience == self.config.client_id,
            Audience::Several(audiences) => audiences.contains(&self.config.client_id),
        };
        if !is_for_us {
            return Err(SignInError::Audience);
        }
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        let is_now = at(said.iat).is_some_and(|issued| issued <= now + SKEW && issued > now - OLDEST);
        let is_over = said.exp.is_some_and(|end| at(end).is_none_or(|end| end <= now - SKEW));
        if !is_now || is_over {
            return Err(SignInError::Expired);
        }
        // a token with a nonce signs somebody in, whatever else it says
        if said.nonce.is_some() || !said.events.get(EVENT).is_some_and(Value::is_object) {
            return Err(SignInError::Answer("the token tells of something else".to_owned()));
        }
        if said.sub.is_none() && said.sid.is_none() {
            return Err(SignInError::Answer("the token names nobody".to_owned()));
        }
        Ok(SignedOutThere { subject: said.sub, sid: said.sid })
    }
}

fn part<T: DeserializeOwned>(encoded: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}
