//! Signing in with what an identity provider says: the person, and the groups that they belong to by its word.

use domain::{
    GroupId, Timestamp, UserId,
    access::UserKind,
    folded,
    identity::{GroupClaim, Identity},
};
use entity::{group, membership, user};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{self, NotSet, Set},
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde_json::json;

use crate::{
    Deed, StoreError, User, Users,
    connection::{Write, now},
    grants, secret,
    users::{canonical, to_domain},
};

/// Numbers that tell people or groups of one name apart; beyond them it is left to chance.
const NUMBERED: usize = 20;

/// Why nobody is signed in whom a provider describes.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Whoever provisions accounts has deactivated theirs.
    #[error("the account is deactivated")]
    Deactivated,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Users<'_> {
    /// Signs in whom a provider describes: finds or makes them, and takes over what it says of them now.
    ///
    /// A person is the provider and the id it has of them, and nothing else: whoever comes with the username of a local
    /// account, or of somebody from another provider, is somebody new. Who was known by the protocol's own id is
    /// recognised by it once the provider tells a better one, but never again after that, since it may be given away.
    ///
    /// Memberships of the provider's become what it says now; those made by hand stay. A group is known by its id or
    /// account name there; one that was made by hand before, under that name, becomes the provider's.
    pub async fn sign_in(&self, issuer: &str, identity: &Identity) -> Result<User, SignInError> {
        let mut write = self.0.write().await?;
        let person = known_or_made(&write.transaction, issuer, identity).await?;
        if person.deactivated_at.is_some() {
            return Err(SignInError::Deactivated);
        }
        let row = take_over(&write.transaction, &person, issuer, identity, Set(Some(now()))).await?;
        grants::end_unless_admin(row.id, row.role, &mut write).await?;
        tell_of_role(&mut write, &person, &row);
        write.commit().await?;
        Ok(to_domain(row))
    }

    /// Takes over what a provider says now of somebody who is signed in; of nobody, where it is somebody new.
    pub async fn told_again(&self, issuer: &str, identity: &Identity) -> Result<Option<User>, StoreError> {
        let mut write = self.0.write().await?;
        let Some(person) = known(&write.transaction, issuer, identity).await? else {
            return Ok(None);
        };
        let row = take_over(&write.transaction, &person, issuer, identity, NotSet).await?;
        grants::end_unless_admin(row.id, row.role, &mut write).await?;
        tell_of_role(&mut write, &person, &row);
        write.commit().await?;
        Ok(Some(to_domain(row)))
    }
}

/// Another role is another person to the rest of Pult: the audit log tells of it.
fn tell_of_role(write: &mut Write<'_>, before: &user::Model, now: &user::Model) {
    if before.role != now.role {
        let detail = json!({ "provider": now.issuer, "from": before.role, "to": now.role });
        write.note(Deed::ours("user.role").on(now.id).with(detail));
    }
}

/// The row of a person, made if there is none.
async fn known_or_made(
    transaction: &DatabaseTransaction,
    issuer: &str,
    identity: &Identity,
) -> Result<user::Model, StoreError> {
    loop {
        if let Some(known) = known(transaction, issuer, identity).await? {
            return Ok(known);
        }
        // somebody may make the same person, or take the same name, at the same moment: then look again
        if let Some(made) = make(transaction, issuer, identity).await? {
            return Ok(made);
        }
    }
}

/// Makes of a person's row and of their memberships what the provider says now.
async fn take_over(
    transaction: &DatabaseTransaction,
    person: &user::Model,
    issuer: &str,
    identity: &Identity,
    last_login_at: ActiveValue<Option<Timestamp>>,
) -> Result<user::Model, StoreError> {
    forget_alias(transaction, issuer, identity, person.id).await?;
    let told = user::ActiveModel {
        id: Set(person.id),
        username: Set(username(transaction, &person.username, &canonical(&identity.username)).await?),
        display_name: Set(identity.display_name.clone()),
        role: Set(identity.role),
        subject: Set(Some(subject(identity, person))),
        alias: Set(identity.alias.clone().or_else(|| person.alias.clone())),
        last_login_at,
        ..Default::default()
    };
    let row = told.update(transaction).await?;
    join_as_told(transaction, row.id, issuer, &identity.groups).await?;
    Ok(row)
}

/// The id that a person has from now on: one that is better than the protocol's own is kept while it is not told.
fn subject(identity: &Identity, known: &user::Model) -> String {
    let better = known.subject.clone().filter(|_| identity.alias.is_none() && known.alias.is_some());
    better.unwrap_or_else(|| identity.subject.clone())
}

