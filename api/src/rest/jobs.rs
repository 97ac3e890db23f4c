use domain::{JobId, access::Action};
use salvo::{Depot, Writer, oapi::endpoint, writing::Json};

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{self, InPath, Window},
    views::{JobView, ListView},
};

/// Lists jobs
#[endpoint(tags("operations"))]
pub(crate) async fn list(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<JobView>>, ApiError> {
    may_read(&caller)?;
    Ok(Json(extract::app(depot).store.jobs().page(&window.0).await?.map(JobView::from).into()))
}

/// Shows one job
#[endpoint(tags("operations"))]
pub(crate) async fn show(caller: Caller, id: InPath<JobId>, depot: &mut Depot) -> Result<Json<JobView>, ApiError> {
    may_read(&caller)?;
    let job = extract::app(depot).store.jobs().get(id.0).await?.ok_or(ApiError::NotFound("job"))?;
    Ok(Json(job.into()))
}

fn may_read(caller: &Caller) -> Result<(), ApiError> {
    Ok(caller.may_with_any(Action::SeeJobs)?)
}
