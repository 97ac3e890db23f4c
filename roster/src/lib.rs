//! Lists of people as others keep them: files, and IServ's IDM API.
//!
//! What they say becomes a [`domain::provisioning::Roster`]; what has to change by it is the domain's to decide, and
//! nothing here changes anything.

pub mod csv;
pub mod idm;
