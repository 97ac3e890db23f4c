//! Asks providers again who people are whose sessions are in use, so that a role or a class that somebody has lost does
//! not last as long as the session.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::identity::{Claims, Identity};
use secrecy::{ExposeSecret as _, SecretString};
use store::{AskAgain, ProviderTokens};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::SignInError;
use crate::{app::App, error::ApiError};

/// How often it is looked whether somebody is to be asked about, at most.
const LOOK: Duration = Duration::from_secs(10);

/// Asks until shutdown. It looks at sessions that are in use and whose provider has not been asked for a while, and
/// changes names, role and groups of their people. Running it twice is harmless: each session is taken by one, and what
/// a provider says is taken over as a whole.
///
/// A provider that is away changes nothing, and is asked again later. One that refuses is not asked again: the session
/// goes on until it ends.
pub(crate) async fn ask_again(app: App, shutdown: CancellationToken) {
    if app.oidc.all().is_empty() {
        return;
    }
    let after = app.config.ask_again_after;
    let look = after.to_std().map_or(LOOK, |after| LOOK.min(after));
    while shutdown.run_until_cancelled(tokio::time::sleep(look)).await.is_some() {
        loop {
            match app.store.sessions().ask_again(after).await {
                Ok(None) => break,
                Ok(Some(again)) => match shutdown.run_until_cancelled(about(&app, &again)).await {
                    Some(Ok(())) => {}
                    Some(Err(error)) => {
                        let error = &error as &dyn std::error::Error;
                        warn!(provider = again.provider, error, "a provider cannot be asked again who somebody is");
                        break;
                    }
                    None => return,
                },
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "it is not known whom to ask about");
                    break;
                }
            }
        }
    }
}

/// Asks about one person.
async fn about(app: &App, again: &AskAgain) -> Result<(), ApiError> {
    let sessions = app.store.sessions();
    let Some((provider, claims)) = app.oidc.get(Some(&again.provider)).zip(said(&again.id_token)) else {
        return Ok(sessions.keep_tokens(again.session, None).await?);
    };
    let told = match provider.tell_again(claims.clone(), &again.access).await {
        Err(SignInError::Denied(why)) => match &again.refresh {
            Some(refresh) => match provider.renew(refresh).await {
                Ok(renewed) => {
                    let tokens =
                        ProviderTokens { access: &renewed.access, refresh: renewed.refresh.as_ref().or(Some(refresh)) };
                    sessions.keep_tokens(again.session, Some(tokens)).await?;
                    provider.tell_again(claims, &renewed.access).await
                }
                Err(error) => Err(error),
            },
            None => Err(SignInError::Denied(why)),
        },
        told => told,
    };
    let claims = match told {
        Ok(claims) => claims,
        Err(error @ SignInError::Away(_)) => return Err(error.into()),
        Err(error) => {
            sessions.keep_tokens(again.session, None).await?;
            return Err(error.into());
        }
    };
    let identity = Identity::of(&claims, &provider.config.rules);
    let identity = identity.map_err(|error| SignInError::Answer(error.to_string()))?;
    app.store.users().told_again(&provider.config.issuer, &identity).await?;
    Ok(())
}

/// What an ID token says that was checked when somebody signed in with it, and that nobody has seen since.
fn said(id_token: &SecretString) -> Option<Claims> {
    let payload = id_token.expose_secret().split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}
