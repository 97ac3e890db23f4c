//! Rows that change: only from what they are, and only in what was meant.

use chrono::{TimeDelta, Utc};
use domain::{
    DesktopId, GatewayId, Timestamp,
    admission::Place,
    desktop::{Desktop, DesktopState, Wanted},
    why::Why,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set};
use store::{Filter, Paging, Seen, StoreError};

use crate::house::{House, Outcome, at_once, observed, on_both, present};

on_both![
    of_two_saves_from_one_row_the_second_stores_nothing,
    of_twenty_saves_at_once_one_is_stored,
    a_save_of_what_is_gone_stores_nothing,
    fifty_changes_at_once_all_apply,
    a_change_that_changes_nothing_raises_no_revision,
    a_change_of_what_is_removed_finds_nothing,
    lists_hold_what_is_not_removed_and_only_its_owners,
    input_is_remembered_and_never_goes_backwards,
    input_of_a_clock_that_was_set_back_since_does_not_stand_in_the_way,
    input_raises_no_revision_and_does_not_outdate_a_row,
    a_save_does_not_undo_input_seen_meanwhile,
    bytes_add_up_and_no_change_of_the_row_loses_them,
    viewers_of_all_gateways_count_until_those_are_gone,
    what_was_removed_is_kept_for_a_while_and_then_forgotten,
];

/// Somebody typed.
fn typed(desktop: DesktopId, at: Timestamp) -> Seen {
    Seen { last_input_at: Some(at), ..Seen::nothing(desktop) }
}

fn again(desktop: Desktop) -> Desktop {
    Desktop { attempts: desktop.attempts + 1, ..desktop }
}

async fn of_two_saves_from_one_row_the_second_stores_nothing(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let first = house.saved(row.clone().admitted()).await?;
    assert_eq!(first.state, DesktopState::Starting);
    assert!(first.revision > row.revision);
    let before = house.store.revision().await?;
    assert_eq!(house.store.desktops().save(&row.ended(None, Utc::now())).await?, None);
    assert_eq!(house.again(&first).await?, first);
    assert_eq!(house.store.revision().await?, before);
    Ok(())
}

async fn of_twenty_saves_at_once_one_is_stored(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let saves = at_once(20, |index| {
        let place = Place { position: i32::try_from(index).unwrap_or(0), eta_seconds: Some(1), why: None };
        let (house, row) = (house.clone(), row.clone().queued(place));
        async move { house.store.desktops().save(&row).await }
    });
    let mut stored = Vec::new();
    for save in saves.await {
        stored.extend(save?);
    }
    assert_eq!(stored, [house.again(&row).await?]);
    Ok(())
}

async fn a_save_of_what_is_gone_stores_nothing(house: House) -> Outcome {
    let row = Desktop { id: DesktopId::new(), ..house.some_desktop().await? };
    assert_eq!(house.store.desktops().save(&row).await?, None);
    Ok(())
}

async fn fifty_changes_at_once_all_apply(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let changes = at_once(50, |_| {
        let (house, id) = (house.clone(), row.id);
        async move { house.store.desktops().change(id, again).await }
    });
    for change in changes.await {
        present(change?, "the desktop")?;
    }
    assert_eq!(house.again(&row).await?.attempts, 50);
    Ok(())
}

async fn a_change_that_changes_nothing_raises_no_revision(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let before = house.store.revision().await?;
    let details = present(house.store.desktops().change(row.id, |row| row.want_running(Utc::now())).await?, "it")?;
    assert_eq!(details.desktop, row);
    assert_eq!(house.store.revision().await?, before);
    Ok(())
}

async fn a_change_of_what_is_removed_finds_nothing(house: House) -> Outcome {
    let removed = house.saved(house.some_desktop().await?.removed(Utc::now())).await?;
    assert_eq!(house.store.desktops().change(removed.id, again).await?, None);
    assert_eq!(house.store.desktops().change(DesktopId::new(), again).await?, None);
    assert_eq!(house.again(&removed).await?, removed);
    Ok(())
}

