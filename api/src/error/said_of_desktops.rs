//! What is said of every failure on the way into a desktop, in German and English: why, and what to do.

use domain::Language;
use gateway::{Failure, Limit, Loss, Proxy, Wait};

use super::said::Said;

const ASK_AGAIN: (&str, &str) = ("Bitte gleich noch einmal versuchen.", "Please try again shortly.");
const RESTART: (&str, &str) =
    ("Hält das an, den Desktop in der Übersicht neu starten.", "If this lasts, restart the desktop from the overview.");
const TELL_ADMIN: (&str, &str) = ("Bitte der Administration melden.", "Please report it to the administrator.");
const FROM_OVERVIEW: (&str, &str) = ("Den Desktop über die Übersicht öffnen.", "Open the desktop from the overview.");
const ON_THE_WAY: (&str, &str) = (
    "Kommt sie aus einem Browser, verändert sie etwas auf dem Weg: Erweiterungen und vorgeschaltete Proxys prüfen.",
    "If it comes from a browser, something changes it on the way: look at extensions and front proxies.",
);

/// Why a request was not answered by the desktop, and what to do.
pub(super) fn said(failure: &Failure, language: Language) -> Said {
    if let Failure::UpgradeLost(loss, front) = failure {
        return spoiled(*loss, front.proxy, language);
    }
    let (german, english, act) = told(failure);
    Said::new(language.pick(german, english), language.pick(act.0, act.1))
}

