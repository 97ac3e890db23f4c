use chrono::TimeDelta;
use domain::{
    TokenId, UserId,
    access::{Action, Credential, Scope},
};
use salvo::{
    Depot, Writer,
    http::StatusCode,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use store::{Deed, NewToken};

use super::Created;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    extract::{self, Body, InPath, Window},
    views::{ListView, TokenView},
    word::Word,
};

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "name": "backup", "scopes": ["desktops:read"], "expires_days": 30 })))]
pub(crate) struct TokenInput {
    /// What its owner calls it, 1 to 80 characters.
    name: String,
    /// What it is good for; everything its owner may, where nothing is said.
    #[serde(default)]
    scopes: Vec<Word<Scope>>,
    /// Days until it ends, 1 to 3650; 365 where nothing is said.
    #[serde(default)]
    expires_days: Option<i64>,
}

/// A token with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenMade {
    #[serde(flatten)]
    #[salvo(schema(inline))]
    token: TokenView,
    /// What to send as `Authorization: Bearer …`.
    secret: String,
}

const DEFAULT_DAYS: i64 = 365;

/// Lists the caller's tokens
#[endpoint(tags("tokens"))]
pub(crate) async fn list(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<TokenView>>, ApiError> {
    caller.may_at_best(Action::ManageTokens)?;
    Ok(Json(extract::app(depot).store.tokens().page(caller.user, &window.0).await?.map(TokenView::from).into()))
}

/// Makes a token for the caller
///
/// A token cannot make one that may more than it may itself.
#[endpoint(tags("tokens"))]
pub(crate) async fn create(
    caller: Caller,
    input: Body<TokenInput>,
    depot: &mut Depot,
) -> Result<Created<TokenMade>, ApiError> {
    caller.may_at_best(Action::ManageTokens)?;
    let app = extract::app(depot);
    make(app, &caller, caller.user, input.0).await
}

/// Makes a token for somebody, that may no more than the caller.
pub(super) async fn make(
    app: &App,
    caller: &Caller,
    user: UserId,
    input: TokenInput,
) -> Result<Created<TokenMade>, ApiError> {
    let TokenInput { name, scopes, expires_days } = input;
    if !(1..=80).contains(&name.chars().count()) {
        return Err(ApiError::Malformed("name: expected 1 to 80 characters".to_owned()));
    }
    let days = expires_days.unwrap_or(DEFAULT_DAYS);
    if !(1..=3650).contains(&days) {
        return Err(ApiError::Malformed("expires_days: expected 1 to 3650".to_owned()));
    }
    let held = held_scopes(caller);
    let wanted: Vec<_> =
        if scopes.is_empty() { held.to_vec() } else { scopes.into_iter().map(|scope| scope.0).collect() };
    for scope in &wanted {
        caller.require_scope(*scope)?;
    }
    let new = NewToken { user, name: &name, scopes: &wanted, lifetime: Some(TimeDelta::days(days)) };
    let deed = Deed::of(caller.user, "token.create");
    let deed = if user == caller.user { deed } else { deed.with(serde_json::json!({ "user": user })) };
    let (token, secret) = app.store.noting(deed).tokens().create(&new).await?;
    let made = TokenMade { token: token.into(), secret: secret.expose_secret().to_owned() };
    Ok(Created(made))
}

/// Revokes a token of the caller's
#[endpoint(tags("tokens"), status_codes(204, 400, 401, 403, 404, 429, 503), responses((status_code = 204, description = "Revoked")))]
pub(crate) async fn revoke(
    caller: Caller,
    id: InPath<TokenId>,
    depot: &mut Depot,
    res: &mut salvo::Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::ManageTokens)?;
    end(app, &caller, caller.user, id.0).await?;
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Revokes a token of somebody's.
pub(super) async fn end(app: &App, caller: &Caller, user: UserId, id: TokenId) -> Result<(), ApiError> {
    let deed = Deed::of(caller.user, "token.delete").on(id);
    if !app.store.noting(deed).tokens().revoke(user, id).await? {
        return Err(ApiError::NotFound("token"));
    }
    app.presence.end(&Credential::Token(id, Vec::new()));
    Ok(())
}

fn held_scopes(caller: &Caller) -> &[Scope] {
    match &caller.credential {
        Credential::Token(_, scopes) => scopes,
        Credential::Session(_) => &[],
    }
}
