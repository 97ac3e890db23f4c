use domain::{
    SessionId, Timestamp,
    browser::{self, Browser, System},
};
use salvo::oapi::ToSchema;
use serde::Serialize;
use store::Session;

use crate::word::Word;

/// A browser in which somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = Session))]
pub(crate) struct SessionView {
    id: String,
    /// Whether it is the one that asks.
    this: bool,
    browser: Word<Browser>,
    /// What the browser runs on.
    system: Word<System>,
    /// When somebody signed in.
    created_at: Timestamp,
    /// To the minute.
    last_seen_at: Timestamp,
    /// When it ends by itself as it is now: after a time without use, and at the latest some time after its beginning.
    ends_at: Timestamp,
}

impl SessionView {
    /// What is told of a session where this one asks.
    pub(crate) fn new(session: &Session, this: Option<SessionId>) -> Self {
        let (browser, system) = browser::of(session.user_agent.as_deref().unwrap_or_default());
        Self {
            id: session.id.to_string(),
            this: this == Some(session.id),
            browser: Word(browser),
            system: Word(system),
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            ends_at: session.ends_unused_at.min(session.expires_at),
        }
    }
}
