use std::{sync::Arc, time::Duration};

use domain::{InstallationId, Timestamp};
use entity::installation;
use sea_orm::{
    AccessMode,
    ActiveValue::Set,
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    ExprTrait, IsolationLevel, QueryFilter, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    sea_query::{Expr, OnConflict},
};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard, watch};

use crate::{
    Assignments, Audit, Bus, Deed, Desktops, Engines, Grants, Groups, Jobs, Leases, Lessons, Looks, Passes,
    Provisioning, Restrictions, Routes, Schedule, Sealer, Services, Sessions, SignIns, Templates, Tokens, Users,
    Webhooks,
};

/// Where the database is.
#[derive(Debug, Clone)]
pub struct Config {
    /// `sqlite://<path>` (made if it is missing), `sqlite::memory:`, or `postgres://…`, also spelled `postgresql://…`.
    pub url: String,
    /// Connections at most. SQLite has one writer whatever this says.
    pub max_connections: u32,
}

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away or refused a query.
    #[error("the database failed")]
    Database(#[from] DbErr),
    /// A row holds what no version of this program writes.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
    /// A sealed value was sealed with another key.
    #[error(transparent)]
    Seal(#[from] crate::SealError),
}

/// Everything Pult remembers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// What is told of the next change.
    deed: Option<Arc<Deed>>,
}

#[derive(Debug)]
struct Inner {
    database: DatabaseConnection,
    bus: Bus,
    sealer: Sealer,
    /// SQLite has one writer: whoever writes waits here in a fair queue, not in the database's busy handler.
    turn: Option<Mutex<()>>,
}

