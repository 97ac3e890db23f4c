//! All that the database knows of one person, as one document for them.

use domain::UserId;
use entity::{
    assignment, audit, desktop, grant, group, idempotency_key, lesson, look, membership, provisioned_user, session,
    template, token, user,
};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait as _},
};
use serde_json::{Value, json};

use crate::{StoreError, Users, connection::now};

impl Users<'_> {
    /// All that is known of somebody, as it is at one moment; nothing where there is nobody of this id.
    ///
    /// What only proves something is left out: passwords, secrets of sessions and tokens, and what identity providers
    /// vouch with. Files are not in the database, and not in here.
    pub async fn personal_data(&self, id: UserId) -> Result<Option<Value>, StoreError> {
        let look = self.0.look().await?;
        let Some(person) = user::Entity::find_by_id(id).one(&look).await? else {
            return Ok(None);
        };
        let document = json!({
            "made_at": now(),
            "account": {
                "id": person.id,
                "username": person.username,
                "display_name": person.display_name,
                "role": person.role,
                "has_password": person.password_hash.is_some(),
                "created_at": person.created_at,
                "last_login_at": person.last_login_at,
            },
            "identities": person.issuer.as_ref().map(|issuer| json!({
                "issuer": issuer,
                "subject": person.subject,
                "alias": person.alias,
            })).into_iter().collect::<Vec<_>>(),
            "groups": groups(id, &look).await?,
            "desktops": desktops(id, &look).await?,
            "assignments": assignments(id, &look).await?,
            "lessons_created": lessons(id, &look).await?,
            "provisioned_by": provisioned(id, &look).await?,
            "wishes": wishes(id, &look).await?,
            "grants": grants(id, &look).await?,
            "sessions": sessions(id, &look).await?,
            "tokens": tokens(id, &look).await?,
            "looks_into_my_desktops": looks(look::Column::OwnerId.eq(id), &look).await?,
            "looks_of_mine": looks(look::Column::ViewerId.eq(id), &look).await?,
            "audit": lines(id, &look).await?,
        });
        look.rollback().await?;
        Ok(Some(document))
    }
}

async fn groups(id: UserId, look: &DatabaseTransaction) -> Result<Vec<Value>, StoreError> {
    let rows = membership::Entity::find().find_also_related(group::Entity).filter(membership::Column::UserId.eq(id));
    let told = |(row, group): (membership::Model, Option<group::Model>)| json!({ "id": row.group_id, "name": group.map(|group| group.name), "from_provider": row.from_provider });
    Ok(rows.order_by_asc(membership::Column::GroupId).all(look).await?.into_iter().map(told).collect())
}

async fn desktops(id: UserId, look: &DatabaseTransaction) -> Result<Vec<Value>, StoreError> {
    let rows = desktop::Entity::find().find_also_related(template::Entity).filter(desktop::Column::OwnerId.eq(id));
    let told = |(row, template): (desktop::Model, Option<template::Model>)| {
        json!({
            "id": row.id,
            "name": row.name,
            "template": template.map(|template| template.slug),
            "state": row.state,
            "created_at": row.created_at,
            "started_at": row.started_at,
            "last_input_at": row.last_input_at,
            "ended_at": row.ended_at,
            "removed_at": row.removed_at,
            "bytes_up": row.bytes_up,
            "bytes_down": row.bytes_down,
        })
    };
    Ok(rows.order_by_asc(desktop::Column::Id).all(look).await?.into_iter().map(told).collect())
}

/// Those that give them something, and those they made.
async fn assignments(id: UserId, look: &DatabaseTransaction) -> Result<Vec<Value>, StoreError> {
    let theirs = Condition::any().add(assignment::Column::UserId.eq(id)).add(assignment::Column::CreatedBy.eq(id));
    let rows = assignment::Entity::find().find_also_related(template::Entity).filter(theirs);
    let told = |(row, template): (assignment::Model, Option<template::Model>)| {
        json!({
            "id": row.id,
            "template": template.map(|template| template.slug),
            "group": row.group_id,
            "user": row.user_id,
            "everyone": row.everyone,
            "created_by": row.created_by,
            "created_at": row.created_at,
        })
    };
    Ok(rows.order_by_asc(assignment::Column::Id).all(look).await?.into_iter().map(told).collect())
}

async fn lessons(id: UserId, look: &DatabaseTransaction) -> Result<Vec<Value>, StoreError> {
    let rows = lesson::Entity::find().filter(lesson::Column::CreatedBy.eq(id)).order_by_asc(lesson::Column::Id);
    let told = |row: lesson::Model| json!({ "id": row.id, "group": row.group_id, "from": row.starts_at, "until": row.ends_at });
    Ok(rows.all(look).await?.into_iter().map(told).collect())
}

