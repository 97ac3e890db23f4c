use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, Value};

use crate::{Store, StoreError, connection::Write};

/// Who of several processes does what only one may do.
///
/// A lease is somebody's until a moment on the *database's* clock, the only one that all of them share: a worker whose
/// own clock is ahead takes nothing from others, and one whose clock is behind keeps nothing. For the same reason a
/// holder reckons by itself only how long it still may act, and from before it asked.
#[derive(Debug, Clone, Copy)]
pub struct Leases<'a>(pub(crate) &'a Store);

impl Leases<'_> {
    /// Takes a lease that nobody has, or whose time is over, or that is the holder's already. Whether it is the
    /// holder's now: of several that try at once, it is one's.
    pub async fn take(&self, name: &str, holder: &str, ttl: Duration) -> Result<bool, StoreError> {
        let now = now(self.0.db().get_database_backend());
        let sql = format!(
            "INSERT INTO leases (name, holder, until_ms) VALUES ($1, $2, {now} + $3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
             WHERE leases.holder = excluded.holder OR leases.until_ms <= {now}"
        );
        self.change(&sql, [name.into(), holder.into(), milliseconds(ttl).into()]).await
    }

    /// Makes a lease last longer, from now. Whether it still is the holder's: one whose time was over is lost, even
    /// if nobody else has taken it.
    pub async fn renew(&self, name: &str, holder: &str, ttl: Duration) -> Result<bool, StoreError> {
        let now = now(self.0.db().get_database_backend());
        let sql =
            format!("UPDATE leases SET until_ms = {now} + $3 WHERE name = $1 AND holder = $2 AND until_ms > {now}");
        self.change(&sql, [name.into(), holder.into(), milliseconds(ttl).into()]).await
    }

    /// Gives a lease back, so that nobody has to wait for its end. Whether it was the holder's.
    pub async fn release(&self, name: &str, holder: &str) -> Result<bool, StoreError> {
        self.change("DELETE FROM leases WHERE name = $1 AND holder = $2", [name.into(), holder.into()]).await
    }

    /// Who holds a lease now, if anybody does.
    pub async fn holder(&self, name: &str) -> Result<Option<String>, StoreError> {
        let backend = self.0.db().get_database_backend();
        let sql = format!("SELECT holder FROM leases WHERE name = $1 AND until_ms > {}", now(backend));
        let row = self.0.db().query_one_raw(Statement::from_sql_and_values(backend, sql, [name.into()])).await?;
        Ok(row.map(|row| row.try_get("", "holder")).transpose()?)
    }

    async fn change(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<bool, StoreError> {
        let write = self.0.write().await?;
        let statement = Statement::from_sql_and_values(write.transaction.get_database_backend(), sql, values);
        let changed = write.transaction.execute_raw(statement).await?.rows_affected();
        write.commit().await?;
        Ok(changed == 1)
    }
}

impl Write<'_> {
    /// Whether somebody holds a lease, and until the commit goes on to.
    pub(crate) async fn holds(&self, name: &str, holder: &str) -> Result<bool, StoreError> {
        let connection: &DatabaseTransaction = &self.transaction;
        let backend = connection.get_database_backend();
        let lock = if backend == DbBackend::Postgres { "FOR UPDATE" } else { "" };
        let now = now(backend);
        let sql = format!("SELECT 1 FROM leases WHERE name = $1 AND holder = $2 AND until_ms > {now} {lock}");
        let statement = Statement::from_sql_and_values(backend, sql, [name.into(), holder.into()]);
        Ok(connection.query_one_raw(statement).await?.is_some())
    }
}

/// The database's clock at the moment it is looked at, not at the transaction's begin: in milliseconds since 1970.
fn now(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
        _ => "CAST(unixepoch('now', 'subsec') * 1000 AS integer)",
    }
}

fn milliseconds(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX / 2)
}
