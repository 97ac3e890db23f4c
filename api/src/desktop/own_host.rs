use std::sync::Arc;

use domain::access::{Credential, Principal};
use routing::Route;
use salvo::{Depot, FlowCtrl, Handler, Request, Response, async_trait, http::Method};

use super::{
    enter::{find_by_host_label, forward, is_upgrade},
    pass::pass,
    place::{Place, label_of, own_origin},
    ticket,
};
use crate::{
    app::App,
    auth::{DESKTOP, asks_for_a_foreign_page, origin_is_ours, principal},
    error::{ApiError, Audience},
    extract,
};

/// Everything on a desktop's own host. There is that one desktop there, and nothing of the app.
pub(crate) struct OwnHost;

#[async_trait]
impl Handler for OwnHost {
    async fn handle(&self, req: &mut Request, depot: &mut Depot, res: &mut Response, _: &mut FlowCtrl) {
        let app = extract::app(depot).clone();
        let label = label_of(&app.config, req);
        let audience = Audience::at_desktop(req, &app.config.public_url);
        if let Err(error) = enter(&app, label.as_deref(), req, &audience, res).await {
            // another try begins where one is let in
            let known = label.as_deref().filter(|_| !matches!(error, ApiError::NotFound(_)));
            error.render(&audience.trying_again_at(&ticket::way_on(&app, known)), res);
        }
    }
}

async fn enter(
    app: &App,
    label: Option<&str>,
    req: &mut Request,
    audience: &Audience,
    res: &mut Response,
) -> Result<(), ApiError> {
    let label = label.ok_or(ApiError::NotFound("desktop"))?;
    let route = find_by_host_label(app, label).await?;
    let origin = own_origin(&app.config, &route).ok_or(ApiError::NotFound("desktop"))?;
    let is_safe = matches!(*req.method(), Method::GET | Method::HEAD) && !is_upgrade(req);
    if asks_for_a_foreign_page(req) || !is_safe && !origin_is_ours(req, &origin) {
        return Err(ApiError::OriginForeign);
    }
    // it would go on answering for this host when its user may no longer see it
    if req.headers().contains_key("service-worker") {
        return Err(ApiError::NotFound("service worker"));
    }
    if req.uri().path() == ticket::EXCHANGE {
        return ticket::exchange(app, &route, &origin, req, res).await;
    }
    let visitor = match visitor(app, &route, req).await {
        Err(ApiError::Unauthenticated) if audience.is_person() => return ticket::ask(app, label, req, res),
        visitor => visitor?,
    };
    let pass = pass(app, &visitor, route).await?;
    if pass.route.target.is_none() && audience.is_person() {
        return ticket::back(app, label, res);
    }
    let rest = req.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    forward(app, &pass, Place::on_own_host(&app.config, &origin), &rest, &visitor, req, res).await
}

/// Who is at a desktop's host, by that host's own cookie. No other credential counts there.
async fn visitor(app: &App, route: &Arc<Route>, req: &Request) -> Result<Principal, ApiError> {
    let cookie = DESKTOP.read(req, app.config.is_secure())?.ok_or(ApiError::Unauthenticated)?;
    let found = app.store.passes().find(&cookie, route.desktop).await?;
    let (session, user) = found.ok_or(ApiError::Unauthenticated)?;
    principal(app, user, Credential::Session(session)).await
}
