//! Revisions: every change has one, they become visible in their order, and nobody who follows them misses any.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use domain::{DesktopId, desktop::Desktop};
use sea_orm::EntityTrait;
use store::{Store, StoreError};

use crate::house::{House, Outcome, at_once, on_both, on_several_processes, present};

on_both![
    the_installation_is_made_once,
    to_look_for_the_installation_makes_none,
    the_database_tells_its_own_time,
    two_hundred_changes_at_once_are_all_seen_by_those_who_follow,
    a_change_is_announced_when_it_is_there_to_be_read,
    changes_that_nobody_follows_raise_no_revision,
    a_revision_is_not_lost_with_a_change_that_failed,
    a_closed_store_answers_no_more,
];

on_several_processes![
    the_first_of_several_processes_names_the_installation,
    an_announcement_that_was_lost_is_found_by_asking,
    changes_of_several_processes_are_all_seen,
];

async fn the_installation_is_made_once(house: House) -> Outcome {
    let id = house.store.installation().await?;
    assert_eq!(house.store.installation().await?, id);
    assert_eq!(house.count::<entity::installation::Entity>().await?, 1);
    Ok(())
}

async fn to_look_for_the_installation_makes_none(house: House) -> Outcome {
    let id = house.store.installation().await?;
    assert_eq!(house.store.known_installation().await?, Some(id));
    entity::installation::Entity::delete_many().exec(house.db()).await?;
    assert_eq!(house.store.known_installation().await?, None);
    assert_eq!(house.count::<entity::installation::Entity>().await?, 0);
    Ok(())
}

async fn the_database_tells_its_own_time(house: House) -> Outcome {
    // both are on this machine; the answer is cut to the millisecond
    let before = chrono::Utc::now() - chrono::TimeDelta::milliseconds(1);
    let told = house.store.clock().await?;
    assert!(before <= told && told <= chrono::Utc::now(), "{told}");
    Ok(())
}

async fn the_first_of_several_processes_names_the_installation(house: House) -> Outcome {
    entity::installation::Entity::delete_many().exec(house.db()).await?;
    let mut processes = Vec::new();
    for _ in 0..6 {
        processes.push(house.another_process().await?);
    }
    let named = at_once(6, |index| {
        let process = processes[index].clone();
        async move { process.installation().await }
    });
    let names = named.await.into_iter().collect::<Result<HashSet<_>, _>>()?;
    assert_eq!(names.len(), 1, "{names:?}");
    Ok(())
}

/// What a follower knew, each time it had caught up.
struct Diary {
    pages: Vec<(i64, BTreeMap<DesktopId, i64>)>,
}

