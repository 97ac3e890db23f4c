use domain::{AssignmentId, GroupId, TemplateId, Timestamp, UserId, access::Given};
use entity::{assignment, group, template, user};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TopologyStar,
};

use crate::{Page, Paging, Store, StoreError, connection::now, text::storable_json};

/// Who is given which template.
#[derive(Debug, Clone, Copy)]
pub struct Assignments<'a>(pub(crate) &'a Store);

/// Who an assignment is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A group, by id and name.
    Group(GroupId, String),
    /// One person, by id and username.
    User(UserId, String),
    /// Everybody who can sign in.
    Everyone,
}

/// A template given to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// Slug of the template.
    pub template: String,
    /// To whom.
    pub recipient: Recipient,
    /// Hand-out folders it brings.
    pub folders: Vec<String>,
    /// Who gave it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
}

impl Assignments<'_> {
    /// A page of assignments, oldest first: all, or those one person made.
    pub async fn page(&self, created_by: Option<UserId>, paging: &Paging) -> Result<Page<Assignment>, StoreError> {
        let mut select = joined().order_by_asc(assignment::Column::Id).limit(paging.limit + 1);
        if let Some(user) = created_by {
            select = select.filter(assignment::Column::CreatedBy.eq(user));
        }
        if let Some(after) = paging.after::<AssignmentId>() {
            select = select.filter(assignment::Column::Id.gt(after));
        }
        let rows = select.all(self.0.db()).await?;
        let items = rows.into_iter().map(to_domain).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, paging.limit, |assignment| assignment.id))
    }

    /// To whom a template is given.
    pub async fn given(&self, template: TemplateId) -> Result<Vec<Given>, StoreError> {
        let rows = assignment::Entity::find().filter(assignment::Column::TemplateId.eq(template)).all(self.0.db());
        Ok(rows.await?.into_iter().filter_map(|row| given(&row)).collect())
    }

    /// One assignment.
    pub async fn get(&self, id: AssignmentId) -> Result<Option<Assignment>, StoreError> {
        joined().filter(assignment::Column::Id.eq(id)).one(self.0.db()).await?.map(to_domain).transpose()
    }

    /// Gives a template to somebody.
    pub async fn create(
        &self,
        template: TemplateId,
        recipient: &Recipient,
        folders: &[String],
        created_by: Option<UserId>,
    ) -> Result<AssignmentId, StoreError> {
        let id = AssignmentId::new();
        let row = assignment::ActiveModel {
            id: Set(id),
            template_id: Set(template),
            group_id: Set(if let Recipient::Group(id, _) = recipient { Some(*id) } else { None }),
            user_id: Set(if let Recipient::User(id, _) = recipient { Some(*id) } else { None }),
            everyone: Set(*recipient == Recipient::Everyone),
            folders: Set(storable_json(serde_json::json!(folders))),
            created_by: Set(created_by),
            created_at: Set(now()),
        };
        let mut write = self.0.write().await?;
        write.about(id);
        assignment::Entity::insert(row).exec_without_returning(&write.transaction).await?;
        write.commit().await?;
        Ok(id)
    }

    /// Changes the folders an assignment brings.
    pub async fn set_folders(&self, id: AssignmentId, folders: &[String]) -> Result<(), StoreError> {
        let write = self.0.write().await?;
        let row = assignment::ActiveModel {
            id: Set(id),
            folders: Set(storable_json(serde_json::json!(folders))),
            ..Default::default()
        };
        row.update(&write.transaction).await?;
        write.commit().await
    }

    /// Takes an assignment back. Desktops that exist stay.
    pub async fn delete(&self, id: AssignmentId) -> Result<(), StoreError> {
        let write = self.0.write().await?;
        let gone = assignment::Entity::delete_by_id(id).exec(&write.transaction).await?;
        if gone.rows_affected > 0 { write.commit().await } else { Ok(()) }
    }
}

fn given(row: &assignment::Model) -> Option<Given> {
    let everyone = row.everyone.then_some(Given::Everyone);
    everyone.or(row.group_id.map(Given::Group)).or(row.user_id.map(Given::User))
}

type Joined = (assignment::Model, Option<template::Model>, Option<group::Model>, Option<user::Model>);

fn joined() -> sea_orm::SelectFour<assignment::Entity, template::Entity, group::Entity, user::Entity, TopologyStar> {
    assignment::Entity::find()
        .find_also_related(template::Entity)
        .find_also(assignment::Entity, group::Entity)
        .find_also(assignment::Entity, user::Entity)
}

fn to_domain((row, template, group, user): Joined) -> Result<Assignment, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt(format!("{what} of assignment {}", row.id));
    let recipient = match (group, user) {
        (Some(group), _) => Recipient::Group(group.id, group.name),
        (None, Some(user)) => Recipient::User(user.id, user.username),
        (None, None) => Recipient::Everyone,
    };
    Ok(Assignment {
        id: row.id,
        template: template.ok_or_else(|| corrupt("the template"))?.slug,
        recipient,
        folders: serde_json::from_value(row.folders).map_err(|_| StoreError::Corrupt("folders".to_owned()))?,
        created_by: row.created_by,
        created_at: row.created_at,
    })
}
