use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header, uri::PathAndQuery};
use routing::Target;
use secrecy::ExposeSecret as _;

use super::{Handshake, Wish, upgrade::has_token};
use crate::{client::ClientInfo, cookies, failure::Failure, framing};

/// The largest head, in bytes (`KasmVNC`'s buffer of 16 KiB holds one byte more).
const MAX_HEAD: usize = 16 * 1024 - 1;

/// The longest value of a header, in bytes (`KasmVNC` copies some into 1 KiB without looking).
const MAX_VALUE: usize = 1000;

/// What a stream without a subprotocol is called towards desktops that insist on one. `KasmVNC` takes any, websockify
/// this one, and Selkies none but does not mind.
const PROTOCOL: HeaderValue = HeaderValue::from_static("binary");

/// What is passed on of every request.
const ALWAYS: [HeaderName; 3] = [header::USER_AGENT, header::ACCEPT, header::ACCEPT_LANGUAGE];

/// What is passed on of a request for an answer.
const FOR_ANSWERS: [HeaderName; 13] = [
    header::ACCEPT_ENCODING,
    header::CACHE_CONTROL,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_DISPOSITION,
    header::CONTENT_RANGE,
    header::RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
];

/// `KasmVNC` looks for these anywhere in a head and takes it for something else where it finds one.
const MISLEADING: [&[u8]; 2] = [b"/api/", b"../"];

/// Makes the head that a desktop gets for a client's request.
///
/// Our credential comes first, because `KasmVNC` takes the first place where `Authorization: Basic ` stands, whatever
/// header that is in; `Host` comes before `X-Forwarded-Host` for the same reason.
pub(crate) fn head<B>(
    request: &Request<B>,
    wish: &Wish,
    path: PathAndQuery,
    client: &ClientInfo,
    target: &Target,
) -> Result<Request<()>, Failure> {
    let method = request.method();
    // methods have a case (RFC 9110 section 9.1), and a desktop may not know that: `trace` would be one of these
    let is_spelled_well = method.as_str().bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    if !is_spelled_well || matches!(*method, Method::CONNECT | Method::TRACE) {
        return Err(Failure::MethodRefused);
    }
    let length = framing::length(request.headers()).map_err(Failure::FramingAmbiguous)?;
    let mut headers = HeaderMap::with_capacity(24);
    headers.insert(header::AUTHORIZATION, credential(target)?);
    headers.insert(header::HOST, text(&client.host)?);
    match wish {
        Wish::Stream(handshake) => put_handshake(&mut headers, handshake, client)?,
        Wish::Answer => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            if request.headers().contains_key(header::ORIGIN) {
                headers.insert(header::ORIGIN, origin(client)?);
            }
            pass_on(&mut headers, request.headers(), &FOR_ANSWERS);
            headers.extend(length.map(|length| (header::CONTENT_LENGTH, length)));
        }
    }
    pass_on(&mut headers, request.headers(), &ALWAYS);
    if client.place.is_own_host() {
        headers.extend(cookies::for_desktop(request.headers(), is_misleading).map(|line| (header::COOKIE, line)));
    }
    headers.insert("x-forwarded-for", text(&client.address.to_canonical().to_string())?);
    headers.insert("x-forwarded-proto", text(client.scheme.as_str())?);
    headers.insert("x-forwarded-host", text(&client.host)?);
    check_size(method, &path, &headers)?;

    let mut head = Request::new(());
    *head.method_mut() = method.clone();
    *head.uri_mut() = Uri::from(path);
    *head.version_mut() = Version::HTTP_11;
    *head.headers_mut() = headers;
    Ok(head)
}

/// The handshake, completed with what desktops insist on: `KasmVNC` on some origin and some subprotocol, Selkies on an
/// origin that equals the host. Extensions are not offered: a compressed stream could not be watched for input.
fn put_handshake(headers: &mut HeaderMap, handshake: &Handshake, client: &ClientInfo) -> Result<(), Failure> {
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::ORIGIN, origin(client)?);
    headers.insert(header::SEC_WEBSOCKET_KEY, handshake.key.clone());
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    for line in &handshake.protocols {
        headers.append(header::SEC_WEBSOCKET_PROTOCOL, line.clone());
    }
    if handshake.protocols.is_empty() {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, PROTOCOL);
    }
    Ok(())
}

fn pass_on(headers: &mut HeaderMap, from: &HeaderMap, names: &[HeaderName]) {
    for name in names {
        // what `Connection` names was meant for us alone (RFC 9110 section 7.6.1)
        if has_token(from, &header::CONNECTION, name.as_str()) {
            continue;
        }
        for value in from.get_all(name) {
            if !is_misleading(value.as_bytes()) {
                headers.append(name, value.clone());
            }
        }
    }
}

fn is_misleading(value: &[u8]) -> bool {
    MISLEADING.iter().any(|part| value.windows(part.len()).any(|window| window == *part))
}

fn check_size(method: &Method, path: &PathAndQuery, headers: &HeaderMap) -> Result<(), Failure> {
    let line = method.as_str().len() + path.as_str().len() + " ".len() + " HTTP/1.1\r\n\r\n".len();
    // room for a transfer encoding that hyper may still add
    let spare = "Transfer-Encoding: chunked\r\n".len();
    let fields: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
    let is_long = headers.values().any(|value| value.len() > MAX_VALUE);
    if is_long || line + spare + fields > MAX_HEAD { Err(Failure::HeadTooLarge) } else { Ok(()) }
}

fn origin(client: &ClientInfo) -> Result<HeaderValue, Failure> {
    text(&format!("{}://{}", client.scheme, client.host))
}

fn credential(target: &Target) -> Result<HeaderValue, Failure> {
    let pair = STANDARD.encode(format!("{}:{}", target.user, target.password.expose_secret()));
    let mut value = text(&format!("Basic {pair}"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn text(text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(text).map_err(|_| Failure::HeadMalformed("the host is not one"))
}

#[cfg(test)]
mod tests;
