use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::{DesktopId, TemplateId, access::Grant, desktop::Desktop, template::TemplateSpec};
use entity::{desktop, template};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use secrecy::SecretString;
use tracing::error;

use crate::{Store, StoreError, desktops::rows, grants, text::is_storable};

/// Rows that are read with one query. Databases bound how many values one may name (SQLite: 32,766).
const AT_ONCE: usize = 500;

/// What the gateway needs of desktops.
#[derive(Debug, Clone, Copy)]
pub struct Routes<'a>(pub(crate) &'a Store);

/// A desktop, what it is made from, and its password.
#[derive(Debug, Clone)]
pub struct RouteRow {
    /// The desktop.
    pub desktop: Desktop,
    /// What it is made from: one for all that are.
    pub template: Arc<TemplateSpec>,
    /// The password of its container, once that was made; none either where it was sealed with another key.
    pub password: Option<SecretString>,
    /// First part of its own host name, there as soon as the password is.
    pub host_label: Option<String>,
    /// Who else may look into it now.
    pub grants: Vec<Grant>,
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
        // The counter first: what is committed in between is found again next time, never skipped.
        let until = self.0.revision().await?;
        let select = desktop::Entity::find().filter(desktop::Column::Revision.gt(revision));
        let (removed, live): (Vec<_>, Vec<_>) =
            select.all(self.0.db()).await?.into_iter().partition(|row| row.removed_at.is_some());
        let removed = removed.into_iter().map(|row| row.id).collect();
        Ok(RouteChanges { rows: self.to_routes(live).await?, removed, revision: until })
    }

    /// All of them.
    pub async fn all(&self) -> Result<RouteChanges, StoreError> {
        self.differing(&HashMap::new()).await
    }

    /// What is not as it is known, by the revision of each desktop's last change. As a rule that is nothing, and costs
    /// no more than two numbers a desktop.
    pub async fn differing(&self, known: &HashMap<DesktopId, i64>) -> Result<RouteChanges, StoreError> {
        let until = self.0.revision().await?;
        let live: HashMap<DesktopId, i64> = desktop::Entity::find()
            .select_only()
            .columns([desktop::Column::Id, desktop::Column::Revision])
            .filter(rows::live())
            .into_tuple::<(DesktopId, i64)>()
            .all(self.0.db())
            .await?
            .into_iter()
            .collect();
        let removed = known.keys().filter(|id| !live.contains_key(id)).copied().collect();
        let differing: Vec<_> =
            live.into_iter().filter(|(id, revision)| known.get(id) != Some(revision)).map(|(id, _)| id).collect();
        let mut routes = Vec::with_capacity(differing.len());
        for some in differing.chunks(AT_ONCE) {
            let select = desktop::Entity::find().filter(desktop::Column::Id.is_in(some.iter().copied()));
            let rows = select.filter(rows::live()).all(self.0.db()).await?;
            routes.extend(self.to_routes(rows).await?);
        }
        Ok(RouteChanges { rows: routes, removed, revision: until })
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
        let select = desktop::Entity::find().filter(column.eq(value)).filter(rows::live());
        let row = select.one(self.0.db()).await?;
        Ok(self.to_routes(row.into_iter().collect()).await?.pop())
    }

    /// With what each is made from. A school has thousands of desktops and a dozen templates, so these are read once.
    async fn to_routes(self, rows: Vec<desktop::Model>) -> Result<Vec<RouteRow>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let used: HashSet<_> = rows.iter().map(|row| row.template_id).collect();
        let templates =
            template::Entity::find().filter(template::Column::Id.is_in(used)).all(self.0.db()).await?.into_iter();
        let templates: HashMap<TemplateId, _> = templates
            .map(|row| Ok((row.id, Arc::new(crate::templates::to_spec(row)?))))
            .collect::<Result<_, StoreError>>()?;
        let mut grants = Vec::new();
        for some in rows.chunks(AT_ONCE) {
            grants.extend(grants::live(some.iter().map(|row| row.id), self.0.db()).await?);
        }
        let of = |row: &desktop::Model| {
            grants.iter().map(|grant| grant.right).filter(|right| right.desktop == row.id).collect()
        };
        let to_route = |row: desktop::Model| match templates.get(&row.template_id) {
            Some(template) => Ok(RouteRow { grants: of(&row), ..self.to_route(row, Arc::clone(template)) }),
            None => Err(StoreError::Corrupt("a desktop's template is missing".to_owned())),
        };
        rows.into_iter().map(to_route).collect()
    }

    fn to_route(self, row: desktop::Model, template: Arc<TemplateSpec>) -> RouteRow {
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
        RouteRow { desktop: rows::to_domain(row), template, password, host_label, grants: Vec::new() }
    }
}
