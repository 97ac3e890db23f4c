use domain::{
    SessionId, UserId,
    access::{Action, Credential},
};
use salvo::{Depot, Response, Writer, http::StatusCode, oapi::endpoint, writing::Json};
use serde_json::json;

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
    if !app.store.sessions().end_of(caller.user, id.0).await? {
        return Err(ApiError::NotFound("session"));
    }
    ended(app, &caller, caller.user, &[id.0]).await?;
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
    let sessions = app.store.sessions().end_all_of(caller.user, this(&caller)).await?;
    ended(app, &caller, caller.user, &sessions).await?;
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
    let sessions = app.store.sessions().end_all_of(user.id, None).await?;
    app.presence.end_tokens_of(user.id);
    ended(app, &caller, user.id, &sessions).await?;
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

/// Ends what is open in these sessions, and notes who ended them.
async fn ended(app: &App, caller: &Caller, of: UserId, sessions: &[SessionId]) -> Result<(), ApiError> {
    for session in sessions {
        app.presence.end(&Credential::Session(*session));
    }
    let detail = json!({ "sessions": sessions.len() });
    Ok(app.store.audit().record(Some(caller.user), "session.end", Some(of.to_string()), Some(detail)).await?)
}
