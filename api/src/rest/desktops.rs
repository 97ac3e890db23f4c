use domain::{DesktopId, Language, access::Action, why::Why};
use salvo::{
    Depot, Writer,
    oapi::{ToSchema, endpoint, extract::QueryParam},
    writing::Json,
};
use serde::Deserialize;
use store::{Deed, Details, Filter, Once, Requested};

use super::{Accepted, now};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    extract::{self, Body, IdempotencyKey, InPath, Spoken, Window},
    views::{DesktopView, ListView},
};

/// Which desktop is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "template": "xfce" })))]
pub(crate) struct DesktopRequest {
    /// Slug of the template.
    template: String,
}

/// Lists the caller's desktops
///
/// With `all=true` an administrator gets everybody's.
#[endpoint(tags("desktops"), parameters(("all" = Option<bool>, Query, description = "Everybody's, for administrators")))]
pub(crate) async fn list(
    caller: Caller,
    window: Window,
    spoken: Spoken,
    all: QueryParam<bool, false>,
    depot: &mut Depot,
) -> Result<Json<ListView<DesktopView>>, ApiError> {
    let app = extract::app(depot);
    let filter = if all.into_inner().unwrap_or(false) {
        caller.may_with_any(Action::SeeDesktop)?;
        Filter::All
    } else {
        caller.may_at_best(Action::SeeDesktop)?;
        Filter::OwnedBy(caller.user)
    };
    let page = app.store.desktops().page(filter, &window.0).await?;
    Ok(Json(page.map(|details| view(app, details, spoken.0)).into()))
}

/// Shows one desktop
#[endpoint(tags("desktops"))]
pub(crate) async fn show(
    caller: Caller,
    id: InPath<DesktopId>,
    spoken: Spoken,
    depot: &mut Depot,
) -> Result<Json<DesktopView>, ApiError> {
    let app = extract::app(depot);
    let details = find(app, id.0).await?;
    caller.may_see(&details.desktop)?;
    Ok(Json(view(app, details, spoken.0)))
}

/// Wants a desktop of a template
///
/// 202 and a new desktop, or 200 and the caller's existing one, which is wanted again. Never two, so asking twice is
/// harmless. What is answered is durable; watch `/api/v1/events` for what becomes of it.
#[endpoint(
    tags("desktops"),
    parameters(("Idempotency-Key" = Option<String>, Header, description = "Up to 200 characters: for a day the same key gets the same answer, whatever has become of the desktop")),
    responses((status_code = 200, description = "The caller's existing one", body = DesktopView))
)]
pub(crate) async fn request(
    caller: Caller,
    wish: Body<DesktopRequest>,
    spoken: Spoken,
    key: IdempotencyKey,
    depot: &mut Depot,
) -> Result<Accepted<DesktopView>, ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::WantDesktop)?;
    let template = app.store.templates().by_slug(&wish.0.template).await?;
    let template = template.ok_or(ApiError::NotFound("template"))?;
    let given = app.store.assignments().given(template.id).await?;
    let wishing = caller.may_want(template.spec.enabled, &given)?;
    let (desktops, slug) = (app.store.desktops(), &template.spec.slug);
    let requested = match &key.0 {
        Some(key) => desktops.request_once(wishing, template.id, slug, Once { key, request: slug }).await?,
        None => Some(desktops.request(wishing, template.id, slug).await?),
    };
    let requested = requested.ok_or(ApiError::KeyReused)?;
    Ok(match requested {
        Requested::New(details) => Accepted::Wish(view(app, details, spoken.0)),
        Requested::Existing(details) => Accepted::Existing(view(app, details, spoken.0)),
    })
}

/// Starts a desktop again
#[endpoint(tags("desktops"))]
pub(crate) async fn start(
    caller: Caller,
    id: InPath<DesktopId>,
    spoken: Spoken,
    depot: &mut Depot,
) -> Result<Accepted<DesktopView>, ApiError> {
    let app = extract::app(depot);
    change(app, &caller, "desktop.start", id.0, spoken.0, |desktop| desktop.want_running(now())).await
}

/// Stops a desktop
///
/// What is open in it is lost; its container and its owner's files stay.
#[endpoint(tags("desktops"))]
pub(crate) async fn stop(
    caller: Caller,
    id: InPath<DesktopId>,
    spoken: Spoken,
    depot: &mut Depot,
) -> Result<Accepted<DesktopView>, ApiError> {
    let app = extract::app(depot);
    let user = caller.user;
    change(app, &caller, "desktop.stop", id.0, spoken.0, move |desktop| {
        let why = if desktop.owner == user { Why::StoppedByOwner } else { Why::StoppedByStaff };
        desktop.want_stopped(why)
    })
    .await
}

/// Keeps an unused desktop for another while
#[endpoint(tags("desktops"))]
pub(crate) async fn extend(
    caller: Caller,
    id: InPath<DesktopId>,
    spoken: Spoken,
    depot: &mut Depot,
) -> Result<Accepted<DesktopView>, ApiError> {
    let app = extract::app(depot);
    change(app, &caller, "desktop.extend", id.0, spoken.0, |desktop| desktop.extended(now())).await
}

/// Gives a desktop a new container
///
/// Everything of the old one is lost but its owner's files.
#[endpoint(tags("desktops"))]
pub(crate) async fn reset(
    caller: Caller,
    id: InPath<DesktopId>,
    spoken: Spoken,
    depot: &mut Depot,
) -> Result<Accepted<DesktopView>, ApiError> {
    let app = extract::app(depot);
    change(app, &caller, "desktop.reset", id.0, spoken.0, |desktop| desktop.reset(now())).await
}

/// Gives a desktop up
///
/// Its owner's files stay.
#[endpoint(tags("desktops"))]
pub(crate) async fn remove(
    caller: Caller,
    id: InPath<DesktopId>,
    spoken: Spoken,
    depot: &mut Depot,
) -> Result<Accepted<DesktopView>, ApiError> {
    let app = extract::app(depot);
    change(app, &caller, "desktop.remove", id.0, spoken.0, domain::desktop::Desktop::want_removed).await
}

async fn find(app: &App, id: DesktopId) -> Result<Details, ApiError> {
    app.store.desktops().details(id).await?.ok_or(ApiError::NotFound("desktop"))
}

/// Changes what is wanted of a desktop. The audit log tells what is done to somebody else's, and what was removed.
async fn change(
    app: &App,
    caller: &Caller,
    action: &'static str,
    id: DesktopId,
    language: Language,
    change: impl FnOnce(domain::desktop::Desktop) -> domain::desktop::Desktop + Send,
) -> Result<Accepted<DesktopView>, ApiError> {
    let before = find(app, id).await?;
    let managed = caller.may_manage(&before.desktop)?;
    let store = if managed.is_others() || action == "desktop.remove" {
        app.store
            .noting(Deed::of(caller.user, action).on(id).with(serde_json::json!({ "owner": before.desktop.owner })))
    } else {
        app.store.clone()
    };
    let after = store.desktops().manage(managed, change).await?.ok_or(ApiError::NotFound("desktop"))?;
    Ok(Accepted::Wish(view(app, after, language)))
}

fn view(app: &App, details: Details, language: Language) -> DesktopView {
    DesktopView::new(details, &app.config.idle, language)
}
