use domain::access::{Role, Scope};
use salvo::{Depot, Writer, oapi::endpoint, writing::Json};

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{self, Window},
    views::{GroupView, ListView, UserView},
};

/// Lists people
#[endpoint(tags("people"))]
pub(crate) async fn users(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<UserView>>, ApiError> {
    may_read(&caller, Role::Admin)?;
    Ok(Json(extract::app(depot).store.users().page(&window.0).await?.map(UserView::from).into()))
}

/// Lists groups
#[endpoint(tags("people"))]
pub(crate) async fn groups(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<GroupView>>, ApiError> {
    may_read(&caller, Role::Teacher)?;
    Ok(Json(extract::app(depot).store.groups().page(&window.0).await?.map(GroupView::from).into()))
}

fn may_read(caller: &Caller, role: Role) -> Result<(), ApiError> {
    caller.require_scope(Scope::UsersRead)?;
    Ok(caller.require_role(role)?)
}
