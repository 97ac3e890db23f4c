//! Telling of people, groups and memberships, by ids that scripts have of them. Everything may be told any number of
//! times; only the first one makes something.

mod file;

use domain::{
    access::{Action, Credential, Role},
    provisioning::{Group, Person, Source, Subject},
    template::FieldError,
};
use salvo::{
    Depot, Writer,
    http::StatusCode,
    oapi::{ToSchema, endpoint, extract::QueryParam},
    writing::Json,
};
use serde::Deserialize;
use store::{Deed, Ended, Put};

use super::Placed;
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, Problem},
    extract::{self, Body, InPath, Window},
    views::{ListView, MembersView, ProvisionedGroupView, ProvisionedUserView},
    word::Word,
};

pub(crate) use file::import;

/// Somebody, as a script tells of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(name = UserInput, example = json!({ "username": "mia.maier", "display_name": "Mia Maier", "role": "student" })))]
pub(crate) struct UserInput {
    /// Name to sign in with, 1 to 100 characters; it gets a number where somebody has it.
    username: String,
    /// Full name, 1 to 200 characters.
    display_name: String,
    /// `student` or `teacher`; where nothing is said it stays, and who is new is a student.
    #[serde(default)]
    role: Option<Word<Role>>,
    /// As whom an identity provider signs them in.
    #[serde(default)]
    identity: Option<IdentityInput>,
}

/// Somebody's id at an identity provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityInput {
    /// The provider, as `auth.oidc.issuer` has it.
    issuer: String,
    /// Its id of them: `uuid` of IServ, else `sub`.
    subject: String,
}

/// A group, as a script tells of it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(name = GroupInput, example = json!({ "name": "Klasse 8D" })))]
pub(crate) struct GroupInput {
    /// What people call it, 1 to 200 characters; it gets a number where another one has it.
    name: String,
}

/// All who belong to a group.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(name = MembersInput, example = json!({ "members": ["4711", "4712"] })))]
pub(crate) struct MembersInput {
    /// Their external ids.
    members: Vec<String>,
}

/// Lists the people that were told of, by their external ids
#[endpoint(tags("provisioning"), parameters(("source" = Option<String>, Query, description = "Who told of them: `rest`, `csv` or `roster`; `rest` where nothing is said")))]
pub(crate) async fn users(
    caller: Caller,
    window: Window,
    source: QueryParam<String, false>,
    depot: &mut Depot,
) -> Result<Json<ListView<ProvisionedUserView>>, ApiError> {
    caller.may_with_any(Action::Provision)?;
    let page = extract::app(depot).store.provisioning().users(from(source)?, &window.0).await?;
    Ok(Json(page.map(ProvisionedUserView::from).into()))
}

/// Tells of somebody
///
/// Makes them, or makes them as they are told; whoever was deactivated may come in again. People are known by the
/// external id and by the identity, never by the username. What an administrator is stays, and once somebody has signed
/// in by an identity provider, that says what their role is.
#[endpoint(tags("provisioning"))]
pub(crate) async fn put_user(
    caller: Caller,
    external_id: InPath<String>,
    input: Body<UserInput>,
    depot: &mut Depot,
) -> Result<Placed<ProvisionedUserView>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::Provision)?;
    let person = input.0.into_person(&external_id.0)?;
    let store = app.store.noting(Deed::of(caller.user, "user.provision"));
    let (user, put) = store.provisioning().put_user(Source::Rest, &person).await?;
    Ok(Placed::new(put == Put::Made, user.into()))
}

/// Lets somebody in no more
///
/// Their sessions end and their tokens are good for nothing; what they have stays, and telling of them again lets them
/// in. Administrators cannot be kept out by this.
#[endpoint(tags("provisioning"), status_codes(204, 400, 401, 403, 404, 409, 429, 503), responses((status_code = 204, description = "Deactivated"), (status_code = 409, description = "They are an administrator", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn remove_user(
    caller: Caller,
    external_id: InPath<String>,
    depot: &mut Depot,
    res: &mut salvo::Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::Provision)?;
    let store = app.store.noting(Deed::of(caller.user, "user.deactivate"));
    let (_, ended) = store.provisioning().deactivate(Source::Rest, &external_id.0).await?;
    end(app, ended);
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Lists the groups that were told of, by their external ids
#[endpoint(tags("provisioning"), parameters(("source" = Option<String>, Query, description = "Who told of them: `rest`, `csv` or `roster`; `rest` where nothing is said")))]
pub(crate) async fn groups(
    caller: Caller,
    window: Window,
    source: QueryParam<String, false>,
    depot: &mut Depot,
) -> Result<Json<ListView<ProvisionedGroupView>>, ApiError> {
    caller.may_with_any(Action::Provision)?;
    let page = extract::app(depot).store.provisioning().groups(from(source)?, &window.0).await?;
    Ok(Json(page.map(ProvisionedGroupView::from).into()))
}

