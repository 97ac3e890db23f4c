use domain::access::Action;
use salvo::{Depot, Writer, oapi::endpoint, writing::Json};

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{self, Window},
    views::{GroupView, ListView, UserView},
};

/// Lists people: a teacher's groups', an administrator's all
#[endpoint(tags("people"))]
pub(crate) async fn users(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<UserView>>, ApiError> {
    let reach = caller.reach(Action::SeePeople)?;
    Ok(Json(extract::app(depot).store.users().page(reach.groups(), &window.0).await?.map(UserView::from).into()))
}

/// Lists groups: a teacher's own, an administrator's all
#[endpoint(tags("people"))]
pub(crate) async fn groups(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<GroupView>>, ApiError> {
    let reach = caller.reach(Action::SeePeople)?;
    Ok(Json(extract::app(depot).store.groups().page(reach.groups(), &window.0).await?.map(GroupView::from).into()))
}
