//! A house for each test: a migrated database that nobody else has, and what every test needs in it.

use std::{
    error::Error,
    fmt::{Debug, Display},
    panic::{AssertUnwindSafe, Location, resume_unwind},
    time::Duration,
};

use domain::{
    SessionId,
    access::{Credential, Given, Principal, Role, Wishing},
    audit::Line,
    desktop::{ContainerId, Desktop, Endpoint, Observed, Phase},
    template::{Template, TemplateSpec},
};
use futures::FutureExt;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, EntityTrait, PaginatorTrait, Statement};
use store::{Bus, Config, Recipient, Requested, Sealer, Sought, Store, User};
use uuid::Uuid;

/// Longer than any test takes; what is not done by then waits for something that will not come.
const PATIENCE: Duration = Duration::from_secs(90);

/// What passwords are sealed with.
const KEY: [u8; 32] = [7; 32];

/// Declares that these functions are tests, on both databases.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite { $(crate::house::test!(on_sqlite $test);)+ }
        mod postgres { $(crate::house::test!(on_postgres $test);)+ }
    };
}

/// Declares that these functions are tests of what only several processes do, and so only on PostgreSQL.
macro_rules! on_several_processes {
    ($($test:ident),+ $(,)?) => {
        mod several_processes { $(crate::house::test!(on_postgres $test);)+ }
    };
}

/// Declares that these functions are tests of what only SQLite has.
macro_rules! on_sqlite_alone {
    ($($test:ident),+ $(,)?) => {
        mod sqlite_alone { $(crate::house::test!(on_sqlite $test);)+ }
    };
}

/// Declares that these functions are also tests of a database in memory.
macro_rules! in_memory_too {
    ($($test:ident),+ $(,)?) => {
        mod memory { $(crate::house::test!(on_memory $test);)+ }
    };
}

macro_rules! test {
    ($database:ident $test:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $test() {
            crate::house::$database(super::$test).await;
        }
    };
}

pub(crate) use {in_memory_too, on_both, on_several_processes, on_sqlite_alone, test};

/// What a test answers.
pub(crate) type Outcome = Result<(), Failed>;

/// Any error, with the place where it was met.
pub(crate) struct Failed(String);

impl<E: Error> From<E> for Failed {
    #[track_caller]
    fn from(error: E) -> Self {
        let mut chain = format!("{}: {error}", Location::caller());
        let mut source = error.source();
        while let Some(error) = source {
            chain = format!("{chain}: {error}");
            source = error.source();
        }
        Self(chain)
    }
}

impl Debug for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A store with a database of its own.
#[derive(Clone)]
pub(crate) struct House {
    /// The store under test.
    pub(crate) store: Store,
    url: String,
}

/// Runs a test on SQLite.
pub(crate) async fn on_sqlite<F: Future<Output = Outcome>>(test: fn(House) -> F) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}", folder.path().join("pult.db").display());
    live_in(url, test).await.expect("the test succeeds");
}

/// Runs a test on SQLite, without a file.
pub(crate) async fn on_memory<F: Future<Output = Outcome>>(test: fn(House) -> F) {
    live_in("sqlite::memory:".to_owned(), test).await.expect("the test succeeds");
}

/// Runs a test on PostgreSQL.
pub(crate) async fn on_postgres<F: Future<Output = Outcome>>(test: fn(House) -> F) {
    #[expect(clippy::disallowed_methods, reason = "the tests have no configuration but this")]
    let server = std::env::var("PULT_TEST_POSTGRES_URL").expect(
        "PULT_TEST_POSTGRES_URL is not set: run `export $(setup/postgres start)` first, these tests need PostgreSQL",
    );
    let name = format!("pult_test_{}", Uuid::now_v7().simple());
    let admin = Database::connect(&server).await.expect("PostgreSQL answers at PULT_TEST_POSTGRES_URL");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database can be made");
    let lived = AssertUnwindSafe(live_in(with_database(&server, &name), test)).catch_unwind().await;
    admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("the database can go");
    admin.close().await.expect("the connection closes");
    lived.unwrap_or_else(|panic| resume_unwind(panic)).expect("the test succeeds");
}

/// Moves in, runs the test, and moves out whatever came of it.
async fn live_in<F: Future<Output = Outcome>>(url: String, test: fn(House) -> F) -> Outcome {
    let house = House { store: open(&url, KEY).await?, url };
    migration::up(house.db()).await?;
    house.store.installation().await?;
    let store = house.store.clone();
    // A panic does not keep us from clearing up.
    let lived = AssertUnwindSafe(tokio::time::timeout(PATIENCE, test(house))).catch_unwind().await;
    store.close().await?;
    match lived {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Failed(format!("not done after {PATIENCE:?}"))),
        Err(panic) => resume_unwind(panic),
    }
}

async fn open(url: &str, key: [u8; 32]) -> Result<Store, store::StoreError> {
    let config = Config { url: url.to_owned(), max_connections: 8 };
    Store::connect(&config, Bus::local(), Sealer::new(key)).await
}

/// The same server with another database.
fn with_database(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').map_or((server, None), |(address, query)| (address, Some(query)));
    let host = address.rsplit_once('/').filter(|(host, _)| !host.ends_with('/')).map_or(address, |(host, _)| host);
    query.map_or_else(|| format!("{host}/{name}"), |query| format!("{host}/{name}?{query}"))
}

/// Does something many times at the same moment, and answers what came of each.
pub(crate) async fn at_once<T, F>(times: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..times).map(|index| tokio::spawn(task(index))).collect();
    futures::future::join_all(tasks).await.into_iter().map(|done| done.expect("no task panics")).collect()
}

