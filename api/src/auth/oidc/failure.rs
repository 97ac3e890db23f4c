use salvo::http::StatusCode;

/// Why an identity provider signed nobody in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    /// It does not answer, or not as a provider does.
    #[error("the identity provider does not answer")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Its answer is not one to a question of this browser's, or came too late, or twice.
    #[error("nobody is on the way to sign in with this state")]
    Stale,
    /// It let nobody in, or they did not want to.
    #[error("the identity provider let nobody in: {0}")]
    Denied(String),
    /// It let somebody in whose account here is deactivated.
    #[error("the account is deactivated")]
    Deactivated,
    /// It refuses to say even the least.
    #[error("the identity provider releases no scope that is of use")]
    Scopes,
    /// It does not know us.
    #[error("the identity provider does not take our client id and secret")]
    Client,
    /// What it said cannot be used.
    #[error("the identity provider's answer cannot be used: {0}")]
    Answer(String),
    /// Another provider's answer.
    #[error("the answer is another issuer's")]
    Issuer,
    /// An ID token for somebody else.
    #[error("the ID token is for another audience")]
    Audience,
    /// An ID token for another sign-in.
    #[error("the ID token's nonce is another sign-in's")]
    Nonce,
    /// An ID token that the provider did not sign.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// An ID token of another time.
    #[error("the ID token is not valid now")]
    Expired,
    /// What is said besides is of somebody else.
    #[error("userinfo is of another subject")]
    Subject,
}

impl SignInError {
    /// A stable word.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Away(_) => "provider_unavailable",
            Self::Stale => "sign_in_stale",
            Self::Denied(_) => "sign_in_denied",
            Self::Deactivated => "account_deactivated",
            Self::Scopes => "provider_scopes_refused",
            Self::Client => "provider_client_refused",
            Self::Answer(_) => "provider_answer_invalid",
            Self::Issuer => "token_issuer_wrong",
            Self::Audience => "token_audience_wrong",
            Self::Nonce => "token_nonce_wrong",
            Self::Signature => "token_signature_wrong",
            Self::Expired => "token_expired",
            Self::Subject => "token_subject_wrong",
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Away(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Stale => StatusCode::BAD_REQUEST,
            Self::Denied(_) | Self::Deactivated => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    /// The provider does not answer us.
    pub(super) fn away(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Away(Box::new(cause))
    }
}
