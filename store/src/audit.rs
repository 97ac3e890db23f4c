use domain::{AuditId, Timestamp, UserId};
use entity::audit;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    Page, Paging, Store, StoreError,
    connection::{now, stored},
    text::{storable, storable_json},
};

/// Who did what.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a>(pub(crate) &'a Store);

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who; nobody where Pult acted by itself.
    pub actor: Option<UserId>,
    /// What was done: a stable word such as `template.create`.
    pub action: String,
    /// To what.
    pub object: Option<String>,
    /// What else is worth knowing.
    pub detail: Option<serde_json::Value>,
}

impl Audit<'_> {
    /// Writes a line.
    pub async fn record(
        &self,
        actor: Option<UserId>,
        action: &str,
        object: Option<String>,
        detail: Option<serde_json::Value>,
    ) -> Result<(), StoreError> {
        let row = audit::ActiveModel {
            id: Set(AuditId::new()),
            at: Set(now()),
            actor_id: Set(actor),
            action: Set(action.to_owned()),
            object: Set(object.as_deref().map(storable)),
            detail: Set(detail.map(storable_json)),
        };
        let write = self.0.write().await?;
        audit::Entity::insert(row).exec_without_returning(&write.transaction).await?;
        write.commit().await
    }

    /// Forgets lines from before a moment; how many there were.
    pub async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let write = self.0.write().await?;
        let gone = audit::Entity::delete_many().filter(audit::Column::At.lt(stored(before)));
        let gone = gone.exec(&write.transaction).await?.rows_affected;
        write.commit().await?;
        Ok(gone)
    }

    /// A page of lines, newest first.
    pub async fn page(&self, paging: &Paging) -> Result<Page<Entry>, StoreError> {
        let mut select = audit::Entity::find().order_by_desc(audit::Column::Id).limit(paging.limit + 1);
        if let Some(before) = paging.after::<AuditId>() {
            select = select.filter(audit::Column::Id.lt(before));
        }
        let rows = select.all(self.0.db()).await?;
        let items = rows
            .into_iter()
            .map(|row| Entry {
                id: row.id,
                at: row.at,
                actor: row.actor_id,
                action: row.action,
                object: row.object,
                detail: row.detail,
            })
            .collect();
        Ok(Page::of(items, paging.limit, |entry: &Entry| entry.id))
    }
}
