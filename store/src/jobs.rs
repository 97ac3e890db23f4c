use domain::{JobId, Timestamp, UserId};
use entity::job;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use crate::{Page, Paging, Store, StoreError, connection::now, desktops::rows::is_unique_violation, text::storable};

/// Work that takes long enough to be watched.
#[derive(Debug, Clone, Copy)]
pub struct Jobs<'a>(pub(crate) &'a Store);

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Nobody has begun it.
    Waiting,
    /// It is under way.
    Running,
    /// It is done.
    Done,
    /// It could not be done; the message says why.
    Failed,
}

impl JobState {
    /// The word that is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    const fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// A job, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What is done: `pull`.
    pub kind: String,
    /// How far it is.
    pub state: String,
    /// To what: an image, for a pull.
    pub subject: String,
    /// 0 to 1, where it can be told.
    pub progress: Option<f64>,
    /// What is happening.
    pub message: String,
    /// Who wanted it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The installation's counter at the last change.
    pub revision: i64,
}

/// A job that pulls an image.
pub const PULL: &str = "pull";

impl Jobs<'_> {
    /// Orders a pull of an image; the one that waits or runs already, if there is one.
    pub async fn order_pull(&self, image: &str, by: UserId) -> Result<Job, StoreError> {
        loop {
            match self.try_order_pull(image, by).await {
                // ordered twice at once: look again
                Err(StoreError::Database(error)) if is_unique_violation(&error) => {}
                answer => return answer,
            }
        }
    }

    async fn try_order_pull(&self, image: &str, by: UserId) -> Result<Job, StoreError> {
        let mut write = self.0.write().await?;
        let open = job::Entity::find()
            .filter(job::Column::Kind.eq(PULL))
            .filter(job::Column::Subject.eq(image))
            .filter(job::Column::FinishedAt.is_null())
            .one(&write.transaction)
            .await?;
        if let Some(row) = open {
            return Ok(to_domain(row));
        }
        let row = job::Model {
            id: JobId::new(),
            kind: PULL.to_owned(),
            state: JobState::Waiting.as_str().to_owned(),
            subject: image.to_owned(),
            progress: None,
            message: String::new(),
            created_by: Some(by),
            created_at: now(),
            finished_at: None,
            revision: write.revision().await?,
        };
        job::Entity::insert(row.clone().into_active_model()).exec_without_returning(&write.transaction).await?;
        write.commit().await?;
        Ok(to_domain(row))
    }

    /// One job.
    pub async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        Ok(job::Entity::find_by_id(id).one(self.0.db()).await?.map(to_domain))
    }

    /// A page of jobs, oldest first.
    pub async fn page(&self, paging: &Paging) -> Result<Page<Job>, StoreError> {
        let mut select = job::Entity::find().order_by_asc(job::Column::Id).limit(paging.limit + 1);
        if let Some(after) = paging.after::<JobId>() {
            select = select.filter(job::Column::Id.gt(after));
        }
        let items = select.all(self.0.db()).await?.into_iter().map(to_domain).collect();
        Ok(Page::of(items, paging.limit, |job: &Job| job.id))
    }

    /// Jobs that have not ended, oldest first.
    pub async fn open(&self) -> Result<Vec<Job>, StoreError> {
        let rows = job::Entity::find().filter(job::Column::FinishedAt.is_null()).order_by_asc(job::Column::Id);
        Ok(rows.all(self.0.db()).await?.into_iter().map(to_domain).collect())
    }

    /// Jobs that changed after a revision.
    pub async fn since(&self, revision: i64) -> Result<Vec<Job>, StoreError> {
        let rows = job::Entity::find().filter(job::Column::Revision.gt(revision)).all(self.0.db()).await?;
        Ok(rows.into_iter().map(to_domain).collect())
    }

    /// Says how far a job is. One that has ended stays as it is.
    pub async fn report(
        &self,
        id: JobId,
        state: JobState,
        progress: Option<f64>,
        message: &str,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write().await?;
        let select = job::Entity::find_by_id(id).filter(job::Column::FinishedAt.is_null()).lock_exclusive();
        let Some(row) = select.one(&write.transaction).await? else {
            return Ok(());
        };
        let mut row = row.into_active_model();
        row.state = Set(state.as_str().to_owned());
        row.progress = Set(progress);
        row.message = Set(storable(message));
        row.finished_at = Set(state.has_ended().then(now));
        row.revision = Set(write.revision().await?);
        row.update(&write.transaction).await?;
        write.commit().await
    }
}

fn to_domain(row: job::Model) -> Job {
    Job {
        id: row.id,
        kind: row.kind,
        state: row.state,
        subject: row.subject,
        progress: row.progress,
        message: row.message,
        created_by: row.created_by,
        created_at: row.created_at,
        finished_at: row.finished_at,
        revision: row.revision,
    }
}
