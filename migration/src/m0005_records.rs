//! What takes long, what was done by whom, and when the schedule last ran.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, id, index, json_null, long, text, text_null, time, time_null, unique, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("jobs")
                    .col(id("id"))
                    .col(text("kind"))
                    .col(text("state"))
                    .col(text("subject"))
                    .col(ColumnDef::new("progress").double())
                    .col(text("message"))
                    .col(uuid_null("created_by"))
                    .col(time("created_at"))
                    .col(time_null("finished_at"))
                    .col(long("revision"))
                    .take(),
            )
            .await?;
        manager.create_index(index("jobs", &["revision"])).await?;
        // never the same work twice at once
        let open = Expr::col("finished_at").is_null();
        manager.create_index(unique("jobs", &["kind", "subject"]).cond_where(open).take()).await?;
        manager
            .create_table(
                Table::create()
                    .table("audit")
                    .col(id("id"))
                    .col(time("at"))
                    // no foreign key: the record outlives the person
                    .col(uuid_null("actor_id"))
                    .col(text("action"))
                    .col(text_null("object"))
                    .col(json_null("detail"))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create().table("job_runs").col(text("name").primary_key()).col(time("last_started_at")).take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["job_runs", "audit", "jobs"]).await
    }
}
