use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
};

use domain::{
    DesktopId, GroupId, RestrictionId, Timestamp, UserId, access::Role, desktop::DesktopState, template::NetworkPolicy,
};
use entity::{desktop, membership, restriction, template, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait, sea_query::Query,
};

use crate::{
    Page, Paging, Store, StoreError,
    connection::{Write, now, stored},
    desktops::{rows::live, touch},
    groups,
};

/// Who reaches less than their templates allow, and what each desktop reaches in the end.
#[derive(Debug, Clone, Copy)]
pub struct Restrictions<'a>(pub(crate) &'a Store);

/// Whom a restriction is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restricted {
    /// All desktops of a group's pupils, those to come included. Not those of its teachers.
    Group(GroupId),
    /// One desktop.
    Desktop(DesktopId),
}

/// Somebody who reaches less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// Its id.
    pub id: RestrictionId,
    /// Whom it is about.
    pub of: Restricted,
    /// The most that may be reached.
    pub network: NetworkPolicy,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// Who wanted it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
}

impl Restrictions<'_> {
    /// Restricts somebody, in place of how they were restricted before. Followers learn of it.
    pub async fn restrict(
        &self,
        of: Restricted,
        network: NetworkPolicy,
        until: Option<Timestamp>,
        created_by: Option<UserId>,
    ) -> Result<RestrictionId, StoreError> {
        let (id, mut write) = (RestrictionId::new(), self.0.write().await?);
        write.about(id);
        delete(of, &write).await?;
        let (group_id, desktop_id) = match of {
            Restricted::Group(group) => (Some(group), None),
            Restricted::Desktop(desktop) => (None, Some(desktop)),
        };
        let row = restriction::ActiveModel {
            id: Set(id),
            group_id: Set(group_id),
            desktop_id: Set(desktop_id),
            network: Set(network),
            ends_at: Set(until.map(stored)),
            created_by: Set(created_by),
            created_at: Set(now()),
        };
        restriction::Entity::insert(row).exec_without_returning(&write.transaction).await?;
        touch(theirs(of), &mut write).await?;
        write.commit().await?;
        Ok(id)
    }

    /// Lets somebody reach again what their templates allow; whether anything kept them from it. Followers learn of it.
    pub async fn lift(&self, of: Restricted) -> Result<bool, StoreError> {
        let mut write = self.0.write().await?;
        if !delete(of, &write).await? {
            return Ok(false);
        }
        touch(theirs(of), &mut write).await?;
        write.commit().await?;
        Ok(true)
    }

    /// One of them, whether it has ended or not.
    pub async fn get(&self, id: RestrictionId) -> Result<Option<Restriction>, StoreError> {
        Ok(restriction::Entity::find_by_id(id).one(self.0.db()).await?.as_ref().and_then(to_domain))
    }

    /// A page of those that have not ended, oldest first: all, or those of some groups and of desktops of their people.
    pub async fn page(&self, groups: Option<&[GroupId]>, paging: &Paging) -> Result<Page<Restriction>, StoreError> {
        let mut select = restriction::Entity::find()
            .filter(in_force())
            .order_by_asc(restriction::Column::Id)
            .limit(paging.limit + 1);
        if let Some(groups) = groups {
            let members = groups::members(groups.iter().copied());
            let desktops = Query::select()
                .column(desktop::Column::Id)
                .from(desktop::Entity)
                .and_where(desktop::Column::OwnerId.in_subquery(members))
                .take();
            let theirs = Condition::any()
                .add(restriction::Column::GroupId.is_in(groups.iter().copied()))
                .add(restriction::Column::DesktopId.in_subquery(desktops));
            select = select.filter(theirs);
        }
        if let Some(after) = paging.after::<RestrictionId>() {
            select = select.filter(restriction::Column::Id.gt(after));
        }
        let items = select.all(self.0.db()).await?.iter().filter_map(to_domain).collect();
        Ok(Page::of(items, paging.limit, |restriction: &Restriction| restriction.id))
    }

    /// All that have not ended, oldest first.
    pub async fn active(&self) -> Result<Vec<Restriction>, StoreError> {
        let select = restriction::Entity::find().filter(in_force()).order_by_asc(restriction::Column::Id);
        Ok(select.all(self.0.db()).await?.iter().filter_map(to_domain).collect())
    }

    /// Forgets restrictions that ended before a moment.
    pub async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let write = self.0.write().await?;
        let ended = restriction::Column::EndsAt.lt(stored(before));
        let gone = restriction::Entity::delete_many().filter(ended).exec(&write.transaction).await?.rows_affected;
        write.commit().await?;
        Ok(gone)
    }

    /// What each desktop that has an address of its own may reach now, by that address: what its template allows, and no
    /// more than any restriction that it is under.
    pub async fn reach(&self) -> Result<Vec<(Ipv4Addr, NetworkPolicy)>, StoreError> {
        let running: Vec<(DesktopId, UserId, Option<domain::desktop::Endpoint>, NetworkPolicy)> =
            desktop::Entity::find()
                .select_only()
                .columns([desktop::Column::Id, desktop::Column::OwnerId, desktop::Column::Endpoint])
                .column(template::Column::Network)
                .join(JoinType::InnerJoin, desktop::Relation::Template.def())
                .filter(live())
                .filter(desktop::Column::State.is_in([DesktopState::Running, DesktopState::Stopping]))
                .into_tuple()
                .all(self.0.db())
                .await?;
        let restrictions = self.active().await?;
        let pupils = if restrictions.is_empty() { HashMap::new() } else { self.restricted_pupils().await? };
        let reach = running.into_iter().filter_map(|(id, owner, endpoint, network)| {
            let IpAddr::V4(address) = endpoint?.address else { return None };
            let theirs = restrictions.iter().filter(|restriction| match restriction.of {
                Restricted::Desktop(desktop) => desktop == id,
                Restricted::Group(group) => pupils.get(&owner).is_some_and(|groups| groups.contains(&group)),
            });
            (!address.is_loopback()).then(|| (address, network.under(theirs.map(|one| one.network))))
        });
        Ok(reach.collect())
    }

    /// The pupils of groups that are restricted, with those groups.
    async fn restricted_pupils(&self) -> Result<HashMap<UserId, Vec<GroupId>>, StoreError> {
        let restricted = Query::select()
            .column(restriction::Column::GroupId)
            .from(restriction::Entity)
            .and_where(restriction::Column::GroupId.is_not_null())
            .take();
        let members: Vec<(UserId, GroupId)> = membership::Entity::find()
            .select_only()
            .columns([membership::Column::UserId, membership::Column::GroupId])
            .join(JoinType::InnerJoin, membership::Relation::User.def())
            .filter(user::Column::Role.eq(Role::Student))
            .filter(membership::Column::GroupId.in_subquery(restricted))
            .into_tuple()
            .all(self.0.db())
            .await?;
        let mut pupils: HashMap<_, Vec<_>> = HashMap::new();
        for (pupil, group) in members {
            pupils.entry(pupil).or_default().push(group);
        }
        Ok(pupils)
    }
}

