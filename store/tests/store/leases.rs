//! What only one of several processes may do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use store::Held;

use crate::house::{House, Outcome, at_once, on_both, on_several_processes};

on_both![
    of_many_that_take_a_lease_at_once_one_gets_it,
    a_lease_whose_time_is_over_is_taken_over_and_its_holder_learns_so,
    a_lease_that_is_given_back_is_free_at_once,
    leases_of_different_names_are_independent,
    what_a_holder_notes_is_noted_only_while_it_holds,
];

on_several_processes![two_never_hold_a_lease_at_once];

const LONG: Duration = Duration::from_mins(10);
/// A time that is over when it begins.
const OVER: Duration = Duration::ZERO;

async fn of_many_that_take_a_lease_at_once_one_gets_it(house: House) -> Outcome {
    for round in 0..5 {
        let taken = at_once(8, |index| {
            let house = house.clone();
            async move { house.store.leases().take(&format!("l{round}"), &format!("h{index}"), LONG).await }
        });
        let taken = taken.await.into_iter().collect::<Result<Vec<_>, _>>()?;
        assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
        let first = taken.iter().position(|taken| *taken).unwrap_or_default();
        let leases = house.store.leases();
        assert!(leases.take(&format!("l{round}"), &format!("h{first}"), LONG).await?, "again, by who has it");
        assert!(leases.renew(&format!("l{round}"), &format!("h{first}"), LONG).await?);
    }
    Ok(())
}

async fn a_lease_whose_time_is_over_is_taken_over_and_its_holder_learns_so(house: House) -> Outcome {
    let leases = house.store.leases();
    assert!(!leases.renew("schedule", "first", LONG).await?, "nobody renews what they never had");
    assert!(leases.take("schedule", "first", OVER).await?);
    assert_eq!(leases.holder("schedule").await?, None);
    assert!(!leases.renew("schedule", "first", LONG).await?, "it is lost, even if nobody has it yet");
    assert!(leases.take("schedule", "second", LONG).await?);
    assert!(!leases.renew("schedule", "first", LONG).await?);
    assert!(!leases.take("schedule", "first", LONG).await?);
    assert!(!leases.release("schedule", "first").await?, "what is another's cannot be given back");
    assert!(leases.renew("schedule", "second", LONG).await?);
    Ok(())
}

async fn a_lease_that_is_given_back_is_free_at_once(house: House) -> Outcome {
    let leases = house.store.leases();
    assert!(leases.take("schedule", "first", LONG).await?);
    assert!(!leases.take("schedule", "second", LONG).await?);
    assert_eq!(leases.holder("schedule").await?.as_deref(), Some("first"));
    assert!(leases.release("schedule", "first").await?);
    assert_eq!(leases.holder("schedule").await?, None);
    assert!(!leases.release("schedule", "first").await?);
    assert!(leases.take("schedule", "second", LONG).await?);
    Ok(())
}

async fn leases_of_different_names_are_independent(house: House) -> Outcome {
    let leases = house.store.leases();
    assert!(leases.take("schedule", "first", LONG).await?);
    assert!(leases.take("mail", "second", LONG).await?);
    assert!(!leases.renew("mail", "first", LONG).await?);
    Ok(())
}

async fn what_a_holder_notes_is_noted_only_while_it_holds(house: House) -> Outcome {
    let (leases, schedule) = (house.store.leases(), house.store.schedule());
    let run = schedule.all().await?.remove(0);
    let noted = |holder| schedule.note(Held { lease: "schedule", holder }, &run);
    assert!(!noted("first").await?);
    assert!(leases.take("schedule", "first", LONG).await?);
    assert!(noted("first").await?);
    assert!(leases.take("schedule", "first", OVER).await?, "its time is cut");
    assert!(!noted("first").await?);
    assert!(leases.take("schedule", "second", LONG).await?);
    assert!(noted("second").await? && !noted("first").await?);
    Ok(())
}

/// Several processes take it, do something alone and give it back, as fast as they can.
async fn two_never_hold_a_lease_at_once(house: House) -> Outcome {
    let (inside, turns) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let done = at_once(6, |index| {
        let (house, inside, turns) = (house.clone(), Arc::clone(&inside), Arc::clone(&turns));
        async move {
            let store = house.another_process().await?;
            let holder = format!("worker {index}");
            while turns.load(Ordering::SeqCst) < 60 {
                if store.leases().take("schedule", &holder, LONG).await? {
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "somebody else is inside");
                    assert!(store.leases().renew("schedule", &holder, LONG).await?);
                    turns.fetch_add(1, Ordering::SeqCst);
                    inside.fetch_sub(1, Ordering::SeqCst);
                    assert!(store.leases().release("schedule", &holder).await?);
                }
                tokio::task::yield_now().await;
            }
            store.close().await
        }
    });
    done.await.into_iter().collect::<Result<(), _>>()?;
    Ok(())
}
