//! What was seen on the way, in words: whose side it is on, and the line to write. Pure.

use std::time::Duration;

use api::{Arrived, OriginSeen};
use chrono::{TimeDelta, Utc};
use domain::{Language, Timestamp};
use gateway::Proxy;
use url::Url;

use super::{
    Home, Line,
    reach::{Answer, Problem, Refusal, Trip, Upgrade},
    tls::{Certificate, Trouble},
};

/// A certificate with less time left than this should have been renewed by now.
const RENEW_BEFORE: TimeDelta = TimeDelta::days(14);
/// Clocks that differ more make sessions and one-time tickets fail.
const CLOCKS_AGREE: TimeDelta = TimeDelta::seconds(10);

/// The proxy in between: what calls itself so in its answers, else what Pult makes of its requests.
pub(super) fn front(answer: &Answer) -> Option<Proxy> {
    let spoken = answer.server.as_deref().and_then(Proxy::spoken);
    spoken.or_else(|| Proxy::spoken(answer.arrived.as_ref()?.proxy.as_deref()?))
}

/// One line for each step of an ordinary request.
pub(super) fn trip(asked: &Url, trip: &Trip, nonce: &str, home: &Home, language: Language) -> Vec<Line> {
    let host = trip.url.host_str().unwrap_or_default();
    let mut lines = Vec::new();
    match &trip.addresses {
        Ok(addresses) => {
            let addresses: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
            lines.push(Line::ok("dns", format!("{host}: {}", addresses.join(", "))));
        }
        Err(error) => {
            let remedy = language.pick(
                format!("Für {host} einen DNS-Eintrag (A oder AAAA) anlegen."),
                format!("Make a DNS entry (A or AAAA) for {host}."),
            );
            lines.push(Line::fail("dns", format!("{host}: {error}"), remedy));
        }
    }
    lines.extend(trip.connection.as_ref().map(|connection| match connection {
        Ok(address) => Line::ok("tcp", address.to_string()),
        Err(error) => Line::fail(
            "tcp",
            error.clone(),
            if is_pult(&trip.url, home) {
                language.pick("Pult starten: pult serve", "Start Pult: pult serve").to_owned()
            } else {
                language
                    .pick(
                        "Läuft der Proxy, und lässt die Firewall diesen Port durch?",
                        "Does the proxy run, and does the firewall let this port through?",
                    )
                    .to_owned()
            },
        ),
    }));
    lines.extend(trip.tls.as_ref().map(|tls| match tls {
        Ok(Some(certificate)) => certified(certificate, host, Utc::now(), language),
        Ok(None) => Line::warn(
            "tls",
            language.pick("nicht lesbar", "cannot be read"),
            language.pick(
                "Ein übliches Zertifikat einrichten, zum Beispiel von Let's Encrypt.",
                "Install an ordinary certificate, of Let's Encrypt for example.",
            ),
        ),
        Err(error) => Line::fail(
            "tls",
            error.clone(),
            language.pick(
                "Spricht dieser Port TLS? Im Proxy Zertifikat und Schlüssel prüfen.",
                "Does this port speak TLS? Look at the proxy's certificate and key.",
            ),
        ),
    }));
    lines.extend(trip.answer.iter().flat_map(|answer| match answer {
        Ok(answer) => answered(asked, trip, answer, nonce, home, language),
        Err(error) => vec![Line::fail(
            "answer",
            error.clone(),
            language.pick(
                "Etwas nimmt die Verbindung an und antwortet nicht: das Log des Proxys ansehen.",
                "Something takes the connection and does not answer: look at the proxy's log.",
            ),
        )],
    }));
    lines
}

/// Whether an address is our own, and nothing stands before it.
fn is_pult(url: &Url, home: &Home) -> bool {
    url.port_or_known_default() == Some(home.listen.port()) && *url == home.public_url
}

