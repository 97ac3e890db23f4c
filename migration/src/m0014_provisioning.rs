//! People and groups that others tell of: by which id they know them, and what of it they may take back.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, index, owned_by, text, text_null, time, time_null, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kind = ColumnDef::new("kind").text().not_null().default("person").take();
        manager.alter_table(Table::alter().table("users").add_column(kind).take()).await?;
        manager.alter_table(Table::alter().table("users").add_column(time_null("deactivated_at")).take()).await?;
        manager.alter_table(Table::alter().table("memberships").add_column(text_null("source")).take()).await?;
        manager
            .create_table(
                Table::create()
                    .table("provisioned_users")
                    .col(text("source"))
                    .col(text("external_id"))
                    .col(uuid("user_id"))
                    .primary_key(Index::create().col("source").col("external_id"))
                    .foreign_key(&mut owned_by("provisioned_users", "user_id", "users"))
                    .take(),
            )
            .await?;
        manager.create_index(index("provisioned_users", &["user_id"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("provisioned_groups")
                    .col(text("source"))
                    .col(text("external_id"))
                    .col(uuid("group_id"))
                    .primary_key(Index::create().col("source").col("external_id"))
                    .foreign_key(&mut owned_by("provisioned_groups", "group_id", "groups"))
                    .take(),
            )
            .await?;
        manager.create_index(index("provisioned_groups", &["group_id"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("idempotency_keys")
                    .col(uuid("user_id"))
                    .col(text("key"))
                    .col(text("request_hash"))
                    .col(uuid("desktop_id"))
                    .col(ColumnDef::new("is_new").boolean().not_null().take())
                    .col(time("created_at"))
                    .primary_key(Index::create().col("user_id").col("key"))
                    .foreign_key(&mut owned_by("idempotency_keys", "user_id", "users"))
                    .foreign_key(&mut owned_by("idempotency_keys", "desktop_id", "desktops"))
                    .take(),
            )
            .await?;
        manager.create_index(index("idempotency_keys", &["created_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["idempotency_keys", "provisioned_groups", "provisioned_users"]).await?;
        for (table, column) in [("memberships", "source"), ("users", "deactivated_at"), ("users", "kind")] {
            manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
        }
        Ok(())
    }
}
