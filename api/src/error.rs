//! Every way to fail, and how each is told: `application/problem+json` (RFC 9457), in one place.

use std::time::Duration;

use domain::{Language, access::Refusal, desktop::DesktopState, template::FieldError};
use salvo::{
    Depot, Request, Response, Writer, async_trait,
    http::{HeaderValue, StatusCode, header},
    oapi::{self, EndpointOutRegister, ToSchema},
    writing::Text,
};
use serde::Serialize;
use store::{StoreError, TemplateError};

use crate::word::Word;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    Unauthenticated,
    /// The user name or the password is wrong.
    #[error("the user name or the password is wrong")]
    CredentialsWrong,
    /// Too many wrong passwords for this account.
    #[error("too many attempts")]
    TooManyAttempts(Duration),
    /// Local accounts are off.
    #[error("local accounts are off")]
    LocalAccountsOff,
    /// A cookie of ours came twice.
    #[error("the session cookie came twice")]
    CookieDoubled,
    /// The page that sent this did not prove that it is ours.
    #[error("the CSRF token is missing or wrong")]
    CsrfToken,
    /// A ticket for a desktop's own host was used before, is too old, or is another browser's.
    #[error("the ticket is spent")]
    TicketSpent,
    /// The browser did not send back the cookie it was just given.
    #[error("the browser keeps no cookies")]
    CookiesBlocked,
    /// A page of another origin sent this.
    #[error("the origin is foreign")]
    OriginForeign,
    /// Known, and not allowed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The template is not given to the caller.
    #[error("the template is not assigned to the caller")]
    NotAssigned,
    /// There is nothing of this name.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The desktop is not running.
    #[error("the desktop is {0}")]
    NotRunning(DesktopState),
    /// The body, the query or the path does not hold what it should.
    #[error("{0}")]
    Malformed(String),
    /// The body's media type is not JSON.
    #[error("the body is not JSON")]
    MediaType,
    /// The body is larger than allowed.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// Fields do not hold what they should.
    #[error("some fields are wrong")]
    Fields(Vec<FieldError>),
    /// Another template has the slug.
    #[error("the slug is taken")]
    SlugTaken,
    /// Desktops are made from the template.
    #[error("{0} desktops are made from this template")]
    TemplateInUse(u64),
    /// The method is not for this path.
    #[error("the method is not for this path")]
    Method,
    /// The way into the desktop failed.
    #[error(transparent)]
    Gateway(#[from] gateway::Failure),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A defect of ours.
    #[error("a defect of Pult's")]
    Internal,
}

impl From<TemplateError> for ApiError {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::SlugTaken => Self::SlugTaken,
            TemplateError::InUse(desktops) => Self::TemplateInUse(desktops),
            TemplateError::Store(error) => Self::Store(error),
        }
    }
}

/// What went wrong, for programs and for people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the `code` tells problems apart.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// A stable word for this kind of problem.
    code: &'static str,
    /// A sentence in the caller's language that says what to do.
    detail: String,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<WrongField>,
    /// The desktop's state, where that is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Word<DesktopState>>,
}

