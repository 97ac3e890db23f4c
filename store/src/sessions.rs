use chrono::TimeDelta;
use domain::{SessionId, Timestamp, UserId};
use entity::{session, user};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter};
use secrecy::{ExposeSecret, SecretString};

use crate::{Store, StoreError, User, connection::now, secret, users};

/// Browsers that are signed in.
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'a>(pub(crate) &'a Store);

/// Unused for this long, a session ends.
const IDLE: TimeDelta = TimeDelta::hours(12);
/// However much it is used, a session ends after this.
const LIFETIME: TimeDelta = TimeDelta::days(7);
/// How exactly the last use is remembered.
const RESOLUTION: TimeDelta = TimeDelta::minutes(1);

impl Sessions<'_> {
    /// Signs a browser in. The secret is its cookie's value; only a hash of it is stored.
    pub async fn create(
        &self,
        user: UserId,
        user_agent: Option<&str>,
    ) -> Result<(SessionId, SecretString), StoreError> {
        let (id, secret, now) = (SessionId::new(), secret::random_token(), now());
        let row = session::ActiveModel {
            id: Set(id),
            user_id: Set(user),
            secret_hash: Set(secret::hash(&secret)),
            user_agent: Set(user_agent.map(|agent| agent.chars().take(200).collect())),
            created_at: Set(now),
            last_seen_at: Set(now),
            expires_at: Set(now + LIFETIME),
        };
        let write = self.0.write().await?;
        session::Entity::insert(row).exec_without_returning(&write.transaction).await?;
        write.commit().await?;
        Ok((id, secret.into()))
    }

    /// Whose session a cookie's value is, if it has not ended.
    pub async fn find(&self, secret: &SecretString) -> Result<Option<(SessionId, User)>, StoreError> {
        let row = session::Entity::find()
            .find_also_related(user::Entity)
            .filter(session::Column::SecretHash.eq(secret::hash(secret.expose_secret())))
            .filter(alive(now()))
            .one(self.0.db())
            .await?;
        match row {
            Some((session, Some(user))) => self.used(session, user).await,
            _ => Ok(None),
        }
    }

    /// Notes that a session was just used.
    pub(crate) async fn used(
        &self,
        session: session::Model,
        user: user::Model,
    ) -> Result<Option<(SessionId, User)>, StoreError> {
        let now = now();
        if session.last_seen_at < now - RESOLUTION {
            let write = self.0.write().await?;
            let seen = session::ActiveModel { id: Set(session.id), last_seen_at: Set(now), ..Default::default() };
            match seen.update(&write.transaction).await {
                // it was ended meanwhile
                Err(sea_orm::DbErr::RecordNotUpdated) => return Ok(None),
                other => other?,
            };
            write.commit().await?;
        }
        Ok(Some((session.id, users::to_domain(user))))
    }

    /// Signs a browser out.
    pub async fn end(&self, id: SessionId) -> Result<(), StoreError> {
        let write = self.0.write().await?;
        session::Entity::delete_by_id(id).exec(&write.transaction).await?;
        write.commit().await
    }

    /// Forgets sessions that have ended by themselves.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let write = self.0.write().await?;
        let gone =
            session::Entity::delete_many().filter(alive(now()).not()).exec(&write.transaction).await?.rows_affected;
        write.commit().await?;
        Ok(gone)
    }
}

/// A session that has not ended by itself.
pub(crate) fn alive(now: Timestamp) -> Condition {
    Condition::all().add(session::Column::ExpiresAt.gt(now)).add(session::Column::LastSeenAt.gt(now - IDLE))
}
