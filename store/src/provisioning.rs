//! People, groups and memberships that sources tell of.

mod rows;

use std::collections::BTreeMap;

use domain::{
    GroupId, SessionId, TokenId, UserId,
    access::Role,
    provisioning::{Count, Group as ToldGroup, Known, KnownPerson, Person, Plan, Source},
};
use entity::{group, membership, provisioned_group, provisioned_user, session, token, user};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;

use crate::{
    Group, Page, Paging, Store, StoreError, User,
    connection::{Write, now},
    groups,
    text::is_storable,
    users,
};

/// People and groups as sources tell of them: by their own ids, any number of times.
///
/// Changes of several calls may interleave; each call is whole or not at all, but [`Provisioning::carry_out`], which may
/// end in between and is then carried out again.
#[derive(Debug, Clone, Copy)]
pub struct Provisioning<'a>(pub(crate) &'a Store);

/// Somebody a source tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisionedUser {
    /// Their id at the source.
    pub external_id: String,
    /// Who that is.
    pub user: User,
    /// Whether they may come in.
    pub is_active: bool,
}

/// A group a source tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisionedGroup {
    /// Its id at the source.
    pub external_id: String,
    /// Which that is.
    pub group: Group,
}

/// What was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Nothing.
    Made,
    /// Something else.
    Changed,
    /// The same.
    Unchanged,
}

/// What ended when somebody was deactivated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// Their sessions.
    pub sessions: Vec<SessionId>,
    /// Their tokens, which are good again once they are.
    pub tokens: Vec<TokenId>,
}

/// Why something is not as it was told.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The person has another identity already, or the identity is another person's.
    #[error("the identity is another person's, or the person has another one")]
    IdentityTaken,
    /// No source takes anything from an administrator.
    #[error("an administrator is nobody's to deactivate")]
    Admin,
    /// The source has told of nobody with this id.
    #[error("there is no such user")]
    UnknownUser,
    /// The source has told of no group with this id.
    #[error("there is no such group")]
    UnknownGroup,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for ProvisionError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// Changes that are made in one transaction: others have their turn in between.
const AT_ONCE: usize = 200;