impl Store {
    /// Connects. The schema need not be there yet; [`Store::installation`] is the first call that needs it.
    pub async fn connect(config: &Config, bus: Bus, sealer: Sealer) -> Result<Self, StoreError> {
        let sqlite = config.url.starts_with("sqlite:");
        let memory = sqlite && config.url.contains(":memory:");
        let mut options = ConnectOptions::new(complete(&config.url));
        options
            .max_connections(if memory { 1 } else { config.max_connections })
            .acquire_timeout(Duration::from_secs(10))
            .sqlx_logging(false);
        if memory {
            // it is gone with its connection
            options.idle_timeout(None).max_lifetime(None);
        }
        if sqlite {
            options.map_sqlx_sqlite_opts(|options| {
                options
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "NORMAL")
                    .pragma("busy_timeout", "10000")
                    .pragma("foreign_keys", "ON")
            });
        } else {
            // Whoever loses its power in the midst of a change, holding locks, must not stop the others for as long
            // as the kernel believes in the connection.
            let limits = [("idle_in_transaction_session_timeout", "30s"), ("lock_timeout", "10s")];
            options.set_application_name("pult").map_sqlx_postgres_opts(move |options| options.options(limits));
        }
        let database = Database::connect(options).await?;
        let turn = sqlite.then(Mutex::default);
        Ok(Self { inner: Arc::new(Inner { database, bus, sealer, turn }), deed: None })
    }

    /// The same store for one change, of which the audit log tells: change and line are stored together or not at all,
    /// and where nothing changes nothing is told.
    ///
    /// ```ignore
    /// store.noting(Deed::of(admin, "template.delete").on(&slug)).templates().delete(id).await?;
    /// ```
    #[must_use]
    pub fn noting(&self, deed: Deed) -> Self {
        Self { inner: Arc::clone(&self.inner), deed: Some(Arc::new(deed)) }
    }

    /// The connection, for those who change the schema.
    pub fn connection(&self) -> &DatabaseConnection {
        &self.inner.database
    }

    /// Whether several processes may share this database.
    pub fn is_shareable(&self) -> bool {
        self.inner.turn.is_none()
    }

    /// Which installation this is; made at the first call. Also tells the bus where the revision stands.
    pub async fn installation(&self) -> Result<InstallationId, StoreError> {
        let row = match installation::Entity::find().one(self.db()).await? {
            Some(row) => row,
            None => self.make_installation().await?,
        };
        self.inner.bus.announce(row.revision);
        Ok(row.id)
    }

    /// Which installation this is, if it was ever made. Changes nothing.
    pub async fn known_installation(&self) -> Result<Option<InstallationId>, StoreError> {
        Ok(installation::Entity::find().one(self.db()).await?.map(|row| row.id))
    }

    /// The database's own clock.
    pub async fn clock(&self) -> Result<Timestamp, StoreError> {
        let backend = self.db().get_database_backend();
        let sql = match backend {
            DbBackend::Postgres => {
                r#"SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now"#
            }
            _ => "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS now",
        };
        let row = self.db().query_one_raw(Statement::from_string(backend, sql)).await?;
        let text: String = row.ok_or_else(|| StoreError::Corrupt("the clock".to_owned()))?.try_get("", "now")?;
        text.parse().map_err(|_| StoreError::Corrupt(format!("the clock: {text}")))
    }

    /// Several processes may do this at once: the first one's stays.
    async fn make_installation(&self) -> Result<installation::Model, StoreError> {
        let row = installation::ActiveModel { id: Set(InstallationId::new()), single: Set(1), revision: Set(0) };
        let write = self.write().await?;
        installation::Entity::insert(row)
            .on_conflict(OnConflict::column(installation::Column::Single).do_nothing().to_owned())
            .exec_without_returning(&write.transaction)
            .await?;
        let row = installation::Entity::find().one(&write.transaction).await?;
        write.commit().await?;
        row.ok_or_else(missing_installation)
    }

    /// The revision as the database has it; announces it where an announcement was lost.
    pub async fn revision(&self) -> Result<i64, StoreError> {
        let row = installation::Entity::find().one(&self.inner.database).await?;
        let revision = row.map_or(0, |row| row.revision);
        self.inner.bus.announce(revision);
        Ok(revision)
    }

    /// Follows the revision: yields whenever it has risen.
    pub fn revisions(&self) -> watch::Receiver<i64> {
        self.inner.bus.revisions()
    }

    /// Closes the database; calls after this fail.
    pub async fn close(&self) -> Result<(), StoreError> {
        Ok(self.inner.database.close_by_ref().await?)
    }

    /// Desktops.
    pub fn desktops(&self) -> Desktops<'_> {
        Desktops(self)
    }

    /// What the gateway needs of desktops.
    pub fn routes(&self) -> Routes<'_> {
        Routes(self)
    }

    /// Templates.
    pub fn templates(&self) -> Templates<'_> {
        Templates(self)
    }

    /// Who is given which template.
    pub fn assignments(&self) -> Assignments<'_> {
        Assignments(self)
    }

    /// People.
    pub fn users(&self) -> Users<'_> {
        Users(self)
    }

    /// Classes, courses and staff groups.
    pub fn groups(&self) -> Groups<'_> {
        Groups(self)
    }

    /// Who may look into somebody else's desktop.
    pub fn grants(&self) -> Grants<'_> {
        Grants(self)
    }

    /// Browsers that are signed in.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }

    /// Browsers that are on their way to an identity provider and back.
    pub fn sign_ins(&self) -> SignIns<'_> {
        SignIns(self)
    }

    /// Browsers' ways onto desktops' own hosts.
    pub fn passes(&self) -> Passes<'_> {
        Passes(self)
    }

    /// Accounts of programs.
    pub fn services(&self) -> Services<'_> {
        Services(self)
    }

    /// People and groups that sources tell of.
    pub fn provisioning(&self) -> Provisioning<'_> {
        Provisioning(self)
    }

    /// API tokens.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens(self)
    }

    /// Work that is watched.
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs(self)
    }

    /// Who did what.
    pub fn audit(&self) -> Audit<'_> {
        Audit(self)
    }

    /// What is known of the engines.
    pub fn engines(&self) -> Engines<'_> {
        Engines(self)
    }

    /// Who of several processes does what only one may do.
    pub fn leases(&self) -> Leases<'_> {
        Leases(self)
    }

    /// Groups that need their desktops for a while.
    pub fn lessons(&self) -> Lessons<'_> {
        Lessons(self)
    }

    /// Who reaches less than their templates allow, and what each desktop reaches in the end.
    pub fn restrictions(&self) -> Restrictions<'_> {
        Restrictions(self)
    }

    /// Who looked into somebody else's desktop.
    pub fn looks(&self) -> Looks<'_> {
        Looks(self)
    }

    /// What jobs of the schedule did, and do next.
    pub fn schedule(&self) -> Schedule<'_> {
        Schedule(self)
    }

    /// Programs that are told what happens to desktops.
    pub fn webhooks(&self) -> Webhooks<'_> {
        Webhooks(self)
    }

    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.inner.database
    }

    /// Waits for the one writer's turn, where the database has one writer.
    pub(crate) async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        match &self.inner.turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    /// Opens a transaction that writes. On SQLite it waits for its turn and takes the write lock at once, so that
    /// what it reads is still so when it writes.
    pub(crate) async fn write(&self) -> Result<Write<'_>, StoreError> {
        let turn = self.turn().await;
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: Some(AccessMode::ReadWrite).filter(|_| turn.is_none()),
            sqlite_transaction_mode: turn.is_some().then_some(SqliteTransactionMode::Immediate),
        };
        let transaction = self.inner.database.begin_with_options(options).await?;
        let deeds = self.deed.as_deref().cloned().into_iter().collect();
        Ok(Write { transaction, bus: &self.inner.bus, revision: None, deeds, _turn: turn })
    }

    /// Opens a transaction that only reads, and for which nothing changes meanwhile.
    pub(crate) async fn look(&self) -> Result<DatabaseTransaction, StoreError> {
        let is_postgres = self.inner.turn.is_none();
        let options = TransactionOptions {
            isolation_level: is_postgres.then_some(IsolationLevel::RepeatableRead),
            access_mode: is_postgres.then_some(AccessMode::ReadOnly),
            sqlite_transaction_mode: None,
        };
        Ok(self.inner.database.begin_with_options(options).await?)
    }
}

