//! What stands before us, and what to write into its configuration where it spoils requests for streams.

use std::{fmt, net::SocketAddr};

use http::{HeaderMap, Version, header};

use crate::request::has_token;

/// A program that commonly stands before us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proxy {
    /// Apache httpd.
    Apache,
    /// nginx.
    Nginx,
    /// Caddy.
    Caddy,
    /// `HAProxy`.
    Haproxy,
    /// Traefik.
    Traefik,
}

/// Where a front finds us if nobody says otherwise.
const USUAL: &str = "127.0.0.1:8080";

impl Proxy {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apache => "Apache",
            Self::Nginx => "nginx",
            Self::Caddy => "Caddy",
            Self::Haproxy => "HAProxy",
            Self::Traefik => "Traefik",
        }
    }

    /// The proxy that speaks of itself so in `Via` or `Server`: `Apache/2.4.62 (Debian)`, `nginx`, `Caddy`.
    pub fn spoken(text: &str) -> Option<Self> {
        const WORDS: [(&str, Proxy); 6] = [
            ("apache", Proxy::Apache),
            ("nginx", Proxy::Nginx),
            ("openresty", Proxy::Nginx),
            ("caddy", Proxy::Caddy),
            ("haproxy", Proxy::Haproxy),
            ("traefik", Proxy::Traefik),
        ];
        let product = text.trim().split(['/', ' ']).next().unwrap_or_default();
        WORDS.iter().find(|(word, _)| product.eq_ignore_ascii_case(word)).map(|(_, proxy)| *proxy)
    }

    /// What its configuration needs so that streams pass, where `backend` is our address as it sees us.
    ///
    /// The lines for Apache, nginx, Caddy and `HAProxy` were tried. The last two and Traefik pass streams by
    /// themselves, so there something else in the configuration is in the way.
    pub fn remedy(self, backend: Option<SocketAddr>) -> String {
        let backend = backend.map_or_else(|| USUAL.to_owned(), |backend| backend.to_string());
        match self {
            Self::Apache => format!("ProxyPass \"/\" \"http://{backend}/\" upgrade=websocket timeout=3600"),
            Self::Nginx => "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                            proxy_set_header Connection \"upgrade\"; proxy_read_timeout 3600s;"
                .to_owned(),
            Self::Caddy => format!("reverse_proxy {backend} (without header_up lines for Upgrade or Connection)"),
            Self::Haproxy => "timeout tunnel 1h (and no http-request del-header for Upgrade or Connection)".to_owned(),
            Self::Traefik => "remove middlewares that set or drop the Upgrade and Connection headers".to_owned(),
        }
    }
}

/// What a request for a stream lost on its way to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loss {
    /// The `Upgrade` header.
    Upgrade,
    /// The word `upgrade` in its `Connection` header.
    Connection,
    /// HTTP/1.1: it was passed on in a version that knows no streams.
    Version,
}

/// What a request says of the proxy it came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Front {
    /// The proxy, where the request betrays it.
    pub proxy: Option<Proxy>,
    /// Whether anything in the request says that a proxy passed it on.
    pub announces: bool,
}

