use chrono::TimeDelta;
use domain::{Timestamp, TokenId, UserId, access::Scope};
use entity::{token, user};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{Page, Paging, Store, StoreError, User, connection::now, secret, text::storable, users};

/// API tokens.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a>(pub(crate) &'a Store);

/// What a token's owner knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// Its first characters, to recognise it by.
    pub prefix: String,
    /// What it is good for; empty for everything its owner may.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub name: &'a str,
    /// What it is good for; empty for everything its owner may.
    pub scopes: &'a [Scope],
    /// How long it lasts; for ever where nothing is said.
    pub lifetime: Option<TimeDelta>,
}

/// Begins every token, so that scanners of code and logs find it.
const PREFIX: &str = "pult_";
const RESOLUTION: TimeDelta = TimeDelta::minutes(1);

impl Tokens<'_> {
    /// Makes a token. The secret is shown this once; only a hash of it is stored.
    pub async fn create(&self, new: &NewToken<'_>) -> Result<(Token, SecretString), StoreError> {
        let secret = format!("{PREFIX}{}", secret::random_token());
        let scopes: Vec<_> = new.scopes.iter().map(|scope| scope.as_str()).collect();
        let created_at = now();
        let row = token::ActiveModel {
            id: Set(TokenId::new()),
            user_id: Set(new.user),
            name: Set(storable(new.name)),
            prefix: Set(secret.chars().take(PREFIX.len() + 6).collect()),
            secret_hash: Set(secret::hash(&secret)),
            scopes: Set(scopes.join(" ")),
            created_at: Set(created_at),
            expires_at: Set(new.lifetime.map(|lifetime| created_at + lifetime)),
            last_used_at: Set(None),
        };
        let mut write = self.0.write().await?;
        let row = token::Entity::insert(row).exec_with_returning(&write.transaction).await?;
        write.about(row.id);
        write.commit().await?;
        Ok((to_domain(row)?, secret.into()))
    }

    /// Whose token this is, if it has not ended.
    pub async fn find(&self, secret: &SecretString) -> Result<Option<(Token, User)>, StoreError> {
        let now = now();
        let row = token::Entity::find()
            .find_also_related(user::Entity)
            .filter(token::Column::SecretHash.eq(secret::hash(secret.expose_secret())))
            .filter(user::Column::DeactivatedAt.is_null())
            .filter(alive(now))
            .one(self.0.db())
            .await?;
        let Some((token, Some(user))) = row else {
            return Ok(None);
        };
        if token.last_used_at.is_none_or(|used| used < now - RESOLUTION) {
            let write = self.0.write().await?;
            let touched = token::ActiveModel { id: Set(token.id), last_used_at: Set(Some(now)), ..Default::default() };
            match touched.update(&write.transaction).await {
                // it was revoked meanwhile
                Err(sea_orm::DbErr::RecordNotUpdated) => return Ok(None),
                other => other?,
            };
            write.commit().await?;
        }
        Ok(Some((to_domain(token)?, users::to_domain(user))))
    }

    /// A page of somebody's tokens, oldest first.
    pub async fn page(&self, user: UserId, paging: &Paging) -> Result<Page<Token>, StoreError> {
        let mut select = token::Entity::find()
            .filter(token::Column::UserId.eq(user))
            .order_by_asc(token::Column::Id)
            .limit(paging.limit + 1);
        if let Some(after) = paging.after::<TokenId>() {
            select = select.filter(token::Column::Id.gt(after));
        }
        let rows = select.all(self.0.db()).await?;
        let items = rows.into_iter().map(to_domain).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, paging.limit, |token| token.id))
    }

    /// Those of these tokens that have not ended.
    pub async fn alive_among(&self, ids: &[TokenId]) -> Result<Vec<TokenId>, StoreError> {
        let select = token::Entity::find().select_only().column(token::Column::Id);
        let select = select.filter(token::Column::Id.is_in(ids.iter().copied())).filter(alive(now()));
        Ok(select.into_tuple().all(self.0.db()).await?)
    }

    /// Revokes a token of somebody's. Whether there was one is told.
    pub async fn revoke(&self, user: UserId, id: TokenId) -> Result<bool, StoreError> {
        let write = self.0.write().await?;
        let gone = token::Entity::delete_many()
            .filter(token::Column::Id.eq(id))
            .filter(token::Column::UserId.eq(user))
            .exec(&write.transaction)
            .await?
            .rows_affected;
        if gone > 0 {
            write.commit().await?;
        }
        Ok(gone > 0)
    }
}

/// A token that has not ended by itself.
fn alive(now: Timestamp) -> Condition {
    Condition::any().add(token::Column::ExpiresAt.is_null()).add(token::Column::ExpiresAt.gt(now))
}

fn to_domain(row: token::Model) -> Result<Token, StoreError> {
    let scopes = row
        .scopes
        .split_whitespace()
        .map(|word| word.parse().map_err(|error: domain::UnknownWord| StoreError::Corrupt(error.to_string())))
        .collect::<Result<_, _>>()?;
    Ok(Token {
        id: row.id,
        user: row.user_id,
        name: row.name,
        prefix: row.prefix,
        scopes,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    })
}
