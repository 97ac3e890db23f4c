//! Where desktops stand, and which request is for which of them.

use domain::template::Client;
use http::uri::{Authority, Scheme};
use routing::Route;
use salvo::{
    Request, Response,
    http::{HeaderValue, StatusCode, header},
};
use url::Url;

use crate::{
    config::{Config, Places},
    error::ApiError,
};

/// The place of every desktop on the app's own host.
pub(super) const PLACE: &str = "/desktop/";

/// Where somebody meets a desktop.
pub(super) struct Place {
    pub(super) kind: gateway::Place,
    pub(super) scheme: Scheme,
    /// Host, and port where it is not the scheme's own.
    pub(super) host: String,
}

impl Place {
    /// Below the app's own host.
    pub(super) fn on_app(config: &Config, route: &Route) -> Self {
        let prefix = format!("{PLACE}{}", route.name);
        Self::at(config, gateway::Place::Path { prefix }, &config.public_url)
    }

    /// On its own host.
    pub(super) fn on_own_host(config: &Config, origin: &Url) -> Self {
        Self::at(config, gateway::Place::Host, origin)
    }

    fn at(config: &Config, kind: gateway::Place, origin: &Url) -> Self {
        let scheme = if config.is_secure() { Scheme::HTTPS } else { Scheme::HTTP };
        Self { kind, scheme, host: origin.authority().to_owned() }
    }
}

/// The origin that a desktop has to itself, if it has one.
///
/// Only pages of the container need one. Our own viewer, and a client that was taken from the image, are on the app's
/// host as they are where there are no other hosts: what runs there is not the container's to choose.
pub(super) fn own_origin(config: &Config, route: &Route) -> Option<Url> {
    let label = route.host_label.as_deref().filter(|_| route.client == Client::Container)?;
    origin_of(config, label)
}

fn origin_of(config: &Config, label: &str) -> Option<Url> {
    let Places::Hosts { suffix } = &config.places else {
        return None;
    };
    let mut origin = config.public_url.clone();
    origin.set_host(Some(&format!("{label}.{suffix}"))).ok().map(|()| origin)
}

