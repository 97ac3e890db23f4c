//! The schema: that it can be made, unmade and made again, and that it is what the entities say.

use std::{collections::BTreeMap, time::Duration};

use domain::{audit::Line, schedule::ScheduledJob};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, Iterable, Statement};
use serde_json::json;
use store::{Held, JobRun};

use crate::house::{House, Outcome, at_once, on_both, present};

on_both![
    what_is_made_can_be_unmade_and_made_again,
    steps_are_taken_back_one_by_one,
    a_schema_that_is_there_already_is_left_alone,
    desktops_from_before_there_were_own_hosts_get_one,
    lines_from_before_there_was_a_chain_are_its_first_ones,
    when_a_job_last_ran_is_known_before_and_after_there_was_a_schedule,
    several_processes_that_migrate_at_once_do_not_disturb_each_other,
    every_entity_is_what_the_schema_says,
    rows_that_belong_to_a_person_go_with_the_person,
];

async fn what_is_made_can_be_unmade_and_made_again(house: House) -> Outcome {
    let made = structure(&house).await?;
    house.some_desktop().await?;
    assert!(migration::status(house.db()).await?.iter().all(|step| step.applied));

    migration::down(house.db(), None).await?;
    assert_eq!(structure(&house).await?, Vec::<String>::new(), "nothing is left behind");
    assert!(migration::status(house.db()).await?.iter().all(|step| !step.applied));
    assert_eq!(structure(&house).await?, Vec::<String>::new(), "to look changes nothing");

    migration::up(house.db()).await?;
    assert_eq!(structure(&house).await?, made);
    house.store.installation().await?;
    house.some_desktop().await?;
    Ok(())
}

async fn steps_are_taken_back_one_by_one(house: House) -> Outcome {
    let made = structure(&house).await?;
    let steps = migration::status(house.db()).await?;
    for taken in 1..=steps.len() {
        migration::down(house.db(), Some(1)).await?;
        let left = migration::status(house.db()).await?.iter().filter(|step| step.applied).count();
        assert_eq!(left, steps.len() - taken);
    }
    migration::up(house.db()).await?;
    assert_eq!(structure(&house).await?, made);
    Ok(())
}

async fn a_schema_that_is_there_already_is_left_alone(house: House) -> Outcome {
    let desktop = house.some_desktop().await?;
    let made = structure(&house).await?;
    migration::up(house.db()).await?;
    assert_eq!(structure(&house).await?, made);
    assert_eq!(house.again(&desktop).await?, desktop);
    Ok(())
}