/// The table: why in German and in English, and what to do in both.
#[expect(clippy::too_many_lines, reason = "a table")]
fn told(failure: &Failure) -> (&'static str, &'static str, (&'static str, &'static str)) {
    match failure {
        Failure::PathRefused(_) => (
            "Diese Adresse kann nicht an einen Desktop weitergegeben werden.",
            "This address cannot be passed on to a desktop.",
            FROM_OVERVIEW,
        ),
        Failure::PathTooLong => (
            "Diese Adresse ist länger, als ein Desktop lesen kann.",
            "This address is longer than a desktop can read.",
            FROM_OVERVIEW,
        ),
        Failure::HeadTooLarge => (
            "Die Anfrage hat mehr Kopfzeilen, als ein Desktop lesen kann.",
            "The request has more header lines than a desktop can read.",
            ("Einen Browser ohne Erweiterungen versuchen.", "Try a browser without extensions."),
        ),
        Failure::HeadMalformed(_) => ("Die Anfrage ist fehlerhaft aufgebaut.", "The request is malformed.", ON_THE_WAY),
        Failure::FramingAmbiguous(_) => {
            ("Die Länge der Anfrage ist nicht eindeutig.", "The length of the request is ambiguous.", ON_THE_WAY)
        }
        Failure::BodyIncomplete(_) => (
            "Die Anfrage brach ab, bevor alles angekommen war.",
            "The request broke off before all of it had come.",
            ("Netzverbindung prüfen und noch einmal versuchen.", "Check the network and try again."),
        ),
        Failure::BodyStalled => (
            "Die Anfrage blieb stehen, bevor alles angekommen war.",
            "The request stood still before all of it had come.",
            ("Netzverbindung prüfen und noch einmal versuchen.", "Check the network and try again."),
        ),
        Failure::MethodRefused => (
            "Diese Art von Anfrage wird nicht an Desktops weitergegeben.",
            "This kind of request is not passed on to desktops.",
            FROM_OVERVIEW,
        ),
        Failure::UpgradeMalformed(_) => (
            "Diese Anfrage ist kein gültiger WebSocket-Handshake.",
            "This request is not a valid WebSocket handshake.",
            (
                "Aktuelle Browser schicken ihn richtig; Programme halten sich an RFC 6455, Abschnitt 4.1.",
                "Current browsers send a right one; programs follow RFC 6455 section 4.1.",
            ),
        ),
        Failure::UpgradeLost(..) => {
            ("Diese WebSocket-Anfrage kam unvollständig an.", "This request for a stream came incomplete.", ON_THE_WAY)
        }
        Failure::ApiBlocked => (
            "Die Programmierschnittstelle von Desktops ist hier nicht erreichbar.",
            "The programming interface of desktops is not available here.",
            FROM_OVERVIEW,
        ),
        Failure::SessionEnded => {
            ("Die Anmeldung ist beendet.", "The session has ended.", ("Bitte neu anmelden.", "Please sign in again."))
        }
        Failure::TooManyStreams(Limit::Desktop) => (
            "Dieser Desktop ist schon in zu vielen Fenstern offen.",
            "This desktop is open in too many windows already.",
            ("Andere Fenster mit diesem Desktop schließen.", "Close other windows with this desktop."),
        ),
        Failure::TooManyStreams(Limit::User) => (
            "Für dieses Konto sind schon zu viele Desktops offen.",
            "Too many desktops are open for this account already.",
            ("Andere Fenster mit Desktops schließen.", "Close other windows with desktops."),
        ),
        Failure::GoingAway => ("Pult wird gerade neu gestartet.", "Pult is being restarted.", ASK_AGAIN),
        Failure::ConnectionMissing => {
            ("Pult konnte diese Verbindung nicht übernehmen.", "Pult could not take this connection over.", TELL_ADMIN)
        }
        Failure::TlsUnavailable => (
            "Pult findet auf seinem Rechner keine Wurzelzertifikate.",
            "Pult finds no root certificates on its machine.",
            ("Dort das Paket ca-certificates installieren.", "Install the package ca-certificates there."),
        ),
        Failure::NotRunning => (
            "Der Desktop läuft nicht.",
            "The desktop is not running.",
            ("In der Übersicht kann er gestartet werden.", "It can be started from the overview."),
        ),
        Failure::Gone => (
            "Der Desktop wurde gerade angehalten oder neu gestartet.",
            "The desktop has just been stopped or restarted.",
            ASK_AGAIN,
        ),
        Failure::Unreachable(_) => {
            ("Der Desktop nimmt keine Verbindung an.", "The desktop does not take a connection.", RESTART)
        }
        Failure::Timeout(Wait::Connect) => (
            "Der Desktop braucht zu lange, um eine Verbindung anzunehmen.",
            "The desktop takes too long to accept a connection.",
            RESTART,
        ),
        Failure::Timeout(Wait::Secure) => (
            "Der Desktop braucht zu lange, um eine sichere Verbindung aufzubauen.",
            "The desktop takes too long to agree on a secure connection.",
            RESTART,
        ),
        Failure::Timeout(Wait::Take) => (
            "Der Desktop braucht zu lange, um anzunehmen, was gesendet wurde.",
            "The desktop takes too long to take what was sent.",
            RESTART,
        ),
        Failure::Timeout(Wait::Answer) => {
            ("Der Desktop braucht zu lange für eine Antwort.", "The desktop takes too long to answer.", RESTART)
        }
        Failure::Mismatch(_) => (
            "Was unter der Adresse des Desktops antwortet, ist nicht dieser Desktop; Pult sieht gerade nach.",
            "What answers at the desktop's address is not this desktop; Pult is looking into it.",
            RESTART,
        ),
        Failure::TlsFailed(_) => (
            "Mit dem Desktop kam keine sichere Verbindung zustande.",
            "No secure connection to the desktop came about.",
            RESTART,
        ),
        Failure::CredentialsRefused => (
            "Der Desktop nimmt das Passwort nicht an, mit dem er gestartet wurde.",
            "The desktop refuses the password it was started with.",
            RESTART,
        ),
        Failure::HandshakeRefused(_) => (
            "Der Desktop hat die WebSocket-Anfrage falsch beantwortet.",
            "The desktop answered the request for a stream wrongly.",
            (
                "Bitte der Administration melden: Port, Protokoll und Pfad der Vorlage prüfen.",
                "Please report it: the template's port, protocol and path have to be looked at.",
            ),
        ),
        Failure::Closed(_) => (
            "Der Desktop hat die Verbindung ohne Antwort geschlossen.",
            "The desktop closed the connection without an answer.",
            RESTART,
        ),
        Failure::AnswerMalformed(_) => (
            "Die Antwort des Desktops kann nicht weitergegeben werden.",
            "The desktop's answer cannot be passed on.",
            (
                "Bitte der Administration melden: Port und Protokoll der Vorlage prüfen.",
                "Please report it: the template's port and protocol have to be looked at.",
            ),
        ),
        Failure::RedirectsAway => (
            "Der Desktop leitet an einen anderen Ort weiter als sich selbst.",
            "The desktop redirects to another place than itself.",
            TELL_ADMIN,
        ),
    }
}

