//! Which desktop answers where: a table with one writer and many readers.
//!
//! A reader looks a desktop up with one atomic load: no lock, no await, no query. The table is an immutable
//! [`Snapshot`] that its one [`Writer`] replaces; it lags the database by one notification, or by one poll where a
//! notification was lost. A [`Route`] is never changed: when the container behind it changes, it is replaced, and
//! its `gone` token ends the streams that still run through it. A grant's own token ends those that are there because of
//! it, when it is over or taken back.

mod follow;
mod route;
mod table;

pub use follow::follow;
pub use route::{Granted, Route, Target};
pub use table::{Reader, Snapshot, Writer, table};
