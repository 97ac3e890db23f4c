use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use store::{Deed, NewToken};

use super::{open, say};
use crate::{
    cli::{Token, TokenCreate},
    config::Settings,
};

pub(crate) async fn run(token: Token, settings: &Settings) -> anyhow::Result<()> {
    let Token::Create(TokenCreate { user, role, service, groups, scopes, expires }) = token;
    let store = open(settings).await?;
    let user = if service {
        store.services().put(&user, &user, role).await?.0
    } else {
        store.users().ensure(&user, &user, role).await?
    };
    for group in &groups {
        let group = store.groups().ensure(group).await?;
        store.users().join(user.id, group.id).await?;
    }
    let lifetime = expires.map(chrono::TimeDelta::from_std).transpose().context("--expires is too long")?;
    let new = NewToken { user: user.id, name: "command line", scopes: &scopes, lifetime };
    let deed = Deed::ours("token.create").with(serde_json::json!({ "user": user.id, "by": "command line" }));
    let (_, secret) = store.noting(deed).tokens().create(&new).await?;
    say(secret.expose_secret())
}