/// Somebody who was here before.
async fn known(
    transaction: &DatabaseTransaction,
    issuer: &str,
    identity: &Identity,
) -> Result<Option<user::Model>, StoreError> {
    let of_issuer = || user::Entity::find().filter(user::Column::Issuer.eq(issuer)).lock_exclusive();
    let by_subject = |id: &str| of_issuer().filter(user::Column::Subject.eq(id)).one(transaction);
    if let Some(found) = by_subject(&identity.subject).await? {
        return Ok(Some(found));
    }
    Ok(match &identity.alias {
        // by the protocol's own id only if they have no better one: it would be another's
        Some(alias) => by_subject(alias).await?.filter(|found| found.alias.is_none()),
        None => of_issuer().filter(user::Column::Alias.eq(&identity.subject)).one(transaction).await?,
    })
}

async fn make(
    transaction: &DatabaseTransaction,
    issuer: &str,
    identity: &Identity,
) -> Result<Option<user::Model>, StoreError> {
    let id = UserId::new();
    let row = user::ActiveModel {
        id: Set(id),
        username: Set(free_name(transaction, &canonical(&identity.username)).await?),
        display_name: Set(identity.display_name.clone()),
        role: Set(identity.role),
        password_hash: Set(None),
        issuer: Set(Some(issuer.to_owned())),
        subject: Set(Some(identity.subject.clone())),
        alias: Set(identity.alias.clone()),
        created_at: Set(now()),
        last_login_at: Set(None),
        kind: Set(UserKind::Person),
        deactivated_at: Set(None),
    };
    user::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    Ok(user::Entity::find_by_id(id).one(transaction).await?)
}

/// An id that the provider has given to somebody else by now leads to them alone.
async fn forget_alias(
    transaction: &DatabaseTransaction,
    issuer: &str,
    identity: &Identity,
    person: UserId,
) -> Result<(), StoreError> {
    let Some(alias) = &identity.alias else {
        return Ok(());
    };
    user::Entity::update_many()
        .col_expr(user::Column::Alias, Expr::value(None::<String>))
        .filter(user::Column::Issuer.eq(issuer))
        .filter(user::Column::Alias.eq(alias))
        .filter(user::Column::Id.ne(person))
        .exec(transaction)
        .await?;
    Ok(())
}

/// The username that somebody has from now on: the one that is wanted, if it is theirs or free, else with a number.
pub(crate) async fn username(transaction: &DatabaseTransaction, has: &str, wanted: &str) -> Result<String, StoreError> {
    let is_numbered = has.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('-'));
    if has == wanted || (is_numbered && by_name(transaction, wanted).await?) {
        return Ok(has.to_owned());
    }
    free_name(transaction, wanted).await
}

/// A name that no group has: the one that is wanted, or that with a number.
pub(crate) async fn free_group_name(transaction: &DatabaseTransaction, wanted: &str) -> Result<String, StoreError> {
    for name in candidates(wanted, |number| format!("{wanted} ({number})")) {
        if !has_name(transaction, &name).await? {
            return Ok(name);
        }
    }
    Ok(format!("{wanted} ({})", secret::random_suffix()))
}

async fn by_name(transaction: &DatabaseTransaction, username: &str) -> Result<bool, StoreError> {
    Ok(user::Entity::find().filter(user::Column::Username.eq(username)).one(transaction).await?.is_some())
}

/// A username that nobody has: the one that is wanted, or that with a number.
pub(crate) async fn free_name(transaction: &DatabaseTransaction, wanted: &str) -> Result<String, StoreError> {
    for name in candidates(wanted, |number| format!("{wanted}-{number}")) {
        if !by_name(transaction, &name).await? {
            return Ok(name);
        }
    }
    Ok(format!("{wanted}-{}", secret::random_suffix()))
}

/// The name, and the same with numbers from 2 on.
fn candidates(wanted: &str, numbered: impl Fn(usize) -> String) -> impl Iterator<Item = String> {
    std::iter::once(wanted.to_owned()).chain((2..NUMBERED).map(numbered))
}

