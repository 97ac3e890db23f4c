use std::{net::IpAddr, sync::Arc};

use domain::{
    access::{Credential, Principal},
    template::Client,
};
use gateway::{ClientInfo, Failure, Front};
use routing::Route;
use salvo::{
    Depot, FlowCtrl, Handler, Request, Response, async_trait,
    http::{Method, StatusCode, header},
    writing::Redirect,
};

use super::{
    client,
    pass::{Pass, pass},
    place::{PLACE, Place, lead, own_origin},
};
use crate::{
    app::App,
    auth::{identify, origin_is_ours, origin_refusal},
    client_address::client_address,
    error::{ApiError, Audience},
    extract, pages,
};

/// `/desktop/{name}` and everything below it, on the app's own host.
pub(crate) struct Desktop;

#[async_trait]
impl Handler for Desktop {
    async fn handle(&self, req: &mut Request, depot: &mut Depot, res: &mut Response, _: &mut FlowCtrl) {
        let app = extract::app(depot).clone();
        let audience = Audience::at_desktop(req, &app.config.public_url);
        let path = req.uri().path().to_owned();
        if let Err(error) = enter(&app, req, &audience, res).await {
            refuse(&error, &path, &audience, res);
        }
    }
}

async fn enter(app: &App, req: &mut Request, audience: &Audience, res: &mut Response) -> Result<(), ApiError> {
    let path = req.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let place = path.strip_prefix(PLACE).unwrap_or_default();
    let Some((name, rest)) = place.find('/').map(|end| place.split_at(end)) else {
        return add_slash(place, res);
    };
    check_origin(app, req)?;
    let principal = let_in(app, req).await?;
    let pass = pass(app, &principal, find(app, name).await?).await?;
    let route = &pass.route;
    let is_front_page = rest.split('?').next() == Some("/") && req.method() == Method::GET && !is_upgrade(req);
    let is_ours = route.client == Client::Novnc || client::is_framed(route, rest);
    if is_front_page && (is_ours || route.target.is_none() && audience.is_person()) {
        pages::app(req, res);
        return Ok(());
    }
    if let (Client::Image(_), Some(target), false) = (&route.client, &route.target, is_upgrade(req)) {
        return client::serve(app, route, target, rest, req, res).await;
    }
    if let Some(origin) = own_origin(&app.config, route).filter(|_| is_followed_by_browser(&principal, req)) {
        return lead(res, &origin, rest);
    }
    forward(app, &pass, Place::on_app(&app.config, route), rest, &principal, req, res).await
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

/// Hands a request over to the gateway, of somebody who may pass.
pub(super) async fn forward(
    app: &App,
    pass: &Pass,
    place: Place,
    rest: &str,
    principal: &Principal,
    req: &mut Request,
    res: &mut Response,
) -> Result<(), ApiError> {
    let route = &pass.route;
    if route.target.is_none() {
        return Err(ApiError::NotRunning(route.state));
    }
    pass.note_look(app, principal).await?;
    let client = ClientInfo {
        address: client_address(req, &app.config.trusted_proxies),
        place: place.kind,
        scheme: place.scheme,
        host: place.host,
        user: principal.user,
        ended: app.presence.of(principal),
    };
    let arrival = is_upgrade(req).then(|| Arrival::of(req));
    let request = to_hyper(req);
    let answer = app.gateway.forward(route, rest, request, client).await;
    if let Some(arrival) = arrival {
        arrival.note(app, &answer);
    }
    let (parts, body) = answer?.into_parts();
    res.status_code(parts.status);
    *res.headers_mut() = parts.headers;
    res.body(salvo::http::ResBody::Boxed(Box::pin(body)));
    Ok(())
}

/// The same request without the framework around it.
pub(crate) fn to_hyper(req: &mut Request) -> http::Request<salvo::http::ReqBody> {
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

/// Who asks. A page of ours that asks for a stream always sends its cookie; where none came, it may have been lost.
pub(super) async fn let_in(app: &App, req: &Request) -> Result<Principal, ApiError> {
    match identify(app, req).await {
        Ok(caller) => Ok(caller.principal),
        Err(ApiError::Unauthenticated) => {
            let headers = req.headers();
            let front = Front::of(headers, req.version());
            let brought = headers.contains_key(header::COOKIE) || headers.contains_key(header::AUTHORIZATION);
            let is_page = headers.contains_key(header::ORIGIN) && is_upgrade(req);
            Err(if is_page && front.announces && !brought {
                ApiError::CookieLost(front)
            } else {
                ApiError::Unauthenticated
            })
        }
        Err(error) => Err(error),
    }
}

/// A foreign page's stream, and whatever a foreign page would change, is refused whatever the credential.
pub(super) fn check_origin(app: &App, req: &Request) -> Result<(), ApiError> {
    let safe = matches!(*req.method(), Method::GET | Method::HEAD) && !is_upgrade(req);
    if safe || origin_is_ours(req, &app.config.public_url) { Ok(()) } else { Err(origin_refusal(req)) }
}

pub(super) fn is_upgrade(req: &Request) -> bool {
    req.headers().contains_key(header::UPGRADE) || req.headers().contains_key(header::SEC_WEBSOCKET_KEY)
}

/// How a request for a stream came to us, noted before the gateway takes it apart.
struct Arrival {
    peer: Option<IpAddr>,
    front: Front,
}

impl Arrival {
    fn of(req: &Request) -> Self {
        let peer = req.remote_addr().ip().map(|peer| peer.to_canonical());
        Self { peer, front: Front::of(req.headers(), req.version()) }
    }

    /// Remembers what became of it, for those who look after the front.
    fn note<B>(&self, app: &App, answer: &Result<http::Response<B>, Failure>) {
        match (self.peer, answer) {
            (Some(peer), Ok(answer)) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => {
                app.fronts.passed(peer, self.front);
            }
            (Some(peer), Err(Failure::UpgradeLost(loss, front))) => app.fronts.lost(peer, *loss, *front),
            _ => {}
        }
    }
}

/// A person is led to where it can be mended, or told; a program gets the problem.
pub(super) fn refuse(error: &ApiError, path: &str, audience: &Audience, res: &mut Response) {
    match error {
        ApiError::Unauthenticated if audience.is_person() => {
            let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
            res.render(Redirect::found(format!("/login?next={next}")));
        }
        error => error.render(audience, res),
    }
}
