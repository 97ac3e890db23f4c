//! Who passes into a desktop: its owner, or the holder of a grant, who does not go in unseen.

use std::sync::Arc;

use domain::access::{Opened, Principal, Refusal};
use routing::Route;
use serde_json::json;

use crate::{app::App, error::ApiError, rest::now};

/// Somebody who may look into a desktop, and the way there.
pub(super) struct Pass {
    /// The desktop's route; for the holder of a grant one that is gone when the grant is over.
    pub(super) route: Arc<Route>,
    opened: Opened,
}

/// Lets somebody pass, or not. What the table does not know yet, since it was granted a moment ago, is waited for.
pub(super) async fn pass(app: &App, principal: &Principal, route: Arc<Route>) -> Result<Pass, ApiError> {
    match try_pass(principal, Arc::clone(&route)) {
        Err(ApiError::Refused(Refusal::NoGrant)) => {
            app.routes.caught_up(app.store.revision().await?).await;
            try_pass(principal, app.routes.by_id(route.desktop).ok_or(ApiError::NotFound("desktop"))?)
        }
        answer => answer,
    }
}

fn try_pass(principal: &Principal, route: Arc<Route>) -> Result<Pass, ApiError> {
    let opened = principal.may_open(route.desktop, route.owner, route.grants(), now())?;
    let route = match opened.grant() {
        Some(grant) => Arc::new(route.because_of(grant).ok_or(Refusal::NoGrant)?),
        None => route,
    };
    Ok(Pass { route, opened })
}

/// A page is many requests: how much later one counts as another look.
const ANOTHER_LOOK: chrono::TimeDelta = chrono::TimeDelta::minutes(1);

impl Pass {
    /// Notes that somebody else than the owner is about to see what is in the desktop: each stream, and each page.
    /// Nothing is shown before that is written, and nothing if the grant is over by then.
    pub(super) async fn note_look(&self, app: &App, principal: &Principal, is_stream: bool) -> Result<(), ApiError> {
        let Some(id) = self.opened.grant() else {
            return Ok(());
        };
        let desktop = self.opened.desktop();
        let grant = app.store.grants().get(desktop, id).await?.ok_or(Refusal::NoGrant)?;
        if !grant.right.is_live(now()) {
            return Err(Refusal::NoGrant.into());
        }
        if !is_stream && grant.entered_at.is_some_and(|at| now() < at + ANOTHER_LOOK) {
            return Ok(());
        }
        let by = if is_stream { "stream" } else { "page" };
        let detail = json!({ "grant": id, "owner": self.route.owner, "reason": grant.reason, "by": by });
        app.store.audit().record(Some(principal.user), "desktop.look", Some(desktop.to_string()), Some(detail)).await?;
        if app.store.grants().enter(id).await? { Ok(()) } else { Err(Refusal::NoGrant.into()) }
    }
}