impl Provisioning<'_> {
    /// Somebody as a source tells of them now; whoever was deactivated may come in again.
    pub async fn put_user(&self, source: Source, person: &Person) -> Result<(ProvisionedUser, Put), ProvisionError> {
        let mut write = self.0.write().await?;
        in_turn(&write).await?;
        let (row, put) = rows::put_person(&write.transaction, source, person).await?;
        if put != Put::Unchanged {
            write.about(row.id);
            write.commit().await?;
        }
        Ok((provisioned(person.external_id.clone(), row), put))
    }

    /// A group as a source tells of it now.
    pub async fn put_group(&self, source: Source, told: &ToldGroup) -> Result<(ProvisionedGroup, Put), StoreError> {
        let mut write = self.0.write().await?;
        in_turn(&write).await?;
        let (row, put) = rows::put_group(&write.transaction, source, told).await?;
        if put != Put::Unchanged {
            write.about(row.id);
            write.commit().await?;
        }
        Ok((ProvisionedGroup { external_id: told.external_id.clone(), group: groups::to_domain(row) }, put))
    }

    /// All who belong to a group by a source's word. Memberships by others' words stay. Yields how many joined and left.
    pub async fn put_members(
        &self,
        source: Source,
        group: &str,
        members: &[String],
    ) -> Result<(u64, u64), ProvisionError> {
        let mut write = self.0.write().await?;
        in_turn(&write).await?;
        let id = group_of(&write.transaction, source, group).await?;
        let people = people_of(&write.transaction, source).await?;
        let mut told = Vec::with_capacity(members.len());
        for member in members {
            told.push(*people.get(member).ok_or(ProvisionError::UnknownUser)?);
        }
        let left = rows::keep_members(&write.transaction, source, id, &told).await?;
        let joined = rows::join(&write.transaction, source, told.into_iter().map(|person| (id, person))).await?;
        if joined + left > 0 {
            write.about(id);
            write.learned(&json!({ "joined": joined, "left": left }));
            write.commit().await?;
        }
        Ok((joined, left))
    }

    /// Lets somebody in no more. Nothing of theirs is lost, and no administrator is kept out.
    pub async fn deactivate(&self, source: Source, external_id: &str) -> Result<(UserId, Ended), ProvisionError> {
        let mut write = self.0.write().await?;
        let row = link(&write.transaction, source, external_id).await?.ok_or(ProvisionError::UnknownUser)?;
        if row.role == Role::Admin {
            return Err(ProvisionError::Admin);
        }
        let ended = end(&write.transaction, row.id).await?;
        write.about(row.id);
        write.commit().await?;
        Ok((row.id, ended))
    }

    /// Removes a group, with its memberships and all that was given to it.
    pub async fn remove_group(&self, source: Source, external_id: &str) -> Result<GroupId, ProvisionError> {
        let mut write = self.0.write().await?;
        let id = group_of(&write.transaction, source, external_id).await?;
        group::Entity::delete_by_id(id).exec(&write.transaction).await?;
        write.about(id);
        write.commit().await?;
        Ok(id)
    }

    /// A page of the people whom a source has told of, by their ids there.
    pub async fn users(&self, source: Source, paging: &Paging) -> Result<Page<ProvisionedUser>, StoreError> {
        let mut select = provisioned_user::Entity::find()
            .find_also_related(user::Entity)
            .filter(provisioned_user::Column::Source.eq(source.as_str()))
            .order_by_asc(provisioned_user::Column::ExternalId)
            .limit(paging.limit + 1);
        if let Some(after) = paging.after::<String>() {
            select = select.filter(provisioned_user::Column::ExternalId.gt(after));
        }
        let rows = select.all(self.0.db()).await?;
        let items = rows.into_iter().filter_map(|(link, row)| Some(provisioned(link.external_id, row?))).collect();
        Ok(Page::of(items, paging.limit, |one: &ProvisionedUser| one.external_id.clone()))
    }

    /// A page of the groups that a source has told of, by their ids there.
    pub async fn groups(&self, source: Source, paging: &Paging) -> Result<Page<ProvisionedGroup>, StoreError> {
        let mut select = provisioned_group::Entity::find()
            .find_also_related(group::Entity)
            .filter(provisioned_group::Column::Source.eq(source.as_str()))
            .order_by_asc(provisioned_group::Column::ExternalId)
            .limit(paging.limit + 1);
        if let Some(after) = paging.after::<String>() {
            select = select.filter(provisioned_group::Column::ExternalId.gt(after));
        }
        let rows = select.all(self.0.db()).await?;
        let one = |(link, row): (provisioned_group::Model, Option<group::Model>)| {
            Some(ProvisionedGroup { external_id: link.external_id, group: groups::to_domain(row?) })
        };
        let items = rows.into_iter().filter_map(one).collect();
        Ok(Page::of(items, paging.limit, |one: &ProvisionedGroup| one.external_id.clone()))
    }

    /// A page of who belongs to a group by a source's word, by their ids there.
    pub async fn members(&self, source: Source, group: &str, paging: &Paging) -> Result<Page<String>, ProvisionError> {
        let id = group_of(self.0.db(), source, group).await?;
        let mut select = provisioned_user::Entity::find()
            .filter(provisioned_user::Column::Source.eq(source.as_str()))
            .filter(provisioned_user::Column::UserId.in_subquery(rows::members_of(source, id)))
            .order_by_asc(provisioned_user::Column::ExternalId)
            .limit(paging.limit + 1);
        if let Some(after) = paging.after::<String>() {
            select = select.filter(provisioned_user::Column::ExternalId.gt(after));
        }
        let items = select.all(self.0.db()).await?.into_iter().map(|link| link.external_id).collect();
        Ok(Page::of(items, paging.limit, String::clone))
    }

    /// All that a source has told so far.
    pub async fn known(&self, source: Source) -> Result<Known, StoreError> {
        let people = provisioned_user::Entity::find()
            .find_also_related(user::Entity)
            .filter(provisioned_user::Column::Source.eq(source.as_str()))
            .all(self.0.db())
            .await?;
        let groups = provisioned_group::Entity::find()
            .find_also_related(group::Entity)
            .filter(provisioned_group::Column::Source.eq(source.as_str()))
            .all(self.0.db())
            .await?;
        let members =
            membership::Entity::find().filter(membership::Column::Source.eq(source.as_str())).all(self.0.db()).await?;
        let ids: BTreeMap<UserId, &str> =
            people.iter().map(|(link, _)| (link.user_id, link.external_id.as_str())).collect();
        let group_ids: BTreeMap<GroupId, &str> =
            groups.iter().map(|(link, _)| (link.group_id, link.external_id.as_str())).collect();
        let member = |row: &membership::Model| {
            Some(((*group_ids.get(&row.group_id)?).to_owned(), (*ids.get(&row.user_id)?).to_owned()))
        };
        let members = members.iter().filter_map(member).collect();
        let person = |row: user::Model| KnownPerson {
            is_active: row.deactivated_at.is_none(),
            username: row.username,
            display_name: row.display_name,
            role: row.role,
        };
        Ok(Known {
            members,
            people: people.into_iter().filter_map(|(link, row)| Some((link.external_id, person(row?)))).collect(),
            groups: groups.into_iter().filter_map(|(link, row)| Some((link.external_id, row?.name))).collect(),
        })
    }

    /// Makes everything as a plan says. What somebody has changed meanwhile is told again the next time. What is noted of
    /// it is a line for each transaction, which tells how much that one did: whatever ends it in between, the log says no
    /// more, and no less, than was done.
    pub async fn carry_out(&self, source: Source, plan: &Plan) -> Result<Ended, ProvisionError> {
        for some in plan.people.chunks(AT_ONCE) {
            let mut write = self.0.write().await?;
            in_turn(&write).await?;
            let mut people = Count::default();
            for person in some {
                count(&mut people, rows::put_person(&write.transaction, source, person).await?.1);
            }
            if people.made + people.changed > 0 {
                write.learned(&json!({ "people": { "made": people.made, "changed": people.changed } }));
                write.commit().await?;
            }
        }
        let mut write = self.0.write().await?;
        in_turn(&write).await?;
        let transaction = &write.transaction;
        let mut told_groups = Count::default();
        for told in &plan.groups {
            count(&mut told_groups, rows::put_group(transaction, source, told).await?.1);
        }
        let people = people_of(transaction, source).await?;
        let groups = groups_of(transaction, source).await?;
        let pair = |(group, person): &(String, String)| Some((*groups.get(group)?, *people.get(person)?));
        let left = rows::leave(transaction, source, plan.leave.iter().filter_map(pair)).await?;
        let joined = rows::join(transaction, source, plan.join.iter().filter_map(pair)).await?;
        let (mut ended, mut gone_people) = (Ended::default(), Vec::new());
        for external_id in &plan.gone_people {
            // whoever has become an administrator meanwhile stays
            if let Some(row) = link(transaction, source, external_id).await?.filter(|row| row.role != Role::Admin) {
                let Ended { sessions, tokens } = end(transaction, row.id).await?;
                ended.sessions.extend(sessions);
                ended.tokens.extend(tokens);
                gone_people.push(row.id);
            }
        }
        let gone_groups: Vec<_> = plan.gone_groups.iter().filter_map(|id| groups.get(id).copied()).collect();
        let gone = group::Entity::delete_many().filter(group::Column::Id.is_in(gone_groups.iter().copied()));
        gone.exec(transaction).await?;
        let changed = told_groups.made + told_groups.changed + joined + left;
        if changed > 0 || !gone_people.is_empty() || !gone_groups.is_empty() {
            let groups = json!({ "made": told_groups.made, "changed": told_groups.changed, "gone": gone_groups });
            let members = json!({ "joined": joined, "left": left });
            write.learned(&json!({ "people": { "gone": gone_people.len() }, "groups": groups, "members": members }));
            for person in gone_people {
                write.note_too("user.deactivate", person);
            }
            write.commit().await?;
        }
        Ok(ended)
    }
}

