use std::collections::HashMap;

use chrono::TimeDelta;
use domain::{DesktopId, GatewayId, Timestamp, idle::AHEAD};
use entity::{desktop, gateway, viewer};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict, Query},
};

use crate::{
    Desktops, Details, StoreError,
    connection::{now, stored},
    desktops::rows::live,
};

/// A gateway that said nothing for this long is gone, and nobody watches through it any more: six times the pause
/// between two reports.
const GONE_AFTER: TimeDelta = TimeDelta::seconds(30);

/// What a gateway saw of a desktop's use since it last said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Which desktop.
    pub desktop: DesktopId,
    /// The last keyboard or pointer input, if there was any since.
    pub last_input_at: Option<Timestamp>,
    /// How many streams this gateway has open into it now.
    pub viewers: i32,
    /// Bytes from clients to the desktop since.
    pub bytes_up: i64,
    /// Bytes from the desktop to clients since.
    pub bytes_down: i64,
}

impl Seen {
    /// A desktop of which nothing was seen.
    pub fn nothing(desktop: DesktopId) -> Self {
        Self { desktop, last_input_at: None, viewers: 0, bytes_up: 0, bytes_down: 0 }
    }
}

impl Desktops<'_> {
    /// Remembers what a gateway saw, in one transaction, and that this gateway is there, also if it saw nothing.
    /// Raises no revision: nobody waits for this, and it comes all the time.
    ///
    /// Answers whether the gateway was known. One that was not, because it is new or was silent for too long, has to
    /// tell of all its viewers anew.
    pub async fn record_use(&self, gateway: GatewayId, seen: &[Seen]) -> Result<bool, StoreError> {
        let mut seen = seen.to_vec();
        seen.sort_unstable_by_key(|seen| seen.desktop);
        let write = self.0.write().await?;
        let mut watched = Vec::new();
        for seen in &seen {
            if record_one(seen, &write.transaction).await? {
                watched.push(seen);
            }
        }
        let was_known = greet(gateway, &write.transaction).await?;
        for seen in watched {
            record_viewers(gateway, seen, &write.transaction).await?;
        }
        write.commit().await?;
        Ok(was_known)
    }

    /// A gateway ends: nobody watches through it any more.
    pub async fn forget_gateway(&self, gateway: GatewayId) -> Result<(), StoreError> {
        let write = self.0.write().await?;
        gateway::Entity::delete_by_id(gateway).exec(&write.transaction).await?;
        write.commit().await
    }
}

/// Stores input and bytes, and answers whether the desktop is there.
async fn record_one(seen: &Seen, transaction: &DatabaseTransaction) -> Result<bool, StoreError> {
    let this = || Condition::all().add(desktop::Column::Id.eq(seen.desktop)).add(live());
    let counted = desktop::Entity::update_many()
        .col_expr(desktop::Column::BytesUp, Expr::col(desktop::Column::BytesUp).add(seen.bytes_up))
        .col_expr(desktop::Column::BytesDown, Expr::col(desktop::Column::BytesDown).add(seen.bytes_down))
        .filter(this())
        .exec(transaction)
        .await?;
    if let Some(last_input_at) = seen.last_input_at.map(stored) {
        let older = Condition::any()
            .add(desktop::Column::LastInputAt.is_null())
            .add(desktop::Column::LastInputAt.lt(last_input_at))
            // what a clock told that was set back since
            .add(desktop::Column::LastInputAt.gt(now() + AHEAD));
        desktop::Entity::update_many()
            .col_expr(desktop::Column::LastInputAt, Expr::value(last_input_at))
            .filter(this())
            .filter(older)
            .exec(transaction)
            .await?;
    }
    Ok(counted.rows_affected > 0)
}

/// Notes that a gateway is there, and forgets those that are gone. Answers whether it was known.
async fn greet(gateway: GatewayId, transaction: &DatabaseTransaction) -> Result<bool, StoreError> {
    let now = now();
    let greeted = gateway::Entity::update_many()
        .col_expr(gateway::Column::SeenAt, Expr::value(now))
        .filter(gateway::Column::Id.eq(gateway))
        .exec(transaction)
        .await?;
    gateway::Entity::delete_many().filter(gateway::Column::SeenAt.lt(now - GONE_AFTER)).exec(transaction).await?;
    let was_known = greeted.rows_affected > 0;
    if !was_known {
        let row = gateway::ActiveModel { id: Set(gateway), seen_at: Set(now) };
        gateway::Entity::insert(row)
            .on_conflict(OnConflict::column(gateway::Column::Id).update_column(gateway::Column::SeenAt).to_owned())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(was_known)
}

async fn record_viewers(gateway: GatewayId, seen: &Seen, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
    if seen.viewers == 0 {
        viewer::Entity::delete_by_id((gateway, seen.desktop)).exec(transaction).await?;
        return Ok(());
    }
    let row =
        viewer::ActiveModel { gateway_id: Set(gateway), desktop_id: Set(seen.desktop), viewers: Set(seen.viewers) };
    let key = [viewer::Column::GatewayId, viewer::Column::DesktopId];
    viewer::Entity::insert(row)
        .on_conflict(OnConflict::columns(key).update_column(viewer::Column::Viewers).to_owned())
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Fills in how many watch each desktop, through all gateways that are there.
pub(crate) async fn count_viewers<C: ConnectionTrait>(
    details: &mut [Details],
    connection: &C,
) -> Result<(), StoreError> {
    if details.is_empty() {
        return Ok(());
    }
    let there = Query::select()
        .column(gateway::Column::Id)
        .from(gateway::Entity)
        .and_where(gateway::Column::SeenAt.gte(now() - GONE_AFTER))
        .take();
    let rows: Vec<(DesktopId, i32)> = viewer::Entity::find()
        .select_only()
        .columns([viewer::Column::DesktopId, viewer::Column::Viewers])
        .filter(viewer::Column::DesktopId.is_in(details.iter().map(|details| details.desktop.id)))
        .filter(viewer::Column::GatewayId.in_subquery(there))
        .into_tuple()
        .all(connection)
        .await?;
    let mut viewers = HashMap::<DesktopId, i32>::new();
    for (desktop, count) in rows {
        *viewers.entry(desktop).or_default() += count;
    }
    for details in details {
        details.viewers = viewers.get(&details.desktop.id).copied().unwrap_or(0);
    }
    Ok(())
}
