use domain::{
    access::Action,
    provisioning::{Extent, Source, believe, plan},
};
use salvo::{
    Depot, Writer,
    oapi::{endpoint, extract::QueryParam},
    writing::Json,
};
use store::Deed;

use super::provisioning::end;
use crate::{
    auth::Caller,
    error::{ApiError, Problem},
    extract,
    views::ReportView,
};

/// Takes over the school's own list of people and groups
///
/// It is read from IServ's IDM API, as `roster` in the configuration says. With `dry_run=true` nothing is changed, and the
/// answer says what would be. A list that is empty, or in which more than a fifth of the people or of the groups is
/// missing, is refused, unless `accept_vanishing=true` says that this is so.
#[endpoint(
    tags("provisioning"),
    parameters(
        ("dry_run" = Option<bool>, Query, description = "Only say what would change"),
        ("accept_vanishing" = Option<bool>, Query, description = "Believe it also where many are missing"),
    ),
    responses(
        (status_code = 409, description = "The list is not believed", body = Problem, content_type = "application/problem+json"),
        (status_code = 502, description = "IServ does not give the list", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn sync(
    caller: Caller,
    dry_run: QueryParam<bool, false>,
    accept_vanishing: QueryParam<bool, false>,
    depot: &mut Depot,
) -> Result<Json<ReportView>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::Provision)?;
    let config = app.config.roster.as_ref().ok_or(ApiError::NotFound("roster"))?;
    let told = roster::idm::fetch(config).await?;
    let provisioning = app.store.provisioning();
    let known = provisioning.known(Source::Roster).await?;
    let plan = plan(&known, &told, Extent::Whole);
    if !accept_vanishing.into_inner().unwrap_or(false) || told.people.is_empty() {
        believe(&known, &told, &plan)?;
    }
    let dry_run = dry_run.into_inner().unwrap_or(false);
    let view = ReportView::new(&plan.report, &[], !dry_run);
    if !dry_run {
        let store = app.store.noting(Deed::of(caller.user, "roster.sync"));
        end(app, store.provisioning().carry_out(Source::Roster, &plan).await?);
    }
    Ok(Json(view))
}
