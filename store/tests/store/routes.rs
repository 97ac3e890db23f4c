//! What the gateway learns of desktops.

use std::collections::HashMap;

use domain::desktop::DesktopState;
use secrecy::ExposeSecret;

use crate::house::{House, Outcome, on_both, present};

on_both![
    all_routes_are_those_of_desktops_that_are_there,
    what_is_known_already_is_not_told_again,
    since_a_revision_there_is_what_changed_and_what_was_removed,
    a_route_is_found_by_its_name,
    a_route_has_the_password_of_its_present_generation,
    a_desktop_keeps_its_own_host_until_it_is_reset,
];

async fn all_routes_are_those_of_desktops_that_are_there(house: House) -> Outcome {
    let rows = house.some_desktops(3).await?;
    let running = house.running(rows[0].clone()).await?;
    house.saved(rows[2].clone().removed(chrono::Utc::now())).await?;
    let all = house.store.routes().all().await?;
    assert_eq!(all.revision, house.store.revision().await?);
    assert!(all.removed.is_empty());
    let mut ids: Vec<_> = all.rows.iter().map(|row| row.desktop.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [rows[0].id, rows[1].id]);
    let route = present(all.rows.into_iter().find(|row| row.desktop.id == running.id), "the route")?;
    assert_eq!(route.desktop, running);
    assert_eq!(route.template.slug, "tiny");
    Ok(())
}

async fn what_is_known_already_is_not_told_again(house: House) -> Outcome {
    let rows = house.some_desktops(3).await?;
    let routes = house.store.routes();
    let mut known: HashMap<_, _> =
        routes.all().await?.rows.into_iter().map(|row| (row.desktop.id, row.desktop.revision)).collect();
    let nothing = routes.differing(&known).await?;
    assert!(nothing.rows.is_empty() && nothing.removed.is_empty());

    house.running(rows[0].clone()).await?;
    house.saved(rows[1].clone().removed(chrono::Utc::now())).await?;
    known.remove(&rows[2].id);
    let differing = routes.differing(&known).await?;
    let mut ids: Vec<_> = differing.rows.iter().map(|row| row.desktop.id).collect();
    ids.sort_unstable();
    assert_eq!((ids, differing.removed), (vec![rows[0].id, rows[2].id], vec![rows[1].id]));
    assert_eq!(differing.revision, house.store.revision().await?);
    Ok(())
}

async fn since_a_revision_there_is_what_changed_and_what_was_removed(house: House) -> Outcome {
    let rows = house.some_desktops(3).await?;
    let known = house.store.routes().all().await?.revision;
    let nothing = house.store.routes().since(known).await?;
    assert!(nothing.rows.is_empty() && nothing.removed.is_empty() && nothing.revision == known);

    house.running(rows[0].clone()).await?;
    house.saved(rows[1].clone().removed(chrono::Utc::now())).await?;
    let changed = house.store.routes().since(known).await?;
    assert_eq!(changed.rows.iter().map(|row| row.desktop.id).collect::<Vec<_>>(), [rows[0].id]);
    assert_eq!(changed.removed, [rows[1].id]);
    assert_eq!(changed.revision, house.store.revision().await?);
    Ok(())
}

async fn a_route_is_found_by_its_name(house: House) -> Outcome {
    let running = house.running(house.some_desktop().await?).await?;
    let route = present(house.store.routes().by_name(&running.name).await?, "the route")?;
    assert_eq!((route.desktop.id, route.desktop.state), (running.id, DesktopState::Running));
    assert!(house.store.routes().by_name("nobody-tiny").await?.is_none());
    house.saved(running.clone().removed(chrono::Utc::now())).await?;
    assert!(house.store.routes().by_name(&running.name).await?.is_none());
    Ok(())
}

async fn a_route_has_the_password_of_its_present_generation(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let password = async || {
        let route = present(house.store.routes().by_name(&row.name).await?, "the route")?;
        Ok::<_, crate::house::Failed>(route.password.map(|password| password.expose_secret().to_owned()))
    };
    assert_eq!(password().await?, None, "none was made yet");
    let made = present(house.store.desktops().credential(&row).await?, "the password")?;
    assert_eq!(password().await?.as_deref(), Some(made.expose_secret()));
    house.store.desktops().change(row.id, |row| row.reset(chrono::Utc::now())).await?;
    assert_eq!(password().await?, None, "the new container has none yet");
    Ok(())
}

async fn a_desktop_keeps_its_own_host_until_it_is_reset(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let label = async || {
        let route = present(house.store.routes().by_name(&row.name).await?, "the route")?;
        Ok::<_, crate::house::Failed>(route.host_label)
    };
    assert_eq!(label().await?, None, "it has no container yet");
    let running = house.running(row.clone()).await?;
    let first = present(label().await?, "the label")?;
    let found = present(house.store.routes().by_host_label(&first).await?, "the route")?;
    assert_eq!(found.desktop.id, row.id);
    let stopped = house.saved(running.want_stopped(domain::why::Why::Removed).ended(None, chrono::Utc::now())).await?;
    house.store.desktops().change(stopped.id, |row| row.want_running(chrono::Utc::now())).await?;
    let again = house.running(house.again(&row).await?).await?;
    assert_eq!(label().await?.as_ref(), Some(&first), "over stop and start");
    house.store.desktops().change(again.id, |row| row.reset(chrono::Utc::now())).await?;
    assert!(house.store.routes().by_host_label(&first).await?.is_none());
    house.store.desktops().credential(&house.again(&row).await?).await?;
    assert!(label().await?.is_some_and(|second| second != first));
    Ok(())
}
