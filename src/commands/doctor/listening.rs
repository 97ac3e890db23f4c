use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use domain::{InstallationId, Language};
use url::Url;

use super::{outside, report::Line};
use crate::config::Settings;

/// What is at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// Nobody: Pult could start here.
    Free,
    /// This Pult.
    Ours,
    /// Pult, of an installation that is not known here.
    Pult,
    /// Another program.
    Another,
    /// It is not an address of this machine, or not for us to take.
    Refused,
}

/// Whether Pult answers where it is told to, or could.
pub(super) async fn check(settings: &Settings, installation: Option<InstallationId>, language: Language) -> [Line; 2] {
    let scheme = if settings.server.tls.cert.is_some() { "https" } else { "http" };
    let (people, admin) = (settings.server.listen, settings.server.admin_listen);
    let people_found = match taken(people) {
        Found::Free => Found::Free,
        // a port that is not ours to take may still be Pult's
        found => match outside::who_answers(&address(scheme, people), installation).await {
            Some(true) => Found::Ours,
            Some(false) => Found::Pult,
            None => found,
        },
    };
    let admin_found = match taken(admin) {
        Found::Free => Found::Free,
        found => {
            if outside::is_alive(&address("http", admin)).await {
                Found::Ours
            } else {
                found
            }
        }
    };
    [judge("listen", people, people_found, language), judge("admin_listen", admin, admin_found, language)]
}

fn taken(address: SocketAddr) -> Found {
    match TcpListener::bind(address) {
        Ok(_) => Found::Free,
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Found::Another,
        Err(_) => Found::Refused,
    }
}

/// How to ask at an address of this machine.
fn address(scheme: &str, mut address: SocketAddr) -> Url {
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("{scheme}://{address}").parse().expect("a scheme and an address are a URL")
}

fn judge(check: &'static str, address: SocketAddr, found: Found, language: Language) -> Line {
    match found {
        Found::Free => Line::ok(
            check,
            language.pick(
                format!("{address} ist frei; Pult läuft nicht"),
                format!("{address} is free; Pult is not running"),
            ),
        ),
        Found::Ours => Line::ok(
            check,
            language.pick(format!("Pult antwortet auf {address}"), format!("Pult answers at {address}")),
        ),
        Found::Pult => Line::fail(
            check,
            language.pick(
                format!("Auf {address} antwortet das Pult einer anderen Installation."),
                format!("The Pult of another installation answers at {address}."),
            ),
            format!("ss -ltnp 'sport = :{}'", address.port()),
        ),
        Found::Another => Line::fail(
            check,
            language.pick(format!("{address} hat ein anderes Programm."), format!("Another program has {address}.")),
            format!("ss -ltnp 'sport = :{}'", address.port()),
        ),
        Found::Refused => Line::fail(
            check,
            language
                .pick(format!("{address} kann hier nicht benutzt werden."), format!("{address} cannot be used here.")),
            language.pick(
                "Eine Adresse dieses Rechners und einen Port über 1023 wählen.",
                "Choose an address of this machine, and a port above 1023.",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use domain::Language;

    use super::{Found, address, judge};
    use crate::commands::doctor::report::State;

    #[test]
    fn an_address_is_free_or_pult_has_it() {
        let at = ([127, 0, 0, 1], 8080).into();
        let state = |found| judge("listen", at, found, Language::English).state;
        assert_eq!([Found::Free, Found::Ours].map(state), [State::Ok, State::Ok]);
        assert_eq!([Found::Pult, Found::Another, Found::Refused].map(state), [State::Fail; 3]);
    }

    #[test]
    fn everywhere_is_asked_here() {
        assert_eq!(address("http", ([0, 0, 0, 0], 8080).into()).as_str(), "http://127.0.0.1:8080/");
    }
}