fn certified(certificate: &Certificate, host: &str, now: Timestamp, language: Language) -> Line {
    let left = certificate.not_after - now;
    let names = certificate.names.join(", ");
    let days = left.num_days();
    let shown = language.pick(format!("{names}, noch {days} Tage"), format!("{names}, {days} days left"));
    match &certificate.trouble {
        None if left < RENEW_BEFORE => Line::warn(
            "tls",
            shown,
            language.pick(
                "Das Zertifikat erneuern; eine automatische Erneuerung läuft wohl nicht.",
                "Renew the certificate; an automatic renewal does not seem to run.",
            ),
        ),
        None => Line::ok("tls", shown),
        Some(Trouble::Issuer) => {
            let why = if certificate.self_signed {
                language.pick("selbst signiert", "self-signed")
            } else {
                language.pick("von keiner Stelle, die dieser Rechner kennt", "of no authority that this machine knows")
            };
            Line::warn("tls", format!("{shown}; {why}"), language.pick(
                "Browser warnen davor: ein Zertifikat einer bekannten Stelle mit allen Zwischenzertifikaten einrichten.",
                "Browsers warn of it: install one of a known authority, with all intermediate certificates.",
            ))
        }
        Some(Trouble::Time) => Line::fail(
            "tls",
            shown,
            language.pick(
                "Das Zertifikat gilt jetzt nicht: erneuern, und die Uhr prüfen.",
                "The certificate is not valid now: renew it, and look at the clock.",
            ),
        ),
        Some(Trouble::Name) => Line::fail(
            "tls",
            shown,
            language.pick(
                format!("Das Zertifikat gilt nicht für {host}: eines mit diesem Namen einrichten."),
                format!("The certificate is not for {host}: install one with this name."),
            ),
        ),
        Some(Trouble::Other(what)) => Line::fail(
            "tls",
            format!("{shown}; {what}"),
            language.pick(
                "Browser nehmen es nicht an: ein anderes Zertifikat einrichten.",
                "Browsers do not take it: install another certificate.",
            ),
        ),
    }
}

fn answered(asked: &Url, trip: &Trip, answer: &Answer, nonce: &str, home: &Home, language: Language) -> Vec<Line> {
    let who = front(answer).map(Proxy::name);
    let Some(arrived) = &answer.arrived else {
        let said = answer.server.clone().unwrap_or_else(|| language.pick("Unbekannt", "Something").to_owned());
        let status = answer.status;
        let backend = home.listen;
        let detail = language.pick(
            format!("{said} antwortet mit {status}, nicht Pult."),
            format!("{said} answers with {status}, not Pult."),
        );
        let remedy = if (500..600).contains(&status) {
            language.pick(
                format!("Der Proxy erreicht Pult nicht: Läuft es, und ist http://{backend}/ sein Ziel?"),
                format!("The proxy does not reach Pult: does it run, and is http://{backend}/ its target?"),
            )
        } else {
            language.pick(
                format!("Der Proxy muss alles unter / an http://{backend}/ weitergeben."),
                format!("The proxy has to pass everything below / on to http://{backend}/."),
            )
        };
        return vec![Line::fail("answer", detail, remedy)];
    };
    let mut lines = vec![redirected(asked, trip, answer)];
    lines.push(identified(arrived, nonce, home, language));
    lines.extend(answer.date.and_then(|(theirs, ours)| clocks(theirs, ours, language)));
    lines.push(named(&trip.url, arrived, home, language));
    lines.push(forwarded(arrived, who.and_then(Proxy::spoken), language));
    lines
}

fn redirected(asked: &Url, trip: &Trip, answer: &Answer) -> Line {
    let mut detail = format!("{} {}", arrived_version(answer), answer.status);
    for place in &trip.redirects {
        detail = format!("{detail} → {}", place.origin().ascii_serialization());
    }
    // from http to https of the same host is as it should be
    if asked.host() == trip.url.host() {
        return Line::ok("answer", detail);
    }
    Line::warn("answer", detail, format!("public_url = \"{}\"", trip.url.origin().ascii_serialization()))
}

fn arrived_version(answer: &Answer) -> &str {
    answer.arrived.as_ref().map_or("HTTP", |arrived| arrived.http.as_str())
}

