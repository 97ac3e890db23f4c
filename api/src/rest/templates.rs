use domain::{access::Action, template::Template};
use salvo::{
    Depot, Writer,
    http::StatusCode,
    oapi::{endpoint, extract::QueryParam},
    writing::Json,
};
use store::Deed;

use super::{Accepted, Created};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, Problem},
    extract::{self, Body, InPath, Window},
    views::{JobView, ListView, TemplateInput, TemplateView},
};

/// Lists the templates the caller may start
///
/// With `all=true` an administrator gets every one.
#[endpoint(tags("templates"), parameters(("all" = Option<bool>, Query, description = "Every one, for administrators")))]
pub(crate) async fn list(
    caller: Caller,
    window: Window,
    all: QueryParam<bool, false>,
    depot: &mut Depot,
) -> Result<Json<ListView<TemplateView>>, ApiError> {
    let app = extract::app(depot);
    let page = if all.into_inner().unwrap_or(false) {
        caller.may_with_any(Action::SeeTemplates)?;
        app.store.templates().page(&window.0).await?
    } else {
        caller.may_at_best(Action::SeeTemplates)?;
        app.store.templates().page_for(caller.user, &caller.groups, &window.0).await?
    };
    Ok(Json(page.map(|template| view(&caller, template)).into()))
}

/// Makes a template
#[endpoint(tags("templates"), responses((status_code = 409, description = "Another template has the slug", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn create(
    caller: Caller,
    input: Body<TemplateInput>,
    depot: &mut Depot,
) -> Result<Created<TemplateView>, ApiError> {
    let app = extract::app(depot);
    may_write(&caller)?;
    let deed = Deed::of(caller.user, "template.create");
    let template = app.store.noting(deed).templates().create(&input.0.into_new()?).await?;
    Ok(Created(view(&caller, template)))
}

/// Edits a template
///
/// Desktops that exist keep what they were made from until they are reset.
#[endpoint(tags("templates"), responses((status_code = 409, description = "Another template has the slug", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn update(
    caller: Caller,
    slug: InPath<String>,
    input: Body<TemplateInput>,
    depot: &mut Depot,
) -> Result<Json<TemplateView>, ApiError> {
    let app = extract::app(depot);
    may_write(&caller)?;
    let old = find(app, &slug.0).await?;
    let spec = input.0.over(old.spec)?;
    let deed = Deed::of(caller.user, "template.update").on(&spec.slug);
    let template = app.store.noting(deed).templates().update(&Template { spec, ..old }).await?;
    Ok(Json(view(&caller, template)))
}

/// Removes a template that no desktop is made from
#[endpoint(tags("templates"), status_codes(204, 400, 401, 403, 404, 409, 429, 503), responses((status_code = 204, description = "Removed"), (status_code = 409, description = "Desktops are made from it", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn remove(
    caller: Caller,
    slug: InPath<String>,
    depot: &mut Depot,
    res: &mut salvo::Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    may_write(&caller)?;
    let template = find(app, &slug.0).await?;
    let deed = Deed::of(caller.user, "template.delete").on(&template.spec.slug);
    app.store.noting(deed).templates().delete(template.id).await?;
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Fetches a template's image
///
/// Answers a job; its progress comes over `/api/v1/events`.
#[endpoint(tags("templates"))]
pub(crate) async fn pull(
    caller: Caller,
    slug: InPath<String>,
    depot: &mut Depot,
) -> Result<Accepted<JobView>, ApiError> {
    let app = extract::app(depot);
    may_write(&caller)?;
    let template = find(app, &slug.0).await?;
    let job = app.store.jobs().order_pull(&template.spec.image, caller.user).await?;
    Ok(Accepted::Wish(job.into()))
}

fn may_write(caller: &Caller) -> Result<(), ApiError> {
    Ok(caller.may_with_any(Action::WriteTemplates)?)
}

async fn find(app: &App, slug: &str) -> Result<Template, ApiError> {
    app.store.templates().by_slug(slug).await?.ok_or(ApiError::NotFound("template"))
}

fn view(caller: &Caller, template: Template) -> TemplateView {
    if caller.sees_inside_templates() { TemplateView::whole(template) } else { TemplateView::outside(template) }
}