impl House {
    /// The database itself, past the store.
    pub(crate) fn db(&self) -> &DatabaseConnection {
        self.store.connection()
    }

    /// Another process with the same database, whose announcements do not reach this one.
    pub(crate) async fn another_process(&self) -> Result<Store, store::StoreError> {
        open(&self.url, KEY).await
    }

    /// The same, with another installation's key.
    pub(crate) async fn another_process_with_key(&self, key: [u8; 32]) -> Result<Store, store::StoreError> {
        open(&self.url, key).await
    }

    /// A pupil.
    pub(crate) async fn pupil(&self, username: &str) -> Result<User, store::StoreError> {
        self.store.users().ensure(username, "Somebody", Role::Student).await
    }

    /// A number of pupils.
    pub(crate) async fn pupils(&self, count: usize) -> Result<Vec<User>, store::StoreError> {
        let mut pupils = Vec::new();
        for index in 0..count {
            pupils.push(self.pupil(&format!("pupil{index:03}")).await?);
        }
        Ok(pupils)
    }

    /// A template that nobody is given yet.
    pub(crate) async fn template(&self, slug: &str) -> Result<Template, store::TemplateError> {
        self.store.templates().create(&spec(slug)).await
    }

    /// Gives a template to somebody.
    pub(crate) async fn give(&self, template: &Template, recipient: &Recipient) -> Result<(), store::StoreError> {
        self.store.assignments().create(template.id, recipient, &[], None).await.map(drop)
    }

    /// A desktop that somebody wants.
    pub(crate) async fn wish(&self, owner: &User, template: &Template) -> Result<Desktop, store::StoreError> {
        let owner = signed_in(owner);
        let requested = self.store.desktops().request(wishing(&owner), template.id, &template.spec.slug).await?;
        let (Requested::New(details) | Requested::Existing(details)) = requested;
        Ok(details.desktop)
    }

    /// A desktop of somebody's own template, where it does not matter whose.
    pub(crate) async fn some_desktop(&self) -> Result<Desktop, Failed> {
        let template = self.template(&format!("t{}", &Uuid::now_v7().simple().to_string()[12..])).await?;
        Ok(self.wish(&self.pupil("schueler").await?, &template).await?)
    }

    /// A number of desktops, each of another pupil.
    pub(crate) async fn some_desktops(&self, count: usize) -> Result<Vec<Desktop>, Failed> {
        let template = self.template("tiny").await?;
        let mut desktops = Vec::new();
        for pupil in self.pupils(count).await? {
            desktops.push(self.wish(&pupil, &template).await?);
        }
        Ok(desktops)
    }

    /// A desktop that runs, with its password made.
    pub(crate) async fn running(&self, desktop: Desktop) -> Result<Desktop, Failed> {
        self.store.desktops().credential(&desktop).await?;
        let seen = observed(desktop.generation);
        let endpoint = Endpoint { address: [172, 30, 0, 7].into(), port: 6901 };
        let running = desktop.admitted().connecting(&seen).running(endpoint, None, chrono::Utc::now());
        self.saved(running).await
    }

    /// The row as it is stored from now on; it must not have changed meanwhile.
    pub(crate) async fn saved(&self, desktop: Desktop) -> Result<Desktop, Failed> {
        self.store.desktops().save(&desktop).await?.ok_or_else(|| Failed("the row has changed meanwhile".to_owned()))
    }

    /// The row as it is now.
    pub(crate) async fn again(&self, desktop: &Desktop) -> Result<Desktop, Failed> {
        self.store.desktops().get(desktop.id).await?.ok_or_else(|| Failed("the desktop is gone".to_owned()))
    }

    /// What the audit log says, newest first.
    pub(crate) async fn lines(&self) -> Result<Vec<Line>, store::StoreError> {
        let entries = self.store.audit().before(&Sought::default(), None, 10_000).await?;
        Ok(entries.into_iter().map(|entry| entry.line).collect())
    }

    /// How many rows a table has.
    pub(crate) async fn count<E: EntityTrait>(&self) -> Result<u64, sea_orm::DbErr>
    where
        E::Model: Sync,
    {
        E::find().count(self.db()).await
    }

    /// The first column of what a query finds, as text.
    pub(crate) async fn ask(&self, sql: &str) -> Result<Vec<String>, sea_orm::DbErr> {
        let rows = self.db().query_all_raw(Statement::from_string(self.db().get_database_backend(), sql)).await?;
        rows.iter().map(|row| row.try_get_by_index(0)).collect()
    }
}

/// All that a new template needs.
pub(crate) fn spec(slug: &str) -> TemplateSpec {
    TemplateSpec::new(slug.to_owned(), format!("Template {slug}"), "pult/tiny:latest".to_owned())
}

/// What the engine shows of a container that runs.
pub(crate) fn observed(generation: i32) -> Observed {
    Observed {
        container: ContainerId(format!("c{generation}")),
        generation,
        image: format!("sha256:{generation:064x}").parse().expect("an image's id"),
        phase: Phase::Running,
        started_at: Some(chrono::Utc::now()),
        endpoint: None,
    }
}

/// Somebody who is signed in, and in no group.
pub(crate) fn signed_in(user: &User) -> Principal {
    user.clone().signed_in(Vec::new(), Credential::Session(SessionId::new()))
}

/// The right to have a desktop of a template that is offered to everybody.
pub(crate) fn wishing(principal: &Principal) -> Wishing<'_> {
    principal.may_want(true, &[Given::Everyone]).expect("it is offered to everybody")
}

/// What is expected to be there.
pub(crate) fn present<T>(what: Option<T>, name: impl Display) -> Result<T, Failed> {
    what.ok_or_else(|| Failed(format!("{name} is missing")))
}