/// A field that does not hold what it should.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WrongField {
    /// The field.
    field: &'static str,
    /// What was expected of it.
    expected: &'static str,
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::CredentialsWrong => StatusCode::UNAUTHORIZED,
            Self::TooManyAttempts(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::LocalAccountsOff
            | Self::CsrfToken
            | Self::CookiesBlocked
            | Self::OriginForeign
            | Self::Refused(_)
            | Self::NotAssigned => StatusCode::FORBIDDEN,
            Self::TicketSpent => StatusCode::GONE,
            Self::CookieDoubled | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::NotRunning(_) | Self::SlugTaken | Self::TemplateInUse(_) => StatusCode::CONFLICT,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Fields(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Gateway(failure) => failure.status(),
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "not_signed_in",
            Self::CredentialsWrong => "credentials_wrong",
            Self::TooManyAttempts(_) => "too_many_attempts",
            Self::LocalAccountsOff => "local_accounts_off",
            Self::CookieDoubled => "cookie_doubled",
            Self::CsrfToken => "csrf_token",
            Self::TicketSpent => "ticket_spent",
            Self::CookiesBlocked => "cookies_blocked",
            Self::OriginForeign => "origin_foreign",
            Self::Refused(Refusal::Scope(_)) => "scope_missing",
            Self::Refused(Refusal::Role(_)) => "role_missing",
            Self::Refused(Refusal::NotOwner) => "not_owner",
            Self::NotAssigned => "template_not_assigned",
            Self::NotFound("desktop") => "desktop_not_found",
            Self::NotFound(_) => "not_found",
            Self::NotRunning(_) => "desktop_not_running",
            Self::Malformed(_) => "malformed",
            Self::MediaType => "media_type",
            Self::TooLarge(_) => "too_large",
            Self::Fields(_) => "fields_invalid",
            Self::SlugTaken => "slug_taken",
            Self::TemplateInUse(_) => "template_in_use",
            Self::Method => "method_not_allowed",
            Self::Gateway(failure) => failure.code(),
            Self::Store(_) => "database_unavailable",
            Self::Internal => "internal",
        }
    }

    /// A sentence that says what to do.
    pub(crate) fn detail(&self, language: Language) -> String {
        let say = |german: &str, english: &str| language.pick(german, english).to_owned();
        match self {
            Self::Unauthenticated => say("Bitte anmelden.", "Please sign in."),
            Self::CredentialsWrong => {
                say("Benutzername oder Passwort stimmt nicht.", "The user name or the password is wrong.")
            }
            Self::TooManyAttempts(pause) => language.pick(
                format!("Zu viele Versuche. Bitte {} Sekunden warten.", pause.as_secs()),
                format!("Too many attempts. Please wait {} seconds.", pause.as_secs()),
            ),
            Self::LocalAccountsOff => say("Hier gibt es keine lokalen Konten.", "There are no local accounts here."),
            Self::CookieDoubled => say(
                "Das Anmelde-Cookie kam doppelt. Bitte die Cookies dieser Seite löschen.",
                "The session cookie came twice. Please delete this site's cookies.",
            ),
            Self::CsrfToken => say(
                "Der Kopf X-CSRF-Token fehlt oder stimmt nicht; der Wert steht in /api/v1/me.",
                "The header X-CSRF-Token is missing or wrong; its value is in /api/v1/me.",
            ),
            Self::TicketSpent => say(
                "Dieser Weg zum Desktop galt nur einmal und nur kurz. Bitte den Desktop noch einmal öffnen.",
                "This way to the desktop was good once, and for a moment only. Please open the desktop again.",
            ),
            Self::CookiesBlocked => say(
                "Der Browser nimmt hier keine Cookies an. Ohne sie lässt sich dieser Desktop nicht öffnen: bitte Cookies für diese Adresse erlauben.",
                "The browser takes no cookies here. This desktop cannot be opened without them: please allow cookies for this address.",
            ),
            Self::OriginForeign => say(
                "Diese Anfrage kommt von einer fremden Seite. Stimmt server.public_url?",
                "This request comes from a foreign page. Is server.public_url right?",
            ),
            Self::Refused(Refusal::Scope(scope)) => language.pick(
                format!("Dem Token fehlt der Umfang „{scope}“."),
                format!("The token lacks the scope “{scope}”."),
            ),
            Self::Refused(Refusal::Role(role)) => {
                language.pick(format!("Dafür braucht es die Rolle „{role}“."), format!("This needs the role “{role}”."))
            }
            Self::Refused(Refusal::NotOwner) => say("Das gehört jemand anderem.", "This belongs to somebody else."),
            Self::NotAssigned => {
                say("Diese Vorlage ist Ihnen nicht zugewiesen.", "This template is not assigned to you.")
            }
            Self::NotFound(what) => {
                language.pick(format!("Das gibt es nicht ({what})."), format!("There is no such {what}."))
            }
            Self::NotRunning(state) => language.pick(
                format!("Der Desktop läuft nicht (Zustand: {state})."),
                format!("The desktop is not running (state: {state})."),
            ),
            Self::Malformed(detail) => detail.clone(),
            Self::MediaType => {
                say("Erwartet wird Content-Type: application/json.", "Expected Content-Type: application/json.")
            }
            Self::TooLarge(limit) => language.pick(
                format!("Der Inhalt ist größer als {limit} Bytes."),
                format!("The body is larger than {limit} bytes."),
            ),
            Self::Fields(_) => say("Einige Felder stimmen nicht.", "Some fields are wrong."),
            Self::SlugTaken => {
                say("Dieses Kürzel hat schon eine andere Vorlage.", "Another template has this slug already.")
            }
            Self::TemplateInUse(desktops) => language.pick(
                format!("Es gibt noch {desktops} Desktops aus dieser Vorlage; sie müssen zuerst entfernt werden."),
                format!("{desktops} desktops are made from this template; they have to be removed first."),
            ),
            Self::Method => say("Diese Methode gibt es hier nicht.", "This method does not exist here."),
            Self::Gateway(failure) => failure.to_string(),
            Self::Store(_) => say(
                "Die Datenbank antwortet gerade nicht. Bitte gleich noch einmal versuchen.",
                "The database does not answer at the moment. Please try again shortly.",
            ),
            Self::Internal => say("Das war ein Fehler von Pult.", "This was a defect of Pult's."),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts(pause) => Some(*pause),
            Self::Store(_) => Some(Duration::from_secs(2)),
            Self::Gateway(failure) => failure.retry_after(),
            _ => None,
        }
    }

    fn log(&self) {
        match self {
            Self::Store(error) => {
                tracing::error!(error = error as &dyn std::error::Error, "a request met a failing store");
            }
            Self::Gateway(failure) if failure.side() != gateway::Side::Client => {
                tracing::warn!(
                    error = failure as &dyn std::error::Error,
                    code = failure.code(),
                    "a desktop did not answer"
                );
            }
            _ => {}
        }
    }

    /// Answers with this problem, whatever was to be answered before.
    pub(crate) fn render(&self, language: Language, res: &mut Response) {
        self.log();
        let status = self.status();
        let problem = Problem {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: self.code(),
            detail: self.detail(language),
            fields: match self {
                Self::Fields(wrong) => {
                    wrong.iter().map(|one| WrongField { field: one.field, expected: one.expected }).collect()
                }
                _ => Vec::new(),
            },
            state: if let Self::NotRunning(state) = self { Some(Word(*state)) } else { None },
        };
        res.status_code(status);
        // a problem of plain strings and numbers always serialises
        res.render(Text::Json(serde_json::to_string(&problem).unwrap_or_default()));
        let headers = res.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(pause) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(pause.as_secs().max(1)));
        }
        if matches!(self, Self::Unauthenticated) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
}

/// The caller's language.
pub(crate) fn language_of(req: &Request) -> Language {
    Language::negotiate(req.header::<&str>(header::ACCEPT_LANGUAGE).unwrap_or_default())
}

#[async_trait]
impl Writer for ApiError {
    async fn write(self, req: &mut Request, _: &mut Depot, res: &mut Response) {
        self.render(language_of(req), res);
    }
}

impl EndpointOutRegister for ApiError {
    fn register(components: &mut oapi::Components, operation: &mut oapi::Operation) {
        let problem = Problem::to_schema(components);
        for (status, when) in [
            ("400", "Malformed"),
            ("401", "Nobody is signed in"),
            ("403", "Not allowed"),
            ("404", "There is no such thing"),
            ("503", "The database does not answer; try again after `Retry-After`"),
        ] {
            let content = oapi::Content::new(problem.clone());
            operation
                .responses
                .insert(status, oapi::Response::new(when).add_content("application/problem+json", content));
        }
    }
}
