use domain::{AssignmentId, access::Action, template::Template};
use salvo::{
    Depot, Writer,
    http::StatusCode,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use serde::Deserialize;
use store::{Assignment, Deed, Recipient};

use super::Created;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    extract::{self, Body, InPath, Window},
    views::{AssignmentView, ListView},
};

/// A template to be given to exactly one of a group, a user, or everybody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "template": "xfce", "group": "9b", "folders": ["material"] })))]
pub(crate) struct AssignmentInput {
    /// Slug of the template.
    template: String,
    /// Name of a group.
    #[serde(default)]
    group: Option<String>,
    /// A username.
    #[serde(default)]
    user: Option<String>,
    /// Everybody.
    #[serde(default)]
    everyone: bool,
    /// Names of the hand-out folders it brings.
    #[serde(default)]
    folders: Vec<String>,
}

/// What can be changed of an assignment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "folders": ["material"] })))]
pub(crate) struct AssignmentPatch {
    /// Names of the hand-out folders it brings.
    folders: Vec<String>,
}

const MOST_FOLDERS: usize = 20;

/// Lists assignments: a teacher's own, an administrator's all
#[endpoint(tags("assignments"))]
pub(crate) async fn list(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<AssignmentView>>, ApiError> {
    let app = extract::app(depot);
    let reach = caller.reach(Action::SeeAssignments)?;
    Ok(Json(app.store.assignments().page(reach.owner(), &window.0).await?.map(AssignmentView::from).into()))
}

/// Gives a template to a group, a user or everybody
///
/// A teacher gives to the own groups and their members; only an administrator gives to everybody.
#[endpoint(tags("assignments"))]
pub(crate) async fn create(
    caller: Caller,
    input: Body<AssignmentInput>,
    depot: &mut Depot,
) -> Result<Created<AssignmentView>, ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::GiveTemplate)?;
    let input = input.0;
    check_folders(&input.folders)?;
    let template = app.store.templates().by_slug(&input.template).await?.ok_or(ApiError::NotFound("template"))?;
    let recipient = recipient(app, &caller, &input).await?;
    let store = app.store.noting(Deed::of(caller.user, "assignment.create").with(told_of(&recipient, &template)));
    let id = store.assignments().create(template.id, &recipient, &input.folders, Some(caller.user)).await?;
    let assignment = app.store.assignments().get(id).await?.ok_or(ApiError::NotFound("assignment"))?;
    Ok(Created(assignment.into()))
}

/// Changes the folders an assignment brings
#[endpoint(tags("assignments"))]
pub(crate) async fn update(
    caller: Caller,
    id: InPath<AssignmentId>,
    input: Body<AssignmentPatch>,
    depot: &mut Depot,
) -> Result<Json<AssignmentView>, ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::WriteAssignments)?;
    let assignment = own(app, &caller, id.0).await?;
    check_folders(&input.0.folders)?;
    let deed = Deed::of(caller.user, "assignment.update").on(id.0);
    app.store.noting(deed).assignments().set_folders(id.0, &input.0.folders).await?;
    Ok(Json(Assignment { folders: input.0.folders, ..assignment }.into()))
}

/// Takes an assignment back
///
/// Desktops that exist stay.
#[endpoint(tags("assignments"), status_codes(204, 400, 401, 403, 404, 429, 503), responses((status_code = 204, description = "Taken back")))]
pub(crate) async fn remove(
    caller: Caller,
    id: InPath<AssignmentId>,
    depot: &mut Depot,
    res: &mut salvo::Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::WriteAssignments)?;
    own(app, &caller, id.0).await?;
    app.store.noting(Deed::of(caller.user, "assignment.delete").on(id.0)).assignments().delete(id.0).await?;
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

async fn own(app: &App, caller: &Caller, id: AssignmentId) -> Result<Assignment, ApiError> {
    let assignment = app.store.assignments().get(id).await?.ok_or(ApiError::NotFound("assignment"))?;
    caller.may(Action::WriteAssignments, caller.whose(assignment.created_by, &[]))?;
    Ok(assignment)
}

async fn recipient(app: &App, caller: &Caller, input: &AssignmentInput) -> Result<Recipient, ApiError> {
    match (&input.group, &input.user, input.everyone) {
        (Some(name), None, false) => {
            let group = app.store.groups().by_name(name).await?.ok_or(ApiError::NotFound("group"))?;
            caller.may(Action::GiveTemplate, caller.whose(None, &[group.id]))?;
            Ok(Recipient::Group(group.id, group.name))
        }
        (None, Some(name), false) => {
            let user = app.store.users().by_username(name).await?.ok_or(ApiError::NotFound("user"))?;
            let theirs: Vec<_> = app.store.users().groups(user.id).await?.iter().map(|group| group.id).collect();
            caller.may(Action::GiveTemplate, caller.whose(None, &theirs))?;
            Ok(Recipient::User(user.id, user.username))
        }
        (None, None, true) => {
            caller.may_with_any(Action::GiveTemplate)?;
            Ok(Recipient::Everyone)
        }
        _ => Err(ApiError::Malformed("expected exactly one of `group`, `user` and `everyone: true`".to_owned())),
    }
}

/// What the audit log is told of who is given what.
fn told_of(recipient: &Recipient, template: &Template) -> serde_json::Value {
    let slug = &template.spec.slug;
    match recipient {
        Recipient::Group(id, _) => serde_json::json!({ "template": slug, "group": id }),
        Recipient::User(id, _) => serde_json::json!({ "template": slug, "user": id }),
        Recipient::Everyone => serde_json::json!({ "template": slug, "everyone": true }),
    }
}

fn check_folders(folders: &[String]) -> Result<(), ApiError> {
    let is_name = |name: &String| {
        (1..=100).contains(&name.len())
            && !name.contains(['/', '\0'])
            && !name.chars().any(char::is_control)
            && name != "."
            && name != ".."
    };
    if folders.len() <= MOST_FOLDERS && folders.iter().all(is_name) {
        return Ok(());
    }
    Err(ApiError::Malformed(format!("folders: expected at most {MOST_FOLDERS} names of 1 to 100 bytes without `/`")))
}
