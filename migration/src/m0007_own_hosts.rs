//! Host names of desktops' own, and the passes with which browsers come in there.

use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

use crate::schema::{drop, id, index, owned_by, text, text_null, time, time_null, unique, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // made with the credential, and good for one generation like it
        manager.alter_table(Table::alter().table("desktops").add_column(text_null("host_label")).take()).await?;
        let backend = manager.get_database_backend();
        let random = match backend {
            DbBackend::Postgres => "left(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 40)",
            _ => "lower(hex(randomblob(20)))",
        };
        let fill = format!("UPDATE desktops SET host_label = {random} WHERE credential IS NOT NULL");
        manager.get_connection().execute_raw(Statement::from_string(backend, fill)).await?;
        manager.create_index(unique("desktops", &["host_label"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("passes")
                    .col(id("id"))
                    .col(uuid("session_id"))
                    .col(uuid("desktop_id"))
                    .col(text("secret_hash"))
                    // a ticket until it is exchanged, then none: a cookie
                    .col(time_null("exchange_until"))
                    .col(time("created_at"))
                    .foreign_key(&mut owned_by("passes", "session_id", "sessions"))
                    .foreign_key(&mut owned_by("passes", "desktop_id", "desktops"))
                    .take(),
            )
            .await?;
        manager.create_index(unique("passes", &["secret_hash"])).await?;
        manager.create_index(index("passes", &["session_id"])).await?;
        manager.create_index(index("passes", &["desktop_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["passes"]).await?;
        manager.drop_index(Index::drop().name("ux_desktops_host_label").table("desktops").to_owned()).await?;
        manager.alter_table(Table::alter().table("desktops").drop_column("host_label").take()).await
    }
}
