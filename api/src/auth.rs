//! Who asks: a session's cookie or a token, and proof that the page which sends a cookie is ours.

mod attempts;
mod caller;
mod cookie;
mod local;
mod oidc;
mod origin;
mod presence;
mod recall;

pub(crate) use attempts::Attempts;
pub(crate) use caller::{Caller, identify, principal};
pub(crate) use cookie::{DESKTOP, ENTRY};
pub(crate) use local::{login, logout, methods};
pub(crate) use oidc::{
    Oidc, SignInError, ask_again, backchannel_logout, callback, login as provider_login, logout as provider_logout,
};
pub use oidc::{Provider, provider_answers};
pub(crate) use origin::{asks_for_a_foreign_page, is_ours as origin_is_ours, refusal as origin_refusal};
pub(crate) use presence::{Presence, watch as watch_credentials};
