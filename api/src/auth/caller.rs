use domain::{
    UserId,
    access::{Credential, Principal},
};
use salvo::{
    Depot, Request,
    extract::{Extractible, Metadata},
    http::{Method, header},
    oapi::{Components, EndpointArgRegister, Operation},
};
use secrecy::SecretString;
use store::{Deed, User};
use subtle::ConstantTimeEq;

use super::{cookie::SESSION, origin};
use crate::{app::App, error::ApiError, extract, pace::Ask};

/// Somebody who is signed in, as handlers take them.
pub(crate) struct Caller {
    /// Who, and what they may.
    pub(crate) principal: Principal,
    /// The token that pages of this session send with unsafe requests.
    pub(crate) csrf_token: Option<String>,
}

impl std::ops::Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

/// The header with which a page proves that it is ours.
const CSRF_HEADER: &str = "x-csrf-token";

/// Where desktops are wished for.
const DESKTOPS: &str = "/api/v1/desktops";

/// Who asks. With a cookie, whatever changes something must come from a page of ours that can prove it.
pub(crate) async fn identify(app: &App, req: &Request) -> Result<Caller, ApiError> {
    if let Some(authorization) = req.headers().get(header::AUTHORIZATION) {
        let token = authorization
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| SecretString::from(token.trim()));
        return by_token(app, token.ok_or(ApiError::Unauthenticated)?).await;
    }
    by_cookie(app, req).await
}

async fn by_token(app: &App, secret: SecretString) -> Result<Caller, ApiError> {
    let ask = async {
        let (token, user) = app.store.tokens().find(&secret).await?.ok_or(ApiError::Unauthenticated)?;
        principal(app, user, Credential::Token(token.id, token.scopes)).await
    };
    let principal = app.presence.recall.recognise(&secret, ask).await?;
    Ok(Caller { principal, csrf_token: None })
}

async fn by_cookie(app: &App, req: &Request) -> Result<Caller, ApiError> {
    let secret = SESSION.read(req, app.config.is_secure())?.ok_or(ApiError::Unauthenticated)?;
    let ask = async {
        let (session, user) = app.store.sessions().find(&secret).await?.ok_or(ApiError::Unauthenticated)?;
        principal(app, user, Credential::Session(session)).await
    };
    let principal = app.presence.recall.recognise(&secret, ask).await?;
    let csrf_token = store::csrf_token(&secret);
    if origin::asks_for_a_foreign_page(req) {
        return Err(ApiError::OriginForeign);
    }
    if is_unsafe(req.method()) {
        if !origin::is_ours(req, &app.config.public_url) {
            return Err(origin::refusal(req));
        }
        let sent = req.headers().get(CSRF_HEADER).map(salvo::http::HeaderValue::as_bytes).unwrap_or_default();
        if !bool::from(sent.ct_eq(csrf_token.as_bytes())) {
            return Err(ApiError::CsrfToken);
        }
    }
    Ok(Caller { principal, csrf_token: Some(csrf_token) })
}

/// Ends the session that somebody had in a browser which has just been given another one: nothing goes on with what
/// somebody else may have learned before. One of somebody else's is theirs to end.
pub(crate) async fn end_former(app: &App, req: &Request, user: UserId) -> Result<(), ApiError> {
    let Some(secret) = SESSION.read(req, app.config.is_secure())? else {
        return Ok(());
    };
    let former = app.store.sessions().find(&secret).await?;
    if let Some((session, _)) = former.filter(|(_, former)| former.id == user) {
        app.store.noting(Deed::of(user, "session.end").on(session)).sessions().end(session).await?;
        app.presence.end(&Credential::Session(session));
    }
    Ok(())
}

/// Somebody by the credential that they showed.
pub(crate) async fn principal(app: &App, user: User, credential: Credential) -> Result<Principal, ApiError> {
    let groups = app.store.users().groups(user.id).await?;
    Ok(user.signed_in(groups.into_iter().map(|group| group.id).collect(), credential))
}

/// Whether a method may change something (RFC 9110 section 9.2.1).
fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

impl<'ex> Extractible<'ex> for Caller {
    fn metadata() -> &'static Metadata {
        &extract::NOWHERE
    }

    #[expect(refining_impl_trait, reason = "the framework's own extractors name their error too")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, ApiError> {
        let app = extract::app(depot);
        let caller = identify(app, req).await?;
        let ask = if *req.method() == Method::POST && req.uri().path() == DESKTOPS { Ask::Desktop } else { Ask::Other };
        app.pace.admit(caller.user, ask).map_err(ApiError::TooMany)?;
        Ok(caller)
    }
}

impl EndpointArgRegister for Caller {
    fn register(_: &mut Components, operation: &mut Operation, _: &str) {
        let schemes = ["token", "session"];
        operation.securities.get_or_insert_default().extend(
            schemes.map(|scheme| salvo::oapi::security::SecurityRequirement::new(scheme, Vec::<String>::new())),
        );
    }
}
