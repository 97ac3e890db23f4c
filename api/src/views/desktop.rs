use domain::{
    Language, Timestamp,
    desktop::{DesktopState, Step},
    explain::explain,
    idle::IdleRules,
};
use salvo::oapi::ToSchema;
use serde::Serialize;
use store::Details;

use super::GrantView;
use crate::word::Word;

/// One user's instance of one template.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[salvo(schema(name = Desktop))]
pub(crate) struct DesktopView {
    id: String,
    /// DNS label under which it is addressed.
    name: String,
    /// Slug of its template.
    template: String,
    /// Whose pages show it: `novnc`, `container` or `image:<folder>`. As it was started, where it runs; else as its
    /// template says now.
    client: String,
    /// Username of its owner.
    owner: String,
    state: Word<DesktopState>,
    /// Which part of the start is under way, while `starting`.
    step: Option<Word<Step>>,
    /// Why it ended or failed: a stable word.
    reason: Option<&'static str>,
    /// Place in the queue, from 1, while `queued`.
    queue_position: Option<i32>,
    /// Guess of the seconds until it starts, while `queued`.
    eta_seconds: Option<i32>,
    /// Where to open it.
    url: String,
    created_at: Timestamp,
    /// When it last became `running`.
    started_at: Option<Timestamp>,
    /// Last keyboard or pointer input seen in its stream.
    last_input_at: Option<Timestamp>,
    /// The latest of its start, an extension and any input; where it is set so, also when it was found to compute.
    last_used_at: Option<Timestamp>,
    /// When it stops if nobody uses it before then.
    stops_at: Option<Timestamp>,
    /// Which limit it reaches then: `idle`, which use and an extension put off, or `lifetime` or `nightly`, which nothing
    /// does.
    stops_for: Option<&'static str>,
    /// When its owner is warned of that; null as long as they may not be, because it may turn out to compute.
    warns_at: Option<Timestamp>,
    /// Streams that are open into it now, as of a few seconds ago.
    viewers: i32,
    /// Who else may look into it now. Each ends by itself at its `until`.
    grants: Vec<GrantView>,
    /// Why it is as it is, in a sentence.
    why: String,
    /// Whether it is gone: then forget it.
    removed: bool,
}

impl DesktopView {
    pub(crate) fn new(details: Details, installation: &IdleRules, language: Language) -> Self {
        let Details { desktop, template, limits, facts, client, owner, owner_role, viewers, grants } = details;
        let policy = installation.policy(owner_role, &limits);
        let ending = policy.ending(&desktop, &facts);
        Self {
            why: explain(&desktop, &policy, &facts, language),
            stops_at: ending.as_ref().map(|ending| ending.at),
            warns_at: ending.as_ref().and_then(|ending| policy.warns_at(&desktop, ending)),
            stops_for: ending.as_ref().map(|ending| ending.why.code()),
            last_used_at: desktop.last_use(),
            id: desktop.id.to_string(),
            url: format!("/desktop/{}/", desktop.name),
            name: desktop.name,
            template,
            client: client.to_string(),
            owner,
            state: Word(desktop.state),
            step: desktop.step.map(Word),
            reason: desktop.why.as_ref().map(domain::why::Why::code),
            queue_position: desktop.queue_position,
            eta_seconds: desktop.queue_eta_seconds,
            created_at: desktop.created_at,
            started_at: desktop.started_at,
            last_input_at: desktop.last_input_at,
            viewers,
            grants: grants.into_iter().map(GrantView::from).collect(),
            removed: desktop.removed_at.is_some(),
        }
    }
}