async fn lists_hold_what_is_not_removed_and_only_its_owners(house: House) -> Outcome {
    let (anna, ben) = (house.pupil("anna").await?, house.pupil("ben").await?);
    let template = house.template("tiny").await?;
    let (hers, his) = (house.wish(&anna, &template).await?, house.wish(&ben, &template).await?);
    let removed = house.saved(house.wish(&anna, &house.template("xfce").await?).await?.removed(Utc::now())).await?;

    let ids = async |filter| {
        let page = house.store.desktops().page(filter, &Paging { limit: 200, cursor: None }).await?;
        Ok::<_, StoreError>(page.items.into_iter().map(|details| details.desktop.id).collect::<Vec<_>>())
    };
    assert_eq!(ids(Filter::All).await?, [hers.id, his.id]);
    assert_eq!(ids(Filter::OwnedBy(anna.id)).await?, [hers.id]);

    let running = house.running(his).await?;
    let found = house.store.desktops().in_states(&[DesktopState::Running, DesktopState::Failed]).await?;
    assert_eq!(found.iter().map(|details| details.desktop.id).collect::<Vec<_>>(), [running.id]);
    assert_eq!((found[0].template.as_str(), found[0].owner.as_str()), ("tiny", "ben"));

    assert_eq!(house.store.desktops().details(removed.id).await?, None);
    let kept = present(house.store.desktops().get(removed.id).await?, "the removed one")?;
    assert_eq!(kept, removed);
    let changed = house.store.desktops().changed_since(0).await?;
    assert_eq!(changed, [(hers.id, hers.revision), (running.id, running.revision)]);
    Ok(())
}

async fn input_is_remembered_and_never_goes_backwards(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let gateway = GatewayId::new();
    let now = Utc::now();
    // The finest steps there are, and ends of them that are written with fewer digits.
    let base = chrono::DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now);
    let moments =
        [0, 1, 10, 999_999, 1_000_000, 1_500_000, 1_500_001].map(|micros| base + TimeDelta::microseconds(micros));
    for (newest, at) in moments.iter().enumerate() {
        let seen = |at| typed(row.id, at);
        house.store.desktops().record_use(gateway, &[seen(*at)]).await?;
        assert_eq!(house.again(&row).await?.last_input_at, Some(*at));
        let older: Vec<_> = moments[..newest].iter().copied().map(seen).collect();
        house.store.desktops().record_use(gateway, &older).await?;
        assert_eq!(house.again(&row).await?.last_input_at, Some(*at));
    }
    house.store.desktops().record_use(gateway, &[]).await?;
    house.store.desktops().record_use(gateway, &[typed(DesktopId::new(), now)]).await?;
    Ok(())
}

async fn input_of_a_clock_that_was_set_back_since_does_not_stand_in_the_way(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let whole =
        |at: chrono::DateTime<Utc>| present(chrono::DateTime::from_timestamp_micros(at.timestamp_micros()), "it");
    let (now, ahead) = (whole(Utc::now())?, whole(Utc::now() + TimeDelta::hours(1))?);
    let record = async |last_input_at| {
        house.store.desktops().record_use(GatewayId::new(), &[typed(row.id, last_input_at)]).await?;
        Ok::<_, crate::house::Failed>(house.again(&row).await?.last_input_at)
    };
    assert_eq!(record(ahead).await?, Some(ahead));
    assert_eq!(record(now).await?, Some(now));
    // what was read before does not bring it back
    let saved = house.saved(Desktop { last_input_at: Some(ahead), ..house.again(&row).await? }.admitted()).await?;
    assert_eq!(saved.last_input_at, Some(now));
    Ok(())
}

async fn input_raises_no_revision_and_does_not_outdate_a_row(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let gateway = GatewayId::new();
    let before = house.store.revision().await?;
    house.store.desktops().record_use(gateway, &[typed(row.id, Utc::now())]).await?;
    assert_eq!(house.store.revision().await?, before);
    assert_eq!(house.again(&row).await?.revision, row.revision);
    house.saved(row.admitted()).await?;
    Ok(())
}

