use domain::{
    UserId,
    access::{Role, UserKind},
};
use entity::{token, user};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    Ended, Page, Paging, Store, StoreError, User,
    connection::now,
    grants,
    text::{is_storable, storable},
    users::{canonical, to_domain},
};

/// Accounts of programs: they have tokens, and nothing to sign in with.
#[derive(Debug, Clone, Copy)]
pub struct Services<'a>(pub(crate) &'a Store);

/// Why there is no such service account.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Somebody who signs in has the name.
    #[error("a person has this name")]
    Person,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for ServiceError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl Services<'_> {
    /// The account of this name, made if there is none, and as it is told from now on. Whether it was made is told.
    pub async fn put(&self, name: &str, display_name: &str, role: Role) -> Result<(User, bool), ServiceError> {
        let mut write = self.0.write().await?;
        let name = canonical(name);
        let there = user::Entity::find().filter(user::Column::Username.eq(&name)).lock_exclusive();
        let there = there.one(&write.transaction).await?;
        let is_new = there.is_none();
        let row = match there {
            Some(row) if row.kind != UserKind::Service => return Err(ServiceError::Person),
            Some(row) => {
                let now = user::ActiveModel {
                    id: Set(row.id),
                    display_name: Set(storable(display_name)),
                    role: Set(role),
                    deactivated_at: Set(None),
                    ..Default::default()
                };
                now.update(&write.transaction).await?
            }
            None => {
                let row = user::ActiveModel {
                    id: Set(UserId::new()),
                    username: Set(name),
                    display_name: Set(storable(display_name)),
                    role: Set(role),
                    password_hash: Set(None),
                    issuer: Set(None),
                    subject: Set(None),
                    alias: Set(None),
                    created_at: Set(now()),
                    last_login_at: Set(None),
                    kind: Set(UserKind::Service),
                    deactivated_at: Set(None),
                };
                user::Entity::insert(row).exec_with_returning(&write.transaction).await?
            }
        };
        grants::end_unless_admin(row.id, row.role, &mut write).await?;
        write.about(row.id);
        write.commit().await?;
        Ok((to_domain(row), is_new))
    }

    /// The account of this name, unless it was closed.
    pub async fn get(&self, name: &str) -> Result<Option<User>, StoreError> {
        if !is_storable(name) {
            return Ok(None);
        }
        let found = open().filter(user::Column::Username.eq(canonical(name))).one(self.0.db()).await?;
        Ok(found.map(to_domain))
    }

    /// A page of accounts that are not closed, by name.
    pub async fn page(&self, paging: &Paging) -> Result<Page<User>, StoreError> {
        let mut select = open().order_by_asc(user::Column::Username).limit(paging.limit + 1);
        if let Some(after) = paging.after::<String>() {
            select = select.filter(user::Column::Username.gt(after));
        }
        let items = select.all(self.0.db()).await?.into_iter().map(to_domain).collect();
        Ok(Page::of(items, paging.limit, |user: &User| user.username.clone()))
    }

    /// Closes an account, and destroys its tokens. Yields what ended; nothing where there is no such account.
    pub async fn close(&self, name: &str) -> Result<Option<(UserId, Ended)>, StoreError> {
        let Some(account) = self.get(name).await? else {
            return Ok(None);
        };
        let mut write = self.0.write().await?;
        let row = user::ActiveModel { id: Set(account.id), deactivated_at: Set(Some(now())), ..Default::default() };
        row.update(&write.transaction).await?;
        let is_its = || token::Column::UserId.eq(account.id);
        let tokens = token::Entity::find().filter(is_its()).all(&write.transaction).await?;
        token::Entity::delete_many().filter(is_its()).exec(&write.transaction).await?;
        grants::end_all_of(account.id, &mut write).await?;
        write.about(account.id);
        write.commit().await?;
        let tokens = tokens.into_iter().map(|row| row.id).collect();
        Ok(Some((account.id, Ended { sessions: Vec::new(), tokens })))
    }
}

fn open() -> sea_orm::Select<user::Entity> {
    user::Entity::find().filter(user::Column::Kind.eq(UserKind::Service)).filter(user::Column::DeactivatedAt.is_null())
}
