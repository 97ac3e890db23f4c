use domain::access::{Credential, Role};
use salvo::{
    Depot, Writer,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use serde::Serialize;

use crate::{auth::Caller, error::ApiError, extract, views::GroupView, word::Word};

/// Who the caller is and what they may.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    user: Person,
    role: Word<Role>,
    groups: Vec<GroupView>,
    /// What the web app offers, as words.
    capabilities: Vec<&'static str>,
    /// What pages send in `X-CSRF-Token` with unsafe requests; null for a token.
    csrf_token: Option<String>,
    /// The identity provider that vouches for this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<SignOut>,
}

/// A provider at which one can sign out as well.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignOut {
    /// What people call it.
    name: String,
    /// The address at which a browser signs out here and there.
    sign_out_url: &'static str,
}

/// The caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct Person {
    id: String,
    username: String,
    display_name: String,
}

/// Says who the caller is
#[endpoint(tags("session"))]
pub(crate) async fn me(caller: Caller, depot: &mut Depot) -> Result<Json<Me>, ApiError> {
    let app = extract::app(depot);
    let groups = app.store.users().groups(caller.user).await?;
    let Caller { principal, csrf_token } = caller;
    let vouching = match principal.credential {
        Credential::Session(session) => app.store.sessions().provider(session).await?,
        Credential::Token(..) => None,
    };
    let provider = vouching.and_then(|provider| app.oidc.get(Some(&provider)));
    let provider =
        provider.map(|provider| SignOut { name: provider.config.name.clone(), sign_out_url: "/auth/logout" });
    Ok(Json(Me {
        role: Word(principal.role),
        capabilities: principal.capabilities(),
        user: Person {
            id: principal.user.to_string(),
            username: principal.username,
            display_name: principal.display_name,
        },
        groups: groups.into_iter().map(GroupView::from).collect(),
        csrf_token,
        provider,
    }))
}