fn identified(arrived: &Arrived, nonce: &str, home: &Home, language: Language) -> Line {
    match (&arrived.proof, home.installation) {
        (Some(proof), Some(installation)) if *proof == api::proof(installation, nonce) => {
            Line::ok("identity", language.pick("diese Installation", "this installation"))
        }
        (Some(_), Some(_)) => Line::fail(
            "identity",
            language.pick("Dort antwortet ein anderes Pult.", "Another Pult answers there."),
            language.pick(
                "DNS-Eintrag und Ziel des Proxys prüfen, oder doctor mit der Konfiguration jenes Pults aufrufen.",
                "Look at the DNS entry and the proxy's target, or run doctor with the configuration of that Pult.",
            ),
        ),
        (None, _) => Line::warn(
            "identity",
            language.pick("Pult antwortet, seine Datenbank nicht.", "Pult answers, and its database does not."),
            language.pick("pult doctor auf dem Rechner von Pult aufrufen.", "Run pult doctor on Pult's machine."),
        ),
        (Some(_), None) => Line::skip(
            "identity",
            language.pick(
                "ein Pult; ohne die Datenbank ist nicht zu sagen, welches",
                "a Pult; without the database it cannot be said which",
            ),
        ),
    }
}

fn clocks(theirs: Timestamp, ours: Timestamp, language: Language) -> Option<Line> {
    let apart = (theirs - ours).abs();
    (apart > CLOCKS_AGREE).then(|| {
        let seconds = apart.num_seconds();
        Line::warn(
            "clock",
            language.pick(
                format!("Die öffentliche Adresse geht {seconds} s anders als dieser Rechner."),
                format!("The public address is {seconds} s apart from this machine."),
            ),
            language.pick(
                "Auf beiden die Uhr stellen lassen: timedatectl set-ntp true",
                "On both: timedatectl set-ntp true",
            ),
        )
    })
}

/// Whether Pult knows itself by the name people use.
fn named(url: &Url, arrived: &Arrived, home: &Home, language: Language) -> Line {
    let origin = url.origin().ascii_serialization();
    match arrived.origin {
        OriginSeen::Foreign => Line::fail(
            "origin",
            language.pick(
                format!(
                    "Der Browser nennt {origin}, server.public_url aber {}: Anmelden und Streams werden verweigert.",
                    home.public_url.origin().ascii_serialization()
                ),
                format!(
                    "The browser says {origin}, and server.public_url {}: signing in and streams are refused.",
                    home.public_url.origin().ascii_serialization()
                ),
            ),
            format!("public_url = \"{origin}\""),
        ),
        OriginSeen::Absent => Line::fail(
            "origin",
            language.pick("Der Kopf „Origin“ ging auf dem Weg verloren.", "The header `Origin` was lost on the way."),
            language.pick(
                "Im Proxy jede Zeile entfernen, die Origin löscht.",
                "Remove every line of the proxy that drops Origin.",
            ),
        ),
        OriginSeen::Ours => Line::ok("origin", origin),
    }
}

/// What the proxy says of those behind it.
fn forwarded(arrived: &Arrived, proxy: Option<Proxy>, language: Language) -> Line {
    let name = proxy.map_or(language.pick("Ein Proxy", "A proxy"), Proxy::name);
    let through = proxy.is_some() || arrived.through_proxy;
    if !through {
        return Line::ok("forwarding", language.pick("keiner dazwischen", "none in between"));
    }
    if !arrived.cookie {
        return Line::fail(
            "forwarding",
            language.pick(
                format!("{name}: Cookies kommen nicht an, niemand kann angemeldet bleiben."),
                format!("{name}: cookies do not arrive, nobody can stay signed in."),
            ),
            keeps_cookies(proxy, language),
        );
    }
    if !arrived.host_is_public {
        return Line::warn(
            "forwarding",
            language.pick(
                format!("{name}: „Host“ ist der von Pult selbst, nicht der öffentliche."),
                format!("{name}: `Host` is the backend's, not the public one."),
            ),
            match proxy {
                Some(Proxy::Apache) | None => "Apache: ProxyPreserveHost On".to_owned(),
                Some(Proxy::Nginx) => "nginx: proxy_set_header Host $host;".to_owned(),
                Some(Proxy::Traefik) => "Traefik: passHostHeader: true".to_owned(),
                Some(Proxy::Caddy) => "Caddy: header_up Host {host}".to_owned(),
                Some(Proxy::Haproxy) => {
                    language.pick("HAProxy: keine Zeile, die Host setzt", "HAProxy: no line that sets Host").to_owned()
                }
            },
        );
    }
    if !arrived.forwarded_for {
        return Line::warn(
            "forwarding",
            language.pick(
                format!("{name}: „X-Forwarded-For“ kommt nicht an, alle haben dieselbe Adresse."),
                format!("{name}: `X-Forwarded-For` does not arrive, everybody has the same address."),
            ),
            match proxy {
                Some(Proxy::Apache) => "Apache: ProxyAddHeaders On".to_owned(),
                Some(Proxy::Haproxy) => "HAProxy: option forwardfor".to_owned(),
                Some(proxy @ (Proxy::Caddy | Proxy::Traefik)) => language.pick(
                    format!("{}: keine Zeile, die X-Forwarded-For löscht", proxy.name()),
                    format!("{}: no line that drops X-Forwarded-For", proxy.name()),
                ),
                Some(Proxy::Nginx) | None => {
                    "nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;".to_owned()
                }
            },
        );
    }
    if !arrived.peer_is_trusted {
        let peer = &arrived.peer;
        return Line::warn(
            "forwarding",
            language.pick(
                format!("{name}: seinem „X-Forwarded-For“ wird nicht geglaubt, {peer} ist kein vertrauter Proxy."),
                format!("{name}: its `X-Forwarded-For` is not believed, {peer} is no trusted proxy."),
            ),
            format!("trusted_proxies = [\"{peer}\"]"),
        );
    }
    Line::ok("forwarding", name)
}

