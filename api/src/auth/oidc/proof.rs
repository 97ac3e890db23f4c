use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use domain::identity::{Claims, is_incomplete, merged};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, IdTokenVerifier, Nonce,
    OAuth2TokenResponse as _, PkceCodeVerifier, RedirectUrl, RequestTokenError, TokenResponse as _,
    core::{CoreClientAuthMethod, CoreErrorResponseType},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{
    Connected, SignInError,
    known::{KeysRest, Known, told},
    protocol::{Client, Metadata, Tokens},
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
}

impl Connected {
    /// The client that the provider knows us as.
    pub(super) fn client(&self, metadata: Metadata, redirect: RedirectUrl) -> Client {
        let client_id = ClientId::new(self.config.client_id.clone());
        let secret = ClientSecret::new(self.config.client_secret.expose_secret().to_owned());
        Client::from_provider_metadata(metadata, client_id, Some(secret)).set_redirect_uri(redirect)
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
        let client = self.client(known.metadata.clone(), redirect);
        let tokens = self.exchange(client, &known.metadata, code, verifier).await?;
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
        let claims = self.completed(claims, &known.metadata, tokens.access_token()).await?;
        Ok(Proof { claims, sid, id_token: id_token.to_string().into() })
    }

    /// The token endpoint's answer. Our secret goes into the form, or, where that is not taken, into the header.
    async fn exchange(
        &self,
        client: Client,
        metadata: &Metadata,
        code: String,
        verifier: &SecretString,
    ) -> Result<Tokens, SignInError> {
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
            let request = client
                .exchange_code(AuthorizationCode::new(code.clone()))
                .map_err(|error| SignInError::Answer(error.to_string()))?
                .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()));
            let answer = request.request_async(&self.transport).await;
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

    /// The claims with what the provider says elsewhere, where something is missing. Read as it comes: one odd field of
    /// many must not keep a school out.
    async fn completed(&self, claims: Claims, metadata: &Metadata, token: &AccessToken) -> Result<Claims, SignInError> {
        let Some(place) = metadata.userinfo_endpoint().filter(|_| is_incomplete(&claims)) else {
            return Ok(claims);
        };
        let token = SecretString::from(token.secret().as_str());
        let said = self.transport.json(place.url(), Some(&token)).await.map_err(SignInError::away)?;
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
