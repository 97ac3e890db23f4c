use sea_orm::{ConnectionTrait, DbBackend};

use crate::{Store, StoreError};

impl Store {
    /// Does for the database what it does not do for itself; whether there was anything.
    ///
    /// SQLite looks at its tables only when told to, so that its plans fit what is in them by now, and keeps its log at
    /// its largest size: it is brought into the database and cut. PostgreSQL does both by itself (autovacuum,
    /// checkpoints), better informed than any schedule of ours.
    pub async fn upkeep(&self) -> Result<bool, StoreError> {
        if self.db().get_database_backend() != DbBackend::Sqlite {
            return Ok(false);
        }
        let _turn = self.turn().await;
        // 0x10002: all tables, not only those that this connection has met, each with a bounded look
        self.db().execute_unprepared("PRAGMA optimize = 0x10002").await?;
        self.db().execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        Ok(true)
    }
}
