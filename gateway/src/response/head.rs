use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header,
    response::{Builder, Parts},
};
use routing::Target;

use super::location;
use crate::{client::ClientInfo, cookies, failure::Failure, framing, request::Handshake};

/// What every answer of a desktop on our origin is confined to, beside what it asks for itself: policies only ever add
/// up.
const SANDBOX: HeaderValue = HeaderValue::from_static(
    "sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads allow-pointer-lock; \
     frame-ancestors 'self'",
);

/// The same on its own host: its pages are at home there, and nobody else shows them as a part of theirs.
const AT_HOME: HeaderValue = HeaderValue::from_static("frame-ancestors 'self'");

/// What a desktop has no say in, wherever it stands. Some of it would seem to be its own affair on a host of its own:
/// but `Clear-Site-Data` clears the cookies of the whole domain, and a service worker would outlive the right to the
/// desktop.
const DROPPED: [HeaderName; 23] = [
    // between the desktop and us (RFC 9110 section 7.6.1)
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-authentication-info"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    // about the origin as a whole
    HeaderName::from_static("set-cookie2"),
    HeaderName::from_static("clear-site-data"),
    HeaderName::from_static("service-worker-allowed"),
    header::STRICT_TRANSPORT_SECURITY,
    header::PUBLIC_KEY_PINS,
    header::PUBLIC_KEY_PINS_REPORT_ONLY,
    header::ALT_SVC,
    HeaderName::from_static("nel"),
    HeaderName::from_static("report-to"),
    HeaderName::from_static("reporting-endpoints"),
    header::WWW_AUTHENTICATE,
    // who may frame it is decided here, and elsewhere is not where it sends anybody
    header::X_FRAME_OPTIONS,
    header::REFRESH,
    header::CONTENT_LOCATION,
];

/// Who may read it is decided here.
const DROPPED_PREFIX: &str = "access-control-";

/// A sandboxed document has an origin of its own, which these policies would keep from its own parts.
const DROPPED_IN_SANDBOX: &str = "cross-origin-";

/// Makes the head that a client gets for a desktop's answer.
pub(crate) fn answer(from: &Parts, rest: &str, client: &ClientInfo, target: &Target) -> Result<Parts, Failure> {
    match from.status {
        StatusCode::SWITCHING_PROTOCOLS => return Err(Failure::AnswerMalformed("nobody asked to switch protocols")),
        // a challenge would ask the user for a password of ours
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            return Err(Failure::CredentialsRefused);
        }
        _ => {}
    }
    framing::length(&from.headers).map_err(Failure::AnswerMalformed)?;
    let mut to = Response::builder().status(from.status);
    let named = listed(&from.headers);
    let is_at_home = client.place.is_own_host();
    for (name, value) in &from.headers {
        let is_dropped = DROPPED.contains(name)
            || name.as_str().starts_with(DROPPED_PREFIX)
            || (!is_at_home && name.as_str().starts_with(DROPPED_IN_SANDBOX))
            || named.contains(name);
        if !is_dropped && !matches!(*name, header::LOCATION | header::SET_COOKIE) {
            to = to.header(name, value);
        }
    }
    if is_at_home {
        let cookies = from.headers.get_all(header::SET_COOKIE).iter().filter_map(cookies::from_desktop);
        to = cookies.fold(to, |to, cookie| to.header(header::SET_COOKIE, cookie));
    }
    if let Some(place) = location::translate(&from.headers, rest, client, target)? {
        to = to.header(header::LOCATION, place);
    }
    let to = to.header(header::CONTENT_SECURITY_POLICY, if is_at_home { AT_HOME } else { SANDBOX });
    let (mut parts, ()) = finish(to)?;
    parts.headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(parts)
}

/// Checks a desktop's 101 and makes the one the client gets: with the proof, and the subprotocol where the client
/// offered any; nothing else in it is the desktop's to say.
pub(crate) fn switching(from: &HeaderMap, handshake: &Handshake) -> Result<Parts, Failure> {
    let accept = handshake.accept();
    if from.get(header::SEC_WEBSOCKET_ACCEPT).is_none_or(|value| value.as_bytes() != accept.as_bytes()) {
        return Err(Failure::HandshakeRefused("`Sec-WebSocket-Accept` is missing or wrong"));
    }
    if from.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return Err(Failure::HandshakeRefused("it chose an extension that was not offered"));
    }
    let mut to = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept);
    // the client that offered none must not get one (RFC 6455 section 4.1); the offer was ours then
    if !handshake.protocols.is_empty()
        && let Some(protocol) = from.get(header::SEC_WEBSOCKET_PROTOCOL)
    {
        if !handshake.offers(protocol) {
            return Err(Failure::HandshakeRefused("it chose a subprotocol that was not offered"));
        }
        to = to.header(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    finish(to).map(|(parts, ())| parts)
}

fn finish(builder: Builder) -> Result<(Parts, ()), Failure> {
    builder.body(()).map(Response::into_parts).map_err(|_| Failure::AnswerMalformed("its head cannot be written"))
}

/// The headers that `Connection` names as meant for us alone.
fn listed(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect()
}

#[cfg(test)]
mod tests;
