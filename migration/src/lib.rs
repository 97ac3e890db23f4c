//! The schema, one file a step, up and down, the same on SQLite and PostgreSQL.
//!
//! Ids are UUIDv7, words are strings, times are UTC; there are no database enums and no JSON operators, so that the
//! two databases cannot drift apart. A step that has been released is never edited: the next one changes it.
//!
//! Whatever is asked for happens whole or not at all, on both databases, and one caller at a time.

mod m0001_installation;
mod m0002_people;
mod m0003_templates;
mod m0004_desktops;
mod m0005_records;
mod m0006_served;
mod m0007_own_hosts;
mod m0008_schedule;
mod m0009_use;
mod m0010_lessons;
mod m0011_sign_in;
mod m0012_grants;
mod m0013_audit_chain;
mod m0014_provisioning;
mod m0015_personal_data;
mod m0016_restrictions;
mod m0017_webhooks;
mod schema;

use sea_orm_migration::{
    MigratorTrait, async_trait,
    prelude::*,
    sea_orm::{
        DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement, TransactionOptions,
        TransactionTrait,
    },
};

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_installation::Migration),
            Box::new(m0002_people::Migration),
            Box::new(m0003_templates::Migration),
            Box::new(m0004_desktops::Migration),
            Box::new(m0005_records::Migration),
            Box::new(m0006_served::Migration),
            Box::new(m0007_own_hosts::Migration),
            Box::new(m0008_schedule::Migration),
            Box::new(m0009_use::Migration),
            Box::new(m0010_lessons::Migration),
            Box::new(m0011_sign_in::Migration),
            Box::new(m0012_grants::Migration),
            Box::new(m0013_audit_chain::Migration),
            Box::new(m0014_provisioning::Migration),
            Box::new(m0015_personal_data::Migration),
            Box::new(m0016_restrictions::Migration),
            Box::new(m0017_webhooks::Migration),
        ]
    }
}

/// A step of the schema and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The step's name.
    pub name: String,
    /// Whether it is applied.
    pub applied: bool,
}

/// Takes every step that is missing. Harmless when none is.
pub async fn up(database: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = begin(database).await?;
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
}

/// Takes steps back, the newest first; where no number is given all of them, until nothing of ours is left. Their
/// data is lost.
pub async fn down(database: &DatabaseConnection, steps: Option<u32>) -> Result<(), DbErr> {
    let transaction = begin(database).await?;
    match steps {
        Some(_) => Migrator::down(&transaction, steps).await?,
        None => Migrator::reset(&transaction).await?,
    }
    transaction.commit().await
}

/// All steps, oldest first. Changes nothing, not even an empty database.
pub async fn status(database: &DatabaseConnection) -> Result<Vec<Step>, DbErr> {
    let steps = if knows_steps(database).await? {
        Migrator::get_migration_with_status(database).await?
    } else {
        Migrator::get_migration_files()
    };
    let applied = |step: &sea_orm_migration::Migration| step.status() == sea_orm_migration::MigrationStatus::Applied;
    Ok(steps.iter().map(|step| Step { name: step.name().to_owned(), applied: applied(step) }).collect())
}

/// Whether the table is there in which steps are noted. SeaORM's own way of asking drags its command line in.
async fn knows_steps(database: &DatabaseConnection) -> Result<bool, DbErr> {
    let backend = database.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            "SELECT 1 FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_name = 'seaql_migrations'"
        }
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
    };
    Ok(database.query_one_raw(Statement::from_string(backend, sql)).await?.is_some())
}

/// Opens the transaction in which the schema changes. Several processes may start at once: the others wait here, for
/// as long as it takes, and then find nothing left to do.
async fn begin(database: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    /// Any number that nobody else uses in this database.
    const LOCK: i64 = 0x7075_6c74;
    let backend = database.get_database_backend();
    let options = TransactionOptions {
        sqlite_transaction_mode: (backend == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let transaction = database.begin_with_options(options).await?;
    if backend == DbBackend::Postgres {
        transaction.execute_unprepared("SET LOCAL lock_timeout = 0").await?;
        let lock = Statement::from_sql_and_values(backend, "SELECT pg_advisory_xact_lock($1)", [LOCK.into()]);
        transaction.execute_raw(lock).await?;
    }
    Ok(transaction)
}
