use domain::{DesktopId, Timestamp, idle::AHEAD};
use entity::desktop;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::Expr};

use crate::{
    Desktops, StoreError,
    connection::{now, stored},
    desktops::rows::live,
};

/// What the gateway saw of a desktop's use since it last said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Which desktop.
    pub desktop: DesktopId,
    /// The last keyboard or pointer input.
    pub last_input_at: Timestamp,
}

impl Desktops<'_> {
    /// Remembers use, in one transaction: the latest there is, but for what a clock told that was set back since. Raises no revision: nobody waits for this, and it comes all the time.
    pub async fn record_input(&self, seen: &[Seen]) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        let mut seen = seen.to_vec();
        seen.sort_unstable_by_key(|seen| seen.desktop);
        let write = self.0.write().await?;
        let future = stored(now()) + AHEAD;
        for seen in seen {
            let last_input_at = stored(seen.last_input_at);
            let older = Condition::any()
                .add(desktop::Column::LastInputAt.is_null())
                .add(desktop::Column::LastInputAt.lt(last_input_at))
                .add(desktop::Column::LastInputAt.gt(future));
            desktop::Entity::update_many()
                .col_expr(desktop::Column::LastInputAt, Expr::value(last_input_at))
                .filter(desktop::Column::Id.eq(seen.desktop))
                .filter(live())
                .filter(older)
                .exec(&write.transaction)
                .await?;
        }
        write.commit().await
    }
}
