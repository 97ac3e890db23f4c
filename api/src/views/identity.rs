use domain::{access::Role, identity::Identity};
use salvo::oapi::ToSchema;
use serde::Serialize;
use url::Url;

use crate::{auth::Provider, word::Word};

/// Who somebody would be.
#[derive(Serialize, ToSchema)]
#[salvo(schema(name = Identity))]
pub(crate) struct IdentityView {
    /// The provider that vouches for them.
    issuer: String,
    /// Their id there: what they are known by, and what `admin_users` means.
    subject: String,
    /// Name to sign in with; another number follows it where somebody has it.
    username: String,
    /// Full name.
    display_name: String,
    role: Word<Role>,
    /// The rule that gives the role; none gives that of a student.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<BecauseView>,
    /// Names of their groups.
    groups: Vec<String>,
}

/// The rule that gives somebody a role.
#[derive(Serialize, ToSchema)]
#[salvo(schema(name = RoleReason))]
pub(crate) struct BecauseView {
    /// The key below `auth.oidc`.
    rule: &'static str,
    /// The word of it that fits.
    word: String,
}

impl IdentityView {
    pub(crate) fn new(identity: Identity, provider: &Provider) -> Self {
        Self {
            issuer: provider.issuer.clone(),
            subject: identity.subject,
            username: identity.username,
            display_name: identity.display_name,
            role: Word(identity.role),
            because: identity.because.map(|because| BecauseView { rule: because.rule, word: because.word }),
            groups: identity.groups.into_iter().map(|group| group.name).collect(),
        }
    }
}

/// An identity provider.
#[derive(Serialize, ToSchema)]
#[salvo(schema(name = IdentityProvider))]
pub(crate) struct ProviderView {
    /// What it is called in addresses.
    id: String,
    /// What people call it.
    name: String,
    /// Who it is.
    issuer: String,
    /// The redirect URI that it has to know.
    redirect_uri: String,
    /// Where it may lead browsers that have signed out there.
    post_logout_redirect_uri: String,
    /// Where it may tell that somebody has signed out there.
    backchannel_logout_uri: String,
    /// What it was asked for when a sign-in worked last; empty before the first one.
    scopes: Vec<String>,
    /// What it has to release besides, so that ids, groups and roles are known.
    missing_scopes: Vec<&'static str>,
}

impl ProviderView {
    pub(crate) fn new(provider: &Provider, public_url: &Url, asked: Vec<&str>, missing: Vec<&'static str>) -> Self {
        let place = |path: &str| {
            let mut url = public_url.clone();
            url.set_path(path);
            url.to_string()
        };
        Self {
            id: provider.id.clone(),
            name: provider.name.clone(),
            issuer: provider.issuer.clone(),
            redirect_uri: place("auth/callback"),
            post_logout_redirect_uri: place("auth/logout"),
            backchannel_logout_uri: place("auth/backchannel-logout"),
            scopes: asked.into_iter().map(str::to_owned).collect(),
            missing_scopes: missing,
        }
    }
}
