//! Who passes into a desktop: its owner, or the holder of a grant, who does not go in unseen.

use std::sync::Arc;

use domain::access::{Opened, Principal, Refusal};
use routing::Route;
use store::NewLook;

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

impl Pass {
    /// Notes that somebody else than the owner is about to see what is in the desktop. Nothing is shown before that is
    /// written, and nothing if the grant is over by then.
    pub(super) async fn note_look(&self, app: &App, principal: &Principal) -> Result<(), ApiError> {
        let Some(id) = self.opened.grant() else {
            return Ok(());
        };
        let desktop = self.opened.desktop();
        let grant = app.store.grants().get(desktop, id).await?.ok_or(Refusal::NoGrant)?;
        if !app.store.grants().enter(id).await? {
            return Err(Refusal::NoGrant.into());
        }
        let look = NewLook { viewer: principal.user, desktop, grant: Some(id.to_string()), reason: Some(grant.reason) };
        app.looks.note(&app.store, &look).await
    }
}
