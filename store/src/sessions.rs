use chrono::TimeDelta;
use domain::{SessionId, Timestamp, UserId};
use entity::{session, user};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, LockBehavior, LockType},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::{Deed, Store, StoreError, User, connection::now, secret, users};

mod list;

pub use list::Session;

/// Browsers that are signed in.
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'a>(pub(crate) &'a Store);

/// Unused for this long, a session ends.
const IDLE: TimeDelta = TimeDelta::hours(12);
/// However much it is used, a session ends after this.
const LIFETIME: TimeDelta = TimeDelta::days(7);
/// The same, where a provider vouched that does not tell when it is over for it.
const SCHOOL_DAY: TimeDelta = TimeDelta::hours(12);
/// How exactly the last use is remembered.
const RESOLUTION: TimeDelta = TimeDelta::minutes(1);

/// What an identity provider says of a session.
#[derive(Debug, Clone, Copy)]
pub struct Vouched<'a> {
    /// The provider, as it is called in the configuration.
    pub provider: &'a str,
    /// The session's id there.
    pub sid: Option<&'a str>,
    /// What it vouches with. Stored sealed.
    pub id_token: &'a SecretString,
    /// What it can be asked again with.
    pub tokens: ProviderTokens<'a>,
    /// Whether it tells when it has signed somebody out.
    pub is_told_of_its_end: bool,
}

/// With what a provider can be asked who somebody is. Stored sealed.
#[derive(Debug, Clone, Copy)]
pub struct ProviderTokens<'a> {
    /// Shown to it.
    pub access: &'a SecretString,
    /// Gives another one of the first.
    pub refresh: Option<&'a SecretString>,
}

/// A session whose person the provider is to be asked about again.
#[derive(Debug, Clone)]
pub struct AskAgain {
    /// The session.
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The provider that vouched, as it is called in the configuration.
    pub provider: String,
    /// What it vouched with.
    pub id_token: SecretString,
    /// What to show it.
    pub access: SecretString,
    /// What gives another one of that.
    pub refresh: Option<SecretString>,
}

/// Whom a provider has signed out.
#[derive(Debug, Clone, Copy)]
pub enum SignedOut<'a> {
    /// The session of this id there.
    Session(&'a str),
    /// A person, everywhere.
    Person {
        /// The provider.
        issuer: &'a str,
        /// Their id there.
        subject: &'a str,
    },
}