/// Whether anything in a request says that it is for a desktop's own host. Then it is for nothing else that is here:
/// no page of ours and no endpoint is on those hosts, whatever else the request says.
pub(crate) fn is_for_own_host(config: &Config, req: &Request) -> bool {
    let Places::Hosts { suffix } = &config.places else {
        return false;
    };
    hosts_of(req).any(|host| host.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// The first part of the own host that a request is for; none where it names two hosts, or no desktop's.
pub(super) fn label_of(config: &Config, req: &Request) -> Option<String> {
    let Places::Hosts { suffix } = &config.places else {
        return None;
    };
    let mut hosts = hosts_of(req);
    let host = hosts.next().filter(|host| hosts.all(|other| other == *host))?;
    let label = host.strip_suffix(suffix)?.strip_suffix('.')?;
    is_label(label).then(|| label.to_owned())
}

/// Whether a text can be the first part of a desktop's own host. What cannot is not looked for.
pub(super) fn is_label(text: &str) -> bool {
    (16..=63).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// The hosts that a request names, in its target and in `Host`, each in the one spelling that it has here.
fn hosts_of(req: &Request) -> impl Iterator<Item = String> {
    let target = req.uri().host().map(normal);
    let named = req.headers().get_all(header::HOST).iter().filter_map(|value| value.to_str().ok());
    target.into_iter().chain(named.filter_map(|value| Some(normal(value.parse::<Authority>().ok()?.host()))))
}

/// Case does not count, and neither does the dot of the root (RFC 4343; RFC 1034 section 3.1).
fn normal(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// Leads a browser to a path of one of our origins. Nothing keeps the way there, or tells the next page of it.
pub(super) fn lead(res: &mut Response, origin: &Url, path: &str) -> Result<(), ApiError> {
    let place = format!("{}://{}{path}", origin.scheme(), origin.authority());
    let place = HeaderValue::try_from(place).map_err(|_| ApiError::NotFound("path"))?;
    res.status_code(StatusCode::SEE_OTHER);
    let headers = res.headers_mut();
    headers.insert(header::LOCATION, place);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use domain::idle::IdlePolicy;
    use salvo::{Request, http::header};

    use super::{is_for_own_host, label_of, lead, origin_of};
    use crate::config::{Config, Places};

    const LABEL: &str = "abcdefghjkmn23456789";

    fn config(places: Places) -> Config {
        Config {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            admin_listen: (Ipv4Addr::LOCALHOST, 0).into(),
            public_url: "https://pult.school.example:8443/".parse().expect("a URL"),
            trusted_proxies: Vec::new(),
            tls: None,
            places,
            local_accounts: false,
            local_admins_from: Vec::new(),
            providers: Vec::new(),
            roster: None,
            ask_again_after: chrono::TimeDelta::minutes(15),
            webhooks: domain::webhook::Destinations::default(),
            idle: IdlePolicy::NONE.into(),
            node: "local".to_owned(),
        }
    }

    fn hosts() -> Config {
        config(Places::Hosts { suffix: "desktops.school.example".to_owned() })
    }

    fn request(target: &str, hosts: &[&str]) -> Request {
        let mut request = Request::new();
        *request.uri_mut() = target.parse().expect("a URI");
        for host in hosts {
            request.headers_mut().append(header::HOST, host.parse().expect("a value"));
        }
        request
    }

    #[test]
    fn a_desktop_is_found_by_the_host_alone() {
        let own = format!("{LABEL}.desktops.school.example");
        for host in [own.clone(), format!("{own}:8443"), format!("{own}."), own.to_uppercase()] {
            let request = request("/x", &[&host]);
            assert!(is_for_own_host(&hosts(), &request), "{host}");
            assert_eq!(label_of(&hosts(), &request).as_deref(), Some(LABEL), "{host}");
            assert!(!is_for_own_host(&config(Places::Paths), &request), "{host}");
        }
        let target = request(&format!("https://{own}/x"), &[]);
        assert_eq!(label_of(&hosts(), &target).as_deref(), Some(LABEL), "as in HTTP/2");
    }

    #[test]
    fn nothing_of_ours_is_on_any_host_below_the_suffix() {
        for host in [
            "desktops.school.example",
            "a.b.desktops.school.example",
            "x.desktops.school.example",
            "DESKTOPS.school.example.:1",
        ] {
            let request = request("/api/v1/me", &[host]);
            assert!(is_for_own_host(&hosts(), &request), "{host}");
            assert_eq!(label_of(&hosts(), &request), None, "{host}");
        }
        let own = format!("{LABEL}.desktops.school.example");
        for request in [request("/", &["pult.school.example", &own]), request("https://pult.school.example/", &[&own])]
        {
            assert!(is_for_own_host(&hosts(), &request), "two hosts");
            assert_eq!(label_of(&hosts(), &request), None, "two hosts");
        }
        for host in ["pult.school.example", "xdesktops.school.example", "desktops.school.example.evil.example"] {
            assert!(!is_for_own_host(&hosts(), &request("/", &[host])), "{host}");
        }
    }

    #[test]
    fn whatever_the_path_one_is_led_to_our_origin() {
        let origin = origin_of(&hosts(), LABEL).expect("an origin");
        for path in ["/", "/a%2Fb?c=d", "//evil.example/", "/\\evil.example", "/@evil.example"] {
            let mut response = salvo::Response::new();
            lead(&mut response, &origin, path).expect("a way");
            let place = response.headers()[header::LOCATION].to_str().expect("text").to_owned();
            assert_eq!(place, format!("https://{LABEL}.desktops.school.example:8443{path}"));
            let read = url::Url::parse(&place).expect("a URL");
            assert_eq!(read.origin(), origin.origin(), "{path}");
        }
        assert!(lead(&mut salvo::Response::new(), &origin, "/a\r\nSet-Cookie: b").is_err());
    }
}
