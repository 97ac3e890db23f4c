use domain::{
    SessionId, UserId,
    access::{Action, Credential},
};
use salvo::{Depot, Response, Writer, http::StatusCode, oapi::endpoint, writing::Json};
use store::Deed;

use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    extract::{self, InPath, Window},
    views::{ListView, SessionView},
};

/// Lists the browsers in which the caller is signed in, the newest first
#[endpoint(tags("session"))]
pub(crate) async fn list(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<SessionView>>, ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::ManageSessions)?;
    let this = this(&caller);
    let page = app.store.sessions().page(caller.user, &window.0).await?;
    Ok(Json(page.map(|session| SessionView::new(&session, this)).into()))
}

/// Signs the caller out in one browser
///
/// What is open there ends at once.
#[endpoint(tags("session"), status_codes(204, 400, 401, 403, 404, 429, 503), responses((status_code = 204, description = "Signed out there")))]
pub(crate) async fn remove(
    caller: Caller,
    id: InPath<SessionId>,
    depot: &mut Depot,
    res: &mut Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::ManageSessions)?;
    if !app.store.noting(deed(&caller, caller.user)).sessions().end_of(caller.user, id.0).await? {
        return Err(ApiError::NotFound("session"));
    }
    ended(app, &[id.0]);
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Signs the caller out in every other browser
///
/// With a token, in every one.
#[endpoint(tags("session"), status_codes(204, 400, 401, 403, 429, 503), responses((status_code = 204, description = "Signed out everywhere else")))]
pub(crate) async fn remove_others(caller: Caller, depot: &mut Depot, res: &mut Response) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::ManageSessions)?;
    let store = app.store.noting(deed(&caller, caller.user));
    ended(app, &store.sessions().end_all_of(caller.user, this(&caller)).await?);
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Signs somebody out everywhere
///
/// Ends all their sessions and whatever is open with one of their tokens. The tokens themselves stay good.
#[endpoint(tags("people"), status_codes(204, 400, 401, 403, 404, 429, 503), responses((status_code = 204, description = "Signed out everywhere")))]
pub(crate) async fn remove_all_of(
    caller: Caller,
    id: InPath<UserId>,
    depot: &mut Depot,
    res: &mut Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::ManageSessions)?;
    let user = app.store.users().get(id.0).await?.ok_or(ApiError::NotFound("user"))?;
    let deed = deed(&caller, user.id);
    let sessions = app.store.noting(deed.clone()).sessions().end_all_of(user.id, None).await?;
    if sessions.is_empty() {
        // no row has changed, and still something ends
        app.store.audit().tell(deed).await?;
    }
    app.presence.end_tokens_of(user.id);
    ended(app, &sessions);
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// The session in which the caller asks.
fn this(caller: &Caller) -> Option<SessionId> {
    match caller.credential {
        Credential::Session(id) => Some(id),
        Credential::Token(..) => None,
    }
}

/// What the audit log is told of somebody's sessions that end; the store says which.
fn deed(caller: &Caller, of: UserId) -> Deed {
    Deed::of(caller.user, "session.end").on(of)
}

/// Ends what is open in these sessions.
fn ended(app: &App, sessions: &[SessionId]) {
    for session in sessions {
        app.presence.end(&Credential::Session(*session));
    }
}
