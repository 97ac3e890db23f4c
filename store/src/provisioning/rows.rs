//! The rows of what sources tell, one transaction at a time.

use domain::{
    GroupId, UserId,
    access::{Role, UserKind},
    folded,
    provisioning::{Group, Person, Source, is_called},
};
use entity::{group, membership, provisioned_group, provisioned_user, user};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{OnConflict, SelectStatement},
};

use super::{ProvisionError, Put, group_of, link};
use crate::{
    StoreError,
    connection::now,
    identities::{free_group_name, free_name, has_name, username},
    text::storable,
    users::canonical,
};

/// Rows that are written by one statement: SQLite takes 32,766 values in one.
const AT_ONCE: usize = 2000;

/// Finds somebody by their id at the source, then by their identity, or makes them; then makes them as they are told.
pub(super) async fn put_person(
    transaction: &DatabaseTransaction,
    source: Source,
    person: &Person,
) -> Result<(user::Model, Put), ProvisionError> {
    if let Some(row) = link(transaction, source, &person.external_id).await? {
        return told(transaction, row, person).await;
    }
    let (row, put) = match by_identity(transaction, person).await? {
        Some(row) => (told(transaction, row, person).await?.0, Put::Changed),
        None => make(transaction, person).await?,
    };
    let link = provisioned_user::ActiveModel {
        source: Set(source.to_string()),
        external_id: Set(person.external_id.clone()),
        user_id: Set(row.id),
    };
    provisioned_user::Entity::insert(link).exec_without_returning(transaction).await?;
    Ok((row, put))
}

async fn by_identity(transaction: &DatabaseTransaction, person: &Person) -> Result<Option<user::Model>, StoreError> {
    let Some(identity) = &person.identity else {
        return Ok(None);
    };
    Ok(user::Entity::find()
        .filter(user::Column::Issuer.eq(&identity.issuer))
        .filter(user::Column::Subject.eq(&identity.subject))
        .lock_exclusive()
        .one(transaction)
        .await?)
}

async fn make(transaction: &DatabaseTransaction, person: &Person) -> Result<(user::Model, Put), ProvisionError> {
    let id = UserId::new();
    let row = user::ActiveModel {
        id: Set(id),
        username: Set(free_name(transaction, &canonical(&person.username)).await?),
        display_name: Set(storable(&person.display_name)),
        role: Set(at_most_teacher(person.role).unwrap_or(Role::Student)),
        password_hash: Set(None),
        issuer: Set(person.identity.as_ref().map(|identity| identity.issuer.clone())),
        subject: Set(person.identity.as_ref().map(|identity| identity.subject.clone())),
        alias: Set(None),
        created_at: Set(now()),
        last_login_at: Set(None),
        kind: Set(UserKind::Person),
        deactivated_at: Set(None),
    };
    // somebody may sign in for the first time, or take the name, at the same moment
    user::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    if let Some(made) = user::Entity::find_by_id(id).one(transaction).await? {
        return Ok((made, Put::Made));
    }
    match by_identity(transaction, person).await? {
        Some(row) => Ok((told(transaction, row, person).await?.0, Put::Changed)),
        None => Box::pin(make(transaction, person)).await,
    }
}

/// Makes somebody who is known as they are told. What an administrator is, and as whom they sign in, is no source's to
/// say; and once somebody has signed in, their provider says what they are.
async fn told(
    transaction: &DatabaseTransaction,
    row: user::Model,
    person: &Person,
) -> Result<(user::Model, Put), ProvisionError> {
    let has_identity = row.issuer.as_deref().zip(row.subject.as_deref());
    let identity = person.identity.as_ref().filter(|_| has_identity.is_none() && row.role != Role::Admin);
    if let Some(told) = &person.identity {
        let is_theirs = has_identity == Some((told.issuer.as_str(), told.subject.as_str()));
        let is_anothers = identity.is_some() && by_identity(transaction, person).await?.is_some();
        if is_anothers || (!is_theirs && identity.is_none()) {
            return Err(ProvisionError::IdentityTaken);
        }
    }
    let vouched_for = row.issuer.is_some() && row.last_login_at.is_some();
    let role = at_most_teacher(person.role).filter(|_| row.role != Role::Admin && !vouched_for);
    let now = user::ActiveModel {
        id: Set(row.id),
        username: Set(username(transaction, &row.username, &canonical(&person.username)).await?),
        display_name: Set(storable(&person.display_name)),
        role: role.map_or(NotSet, Set),
        issuer: identity.map_or(NotSet, |identity| Set(Some(identity.issuer.clone()))),
        subject: identity.map_or(NotSet, |identity| Set(Some(identity.subject.clone()))),
        deactivated_at: Set(None),
        ..Default::default()
    };
    let now = now.update(transaction).await?;
    let put = if now == row { Put::Unchanged } else { Put::Changed };
    Ok((now, put))
}

fn at_most_teacher(role: Option<Role>) -> Option<Role> {
    role.map(|role| role.min(Role::Teacher))
}

