//! Wishes that scripts send again when they have not heard what became of the first.

use chrono::TimeDelta;
use domain::UserId;
use entity::{desktop, idempotency_key};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::{Desktops, Requested, beside, rows};
use crate::{Store, StoreError, connection::now, secret};

/// How long a wish is recognised.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// What tells a wish that is sent again from a new one.
#[derive(Debug, Clone, Copy)]
pub struct Once<'a> {
    /// What its sender tells it apart by, without NUL.
    pub key: &'a str,
    /// What is asked for.
    pub request: &'a str,
}

/// What is known of a wish.
pub(super) enum Known {
    /// It is new.
    Not,
    /// It was carried out.
    As(Box<Requested>),
    /// Something else was asked for with its key.
    AsAnother,
}

impl Once<'_> {
    fn hash(&self) -> String {
        secret::hash(self.request)
    }

    /// What became of this wish, where it was sent before.
    pub(super) async fn known(&self, user: UserId, transaction: &DatabaseTransaction) -> Result<Known, StoreError> {
        let found = idempotency_key::Entity::find_by_id((user, self.key.to_owned())).one(transaction).await?;
        let Some(found) = found else {
            return Ok(Known::Not);
        };
        if found.created_at <= now() - KEPT {
            idempotency_key::Entity::delete_by_id((user, self.key.to_owned())).exec(transaction).await?;
            return Ok(Known::Not);
        }
        if found.request_hash != self.hash() {
            return Ok(Known::AsAnother);
        }
        // also where it is removed by now
        let row = rows::joined().filter(desktop::Column::Id.eq(found.desktop_id)).one(transaction).await?;
        let Some(row) = row else {
            return Ok(Known::Not);
        };
        let mut details = rows::to_details(row)?;
        beside::complete(std::slice::from_mut(&mut details), transaction).await?;
        let requested = if found.is_new { Requested::New(details) } else { Requested::Existing(details) };
        Ok(Known::As(Box::new(requested)))
    }

    /// Remembers what became of it.
    pub(super) async fn remember(
        &self,
        user: UserId,
        requested: &Requested,
        transaction: &DatabaseTransaction,
    ) -> Result<(), StoreError> {
        let (Requested::New(details) | Requested::Existing(details)) = requested;
        let row = idempotency_key::ActiveModel {
            user_id: Set(user),
            key: Set(self.key.to_owned()),
            request_hash: Set(self.hash()),
            desktop_id: Set(details.desktop.id),
            is_new: Set(matches!(requested, Requested::New(_))),
            created_at: Set(now()),
        };
        idempotency_key::Entity::insert(row).exec_without_returning(transaction).await?;
        Ok(())
    }
}

impl Desktops<'_> {
    /// Forgets wishes that are not recognised any more.
    pub async fn purge_wishes(&self) -> Result<u64, StoreError> {
        let store: &Store = self.0;
        let write = store.write().await?;
        let gone = idempotency_key::Entity::delete_many()
            .filter(idempotency_key::Column::CreatedAt.lte(now() - KEPT))
            .exec(&write.transaction)
            .await?
            .rows_affected;
        write.commit().await?;
        Ok(gone)
    }
}
