use salvo::{
    Depot, Writer,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use serde::Serialize;

use crate::{auth::Caller, error::ApiError, extract, views::EngineView};

/// How the installation is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    engine: EngineView,
    /// Version of Pult.
    version: &'static str,
}

/// Says how the installation is
#[endpoint(tags("operations"))]
pub(crate) async fn status(_caller: Caller, depot: &mut Depot) -> Result<Json<Status>, ApiError> {
    let app = extract::app(depot);
    let engine = app.store.engines().get(&app.config.node).await?.into();
    Ok(Json(Status { engine, version: env!("CARGO_PKG_VERSION") }))
}
