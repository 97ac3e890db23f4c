//! What a desktop hears of a client's request.
//!
//! Everything a desktop is sent is made anew from a short list; nothing is passed on because it was not thought of.

mod body;
mod head;
mod path;
mod upgrade;

pub(crate) use body::{Outgoing, Progress, Turn, outgoing};
pub(crate) use head::head;
pub(crate) use path::{MAX_PATH, check as check_path};
pub use upgrade::accept_stream;
pub(crate) use upgrade::{Handshake, Wish, has_token};
