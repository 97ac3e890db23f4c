//! Which front proxy took the `Upgrade` header away, and what to write into its configuration.

use std::fmt;

use http::{HeaderMap, Version, header};

/// A program that commonly stands before us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// What its configuration needs so that streams pass. The lines for Apache, nginx, Caddy and `HAProxy` were tried;
    /// the last two and Traefik pass streams by themselves, so there something else in the configuration is in the way.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Apache => "ProxyPass \"/\" \"http://127.0.0.1:8080/\" upgrade=websocket timeout=3600",
            Self::Nginx => {
                "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                 proxy_set_header Connection $connection_upgrade; proxy_read_timeout 3600s;"
            }
            Self::Caddy => "reverse_proxy 127.0.0.1:8080",
            Self::Haproxy => "option forwardfor; timeout tunnel 1h",
            Self::Traefik => "remove middlewares that set or drop the Upgrade and Connection headers",
        }
    }
}

/// What a request says of the proxy it came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Front {
    /// The proxy, where the request betrays it.
    pub proxy: Option<Proxy>,
}

impl Front {
    /// Guesses from what proxies add to a request. A guess: it decides what is said, never what is done.
    pub(crate) fn of(headers: &HeaderMap, version: Version) -> Self {
        const SPOKEN: [(&str, Proxy); 6] = [
            ("apache", Proxy::Apache),
            ("nginx", Proxy::Nginx),
            ("openresty", Proxy::Nginx),
            ("caddy", Proxy::Caddy),
            ("haproxy", Proxy::Haproxy),
            ("traefik", Proxy::Traefik),
        ];
        let spoken = [header::VIA.as_str(), "server", "x-forwarded-server", "x-forwarded-by"]
            .into_iter()
            .flat_map(|name| headers.get_all(name))
            .filter_map(|value| value.to_str().ok())
            .find_map(|value| {
                let value = value.to_ascii_lowercase();
                SPOKEN.iter().find(|(word, _)| value.contains(word)).map(|(_, proxy)| *proxy)
            });
        let has = |name| headers.contains_key(name);
        let shown = if has("x-forwarded-server") {
            // both add it; only Traefik adds X-Real-Ip by itself
            Some(if has("x-real-ip") { Proxy::Traefik } else { Proxy::Apache })
        } else {
            // nginx speaks HTTP/1.0 to its back ends unless told otherwise, and X-Real-IP is its manual's example
            (has("x-real-ip") || version == Version::HTTP_10).then_some(Proxy::Nginx)
        };
        Self { proxy: spoken.or(shown) }
    }
}

impl fmt::Display for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.proxy {
            Some(proxy) => write!(
                f,
                "{} took the Upgrade header out of this request for a stream; its configuration needs: {}",
                proxy.name(),
                proxy.remedy()
            ),
            None => write!(
                f,
                "a proxy before this server took the Upgrade header out of this request for a stream; \
                 Apache needs: {}; nginx needs: {}",
                Proxy::Apache.remedy(),
                Proxy::Nginx.remedy()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Version};

    use super::{Front, Proxy};

    fn front(headers: &[(&'static str, &'static str)], version: Version) -> Option<Proxy> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        Front::of(&headers, version).proxy
    }

    #[test]
    fn a_proxy_is_named_by_what_it_adds() {
        let apache = [("x-forwarded-for", "192.0.2.7"), ("x-forwarded-server", "school.example")];
        assert_eq!(front(&apache, Version::HTTP_11), Some(Proxy::Apache));
        assert_eq!(front(&[("via", "1.1 school.example (Apache/2.4.71)")], Version::HTTP_11), Some(Proxy::Apache));
        assert_eq!(front(&[("x-real-ip", "192.0.2.7")], Version::HTTP_11), Some(Proxy::Nginx));
        assert_eq!(front(&[], Version::HTTP_10), Some(Proxy::Nginx));
        assert_eq!(front(&[("via", "1.1 Caddy")], Version::HTTP_11), Some(Proxy::Caddy));
        assert_eq!(front(&[("x-forwarded-for", "192.0.2.7")], Version::HTTP_11), None);
    }

    #[test]
    fn the_sentence_holds_the_line_to_write() {
        let known = Front { proxy: Some(Proxy::Apache) }.to_string();
        assert!(known.contains("Apache") && known.contains("upgrade=websocket"), "{known}");
        let unknown = Front { proxy: None }.to_string();
        assert!(unknown.contains("upgrade=websocket") && unknown.contains("proxy_http_version 1.1"), "{unknown}");
    }
}
