use std::net::IpAddr;

use domain::access::{Credential, Role};
use salvo::{
    Depot, Request, Response, Writer,
    http::{StatusCode, header},
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::{Deed, LoginError};

use super::{Caller, caller::end_former, cookie::SESSION, origin};
use crate::{
    Config,
    client_address::client_address,
    error::ApiError,
    extract::{self, Body},
};

/// A local account's name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "username": "admin", "password": "a long password" })))]
pub(crate) struct Credentials {
    /// Name to sign in with.
    username: String,
    /// Its password.
    #[salvo(schema(value_type = String))]
    password: SecretString,
}

/// Signs a local account in
#[endpoint(tags("session"), status_codes(204, 400, 401, 403, 413, 415, 422, 429, 503), responses((status_code = 204, description = "Signed in; the session is in the cookie")))]
pub(crate) async fn login(
    req: &mut Request,
    depot: &mut Depot,
    res: &mut Response,
    credentials: Body<Credentials>,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    if !app.config.local_accounts {
        return Err(ApiError::LocalAccountsOff);
    }
    if !origin::is_ours(req, &app.config.public_url) {
        return Err(origin::refusal(req));
    }
    let Body(Credentials { username, password }) = credentials;
    let account = username.trim().to_lowercase();
    if let Some(pause) = app.attempts.pause(&account) {
        return Err(ApiError::TooManyAttempts(pause));
    }
    let user = match app.store.users().check_password(&account, password).await {
        Ok(user) => user,
        Err(LoginError::Wrong) => {
            app.attempts.failed(&account);
            return Err(ApiError::CredentialsWrong);
        }
        Err(LoginError::Store(error)) => return Err(error.into()),
    };
    app.attempts.succeeded(&account);
    if user.role == Role::Admin && !may_administer_from(client_address(req, &app.config.trusted_proxies), &app.config) {
        let detail = serde_json::json!({ "code": "address_not_allowed" });
        app.store.audit().record(Some(user.id), "session.refuse", None, Some(detail)).await?;
        return Err(ApiError::AddressNotAllowed);
    }
    let user_agent = req.header::<&str>(header::USER_AGENT);
    let store = app.store.noting(Deed::of(user.id, "session.create"));
    let (_, secret) = store.sessions().create(user.id, user_agent).await?;
    end_former(app, req, user.id).await?;
    SESSION.write(res, &secret, app.config.is_secure());
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Whether a local administrator may sign in from an address.
fn may_administer_from(address: IpAddr, config: &Config) -> bool {
    config.local_admins_from.is_empty() || config.local_admins_from.iter().any(|net| net.contains(&address))
}

/// Signs out
#[endpoint(tags("session"), status_codes(204, 401, 403, 429, 503), responses((status_code = 204, description = "Signed out")))]
pub(crate) async fn logout(caller: Caller, depot: &mut Depot, res: &mut Response) -> Result<(), ApiError> {
    let app = extract::app(depot);
    if let Credential::Session(session) = caller.credential {
        app.store.noting(Deed::of(caller.user, "session.end").on(session)).sessions().end(session).await?;
        app.presence.end(&caller.credential);
        SESSION.clear(res, app.config.is_secure());
    }
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// The ways to sign in.
#[derive(Serialize, ToSchema)]
#[salvo(schema(name = AuthMethods))]
pub(crate) struct Methods {
    /// By name and password.
    local: bool,
    /// By an identity provider.
    oidc: bool,
    /// The identity providers, the first one first.
    providers: Vec<ProviderMethod>,
}

/// An identity provider by which one can sign in.
#[derive(Serialize, ToSchema)]
#[salvo(schema(name = AuthProvider))]
pub(crate) struct ProviderMethod {
    /// What it is called in addresses.
    id: String,
    /// What people call it.
    name: String,
    /// Where a browser begins; `&next=` with a path of ours leads back there.
    url: String,
}

/// How one can sign in
#[endpoint(tags("session"))]
pub(crate) async fn methods(depot: &mut Depot) -> Json<Methods> {
    let app = extract::app(depot);
    let providers = app.oidc.all().iter().map(|provider| ProviderMethod {
        url: format!("/auth/login?provider={}", provider.config.id),
        id: provider.config.id.clone(),
        name: provider.config.name.clone(),
    });
    let providers: Vec<_> = providers.collect();
    Json(Methods { local: app.config.local_accounts, oidc: !providers.is_empty(), providers })
}
