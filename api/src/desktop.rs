//! The way into desktops: finds the route, lets the right ones in, and hands over to the gateway.

mod client_address;
mod enter;
mod websockify;

pub(crate) use enter::Desktop;
pub(crate) use websockify::Websockify;
