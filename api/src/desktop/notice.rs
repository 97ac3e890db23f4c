use domain::Language;
use salvo::{
    Response,
    http::{HeaderValue, ResBody, header},
};
use url::Url;

use crate::error::ApiError;

/// One sentence and one link. There is no app on a desktop's own host that could say it more nicely.
const PAGE: &str = include_str!("notice.html");

/// Nothing runs on it, and it is nobody's frame.
const CONTENT_SECURITY_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'");

/// Tells a person what a program was about to be told, and where to go on.
pub(super) fn for_people(error: &ApiError, way_on: &Url, language: Language, res: &mut Response) {
    let link = language.pick("Weiter zu Pult", "Go on to Pult");
    let page = [
        ("{language}", language.as_str()),
        ("{sentence}", &escaped(&error.detail(language))),
        ("{way_on}", &escaped(way_on.as_str())),
        ("{link}", link),
    ]
    .into_iter()
    .fold(PAGE.to_owned(), |page, (mark, text)| page.replace(mark, text));
    res.body(ResBody::Once(page.into()));
    let headers = res.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

fn escaped(text: &str) -> String {
    [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;")]
        .into_iter()
        .fold(text.to_owned(), |text, (character, entity)| text.replace(character, entity))
}
