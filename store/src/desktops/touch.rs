use entity::desktop;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use crate::{StoreError, connection::Write};

/// Raises the revision of desktops about which something changed that is not in their rows, so that whoever follows
/// them looks again.
pub(crate) async fn touch(theirs: Condition, write: &mut Write<'_>) -> Result<(), StoreError> {
    // in one order, so that two who do this at once wait in no circle
    let rows = desktop::Entity::find().filter(theirs).order_by_asc(desktop::Column::Id).lock_exclusive();
    let ids: Vec<_> = rows.all(&write.transaction).await?.into_iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let revision = write.revision().await?;
    desktop::Entity::update_many()
        .col_expr(desktop::Column::Revision, Expr::value(revision))
        .filter(desktop::Column::Id.is_in(ids))
        .exec(&write.transaction)
        .await?;
    Ok(())
}