fn keeps_cookies(proxy: Option<Proxy>, language: Language) -> String {
    match proxy {
        Some(Proxy::Nginx) => "nginx: proxy_set_header Cookie $http_cookie;".to_owned(),
        other => {
            let name = other.map_or("Proxy", Proxy::name);
            language.pick(
                format!("{name}: jede Zeile entfernen, die Cookie löscht oder in Connection nennt"),
                format!("{name}: remove every line that drops Cookie, or names it in Connection"),
            )
        }
    }
}

/// Whether a WebSocket comes about, as the browser opens one for each desktop.
pub(super) fn stream(upgrade: &Upgrade, front: Option<Proxy>, home: &Home, language: Language) -> Line {
    let name = front.map_or(language.pick("ein Proxy davor", "a proxy before it"), Proxy::name);
    match upgrade {
        Upgrade::Opened { arrived } if !arrived.cookie => Line::fail(
            "stream",
            language.pick(
                format!("Der WebSocket verlor sein Cookie: {name} hat es weggenommen."),
                format!("The WebSocket lost its cookie: {name} took it away."),
            ),
            keeps_cookies(front, language),
        ),
        Upgrade::Opened { arrived } if arrived.origin == OriginSeen::Absent => Line::fail(
            "stream",
            language.pick("Der WebSocket verlor seinen „Origin“.", "The WebSocket lost its `Origin`."),
            language.pick(
                "Im Proxy jede Zeile entfernen, die Origin löscht.",
                "Remove every line of the proxy that drops Origin.",
            ),
        ),
        Upgrade::Opened { .. } => Line::ok("stream", language.pick("kommt durch", "comes through")),
        Upgrade::Refused(Refusal { problem: Some(problem), .. }) if is_spoiled(problem) => {
            spoiled(problem, front, home, language)
        }
        Upgrade::Refused(Refusal { problem: Some(problem), status, .. }) => Line::fail(
            "stream",
            format!("{status} {}: {}", problem.code, problem.detail),
            problem.remedy.clone().unwrap_or_else(|| ask_the_log(language)),
        ),
        Upgrade::Refused(Refusal { problem: None, status: 200, .. }) => Line::fail(
            "stream",
            language.pick(
                format!(
                    "Die Anfrage kam ohne „Upgrade“ und „Sec-WebSocket-Key“ bei Pult an: {name} hat beides weggenommen."
                ),
                format!("The request reached Pult without `Upgrade` and `Sec-WebSocket-Key`: {name} took both away."),
            ),
            line_for(front, None, home),
        ),
        Upgrade::Refused(Refusal { problem: None, status, server }) => {
            let said = server.as_deref().unwrap_or(name);
            Line::fail(
                "stream",
                language.pick(
                    format!("{said} antwortet mit {status}, bevor die WebSocket-Anfrage Pult erreicht."),
                    format!("{said} answers with {status} before the request for a WebSocket reaches Pult."),
                ),
                line_for(front, None, home),
            )
        }
        Upgrade::Cut(after) => Line::fail(
            "stream",
            language.pick(
                format!("Der WebSocket riss nach {} s ab.", after.as_secs()),
                format!("The WebSocket broke after {} s.", after.as_secs()),
            ),
            ask_the_log(language),
        ),
        Upgrade::Broken(error) => Line::fail(
            "stream",
            language.pick(
                format!("Der WebSocket kam zustande und trug nicht: {error}"),
                format!("The WebSocket did not carry: {error}"),
            ),
            line_for(front, None, home),
        ),
    }
}