/// What scripts and the school's list know them by.
async fn provisioned(id: UserId, look: &DatabaseTransaction) -> Result<Vec<Value>, StoreError> {
    let rows = provisioned_user::Entity::find().filter(provisioned_user::Column::UserId.eq(id));
    let told = |row: provisioned_user::Model| json!({ "source": row.source, "external_id": row.external_id });
    let rows = rows.order_by_asc(provisioned_user::Column::Source).order_by_asc(provisioned_user::Column::ExternalId);
    Ok(rows.all(look).await?.into_iter().map(told).collect())
}

/// What is recognised where it is wished for again.
async fn wishes(id: UserId, look: &DatabaseTransaction) -> Result<Vec<Value>, StoreError> {
    let rows = idempotency_key::Entity::find().filter(idempotency_key::Column::UserId.eq(id));
    let told = |row: idempotency_key::Model| json!({ "key": row.key, "desktop": row.desktop_id, "at": row.created_at });
    Ok(rows.order_by_asc(idempotency_key::Column::Key).all(look).await?.into_iter().map(told).collect())
}

/// Those for their desktops, and those they hold.
async fn grants(id: UserId, look: &DatabaseTransaction) -> Result<Vec<Value>, StoreError> {
    let theirs = desktop::Entity::find().select_only().column(desktop::Column::Id);
    let theirs = theirs.filter(desktop::Column::OwnerId.eq(id)).into_query();
    let which = Condition::any().add(grant::Column::HolderId.eq(id)).add(grant::Column::DesktopId.in_subquery(theirs));
    let told = |row: grant::Model| {
        json!({
            "id": row.id,
            "desktop": row.desktop_id,
            "holder": row.holder_id,
            "reason": row.reason,
            "created_at": row.created_at,
            "entered_at": row.entered_at,
            "ends_at": row.ends_at,
        })
    };
    let rows = grant::Entity::find().filter(which).order_by_asc(grant::Column::Id);
    Ok(rows.all(look).await?.into_iter().map(told).collect())
}

async fn sessions(id: UserId, look: &DatabaseTransaction) -> Result<Vec<Value>, StoreError> {
    let rows = session::Entity::find().filter(session::Column::UserId.eq(id)).order_by_asc(session::Column::Id);
    let told = |row: session::Model| {
        json!({
            "id": row.id,
            "browser": row.user_agent,
            "provider": row.provider,
            "created_at": row.created_at,
            "last_seen_at": row.last_seen_at,
            "expires_at": row.expires_at,
        })
    };
    Ok(rows.all(look).await?.into_iter().map(told).collect())
}

async fn tokens(id: UserId, look: &DatabaseTransaction) -> Result<Vec<Value>, StoreError> {
    let rows = token::Entity::find().filter(token::Column::UserId.eq(id)).order_by_asc(token::Column::Id);
    let told = |row: token::Model| {
        json!({
            "id": row.id,
            "name": row.name,
            "prefix": row.prefix,
            "scopes": row.scopes,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "last_used_at": row.last_used_at,
        })
    };
    Ok(rows.all(look).await?.into_iter().map(told).collect())
}

async fn looks(which: Expr, look: &DatabaseTransaction) -> Result<Vec<Value>, StoreError> {
    let rows = look::Entity::find().filter(which).order_by_asc(look::Column::Id);
    let told = |row: look::Model| {
        json!({
            "at": row.at,
            "desktop": row.desktop_id,
            "desktop_name": row.desktop_name,
            "viewer": row.viewer_id,
            "reason": row.reason,
        })
    };
    Ok(rows.all(look).await?.into_iter().map(told).collect())
}

/// Lines by them and about them: their id is the object, or among the details.
async fn lines(id: UserId, look: &DatabaseTransaction) -> Result<Vec<Value>, StoreError> {
    let among = Expr::col(audit::Column::Detail).cast_as("text").like(format!("%{id}%"));
    let about =
        Condition::any().add(audit::Column::ActorId.eq(id)).add(audit::Column::Object.eq(id.to_string())).add(among);
    let rows = audit::Entity::find().filter(about).order_by_asc(audit::Column::Seq);
    let told = |row: audit::Model| {
        json!({
            "seq": row.seq,
            "at": row.at,
            "actor": row.actor_id,
            "action": row.action,
            "object": row.object,
            "detail": row.detail,
        })
    };
    Ok(rows.all(look).await?.into_iter().map(told).collect())
}