/// Finds a group by its id at the source, by what sign-ins know it as, or by its name where it was made by hand, or makes
/// it; then gives it its name.
pub(super) async fn put_group(
    transaction: &DatabaseTransaction,
    source: Source,
    told: &Group,
) -> Result<(group::Model, Put), StoreError> {
    let known = match group_of(transaction, source, &told.external_id).await {
        Ok(id) => group::Entity::find_by_id(id).lock_exclusive().one(transaction).await?,
        Err(ProvisionError::Store(error)) => return Err(error),
        Err(_) => None,
    };
    if let Some(row) = known {
        return named(transaction, row, told).await;
    }
    let (row, put) = match unlinked(transaction, told).await? {
        Some(row) => (named(transaction, row, told).await?.0, Put::Changed),
        None => (found(transaction, told).await?, Put::Made),
    };
    let link = provisioned_group::ActiveModel {
        source: Set(source.to_string()),
        external_id: Set(told.external_id.clone()),
        group_id: Set(row.id),
    };
    provisioned_group::Entity::insert(link).exec_without_returning(transaction).await?;
    Ok((row, put))
}

/// A group that is there already and that no source tells of: the provider's, or one of this name that was made by hand.
async fn unlinked(transaction: &DatabaseTransaction, told: &Group) -> Result<Option<group::Model>, StoreError> {
    let linked =
        provisioned_group::Entity::find().select_only().column(provisioned_group::Column::GroupId).into_query();
    let free = || group::Entity::find().filter(group::Column::Id.not_in_subquery(linked.clone()));
    if let Some(key) = &told.key
        && let Some(row) = free().filter(group::Column::ExternalId.eq(key)).one(transaction).await?
    {
        return Ok(Some(row));
    }
    let by_hand = free().filter(group::Column::ExternalId.is_null()).all(transaction).await?;
    Ok(by_hand.into_iter().find(|row| folded(&row.name) == folded(&told.name)))
}

async fn found(transaction: &DatabaseTransaction, told: &Group) -> Result<group::Model, StoreError> {
    let row = group::ActiveModel {
        id: Set(GroupId::new()),
        name: Set(free_group_name(transaction, &told.name).await?),
        external_id: Set(told.key.clone()),
        created_at: Set(now()),
    };
    Ok(group::Entity::insert(row).exec_with_returning(transaction).await?)
}

async fn named(
    transaction: &DatabaseTransaction,
    row: group::Model,
    told: &Group,
) -> Result<(group::Model, Put), StoreError> {
    let keeps_name = is_called(&row.name, &told.name) || has_name(transaction, &told.name).await?;
    let key = row.external_id.clone().or_else(|| told.key.clone());
    if keeps_name && key == row.external_id {
        return Ok((row, Put::Unchanged));
    }
    let name = if keeps_name { row.name } else { told.name.clone() };
    let now = group::ActiveModel { id: Set(row.id), name: Set(name), external_id: Set(key), ..Default::default() };
    Ok((now.update(transaction).await?, Put::Changed))
}

/// Makes memberships by a source's word. One that there is already is whose it was.
pub(super) async fn join(
    transaction: &DatabaseTransaction,
    source: Source,
    members: impl IntoIterator<Item = (GroupId, UserId)>,
) -> Result<u64, StoreError> {
    let row = |(group, person)| membership::ActiveModel {
        user_id: Set(person),
        group_id: Set(group),
        from_provider: Set(false),
        source: Set(Some(source.to_string())),
    };
    let rows: Vec<_> = members.into_iter().map(row).collect();
    let mut joined = 0;
    for some in rows.chunks(AT_ONCE) {
        joined += membership::Entity::insert_many(some.to_vec())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(joined)
}

/// Ends memberships by a source's word. Yields how many that were.
pub(super) async fn leave(
    transaction: &DatabaseTransaction,
    source: Source,
    members: impl IntoIterator<Item = (GroupId, UserId)>,
) -> Result<u64, StoreError> {
    let mut left = 0;
    for (group, person) in members {
        left += membership::Entity::delete_many()
            .filter(membership::Column::GroupId.eq(group))
            .filter(membership::Column::UserId.eq(person))
            .filter(membership::Column::Source.eq(source.as_str()))
            .exec(transaction)
            .await?
            .rows_affected;
    }
    Ok(left)
}

/// Ends the memberships of a group by a source's word of all but some. Yields how many that were.
pub(super) async fn keep_members(
    transaction: &DatabaseTransaction,
    source: Source,
    group: GroupId,
    members: &[UserId],
) -> Result<u64, StoreError> {
    let left = membership::Entity::delete_many()
        .filter(membership::Column::GroupId.eq(group))
        .filter(membership::Column::Source.eq(source.as_str()))
        .filter(membership::Column::UserId.is_not_in(members.iter().copied()));
    Ok(left.exec(transaction).await?.rows_affected)
}

/// Who belongs to a group by a source's word.
pub(super) fn members_of(source: Source, group: GroupId) -> SelectStatement {
    membership::Entity::find()
        .select_only()
        .column(membership::Column::UserId)
        .filter(membership::Column::GroupId.eq(group))
        .filter(membership::Column::Source.eq(source.as_str()))
        .into_query()
}
