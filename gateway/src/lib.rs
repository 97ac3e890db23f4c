//! The way into a desktop: dial it, say what it needs to hear, relay what comes back, and watch for input.
//!
//! The caller has found the [`Route`](routing::Route) and authorised the request; [`Gateway::forward`] does the rest.
//! What it guarantees:
//!
//! - Over https a request reaches the container the route was made for, or none: nothing is said before the certificate
//!   was compared with the one pinned at the start. Over plain http the address is all there is, and the engine gives a
//!   freed one to the next container at once: until the route is replaced, that one hears requests, with the password of
//!   a container that is no more. An honest one refuses the password; what another answers is passed on until the route
//!   ends, which ends it at once. Whatever looks like a stranger is reported, and never is another address tried.
//! - The desktop hears from the client what is on a short list and nothing else: never a cookie, a referrer or a
//!   credential of Pult's. Pult's own origin hears from the desktop nothing that would speak for that origin; on a host
//!   of its own ([`Place::Host`]) a desktop speaks for that host, and for no other.
//! - A stream is opened only after the desktop proved that it took part in the handshake; from then on every octet is
//!   relayed as it came, both ways, until an end closes or the right to it ends.
//! - Nothing here waits without a limit, except a stream whose both ends are alive.
//!
//! It knows hyper and not salvo, keeps no list of desktops, and decides nothing about who may do what.

mod activity;
mod body;
mod client;
mod config;
mod cookies;
mod dial;
mod exchange;
mod failure;
mod framing;
mod front;
#[cfg(test)]
mod fuzz;
mod gateway;
mod limits;
mod relay;
mod request;
mod response;
#[cfg(test)]
mod sample;
mod socket;
mod stream;
mod tap;

pub use activity::{Activity, Seen};
pub use body::Body;
pub use client::{ClientInfo, Place};
pub use config::Config;
pub use failure::{Failure, Limit, Side, Wait};
pub use front::{Front, Loss, Proxy};
pub use gateway::Gateway;
pub use request::accept_stream;
pub use socket::Socket;
pub use stream::TakeOver;

/// An error of a body, whatever its maker.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
