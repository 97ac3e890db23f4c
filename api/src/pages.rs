//! The web app, embedded in the program: one document for every page, and its hashed parts.

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};
use salvo::{
    Request, Response,
    http::{HeaderValue, StatusCode, header},
};

use crate::error::{ApiError, Audience};

#[derive(RustEmbed)]
#[folder = "../frontend/dist"]
#[allow_missing = true]
struct Dist;

/// What a program that was built without the web app shows instead.
const STUB: &str = include_str!("pages/stub.html");

/// Nothing from elsewhere runs, is shown or is asked here. The web app's build says what its own parts need.
const CONTENT_SECURITY_POLICY: &str = include_str!("../../frontend/csp.txt").trim_ascii_end();

/// Answers with the web app's document; the page itself finds out from the address what it shows.
pub(crate) fn app(req: &Request, res: &mut Response) {
    match find(req, "index.html") {
        Some((file, encoding)) => send(res, file, encoding, "text/html; charset=utf-8", "no-cache"),
        None => res.render(salvo::writing::Text::Html(STUB)),
    }
    let headers = res.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Any address that nothing else answers: a part of the web app, else its document.
#[salvo::handler]
pub(crate) async fn fallback(req: &mut Request, res: &mut Response) {
    let path = req.uri().path().trim_start_matches('/').to_owned();
    if path == "api" || path.starts_with("api/") || path.starts_with("auth/") {
        return ApiError::NotFound("path").render(&Audience::of(req), res);
    }
    if path.is_empty() || path == "index.html" {
        return app(req, res);
    }
    if let Some((file, encoding)) = find(req, &path) {
        // the build puts a hash of the contents into these names
        let keep = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        let media_type = file.metadata.mimetype().to_owned();
        let media_type = if encoding.is_some() { media_type_of(&path) } else { media_type };
        return send(res, file, encoding, &media_type, keep);
    }
    if path.starts_with("assets/") {
        res.status_code(StatusCode::NOT_FOUND);
        return ApiError::NotFound("asset").render(&Audience::of(req), res);
    }
    app(req, res);
}

/// A file of the web app, in the smallest form that the browser takes.
fn find(req: &Request, path: &str) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = req.header::<&str>(header::ACCEPT_ENCODING).unwrap_or_default();
    for (encoding, ending) in [("br", "br"), ("gzip", "gz")] {
        let takes = accepted.split(',').any(|one| one.split(';').next().is_some_and(|name| name.trim() == encoding));
        if takes && let Some(file) = Dist::get(&format!("{path}.{ending}")) {
            return Some((file, Some(encoding)));
        }
    }
    Dist::get(path).map(|file| (file, None))
}

fn media_type_of(path: &str) -> String {
    Dist::get(path).map_or_else(|| "application/octet-stream".to_owned(), |file| file.metadata.mimetype().to_owned())
}

fn send(res: &mut Response, file: EmbeddedFile, encoding: Option<&'static str>, media_type: &str, keep: &'static str) {
    let headers = res.headers_mut();
    if let Ok(media_type) = HeaderValue::from_str(media_type) {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    let bytes = match file.data {
        Cow::Borrowed(bytes) => hyper::body::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    res.body(salvo::http::ResBody::Once(bytes));
}
