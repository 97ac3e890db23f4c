mod import;

use std::io::Read as _;

use anyhow::{Context as _, bail};
use secrecy::{ExposeSecret as _, SecretString};
use store::{Deed, Paging};

use super::{open, say};
use crate::{cli::User, config::Settings, demo};

/// Shorter passwords of local accounts are refused.
const SHORTEST: usize = 8;

pub(crate) async fn run(user: User, settings: &Settings) -> anyhow::Result<()> {
    let store = open(settings).await?;
    match user {
        User::Add { name, role, display_name, groups, password_stdin } => {
            if store.users().by_username(&name).await?.is_some() {
                bail!("there is an account {name} already; see `pult user passwd`");
            }
            let (password, told) = password(password_stdin)?;
            let display_name = display_name.as_deref().unwrap_or(&name);
            let user = store.noting(deed("user.create")).users().ensure(&name, display_name, role).await?;
            store.users().set_password(user.id, password).await?;
            for group in &groups {
                let group = store.groups().ensure(group).await?;
                store.users().join(user.id, group.id).await?;
            }
            tell(told)
        }
        User::Passwd { name, password_stdin } => {
            let user =
                store.users().by_username(&name).await?.with_context(|| format!("there is no account {name}"))?;
            let (password, told) = password(password_stdin)?;
            store.noting(deed("user.password").on(user.id)).users().set_password(user.id, password).await?;
            tell(told)
        }
        User::Import { file, dry_run } => import::run(&store, settings, &file, dry_run).await,
        User::List => {
            let mut paging = Paging { limit: 200, cursor: None };
            loop {
                let page = store.users().page(None, &paging).await?;
                for user in page.items {
                    say(&format!("{:<8} {:<24} {}", user.role, user.username, user.display_name))?;
                }
                match page.next_cursor {
                    Some(cursor) => paging.cursor = Some(cursor),
                    None => return Ok(()),
                }
            }
        }
    }
}

/// What the audit log tells of what is done here.
fn deed(action: &str) -> Deed {
    Deed::ours(action).with(serde_json::json!({ "by": "command line" }))
}

/// The password, and the same to be told if nobody knows it yet.
fn password(from_stdin: bool) -> anyhow::Result<(SecretString, Option<SecretString>)> {
    if !from_stdin {
        let password = demo::password();
        return Ok((password.clone(), Some(password)));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read the password")?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.chars().count() < SHORTEST {
        bail!("expected a password of at least {SHORTEST} characters on standard input");
    }
    Ok((text.into(), None))
}

fn tell(password: Option<SecretString>) -> anyhow::Result<()> {
    match password {
        Some(password) => say(password.expose_secret()),
        None => Ok(()),
    }
}
