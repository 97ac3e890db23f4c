//! Who asks: a session's cookie or a token, and proof that the page which sends a cookie is ours.

mod attempts;
mod caller;
mod local;
mod origin;
mod presence;
mod session_cookie;

pub(crate) use attempts::Attempts;
pub(crate) use caller::{Caller, identify};
pub(crate) use local::{login, logout, methods};
pub(crate) use origin::is_ours as origin_is_ours;
pub(crate) use presence::Presence;
