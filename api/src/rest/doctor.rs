use std::time::{Duration, Instant};

use gateway::{Failure, Front, Proxy};
use salvo::{
    Depot, Request, Response,
    http::{HeaderValue, StatusCode, Version, header},
    hyper::upgrade::OnUpgrade,
    oapi::endpoint,
    writing::Json,
};

use crate::{
    app::App,
    auth::origin_is_ours,
    desktop::to_hyper,
    echo::{Arrived, LONGEST_HOLD, OriginSeen, hold, proof},
    error::{ApiError, Audience, Problem},
    extract,
    rest::now,
};

/// The longest nonce that is taken.
const LONGEST_NONCE: usize = 64;

/// Says what of a request arrived, for `pult doctor --url`; as a WebSocket, also echoes a few messages
#[endpoint(
    tags("operations"),
    parameters(
        ("nonce" = Option<String>, Query, description = "What the answer's proof is made with; at most 64 characters"),
        ("hold" = Option<u64>, Query, description = "For a WebSocket: for how many seconds it may be silent, 600 at most"),
    ),
    responses(
        (status_code = 101, description = "A WebSocket, whose first message is the same as the answer of 200"),
        (status_code = 200, description = "What arrived", body = Arrived),
        (status_code = 426, description = "A front proxy spoiled the request for a stream", body = Problem, content_type = "application/problem+json"),
        (status_code = 429, description = "Too many calls; try again after `Retry-After`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn echo(req: &mut Request, depot: &mut Depot, res: &mut Response) {
    let audience = Audience::of(req);
    let app = extract::app(depot).clone();
    if let Err(error) = answer(&app, req, res).await {
        error.render(&audience, res);
    }
}

async fn answer(app: &App, req: &mut Request, res: &mut Response) -> Result<(), ApiError> {
    app.echoes.call(Instant::now()).map_err(ApiError::TooManyAttempts)?;
    let nonce = req.query::<String>("nonce").filter(|nonce| nonce.len() <= LONGEST_NONCE);
    let silence = Duration::from_secs(req.query("hold").unwrap_or_default()).min(LONGEST_HOLD);
    let arrived = arrived(app, req, nonce.as_deref()).await;
    let control = req.extensions().get::<salvo::conn::ConnCtrl>().cloned();
    let mut request = to_hyper(req);
    let Some(accept) = gateway::accept_stream(&request)? else {
        res.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        res.render(Json(arrived));
        return Ok(());
    };
    let permit = app.echoes.stream().ok_or(ApiError::TooManyAttempts(Duration::from_secs(5)))?;
    let client = request.extensions_mut().remove::<OnUpgrade>().ok_or(Failure::ConnectionMissing)?;
    if let Some(control) = control {
        control.relax_timeouts();
    }
    res.status_code(StatusCode::SWITCHING_PROTOCOLS);
    let headers = res.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.extend(HeaderValue::from_str(&accept).ok().map(|accept| (header::SEC_WEBSOCKET_ACCEPT, accept)));
    tokio::spawn(hold(client, arrived, silence, permit, app.shutdown.clone()));
    Ok(())
}

async fn arrived(app: &App, req: &Request, nonce: Option<&str>) -> Arrived {
    let headers = req.headers();
    let public = &app.config.public_url;
    let front = Front::of(headers, req.version());
    let installation = app.store.installation().await.ok();
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let wanted = nonce.map(|nonce| format!("pult_doctor={nonce}"));
    let cookie = cookies.flat_map(|line| line.split(';')).any(|pair| Some(pair.trim()) == wanted.as_deref());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let peer = req.remote_addr().ip().map(|peer| peer.to_canonical());
    Arrived {
        proof: installation.zip(nonce).map(|(installation, nonce)| proof(installation, nonce)),
        http: version(req.version()).to_owned(),
        host_is_public: is_host_of(host, public),
        origin: match headers.contains_key(header::ORIGIN) {
            false => OriginSeen::Absent,
            true if origin_is_ours(req, public) => OriginSeen::Ours,
            true => OriginSeen::Foreign,
        },
        cookie,
        forwarded_for: headers.contains_key("x-forwarded-for"),
        peer_is_trusted: peer.is_some_and(|peer| app.config.trusted_proxies.iter().any(|net| net.contains(&peer))),
        peer: peer.map(|peer| peer.to_string()).unwrap_or_default(),
        proxy: front.proxy.map(Proxy::name).map(str::to_owned),
        through_proxy: front.announces,
        time: now(),
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_11 => "HTTP/1.1",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP",
    }
}

/// Whether a `Host` is that of an address; its scheme's own port may be said or not.
fn is_host_of(host: &str, url: &url::Url) -> bool {
    let (name, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
    host.eq_ignore_ascii_case(url.authority()) || host.eq_ignore_ascii_case(&format!("{name}:{port}"))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::is_host_of;

    #[test]
    fn a_host_is_public_with_and_without_its_schemes_port() {
        let url = Url::parse("https://pult.school.example").expect("a URL");
        assert!(is_host_of("pult.school.example", &url) && is_host_of("PULT.school.example:443", &url));
        assert!(!is_host_of("127.0.0.1:8080", &url) && !is_host_of("pult.school.example:8443", &url));
    }
}
