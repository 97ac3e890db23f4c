//! Who can sign in, what they belong to, and what they sign in with.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, id, index, owned_by, text, text_null, time, time_null, unique, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("users")
                    .col(id("id"))
                    .col(text("username"))
                    .col(text("display_name"))
                    .col(text("role"))
                    .col(text_null("password_hash"))
                    .col(text_null("issuer"))
                    .col(text_null("subject"))
                    .col(time("created_at"))
                    .col(time_null("last_login_at"))
                    .take(),
            )
            .await?;
        manager.create_index(unique("users", &["username"])).await?;
        manager.create_index(unique("users", &["issuer", "subject"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("groups")
                    .col(id("id"))
                    .col(text("name"))
                    .col(text_null("external_id"))
                    .col(time("created_at"))
                    .take(),
            )
            .await?;
        manager.create_index(unique("groups", &["name"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("memberships")
                    .col(uuid("user_id"))
                    .col(uuid("group_id"))
                    .primary_key(Index::create().col("user_id").col("group_id"))
                    .foreign_key(&mut owned_by("memberships", "user_id", "users"))
                    .foreign_key(&mut owned_by("memberships", "group_id", "groups"))
                    .take(),
            )
            .await?;
        manager.create_index(index("memberships", &["group_id"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("sessions")
                    .col(id("id"))
                    .col(uuid("user_id"))
                    .col(text("secret_hash"))
                    .col(text_null("user_agent"))
                    .col(time("created_at"))
                    .col(time("last_seen_at"))
                    .col(time("expires_at"))
                    .foreign_key(&mut owned_by("sessions", "user_id", "users"))
                    .take(),
            )
            .await?;
        manager.create_index(unique("sessions", &["secret_hash"])).await?;
        manager.create_index(index("sessions", &["user_id"])).await?;
        manager
            .create_table(
                Table::create()
                    .table("tokens")
                    .col(id("id"))
                    .col(uuid("user_id"))
                    .col(text("name"))
                    .col(text("prefix"))
                    .col(text("secret_hash"))
                    .col(text("scopes"))
                    .col(time("created_at"))
                    .col(time_null("expires_at"))
                    .col(time_null("last_used_at"))
                    .foreign_key(&mut owned_by("tokens", "user_id", "users"))
                    .take(),
            )
            .await?;
        manager.create_index(unique("tokens", &["secret_hash"])).await?;
        manager.create_index(index("tokens", &["user_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["tokens", "sessions", "memberships", "groups", "users"]).await
    }
}
