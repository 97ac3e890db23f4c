//! What a job of the schedule did, when it does it again, and who of several workers sees to it.

use sea_orm_migration::{async_trait, prelude::*};

use crate::schema::{drop, json_null, long, long_null, text, text_null, time, time_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("leases")
                    .col(text("name").primary_key())
                    .col(text("holder"))
                    .col(long("until_ms"))
                    .take(),
            )
            .await?;
        let mut job_runs = Table::create()
            .table("job_runs")
            .col(text("name").primary_key())
            .col(text_null("cron"))
            .col(long_null("every_seconds"))
            .col(text_null("time_zone"))
            .col(time_null("last_scheduled_for"))
            .col(time_null("last_started_at"))
            .col(time_null("last_finished_at"))
            .col(text_null("last_result"))
            .col(json_null("last_outcome"))
            .col(time_null("next_run_at"))
            .col(time_null("run_requested_at"))
            .take();
        // the one job that was remembered before went well as far as anybody knows
        let keep = "INSERT INTO job_runs (name, last_scheduled_for, last_started_at)
                    SELECT name, last_started_at, last_started_at FROM job_runs_before";
        remake(manager, &mut job_runs, keep).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut job_runs =
            Table::create().table("job_runs").col(text("name").primary_key()).col(time("last_started_at")).take();
        let keep = "INSERT INTO job_runs (name, last_started_at)
                    SELECT name, last_started_at FROM job_runs_before WHERE last_started_at IS NOT NULL";
        remake(manager, &mut job_runs, keep).await?;
        drop(manager, &["leases"]).await
    }
}

/// Makes the table anew and keeps its rows. SQLite cannot let a column be absent that had to be there.
async fn remake(manager: &SchemaManager<'_>, job_runs: &mut TableCreateStatement, keep: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    connection.execute_unprepared("CREATE TABLE job_runs_before AS SELECT * FROM job_runs").await?;
    drop(manager, &["job_runs"]).await?;
    manager.create_table(job_runs.take()).await?;
    connection.execute_unprepared(keep).await?;
    drop(manager, &["job_runs_before"]).await
}
