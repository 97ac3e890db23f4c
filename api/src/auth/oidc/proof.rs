use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use domain::identity::{Claims, is_incomplete, merged};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, IdTokenVerifier, Nonce,
    OAuth2TokenResponse as _, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, TokenResponse as _,
    core::{CoreClientAuthMethod, CoreErrorResponseType},
};
use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{
    Connected, SignInError,
    known::{KeysRest, Known, told},
    protocol::{Client, Metadata, Tokens},
    transport::TransportError,
};

/// How far a provider's clock and ours may be apart.
pub(super) const SKEW: TimeDelta = TimeDelta::seconds(60);

/// What a provider has vouched for.
pub(super) struct Proof {
    /// All that it says of somebody.
    pub(super) claims: Claims,
    /// The session's id there.
    pub(super) sid: Option<String>,
    /// The token itself.
    pub(super) id_token: SecretString,
    /// With what it can be asked again.
    pub(super) tokens: Renewed,
    /// Whether it tells when it has signed somebody out.
    pub(super) tells_of_its_end: bool,
}

/// With what a provider can be asked who somebody is.
pub(super) struct Renewed {
    pub(super) access: SecretString,
    pub(super) refresh: Option<SecretString>,
}

impl Renewed {
    fn of(tokens: &Tokens) -> Self {
        Self {
            access: tokens.access_token().secret().as_str().into(),
            refresh: tokens.refresh_token().map(|token| token.secret().as_str().into()),
        }
    }
}

