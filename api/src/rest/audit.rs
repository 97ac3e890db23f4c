use domain::access::Action;
use salvo::{Depot, Writer, oapi::endpoint, writing::Json};

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{self, Window},
    views::{AuditView, ListView},
};

/// Lists the audit log, newest first
#[endpoint(tags("operations"))]
pub(crate) async fn list(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<AuditView>>, ApiError> {
    caller.may_with_any(Action::ReadAudit)?;
    Ok(Json(extract::app(depot).store.audit().page(&window.0).await?.map(AuditView::from).into()))
}
