//! Everybody at once: nobody waits in a circle, nobody is refused, and who gives up leaves nothing behind.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::Utc;
use domain::{
    GatewayId,
    admission::{Place, Plan},
    desktop::Desktop,
};
use sea_orm::{ConnectionTrait, TransactionTrait};
use store::{Filter, Paging, Seen, StoreError};

use crate::house::{
    House, Outcome, at_once, in_memory_too, on_both, on_several_processes, on_sqlite_alone, signed_in, wishing,
};

on_both![
    whoever_reads_is_not_disturbed_by_those_who_write,
    changes_of_every_kind_at_once_wait_in_no_circle,
    a_change_that_is_given_up_leaves_nothing_and_blocks_nobody,
];

on_several_processes![whoever_holds_a_lock_for_ever_is_not_waited_for, connections_that_were_cut_are_made_anew,];

on_sqlite_alone![the_database_has_a_write_ahead_log_and_keeps_its_references];

// A database in memory has one connection: whoever needed two at once would wait for ever.
in_memory_too![changes_of_every_kind_at_once_wait_in_no_circle];

async fn the_database_has_a_write_ahead_log_and_keeps_its_references(house: House) -> Outcome {
    assert_eq!(house.ask("PRAGMA journal_mode").await?, ["wal"]);
    assert_eq!(house.ask("SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys").await?, ["1"]);
    Ok(())
}

fn again(desktop: Desktop) -> Desktop {
    Desktop { attempts: desktop.attempts + 1, ..desktop }
}

async fn whoever_reads_is_not_disturbed_by_those_who_write(house: House) -> Outcome {
    let rows = house.some_desktops(10).await?;
    let (writing, reads) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let readers: Vec<_> = (0..12)
        .map(|_| {
            let (store, writing, reads) = (house.store.clone(), writing.clone(), reads.clone());
            tokio::spawn(async move {
                while writing.load(Ordering::Relaxed) {
                    let page = store.desktops().page(Filter::All, &Paging { limit: 200, cursor: None }).await?;
                    assert_eq!(page.items.len(), 10);
                    store.routes().all().await?;
                    reads.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, StoreError>(())
            })
        })
        .collect();
    // as often as it takes for the readers to have read a good deal meanwhile
    while reads.load(Ordering::Relaxed) < 50 {
        let writes = at_once(100, |index| {
            let (store, id) = (house.store.clone(), rows[index % 10].id);
            async move { store.desktops().change(id, again).await }
        });
        writes.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    }
    writing.store(false, Ordering::Relaxed);
    for reader in readers {
        reader.await??;
    }
    Ok(())
}

fn place(position: i32) -> Place {
    Place { position, eta_seconds: Some(1), why: None }
}

async fn changes_of_every_kind_at_once_wait_in_no_circle(house: House) -> Outcome {
    let mut rows = Vec::new();
    for row in house.some_desktops(8).await? {
        rows.push(house.saved(row.queued(place(1))).await?);
    }
    let rows = Arc::new(rows);
    let gateways = [GatewayId::new(), GatewayId::new()];
    let answers = at_once(400, |index| {
        let (store, rows) = (house.store.clone(), rows.clone());
        async move {
            let row = &rows[(index * 5) % 8];
            let round = i32::try_from(index).unwrap_or(0);
            match index % 8 {
                0 => store.desktops().change(row.id, again).await.map(drop),
                1 => store.desktops().save(&again(row.clone())).await.map(drop),
                2 => {
                    let places = rows.iter().rev().map(|row| (row.id, place(round))).collect();
                    store.desktops().arrange(&Plan { places, ..Plan::default() }).await.map(drop)
                }
                3 | 4 => {
                    let now = Some(Utc::now());
                    let seen = |row: &Desktop| Seen { last_input_at: now, viewers: round, ..Seen::nothing(row.id) };
                    let mut seen: Vec<_> = rows.iter().map(seen).collect();
                    seen.rotate_left(index % 7);
                    store.desktops().record_use(gateways[index % 2], &seen).await.map(drop)
                }
                5 => store.desktops().credential(row).await.map(drop),
                6 => store.jobs().order_pull(&format!("pult/{}", index % 3), row.owner).await.map(drop),
                _ => match store.users().get(row.owner).await? {
                    Some(owner) => {
                        store.desktops().request(wishing(&signed_in(&owner)), row.template, "tiny").await.map(drop)
                    }
                    None => Ok(()),
                },
            }
        }
    });
    answers.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(())
}

async fn a_change_that_is_given_up_leaves_nothing_and_blocks_nobody(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let mut finished = 0;
    for index in 0..120_u64 {
        let (store, id) = (house.store.clone(), row.id);
        let change = tokio::spawn(async move { store.desktops().change(id, again).await });
        tokio::time::sleep(Duration::from_micros(index * 37)).await;
        change.abort();
        match change.await {
            Ok(answer) => finished += usize::from(answer?.is_some()),
            Err(given_up) => assert!(given_up.is_cancelled()),
        }
    }
    let before = house.again(&row).await?;
    let applied = usize::try_from(before.attempts)?;
    assert!((finished..=120).contains(&applied), "{finished} were answered, {applied} applied");
    // nobody has left a lock or an open transaction behind
    let next = at_once(8, |_| {
        let (store, id) = (house.store.clone(), row.id);
        async move { tokio::time::timeout(Duration::from_secs(8), store.desktops().change(id, again)).await }
    });
    for answer in next.await {
        answer??;
    }
    assert_eq!(usize::try_from(house.again(&row).await?.attempts)?, applied + 8);
    Ok(())
}

async fn whoever_holds_a_lock_for_ever_is_not_waited_for(house: House) -> Outcome {
    let held = house.another_process().await?;
    let transaction = held.connection().begin().await?;
    transaction.execute_unprepared("UPDATE installation SET revision = revision").await?;
    for (setting, limit) in [("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "30s")] {
        assert_eq!(house.ask(&format!("SHOW {setting}")).await?, [limit]);
    }
    // the same limit, cut short
    let waiting = house.db().begin().await?;
    waiting.execute_unprepared("SET LOCAL lock_timeout = '200ms'").await?;
    assert!(waiting.execute_unprepared("UPDATE installation SET revision = revision").await.is_err());
    transaction.rollback().await?;
    Ok(())
}

async fn connections_that_were_cut_are_made_anew(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let other = house.another_process().await?;
    for _ in 0..3 {
        other
            .connection()
            .execute_unprepared(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await?;
        assert_eq!(house.store.desktops().live().await?.len(), 1);
        house.store.desktops().change(row.id, again).await?;
    }
    assert_eq!(house.again(&row).await?.attempts, 3);
    Ok(())
}
