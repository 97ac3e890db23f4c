use domain::{Timestamp, access::Action};
use salvo::{
    Depot, Writer,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use serde::Serialize;
use store::Look;

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{self, Window},
    views::ListView,
};

/// A look into a desktop by somebody who is not its owner.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = Look))]
pub(crate) struct LookView {
    id: String,
    at: Timestamp,
    desktop_id: String,
    /// What the desktop was called.
    desktop: String,
    viewer_id: String,
    /// Full name of who looked; null where they are gone.
    viewer: Option<String>,
    /// Why, as they said.
    reason: Option<String>,
}

impl From<Look> for LookView {
    fn from(look: Look) -> Self {
        Self {
            id: look.id.to_string(),
            at: look.at,
            desktop_id: look.desktop.to_string(),
            desktop: look.desktop_name,
            viewer_id: look.viewer.to_string(),
            viewer: look.viewer_name,
            reason: look.reason,
        }
    }
}

/// Lists who looked into the caller's desktops, newest first
///
/// Somebody who looks again within five minutes is listed once.
#[endpoint(tags("people"))]
pub(crate) async fn of_mine(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<LookView>>, ApiError> {
    caller.may_at_best(Action::SeeLooks)?;
    Ok(Json(extract::app(depot).store.looks().page(caller.user, &window.0).await?.map(LookView::from).into()))
}
