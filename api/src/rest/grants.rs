use domain::{
    DesktopId, GrantId,
    access::{Action, Terms},
};
use salvo::{
    Depot, Response, Writer,
    http::StatusCode,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use serde::Deserialize;
use serde_json::json;
use store::{Deed, Grant};

use super::{Created, now};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, Problem},
    extract::{self, Body, InPath, Window},
    views::{GrantView, ListView},
};

/// A look into somebody else's desktop that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "reason": "Firefox startet nicht, auf Bitte der Lehrkraft", "minutes": 15 })))]
pub(crate) struct GrantInput {
    /// Why, in 5 to 500 characters. The desktop's owner reads it.
    reason: String,
    /// For how many minutes, 1 to 480; 30 where nothing is said.
    #[serde(default)]
    minutes: Option<i64>,
}

/// Lists who may look into a desktop, and who might
///
/// For its owner and administrators, the newest first. Those that were over for 90 days are forgotten; the audit log
/// knows them longer.
#[endpoint(tags("desktops"))]
pub(crate) async fn list(
    caller: Caller,
    id: InPath<DesktopId>,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<GrantView>>, ApiError> {
    let app = extract::app(depot);
    let details = app.store.desktops().details(id.0).await?.ok_or(ApiError::NotFound("desktop"))?;
    caller.may_see(&details.desktop)?;
    Ok(Json(app.store.grants().page(id.0, &window.0).await?.map(GrantView::from).into()))
}

/// Takes the right to look into somebody else's desktop, for a while
///
/// Its owner sees at once who may look, why, and until when. Taking it and each look are in the audit log. Whatever is
/// open because of it ends with it.
#[endpoint(tags("desktops"), responses((status_code = 409, description = "It is the caller's own desktop", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn create(
    caller: Caller,
    id: InPath<DesktopId>,
    input: Body<GrantInput>,
    depot: &mut Depot,
) -> Result<Created<GrantView>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::GrantLook)?;
    let details = app.store.desktops().details(id.0).await?.ok_or(ApiError::NotFound("desktop"))?;
    let grantable = caller.may_take_grant(&details.desktop)?.ok_or(ApiError::OwnDesktop)?;
    let terms = Terms::wanted(&input.0.reason, input.0.minutes, now()).map_err(ApiError::Fields)?;
    let detail = json!({ "owner": details.desktop.owner, "until": terms.until() });
    let deed = Deed::of(caller.user, "grant.create").on(id.0).with(detail);
    let grant = app.store.noting(deed).grants().create(grantable, &terms).await?;
    Ok(Created(find(app, id.0, grant).await?.into()))
}

/// Ends a grant before its time
///
/// Streams and pages that are open because of it end at once.
#[endpoint(tags("desktops"), status_codes(204, 400, 401, 403, 404, 429, 503), responses((status_code = 204, description = "It is over")))]
pub(crate) async fn remove(
    caller: Caller,
    id: InPath<DesktopId>,
    grant: InPath<GrantId>,
    depot: &mut Depot,
    res: &mut Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::GrantLook)?;
    let grant = find(app, id.0, grant.0).await?;
    let detail = json!({ "grant": grant.right.id, "holder": grant.right.holder });
    let deed = Deed::of(caller.user, "grant.delete").on(id.0).with(detail);
    app.store.noting(deed).grants().end(grant.right.id).await?;
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

async fn find(app: &App, desktop: DesktopId, id: GrantId) -> Result<Grant, ApiError> {
    app.store.grants().get(desktop, id).await?.ok_or(ApiError::NotFound("grant"))
}
