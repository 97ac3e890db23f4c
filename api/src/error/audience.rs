use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use domain::Language;
use salvo::{
    Request,
    http::{Method, header},
};
use url::Url;

/// Whom a failure is told to. Taken from the request before anybody takes that apart.
#[derive(Debug, Clone)]
pub(crate) struct Audience {
    pub(crate) language: Language,
    /// What to report it by.
    pub(super) request_id: Option<String>,
    /// Our address as the front proxy has it.
    pub(super) backend: Option<SocketAddr>,
    /// Where the person is, who is shown a page; nothing for a program.
    pub(super) place: Option<Place>,
}

/// Where a person is who followed a link.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The address that failed.
    pub(super) here: String,
    /// The overview.
    pub(super) home: String,
}

impl Audience {
    /// A program, or a page of ours that tells its people itself.
    pub(crate) fn of(req: &Request) -> Self {
        let id = req.headers().get("x-request-id").and_then(|id| id.to_str().ok());
        Self {
            language: language_of(req),
            request_id: id.map(str::to_owned),
            backend: req.local_addr().clone().into_std().map(reachable),
            place: None,
        }
    }

    /// Whoever asks for something of a desktop: a person is shown a page, with a way to the overview of `public_url`.
    pub(crate) fn at_desktop(req: &Request, public_url: &Url) -> Self {
        let here = || req.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let place = wants_page(req).then(|| Place { here: here(), home: public_url.to_string() });
        Self { place, ..Self::of(req) }
    }

    /// The same, where another try has to begin elsewhere.
    pub(crate) fn trying_again_at(mut self, way: &Url) -> Self {
        self.place = self.place.map(|place| Place { here: way.to_string(), ..place });
        self
    }

    /// Our address as the front proxy has it.
    pub(crate) fn backend(&self) -> Option<SocketAddr> {
        self.backend
    }

    /// Whether a person sees the answer as it is.
    pub(crate) fn is_person(&self) -> bool {
        self.place.is_some()
    }
}

/// The caller's language.
pub(crate) fn language_of(req: &Request) -> Language {
    Language::negotiate(req.header::<&str>(header::ACCEPT_LANGUAGE).unwrap_or_default())
}

/// Whether it is a person who follows a link, and not a program or a page's part.
fn wants_page(req: &Request) -> bool {
    let headers = req.headers();
    let is_upgrade = headers.contains_key(header::UPGRADE) || headers.contains_key(header::SEC_WEBSOCKET_KEY);
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    *req.method() == Method::GET && !is_upgrade && accept.contains("text/html")
}

/// An address that can be written into a configuration: everywhere is at least here.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    address
}
