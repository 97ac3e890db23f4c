use std::sync::Arc;

use domain::{
    access::{Credential, DesktopAction, Principal},
    template::Client,
};
use gateway::ClientInfo;
use routing::Route;
use salvo::{
    Depot, FlowCtrl, Handler, Request, Response, async_trait,
    http::{Method, header},
    writing::Redirect,
};

use super::{
    client_address::client_address,
    place::{PLACE, Place, lead, own_origin},
};
use crate::{
    app::App,
    auth::{identify, origin_is_ours},
    error::{ApiError, language_of},
    extract, pages,
};

/// `/desktop/{name}` and everything below it, on the app's own host.
pub(crate) struct Desktop;

#[async_trait]
impl Handler for Desktop {
    async fn handle(&self, req: &mut Request, depot: &mut Depot, res: &mut Response, _: &mut FlowCtrl) {
        let app = extract::app(depot).clone();
        if let Err(error) = enter(&app, req, res).await {
            refuse(&error, req, res);
        }
    }
}

async fn enter(app: &App, req: &mut Request, res: &mut Response) -> Result<(), ApiError> {
    let path = req.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let place = path.strip_prefix(PLACE).unwrap_or_default();
    let Some((name, rest)) = place.find('/').map(|end| place.split_at(end)) else {
        return add_slash(place, res);
    };
    check_origin(app, req)?;
    let principal = identify(app, req).await?.principal;
    let route = find(app, name).await?;
    principal.may_with_owner(DesktopAction::Open, route.owner)?;
    let is_front_page = rest.split('?').next() == Some("/") && req.method() == Method::GET && !is_upgrade(req);
    if is_front_page && (route.client == Client::Novnc || route.target.is_none() && wants_page(req)) {
        pages::app(req, res);
        return Ok(());
    }
    if let Some(origin) = own_origin(&app.config, &route).filter(|_| is_followed_by_browser(&principal, req)) {
        return lead(res, &origin, rest);
    }
    forward(app, &route, Place::on_app(&app.config, &route), rest, &principal, req, res).await
}

/// Whether it is a browser that asks, for something that may be elsewhere. Programs with a token find a desktop at this
/// one place, wherever its pages are: what they get is not shown on our origin.
fn is_followed_by_browser(principal: &Principal, req: &Request) -> bool {
    let is_browser = matches!(principal.credential, Credential::Session(_));
    is_browser && matches!(*req.method(), Method::GET | Method::HEAD) && !is_upgrade(req)
}

/// `/desktop/{name}` leads to `/desktop/{name}/`: relative addresses of its pages need the slash.
fn add_slash(place: &str, res: &mut Response) -> Result<(), ApiError> {
    let (name, query) = place.find('?').map_or((place, ""), |start| place.split_at(start));
    if name.is_empty() {
        return Err(ApiError::NotFound("desktop"));
    }
    res.render(Redirect::permanent(format!("{PLACE}{name}/{query}")));
    Ok(())
}

/// Hands a request over to the gateway, once the caller may.
pub(super) async fn forward(
    app: &App,
    route: &Arc<Route>,
    place: Place,
    rest: &str,
    principal: &Principal,
    req: &mut Request,
    res: &mut Response,
) -> Result<(), ApiError> {
    if route.target.is_none() {
        return Err(ApiError::NotRunning(route.state));
    }
    let client = ClientInfo {
        address: client_address(req, &app.config.trusted_proxies),
        place: place.kind,
        scheme: place.scheme,
        host: place.host,
        user: principal.user,
        ended: app.presence.of(principal),
    };
    let request = to_hyper(req);
    let answer = app.gateway.forward(route, rest, request, client).await?;
    let (parts, body) = answer.into_parts();
    res.status_code(parts.status);
    *res.headers_mut() = parts.headers;
    res.body(salvo::http::ResBody::Boxed(Box::pin(body)));
    Ok(())
}

/// The same request without the framework around it.
fn to_hyper(req: &mut Request) -> http::Request<salvo::http::ReqBody> {
    let mut request = http::Request::new(req.take_body());
    *request.method_mut() = req.method().clone();
    *request.uri_mut() = req.uri().clone();
    *request.version_mut() = req.version();
    *request.headers_mut() = std::mem::take(req.headers_mut());
    *request.extensions_mut() = std::mem::take(req.extensions_mut());
    request
}

/// The route of a desktop. Where the table has none, or none that leads anywhere, the database is asked, and the table
/// given the moment it needs: somebody follows what was told to them a millisecond ago.
pub(super) async fn find(app: &App, name: &str) -> Result<Arc<Route>, ApiError> {
    if let Some(route) = app.routes.by_name(name).filter(|route| route.target.is_some()) {
        return Ok(route);
    }
    let row = app.store.routes().by_name(name).await?.ok_or(ApiError::NotFound("desktop"))?;
    app.routes.caught_up(row.desktop.revision).await;
    app.routes.by_name(name).ok_or(ApiError::NotFound("desktop"))
}

/// The same, by the first part of its own host name.
pub(super) async fn find_by_host_label(app: &App, label: &str) -> Result<Arc<Route>, ApiError> {
    if let Some(route) = app.routes.by_host_label(label).filter(|route| route.target.is_some()) {
        return Ok(route);
    }
    let row = app.store.routes().by_host_label(label).await?.ok_or(ApiError::NotFound("desktop"))?;
    app.routes.caught_up(row.desktop.revision).await;
    app.routes.by_host_label(label).ok_or(ApiError::NotFound("desktop"))
}

/// A foreign page's stream, and whatever a foreign page would change, is refused whatever the credential.
pub(super) fn check_origin(app: &App, req: &Request) -> Result<(), ApiError> {
    let safe = matches!(*req.method(), Method::GET | Method::HEAD) && !is_upgrade(req);
    if safe || origin_is_ours(req, &app.config.public_url) { Ok(()) } else { Err(ApiError::OriginForeign) }
}

pub(super) fn is_upgrade(req: &Request) -> bool {
    req.headers().contains_key(header::UPGRADE) || req.headers().contains_key(header::SEC_WEBSOCKET_KEY)
}

/// Whether it is a person who follows a link, and not a program or a page's part.
pub(super) fn wants_page(req: &Request) -> bool {
    *req.method() == Method::GET
        && !is_upgrade(req)
        && req
            .headers()
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|a| a.contains("text/html"))
}

/// A person is led to where it can be mended; a program gets the problem.
pub(super) fn refuse(error: &ApiError, req: &Request, res: &mut Response) {
    match error {
        ApiError::Unauthenticated if wants_page(req) => {
            let next: String = url::form_urlencoded::byte_serialize(req.uri().path().as_bytes()).collect();
            res.render(Redirect::found(format!("/login?next={next}")));
        }
        error => error.render(language_of(req), res),
    }
}
