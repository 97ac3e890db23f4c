use domain::{access::Action, schedule::ScheduledJob};
use salvo::{Depot, Writer, oapi::endpoint, writing::Json};
use store::Deed;

use super::Accepted;
use crate::{
    auth::Caller,
    error::ApiError,
    extract::{self, InPath, Spoken},
    views::{ListView, ScheduledJobView},
};

/// Lists the jobs of the schedule, with how each went last and when it runs next
#[endpoint(tags("operations"))]
pub(crate) async fn list(
    caller: Caller,
    language: Spoken,
    depot: &mut Depot,
) -> Result<Json<ListView<ScheduledJobView>>, ApiError> {
    caller.may_with_any(Action::SeeSchedule)?;
    let runs = extract::app(depot).store.schedule().all().await?;
    Ok(Json(ListView::whole(runs.into_iter().map(|run| ScheduledJobView::new(run, language.0)).collect())))
}

/// Has a job of the schedule run as soon as can be
///
/// The wish is written down; the worker that runs the schedule takes it up at once. A job that is running runs once
/// more after that.
#[endpoint(tags("operations"))]
pub(crate) async fn run_now(
    caller: Caller,
    name: InPath<String>,
    language: Spoken,
    depot: &mut Depot,
) -> Result<Accepted<ScheduledJobView>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::RunSchedule)?;
    let job: ScheduledJob = name.0.parse().map_err(|_| ApiError::NotFound("scheduled job"))?;
    let run = app.store.noting(Deed::of(caller.user, "schedule.run").on(job)).schedule().request(job).await?;
    Ok(Accepted::Wish(ScheduledJobView::new(run, language.0)))
}