/// What is exchanged for tokens.
enum Grant<'a> {
    Code { code: String, verifier: &'a SecretString },
    Refresh(&'a SecretString),
}

impl Connected {
    /// The client that the provider knows us as.
    pub(super) fn client(&self, metadata: Metadata, redirect: Option<RedirectUrl>) -> Client {
        let client_id = ClientId::new(self.config.client_id.clone());
        let secret = ClientSecret::new(self.config.client_secret.expose_secret().to_owned());
        let client = Client::from_provider_metadata(metadata, client_id, Some(secret));
        match redirect {
            Some(redirect) => client.set_redirect_uri(redirect),
            None => client,
        }
    }

    /// Exchanges a code for what the provider says of somebody.
    pub(super) async fn redeem(
        &self,
        code: String,
        verifier: &SecretString,
        nonce: &SecretString,
        redirect: RedirectUrl,
    ) -> Result<Proof, SignInError> {
        let known = self.known().await?;
        let client = self.client(known.metadata.clone(), Some(redirect));
        let tokens = self.exchange(client, &known.metadata, Grant::Code { code, verifier }).await?;
        let id_token = tokens.id_token().ok_or_else(|| SignInError::Answer("there is no ID token".to_owned()))?;
        let nonce = Nonce::new(nonce.expose_secret().to_owned());
        let claims = match self.check(&known, &tokens, &nonce) {
            // keys change: those we know may be of before
            Err(SignInError::Signature) => match self.known_with_newer_keys(&known, KeysRest::Unneeded).await? {
                Some(newer) => self.check(&newer, &tokens, &nonce)?,
                None => return Err(SignInError::Signature),
            },
            checked => checked?,
        };
        let sid = claims.get("sid").and_then(Value::as_str).map(str::to_owned);
        let renewed = Renewed::of(&tokens);
        let claims =
            if is_incomplete(&claims) { self.completed(claims, &known, &renewed.access).await? } else { claims };
        Ok(Proof {
            claims,
            sid,
            id_token: id_token.to_string().into(),
            tokens: renewed,
            tells_of_its_end: known.metadata.additional_metadata().backchannel_logout_supported,
        })
    }

    /// What the provider says by now of somebody whom an ID token described.
    pub(super) async fn tell_again(&self, claims: Claims, access: &SecretString) -> Result<Claims, SignInError> {
        let known = self.known().await?;
        if known.metadata.userinfo_endpoint().is_none() {
            return Err(SignInError::Denied("there is no userinfo".to_owned()));
        }
        self.completed(claims, &known, access).await
    }

    /// Gets another access token.
    pub(super) async fn renew(&self, refresh: &SecretString) -> Result<Renewed, SignInError> {
        let known = self.known().await?;
        let client = self.client(known.metadata.clone(), None);
        let tokens = self.exchange(client, &known.metadata, Grant::Refresh(refresh)).await?;
        Ok(Renewed::of(&tokens))
    }

    /// The token endpoint's answer. Our secret goes into the form, or, where that is not taken, into the header.
    async fn exchange(&self, client: Client, metadata: &Metadata, grant: Grant<'_>) -> Result<Tokens, SignInError> {
        let offered = metadata.token_endpoint_auth_methods_supported();
        let takes_form = offered.is_none_or(|offered| offered.contains(&CoreClientAuthMethod::ClientSecretPost));
        let ways = if takes_form == self.other_way.load(Ordering::Relaxed) {
            [AuthType::BasicAuth, AuthType::RequestBody]
        } else {
            [AuthType::RequestBody, AuthType::BasicAuth]
        };
        let mut client = client;
        for (way, is_second) in ways.into_iter().zip([false, true]) {
            client = client.set_auth_type(way);
            let nowhere = |error: openidconnect::ConfigurationError| SignInError::Answer(error.to_string());
            let answer = match &grant {
                Grant::Code { code, verifier } => {
                    let request = client.exchange_code(AuthorizationCode::new(code.clone())).map_err(nowhere)?;
                    let verifier = PkceCodeVerifier::new(verifier.expose_secret().to_owned());
                    request.set_pkce_verifier(verifier).request_async(&self.transport).await
                }
                Grant::Refresh(token) => {
                    let token = RefreshToken::new(token.expose_secret().to_owned());
                    let request = client.exchange_refresh_token(&token).map_err(nowhere)?;
                    request.request_async(&self.transport).await
                }
            };
            match answer {
                Ok(tokens) => {
                    if is_second {
                        self.other_way.fetch_not(Ordering::Relaxed);
                    }
                    return Ok(tokens);
                }
                Err(RequestTokenError::ServerResponse(refusal)) => match refusal.error() {
                    CoreErrorResponseType::InvalidClient if !is_second => {}
                    CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => break,
                    CoreErrorResponseType::InvalidScope => return Err(SignInError::Scopes),
                    _ => return Err(SignInError::Answer(refusal.to_string())),
                },
                Err(RequestTokenError::Request(error)) => return Err(SignInError::away(error)),
                Err(error) => return Err(SignInError::Answer(told(&error))),
            }
        }
        Err(SignInError::Client)
    }

    /// What an ID token says, once it is certain who says it, to whom, when and for which sign-in (OpenID Connect Core
    /// section 3.1.3.7). Only RS256: what a provider signs with is not the token's to choose.
    fn check(&self, known: &Known, tokens: &Tokens, nonce: &Nonce) -> Result<Claims, SignInError> {
        let id_token = tokens.id_token().ok_or_else(|| SignInError::Answer("there is no ID token".to_owned()))?;
        let now = Utc::now();
        let verifier = IdTokenVerifier::new_public_client(
            ClientId::new(self.config.client_id.clone()),
            known.metadata.issuer().clone(),
            known.keys.clone(),
        )
        .set_time_fn(|| now - SKEW)
        .set_issue_time_verifier_fn(|issued| {
            if issued <= now + SKEW { Ok(()) } else { Err("issued in the future".to_owned()) }
        });
        let claims = id_token.claims(&verifier, nonce).map_err(refused)?;
        // a token that verified is one of ours to write again
        let Ok(Value::Object(claims)) = serde_json::to_value(claims) else {
            return Err(SignInError::Answer("the ID token is no object".to_owned()));
        };
        let is_for_us = claims.get("azp").is_none_or(|party| party.as_str() == Some(&self.config.client_id));
        if !is_for_us {
            return Err(SignInError::Audience);
        }
        if claims.get("nbf").is_some_and(|time| !has_begun(time, now)) {
            return Err(SignInError::Expired);
        }
        Ok(claims)
    }

    /// The claims with what the provider says elsewhere. Read as it comes: one odd field of many must not keep a school
    /// out.
    async fn completed(&self, claims: Claims, known: &Known, access: &SecretString) -> Result<Claims, SignInError> {
        let Some(place) = known.metadata.userinfo_endpoint() else {
            return Ok(claims);
        };
        let said = self.transport.json(place.url(), Some(access)).await.map_err(|error| match error {
            TransportError::Status(_, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                SignInError::Denied("userinfo is refused".to_owned())
            }
            error => SignInError::away(error),
        })?;
        let Value::Object(said) = said else {
            return Err(SignInError::Answer("userinfo is no object".to_owned()));
        };
        // it may be another's, and then must not be used (OpenID Connect Core section 5.3.2)
        if said.get("sub").is_none_or(|sub| claims.get("sub") != Some(sub)) {
            return Err(SignInError::Subject);
        }
        Ok(merged(claims, said))
    }
}

/// Whether a time of a token has come. What is no time has not.
fn has_begun(time: &Value, now: DateTime<Utc>) -> bool {
    #[expect(clippy::cast_possible_truncation, reason = "seconds: what is cut off is less than one, or never comes")]
    let seconds = time.as_i64().or_else(|| time.as_f64().map(|seconds| seconds as i64));
    seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).is_some_and(|time| time <= now + SKEW)
}

/// What is wrong with an ID token.
fn refused(error: ClaimsVerificationError) -> SignInError {
    tracing::warn!(error = &error as &dyn std::error::Error, "an ID token was refused");
    match error {
        ClaimsVerificationError::Expired(_) => SignInError::Expired,
        ClaimsVerificationError::InvalidAudience(_) => SignInError::Audience,
        ClaimsVerificationError::InvalidIssuer(_) => SignInError::Issuer,
        ClaimsVerificationError::InvalidNonce(_) => SignInError::Nonce,
        ClaimsVerificationError::SignatureVerification(_) => SignInError::Signature,
        other => SignInError::Answer(other.to_string()),
    }
}
