use domain::{GroupId, LessonId, Timestamp, access::Action, lesson::Window};
use salvo::{
    Depot, Writer,
    http::StatusCode,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use serde::Deserialize;
use store::Deed;

use super::{Created, now};
use crate::{
    auth::Caller,
    error::ApiError,
    extract::{self, Body, InPath, Window as Part},
    views::{LessonView, ListView},
};

/// A lesson that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "group": "9b", "until": "2030-01-31T12:30:00Z" })))]
pub(crate) struct LessonInput {
    /// Name of the group.
    group: String,
    /// Slug of the template of which it needs desktops; of every one where none is named.
    #[serde(default)]
    template: Option<String>,
    /// When it begins: now, where nothing is said.
    #[serde(default)]
    from: Option<Timestamp>,
    /// When it is over, at most 12 hours after its beginning.
    until: Timestamp,
}

/// Lists lessons: a teacher's groups', an administrator's all
///
/// Those that were over for 30 days are forgotten.
#[endpoint(tags("lessons"))]
pub(crate) async fn list(
    caller: Caller,
    part: Part,
    depot: &mut Depot,
) -> Result<Json<ListView<LessonView>>, ApiError> {
    let app = extract::app(depot);
    let reach = caller.reach(Action::SeeLessons)?;
    Ok(Json(app.store.lessons().page(reach.groups(), &part.0).await?.map(LessonView::from).into()))
}

/// Lets a group's desktops go on while it has a lesson
///
/// Until its end nothing stops by itself what belongs to the group's pupils and teachers. Teachers have lessons with
/// their own groups.
#[endpoint(tags("lessons"))]
pub(crate) async fn create(
    caller: Caller,
    input: Body<LessonInput>,
    depot: &mut Depot,
) -> Result<Created<LessonView>, ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::WriteLessons)?;
    let LessonInput { group, template: slug, from, until } = input.0;
    let group = app.store.groups().by_name(&group).await?.ok_or(ApiError::NotFound("group"))?;
    caller.may(Action::WriteLessons, caller.whose(None, &[group.id]))?;
    let template = match &slug {
        Some(slug) => Some(app.store.templates().by_slug(slug).await?.ok_or(ApiError::NotFound("template"))?.id),
        None => None,
    };
    let window = Window::wanted(from, until, now()).map_err(ApiError::Fields)?;
    let detail = told_of(group.id, slug.as_deref(), window);
    let store = app.store.noting(Deed::of(caller.user, "lesson.create").with(detail));
    let id = store.lessons().create(group.id, template, window, Some(caller.user)).await?;
    let lesson = app.store.lessons().get(id).await?.ok_or(ApiError::NotFound("lesson"))?;
    Ok(Created(lesson.into()))
}

/// Ends a lesson, or calls it off
///
/// Its desktops stop as any other from then on, after a warning.
#[endpoint(tags("lessons"), status_codes(204, 400, 401, 403, 404, 429, 503), responses((status_code = 204, description = "It is over")))]
pub(crate) async fn remove(
    caller: Caller,
    id: InPath<LessonId>,
    depot: &mut Depot,
    res: &mut salvo::Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::WriteLessons)?;
    let lesson = app.store.lessons().get(id.0).await?.ok_or(ApiError::NotFound("lesson"))?;
    caller.may(Action::WriteLessons, caller.whose(None, &[lesson.group.id]))?;
    let detail = told_of(lesson.group.id, lesson.template.as_deref(), lesson.window);
    app.store.noting(Deed::of(caller.user, "lesson.delete").on(id.0).with(detail)).lessons().delete(id.0).await?;
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// What the audit log is told of a lesson.
fn told_of(group: GroupId, template: Option<&str>, window: Window) -> serde_json::Value {
    serde_json::json!({ "group": group, "template": template, "from": window.from, "until": window.until })
}
