//! Columns as they are everywhere.

use sea_orm_migration::{prelude::*, sea_orm::sea_query::IndexCreateStatement};

/// A primary key that the program makes.
pub(crate) fn id(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().primary_key().take()
}

/// A reference.
pub(crate) fn uuid(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().take()
}

/// A reference that may be absent.
pub(crate) fn uuid_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().take()
}

/// Text.
pub(crate) fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().take()
}

/// Text that may be absent.
pub(crate) fn text_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().take()
}

/// A moment in UTC.
pub(crate) fn time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().not_null().take()
}

/// A moment in UTC that may be absent.
pub(crate) fn time_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().take()
}

/// A whole number of 32 bits.
pub(crate) fn int(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().not_null().take()
}

/// A whole number of 64 bits.
pub(crate) fn long(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

/// A whole number of 64 bits that may be absent.
pub(crate) fn long_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().take()
}

/// Yes or no.
pub(crate) fn flag(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().take()
}

/// Structured data that is only ever read whole.
pub(crate) fn json(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).json().not_null().take()
}

/// Structured data that may be absent.
pub(crate) fn json_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).json().take()
}

/// A reference to the `id` of another table, whose deletion takes the row along.
pub(crate) fn owned_by(table: &'static str, column: &'static str, owner: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("fk_{table}_{column}"))
        .from(table, column)
        .to(owner, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

/// An index over columns.
pub(crate) fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("ix_{table}_{}", columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

/// An index over columns that together are unique.
pub(crate) fn unique(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    index(table, columns).name(format!("ux_{table}_{}", columns.join("_"))).unique().take()
}

/// Drops tables, the last-made first.
pub(crate) async fn drop(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(*table).take()).await?;
    }
    Ok(())
}
