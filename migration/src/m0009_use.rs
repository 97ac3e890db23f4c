//! Templates set limits beside the idle one; what is seen of desktops' use is kept: bytes, and who watches through
//! which process.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, id, index, int, owned_by, time, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const LIMITS: [&str; 2] = ["max_lifetime_seconds", "nightly_stop"];
const BYTES: [&str; 2] = ["bytes_up", "bytes_down"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // absent: as the owner's role, or the installation, has it
        let limits = [ColumnDef::new(LIMITS[0]).big_integer().take(), ColumnDef::new(LIMITS[1]).boolean().take()];
        for limit in limits {
            manager.alter_table(Table::alter().table("templates").add_column(limit).take()).await?;
        }
        for bytes in BYTES {
            let bytes = ColumnDef::new(bytes).big_integer().not_null().default(0).take();
            manager.alter_table(Table::alter().table("desktops").add_column(bytes).take()).await?;
        }
        manager.create_table(Table::create().table("gateways").col(id("id")).col(time("seen_at")).take()).await?;
        manager
            .create_table(
                Table::create()
                    .table("viewers")
                    .col(uuid("gateway_id"))
                    .col(uuid("desktop_id"))
                    .col(int("viewers"))
                    .primary_key(Index::create().col("gateway_id").col("desktop_id"))
                    // a process that is forgotten takes along what it had seen
                    .foreign_key(&mut owned_by("viewers", "gateway_id", "gateways"))
                    .foreign_key(&mut owned_by("viewers", "desktop_id", "desktops"))
                    .take(),
            )
            .await?;
        manager.create_index(index("viewers", &["desktop_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["viewers", "gateways"]).await?;
        for (table, column) in
            BYTES.map(|column| ("desktops", column)).into_iter().chain(LIMITS.map(|c| ("templates", c)))
        {
            manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
        }
        Ok(())
    }
}