/// Tells of a group
///
/// Makes it, or gives it this name. One that was made by hand under this name becomes it.
#[endpoint(tags("provisioning"))]
pub(crate) async fn put_group(
    caller: Caller,
    external_id: InPath<String>,
    input: Body<GroupInput>,
    depot: &mut Depot,
) -> Result<Placed<ProvisionedGroupView>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::Provision)?;
    let GroupInput { name } = input.0;
    let mut wrong = Vec::new();
    let told =
        Group { external_id: word(&external_id.0, ID, &mut wrong), name: word(&name, NAME, &mut wrong), key: None };
    if !wrong.is_empty() {
        return Err(ApiError::Fields(wrong));
    }
    let store = app.store.noting(Deed::of(caller.user, "group.provision"));
    let (group, put) = store.provisioning().put_group(Source::Rest, &told).await?;
    Ok(Placed::new(put == Put::Made, group.into()))
}

/// Removes a group
///
/// Its members stay; what was assigned to it, and its lessons, end with it.
#[endpoint(tags("provisioning"), status_codes(204, 400, 401, 403, 404, 429, 503), responses((status_code = 204, description = "Removed")))]
pub(crate) async fn remove_group(
    caller: Caller,
    external_id: InPath<String>,
    depot: &mut Depot,
    res: &mut salvo::Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::Provision)?;
    let store = app.store.noting(Deed::of(caller.user, "group.delete"));
    store.provisioning().remove_group(Source::Rest, &external_id.0).await?;
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Lists who belongs to a group by what was told, by their external ids
#[endpoint(tags("provisioning"))]
pub(crate) async fn members(
    caller: Caller,
    external_id: InPath<String>,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<String>>, ApiError> {
    caller.may_with_any(Action::Provision)?;
    let page = extract::app(depot).store.provisioning().members(Source::Rest, &external_id.0, &window.0).await?;
    Ok(Json(page.into()))
}

/// Tells of all who belong to a group
///
/// Whoever is not named leaves it, unless they belong to it by hand or by what their identity provider says. Everybody
/// named must have been told of before; else nothing changes.
#[endpoint(tags("provisioning"))]
pub(crate) async fn put_members(
    caller: Caller,
    external_id: InPath<String>,
    input: Body<MembersInput>,
    depot: &mut Depot,
) -> Result<Json<MembersView>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::Provision)?;
    let store = app.store.noting(Deed::of(caller.user, "group.members"));
    let (joined, left) = store.provisioning().put_members(Source::Rest, &external_id.0, &input.0.members).await?;
    Ok(Json(MembersView { joined, left }))
}

impl UserInput {
    fn into_person(self, external_id: &str) -> Result<Person, ApiError> {
        let mut wrong = Vec::new();
        let person = Person {
            external_id: word(external_id, ID, &mut wrong),
            username: word(&self.username, USERNAME, &mut wrong),
            display_name: word(&self.display_name, DISPLAY_NAME, &mut wrong),
            role: self.role.map(|role| role.0),
            identity: self.identity.map(|identity| Subject {
                issuer: word(&identity.issuer, ISSUER, &mut wrong),
                subject: word(&identity.subject, SUBJECT, &mut wrong),
            }),
        };
        if person.role == Some(Role::Admin) {
            wrong.push(FieldError { field: "role", expected: "student or teacher" });
        }
        if person.username.contains(char::is_whitespace) {
            wrong.push(FieldError { field: "username", expected: "no spaces" });
        }
        if wrong.is_empty() { Ok(person) } else { Err(ApiError::Fields(wrong)) }
    }
}

/// A field of words, and how many characters it may have.
type Field = (&'static str, usize, &'static str);

const ID: Field = ("external_id", 200, "1 to 200 characters");
const USERNAME: Field = ("username", 100, "1 to 100 characters");
const DISPLAY_NAME: Field = ("display_name", 200, "1 to 200 characters");
const NAME: Field = ("name", 200, "1 to 200 characters");
const ISSUER: Field = ("identity.issuer", 500, "1 to 500 characters");
const SUBJECT: Field = ("identity.subject", 200, "1 to 200 characters");

/// A text as it is stored, noted as wrong where it is none.
pub(super) fn word(text: &str, (field, longest, expected): Field, wrong: &mut Vec<FieldError>) -> String {
    let text = domain::normal(text);
    if !(1..=longest).contains(&text.chars().count()) {
        wrong.push(FieldError { field, expected });
    }
    text
}

fn from(source: QueryParam<String, false>) -> Result<Source, ApiError> {
    let source = source.into_inner().map(|word| word.parse::<Source>()).transpose();
    Ok(source.map_err(|error| ApiError::Malformed(error.to_string()))?.unwrap_or(Source::Rest))
}

/// Ends in this process what was ended in the database.
pub(crate) fn end(app: &App, ended: Ended) {
    for session in ended.sessions {
        app.presence.end(&Credential::Session(session));
    }
    for token in ended.tokens {
        app.presence.end(&Credential::Token(token, Vec::new()));
    }
}
