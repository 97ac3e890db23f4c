use domain::Timestamp;
use entity::engine;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use crate::{Store, StoreError, connection::now, text::storable};

/// What is known of the engines.
#[derive(Debug, Clone, Copy)]
pub struct Engines<'a>(pub(crate) &'a Store);

/// Whether an engine answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineStatus {
    /// Whether it answered when last asked.
    pub reachable: bool,
    /// Since when that is so.
    pub since: Option<Timestamp>,
    /// When the database was last compared with all it shows.
    pub checked_at: Option<Timestamp>,
    /// What went wrong.
    pub message: Option<String>,
    /// The installation's counter when it last changed sides.
    pub revision: i64,
}

impl Engines<'_> {
    /// The engine of a node, if a worker has ever spoken of it.
    pub async fn get(&self, name: &str) -> Result<Option<EngineStatus>, StoreError> {
        Ok(engine::Entity::find_by_id(name.to_owned()).one(self.0.db()).await?.map(to_domain))
    }

    /// Says whether an engine answers. Followers learn of it if that has changed.
    pub async fn report(&self, name: &str, reachable: bool, message: Option<String>) -> Result<(), StoreError> {
        let mut write = self.0.write().await?;
        let known = engine::Entity::find_by_id(name.to_owned()).lock_exclusive().one(&write.transaction).await?;
        if known.as_ref().is_some_and(|known| known.reachable == reachable && known.since.is_some()) {
            return Ok(());
        }
        let row = engine::ActiveModel {
            name: Set(name.to_owned()),
            reachable: Set(reachable),
            since: Set(Some(now())),
            checked_at: Set(known.and_then(|known| known.checked_at)),
            message: Set(message.as_deref().map(storable)),
            revision: Set(write.revision().await?),
        };
        let columns =
            [engine::Column::Reachable, engine::Column::Since, engine::Column::Message, engine::Column::Revision];
        engine::Entity::insert(row)
            .on_conflict(OnConflict::column(engine::Column::Name).update_columns(columns).to_owned())
            .exec_without_returning(&write.transaction)
            .await?;
        write.commit().await
    }

    /// Says that the database was compared with all an engine shows. Raises no revision.
    pub async fn checked(&self, name: &str) -> Result<(), StoreError> {
        let write = self.0.write().await?;
        engine::Entity::update_many()
            .col_expr(engine::Column::CheckedAt, Expr::value(now()))
            .filter(engine::Column::Name.eq(name))
            .exec(&write.transaction)
            .await?;
        write.commit().await
    }
}

fn to_domain(row: engine::Model) -> EngineStatus {
    EngineStatus {
        reachable: row.reachable,
        since: row.since,
        checked_at: row.checked_at,
        message: row.message,
        revision: row.revision,
    }
}
