use domain::{
    UserId,
    access::{Role, UserKind},
    desktop::Desktop,
};
use entity::{
    assignment, departure, desktop, grant, idempotency_key, membership, provisioned_user, session, token, user,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::OnConflict,
};

use crate::{
    StoreError, Users,
    connection::{Write, now},
    desktops::rows::{Own, live, to_domain, to_row},
    grants,
};

/// What went with somebody at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Departed {
    /// Sessions that have ended.
    pub sessions: Vec<domain::SessionId>,
    /// Tokens that have.
    pub tokens: Vec<domain::TokenId>,
    /// Desktops that are to be removed.
    pub desktops: usize,
}

/// Why somebody is not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DepartureError {
    /// There is nobody of this id.
    #[error("there is nobody of this id")]
    Nobody,
    /// It would leave nobody who runs the installation.
    #[error("this is the last administrator")]
    LastAdmin,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for DepartureError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl Users<'_> {
    /// Deletes somebody, whatever is known of them but lines of the audit log, which have ids alone.
    ///
    /// At once they are nobody: no name, no way to sign in, no session, no token, no group, and all their desktops are to
    /// be removed. Their row stays until the worker has removed those, so that their containers are known until then, and
    /// goes with [`Users::forget_departed`]. Files are not touched: they lie in a folder that is called by the id.
    pub async fn delete(&self, id: UserId) -> Result<Departed, DepartureError> {
        let mut write = self.0.write().await?;
        // all of them, in one order: two who delete each other do not both succeed
        let admins = user::Entity::find()
            .filter(user::Column::Role.eq(Role::Admin))
            .filter(user::Column::Kind.eq(UserKind::Person))
            .filter(user::Column::DeactivatedAt.is_null())
            .order_by_asc(user::Column::Id);
        let admins = admins.lock_exclusive().all(&write.transaction).await?;
        if admins.iter().all(|admin| admin.id == id) && !admins.is_empty() {
            return Err(DepartureError::LastAdmin);
        }
        let person = user::Entity::find_by_id(id).lock_exclusive().one(&write.transaction).await?;
        person.ok_or(DepartureError::Nobody)?;
        let departed = Departed {
            sessions: ids(session::Entity::find().filter(session::Column::UserId.eq(id)), &write, |row| row.id).await?,
            tokens: ids(token::Entity::find().filter(token::Column::UserId.eq(id)), &write, |row| row.id).await?,
            desktops: remove_desktops(id, &mut write).await?,
        };
        // first, that whoever follows a desktop learns of it
        grants::end_all_of(id, &mut write).await?;
        let transaction = &write.transaction;
        grant::Entity::delete_many().filter(grant::Column::HolderId.eq(id)).exec(transaction).await?;
        idempotency_key::Entity::delete_many().filter(idempotency_key::Column::UserId.eq(id)).exec(transaction).await?;
        provisioned_user::Entity::delete_many()
            .filter(provisioned_user::Column::UserId.eq(id))
            .exec(transaction)
            .await?;
        session::Entity::delete_many().filter(session::Column::UserId.eq(id)).exec(transaction).await?;
        token::Entity::delete_many().filter(token::Column::UserId.eq(id)).exec(transaction).await?;
        membership::Entity::delete_many().filter(membership::Column::UserId.eq(id)).exec(transaction).await?;
        assignment::Entity::delete_many().filter(assignment::Column::UserId.eq(id)).exec(transaction).await?;
        let nobody = user::ActiveModel {
            id: Set(id),
            username: Set(format!("deleted {id}")),
            display_name: Set(String::new()),
            role: Set(Role::Student),
            password_hash: Set(None),
            issuer: Set(None),
            subject: Set(None),
            alias: Set(None),
            last_login_at: Set(None),
            deactivated_at: Set(Some(now())),
            ..Default::default()
        };
        nobody.update(transaction).await?;
        let row = departure::ActiveModel { user_id: Set(id), at: Set(now()) };
        departure::Entity::insert(row)
            .on_conflict(OnConflict::column(departure::Column::UserId).do_nothing().to_owned())
            .exec_without_returning(transaction)
            .await?;
        write.about(id);
        write.commit().await?;
        Ok(departed)
    }

    /// Forgets those who were deleted and have no desktop left; how many there were. What is left of others' desktops,
    /// such as one that was wanted in the moment of the deletion, is to be removed too.
    pub async fn forget_departed(&self) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        let departed = departure::Entity::find().order_by_asc(departure::Column::UserId).all(self.0.db()).await?;
        for departure::Model { user_id: id, .. } in departed {
            let mut write = self.0.write().await?;
            user::Entity::find_by_id(id).lock_exclusive().one(&write.transaction).await?;
            let theirs = desktop::Entity::find().filter(desktop::Column::OwnerId.eq(id));
            if theirs.count(&write.transaction).await? == 0 {
                user::Entity::delete_by_id(id).exec(&write.transaction).await?;
                forgotten += 1;
            } else {
                remove_desktops(id, &mut write).await?;
            }
            write.commit().await?;
        }
        Ok(forgotten)
    }
}

async fn ids<E: EntityTrait, T>(
    select: sea_orm::Select<E>,
    write: &Write<'_>,
    id: impl Fn(E::Model) -> T,
) -> Result<Vec<T>, StoreError> {
    Ok(select.all(&write.transaction).await?.into_iter().map(id).collect())
}

/// Wants all that somebody has removed. Followers learn of it: the worker removes containers, gateways close streams.
async fn remove_desktops(owner: UserId, write: &mut Write<'_>) -> Result<usize, StoreError> {
    let theirs = desktop::Entity::find().filter(desktop::Column::OwnerId.eq(owner)).filter(live());
    let theirs = theirs.order_by_asc(desktop::Column::Id).lock_exclusive().all(&write.transaction).await?;
    let mut count = 0;
    for row in theirs {
        let before = to_domain(row.clone());
        let after = before.clone().want_removed();
        if after != before {
            let own = Own::of(&row, after.generation);
            let after = Desktop { revision: write.revision().await?, ..after };
            to_row(after, own).into_active_model().reset_all().update(&write.transaction).await?;
            count += 1;
        }
    }
    Ok(count)
}
