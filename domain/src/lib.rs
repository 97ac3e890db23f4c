//! What Pult decides, and nothing else: ids, states and transitions, and the policies for access, identity, admission
//! and idleness, and how the audit log is chained.
//!
//! Everything here is pure. A function takes facts and the time and returns a decision; it never waits, never
//! reads a clock and never touches a disk, so each rule can be read aloud and tested by itself.

pub mod access;
pub mod admission;
pub mod audit;
pub mod browser;
pub mod converge;
pub mod desktop;
pub mod explain;
pub mod identity;
pub mod idle;
mod ids;
pub mod image;
pub mod language;
pub mod lesson;
pub mod name;
pub mod provisioning;
pub mod schedule;
pub mod template;
mod text;
pub mod webhook;
pub mod why;

pub use ids::{
    AssignmentId, AuditId, DesktopId, GatewayId, GrantId, GroupId, InstallationId, JobId, LessonId, LookId, PassId,
    RestrictionId, SessionId, TemplateId, TokenId, UserId, WebhookDeliveryId, WebhookId,
};
pub use language::Language;
pub use text::{UnknownWord, folded, normal};

/// A moment in UTC, the only kind of time that is stored or compared.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
