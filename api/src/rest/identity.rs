use domain::{
    access::Action,
    identity::{Identity, scopes},
};
use salvo::{
    Depot, Writer,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{self, Body},
    views::{IdentityView, ListView, ProviderView},
};

/// Claims of somebody, and the provider that would make them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "claims": { "sub": "1", "preferred_username": "mia.maier" } })))]
pub(crate) struct Preview {
    /// What an ID token and userinfo say together.
    #[salvo(schema(value_type = Object))]
    claims: Map<String, Value>,
    /// The provider's id; the first one where nothing is said.
    provider: Option<String>,
}

/// Says who somebody with these claims would be
///
/// Nobody is made and nobody is signed in. The decision is the one that a sign-in makes, by the rules as they are
/// configured now.
#[endpoint(tags("people"), status_codes(200, 400, 401, 403, 404, 413, 415, 422, 429, 503))]
pub(crate) async fn preview(
    caller: Caller,
    depot: &mut Depot,
    body: Body<Preview>,
) -> Result<Json<IdentityView>, ApiError> {
    caller.may_with_any(Action::SeeIdentity)?;
    let Body(Preview { claims, provider }) = body;
    let provider = extract::app(depot).oidc.get(provider.as_deref());
    let provider = &provider.ok_or(ApiError::NotFound("identity provider"))?.config;
    let identity = Identity::of(&claims, &provider.rules);
    let identity = identity.map_err(|error| ApiError::Malformed(error.to_string()))?;
    Ok(Json(IdentityView::new(identity, provider)))
}

/// Lists the identity providers, with what they have to be told of us and what they do not release
#[endpoint(tags("people"), status_codes(200, 401, 403, 429, 503))]
pub(crate) async fn providers(caller: Caller, depot: &mut Depot) -> Result<Json<ListView<ProviderView>>, ApiError> {
    caller.may_with_any(Action::SeeIdentity)?;
    let app = extract::app(depot);
    let mut views = Vec::new();
    for provider in app.oidc.all() {
        let worked = app.store.sign_ins().scope_step(&provider.config.issuer).await?;
        let step = if provider.config.scopes.is_empty() { worked.map(|(step, _)| step) } else { Some(0) };
        let asked = step.and_then(|step| provider.config.scopes_at(step));
        let missing = asked.as_deref().map(scopes::missing).unwrap_or_default();
        views.push(ProviderView::new(&provider.config, &app.config.public_url, asked.unwrap_or_default(), missing));
    }
    Ok(Json(ListView::whole(views)))
}
