use std::sync::Arc;

use domain::{access::Principal, desktop::DesktopState};
use routing::Route;
use salvo::{Depot, FlowCtrl, Handler, Request, Response, async_trait, http::header};
use store::{Filter, Paging};
use url::Url;

use super::{
    enter::{check_origin, find, forward, let_in},
    pass::pass,
    place::Place,
};
use crate::{
    app::App,
    error::{ApiError, Audience},
    extract,
};

/// `/websockify` at the root, for clients that know no path.
///
/// Which desktop is meant is guessed, first from the page that opened it, then from the one desktop that the caller
/// runs. The guess is a courtesy: who may open it is decided as everywhere.
pub(crate) struct Websockify;

#[async_trait]
impl Handler for Websockify {
    async fn handle(&self, req: &mut Request, depot: &mut Depot, res: &mut Response, _: &mut FlowCtrl) {
        let app = extract::app(depot).clone();
        let audience = Audience::at_desktop(req, &app.config.public_url);
        if let Err(error) = open(&app, req, res).await {
            error.render(&audience, res);
        }
    }
}

async fn open(app: &App, req: &mut Request, res: &mut Response) -> Result<(), ApiError> {
    check_origin(app, req)?;
    let principal = let_in(app, req).await?;
    let route = match by_referer(app, req).await? {
        Some(route) => route,
        None => current(app, &principal).await?,
    };
    let pass = pass(app, &principal, route).await?;
    let query = req.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let place = Place::on_app(&app.config, &pass.route);
    forward(app, &pass, place, &format!("/websockify{query}"), &principal, req, res).await
}

/// The desktop on whose page the client says it is.
async fn by_referer(app: &App, req: &Request) -> Result<Option<Arc<Route>>, ApiError> {
    let referer = req.headers().get(header::REFERER).and_then(|value| value.to_str().ok());
    let path = referer.and_then(|referer| Url::parse(referer).ok()).map(|url| url.path().to_owned());
    let name = path.as_deref().and_then(|path| path.strip_prefix("/desktop/")?.split('/').next().map(str::to_owned));
    match name {
        Some(name) => find(app, &name).await.map(Some),
        None => Ok(None),
    }
}

/// The desktop that the caller last started, of those that run.
async fn current(app: &App, principal: &Principal) -> Result<Arc<Route>, ApiError> {
    let paging = Paging { limit: 200, cursor: None };
    let desktops = app.store.desktops().page(Filter::OwnedBy(principal.user), &paging).await?;
    let current = desktops
        .items
        .into_iter()
        .map(|details| details.desktop)
        .filter(|desktop| desktop.state == DesktopState::Running)
        .max_by_key(domain::desktop::Desktop::last_use)
        .ok_or(ApiError::NotFound("desktop"))?;
    find(app, &current.name).await
}
