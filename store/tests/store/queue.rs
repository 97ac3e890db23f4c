//! The queue: who claims what of the engine, and who is told what.

use chrono::Utc;
use domain::{
    admission::{Claim, Needs, Place, Plan, Stage, Urgency},
    desktop::{Desktop, DesktopState, Wanted},
    why::Why,
};
use store::Recipient;

use crate::house::{Failed, House, Outcome, on_both, present};

on_both![
    who_does_not_rest_has_a_claim,
    a_claim_knows_the_groups_that_it_comes_through,
    a_plan_is_carried_out_at_one_revision,
    a_plan_changes_nobody_who_does_not_wait,
];

fn place(position: i32) -> Place {
    Place { position, eta_seconds: Some(position * 10), why: None }
}

async fn claim_of(house: &House, row: &Desktop) -> Result<Option<Claim>, Failed> {
    Ok(house.store.desktops().claims().await?.into_iter().find(|claim| claim.desktop == row.id))
}

async fn who_does_not_rest_has_a_claim(house: House) -> Outcome {
    let rows = house.some_desktops(7).await?;
    let queued = house.saved(rows[1].clone().queued(place(1))).await?;
    let starting = house.saved(rows[2].clone().admitted()).await?;
    let running = house.running(rows[3].clone()).await?;
    let stopping = house.running(rows[4].clone()).await?;
    let stopping = house.saved(stopping.want_stopped(Why::StoppedByOwner)).await?;
    let stopped = house.saved(rows[5].clone().want_stopped(Why::StoppedByOwner).ended(None, Utc::now())).await?;
    let removed = house.saved(rows[6].clone().want_removed().removed(Utc::now())).await?;

    for (row, stage) in [
        (&rows[0], Some(Stage::Waits)),
        (&queued, Some(Stage::Waits)),
        (&starting, Some(Stage::Starts)),
        (&running, Some(Stage::Holds)),
        (&stopping, Some(Stage::Holds)),
        (&stopped, None),
        (&removed, None),
    ] {
        assert_eq!(claim_of(&house, row).await?.map(|claim| claim.stage), stage, "{}", row.state);
    }
    let claim = present(claim_of(&house, &queued).await?, "the claim")?;
    let expected = Claim {
        desktop: queued.id,
        owner: queued.owner,
        groups: Vec::new(),
        urgency: Urgency::Person,
        since: queued.requested_at,
        needs: Needs::new(2048, 2.0),
        stage: Stage::Waits,
        told: Some(place(1)),
    };
    assert_eq!(claim, expected);
    Ok(())
}

async fn a_claim_knows_the_groups_that_it_comes_through(house: House) -> Outcome {
    let (template, other) = (house.template("tiny").await?, house.template("other").await?);
    let (anna, ben) = (house.pupil("anna").await?, house.pupil("ben").await?);
    let mut groups = Vec::new();
    for name in ["10a", "chess", "choir"] {
        let group = house.store.groups().ensure(name).await?;
        house.store.users().join(anna.id, group.id).await?;
        groups.push(group);
    }
    let through = |group: &store::Group| Recipient::Group(group.id, group.name.clone());
    house.give(&template, &through(&groups[0])).await?;
    house.give(&template, &through(&groups[1])).await?;
    // given twice, it is the same group
    house.give(&template, &through(&groups[1])).await?;
    house.give(&template, &Recipient::User(ben.id, ben.username.clone())).await?;
    house.give(&other, &through(&groups[2])).await?;
    house.give(&other, &Recipient::Everyone).await?;

    let groups_of = async |row: &Desktop| -> Result<_, Failed> {
        let mut found = present(claim_of(&house, row).await?, "the claim")?.groups;
        found.sort_unstable();
        Ok(found)
    };
    let mut both = vec![groups[0].id, groups[1].id];
    both.sort_unstable();
    assert_eq!(groups_of(&house.wish(&anna, &template).await?).await?, both);
    assert_eq!(groups_of(&house.wish(&anna, &other).await?).await?, [groups[2].id]);
    assert_eq!(groups_of(&house.wish(&ben, &template).await?).await?, [], "it is his own");
    assert_eq!(groups_of(&house.wish(&ben, &other).await?).await?, [], "everybody has it");
    Ok(())
}

async fn a_plan_is_carried_out_at_one_revision(house: House) -> Outcome {
    let rows = house.some_desktops(4).await?;
    let waits = house.saved(rows[1].clone().queued(place(2))).await?;
    let no_room = Why::WaitsForMemory { needed_mb: 2048, free_mb: 100 };
    let without_room = Place { position: 2, eta_seconds: None, why: Some(no_room.clone()) };
    let too_large = Why::TooLarge { needed_mb: 2048, most_mb: 1024 };
    let plan = Plan {
        starts: vec![rows[0].id],
        places: vec![(waits.id, place(1)), (rows[2].id, without_room.clone())],
        refused: vec![(rows[3].id, too_large.clone())],
        ..Plan::default()
    };
    let before = house.store.revision().await?;
    let revision = house.store.desktops().arrange(&plan).await?;
    assert_eq!((house.store.revision().await?, revision), (before + 1, before + 1));

    let starts = house.again(&rows[0]).await?;
    assert_eq!(starts, Desktop { revision, ..rows[0].clone().admitted() });
    let waits = house.again(&waits).await?;
    assert_eq!((waits.place(), waits.revision), (Some(place(1)), revision));
    let waits = house.again(&rows[2]).await?;
    assert_eq!((waits.place(), waits.why, waits.revision), (Some(without_room), Some(no_room), revision));
    let refused = house.again(&rows[3]).await?;
    assert_eq!(
        (refused.wanted, refused.state, refused.why),
        (Wanted::Stopped, DesktopState::Stopping, Some(too_large))
    );
    Ok(())
}

async fn a_plan_changes_nobody_who_does_not_wait(house: House) -> Outcome {
    let rows = house.some_desktops(5).await?;
    let told = house.saved(rows[0].clone().queued(place(1))).await?;
    let starting = house.saved(rows[1].clone().admitted()).await?;
    let running = house.running(rows[2].clone()).await?;
    let stopped = house.saved(rows[3].clone().want_stopped(Why::StoppedByOwner)).await?;
    let removed = house.saved(rows[4].clone().want_removed().removed(Utc::now())).await?;
    let plan = Plan {
        starts: vec![stopped.id],
        places: vec![(told.id, place(1)), (starting.id, place(2)), (removed.id, place(3))],
        refused: vec![(running.id, Why::TooLarge { needed_mb: 2048, most_mb: 1024 })],
        ..Plan::default()
    };
    house.store.desktops().arrange(&plan).await?;
    for row in [told, starting, running, stopped, removed] {
        assert_eq!(house.again(&row).await?, row, "{}", row.state);
    }
    Ok(())
}
