//! The gateway against real sockets: strict stand-ins for desktops on one side, a client that counts octets on the
//! other.

#![expect(clippy::print_stdout, reason = "counts are told to whoever runs the tests")]

mod churn;
mod conformance;
mod fuzz;
mod hostile;
mod http;
mod refusals;
mod smuggling;
mod stream;
mod support;
mod tls;
