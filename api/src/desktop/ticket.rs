//! How a browser that is signed in at the app comes onto a desktop's own host, where the app's cookie does not reach.
//!
//! ```text
//! desktop's host   GET /page?x                          no cookie: notes a word in the browser
//! app              GET /enter/<label>?for=…&to=…        who, and may they: a ticket for that word
//! desktop's host   GET /.pult/enter?ticket=…&to=…       word and ticket, once: a cookie
//! desktop's host   GET /page?x
//! ```
//!
//! Each `GET` is a redirect from the one before. The ticket is of use in the one browser that has the word, so nobody
//! can bring somebody else onto *their* desktop by handing on a link.

use domain::access::Credential;
use http::uri::PathAndQuery;
use routing::Route;
use salvo::{Depot, FlowCtrl, Handler, Request, Response, async_trait};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded::Serializer};

use super::{
    enter::{find_by_host_label, refuse},
    pass::pass,
    place::{PLACE, is_label, lead, own_origin},
};
use crate::{
    app::App,
    auth::{DESKTOP, ENTRY, identify},
    error::{ApiError, Audience},
    extract,
};

/// The one path of a desktop's own host that is ours.
pub(super) const EXCHANGE: &str = "/.pult/enter";

/// The app's path at which tickets are made; a label follows.
const DOOR: &str = "/enter/";

/// `/enter/{label}`: whoever may open the desktop gets a ticket for its host.
pub(crate) struct Door;

#[async_trait]
impl Handler for Door {
    async fn handle(&self, req: &mut Request, depot: &mut Depot, res: &mut Response, _: &mut FlowCtrl) {
        let app = extract::app(depot).clone();
        let audience = Audience::at_desktop(req, &app.config.public_url);
        let path = req.uri().path().to_owned();
        if let Err(error) = issue(&app, req, res).await {
            refuse(&error, &path, &audience, res);
        }
    }
}

async fn issue(app: &App, req: &mut Request, res: &mut Response) -> Result<(), ApiError> {
    let principal = identify(app, req).await?.principal;
    let label = req.param::<String>("label").filter(|label| is_label(label)).ok_or(ApiError::NotFound("desktop"))?;
    let route = pass(app, &principal, find_by_host_label(app, &label).await?).await?.route;
    let challenge = req.query::<String>("for").filter(|challenge| is_secret(challenge));
    let (Some(challenge), Some(origin), Credential::Session(session), true) =
        (challenge, own_origin(&app.config, &route), &principal.credential, route.target.is_some())
    else {
        // nobody asked for a ticket, or there is nothing yet that it would be for
        return lead(res, &app.config.public_url, &format!("{PLACE}{}/", route.name));
    };
    let ticket = app.store.passes().issue(*session, route.desktop, &challenge).await?;
    let query = query(&[("ticket", ticket.expose_secret()), ("to", &destination(req))]);
    lead(res, &origin, &format!("{EXCHANGE}?{query}"))
}

/// Sends a browser that has no cookie for a desktop's host to the app for a ticket.
pub(super) fn ask(app: &App, label: &str, req: &Request, res: &mut Response) -> Result<(), ApiError> {
    let secure = app.config.is_secure();
    // two tabs that come at once have the same word
    let known = ENTRY.read(req, secure)?.filter(|word| is_secret(word.expose_secret()));
    let word = known.unwrap_or_else(store::random_secret);
    ENTRY.write(res, &word, secure);
    let to = req.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let query = query(&[("for", &store::challenge(&word)), ("to", to)]);
    lead(res, &app.config.public_url, &format!("{DOOR}{label}?{query}"))
}

/// Leads a browser that may see a desktop's host to the app, which shows how the desktop is.
pub(super) fn back(app: &App, label: &str, res: &mut Response) -> Result<(), ApiError> {
    lead(res, &app.config.public_url, &format!("{DOOR}{label}"))
}

/// Where somebody goes on for whom it did not work.
pub(super) fn way_on(app: &App, label: Option<&str>) -> Url {
    let mut way = app.config.public_url.clone();
    way.set_path(&label.map_or_else(String::new, |label| format!("{DOOR}{label}")));
    way
}

/// Exchanges a ticket for the cookie of this host.
pub(super) async fn exchange(
    app: &App,
    route: &Route,
    origin: &Url,
    req: &mut Request,
    res: &mut Response,
) -> Result<(), ApiError> {
    let secure = app.config.is_secure();
    // the browser was given it two redirects ago
    let word = ENTRY.read(req, secure)?.ok_or(ApiError::CookiesBlocked)?;
    let ticket = SecretString::from(req.query::<String>("ticket").unwrap_or_default());
    let cookie = app.store.passes().exchange(&ticket, &word, route.desktop).await?.ok_or(ApiError::TicketSpent)?;
    DESKTOP.write(res, &cookie, secure);
    lead(res, origin, &destination(req))
}

/// The path that somebody wanted. It is only ever read as one below an origin that we chose.
fn destination(req: &mut Request) -> String {
    let wanted = req.query::<String>("to").filter(|to| to.starts_with('/'));
    let path = wanted.and_then(|to| to.parse::<PathAndQuery>().ok());
    path.map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned())
}

fn query(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Whether a text has the form of a random secret, or of the hash of one.
fn is_secret(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use salvo::Request;

    use super::{destination, is_secret, query};

    fn led_to(to: &str) -> String {
        let mut request = Request::new();
        *request.uri_mut() = format!("https://x.example/.pult/enter?{}", query(&[("to", to)])).parse().expect("a URI");
        destination(&mut request)
    }

    #[test]
    fn one_arrives_where_one_wanted_to_go() {
        for path in ["/", "/vnc.html?path=websockify&a=%2F..%2F", "/a//b;c?d=e%26f&g#", "/%E4%BD%A0"] {
            assert_eq!(led_to(path), path.trim_end_matches('#'), "octet for octet");
        }
    }

    #[test]
    fn what_is_no_path_leads_to_the_first_page() {
        for hostile in [
            "",
            "evil.example",
            "https://evil.example/",
            "@evil.example",
            "javascript:alert(1)",
            "/a b",
            "/\r\nx: y",
            "/\0",
        ] {
            assert_eq!(led_to(hostile), "/", "{hostile:?}");
        }
        let mut without = Request::new();
        assert_eq!(destination(&mut without), "/");
    }

    #[test]
    fn words_have_the_form_of_random_secrets() {
        use secrecy::ExposeSecret;
        let word = store::random_secret();
        assert!(is_secret(word.expose_secret()) && is_secret(&store::challenge(&word)));
        for other in ["", "a", &"a".repeat(44), &"a".repeat(42), &format!("{}\n", "a".repeat(42)), &"ä".repeat(43)] {
            assert!(!is_secret(other), "{other}");
        }
    }
}