async fn desktops_from_before_there_were_own_hosts_get_one(house: House) -> Outcome {
    let rows = house.some_desktops(3).await?;
    for row in &rows[..2] {
        house.store.desktops().credential(row).await?;
    }
    before(&house, "m0007_own_hosts").await?;
    migration::up(house.db()).await?;
    let labels = house.ask("SELECT host_label FROM desktops WHERE host_label IS NOT NULL").await?;
    assert_eq!(labels.len(), 2, "those that have a container");
    assert_ne!(labels[0], labels[1]);
    assert!(labels.iter().all(|label| label.len() == 40 && label.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    Ok(())
}

async fn when_a_job_last_ran_is_known_before_and_after_there_was_a_schedule(house: House) -> Outcome {
    let (never, once) = (JobRun::never(ScheduledJob::Idle), JobRun::never(ScheduledJob::NightlyStop));
    let at = present(chrono::DateTime::from_timestamp_micros(1_800_000_000_000_001), "a time")?;
    let once = JobRun { scheduled_for: Some(at), started_at: Some(at), ..once };
    house.store.leases().take("schedule", "me", Duration::from_mins(1)).await?;
    for run in [&never, &once] {
        assert!(house.store.schedule().note(Held { lease: "schedule", holder: "me" }, run).await?);
    }
    before(&house, "m0008_schedule").await?;
    assert_eq!(house.ask("SELECT name FROM job_runs").await?, ["nightly_stop"], "what never ran was no row");
    migration::up(house.db()).await?;
    let all = house.store.schedule().all().await?;
    assert_eq!(all.into_iter().find(|run| run.job == ScheduledJob::NightlyStop), Some(once));
    Ok(())
}

async fn lines_from_before_there_was_a_chain_are_its_first_ones(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let details = [None, Some(json!({ "to": ["ü", null, { "cpus": 0.1 }], "from": 3 })), Some(json!("'\"\\"))];
    for index in 0..2500 {
        let actor = Some(anna.id).filter(|_| index % 2 == 0);
        let object = Some(format!("thing {index}")).filter(|_| index % 5 > 0);
        house.store.audit().record(actor, "thing.change", object, details[index % 3].clone()).await?;
    }
    let told = |lines: Vec<Line>| -> Vec<_> { lines.into_iter().map(|line| Line { seq: 0, ..line }).collect() };
    let written = told(house.lines().await?);
    before(&house, "m0013_audit_chain").await?;
    migration::up(house.db()).await?;
    assert_eq!(told(house.lines().await?), written);
    let sound = house.store.audit().verify().await?.expect("it is whole");
    assert_eq!((sound.anchor.seq, sound.head.seq), (0, 2500));
    // as if nothing had been
    house.store.audit().record(None, "thing.change", None, None).await?;
    assert_eq!(house.store.audit().verify().await?.map(|sound| sound.head.seq), Ok(2501));
    Ok(())
}

/// Takes steps back until this one is taken back.
async fn before(house: &House, name: &str) -> Outcome {
    let after = migration::status(house.db()).await?.iter().skip_while(|step| step.name != name).count();
    Ok(migration::down(house.db(), Some(u32::try_from(after)?)).await?)
}

async fn several_processes_that_migrate_at_once_do_not_disturb_each_other(house: House) -> Outcome {
    let made = structure(&house).await?;
    migration::down(house.db(), None).await?;
    let migrated = at_once(4, |_| {
        let house = house.clone();
        async move { migration::up(house.db()).await }
    });
    migrated.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(structure(&house).await?, made);
    Ok(())
}

async fn every_entity_is_what_the_schema_says(house: House) -> Outcome {
    let mut tables = columns(&house).await?;
    tables.remove("seaql_migrations");
    agrees::<entity::assignment::Entity>(&house, &mut tables).await?;
    agrees::<entity::audit::Entity>(&house, &mut tables).await?;
    agrees::<entity::audit_chain::Entity>(&house, &mut tables).await?;
    agrees::<entity::departure::Entity>(&house, &mut tables).await?;
    agrees::<entity::desktop::Entity>(&house, &mut tables).await?;
    agrees::<entity::engine::Entity>(&house, &mut tables).await?;
    agrees::<entity::gateway::Entity>(&house, &mut tables).await?;
    agrees::<entity::group::Entity>(&house, &mut tables).await?;
    agrees::<entity::idempotency_key::Entity>(&house, &mut tables).await?;
    agrees::<entity::installation::Entity>(&house, &mut tables).await?;
    agrees::<entity::job::Entity>(&house, &mut tables).await?;
    agrees::<entity::job_run::Entity>(&house, &mut tables).await?;
    agrees::<entity::lease::Entity>(&house, &mut tables).await?;
    agrees::<entity::grant::Entity>(&house, &mut tables).await?;
    agrees::<entity::lesson::Entity>(&house, &mut tables).await?;
    agrees::<entity::look::Entity>(&house, &mut tables).await?;
    agrees::<entity::membership::Entity>(&house, &mut tables).await?;
    agrees::<entity::pass::Entity>(&house, &mut tables).await?;
    agrees::<entity::provider::Entity>(&house, &mut tables).await?;
    agrees::<entity::provisioned_group::Entity>(&house, &mut tables).await?;
    agrees::<entity::provisioned_user::Entity>(&house, &mut tables).await?;
    agrees::<entity::restriction::Entity>(&house, &mut tables).await?;
    agrees::<entity::session::Entity>(&house, &mut tables).await?;
    agrees::<entity::sign_in::Entity>(&house, &mut tables).await?;
    agrees::<entity::template::Entity>(&house, &mut tables).await?;
    agrees::<entity::token::Entity>(&house, &mut tables).await?;
    agrees::<entity::user::Entity>(&house, &mut tables).await?;
    agrees::<entity::viewer::Entity>(&house, &mut tables).await?;
    agrees::<entity::webhook::Entity>(&house, &mut tables).await?;
    agrees::<entity::webhook_delivery::Entity>(&house, &mut tables).await?;
    assert_eq!(tables.into_keys().collect::<Vec<_>>(), Vec::<String>::new(), "tables without an entity");
    Ok(())
}

/// An entity can be selected, and has each column of its table, absent where the table says so.
async fn agrees<E: EntityTrait>(house: &House, tables: &mut Columns) -> Result<(), DbErr> {
    E::find().one(house.db()).await?;
    let name = E::default().table_name().to_owned();
    let said: BTreeMap<_, _> =
        E::Column::iter().map(|column| (column.as_str().to_owned(), column.def().is_null())).collect();
    assert_eq!(tables.remove(&name), Some(said), "columns of {name}, and whether they may be absent");
    Ok(())
}

async fn rows_that_belong_to_a_person_go_with_the_person(house: House) -> Outcome {
    let desktop = house.some_desktop().await?;
    house.store.sessions().create(desktop.owner, None).await?;
    let group = house.store.groups().ensure("10a").await?;
    house.store.users().join(desktop.owner, group.id).await?;
    entity::user::Entity::delete_by_id(desktop.owner).exec(house.db()).await?;
    assert_eq!(house.count::<entity::desktop::Entity>().await?, 0);
    assert_eq!(house.count::<entity::session::Entity>().await?, 0);
    assert_eq!(house.count::<entity::membership::Entity>().await?, 0);
    assert_eq!(house.count::<entity::group::Entity>().await?, 1);
    Ok(())
}

/// For each table its columns, and whether they may be absent.
type Columns = BTreeMap<String, BTreeMap<String, bool>>;

async fn columns(house: &House) -> Result<Columns, DbErr> {
    let backend = house.db().get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            "SELECT table_name, column_name, CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END
             FROM information_schema.columns WHERE table_schema = 'public'"
        }
        // a primary key of text is not marked there as present, although it is
        _ => {
            "SELECT m.name, c.name, CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN 0 ELSE 1 END
             FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        }
    };
    let mut tables = Columns::new();
    for row in house.db().query_all_raw(Statement::from_string(backend, sql)).await? {
        let nullable: i32 = row.try_get_by_index(2)?;
        tables.entry(row.try_get_by_index(0)?).or_default().insert(row.try_get_by_index(1)?, nullable == 1);
    }
    Ok(tables)
}

/// Tables, columns, keys and indexes, spelled as the database spells them.
async fn structure(house: &House) -> Result<Vec<String>, DbErr> {
    let sql = match house.db().get_database_backend() {
        DbBackend::Postgres => {
            "SELECT what FROM (
               SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) AS what
                 FROM information_schema.columns WHERE table_schema = 'public'
               UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
               UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
                 FROM pg_constraint WHERE connamespace = 'public'::regnamespace
             ) AS all_of_it ORDER BY what COLLATE \"C\""
        }
        _ => "SELECT name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY name",
    };
    house.ask(sql).await
}
