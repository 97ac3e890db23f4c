use salvo::{
    Request, Response,
    http::{
        cookie::{Cookie, SameSite, time::Duration},
        header,
    },
};
use secrecy::{ExposeSecret, SecretString};

use crate::error::ApiError;

/// Over TLS the name begins so that a neighbour on the same domain can neither set nor overwrite it (RFC 6265bis).
const SECURE: &str = "__Host-pult_session";
/// Without TLS browsers do not take such a name.
const PLAIN: &str = "pult_session";
/// The store ends it earlier; this is how long a browser keeps it at most.
const DAYS: i64 = 7;

/// The value of the session cookie. Twice the name is an attack, or a mistake that looks like one.
pub(super) fn read(req: &Request, secure: bool) -> Result<Option<SecretString>, ApiError> {
    let name = name(secure);
    let mut values = req
        .headers()
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err(ApiError::CookieDoubled),
        (value, _) => Ok(value.map(SecretString::from)),
    }
}

/// Gives a browser its session.
pub(super) fn write(res: &mut Response, secret: &SecretString, secure: bool) {
    res.add_cookie(cookie(secret.expose_secret().to_owned(), Duration::days(DAYS), secure));
}

/// Takes it back.
pub(super) fn clear(res: &mut Response, secure: bool) {
    res.add_cookie(cookie(String::new(), Duration::ZERO, secure));
}

fn cookie(value: String, age: Duration, secure: bool) -> Cookie<'static> {
    Cookie::build((name(secure), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .max_age(age)
        .build()
}

fn name(secure: bool) -> &'static str {
    if secure { SECURE } else { PLAIN }
}
