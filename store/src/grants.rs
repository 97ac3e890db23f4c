use domain::{
    DesktopId, GrantId, Timestamp, UserId,
    access::{self, Grantable, Role, Terms},
};
use entity::{desktop, grant, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, SelectTwo,
    sea_query::Expr,
};
use serde_json::json;

use crate::{
    Details, Page, Paging, Store, StoreError,
    connection::{Write, now, stored},
    text::storable,
};

/// Who may look into somebody else's desktop, why, and until when.
///
/// Followers of desktops learn of each grant and of its early end, so that owners see it at once, and so that a stream
/// through whatever process ends with the grant.
#[derive(Debug, Clone, Copy)]
pub struct Grants<'a>(pub(crate) &'a Store);

/// The right to look into somebody else's desktop, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What the policy looks at.
    pub right: access::Grant,
    /// Full name of who may.
    pub holder: String,
    /// Why.
    pub reason: String,
    /// When it was taken.
    pub created_at: Timestamp,
    /// When they last went in with it.
    pub entered_at: Option<Timestamp>,
}

impl Grants<'_> {
    /// Makes a grant.
    pub async fn create(&self, grantable: Grantable<'_>, terms: &Terms) -> Result<GrantId, StoreError> {
        let id = GrantId::new();
        let row = grant::ActiveModel {
            id: Set(id),
            desktop_id: Set(grantable.desktop()),
            holder_id: Set(grantable.holder()),
            reason: Set(storable(terms.reason())),
            created_at: Set(now()),
            ends_at: Set(stored(terms.until())),
            entered_at: Set(None),
        };
        let mut write = self.0.write().await?;
        grant::Entity::insert(row).exec_without_returning(&write.transaction).await?;
        write.learned(&json!({ "grant": id }));
        tell([grantable.desktop()], &mut write).await?;
        write.commit().await?;
        Ok(id)
    }

    /// One grant of a desktop, over or not.
    pub async fn get(&self, desktop: DesktopId, id: GrantId) -> Result<Option<Grant>, StoreError> {
        let select = joined().filter(grant::Column::Id.eq(id)).filter(grant::Column::DesktopId.eq(desktop));
        select.one(self.0.db()).await?.map(to_domain).transpose()
    }

    /// A page of a desktop's grants, the newest first, over or not.
    pub async fn page(&self, desktop: DesktopId, paging: &Paging) -> Result<Page<Grant>, StoreError> {
        let mut select = joined()
            .filter(grant::Column::DesktopId.eq(desktop))
            .order_by_desc(grant::Column::Id)
            .limit(paging.limit + 1);
        if let Some(before) = paging.after::<GrantId>() {
            select = select.filter(grant::Column::Id.lt(before));
        }
        let items = select.all(self.0.db()).await?.into_iter().map(to_domain).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, paging.limit, |grant| grant.right.id))
    }

    /// Ends a grant now, if it is not over.
    pub async fn end(&self, id: GrantId) -> Result<(), StoreError> {
        let mut write = self.0.write().await?;
        if end(grant::Column::Id.eq(id), &mut write).await? { write.commit().await } else { Ok(()) }
    }

    /// Notes that somebody goes in with a grant. Whether it is not over is looked at once more, here where it is
    /// written: what answers `false` is no way in.
    pub async fn enter(&self, id: GrantId) -> Result<bool, StoreError> {
        let (write, now) = (self.0.write().await?, now());
        let entered = grant::Entity::update_many()
            .col_expr(grant::Column::EnteredAt, Expr::value(now))
            .filter(grant::Column::Id.eq(id))
            .filter(grant::Column::EndsAt.gt(now))
            .exec(&write.transaction)
            .await?;
        write.commit().await?;
        Ok(entered.rows_affected == 1)
    }

    /// Forgets grants that were over before a moment.
    pub async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let write = self.0.write().await?;
        let gone = grant::Entity::delete_many().filter(grant::Column::EndsAt.lt(stored(before)));
        let gone = gone.exec(&write.transaction).await?.rows_affected;
        write.commit().await?;
        Ok(gone)
    }
}

