//! Accounts of programs, which have tokens and nothing to sign in with.

use domain::{
    TokenId,
    access::{Action, Role},
};
use salvo::{
    Depot, Writer,
    http::StatusCode,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use serde::Deserialize;
use serde_json::json;
use store::{Deed, User};

use super::{
    Created, Placed,
    provisioning::{end, word},
    tokens::{TokenInput, TokenMade},
};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    extract::{self, Body, InPath, Window},
    views::{ListView, TokenView, UserView},
    word::Word,
};

/// A program's account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(name = ServiceAccountInput, example = json!({ "display_name": "IServ", "role": "admin" })))]
pub(crate) struct ServiceInput {
    /// What people call it, 1 to 200 characters.
    display_name: String,
    /// What it may at most; its tokens may be held to less.
    role: Word<Role>,
}

/// Lists service accounts
#[endpoint(tags("service accounts"))]
pub(crate) async fn list(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<UserView>>, ApiError> {
    caller.may_with_any(Action::ManageServices)?;
    Ok(Json(extract::app(depot).store.services().page(&window.0).await?.map(UserView::from).into()))
}

/// Makes a service account, or changes it
///
/// It cannot sign in; it has tokens only.
#[endpoint(tags("service accounts"))]
pub(crate) async fn put(
    caller: Caller,
    name: InPath<String>,
    input: Body<ServiceInput>,
    depot: &mut Depot,
) -> Result<Placed<UserView>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::ManageServices)?;
    let mut wrong = Vec::new();
    let name = word(&name.0, ("name", 100, "1 to 100 characters"), &mut wrong);
    let display_name = word(&input.0.display_name, ("display_name", 200, "1 to 200 characters"), &mut wrong);
    if !wrong.is_empty() {
        return Err(ApiError::Fields(wrong));
    }
    let role = input.0.role.0;
    let deed = Deed::of(caller.user, "service_account.put").with(json!({ "role": role }));
    let (account, is_new) = app.store.noting(deed).services().put(&name, &display_name, role).await?;
    Ok(Placed::new(is_new, account.into()))
}

/// Closes a service account, and destroys its tokens
#[endpoint(tags("service accounts"), status_codes(204, 400, 401, 403, 404, 429, 503), responses((status_code = 204, description = "Closed")))]
pub(crate) async fn close(
    caller: Caller,
    name: InPath<String>,
    depot: &mut Depot,
    res: &mut salvo::Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::ManageServices)?;
    let store = app.store.noting(Deed::of(caller.user, "service_account.close"));
    let (_, ended) = store.services().close(&name.0).await?.ok_or(ApiError::NotFound("service account"))?;
    end(app, ended);
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Lists a service account's tokens
#[endpoint(tags("service accounts"))]
pub(crate) async fn tokens(
    caller: Caller,
    name: InPath<String>,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<TokenView>>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::ManageServices)?;
    let account = find(app, &name.0).await?;
    Ok(Json(app.store.tokens().page(account.id, &window.0).await?.map(TokenView::from).into()))
}

/// Makes a token for a service account
///
/// A token cannot make one that may more than it may itself.
#[endpoint(tags("service accounts"))]
pub(crate) async fn create_token(
    caller: Caller,
    name: InPath<String>,
    input: Body<TokenInput>,
    depot: &mut Depot,
) -> Result<Created<TokenMade>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::ManageServices)?;
    let account = find(app, &name.0).await?;
    super::tokens::make(app, &caller, account.id, input.0).await
}

/// Revokes a token of a service account
#[endpoint(tags("service accounts"), status_codes(204, 400, 401, 403, 404, 429, 503), responses((status_code = 204, description = "Revoked")))]
pub(crate) async fn revoke_token(
    caller: Caller,
    name: InPath<String>,
    id: InPath<TokenId>,
    depot: &mut Depot,
    res: &mut salvo::Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::ManageServices)?;
    let account = find(app, &name.0).await?;
    super::tokens::end(app, &caller, account.id, id.0).await?;
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

async fn find(app: &App, name: &str) -> Result<User, ApiError> {
    app.store.services().get(name).await?.ok_or(ApiError::NotFound("service account"))
}