impl Front {
    /// Guesses from what proxies add to a request. A guess: it decides what is said, never what is done.
    ///
    /// What each adds where nothing is configured: Apache `X-Forwarded-For`, `-Host` and `-Server`; Traefik the same
    /// with `-Port`, `-Proto` and `X-Real-Ip`; Caddy `-For`, `-Host` and `-Proto`, newer ones `Via`; nginx nothing, but
    /// it speaks HTTP/1.0 or closes each connection; `HAProxy` with `option forwardfor` nothing but `X-Forwarded-For`.
    pub fn of(headers: &HeaderMap, version: Version) -> Self {
        let has = |name| headers.contains_key(name);
        let announced = ["via", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-server", "x-real-ip"];
        let shown = if version == Version::HTTP_10 {
            Some(Proxy::Nginx)
        } else if has("x-forwarded-server") {
            let is_traefik = has("x-forwarded-port") || has("x-real-ip");
            Some(if is_traefik { Proxy::Traefik } else { Proxy::Apache })
        } else if has("x-real-ip") || has_token(headers, &header::CONNECTION, "close") {
            // `X-Real-IP` is the example of nginx's manual
            Some(Proxy::Nginx)
        } else if has("x-forwarded-host") && has("x-forwarded-proto") {
            Some(Proxy::Caddy)
        } else {
            has("x-forwarded-for").then_some(Proxy::Haproxy)
        };
        Self { proxy: via(headers).or(shown), announces: announced.into_iter().any(has) }
    }

    /// What to write where. Without a guess, the lines of the two proxies that do not pass streams by themselves.
    pub fn remedy(&self, backend: Option<SocketAddr>) -> String {
        match self.proxy {
            Some(proxy) => proxy.remedy(backend),
            None => format!("Apache: {}  nginx: {}", Proxy::Apache.remedy(backend), Proxy::Nginx.remedy(backend)),
        }
    }
}

/// Who says so in `Via`: the last one that does is the nearest to us. A comment names the product (`1.1 host
/// (Apache/2.4.62)`); without one it is a host, which may be called anything, or the product itself (`1.1 Caddy`).
fn via(headers: &HeaderMap) -> Option<Proxy> {
    let lines = headers.get_all(header::VIA).iter().filter_map(|line| line.to_str().ok());
    let mut said = lines.flat_map(|line| line.split(',')).filter_map(|hop| match hop.split_once('(') {
        Some((_, comment)) => Proxy::spoken(comment.trim_end_matches([')', ' '])),
        None => Proxy::spoken(hop.trim().split_once(' ')?.1),
    });
    said.next_back()
}

/// Says what became of a request for a stream, and what to do.
pub(crate) struct Spoiled<'a>(pub(crate) &'a Loss, pub(crate) &'a Front);

impl fmt::Display for Spoiled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(loss, front) = self;
        let proxy = front.proxy.map_or("a proxy before this server", Proxy::name);
        let did = match loss {
            Loss::Upgrade => "took the header `Upgrade` out of this request for a stream",
            Loss::Connection => "took the word `upgrade` out of the header `Connection` of this request for a stream",
            Loss::Version => "passed this request for a stream on in HTTP/1.0, which knows none",
        };
        write!(f, "{proxy} {did}; its configuration needs: {}", front.remedy(None))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Version};

    use super::{Front, Loss, Proxy, Spoiled};

    fn front(headers: &[(&'static str, &'static str)], version: Version) -> Option<Proxy> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        Front::of(&headers, version).proxy
    }

    #[test]
    fn a_proxy_is_named_by_what_it_adds() {
        const FOR: (&str, &str) = ("x-forwarded-for", "192.0.2.7");
        const HOST: (&str, &str) = ("x-forwarded-host", "school.example");
        const SERVER: (&str, &str) = ("x-forwarded-server", "school.example");
        const PROTO: (&str, &str) = ("x-forwarded-proto", "https");
        const PORT: (&str, &str) = ("x-forwarded-port", "443");
        const REAL: (&str, &str) = ("x-real-ip", "192.0.2.7");
        const CLOSE: (&str, &str) = ("connection", "close");
        const KEEP: (&str, &str) = ("connection", "Keep-Alive");
        let cases: &[(&[_], Version, Option<Proxy>)] = &[
            (&[FOR, HOST, SERVER, KEEP], Version::HTTP_11, Some(Proxy::Apache)),
            (&[FOR, HOST, SERVER, CLOSE], Version::HTTP_11, Some(Proxy::Apache)),
            (&[FOR, HOST, SERVER, PROTO, KEEP], Version::HTTP_11, Some(Proxy::Apache)),
            (&[FOR, HOST, SERVER, PROTO, PORT, REAL], Version::HTTP_11, Some(Proxy::Traefik)),
            (&[CLOSE], Version::HTTP_10, Some(Proxy::Nginx)),
            (&[CLOSE], Version::HTTP_11, Some(Proxy::Nginx)),
            (&[REAL], Version::HTTP_11, Some(Proxy::Nginx)),
            // behind another Apache, the nearest is the one that spoke HTTP/1.0
            (&[FOR, HOST, SERVER, CLOSE], Version::HTTP_10, Some(Proxy::Nginx)),
            (&[FOR, HOST, PROTO], Version::HTTP_11, Some(Proxy::Caddy)),
            (&[FOR], Version::HTTP_11, Some(Proxy::Haproxy)),
            (&[], Version::HTTP_11, None),
        ];
        for (headers, version, proxy) in cases {
            assert_eq!(front(headers, *version), *proxy, "{headers:?} {version:?}");
        }
    }

    #[test]
    fn a_proxy_that_says_its_name_is_believed_before_all_else() {
        for (via, proxy) in [
            ("1.1 school.example (Apache/2.4.71)", Some(Proxy::Apache)),
            ("1.1 Caddy", Some(Proxy::Caddy)),
            ("1.1 Caddy, 1.1 school.example (Apache/2.4.71)", Some(Proxy::Apache)),
            ("1.0 nginx.school.example (squid/5.7)", None),
            ("1.1 apache.school.example", None),
        ] {
            assert_eq!(front(&[("via", via)], Version::HTTP_11), proxy, "{via}");
        }
        assert_eq!(Proxy::spoken("Apache/2.4.62 (Debian)"), Some(Proxy::Apache));
        assert_eq!(Proxy::spoken("nginx"), Some(Proxy::Nginx));
        assert_eq!(Proxy::spoken("gunicorn"), None);
    }

    #[test]
    fn the_sentence_holds_the_line_to_write() {
        let known = Front { proxy: Some(Proxy::Apache), announces: true };
        let said = Spoiled(&Loss::Upgrade, &known).to_string();
        assert!(said.starts_with("Apache") && said.contains("upgrade=websocket"), "{said}");
        let line = known.remedy(Some(([10, 0, 0, 7], 80).into()));
        assert_eq!(line, "ProxyPass \"/\" \"http://10.0.0.7:80/\" upgrade=websocket timeout=3600");
        let unknown = Spoiled(&Loss::Version, &Front { proxy: None, announces: false }).to_string();
        assert!(unknown.contains("upgrade=websocket") && unknown.contains("proxy_http_version 1.1"), "{unknown}");
    }
}
