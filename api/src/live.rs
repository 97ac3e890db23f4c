//! What changes, as it changes: server-sent events.
//!
//! One task of the process reads each change once and hands it to every open page; a page gets what its caller may
//! see. An event carries the whole thing, so one that comes twice or out of order does no harm, and a reconnecting
//! page names the last revision it knows and gets all that changed since.

mod feed;
mod stream;

pub(crate) use feed::{Feed, feed};
pub(crate) use stream::events;
