use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{
    GroupId, TemplateId, UserId,
    idle::OwnLimits,
    template::{Template, TemplateSpec},
};
use entity::{assignment, desktop, template};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Query,
};

use crate::{
    Page, Paging, Store, StoreError,
    connection::{now, stored},
    desktops::rows,
    text::{is_storable, storable, storable_json},
};

/// Templates.
#[derive(Debug, Clone, Copy)]
pub struct Templates<'a>(pub(crate) &'a Store);

/// Why a template was not stored.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Another template has this slug.
    #[error("a template with this slug exists already")]
    SlugTaken,
    /// Desktops are made from it.
    #[error("{0} desktops are made from this template")]
    InUse(u64),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for TemplateError {
    fn from(error: sea_orm::DbErr) -> Self {
        if rows::is_unique_violation(&error) { Self::SlugTaken } else { Self::Store(error.into()) }
    }
}

impl Templates<'_> {
    /// One template.
    pub async fn get(&self, id: TemplateId) -> Result<Option<Template>, StoreError> {
        template::Entity::find_by_id(id).one(self.0.db()).await?.map(to_domain).transpose()
    }

    /// One template by its slug.
    pub async fn by_slug(&self, slug: &str) -> Result<Option<Template>, StoreError> {
        if !is_storable(slug) {
            return Ok(None);
        }
        let row = template::Entity::find().filter(template::Column::Slug.eq(slug)).one(self.0.db()).await?;
        row.map(to_domain).transpose()
    }

    /// All templates.
    pub async fn all(&self) -> Result<Vec<Template>, StoreError> {
        template::Entity::find().all(self.0.db()).await?.into_iter().map(to_domain).collect()
    }

    /// A page of all templates, by slug.
    pub async fn page(&self, paging: &Paging) -> Result<Page<Template>, StoreError> {
        self.list(Condition::all(), paging).await
    }

    /// A page of those somebody may start: enabled, and given to them, to a group of theirs or to everybody.
    pub async fn page_for(
        &self,
        user: UserId,
        groups: &[GroupId],
        paging: &Paging,
    ) -> Result<Page<Template>, StoreError> {
        self.list(startable(user, groups), paging).await
    }

    async fn list(&self, condition: Condition, paging: &Paging) -> Result<Page<Template>, StoreError> {
        let mut select =
            template::Entity::find().filter(condition).order_by_asc(template::Column::Slug).limit(paging.limit + 1);
        if let Some(after) = paging.after::<String>() {
            select = select.filter(template::Column::Slug.gt(after));
        }
        let items = select.all(self.0.db()).await?.into_iter().map(to_domain).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, paging.limit, |template| template.spec.slug.clone()))
    }

    /// Stores a new template.
    pub async fn create(&self, spec: &TemplateSpec) -> Result<Template, TemplateError> {
        let mut write = self.0.write().await?;
        let (id, now) = (TemplateId::new(), now());
        write.about(&spec.slug);
        let template = Template { id, spec: spec.clone(), created_at: now, updated_at: now };
        let row = to_row(template);
        template::Entity::insert(row.clone().into_active_model()).exec_without_returning(&write.transaction).await?;
        write.commit().await?;
        Ok(to_domain(row)?)
    }

    /// Edits a template. Desktops that exist keep what they were made from until they are reset.
    pub async fn update(&self, template: &Template) -> Result<Template, TemplateError> {
        let write = self.0.write().await?;
        let template = Template { updated_at: now(), ..template.clone() };
        let row = to_row(template);
        row.clone().into_active_model().reset_all().update(&write.transaction).await?;
        write.commit().await?;
        Ok(to_domain(row)?)
    }

    /// Removes a template that no desktop is made from.
    pub async fn delete(&self, id: TemplateId) -> Result<(), TemplateError> {
        let write = self.0.write().await?;
        // Whoever is making a desktop of it holds the row as well: either we see the desktop, or it is not made.
        template::Entity::find_by_id(id).lock_exclusive().one(&write.transaction).await?;
        let used = desktop::Entity::find()
            .filter(desktop::Column::TemplateId.eq(id))
            .filter(rows::live())
            .count(&write.transaction)
            .await?;
        if used > 0 {
            return Err(TemplateError::InUse(used));
        }
        template::Entity::delete_by_id(id).exec(&write.transaction).await?;
        write.commit().await?;
        Ok(())
    }
}

fn startable(user: UserId, groups: &[GroupId]) -> Condition {
    let given = Query::select()
        .column(assignment::Column::TemplateId)
        .from(assignment::Entity)
        .cond_where(
            Condition::any()
                .add(assignment::Column::Everyone.eq(true))
                .add(assignment::Column::UserId.eq(user))
                .add(assignment::Column::GroupId.is_in(groups.iter().copied())),
        )
        .take();
    Condition::all().add(template::Column::Enabled.eq(true)).add(template::Column::Id.in_subquery(given))
}

fn to_domain(row: template::Model) -> Result<Template, StoreError> {
    let (id, created_at, updated_at) = (row.id, row.created_at, row.updated_at);
    Ok(Template { id, spec: to_spec(row)?, created_at, updated_at })
}

pub(crate) fn to_spec(row: template::Model) -> Result<TemplateSpec, StoreError> {
    let limits = limits(&row);
    let corrupt = |what: &str| StoreError::Corrupt(format!("{what} of template {}", row.slug));
    let env: BTreeMap<String, String> = serde_json::from_value(row.env).map_err(|_| corrupt("the environment"))?;
    let port = u16::try_from(row.port).map_err(|_| corrupt("the port"))?;
    Ok(TemplateSpec {
        slug: row.slug,
        name: row.name,
        description: row.description,
        icon: row.icon,
        image: row.image,
        port,
        protocol: row.protocol,
        verify_tls: row.verify_tls,
        path: row.path,
        env,
        vnc_user: row.vnc_user,
        cpus: row.cpus,
        memory_mb: row.memory_mb,
        pids: row.pids,
        shm_mb: row.shm_mb,
        home: row.home,
        network: row.network,
        client: row.client,
        health_path: row.health_path,
        limits,
        enabled: row.enabled,
    })
}

pub(crate) fn limits(row: &template::Model) -> OwnLimits {
    OwnLimits {
        idle_after: row.idle_after_seconds.map(TimeDelta::seconds),
        max_lifetime: row.max_lifetime_seconds.map(TimeDelta::seconds),
        nightly_stop: row.nightly_stop,
    }
}

/// The row that stands for a template, with its times cut to what both databases keep.
fn to_row(template: Template) -> template::Model {
    let spec = template.spec;
    template::Model {
        id: template.id,
        slug: spec.slug,
        name: storable(&spec.name),
        description: storable(&spec.description),
        icon: spec.icon,
        image: spec.image,
        port: i32::from(spec.port),
        protocol: spec.protocol,
        verify_tls: spec.verify_tls,
        path: spec.path,
        env: storable_json(serde_json::json!(spec.env)),
        vnc_user: spec.vnc_user,
        cpus: spec.cpus,
        memory_mb: spec.memory_mb,
        pids: spec.pids,
        shm_mb: spec.shm_mb,
        home: spec.home,
        network: spec.network,
        client: spec.client,
        health_path: spec.health_path,
        idle_after_seconds: spec.limits.idle_after.map(|span| span.num_seconds()),
        max_lifetime_seconds: spec.limits.max_lifetime.map(|span| span.num_seconds()),
        nightly_stop: spec.limits.nightly_stop,
        enabled: spec.enabled,
        created_at: stored(template.created_at),
        updated_at: stored(template.updated_at),
    }
}
