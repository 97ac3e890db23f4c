use domain::{GroupId, LessonId, TemplateId, Timestamp, UserId, desktop::DesktopState, lesson::Window};
use entity::{desktop, group, lesson, membership, template};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationTrait, TopologyStar,
};

use crate::{
    Group, Page, Paging, Store, StoreError,
    connection::{Write, now, stored},
    desktops::{rows::live, touch},
    groups,
};

/// Groups that need their desktops for a while.
#[derive(Debug, Clone, Copy)]
pub struct Lessons<'a>(pub(crate) &'a Store);

/// A group that needs its desktops for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// Its id.
    pub id: LessonId,
    /// Whose lesson it is.
    pub group: Group,
    /// Slug of the template of which it needs desktops; of every one where there is none.
    pub template: Option<String>,
    /// When it is.
    pub window: Window,
    /// Who wanted it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
}

impl Lessons<'_> {
    /// A page of lessons, those that were made first first: all, or those of some groups.
    pub async fn page(&self, groups: Option<&[GroupId]>, paging: &Paging) -> Result<Page<Lesson>, StoreError> {
        let mut select = joined().order_by_asc(lesson::Column::Id).limit(paging.limit + 1);
        if let Some(groups) = groups {
            select = select.filter(lesson::Column::GroupId.is_in(groups.iter().copied()));
        }
        if let Some(after) = paging.after::<LessonId>() {
            select = select.filter(lesson::Column::Id.gt(after));
        }
        let rows = select.all(self.0.db()).await?;
        let items = rows.into_iter().map(to_domain).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, paging.limit, |lesson| lesson.id))
    }

    /// One lesson.
    pub async fn get(&self, id: LessonId) -> Result<Option<Lesson>, StoreError> {
        joined().filter(lesson::Column::Id.eq(id)).one(self.0.db()).await?.map(to_domain).transpose()
    }

    /// Makes a lesson. Followers learn that its desktops have another end.
    pub async fn create(
        &self,
        group: GroupId,
        template: Option<TemplateId>,
        window: Window,
        created_by: Option<UserId>,
    ) -> Result<LessonId, StoreError> {
        let id = LessonId::new();
        let row = lesson::ActiveModel {
            id: Set(id),
            group_id: Set(group),
            template_id: Set(template),
            starts_at: Set(stored(window.from)),
            ends_at: Set(stored(window.until)),
            created_by: Set(created_by),
            created_at: Set(now()),
        };
        let mut write = self.0.write().await?;
        write.about(id);
        lesson::Entity::insert(row).exec_without_returning(&write.transaction).await?;
        tell(group, template, &mut write).await?;
        write.commit().await?;
        Ok(id)
    }

    /// Takes a lesson away, whether it is over or not. Followers learn that its desktops have another end.
    pub async fn delete(&self, id: LessonId) -> Result<(), StoreError> {
        let mut write = self.0.write().await?;
        let row = lesson::Entity::find_by_id(id).lock_exclusive().one(&write.transaction).await?;
        let Some(row) = row else {
            return Ok(());
        };
        lesson::Entity::delete_by_id(id).exec(&write.transaction).await?;
        tell(row.group_id, row.template_id, &mut write).await?;
        write.commit().await
    }

    /// Forgets lessons that were over before a moment.
    pub async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let write = self.0.write().await?;
        let gone =
            lesson::Entity::delete_many().filter(lesson::Column::EndsAt.lt(stored(before))).exec(&write.transaction);
        let gone = gone.await?.rows_affected;
        write.commit().await?;
        Ok(gone)
    }
}

/// Desktops that a lesson needs, by owner, of one template or of every one, and until when.
pub(crate) type Need = (UserId, Option<TemplateId>, Timestamp);

/// What lessons that run now need of these people's desktops.
pub(crate) async fn needs<C: ConnectionTrait>(
    owners: impl IntoIterator<Item = UserId>,
    connection: &C,
) -> Result<Vec<Need>, StoreError> {
    let now = now();
    let rows = lesson::Entity::find()
        .select_only()
        .column(membership::Column::UserId)
        .columns([lesson::Column::TemplateId, lesson::Column::EndsAt])
        .join(JoinType::InnerJoin, lesson::Relation::Membership.def())
        .filter(lesson::Column::StartsAt.lte(now))
        .filter(lesson::Column::EndsAt.gt(now))
        .filter(membership::Column::UserId.is_in(owners))
        .into_tuple()
        .all(connection);
    Ok(rows.await?)
}

/// Raises the revision of the desktops that a lesson is about and that run, so that whoever shows them looks again.
async fn tell(group: GroupId, template: Option<TemplateId>, write: &mut Write<'_>) -> Result<(), StoreError> {
    let mut theirs = Condition::all()
        .add(live())
        .add(desktop::Column::State.eq(DesktopState::Running))
        .add(desktop::Column::OwnerId.in_subquery(groups::members([group])));
    if let Some(template) = template {
        theirs = theirs.add(desktop::Column::TemplateId.eq(template));
    }
    touch(theirs, write).await
}

type Joined = (lesson::Model, Option<group::Model>, Option<template::Model>);

fn joined() -> sea_orm::SelectThree<lesson::Entity, group::Entity, template::Entity, TopologyStar> {
    lesson::Entity::find().find_also_related(group::Entity).find_also(lesson::Entity, template::Entity)
}

fn to_domain((row, group, template): Joined) -> Result<Lesson, StoreError> {
    let group = group.ok_or_else(|| StoreError::Corrupt(format!("the group of lesson {}", row.id)))?;
    Ok(Lesson {
        id: row.id,
        group: groups::to_domain(group),
        template: template.map(|template| template.slug),
        window: Window { from: row.starts_at, until: row.ends_at },
        created_by: row.created_by,
        created_at: row.created_at,
    })
}