impl Diary {
    /// Follows until a revision is reached that was never going to be the last if anything is missing.
    async fn keep(store: Store, last: tokio::sync::oneshot::Receiver<i64>) -> Result<Self, StoreError> {
        let (mut known, mut seen, mut pages) = (0, BTreeMap::new(), Vec::new());
        let mut last = Box::pin(last);
        let mut end = None;
        while end.is_none_or(|end| known < end) {
            let (changes, until) = store.desktops().since(known).await?;
            assert!(until >= known, "the counter never falls");
            for details in changes {
                seen.insert(details.desktop.id, details.desktop.revision);
            }
            known = until;
            pages.push((until, seen.clone()));
            tokio::select! {
                biased;
                reached = &mut last, if end.is_none() => end = reached.ok(),
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
        }
        Ok(Self { pages })
    }

    /// Whoever knows everything up to a revision has seen each change up to it.
    fn has(&self, id: DesktopId, revision: i64) -> bool {
        let page = self.pages.iter().find(|(until, _)| *until >= revision);
        page.is_some_and(|(_, seen)| seen.get(&id).is_some_and(|at| *at >= revision))
    }
}

fn again(desktop: Desktop) -> Desktop {
    Desktop { attempts: desktop.attempts + 1, ..desktop }
}

async fn two_hundred_changes_at_once_are_all_seen_by_those_who_follow(house: House) -> Outcome {
    follow_changes_through(&house, std::slice::from_ref(&house.store)).await
}

async fn changes_of_several_processes_are_all_seen(house: House) -> Outcome {
    let mut processes = Vec::new();
    for _ in 0..3 {
        processes.push(house.another_process().await?);
    }
    follow_changes_through(&house, &processes).await
}

async fn follow_changes_through(house: &House, processes: &[Store]) -> Outcome {
    let rows = house.some_desktops(12).await?;
    let (done, last) = tokio::sync::oneshot::channel();
    let follower = tokio::spawn(Diary::keep(house.store.clone(), last));
    let changes = at_once(200, |index| {
        let (store, id) = (processes[index % processes.len()].clone(), rows[index % rows.len()].id);
        async move {
            let stored = if index % 2 == 0 {
                store.desktops().change(id, again).await?.map(|details| details.desktop)
            } else {
                // the worker's way: from the row as it was read, again and again
                loop {
                    let Some(row) = store.desktops().get(id).await? else { break None };
                    if let Some(stored) = store.desktops().save(&again(row)).await? {
                        break Some(stored);
                    }
                }
            };
            Ok::<_, StoreError>(stored.map(|desktop| (desktop.id, desktop.revision)))
        }
    });
    let mut changes = changes.await.into_iter().collect::<Result<Option<Vec<_>>, _>>()?.unwrap_or_default();
    changes.extend(rows.iter().map(|row| (row.id, row.revision)));
    assert_eq!(changes.len(), 212);
    assert_eq!(changes.iter().map(|(_, revision)| revision).collect::<HashSet<_>>().len(), 212);
    let last = house.store.revision().await?;
    assert_eq!(changes.iter().map(|(_, revision)| *revision).max(), Some(last));
    done.send(last).map_err(|_| std::io::Error::other("the follower has ended"))?;

    let diary = follower.await??;
    for (id, revision) in &changes {
        assert!(diary.has(*id, *revision), "{id} at {revision}");
    }
    let tries: i32 = house.store.desktops().live().await?.iter().map(|desktop| desktop.attempts).sum();
    assert_eq!(tries, 200, "no change was overwritten");
    Ok(())
}

async fn a_change_is_announced_when_it_is_there_to_be_read(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let mut announced = house.store.revisions();
    let until = *announced.borrow_and_update() + 30;
    let store = house.store.clone();
    let writer = tokio::spawn(async move {
        for _ in 0..30 {
            store.desktops().change(row.id, again).await?;
        }
        Ok::<_, StoreError>(())
    });
    let mut heard = 0;
    while heard < until {
        announced.changed().await?;
        heard = *announced.borrow_and_update();
        // past the store, which would announce what it finds itself
        let counter = present(entity::installation::Entity::find().one(house.db()).await?, "the counter")?;
        assert!(counter.revision >= heard, "announced {heard} before it was there");
        assert!(house.again(&row).await?.revision >= heard);
    }
    Ok(writer.await??)
}

async fn an_announcement_that_was_lost_is_found_by_asking(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let other = house.another_process().await?;
    let mut announced = other.revisions();
    house.store.desktops().change(row.id, again).await?;
    assert!(!announced.has_changed()?, "there is no wire between the two");
    let revision = other.revision().await?;
    assert!(announced.has_changed()?);
    assert_eq!(*announced.borrow_and_update(), revision);
    assert_eq!(other.desktops().since(revision - 1).await?.0.len(), 1);
    Ok(())
}

async fn changes_that_nobody_follows_raise_no_revision(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let before = house.store.revision().await?;
    house.store.desktops().credential(&row).await?;
    house.store.sessions().create(row.owner, None).await?;
    house.store.audit().record(None, "something", None, None).await?;
    house.store.leases().take("schedule", "me", Duration::from_mins(1)).await?;
    let run = house.store.schedule().all().await?.remove(0);
    assert!(house.store.schedule().note(store::Held { lease: "schedule", holder: "me" }, &run).await?);
    assert_eq!(house.store.revision().await?, before);
    Ok(())
}

async fn a_revision_is_not_lost_with_a_change_that_failed(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let before = house.store.revision().await?;
    let taken = house.some_desktop().await?;
    let failed = house.store.desktops().change(row.id, |row| Desktop { name: taken.name.clone(), ..row }).await;
    assert!(failed.is_err(), "two desktops of one name");
    assert_eq!(house.store.revision().await?, before + 1);
    let details = present(house.store.desktops().change(row.id, again).await?, "the desktop")?;
    assert_eq!(details.desktop.revision, before + 2);
    Ok(())
}

async fn a_closed_store_answers_no_more(house: House) -> Outcome {
    house.store.close().await?;
    assert!(house.store.revision().await.is_err());
    assert!(house.store.desktops().live().await.is_err());
    Ok(())
}