impl Sessions<'_> {
    /// Signs a browser in. The secret is its cookie's value; only a hash of it is stored.
    pub async fn create(
        &self,
        user: UserId,
        user_agent: Option<&str>,
    ) -> Result<(SessionId, SecretString), StoreError> {
        self.make(user, user_agent, None).await
    }

    /// The same, for somebody for whom an identity provider vouches.
    pub async fn create_vouched(
        &self,
        user: UserId,
        user_agent: Option<&str>,
        vouched: Vouched<'_>,
    ) -> Result<(SessionId, SecretString), StoreError> {
        self.make(user, user_agent, Some(vouched)).await
    }

    async fn make(
        &self,
        user: UserId,
        user_agent: Option<&str>,
        vouched: Option<Vouched<'_>>,
    ) -> Result<(SessionId, SecretString), StoreError> {
        let (id, secret, now) = (SessionId::new(), secret::random_token(), now());
        let refresh = vouched.and_then(|vouched| vouched.tokens.refresh);
        let lifetime = if vouched.is_none_or(|vouched| vouched.is_told_of_its_end) { LIFETIME } else { SCHOOL_DAY };
        let row = session::ActiveModel {
            id: Set(id),
            user_id: Set(user),
            secret_hash: Set(secret::hash(&secret)),
            user_agent: Set(user_agent.map(|agent| agent.chars().take(200).collect())),
            created_at: Set(now),
            last_seen_at: Set(now),
            expires_at: Set(now + lifetime),
            provider: Set(vouched.map(|vouched| vouched.provider.to_owned())),
            provider_sid: Set(vouched.and_then(|vouched| vouched.sid.map(str::to_owned))),
            id_token: Set(vouched.map(|vouched| self.seal(id, vouched.id_token)).transpose()?),
            access_token: Set(vouched.map(|vouched| self.seal(id, vouched.tokens.access)).transpose()?),
            refresh_token: Set(refresh.map(|token| self.seal(id, token)).transpose()?),
            asked_at: Set(vouched.map(|_| now)),
        };
        let mut write = self.0.write().await?;
        write.about(id);
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
            .filter(user::Column::DeactivatedAt.is_null())
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
        let gone = session::Entity::delete_by_id(id).exec(&write.transaction).await?;
        if gone.rows_affected > 0 { write.commit().await } else { Ok(()) }
    }

    /// Takes a session that is in use and whose provider was not asked for this long, the one first that waits longest;
    /// it counts as asked from now on, so several processes ask for different ones.
    pub async fn ask_again(&self, after: TimeDelta) -> Result<Option<AskAgain>, StoreError> {
        let now = now();
        let write = self.0.write().await?;
        let row = session::Entity::find()
            .filter(session::Column::AccessToken.is_not_null())
            .filter(session::Column::AskedAt.lte(now - after))
            .filter(session::Column::LastSeenAt.gt(now - after - RESOLUTION))
            .filter(session::Column::ExpiresAt.gt(now))
            .order_by_asc(session::Column::AskedAt)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .one(&write.transaction)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let asked = session::ActiveModel { id: Set(row.id), asked_at: Set(Some(now)), ..Default::default() };
        asked.update(&write.transaction).await?;
        write.commit().await?;
        let open = |sealed: &String| self.0.sealer().open(sealed, &place(row.id));
        let (Some(provider), Some(id_token), Some(access)) = (&row.provider, &row.id_token, &row.access_token) else {
            return Err(StoreError::Corrupt("a session that nobody vouched for".to_owned()));
        };
        Ok(Some(AskAgain {
            session: row.id,
            user: row.user_id,
            provider: provider.clone(),
            id_token: open(id_token)?,
            access: open(access)?,
            refresh: row.refresh_token.as_ref().map(open).transpose()?,
        }))
    }

    /// Remembers with what a session's provider can be asked next; with nothing, it is not asked again.
    pub async fn keep_tokens(&self, id: SessionId, tokens: Option<ProviderTokens<'_>>) -> Result<(), StoreError> {
        let access = tokens.map(|tokens| self.seal(id, tokens.access)).transpose()?;
        let refresh = tokens.and_then(|tokens| tokens.refresh).map(|token| self.seal(id, token)).transpose()?;
        let write = self.0.write().await?;
        // none is there to update where it has ended meanwhile
        session::Entity::update_many()
            .col_expr(session::Column::AccessToken, Expr::value(access))
            .col_expr(session::Column::RefreshToken, Expr::value(refresh))
            .filter(session::Column::Id.eq(id))
            .exec(&write.transaction)
            .await?;
        write.commit().await
    }

    fn seal(self, id: SessionId, token: &SecretString) -> Result<String, StoreError> {
        Ok(self.0.sealer().seal(token.expose_secret(), &place(id))?)
    }

    /// The provider that vouched for a session.
    pub async fn provider(&self, id: SessionId) -> Result<Option<String>, StoreError> {
        Ok(session::Entity::find_by_id(id).one(self.0.db()).await?.and_then(|row| row.provider))
    }

    /// The provider that vouched for a session, and what it vouched with.
    pub async fn vouched(&self, id: SessionId) -> Result<Option<(String, SecretString)>, StoreError> {
        let row = session::Entity::find_by_id(id).one(self.0.db()).await?;
        let Some((provider, id_token)) = row.and_then(|row| row.provider.zip(row.id_token)) else {
            return Ok(None);
        };
        Ok(Some((provider, self.0.sealer().open(&id_token, &place(id))?)))
    }

    /// Signs out whom a provider has signed out: one of its sessions, or one person in all of them. Yields what ended.
    pub async fn end_vouched(&self, provider: &str, whom: SignedOut<'_>) -> Result<Vec<SessionId>, StoreError> {
        let mut select = session::Entity::find().filter(session::Column::Provider.eq(provider));
        select = match whom {
            SignedOut::Session(sid) => select.filter(session::Column::ProviderSid.eq(sid)),
            SignedOut::Person { issuer, subject } => {
                let person = user::Entity::find()
                    .select_only()
                    .column(user::Column::Id)
                    .filter(user::Column::Issuer.eq(issuer))
                    .filter(user::Column::Subject.eq(subject).or(user::Column::Alias.eq(subject)));
                select.filter(session::Column::UserId.in_subquery(person.into_query()))
            }
        };
        let mut write = self.0.write().await?;
        let ended: Vec<_> = select.all(&write.transaction).await?.into_iter().map(|session| session.id).collect();
        session::Entity::delete_many()
            .filter(session::Column::Id.is_in(ended.iter().copied()))
            .exec(&write.transaction)
            .await?;
        for session in &ended {
            write.note(Deed::ours("session.end").on(session).with(json!({ "provider": provider })));
        }
        write.commit().await?;
        Ok(ended)
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

/// Where a session's token is sealed for.
fn place(id: SessionId) -> String {
    format!("session {id}")
}

/// A session that has not ended by itself.
pub(crate) fn alive(now: Timestamp) -> Condition {
    Condition::all().add(session::Column::ExpiresAt.gt(now)).add(session::Column::LastSeenAt.gt(now - IDLE))
}
