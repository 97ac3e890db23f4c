//! Signing in by an identity provider: who is on the way, for whom which provider vouches, and what of it may be taken
//! back.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, index, int, text, text_null, time, time_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("users").add_column(text_null("alias")).take()).await?;
        manager.create_index(index("users", &["issuer", "alias"])).await?;
        manager.create_index(index("groups", &["external_id"])).await?;
        // those that are there were made by hand
        let from_provider = ColumnDef::new("from_provider").boolean().not_null().default(false).take();
        manager.alter_table(Table::alter().table("memberships").add_column(from_provider).take()).await?;
        for column in ["provider", "provider_sid", "id_token", "access_token", "refresh_token"] {
            manager.alter_table(Table::alter().table("sessions").add_column(text_null(column)).take()).await?;
        }
        manager.alter_table(Table::alter().table("sessions").add_column(time_null("asked_at")).take()).await?;
        manager.create_index(index("sessions", &["asked_at"])).await?;
        manager.create_index(index("sessions", &["provider_sid"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("sign_ins")
                    .col(text("state_hash").primary_key())
                    .col(text("browser_hash"))
                    .col(text("provider"))
                    .col(int("scope_step"))
                    .col(text("return_to"))
                    .col(time("expires_at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("sign_ins", &["expires_at"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("providers")
                    .col(text("issuer").primary_key())
                    .col(int("scope_step"))
                    .col(time("scope_step_at"))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["providers", "sign_ins"]).await?;
        for (table, name) in [
            ("sessions", "ix_sessions_asked_at"),
            ("sessions", "ix_sessions_provider_sid"),
            ("groups", "ix_groups_external_id"),
            ("users", "ix_users_issuer_alias"),
        ] {
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
        }
        for (table, column) in [
            ("sessions", "asked_at"),
            ("sessions", "refresh_token"),
            ("sessions", "access_token"),
            ("sessions", "id_token"),
            ("sessions", "provider_sid"),
            ("sessions", "provider"),
            ("memberships", "from_provider"),
            ("users", "alias"),
        ] {
            manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
        }
        Ok(())
    }
}
