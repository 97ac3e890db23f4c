//! Every way to fail, and how each is told: to programs as `application/problem+json` (RFC 9457), to people who
//! follow a link into a desktop as a page. Each says whose side it is on, why, and what to do.

mod audience;
mod page;
mod problem;
mod said;
mod said_of_desktops;
mod said_of_sign_in;

use std::{net::SocketAddr, time::Duration};

use domain::{access::Refusal, desktop::DesktopState, template::FieldError};
use salvo::{
    Depot, Request, Response, Writer, async_trait,
    http::{HeaderValue, StatusCode, header},
    oapi::{self, EndpointOutRegister, ToSchema},
};
use store::{DepartureError, ProvisionError, ServiceError, StoreError, TemplateError};

use crate::auth::SignInError;

pub(crate) use self::{
    audience::{Audience, language_of},
    problem::{MOST_LINES, Problem, Side, WrongLine},
};

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    Unauthenticated,
    /// A page of ours asks for a stream without its session's cookie.
    #[error("no session cookie came with the request for a stream")]
    CookieLost(gateway::Front),
    /// The user name or the password is wrong.
    #[error("the user name or the password is wrong")]
    CredentialsWrong,
    /// Too many wrong passwords for this account.
    #[error("too many attempts")]
    TooManyAttempts(Duration),
    /// An identity provider signed nobody in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// Local accounts are off.
    #[error("local accounts are off")]
    LocalAccountsOff,
    /// Administrators do not sign in from there.
    #[error("local administrators may not sign in from this address")]
    AddressNotAllowed,
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
    /// A page of the very place that was asked for sent this, and it is not called as the configuration says.
    #[error("the origin is {0}, which server.public_url does not say")]
    PublicUrl(String),
    /// Known, and not allowed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is nothing of this name.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The desktop is not running.
    #[error("the desktop is {0}")]
    NotRunning(DesktopState),
    /// The body, the query or the path does not hold what it should.
    #[error("{0}")]
    Malformed(String),
    /// The body's media type is not the one that is expected.
    #[error("the body is not {0}")]
    MediaType(&'static str),
    /// An `Idempotency-Key` came again with another body.
    #[error("the idempotency key was used for something else")]
    KeyReused,
    /// Too many requests of one account.
    #[error("too many requests")]
    TooMany(Duration),
    /// The body is larger than allowed.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// Fields do not hold what they should.
    #[error("some fields are wrong")]
    Fields(Vec<FieldError>),
    /// Lines of a file do not hold what they should; nothing of it was taken.
    #[error("some lines are wrong")]
    Lines(Vec<roster::csv::WrongLine>),
    /// A list of everybody lacks too many.
    #[error(transparent)]
    Unbelievable(#[from] domain::provisioning::Unbelievable),
    /// The school's own list cannot be read.
    #[error("the roster cannot be read")]
    Roster(#[from] roster::idm::FetchError),
    /// An identity is somebody else's already.
    #[error("the identity is another person's")]
    IdentityTaken,
    /// A person has the name of a service account.
    #[error("a person has this name")]
    NameTaken,
    /// Nobody provisions administrators away.
    #[error("an administrator is not deactivated this way")]
    AdminProtected,
    /// Nobody needs a grant for their own desktop.
    #[error("the desktop is the caller's own")]
    OwnDesktop,
    /// Another template has the slug.
    #[error("the slug is taken")]
    SlugTaken,
    /// Desktops are made from the template.
    #[error("{0} desktops are made from this template")]
    TemplateInUse(u64),
    /// Nobody deletes their own account.
    #[error("this is the caller's own account")]
    OwnAccount,
    /// It would leave nobody who runs the installation.
    #[error("this is the last administrator")]
    LastAdmin,
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

impl From<DepartureError> for ApiError {
    fn from(error: DepartureError) -> Self {
        match error {
            DepartureError::Nobody => Self::NotFound("user"),
            DepartureError::LastAdmin => Self::LastAdmin,
            DepartureError::Store(error) => Self::Store(error),
        }
    }
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

impl From<ProvisionError> for ApiError {
    fn from(error: ProvisionError) -> Self {
        match error {
            ProvisionError::IdentityTaken => Self::IdentityTaken,
            ProvisionError::Admin => Self::AdminProtected,
            ProvisionError::UnknownGroup => Self::NotFound("group"),
            ProvisionError::UnknownUser => Self::NotFound("user"),
            ProvisionError::Store(error) => Self::Store(error),
        }
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Person => Self::NameTaken,
            ServiceError::Store(error) => Self::Store(error),
        }
    }
}

impl From<store::SignInError> for ApiError {
    fn from(error: store::SignInError) -> Self {
        match error {
            store::SignInError::Deactivated => Self::SignIn(SignInError::Deactivated),
            store::SignInError::Store(error) => Self::Store(error),
        }
    }
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::CookieLost(_) | Self::CredentialsWrong => StatusCode::UNAUTHORIZED,
            Self::TooManyAttempts(_) | Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::SignIn(error) => error.status(),
            Self::LocalAccountsOff
            | Self::AddressNotAllowed
            | Self::CsrfToken
            | Self::CookiesBlocked
            | Self::OriginForeign
            | Self::PublicUrl(_)
            | Self::Refused(_) => StatusCode::FORBIDDEN,
            Self::TicketSpent => StatusCode::GONE,
            Self::CookieDoubled | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::NotRunning(_)
            | Self::OwnDesktop
            | Self::SlugTaken
            | Self::TemplateInUse(_)
            | Self::Unbelievable(_)
            | Self::IdentityTaken
            | Self::NameTaken
            | Self::AdminProtected
            | Self::OwnAccount
            | Self::LastAdmin => StatusCode::CONFLICT,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Fields(_) | Self::Lines(_) | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Gateway(failure) => failure.status(),
            Self::Roster(_) => StatusCode::BAD_GATEWAY,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "not_signed_in",
            Self::CookieLost(_) => "cookie_lost",
            Self::CredentialsWrong => "credentials_wrong",
            Self::TooMany(_) => "too_many_requests",
            Self::TooManyAttempts(_) => "too_many_attempts",
            Self::SignIn(error) => error.code(),
            Self::LocalAccountsOff => "local_accounts_off",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::CookieDoubled => "cookie_doubled",
            Self::CsrfToken => "csrf_token",
            Self::TicketSpent => "ticket_spent",
            Self::CookiesBlocked => "cookies_blocked",
            Self::OriginForeign => "origin_foreign",
            Self::PublicUrl(_) => "public_url_differs",
            Self::Refused(Refusal::Scope(_)) => "scope_missing",
            Self::Refused(Refusal::Role(_)) => "role_missing",
            Self::Refused(Refusal::NotOwner) => "not_owner",
            Self::Refused(Refusal::NoGrant) => "grant_missing",
            Self::Refused(Refusal::NotGiven) => "template_not_assigned",
            Self::NotFound("desktop") => "desktop_not_found",
            Self::NotFound(_) => "not_found",
            Self::NotRunning(_) => "desktop_not_running",
            Self::Malformed(_) => "malformed",
            Self::MediaType(_) => "media_type",
            Self::TooLarge(_) => "too_large",
            Self::Fields(_) => "fields_invalid",
            Self::Lines(_) => "lines_invalid",
            Self::Roster(_) => "roster_unavailable",
            Self::KeyReused => "idempotency_key_reused",
            Self::Unbelievable(_) => "list_not_believed",
            Self::IdentityTaken => "identity_taken",
            Self::NameTaken => "name_taken",
            Self::AdminProtected => "admin_protected",
            Self::OwnDesktop => "own_desktop",
            Self::SlugTaken => "slug_taken",
            Self::TemplateInUse(_) => "template_in_use",
            Self::OwnAccount => "own_account",
            Self::LastAdmin => "last_admin",
            Self::Method => "method_not_allowed",
            Self::Gateway(failure) => failure.code(),
            Self::Store(_) => "database_unavailable",
            Self::Internal => "internal",
        }
    }

    fn side(&self) -> Side {
        match self {
            Self::CookieLost(_) => Side::Proxy,
            Self::PublicUrl(_) | Self::Store(_) | Self::Internal => Side::Pult,
            Self::SignIn(SignInError::Stale) => Side::Browser,
            Self::SignIn(_) | Self::Roster(_) => Side::Provider,
            Self::NotRunning(_) => Side::Desktop,
            Self::Gateway(failure) => match failure.side() {
                gateway::Side::Browser => Side::Browser,
                gateway::Side::Proxy => Side::Proxy,
                gateway::Side::Pult => Side::Pult,
                gateway::Side::Desktop => Side::Desktop,
            },
            _ => Side::Browser,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts(pause) | Self::TooMany(pause) => Some(*pause),
            Self::Store(_) => Some(Duration::from_secs(2)),
            Self::SignIn(SignInError::Away(_)) => Some(Duration::from_secs(5)),
            Self::Gateway(failure) => failure.retry_after(),
            _ => None,
        }
    }

    /// Whether it is likely to pass while one waits.
    fn is_passing(&self) -> bool {
        match self {
            Self::Gateway(failure) => failure.is_passing(),
            Self::Store(_) => true,
            Self::NotRunning(state) => !matches!(state, DesktopState::Stopped | DesktopState::Failed),
            _ => false,
        }
    }

    /// The line that mends it, where one does.
    fn remedy(&self, backend: Option<SocketAddr>) -> Option<String> {
        match self {
            Self::CookieLost(front) => Some(cookie_line(*front)),
            Self::Gateway(gateway::Failure::UpgradeLost(_, front)) => Some(front.remedy(backend)),
            Self::PublicUrl(origin) => Some(format!("public_url = \"{origin}\"")),
            _ => None,
        }
    }

    fn log(&self, request_id: Option<&str>) {
        match self {
            Self::Store(error) => {
                tracing::error!(request_id, error = error as &dyn std::error::Error, "a request met a failing store");
            }
            Self::Roster(error) => {
                tracing::warn!(
                    request_id,
                    error = error as &dyn std::error::Error,
                    "the school's own list cannot be read"
                );
            }
            Self::SignIn(error) => {
                tracing::warn!(
                    request_id,
                    error = error as &dyn std::error::Error,
                    code = error.code(),
                    "an identity provider signed nobody in"
                );
            }
            // what front proxies spoil is counted, and logged now and then
            Self::Gateway(failure) if matches!(failure.side(), gateway::Side::Pult | gateway::Side::Desktop) => {
                tracing::warn!(
                    request_id,
                    error = failure as &dyn std::error::Error,
                    code = failure.code(),
                    "a desktop did not answer"
                );
            }
            _ => {}
        }
    }

    /// Answers with this problem, whatever was to be answered before.
    pub(crate) fn render(&self, audience: &Audience, res: &mut Response) {
        self.log(audience.request_id.as_deref());
        res.status_code(self.status());
        if audience.place.is_some() {
            page::render(self, audience, res);
        } else {
            problem::render(self, audience, res);
        }
        let headers = res.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(id) = audience.request_id.as_deref().and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert("x-request-id", id);
        }
        if let Some(pause) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(pause.as_secs().max(1)));
        }
        if matches!(self, Self::Unauthenticated) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
}

/// What keeps cookies on requests for streams.
fn cookie_line(front: gateway::Front) -> String {
    match front.proxy {
        Some(gateway::Proxy::Nginx) => "proxy_set_header Cookie $http_cookie;".to_owned(),
        Some(gateway::Proxy::Apache) => {
            "remove `RequestHeader unset Cookie`, and `Cookie` from every line that sets `Connection`".to_owned()
        }
        _ => "remove every line that drops `Cookie`, or that adds it to `Connection`".to_owned(),
    }
}

#[async_trait]
impl Writer for ApiError {
    async fn write(self, req: &mut Request, _: &mut Depot, res: &mut Response) {
        self.render(&Audience::of(req), res);
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
            ("429", "Too many requests; try again after `Retry-After`"),
            ("503", "The database does not answer; try again after `Retry-After`"),
        ] {
            let content = oapi::Content::new(problem.clone());
            operation
                .responses
                .insert(status, oapi::Response::new(when).add_content("application/problem+json", content));
        }
    }
}
