//! The gateway against real sockets: strict stand-ins for desktops on one side, a client that counts octets on the
//! other.

mod http;
mod refusals;
mod smuggling;
mod stream;
mod support;
mod tls;
