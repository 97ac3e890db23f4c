//! Desktops as rows and back.

use chrono::DateTime;
use domain::{DesktopId, desktop::Desktop, idle::Facts, why::Why};
use entity::{desktop, template, user};
use sea_orm::{ColumnTrait, Condition, EntityTrait, SqlErr, TopologyStar};

use super::Details;
use crate::{StoreError, connection::stored, secret, templates::limits, text::storable_json};

pub(crate) type Joined = (desktop::Model, Option<template::Model>, Option<user::Model>);

/// What a credential is sealed for.
pub(crate) fn place(id: DesktopId, generation: i32) -> String {
    format!("desktop {id} generation {generation}")
}

pub(crate) fn live() -> Condition {
    Condition::all().add(desktop::Column::RemovedAt.is_null())
}

pub(crate) fn joined() -> sea_orm::SelectThree<desktop::Entity, template::Entity, user::Entity, TopologyStar> {
    desktop::Entity::find().find_also_related(template::Entity).find_also(desktop::Entity, user::Entity)
}

pub(crate) fn to_details((row, template, owner): Joined) -> Result<Details, StoreError> {
    let missing = || StoreError::Corrupt("a desktop's template or owner is missing".to_owned());
    let (template, owner) = (template.ok_or_else(missing)?, owner.ok_or_else(missing)?);
    Ok(Details {
        limits: limits(&template),
        facts: Facts::default(),
        client: row.served.as_ref().map_or(template.client, |served| served.client.clone()),
        desktop: to_domain(row),
        template: template.slug,
        owner: owner.username,
        owner_role: owner.role,
        viewers: 0,
        grants: Vec::new(),
    })
}

pub(crate) fn to_domain(row: desktop::Model) -> Desktop {
    Desktop {
        id: row.id,
        name: row.name,
        owner: row.owner_id,
        template: row.template_id,
        wanted: row.wanted,
        generation: row.generation,
        state: row.state,
        step: row.step,
        why: row.why,
        container: row.container,
        container_started_at: row.container_started_ns.map(DateTime::from_timestamp_nanos),
        endpoint: row.endpoint,
        fingerprint: row.fingerprint,
        served: row.served,
        attempts: row.attempts,
        retry_at: row.retry_at,
        queue_position: row.queue_position,
        queue_eta_seconds: row.queue_eta_seconds,
        requested_at: row.requested_at,
        started_at: row.started_at,
        last_input_at: row.last_input_at,
        extended_at: row.extended_at,
        warned_at: row.warned_at,
        ended_at: row.ended_at,
        created_at: row.created_at,
        removed_at: row.removed_at,
        revision: row.revision,
    }
}

/// What nobody who changes a desktop has a say in: what is made here for each generation, and what the gateway counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Own {
    /// The container's password, sealed.
    pub(crate) credential: Option<String>,
    /// First part of its own host name.
    pub(crate) host_label: Option<String>,
    /// Bytes to and from it.
    pub(crate) bytes: (i64, i64),
}

impl Own {
    /// What a generation has from the moment its password is made. Its pages get an origin that no container had
    /// before, so nothing that an older one left in a browser is of any use to it, or against it.
    pub(crate) fn new(credential: String) -> Self {
        Self { credential: Some(credential), host_label: Some(secret::random_label()), ..Self::default() }
    }

    /// What a row has; what is made for a generation only as long as the same one is meant.
    pub(crate) fn of(row: &desktop::Model, generation: i32) -> Self {
        let bytes = (row.bytes_up, row.bytes_down);
        if row.generation != generation {
            return Self { bytes, ..Self::default() };
        }
        Self { credential: row.credential.clone(), host_label: row.host_label.clone(), bytes }
    }
}

/// The row that stands for a desktop. Its times are cut to what both databases keep, so what is read again equals
/// what [`to_domain`] makes of this row.
pub(crate) fn to_row(desktop: Desktop, own: Own) -> desktop::Model {
    desktop::Model {
        id: desktop.id,
        name: desktop.name,
        owner_id: desktop.owner,
        template_id: desktop.template,
        wanted: desktop.wanted,
        generation: desktop.generation,
        state: desktop.state,
        step: desktop.step,
        why: desktop.why.map(storable_cause),
        container: desktop.container,
        container_started_ns: desktop.container_started_at.and_then(|at| at.timestamp_nanos_opt()),
        endpoint: desktop.endpoint,
        fingerprint: desktop.fingerprint,
        served: desktop.served,
        credential: own.credential,
        host_label: own.host_label,
        bytes_up: own.bytes.0,
        bytes_down: own.bytes.1,
        attempts: desktop.attempts,
        retry_at: desktop.retry_at.map(stored),
        queue_position: desktop.queue_position,
        queue_eta_seconds: desktop.queue_eta_seconds,
        requested_at: stored(desktop.requested_at),
        started_at: desktop.started_at.map(stored),
        last_input_at: desktop.last_input_at.map(stored),
        extended_at: desktop.extended_at.map(stored),
        warned_at: desktop.warned_at.map(stored),
        ended_at: desktop.ended_at.map(stored),
        created_at: stored(desktop.created_at),
        removed_at: desktop.removed_at.map(stored),
        revision: desktop.revision,
    }
}

/// A cause may tell what an engine or a desktop said.
fn storable_cause(why: Why) -> Why {
    let told = serde_json::to_value(&why).map(storable_json);
    told.and_then(serde_json::from_value).unwrap_or(why)
}

pub(crate) fn is_unique_violation(error: &sea_orm::DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}