fn count(counted: &mut Count, put: Put) {
    match put {
        Put::Made => counted.made += 1,
        Put::Changed => counted.changed += 1,
        Put::Unchanged => counted.unchanged += 1,
    }
}

fn provisioned(external_id: String, row: user::Model) -> ProvisionedUser {
    ProvisionedUser { external_id, is_active: row.deactivated_at.is_none(), user: users::to_domain(row) }
}

/// Waits until nobody else provisions, so that two who tell of the same person at once make one. SQLite has one writer.
async fn in_turn(write: &Write<'_>) -> Result<(), StoreError> {
    /// Any number that nobody else uses in this database.
    const LOCK: &str = "SELECT pg_advisory_xact_lock(7075012)";
    if write.transaction.get_database_backend() == DbBackend::Postgres {
        write.transaction.execute_unprepared(LOCK).await?;
    }
    Ok(())
}

/// The row of somebody whom a source knows by an id.
async fn link(
    transaction: &DatabaseTransaction,
    source: Source,
    external_id: &str,
) -> Result<Option<user::Model>, StoreError> {
    if !is_storable(external_id) {
        return Ok(None);
    }
    let key = (source.as_str().to_owned(), external_id.to_owned());
    let Some(link) = provisioned_user::Entity::find_by_id(key).one(transaction).await? else {
        return Ok(None);
    };
    Ok(user::Entity::find_by_id(link.user_id).lock_exclusive().one(transaction).await?)
}

