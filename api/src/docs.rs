//! Pages to read the `OpenAPI` document, for anybody: Swagger UI, from this program alone and under a policy as strict as
//! the web app's. Nothing can be tried out there: what changes something needs a proof that a page of the web app has.

use salvo::{
    Response, Router,
    http::{HeaderValue, header},
};
use salvo_oapi::swagger_ui::SwaggerUi;

const PAGE: &str = include_str!("docs/index.html");
const SCRIPT: &str = include_str!("docs/start.js");
const STYLE: &str = include_str!("docs/style.css");

/// Neither inline scripts nor styles, and nothing from elsewhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The pages, which read the document at an address.
pub(crate) fn router(document: &'static str) -> Router {
    Router::new()
        .push(
            Router::with_path("api/docs")
                .get(page)
                .push(Router::with_path("start.js").get(script))
                .push(Router::with_path("style.css").get(style)),
        )
        .push(SwaggerUi::new(document).into_router("api/docs"))
}

#[salvo::handler]
fn page(res: &mut Response) {
    send(res, "text/html; charset=utf-8", PAGE);
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        res.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

#[salvo::handler]
fn script(res: &mut Response) {
    send(res, "text/javascript; charset=utf-8", SCRIPT);
}

#[salvo::handler]
fn style(res: &mut Response) {
    send(res, "text/css; charset=utf-8", STYLE);
}

fn send(res: &mut Response, media_type: &'static str, text: &'static str) {
    let headers = res.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    res.body(text);
}