fn is_spoiled(problem: &Problem) -> bool {
    ["upgrade_header_lost", "connection_header_lost", "http_version_lost"].contains(&problem.code.as_str())
}

fn spoiled(problem: &Problem, front: Option<Proxy>, home: &Home, language: Language) -> Line {
    let name = front.map_or(language.pick("ein Proxy davor", "a proxy before it"), Proxy::name);
    let detail = match problem.code.as_str() {
        "connection_header_lost" => language.pick(
            format!("Die Anfrage erreichte Pult ohne „Connection: upgrade“: {name} hat es weggenommen."),
            format!("The request reached Pult without `Connection: upgrade`: {name} took it away."),
        ),
        "http_version_lost" => language.pick(
            format!("Die Anfrage erreichte Pult in HTTP/1.0: {name} spricht zu alt."),
            format!("The request reached Pult in HTTP/1.0: {name} speaks it."),
        ),
        _ => language.pick(
            format!("Die Anfrage erreichte Pult ohne „Upgrade“: {name} hat es weggenommen."),
            format!("The request reached Pult without `Upgrade`: {name} took it away."),
        ),
    };
    Line::fail("stream", detail, line_for(front, problem.remedy.as_deref(), home))
}

/// The line for a proxy's configuration, with its name before it.
fn line_for(front: Option<Proxy>, told: Option<&str>, home: &Home) -> String {
    let line = |proxy: Proxy| format!("{}: {}", proxy.name(), proxy.remedy(Some(home.listen)));
    match (front, told) {
        (Some(proxy), _) => line(proxy),
        (None, Some(told)) => told.to_owned(),
        (None, None) => format!("{}  {}", line(Proxy::Apache), line(Proxy::Nginx)),
    }
}

fn ask_the_log(language: Language) -> String {
    language
        .pick("Das Log von Pult und das des Proxys ansehen.", "Look at the logs of Pult and of the proxy.")
        .to_owned()
}

/// Whether a WebSocket survives silence, as that of a still desktop does not.
pub(super) fn silence(upgrade: &Upgrade, silence: Duration, front: Option<Proxy>, language: Language) -> Line {
    let seconds = silence.as_secs();
    match upgrade {
        Upgrade::Opened { .. } => {
            Line::ok("silence", language.pick(format!("hält {seconds} s"), format!("holds for {seconds} s")))
        }
        Upgrade::Cut(after) => Line::warn(
            "silence",
            language.pick(
                format!("Ein stiller WebSocket wird nach {} s abgeschnitten.", after.as_secs()),
                format!("A silent WebSocket is cut after {} s.", after.as_secs()),
            ),
            match front {
                Some(Proxy::Apache) => "Apache: ProxyPass ... upgrade=websocket timeout=3600",
                Some(Proxy::Nginx) => "nginx: proxy_read_timeout 3600s; proxy_send_timeout 3600s;",
                Some(Proxy::Haproxy) => "HAProxy: timeout tunnel 1h",
                Some(Proxy::Caddy) => "Caddy: stream_timeout 0",
                Some(Proxy::Traefik) => "Traefik: respondingTimeouts.idleTimeout: 3600s",
                None => "Apache: timeout=3600  nginx: proxy_read_timeout 3600s;  HAProxy: timeout tunnel 1h",
            },
        ),
        Upgrade::Refused(Refusal { status, .. }) => Line::fail("silence", status.to_string(), ask_the_log(language)),
        Upgrade::Broken(error) => Line::fail("silence", error.clone(), ask_the_log(language)),
    }
}

#[cfg(test)]
mod tests;