fn in_force() -> Condition {
    Condition::any().add(restriction::Column::EndsAt.is_null()).add(restriction::Column::EndsAt.gt(now()))
}

async fn delete(of: Restricted, write: &Write<'_>) -> Result<bool, StoreError> {
    let same = match of {
        Restricted::Group(group) => restriction::Column::GroupId.eq(group),
        Restricted::Desktop(desktop) => restriction::Column::DesktopId.eq(desktop),
    };
    let gone = restriction::Entity::delete_many().filter(same).exec(&write.transaction).await?;
    Ok(gone.rows_affected > 0)
}

/// The desktops that a restriction is about and that run.
fn theirs(of: Restricted) -> Condition {
    let running = Condition::all().add(live()).add(desktop::Column::State.eq(DesktopState::Running));
    match of {
        Restricted::Desktop(desktop) => running.add(desktop::Column::Id.eq(desktop)),
        Restricted::Group(group) => running.add(desktop::Column::OwnerId.in_subquery(groups::members([group]))),
    }
}

fn to_domain(row: &restriction::Model) -> Option<Restriction> {
    let of = row.group_id.map(Restricted::Group).or(row.desktop_id.map(Restricted::Desktop))?;
    Some(Restriction {
        id: row.id,
        of,
        network: row.network,
        until: row.ends_at,
        created_by: row.created_by,
        created_at: row.created_at,
    })
}
