use salvo::{
    Request, Response,
    http::{
        cookie::{Cookie as Line, SameSite, time::Duration},
        header,
    },
};
use secrecy::{ExposeSecret, SecretString};

use crate::error::ApiError;

/// A cookie of ours. Each is for the one host that sets it, out of reach of scripts.
///
/// `SameSite=Lax`, since people follow links to us; against pages of a neighbouring host, which are of the same site,
/// no `SameSite` helps, so wherever a cookie counts the origin is looked at as well.
pub(crate) struct Cookie {
    /// Over TLS the name begins so that a neighbour on the same domain can neither set nor overwrite it (RFC 6265bis).
    secure: &'static str,
    /// Without TLS browsers do not take such a name.
    plain: &'static str,
    /// How long a browser keeps it at most; where nothing is said, until it is closed.
    age: Option<Duration>,
}

/// A browser that is signed in. The store ends it earlier.
pub(super) const SESSION: Cookie =
    Cookie { secure: "__Host-pult_session", plain: "pult_session", age: Some(Duration::days(7)) };

/// A browser that is on its way to an identity provider, and the word by which its answer is told from others'.
pub(super) const SIGN_IN: Cookie =
    Cookie { secure: "__Host-pult_sign_in", plain: "pult_sign_in", age: Some(Duration::minutes(10)) };

/// A browser that may see the desktop on whose host this is. Ends with the session it came from.
pub(crate) const DESKTOP: Cookie = Cookie { secure: "__Host-pult_desktop", plain: "pult_desktop", age: None };

/// A browser that is on its way to a desktop's host, and the word by which it is known there when it comes back.
pub(crate) const ENTRY: Cookie =
    Cookie { secure: "__Host-pult_entry", plain: "pult_entry", age: Some(Duration::minutes(1)) };

impl Cookie {
    /// The cookie's value. Twice the name is an attack, or a mistake that looks like one.
    pub(crate) fn read(&self, req: &Request, secure: bool) -> Result<Option<SecretString>, ApiError> {
        let name = self.name(secure);
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

    /// Gives it to a browser.
    pub(crate) fn write(&self, res: &mut Response, secret: &SecretString, secure: bool) {
        res.add_cookie(self.line(secret.expose_secret().to_owned(), self.age, secure));
    }

    /// Takes it back.
    pub(crate) fn clear(&self, res: &mut Response, secure: bool) {
        res.add_cookie(self.line(String::new(), Some(Duration::ZERO), secure));
    }

    fn line(&self, value: String, age: Option<Duration>, secure: bool) -> Line<'static> {
        let mut line = Line::build((self.name(secure), value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(secure)
            .build();
        line.set_max_age(age);
        line
    }

    fn name(&self, secure: bool) -> &'static str {
        if secure { self.secure } else { self.plain }
    }
}
