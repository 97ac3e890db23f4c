//! Sessions as somebody sees and ends their own, or an administrator anybody's.

use domain::{SessionId, Timestamp, UserId};
use entity::session;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::{Sessions, alive};
use crate::{Page, Paging, StoreError, connection::now};

/// What is known of a browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// When somebody signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends, unless it is used before.
    pub ends_unused_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl Sessions<'_> {
    /// A page of somebody's sessions that have not ended, the newest first.
    pub async fn page(&self, user: UserId, paging: &Paging) -> Result<Page<Session>, StoreError> {
        let mut select = session::Entity::find()
            .filter(session::Column::UserId.eq(user))
            .filter(alive(now()))
            .order_by_desc(session::Column::Id)
            .limit(paging.limit + 1);
        if let Some(before) = paging.after::<SessionId>() {
            select = select.filter(session::Column::Id.lt(before));
        }
        let items = select.all(self.0.db()).await?.into_iter().map(to_domain).collect();
        Ok(Page::of(items, paging.limit, |session: &Session| session.id))
    }

    /// Ends a session of somebody's. Whether there was one is told.
    pub async fn end_of(&self, user: UserId, id: SessionId) -> Result<bool, StoreError> {
        let which = Condition::all().add(session::Column::UserId.eq(user)).add(session::Column::Id.eq(id));
        Ok(!self.end_where(which).await?.is_empty())
    }

    /// Ends all sessions of somebody's, or all but one, and yields which.
    pub async fn end_all_of(&self, user: UserId, but: Option<SessionId>) -> Result<Vec<SessionId>, StoreError> {
        let which = Condition::all().add(session::Column::UserId.eq(user));
        self.end_where(which.add_option(but.map(|but| session::Column::Id.ne(but)))).await
    }

    async fn end_where(self, which: Condition) -> Result<Vec<SessionId>, StoreError> {
        let mut write = self.0.write().await?;
        let rows = session::Entity::find().filter(which).order_by_asc(session::Column::Id).lock_exclusive();
        let ended: Vec<_> = rows.all(&write.transaction).await?.into_iter().map(|session| session.id).collect();
        let rows = session::Entity::delete_many().filter(session::Column::Id.is_in(ended.iter().copied()));
        rows.exec(&write.transaction).await?;
        if !ended.is_empty() {
            write.learned(&json!({ "sessions": ended }));
            write.commit().await?;
        }
        Ok(ended)
    }

    /// Those of these sessions that have not ended.
    pub async fn alive_among(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        let select = session::Entity::find().select_only().column(session::Column::Id);
        let select = select.filter(session::Column::Id.is_in(ids.iter().copied())).filter(alive(now()));
        Ok(select.into_tuple().all(self.0.db()).await?)
    }
}

fn to_domain(row: session::Model) -> Session {
    Session {
        id: row.id,
        user_agent: row.user_agent,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        ends_unused_at: row.last_seen_at + super::IDLE,
        expires_at: row.expires_at,
    }
}