/// A transaction that writes. Dropped without [`Write::commit`], it leaves nothing behind.
///
/// Locks are taken in one order, so that nobody waits in a circle: rows first, those of one kind by their ids, then the
/// counter, by [`Write::revision`], and last the end of the audit log, at the commit. What is read to be written again is
/// read with `lock_exclusive`, which SQLite does not need and leaves out: its one writer has the whole database.
pub(crate) struct Write<'a> {
    pub(crate) transaction: DatabaseTransaction,
    bus: &'a Bus,
    revision: Option<i64>,
    deeds: Vec<Deed>,
    _turn: Option<MutexGuard<'a, ()>>,
}

impl Write<'_> {
    /// The revision of this transaction: one more than the last. Locks the counter until the commit, which is what
    /// puts revisions in order.
    pub(crate) async fn revision(&mut self) -> Result<i64, StoreError> {
        if let Some(revision) = self.revision {
            return Ok(revision);
        }
        let rows = installation::Entity::update_many()
            .col_expr(installation::Column::Revision, Expr::col(installation::Column::Revision).add(1))
            .filter(Expr::col(installation::Column::Single).eq(1))
            .exec_with_returning(&self.transaction)
            .await?;
        let row = rows.first().ok_or_else(missing_installation)?;
        self.revision = Some(row.revision);
        Ok(row.revision)
    }

    /// Has the audit log tell of something that this transaction does, beside what its caller wants noted.
    pub(crate) fn note(&mut self, deed: Deed) {
        self.deeds.push(deed);
    }

    /// The same, by whoever does what their caller wants noted.
    #[expect(clippy::needless_pass_by_value, reason = "ids are small and given as they are")]
    pub(crate) fn note_too(&mut self, action: &str, object: impl ToString) {
        let actor = self.deeds.first().and_then(|deed| deed.actor);
        self.note(Deed { actor, ..Deed::ours(action).on(object.to_string()) });
    }

    /// Says what the deed that the caller wants noted is done to, where only we know: what it makes.
    #[expect(clippy::needless_pass_by_value, reason = "ids are small and given as they are")]
    pub(crate) fn about(&mut self, object: impl ToString) {
        for deed in &mut self.deeds {
            deed.object.get_or_insert_with(|| object.to_string());
        }
    }

    /// Adds to what the caller wants noted what came of it, where only we know.
    pub(crate) fn learned(&mut self, more: &Value) {
        for deed in &mut self.deeds {
            match (&mut deed.detail, more) {
                (Some(Value::Object(told)), Value::Object(more)) => told.extend(more.clone()),
                (told, more) => *told = Some(more.clone()),
            }
        }
    }

    /// Makes it durable, with what is noted of it, then announces it. Whoever has changed nothing does not commit.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let deeds = std::mem::take(&mut self.deeds);
        if !deeds.is_empty() {
            self.append(deeds).await?;
        }
        self.transaction.commit().await?;
        if let Some(revision) = self.revision {
            self.bus.announce(revision);
        }
        Ok(())
    }
}

fn missing_installation() -> StoreError {
    StoreError::Corrupt("the installation's row is missing".to_owned())
}

/// The address with what goes without saying.
fn complete(url: &str) -> String {
    match url.strip_prefix("postgresql://") {
        Some(rest) => format!("postgres://{rest}"),
        None if url.starts_with("sqlite:") && !url.contains(":memory:") && !url.contains('?') => {
            format!("{url}?mode=rwc")
        }
        None => url.to_owned(),
    }
}

/// The time, as exactly as it is stored.
pub(crate) fn now() -> Timestamp {
    stored(chrono::Utc::now())
}

/// A time, as exactly as both databases keep it: to the microsecond.
pub(crate) fn stored(time: Timestamp) -> Timestamp {
    use chrono::SubsecRound;
    time.trunc_subsecs(6)
}

#[cfg(test)]
mod tests {
    use super::complete;

    #[test]
    fn addresses_are_completed_where_something_goes_without_saying() {
        assert_eq!(complete("sqlite:///srv/pult.db"), "sqlite:///srv/pult.db?mode=rwc");
        assert_eq!(complete("postgresql://pult@db/pult"), "postgres://pult@db/pult");
        for url in ["sqlite::memory:", "sqlite:///srv/pult.db?mode=ro", "postgres://pult@db/pult"] {
            assert_eq!(complete(url), url);
        }
    }
}