async fn group_of(
    connection: &impl ConnectionTrait,
    source: Source,
    external_id: &str,
) -> Result<GroupId, ProvisionError> {
    if !is_storable(external_id) {
        return Err(ProvisionError::UnknownGroup);
    }
    let key = (source.as_str().to_owned(), external_id.to_owned());
    let link = provisioned_group::Entity::find_by_id(key).one(connection).await?;
    link.map(|link| link.group_id).ok_or(ProvisionError::UnknownGroup)
}

/// All people whom a source knows, by its ids.
async fn people_of(transaction: &DatabaseTransaction, source: Source) -> Result<BTreeMap<String, UserId>, StoreError> {
    let links = provisioned_user::Entity::find()
        .filter(provisioned_user::Column::Source.eq(source.as_str()))
        .all(transaction)
        .await?;
    Ok(links.into_iter().map(|link| (link.external_id, link.user_id)).collect())
}

/// All groups that a source knows, by its ids.
async fn groups_of(transaction: &DatabaseTransaction, source: Source) -> Result<BTreeMap<String, GroupId>, StoreError> {
    let links = provisioned_group::Entity::find()
        .filter(provisioned_group::Column::Source.eq(source.as_str()))
        .all(transaction)
        .await?;
    Ok(links.into_iter().map(|link| (link.external_id, link.group_id)).collect())
}

/// Deactivates somebody and ends their sessions.
async fn end(transaction: &DatabaseTransaction, id: UserId) -> Result<Ended, StoreError> {
    let row = user::ActiveModel { id: Set(id), deactivated_at: Set(Some(now())), ..Default::default() };
    row.update(transaction).await?;
    let is_theirs = || session::Column::UserId.eq(id);
    let sessions = session::Entity::find().filter(is_theirs()).all(transaction).await?;
    session::Entity::delete_many().filter(is_theirs()).exec(transaction).await?;
    let tokens = token::Entity::find().filter(token::Column::UserId.eq(id)).all(transaction).await?;
    Ok(Ended {
        sessions: sessions.into_iter().map(|row| row.id).collect(),
        tokens: tokens.into_iter().map(|row| row.id).collect(),
    })
}
