//! What is known of a person: handed out to them, and deleted.

use domain::{
    UserId,
    access::{Action, Credential},
};
use salvo::{
    Depot, Response, Writer,
    http::{HeaderValue, header},
    oapi::{ToSchema, endpoint, extract::QueryParam},
    writing::Json,
};
use serde::Serialize;
use serde_json::{Value, json};
use store::Deed;

use super::Accepted;
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, Problem},
    extract::{self, InPath, Spoken},
};

/// All that the database knows of a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct PersonalData {
    /// `pult-personal-data/1`.
    format: &'static str,
    /// What is not in here, in a sentence.
    files: &'static str,
    /// `account`, `identities`, `groups`, `desktops`, `assignments`, `lessons_created`, `provisioned_by`, `wishes`,
    /// `grants`, `sessions`, `tokens` (without what they prove themselves with), `looks_into_my_desktops`,
    /// `looks_of_mine`, and `audit`: the lines by and about them.
    data: Value,
}

/// What becomes of somebody who is deleted.
#[derive(Serialize, ToSchema)]
pub(crate) struct Departure {
    id: String,
    /// Desktops that are being removed. What is left of the account goes with the last of them.
    desktops: usize,
    /// What becomes of their files, in a sentence.
    files: String,
}

/// Hands out all that is known of the caller
#[endpoint(tags("people"))]
pub(crate) async fn export_mine(
    caller: Caller,
    language: Spoken,
    depot: &mut Depot,
    res: &mut Response,
) -> Result<Json<PersonalData>, ApiError> {
    caller.may_at_best(Action::ExportPerson)?;
    export(extract::app(depot), &caller, caller.user, &language, res).await
}

/// Hands out all that is known of somebody
#[endpoint(tags("people"))]
pub(crate) async fn export_of(
    caller: Caller,
    id: InPath<UserId>,
    language: Spoken,
    depot: &mut Depot,
    res: &mut Response,
) -> Result<Json<PersonalData>, ApiError> {
    caller.may_with_any(Action::ExportPerson)?;
    export(extract::app(depot), &caller, id.0, &language, res).await
}

/// Deletes somebody, and all that is known of them
///
/// At once they can no longer sign in, and their sessions and tokens end. Their desktops are removed; what is left of the
/// account goes with the last one. Lines of the audit log stay, with ids alone, until they are too old. Files stay where
/// they are. Nobody deletes themselves, or the last administrator.
#[endpoint(
    tags("people"),
    status_codes(202, 400, 401, 403, 404, 409, 429, 503),
    responses((status_code = 409, description = "It is the caller, or the last administrator", body = Problem, content_type = "application/problem+json")),
    parameters(("confirm" = String, Query, description = "The username of who is to be deleted"))
)]
pub(crate) async fn delete(
    caller: Caller,
    id: InPath<UserId>,
    confirm: QueryParam<String, false>,
    language: Spoken,
    depot: &mut Depot,
) -> Result<Accepted<Departure>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::DeletePerson)?;
    if id.0 == caller.user {
        return Err(ApiError::OwnAccount);
    }
    let user = app.store.users().get(id.0).await?.ok_or(ApiError::NotFound("user"))?;
    if confirm.into_inner().as_deref() != Some(user.username.as_str()) {
        return Err(ApiError::Malformed("confirm: expected the username of who is to be deleted".to_owned()));
    }
    let departed = app.store.noting(Deed::of(caller.user, "user.delete").on(user.id)).users().delete(user.id).await?;
    let sessions = departed.sessions.into_iter().map(Credential::Session);
    let tokens = departed.tokens.into_iter().map(|id| Credential::Token(id, Vec::new()));
    sessions.chain(tokens).for_each(|credential| app.presence.end(&credential));
    let folder = format!("homes/{}", user.id);
    Ok(Accepted::Wish(Departure {
        id: user.id.to_string(),
        desktops: departed.desktops,
        files: language.0.pick(
            format!("Die Dateien bleiben im Ordner {folder} unter storage.root, bis die Administration sie löscht."),
            format!("Files stay in the folder {folder} beneath storage.root until the administrator deletes them."),
        ),
    }))
}

/// The log tells first who has it from then on.
async fn export(
    app: &App,
    caller: &Caller,
    of: UserId,
    language: &Spoken,
    res: &mut Response,
) -> Result<Json<PersonalData>, ApiError> {
    app.store.users().get(of).await?.ok_or(ApiError::NotFound("user"))?;
    app.store
        .audit()
        .tell(Deed::of(caller.user, "user.export").on(of).with(json!({ "own": of == caller.user })))
        .await?;
    let data = app.store.users().personal_data(of).await?.ok_or(ApiError::NotFound("user"))?;
    let headers = res.headers_mut();
    let name = HeaderValue::from_static("attachment; filename=\"pult-personal-data.json\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let files = language.0.pick(
        "Dateien sind hier nicht dabei: Sie liegen im eigenen Ordner der Desktops.",
        "Files are not part of this: they are in the own folder of the desktops.",
    );
    Ok(Json(PersonalData { format: "pult-personal-data/1", files, data }))
}
