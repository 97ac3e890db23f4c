use domain::{DesktopId, RestrictionId, Timestamp, access::Action, template::NetworkPolicy};
use salvo::{
    Depot, Response, Writer,
    http::StatusCode,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use serde::Deserialize;
use serde_json::json;
use store::{Deed, Restricted, Restriction};

use super::{Created, now};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    extract::{self, Body, InPath, Window},
    views::{ListView, RestrictionView},
    word::Word,
};

/// Less of the network, for a group or for one desktop.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "group": "9b", "network": "none", "until": "2030-01-31T12:30:00Z" })))]
pub(crate) struct RestrictionInput {
    /// Name of the group. Its pupils are restricted, in all their desktops, also in those that they start later; its
    /// teachers are not.
    #[serde(default)]
    group: Option<String>,
    /// Id of the desktop, where it is about one alone.
    #[serde(default)]
    #[salvo(schema(value_type = Option<String>))]
    desktop: Option<DesktopId>,
    /// The most that may be reached. What a template does not allow is not allowed by this.
    network: Word<NetworkPolicy>,
    /// When it ends by itself; where nothing is said, somebody has to end it.
    #[serde(default)]
    until: Option<Timestamp>,
}

/// Lists who reaches less of the network: of a teacher's groups, or everybody for an administrator
#[endpoint(tags("network"))]
pub(crate) async fn list(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<RestrictionView>>, ApiError> {
    let app = extract::app(depot);
    let reach = caller.reach(Action::SeeRestrictions)?;
    Ok(Json(app.store.restrictions().page(reach.groups(), &window.0).await?.map(RestrictionView::from).into()))
}

/// Has a group, or one desktop, reach less of the network
///
/// It takes effect within a second, also for what is open, and in place of how the same group or desktop was restricted
/// before. Teachers restrict their own groups and the desktops of who is in them. It needs the firewall of Pult.
#[endpoint(tags("network"))]
pub(crate) async fn create(
    caller: Caller,
    input: Body<RestrictionInput>,
    depot: &mut Depot,
) -> Result<Created<RestrictionView>, ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::Restrict)?;
    let RestrictionInput { group, desktop, network: Word(network), until } = input.0;
    let of = match (group, desktop) {
        (Some(name), None) => {
            Restricted::Group(app.store.groups().by_name(&name).await?.ok_or(ApiError::NotFound("group"))?.id)
        }
        (None, Some(desktop)) => Restricted::Desktop(desktop),
        _ => return Err(ApiError::Malformed("expected either `group` or `desktop`".to_owned())),
    };
    may_restrict(app, &caller, of).await?;
    if until.is_some_and(|until| until <= now()) {
        return Err(ApiError::Malformed("until: expected a moment that is yet to come".to_owned()));
    }
    let store = app.store.noting(Deed::of(caller.user, "network.restrict").with(told_of(of, network, until)));
    let id = store.restrictions().restrict(of, network, until, Some(caller.user)).await?;
    Ok(Created(find(app, id).await?.into()))
}

/// Lets somebody reach again what their templates allow
#[endpoint(tags("network"), status_codes(204, 400, 401, 403, 404, 429, 503), responses((status_code = 204, description = "It is over")))]
pub(crate) async fn remove(
    caller: Caller,
    id: InPath<RestrictionId>,
    depot: &mut Depot,
    res: &mut Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_at_best(Action::Restrict)?;
    let Restriction { of, network, until, .. } = find(app, id.0).await?;
    may_restrict(app, &caller, of).await?;
    let deed = Deed::of(caller.user, "network.release").on(id.0).with(told_of(of, network, until));
    app.store.noting(deed).restrictions().lift(of).await?;
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

async fn find(app: &App, id: RestrictionId) -> Result<Restriction, ApiError> {
    app.store.restrictions().get(id).await?.ok_or(ApiError::NotFound("restriction"))
}

/// Whether somebody may say what these reach: those of their groups, and of the people in them.
async fn may_restrict(app: &App, caller: &Caller, of: Restricted) -> Result<(), ApiError> {
    let groups = match of {
        Restricted::Group(group) => vec![group],
        Restricted::Desktop(id) => {
            let details = app.store.desktops().details(id).await?.ok_or(ApiError::NotFound("desktop"))?;
            app.store.users().groups(details.desktop.owner).await?.into_iter().map(|group| group.id).collect()
        }
    };
    Ok(caller.may(Action::Restrict, caller.whose(None, &groups))?)
}

/// What the audit log is told of a restriction.
fn told_of(of: Restricted, network: NetworkPolicy, until: Option<Timestamp>) -> serde_json::Value {
    match of {
        Restricted::Group(group) => json!({ "group": group, "network": network, "until": until }),
        Restricted::Desktop(desktop) => json!({ "desktop": desktop, "network": network, "until": until }),
    }
}
