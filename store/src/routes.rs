use domain::{DesktopId, desktop::Desktop, template::TemplateSpec};
use entity::{desktop, template};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use secrecy::SecretString;
use tracing::error;

use crate::{Store, StoreError, desktops::rows, text::is_storable};

/// What the gateway needs of desktops.
#[derive(Debug, Clone, Copy)]
pub struct Routes<'a>(pub(crate) &'a Store);

/// A desktop, what it is made from, and its password.
#[derive(Debug, Clone)]
pub struct RouteRow {
    /// The desktop.
    pub desktop: Desktop,
    /// What it is made from.
    pub template: TemplateSpec,
    /// The password of its container, once that was made; none either where it was sealed with another key.
    pub password: Option<SecretString>,
    /// First part of its own host name, there as soon as the password is.
    pub host_label: Option<String>,
}

/// What changed of the routes.
#[derive(Debug, Clone)]
pub struct RouteChanges {
    /// Desktops that are there.
    pub rows: Vec<RouteRow>,
    /// Desktops that were removed.
    pub removed: Vec<DesktopId>,
    /// The revision up to which this is complete.
    pub revision: i64,
}

impl Routes<'_> {
    /// What changed after a revision.
    pub async fn since(&self, revision: i64) -> Result<RouteChanges, StoreError> {
        self.changed(revision, false).await
    }

    /// All of them.
    pub async fn all(&self) -> Result<RouteChanges, StoreError> {
        self.changed(i64::MIN, true).await
    }

    /// The route of one desktop by its name, past every table.
    pub async fn by_name(&self, name: &str) -> Result<Option<RouteRow>, StoreError> {
        self.live(desktop::Column::Name, name).await
    }

    /// The route of one desktop by the first part of its own host name, past every table.
    pub async fn by_host_label(&self, label: &str) -> Result<Option<RouteRow>, StoreError> {
        self.live(desktop::Column::HostLabel, label).await
    }

    async fn live(&self, column: desktop::Column, value: &str) -> Result<Option<RouteRow>, StoreError> {
        if !is_storable(value) {
            return Ok(None);
        }
        let row = desktop::Entity::find()
            .find_also_related(template::Entity)
            .filter(column.eq(value))
            .filter(rows::live())
            .one(self.0.db())
            .await?;
        row.map(|row| self.to_route(row)).transpose()
    }

    async fn changed(&self, revision: i64, live_only: bool) -> Result<RouteChanges, StoreError> {
        // The counter first: what is committed in between is found again next time, never skipped.
        let until = self.0.revision().await?;
        let mut select =
            desktop::Entity::find().find_also_related(template::Entity).filter(desktop::Column::Revision.gt(revision));
        if live_only {
            select = select.filter(rows::live());
        }
        let (mut rows, mut removed) = (Vec::new(), Vec::new());
        for row in select.all(self.0.db()).await? {
            if row.0.removed_at.is_some() {
                removed.push(row.0.id);
            } else {
                rows.push(self.to_route(row)?);
            }
        }
        Ok(RouteChanges { rows, removed, revision: until })
    }

    fn to_route(self, (row, template): (desktop::Model, Option<template::Model>)) -> Result<RouteRow, StoreError> {
        let template = template.ok_or_else(|| StoreError::Corrupt("a desktop's template is missing".to_owned()))?;
        let open = |sealed: &String| match self.0.sealer().open(sealed, &rows::place(row.id, row.generation)) {
            Ok(password) => Some(password),
            // One desktop that cannot be opened must not take everybody else's route away.
            Err(error) => {
                error!(desktop = %row.id, error = &error as &dyn std::error::Error, "a desktop's password is lost");
                None
            }
        };
        let password = row.credential.as_ref().and_then(open);
        let host_label = row.host_label.clone();
        let (desktop, template) = (rows::to_domain(row), crate::templates::to_spec(template)?);
        Ok(RouteRow { desktop, template, password, host_label })
    }
}