/// Makes somebody's memberships of the provider's what it says now.
async fn join_as_told(
    transaction: &DatabaseTransaction,
    person: UserId,
    issuer: &str,
    claims: &[GroupClaim],
) -> Result<(), StoreError> {
    let told = groups(transaction, issuer, claims).await?;
    let is_persons = || membership::Column::UserId.eq(person);
    let has: Vec<GroupId> = membership::Entity::find()
        .filter(is_persons())
        .all(transaction)
        .await?
        .into_iter()
        .map(|row| row.group_id)
        .collect();
    membership::Entity::delete_many()
        .filter(is_persons())
        .filter(membership::Column::FromProvider.eq(true))
        .filter(membership::Column::GroupId.is_not_in(told.iter().copied()))
        .exec(transaction)
        .await?;
    let new: Vec<_> = told
        .into_iter()
        .filter(|group| !has.contains(group))
        .map(|group| membership::ActiveModel {
            user_id: Set(person),
            group_id: Set(group),
            from_provider: Set(true),
            source: Set(None),
        })
        .collect();
    if !new.is_empty() {
        membership::Entity::insert_many(new)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// The groups that a provider names, found or made.
async fn groups(
    transaction: &DatabaseTransaction,
    issuer: &str,
    claims: &[GroupClaim],
) -> Result<Vec<GroupId>, StoreError> {
    let external = |key: &String| format!("{issuer} {key}");
    let keys: Vec<_> = claims.iter().flat_map(|claim| &claim.keys).map(external).collect();
    let known = group::Entity::find().filter(group::Column::ExternalId.is_in(keys)).all(transaction).await?;
    // in one order, so that two sign-ins that make the same groups do not wait for each other
    let mut claims: Vec<_> = claims.iter().collect();
    claims.sort_by(|one, other| one.name.cmp(&other.name).then_with(|| one.keys.cmp(&other.keys)));
    let mut found = Vec::with_capacity(claims.len());
    for claim in claims {
        let keys: Vec<_> = claim.keys.iter().map(external).collect();
        let by_key = |key: &String| known.iter().find(|row| row.external_id.as_ref() == Some(key));
        let id = match keys.iter().find_map(by_key) {
            Some(row) => rename(transaction, row, claim, &keys).await?,
            None => match adopt(transaction, claim, &keys).await? {
                Some(id) => id,
                None => found_group(transaction, claim, &keys).await?,
            },
        };
        found.push(id);
    }
    Ok(found)
}

/// A group that is known, by the name and the id that it has now.
async fn rename(
    transaction: &DatabaseTransaction,
    row: &group::Model,
    claim: &GroupClaim,
    keys: &[String],
) -> Result<GroupId, StoreError> {
    let is_called = row.name == claim.name || row.name.starts_with(&format!("{} (", claim.name));
    let name =
        if is_called || has_name(transaction, &claim.name).await? { row.name.clone() } else { claim.name.clone() };
    let key = keys.first().cloned();
    if name != row.name || key != row.external_id {
        let now = group::ActiveModel { id: Set(row.id), name: Set(name), external_id: Set(key), ..Default::default() };
        now.update(transaction).await?;
    }
    Ok(row.id)
}

/// A group that was made by hand, by this account name or this name, and is the provider's from now on.
async fn adopt(
    transaction: &DatabaseTransaction,
    claim: &GroupClaim,
    keys: &[String],
) -> Result<Option<GroupId>, StoreError> {
    let by_hand = group::Entity::find().filter(group::Column::ExternalId.is_null()).all(transaction).await?;
    let called = |name: &str| by_hand.iter().find(|row| folded(&row.name) == folded(name));
    let Some(row) = claim.act.as_deref().and_then(called).or_else(|| called(&claim.name)) else {
        return Ok(None);
    };
    // of two that take it at the same moment, it is one's
    let taken = group::Entity::update_many()
        .col_expr(group::Column::ExternalId, Expr::value(keys.first().cloned()))
        .filter(group::Column::Id.eq(row.id))
        .filter(group::Column::ExternalId.is_null().or(group::Column::ExternalId.is_in(keys.iter())))
        .exec(transaction)
        .await?;
    Ok((taken.rows_affected == 1).then_some(row.id))
}

/// A group that is new. One of another provider, or another one of the same name, may have the name already.
async fn found_group(
    transaction: &DatabaseTransaction,
    claim: &GroupClaim,
    keys: &[String],
) -> Result<GroupId, StoreError> {
    let told_apart = |number: usize| match (&claim.act, number) {
        (Some(act), 2) if *act != claim.name => format!("{} ({act})", claim.name),
        _ => format!("{} ({number})", claim.name),
    };
    let last = format!("{} ({})", claim.name, secret::random_suffix());
    for name in candidates(&claim.name, told_apart).chain(std::iter::once(last)) {
        let row = group::ActiveModel {
            id: Set(GroupId::new()),
            name: Set(name.clone()),
            external_id: Set(keys.first().cloned()),
            created_at: Set(now()),
        };
        group::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(transaction)
            .await?;
        // ours, or the same one that somebody made at the same moment
        let there = group::Entity::find().filter(group::Column::Name.eq(&name)).one(transaction).await?;
        if let Some(there) = there.filter(|there| there.external_id.as_ref() == keys.first()) {
            return Ok(there.id);
        }
    }
    Err(StoreError::Corrupt(format!("no name is free for the group {}", claim.name)))
}

pub(crate) async fn has_name(transaction: &DatabaseTransaction, name: &str) -> Result<bool, StoreError> {
    Ok(group::Entity::find().filter(group::Column::Name.eq(name)).one(transaction).await?.is_some())
}
