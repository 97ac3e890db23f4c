use domain::{Language, access::Refusal, desktop::DesktopState};

use super::ApiError;

/// What is said of a failure: why, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) why: String,
    /// Empty where `why` says it all.
    pub(super) act: String,
}

impl Said {
    pub(super) fn new(why: impl Into<String>, act: impl Into<String>) -> Self {
        Self { why: why.into(), act: act.into() }
    }

    /// All of it in one text, with the line that mends it.
    pub(super) fn in_one(&self, remedy: Option<&str>) -> String {
        let parts = [self.why.as_str(), self.act.as_str(), remedy.unwrap_or_default()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl ApiError {
    /// Why it failed and what to do, in the caller's language.
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub(super) fn said(&self, language: Language) -> Said {
        let say = |german: &str, english: &str| Said::new(language.pick(german, english), "");
        let tell = |german: (&str, &str), english: (&str, &str)| {
            let (why, act) = language.pick(german, english);
            Said::new(why, act)
        };
        match self {
            Self::Unauthenticated => {
                tell(("Niemand ist angemeldet.", "Bitte anmelden."), ("Nobody is signed in.", "Please sign in."))
            }
            Self::CookieLost(front) => {
                let proxy =
                    front.proxy.map_or(language.pick("der Proxy davor", "the proxy before it"), |one| one.name());
                let (why, act) = language.pick(
                    (
                        format!(
                            "Diese WebSocket-Anfrage kam ohne das Anmelde-Cookie bei Pult an: Entweder ist niemand \
                             mehr angemeldet, oder {proxy} hat es weggenommen."
                        ),
                        "Neu anmelden; hilft das nicht, gehört in die Konfiguration des Proxys:",
                    ),
                    (
                        format!(
                            "This request for a stream reached Pult without the session's cookie: either nobody is \
                             signed in any more, or {proxy} took it away."
                        ),
                        "Sign in again; if that does not help, the proxy's configuration needs:",
                    ),
                );
                Said::new(why, act)
            }
            Self::CredentialsWrong => {
                say("Benutzername oder Passwort stimmt nicht.", "The user name or the password is wrong.")
            }
            Self::TooManyAttempts(pause) => {
                let seconds = pause.as_secs().max(1);
                let (german, english) =
                    (format!("Bitte {seconds} Sekunden warten."), format!("Please wait {seconds} seconds."));
                tell(("Zu viele Versuche.", &german), ("Too many attempts.", &english))
            }
            Self::SignIn(error) => super::said_of_sign_in::said(error, language),
            Self::LocalAccountsOff => say("Hier gibt es keine lokalen Konten.", "There are no local accounts here."),
            Self::AddressNotAllowed => say(
                "Von diesem Netz aus darf sich dieses Konto nicht anmelden.",
                "This account may not sign in from this network.",
            ),
            Self::CookieDoubled => tell(
                ("Das Anmelde-Cookie kam doppelt.", "Bitte die Cookies dieser Seite löschen."),
                ("The session cookie came twice.", "Please delete this site's cookies."),
            ),
            Self::CsrfToken => say(
                "Der Kopf X-CSRF-Token fehlt oder stimmt nicht; der Wert steht in /api/v1/me.",
                "The header X-CSRF-Token is missing or wrong; its value is in /api/v1/me.",
            ),
            Self::TicketSpent => tell(
                ("Dieser Weg zum Desktop galt nur einmal und nur kurz.", "Bitte den Desktop noch einmal öffnen."),
                ("This way to the desktop was good once, and for a moment only.", "Please open the desktop again."),
            ),
            Self::CookiesBlocked => tell(
                (
                    "Der Browser nimmt hier keine Cookies an. Ohne sie lässt sich dieser Desktop nicht öffnen.",
                    "Bitte Cookies für diese Adresse erlauben.",
                ),
                (
                    "The browser takes no cookies here. This desktop cannot be opened without them.",
                    "Please allow cookies for this address.",
                ),
            ),
            Self::OriginForeign => tell(
                ("Diese Anfrage kommt von einer fremden Seite.", "Stimmt server.public_url?"),
                ("This request comes from a foreign page.", "Is server.public_url right?"),
            ),
            Self::PublicUrl(origin) => Said::new(
                language.pick(
                    format!("Diese Seite heißt {origin}, in der Konfiguration von Pult steht etwas anderes."),
                    format!("This page is called {origin}, and the configuration of Pult says something else."),
                ),
                language.pick("In pult.toml gehört unter [server]:", "In pult.toml, [server] needs:"),
            ),
            Self::Refused(Refusal::Scope(scope)) => Said::new(
                language.pick(
                    format!("Dem Token fehlt der Umfang „{scope}“."),
                    format!("The token lacks the scope “{scope}”."),
                ),
                "",
            ),
            Self::Refused(Refusal::Role(role)) => Said::new(
                language
                    .pick(format!("Dafür braucht es die Rolle „{role}“."), format!("This needs the role “{role}”.")),
                "",
            ),
            Self::Refused(Refusal::NotOwner) => say("Das gehört jemand anderem.", "This belongs to somebody else."),
            Self::Refused(Refusal::NoGrant) => tell(
                (
                    "Dieser Desktop gehört jemand anderem.",
                    "Hineinsehen geht mit Begründung und auf Zeit: POST /api/v1/desktops/{id}/grants.",
                ),
                (
                    "This desktop belongs to somebody else.",
                    "Looking into it takes a reason, and is for a while: POST /api/v1/desktops/{id}/grants.",
                ),
            ),
            Self::Refused(Refusal::NotGiven) => say(
                "Diese Vorlage ist dem angemeldeten Konto nicht zugewiesen.",
                "This template is not assigned to the account that is signed in.",
            ),
            Self::NotFound("desktop") => tell(
                ("Diesen Desktop gibt es nicht.", "Die Übersicht zeigt alle, die es gibt."),
                ("There is no such desktop.", "The overview shows those there are."),
            ),
            Self::NotFound(what) => Said::new(
                language.pick(format!("Das gibt es nicht ({what})."), format!("There is no such {what}.")),
                "",
            ),
            Self::NotRunning(state) => not_running(*state, language),
            Self::Malformed(detail) => Said::new(detail, ""),
            Self::MediaType(expected) => Said::new(
                language.pick(
                    format!("Erwartet wird Content-Type: {expected}."),
                    format!("Expected Content-Type: {expected}."),
                ),
                "",
            ),
            Self::KeyReused => say(
                "Dieser Idempotency-Key gehört zu einer anderen Anfrage.",
                "This Idempotency-Key belongs to another request.",
            ),
            Self::TooMany(pause) => {
                let seconds = pause.as_secs().max(1);
                let (german, english) =
                    (format!("Bitte {seconds} Sekunden warten."), format!("Please wait {seconds} seconds."));
                tell(("Zu viele Anfragen.", &german), ("Too many requests.", &english))
            }
            Self::Lines(_) => tell(
                ("Einige Zeilen stimmen nicht.", "Es wurde nichts übernommen."),
                ("Some lines are wrong.", "Nothing was taken over."),
            ),
            Self::Unbelievable(why) => Said::new(
                language.pick(
                    format!("Der Liste wird nicht geglaubt: {why}."),
                    format!("The list is not believed: {why}."),
                ),
                language.pick(
                    "Stimmt sie, übernimmt accept_vanishing=true sie trotzdem.",
                    "If it is right, accept_vanishing=true takes it over anyway.",
                ),
            ),
            Self::Roster(why) => Said::new(
                language.pick(
                    format!("Die Liste der Schule lässt sich nicht lesen: {why}."),
                    format!("The school's list cannot be read: {why}."),
                ),
                language.pick("Stimmt [roster] in pult.toml?", "Is [roster] in pult.toml right?"),
            ),
            Self::IdentityTaken => say(
                "Diese Identität gehört schon zu einer anderen Person, oder diese Person hat schon eine andere.",
                "This identity is another person's already, or this person has another one.",
            ),
            Self::NameTaken => say("So heißt schon eine Person.", "A person has this name already."),
            Self::AdminProtected => {
                say("Wer Pult verwaltet, wird so nicht abgeschaltet.", "An administrator is not deactivated this way.")
            }
            Self::TooLarge(limit) => Said::new(
                language.pick(
                    format!("Der Inhalt ist größer als {limit} Bytes."),
                    format!("The body is larger than {limit} bytes."),
                ),
                "",
            ),
            Self::Fields(_) => say("Einige Felder stimmen nicht.", "Some fields are wrong."),
            Self::OwnDesktop => say(
                "Das ist der eigene Desktop; er lässt sich ohne Weiteres öffnen.",
                "This is your own desktop; it can be opened as it is.",
            ),
            Self::SlugTaken => {
                say("Dieses Kürzel hat schon eine andere Vorlage.", "Another template has this slug already.")
            }
            Self::TemplateInUse(desktops) => Said::new(
                language.pick(
                    format!("Es gibt noch {desktops} Desktops aus dieser Vorlage; sie müssen zuerst entfernt werden."),
                    format!("{desktops} desktops are made from this template; they have to be removed first."),
                ),
                "",
            ),
            Self::OwnAccount => say(
                "Das eigene Konto löscht niemand selbst; das muss jemand anderes aus der Administration tun.",
                "Nobody deletes their own account; another administrator has to.",
            ),
            Self::LastAdmin => say(
                "Das ist das letzte Konto mit der Rolle „admin“; danach könnte niemand mehr Pult verwalten.",
                "This is the last account with the role “admin”; nobody could run Pult after that.",
            ),
            Self::Method => say("Diese Methode gibt es hier nicht.", "This method does not exist here."),
            Self::Gateway(failure) => super::said_of_desktops::said(failure, language),
            Self::Store(_) => tell(
                ("Die Datenbank antwortet gerade nicht.", "Bitte gleich noch einmal versuchen."),
                ("The database does not answer at the moment.", "Please try again shortly."),
            ),
            Self::Internal => tell(
                ("Das war ein Fehler von Pult.", "Bitte der Administration melden."),
                ("This was a defect of Pult's.", "Please report it to the administrator."),
            ),
        }
    }
}

/// Why nothing can be seen of a desktop in this state.
fn not_running(state: DesktopState, language: Language) -> Said {
    let (why, act) = match state {
        DesktopState::Requested | DesktopState::Queued | DesktopState::Starting => language.pick(
            ("Der Desktop startet noch.", "Bitte einen Augenblick warten."),
            ("The desktop is still starting.", "Please wait a moment."),
        ),
        DesktopState::Running => language.pick(
            ("Der Desktop läuft, ist aber gerade nicht zu erreichen.", "Bitte gleich noch einmal versuchen."),
            ("The desktop runs, and cannot be reached at the moment.", "Please try again shortly."),
        ),
        DesktopState::Stopping => language.pick(
            ("Der Desktop wird gerade angehalten.", "Danach kann er in der Übersicht wieder gestartet werden."),
            ("The desktop is being stopped.", "It can be started again from the overview then."),
        ),
        DesktopState::Stopped => language.pick(
            ("Der Desktop läuft nicht.", "In der Übersicht kann er gestartet werden."),
            ("The desktop is not running.", "It can be started from the overview."),
        ),
        DesktopState::Failed => language.pick(
            (
                "Der Start des Desktops ist gescheitert.",
                "Die Übersicht sagt, warum; dort kann er neu gestartet werden.",
            ),
            ("The start of the desktop failed.", "The overview says why; it can be started again there."),
        ),
    };
    Said::new(why, act)
}
