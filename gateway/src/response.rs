//! What a client hears of a desktop's answer.
//!
//! A desktop may say what it likes about its own content, and nothing about our origin: no cookie, no policy, no way
//! to somewhere else. A pupil can serve any page from a container, so what it serves runs in a sandbox of its own.

mod head;
mod location;

pub(crate) use head::{answer, switching};