/// The grants of some desktops that are not over.
pub(crate) async fn live<C: ConnectionTrait>(
    desktops: impl IntoIterator<Item = DesktopId>,
    connection: &C,
) -> Result<Vec<Grant>, StoreError> {
    let select = joined().filter(grant::Column::DesktopId.is_in(desktops)).filter(grant::Column::EndsAt.gt(now()));
    select.order_by_asc(grant::Column::Id).all(connection).await?.into_iter().map(to_domain).collect()
}

/// Fills in who else may look into each desktop.
pub(crate) async fn complete<C: ConnectionTrait>(details: &mut [Details], connection: &C) -> Result<(), StoreError> {
    if details.is_empty() {
        return Ok(());
    }
    for grant in live(details.iter().map(|details| details.desktop.id), connection).await? {
        let theirs = details.iter_mut().filter(|details| details.desktop.id == grant.right.desktop);
        theirs.for_each(|details| details.grants.push(grant.clone()));
    }
    Ok(())
}

/// Ends what somebody holds who runs the installation no more, with the change that takes the role away.
pub(crate) async fn end_unless_admin(holder: UserId, role: Role, write: &mut Write<'_>) -> Result<(), StoreError> {
    if role < Role::Admin { end_all_of(holder, write).await } else { Ok(()) }
}

/// Ends whatever somebody holds.
pub(crate) async fn end_all_of(holder: UserId, write: &mut Write<'_>) -> Result<(), StoreError> {
    end(grant::Column::HolderId.eq(holder), write).await.map(|_| ())
}

/// Ends those of some grants that are not over. Whether there was one is told.
async fn end(which: Expr, write: &mut Write<'_>) -> Result<bool, StoreError> {
    let now = now();
    let live = grant::Column::EndsAt.gt(now);
    let rows = grant::Entity::find().filter(which).filter(live).order_by_asc(grant::Column::Id).lock_exclusive();
    let rows = rows.all(&write.transaction).await?;
    if rows.is_empty() {
        return Ok(false);
    }
    grant::Entity::update_many()
        .col_expr(grant::Column::EndsAt, Expr::value(now))
        .filter(grant::Column::Id.is_in(rows.iter().map(|row| row.id)))
        .exec(&write.transaction)
        .await?;
    tell(rows.into_iter().map(|row| row.desktop_id), write).await?;
    Ok(true)
}

/// Raises the revision of desktops, so that whoever shows them, or leads into them, looks again.
async fn tell(desktops: impl IntoIterator<Item = DesktopId>, write: &mut Write<'_>) -> Result<(), StoreError> {
    let rows = desktop::Entity::find()
        .filter(desktop::Column::Id.is_in(desktops))
        .order_by_asc(desktop::Column::Id)
        .lock_exclusive();
    let ids: Vec<_> = rows.all(&write.transaction).await?.into_iter().map(|row| row.id).collect();
    let revision = write.revision().await?;
    desktop::Entity::update_many()
        .col_expr(desktop::Column::Revision, Expr::value(revision))
        .filter(desktop::Column::Id.is_in(ids))
        .exec(&write.transaction)
        .await?;
    Ok(())
}

fn joined() -> SelectTwo<grant::Entity, user::Entity> {
    grant::Entity::find().find_also_related(user::Entity)
}

fn to_domain((row, holder): (grant::Model, Option<user::Model>)) -> Result<Grant, StoreError> {
    let holder = holder.ok_or_else(|| StoreError::Corrupt(format!("the holder of grant {}", row.id)))?;
    let right = access::Grant { id: row.id, desktop: row.desktop_id, holder: row.holder_id, until: row.ends_at };
    Ok(Grant {
        right,
        holder: holder.display_name,
        reason: row.reason,
        created_at: row.created_at,
        entered_at: row.entered_at,
    })
}
