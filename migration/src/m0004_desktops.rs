//! Desktops: what is wanted, what was observed, and the revision at which it changed.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, id, index, int, json_null, long, owned_by, text, text_null, time, time_null, unique, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("desktops")
                    .col(id("id"))
                    .col(text("name"))
                    .col(uuid("owner_id"))
                    .col(uuid("template_id"))
                    .col(text("wanted"))
                    .col(int("generation"))
                    .col(text("state"))
                    .col(text_null("step"))
                    .col(json_null("why"))
                    .col(text_null("container"))
                    // a number: PostgreSQL's times end at the microsecond, the engine's do not
                    .col(ColumnDef::new("container_started_ns").big_integer())
                    .col(text_null("endpoint"))
                    .col(text_null("fingerprint"))
                    // sealed with the installation's key; good for one generation
                    .col(text_null("credential"))
                    .col(int("attempts"))
                    .col(time_null("retry_at"))
                    .col(ColumnDef::new("queue_position").integer())
                    .col(ColumnDef::new("queue_eta_seconds").integer())
                    .col(time("requested_at"))
                    .col(time_null("started_at"))
                    .col(time_null("last_input_at"))
                    .col(time_null("extended_at"))
                    .col(time_null("warned_at"))
                    .col(time_null("ended_at"))
                    .col(time("created_at"))
                    .col(time_null("removed_at"))
                    .col(long("revision"))
                    .foreign_key(&mut owned_by("desktops", "owner_id", "users"))
                    .foreign_key(&mut owned_by("desktops", "template_id", "templates"))
                    .take(),
            )
            .await?;
        let live = || Expr::col("removed_at").is_null();
        manager.create_index(unique("desktops", &["name"]).cond_where(live()).take()).await?;
        // never two desktops of one template for one user
        manager.create_index(unique("desktops", &["owner_id", "template_id"]).cond_where(live()).take()).await?;
        manager.create_index(index("desktops", &["revision"])).await?;
        manager.create_index(index("desktops", &["state"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["desktops"]).await
    }
}