/// What a front proxy did to a request for a stream; the line that mends it follows.
fn spoiled(loss: Loss, proxy: Option<Proxy>, language: Language) -> Said {
    let name = proxy.map_or(language.pick("Ein Proxy vor Pult", "A proxy before Pult"), Proxy::name);
    let why = match loss {
        Loss::Upgrade => language.pick(
            format!("{name} hat dieser WebSocket-Anfrage den Kopf „Upgrade“ genommen."),
            format!("{name} took the header `Upgrade` out of this request for a stream."),
        ),
        Loss::Connection => language.pick(
            format!("{name} hat aus dem Kopf „Connection“ dieser WebSocket-Anfrage das Wort „upgrade“ genommen."),
            format!("{name} took the word `upgrade` out of the header `Connection` of this request for a stream."),
        ),
        Loss::Version => language.pick(
            format!("{name} hat diese WebSocket-Anfrage in HTTP/1.0 weitergegeben, das keine kennt."),
            format!("{name} passed this request for a stream on in HTTP/1.0, which knows none."),
        ),
    };
    Said::new(why, language.pick("In seine Konfiguration gehört:", "Its configuration needs:"))
}

#[cfg(test)]
mod tests {
    use std::io;

    use domain::Language;
    use gateway::{Failure, Front, Limit, Loss, Proxy, Wait};

    use super::said;

    fn all() -> Vec<Failure> {
        let front = Front { proxy: Some(Proxy::Apache), announces: true };
        let io = || io::Error::other("192.0.2.7:6901 refused the password secret");
        vec![
            Failure::PathRefused("x"),
            Failure::PathTooLong,
            Failure::HeadTooLarge,
            Failure::HeadMalformed("x"),
            Failure::FramingAmbiguous("x"),
            Failure::BodyStalled,
            Failure::MethodRefused,
            Failure::UpgradeMalformed("x"),
            Failure::UpgradeLost(Loss::Upgrade, front),
            Failure::UpgradeLost(Loss::Connection, front),
            Failure::UpgradeLost(Loss::Version, front),
            Failure::ApiBlocked,
            Failure::SessionEnded,
            Failure::TooManyStreams(Limit::Desktop),
            Failure::TooManyStreams(Limit::User),
            Failure::GoingAway,
            Failure::ConnectionMissing,
            Failure::TlsUnavailable,
            Failure::NotRunning,
            Failure::Gone,
            Failure::Unreachable(io()),
            Failure::Timeout(Wait::Connect),
            Failure::Timeout(Wait::Secure),
            Failure::Timeout(Wait::Take),
            Failure::Timeout(Wait::Answer),
            Failure::Mismatch("x"),
            Failure::TlsFailed(io()),
            Failure::CredentialsRefused,
            Failure::HandshakeRefused("x"),
            Failure::AnswerMalformed("x"),
            Failure::RedirectsAway,
        ]
    }

    #[test]
    fn every_failure_says_why_and_what_to_do_in_both_languages() {
        for failure in all() {
            let [german, english] = [Language::German, Language::English].map(|language| said(&failure, language));
            for said in [&german, &english] {
                assert!(said.why.ends_with('.') && !said.act.is_empty(), "{said:?}");
                for secret in ["192.0.2.7", "secret"] {
                    assert!(!said.in_one(None).contains(secret), "{said:?}");
                }
            }
            assert_ne!(german, english, "{failure}");
            // neither du nor Sie: whoever reads it may be a pupil or a teacher
            for word in [" du ", " dein", " Sie ", " Ihr", " Ihnen"] {
                assert!(!german.in_one(None).contains(word), "{german:?}");
            }
        }
    }
}
