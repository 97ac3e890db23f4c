use std::{fmt, io, time::Duration};

use http::StatusCode;

use crate::front::{Front, Loss, Spoiled};

/// Whose side a failure is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What was asked, or who asked.
    Browser,
    /// What stands between the user and us.
    Proxy,
    /// Ours.
    Pult,
    /// The desktop's.
    Desktop,
}

/// What a limit on streams is counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// One desktop.
    Desktop,
    /// One user.
    User,
}

/// What a desktop took too long for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Accepting a connection.
    Connect,
    /// The handshake of TLS.
    Secure,
    /// The next piece of the request's body.
    Take,
    /// The head of its answer.
    Answer,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "accept a connection",
            Self::Secure => "agree on TLS",
            Self::Take => "take what was sent",
            Self::Answer => "answer",
        })
    }
}

/// Why a request was not answered by the desktop.
///
/// Nothing of the desktop's answer has reached the client when this is returned.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The path cannot be passed on as it is.
    #[error("the path is refused: {0}")]
    PathRefused(&'static str),
    /// The path is longer than every desktop can read.
    #[error("the path is longer than {limit} bytes", limit = crate::request::MAX_PATH)]
    PathTooLong,
    /// The head is larger than every desktop can read.
    #[error("the request's head is larger than a desktop can read")]
    HeadTooLarge,
    /// The head holds what no head can.
    #[error("the request's head is malformed: {0}")]
    HeadMalformed(&'static str),
    /// Where the body ends could be read in two ways.
    #[error("the request's length is ambiguous: {0}")]
    FramingAmbiguous(&'static str),
    /// The client did not send the whole body.
    #[error("the request's body ended early")]
    BodyIncomplete(#[source] hyper::Error),
    /// The client began a body and left it at that.
    #[error("the request's body stopped coming")]
    BodyStalled,
    /// The method is not for desktops.
    #[error("the method is not passed on to desktops")]
    MethodRefused,
    /// It wants a stream and does not ask for it as RFC 6455 section 4.1 says.
    #[error("the request for a stream is malformed: {0}")]
    UpgradeMalformed(&'static str),
    /// It was a request for a stream until something on the way spoiled it.
    #[error("{}", Spoiled(.0, .1))]
    UpgradeLost(Loss, Front),
    /// Programming interfaces of desktops are not for their users.
    #[error("the desktop's programming interface is not available here")]
    ApiBlocked,
    /// The right to this desktop ended while the answer was awaited.
    #[error("the session has ended")]
    SessionEnded,

    /// As many streams as there may be are open.
    #[error("too many streams are open for this {}", match .0 { Limit::Desktop => "desktop", Limit::User => "user" })]
    TooManyStreams(Limit),
    /// This process stops and takes no new stream.
    #[error("this server is being restarted")]
    GoingAway,
    /// The caller handed over a request for a stream without the connection it came on.
    #[error("the connection cannot become a stream")]
    ConnectionMissing,
    /// There is no TLS here, or no root to check a certificate with.
    #[error("TLS cannot be set up: the system's certificate roots cannot be read")]
    TlsUnavailable,

    /// There is nothing to dial.
    #[error("the desktop is not running")]
    NotRunning,
    /// The route was taken away while the answer was awaited.
    #[error("the desktop has just been stopped or restarted")]
    Gone,
    /// It does not take a connection.
    #[error("the desktop does not take a connection")]
    Unreachable(#[source] io::Error),
    /// It took longer than it may.
    #[error("the desktop took too long to {0}")]
    Timeout(Wait),
    /// What answers there is not the container the route was made for.
    #[error("what answers is not this desktop: {0}")]
    Mismatch(&'static str),
    /// No TLS connection came about.
    #[error("no TLS connection to the desktop came about")]
    TlsFailed(#[source] io::Error),
    /// It does not take the container's own password.
    #[error("the desktop refused the password it was started with")]
    CredentialsRefused,
    /// It answered 101 without having understood the handshake.
    #[error("the desktop's side of the handshake is wrong: {0}")]
    HandshakeRefused(&'static str),
    /// It closed the connection instead of answering.
    #[error("the desktop closed the connection without an answer")]
    Closed(#[source] hyper::Error),
    /// Its answer is not one that can be passed on.
    #[error("the desktop's answer cannot be passed on: {0}")]
    AnswerMalformed(&'static str),
    /// It sends the client somewhere else.
    #[error("the desktop redirects to another place than itself")]
    RedirectsAway,
}

impl Failure {
    /// Whose side it is on.
    pub fn side(&self) -> Side {
        self.facts().0
    }

    /// The status that tells HTTP of it.
    pub fn status(&self) -> StatusCode {
        self.facts().1
    }

    /// A word that stays the same.
    pub fn code(&self) -> &'static str {
        self.facts().2
    }

    /// After how long another try makes sense, where one does.
    pub fn retry_after(&self) -> Option<Duration> {
        (self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(Duration::from_secs(2))
    }

    /// Whether it is likely to pass while one waits: a desktop that is about to answer, to be looked at again or to be
    /// restarted, or a limit that is full.
    pub fn is_passing(&self) -> bool {
        self.is_suspect()
            || matches!(self.status(), StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
            || matches!(self, Self::Closed(_))
    }

    /// Whether it is a sign that the route no longer leads to its container: nothing answers there, or something else
    /// does, with another certificate, password or protocol.
    pub(crate) fn is_suspect(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::Timeout(Wait::Connect | Wait::Secure)
                | Self::Mismatch(_)
                | Self::TlsFailed(_)
                | Self::CredentialsRefused
                | Self::Closed(_)
                | Self::AnswerMalformed(_)
        )
    }

    fn facts(&self) -> (Side, StatusCode, &'static str) {
        use Side::{Browser, Desktop, Proxy, Pult};
        match self {
            Self::PathRefused(_) => (Browser, StatusCode::BAD_REQUEST, "path_refused"),
            Self::PathTooLong => (Browser, StatusCode::URI_TOO_LONG, "path_too_long"),
            Self::HeadTooLarge => (Browser, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large"),
            Self::HeadMalformed(_) => (Browser, StatusCode::BAD_REQUEST, "head_malformed"),
            Self::FramingAmbiguous(_) => (Browser, StatusCode::BAD_REQUEST, "framing_ambiguous"),
            Self::BodyIncomplete(_) => (Browser, StatusCode::BAD_REQUEST, "body_incomplete"),
            Self::BodyStalled => (Browser, StatusCode::REQUEST_TIMEOUT, "body_stalled"),
            Self::MethodRefused => (Browser, StatusCode::METHOD_NOT_ALLOWED, "method_refused"),
            Self::UpgradeMalformed(_) => (Browser, StatusCode::BAD_REQUEST, "upgrade_malformed"),
            Self::UpgradeLost(Loss::Upgrade, _) => (Proxy, StatusCode::UPGRADE_REQUIRED, "upgrade_header_lost"),
            Self::UpgradeLost(Loss::Connection, _) => (Proxy, StatusCode::UPGRADE_REQUIRED, "connection_header_lost"),
            Self::UpgradeLost(Loss::Version, _) => (Proxy, StatusCode::UPGRADE_REQUIRED, "http_version_lost"),
            Self::ApiBlocked => (Browser, StatusCode::FORBIDDEN, "desktop_api_blocked"),
            Self::SessionEnded => (Browser, StatusCode::UNAUTHORIZED, "session_ended"),
            Self::TooManyStreams(_) => (Pult, StatusCode::SERVICE_UNAVAILABLE, "too_many_streams"),
            Self::GoingAway => (Pult, StatusCode::SERVICE_UNAVAILABLE, "going_away"),
            Self::ConnectionMissing => (Pult, StatusCode::INTERNAL_SERVER_ERROR, "connection_missing"),
            Self::TlsUnavailable => (Pult, StatusCode::INTERNAL_SERVER_ERROR, "tls_unavailable"),
            Self::NotRunning => (Desktop, StatusCode::CONFLICT, "desktop_not_running"),
            Self::Gone => (Desktop, StatusCode::SERVICE_UNAVAILABLE, "desktop_gone"),
            Self::Unreachable(_) => (Desktop, StatusCode::BAD_GATEWAY, "desktop_unreachable"),
            Self::Timeout(_) => (Desktop, StatusCode::GATEWAY_TIMEOUT, "desktop_timeout"),
            Self::Mismatch(_) => (Desktop, StatusCode::BAD_GATEWAY, "desktop_mismatch"),
            Self::TlsFailed(_) => (Desktop, StatusCode::BAD_GATEWAY, "desktop_tls_failed"),
            Self::CredentialsRefused => (Desktop, StatusCode::BAD_GATEWAY, "desktop_refused_credentials"),
            Self::HandshakeRefused(_) => (Desktop, StatusCode::BAD_GATEWAY, "desktop_refused_handshake"),
            Self::Closed(_) => (Desktop, StatusCode::BAD_GATEWAY, "desktop_closed"),
            Self::AnswerMalformed(_) => (Desktop, StatusCode::BAD_GATEWAY, "desktop_answer_malformed"),
            Self::RedirectsAway => (Desktop, StatusCode::BAD_GATEWAY, "desktop_redirects_away"),
        }
    }
}
