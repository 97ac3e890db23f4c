use domain::Timestamp;
use entity::job_run;
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};

use crate::{Store, StoreError, connection::stored};

/// When jobs of the schedule last ran.
#[derive(Debug, Clone, Copy)]
pub struct Schedule<'a>(pub(crate) &'a Store);

impl Schedule<'_> {
    /// When a job was last started.
    pub async fn last_started(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        let row = job_run::Entity::find_by_id(name.to_owned()).one(self.0.db()).await?;
        Ok(row.map(|row| row.last_started_at))
    }

    /// Remembers that a job is being started.
    pub async fn started(&self, name: &str, at: Timestamp) -> Result<(), StoreError> {
        let row = job_run::ActiveModel { name: Set(name.to_owned()), last_started_at: Set(stored(at)) };
        let write = self.0.write().await?;
        job_run::Entity::insert(row)
            .on_conflict(
                OnConflict::column(job_run::Column::Name).update_column(job_run::Column::LastStartedAt).to_owned(),
            )
            .exec_without_returning(&write.transaction)
            .await?;
        write.commit().await
    }
}
