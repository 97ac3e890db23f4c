//! The way into desktops: finds the route, lets the right ones in, and hands over to the gateway.

mod client;
mod enter;
mod look;
mod own_host;
mod pass;
mod place;
mod ticket;
mod websockify;

pub(crate) use enter::{Desktop, to_hyper};
pub(crate) use look::Looks;
pub(crate) use own_host::OwnHost;
pub(crate) use place::is_for_own_host;
pub(crate) use ticket::Door;
pub(crate) use websockify::Websockify;
