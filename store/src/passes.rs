use chrono::TimeDelta;
use domain::{DesktopId, PassId, SessionId};
use entity::{pass, session, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use secrecy::{ExposeSecret, SecretString};

use crate::{Store, StoreError, User, connection::now, secret, sessions};

/// How long a ticket can be exchanged: one redirect takes a fraction of it.
const TICKET: TimeDelta = TimeDelta::seconds(30);

/// Browsers' ways onto desktops' own hosts.
///
/// The app's cookie does not reach those hosts. So the app gives the browser a *ticket*, and the desktop's host
/// exchanges it, once, for a cookie of its own. Both belong to one session and to one desktop, and both end with that
/// session, whatever ends it: their row goes with its row.
///
/// A ticket is good in one browser only: it is made for a *challenge*, and exchanged for who knows the word behind it
/// ([`crate::challenge`]), which that browser keeps for the desktop's host alone. A ticket that was read on the way, or
/// that somebody hands to somebody else, opens nothing.
#[derive(Debug, Clone, Copy)]
pub struct Passes<'a>(pub(crate) &'a Store);

impl Passes<'_> {
    /// Makes a ticket for whoever knows the word behind a challenge. Only hashes are stored.
    pub async fn issue(
        &self,
        session: SessionId,
        desktop: DesktopId,
        challenge: &str,
    ) -> Result<SecretString, StoreError> {
        let (ticket, now) = (secret::random_token(), now());
        let row = pass::ActiveModel {
            id: Set(PassId::new()),
            session_id: Set(session),
            desktop_id: Set(desktop),
            secret_hash: Set(hash_of(&ticket, challenge)),
            exchange_until: Set(Some(now + TICKET)),
            created_at: Set(now),
        };
        let write = self.0.write().await?;
        pass::Entity::insert(row).exec_without_returning(&write.transaction).await?;
        write.commit().await?;
        Ok(ticket.into())
    }

    /// Exchanges a ticket for a cookie's value; however often and by however many at once it is tried, one gets it.
    /// None where the ticket was used, is too old, is another desktop's, or was made for another word.
    pub async fn exchange(
        &self,
        ticket: &SecretString,
        word: &SecretString,
        desktop: DesktopId,
    ) -> Result<Option<SecretString>, StoreError> {
        let (cookie, now) = (secret::random_token(), now());
        let shown = hash_of(ticket.expose_secret(), &secret::challenge(word));
        let write = self.0.write().await?;
        let exchanged = pass::Entity::update_many()
            .col_expr(pass::Column::SecretHash, Expr::value(secret::hash(&cookie)))
            .col_expr(pass::Column::ExchangeUntil, Expr::value(None::<domain::Timestamp>))
            .filter(pass::Column::SecretHash.eq(shown))
            .filter(pass::Column::DesktopId.eq(desktop))
            .filter(pass::Column::ExchangeUntil.gt(now))
            .exec(&write.transaction)
            .await?;
        write.commit().await?;
        Ok((exchanged.rows_affected == 1).then(|| cookie.into()))
    }

    /// Whose session stands behind a desktop's cookie, if it has not ended.
    pub async fn find(
        &self,
        cookie: &SecretString,
        desktop: DesktopId,
    ) -> Result<Option<(SessionId, User)>, StoreError> {
        let row = pass::Entity::find()
            .find_also_related(session::Entity)
            .and_also_related(user::Entity)
            .filter(pass::Column::SecretHash.eq(secret::hash(cookie.expose_secret())))
            .filter(pass::Column::DesktopId.eq(desktop))
            .filter(pass::Column::ExchangeUntil.is_null())
            .filter(sessions::alive(now()))
            .filter(user::Column::DeactivatedAt.is_null())
            .one(self.0.db())
            .await?;
        let Some((_, Some(session), Some(user))) = row else {
            return Ok(None);
        };
        self.0.sessions().used(session, user).await
    }

    /// Forgets tickets that nobody exchanged.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let write = self.0.write().await?;
        let gone = pass::Entity::delete_many().filter(pass::Column::ExchangeUntil.lte(now())).exec(&write.transaction);
        let gone = gone.await?.rows_affected;
        write.commit().await?;
        Ok(gone)
    }
}

/// What is stored of a ticket: it is worth nothing without the word behind its challenge.
fn hash_of(ticket: &str, challenge: &str) -> String {
    secret::hash(&format!("{ticket}:{challenge}"))
}
