//! The audit log as a chain: each line has its number, and a hash over the one before it. Lines that are there already
//! become the first ones.

use domain::{
    AuditId, UserId,
    audit::{Line, Link},
};
use sea_orm_migration::{
    async_trait,
    prelude::*,
    sea_orm::{QueryResult, sea_query::Query},
};

use crate::schema::{drop, id, index, int, json_null, long, text, text_null, time, unique, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let lines = Table::create()
            .table("audit")
            .col(long("seq").primary_key())
            .col(uuid("id"))
            .col(time("at"))
            .col(uuid_null("actor_id"))
            .col(text("action"))
            .col(text_null("object"))
            .col(json_null("detail"))
            .col(text("hash"))
            .take();
        set_aside(manager).await?;
        manager.create_table(lines).await?;
        let head = chain(manager).await?;
        drop(manager, &["audit_before"]).await?;
        manager.create_index(unique("audit", &["id"])).await?;
        for column in ["at", "actor_id", "object"] {
            manager.create_index(index("audit", &[column])).await?;
        }
        manager
            .create_table(
                Table::create()
                    .table("audit_chain")
                    // always 1: there is one chain
                    .col(int("single").primary_key())
                    .col(long("head_seq"))
                    .col(text("head_hash"))
                    .col(long("anchor_seq"))
                    .col(text("anchor_hash"))
                    .take(),
            )
            .await?;
        let row = Query::insert()
            .into_table("audit_chain")
            .columns(["single", "head_seq", "head_hash", "anchor_seq", "anchor_hash"])
            .values_panic([
                1.into(),
                head.seq.into(),
                head.hash.to_string().into(),
                Link::START.seq.into(),
                Link::START.hash.to_string().into(),
            ])
            .take();
        manager.execute(row).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let lines = Table::create()
            .table("audit")
            .col(id("id"))
            .col(time("at"))
            .col(uuid_null("actor_id"))
            .col(text("action"))
            .col(text_null("object"))
            .col(json_null("detail"))
            .take();
        set_aside(manager).await?;
        manager.create_table(lines).await?;
        let keep = "INSERT INTO audit (id, at, actor_id, action, object, detail)
                    SELECT id, at, actor_id, action, object, detail FROM audit_before";
        manager.get_connection().execute_unprepared(keep).await?;
        drop(manager, &["audit_before", "audit_chain"]).await
    }
}

/// The lines without their table, whose name is free then, and those of its indexes.
async fn set_aside(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared("CREATE TABLE audit_before AS SELECT * FROM audit").await?;
    drop(manager, &["audit"]).await
}

const COLUMNS: [&str; 6] = ["id", "at", "actor_id", "action", "object", "detail"];
/// Lines that are read at once.
const SOME: u64 = 1000;

/// Puts the lines that were set aside in a chain, and answers where it ends.
async fn chain(manager: &SchemaManager<'_>) -> Result<Link, DbErr> {
    let (connection, mut head, mut last) = (manager.get_connection(), Link::START, None);
    loop {
        let mut select =
            Query::select().columns(COLUMNS).from("audit_before").order_by("id", Order::Asc).limit(SOME).take();
        if let Some(last) = last {
            select.and_where(Expr::col("id").gt(last));
        }
        let rows = connection.query_all(&select).await?;
        if rows.is_empty() {
            return Ok(head);
        }
        for row in rows {
            let line = line(&row, head.seq + 1)?;
            head = head.then(&line);
            last = Some(line.id.0);
            let insert = Query::insert()
                .into_table("audit")
                .columns(COLUMNS.into_iter().chain(["seq", "hash"]))
                .values_panic([
                    line.id.0.into(),
                    line.at.into(),
                    line.actor.map(|actor| actor.0).into(),
                    line.action.into(),
                    line.object.into(),
                    line.detail.into(),
                    head.seq.into(),
                    head.hash.to_string().into(),
                ])
                .take();
            connection.execute(&insert).await?;
        }
    }
}

fn line(row: &QueryResult, seq: i64) -> Result<Line, DbErr> {
    Ok(Line {
        seq,
        id: AuditId(row.try_get("", "id")?),
        at: row.try_get("", "at")?,
        actor: row.try_get::<Option<_>>("", "actor_id")?.map(UserId),
        action: row.try_get("", "action")?,
        object: row.try_get("", "object")?,
        detail: row.try_get("", "detail")?,
    })
}
