use domain::access::Role;
use salvo::{
    Depot, Request, Writer,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use serde::Serialize;

use crate::{
    auth::Caller,
    error::{ApiError, Audience},
    extract,
    rest::now,
    views::{BlockingFrontView, EngineView},
};

/// How the installation is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    engine: EngineView,
    /// Whether something before Pult lately kept a stream from opening.
    streams_blocked: bool,
    /// What kept it, for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocking_fronts: Option<Vec<BlockingFrontView>>,
    /// Version of Pult.
    version: &'static str,
}

/// Says how the installation is
#[endpoint(tags("operations"))]
pub(crate) async fn status(caller: Caller, req: &mut Request, depot: &mut Depot) -> Result<Json<Status>, ApiError> {
    let app = extract::app(depot);
    let engine = app.store.engines().get(&app.config.node).await?.into();
    let troubles = app.fronts.troubles(now());
    let blocking_fronts = (caller.role == Role::Admin).then(|| {
        let backend = Audience::of(req).backend();
        troubles.iter().map(|trouble| BlockingFrontView::new(trouble, backend)).collect()
    });
    let streams_blocked = !troubles.is_empty();
    Ok(Json(Status { engine, streams_blocked, blocking_fronts, version: env!("CARGO_PKG_VERSION") }))
}