async fn a_save_does_not_undo_input_seen_meanwhile(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let gateway = GatewayId::new();
    let at = present(chrono::DateTime::from_timestamp_micros(Utc::now().timestamp_micros()), "the time")?;
    house.store.desktops().record_use(gateway, &[typed(row.id, at)]).await?;
    let stored = house.saved(row.connecting(&observed(1))).await?;
    assert_eq!(stored.last_input_at, Some(at));
    assert_eq!(house.again(&stored).await?, stored);
    Ok(())
}

async fn bytes_add_up_and_no_change_of_the_row_loses_them(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let gateway = GatewayId::new();
    let seen = Seen { bytes_up: 3, bytes_down: 5_000_000_000, ..Seen::nothing(row.id) };
    house.store.desktops().record_use(gateway, &[seen]).await?;
    let row = house.saved(row.admitted()).await?;
    house.store.desktops().record_use(gateway, &[seen]).await?;
    house.store.desktops().change(row.id, |desktop| desktop.reset(Utc::now())).await?;
    let stored = house.ask("SELECT bytes_up || '/' || bytes_down FROM desktops").await?;
    assert_eq!(stored, ["6/10000000000"]);
    Ok(())
}

async fn viewers_of_all_gateways_count_until_those_are_gone(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let desktops = house.store.desktops();
    let (one, other) = (GatewayId::new(), GatewayId::new());
    let watched = |viewers| Seen { viewers, ..Seen::nothing(row.id) };
    let viewers = || async { Ok::<_, StoreError>(desktops.details(row.id).await?.map(|details| details.viewers)) };
    assert!(!desktops.record_use(one, &[watched(2)]).await?, "it is new");
    assert!(desktops.record_use(one, &[watched(3)]).await?);
    desktops.record_use(other, &[watched(1), Seen { viewers: 7, ..Seen::nothing(DesktopId::new()) }]).await?;
    assert_eq!(viewers().await?, Some(4));
    let listed = desktops.page(Filter::All, &Paging { limit: 10, cursor: None }).await?.items;
    assert_eq!(listed[0].viewers, 4);

    // as after a crash: it says nothing any more
    let silent = Utc::now() - TimeDelta::seconds(31);
    let silence = entity::gateway::ActiveModel { id: Set(one), seen_at: Set(silent) };
    silence.update(house.db()).await?;
    assert_eq!(viewers().await?, Some(1), "they do not count before anybody clears up");
    desktops.record_use(other, &[]).await?;
    assert_eq!(house.ask("SELECT count(*) || '' FROM viewers").await?, ["1"]);
    assert!(!desktops.record_use(one, &[]).await?, "it is told that it was taken for dead");

    desktops.record_use(other, &[watched(0)]).await?;
    desktops.record_use(one, &[watched(5)]).await?;
    desktops.forget_gateway(one).await?;
    assert_eq!(viewers().await?, Some(0));
    Ok(())
}

async fn what_was_removed_is_kept_for_a_while_and_then_forgotten(house: House) -> Outcome {
    let rows = house.some_desktops(3).await?;
    let now = Utc::now();
    let stopped = rows[0].clone().want_stopped(Why::Nightly).ended(None, now - TimeDelta::days(9));
    let kept = house.saved(stopped).await?;
    let recent = house.saved(rows[1].clone().want_removed().removed(now)).await?;
    let old = house.saved(rows[2].clone().want_removed().removed(now - TimeDelta::days(2))).await?;

    let (changed, _) = house.store.desktops().since(0).await?;
    assert_eq!(changed.len(), 3, "followers learn of what was removed");
    assert_eq!(house.store.desktops().purge_removed(now - TimeDelta::days(1)).await?, 1);
    assert_eq!(house.store.desktops().get(old.id).await?, None);
    assert_eq!(house.again(&recent).await?.wanted, Wanted::Removed);
    assert_eq!(house.again(&kept).await?, kept);
    assert_eq!(house.store.desktops().purge_removed(now - TimeDelta::days(1)).await?, 0);
    Ok(())
}
