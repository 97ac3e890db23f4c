//! Passwords of desktops.

use std::collections::HashSet;

use domain::{DesktopId, desktop::Desktop};
use secrecy::{ExposeSecret, SecretString};
use store::StoreError;

use crate::house::{House, Outcome, at_once, on_both, present};

on_both![
    a_password_is_made_once_however_many_ask,
    another_generation_has_another_password,
    a_generation_that_is_over_has_no_password,
    a_password_survives_everything_but_a_new_generation,
    a_password_is_sealed_where_it_lies,
    a_password_sealed_with_another_key_is_an_error_and_not_a_password,
];

fn plain(password: Option<SecretString>) -> Option<String> {
    password.map(|password| password.expose_secret().to_owned())
}

async fn a_password_is_made_once_however_many_ask(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let answers = at_once(30, |_| {
        let (house, row) = (house.clone(), row.clone());
        async move { house.store.desktops().credential(&row).await.map(plain) }
    });
    let passwords = answers.await.into_iter().collect::<Result<HashSet<_>, _>>()?;
    assert_eq!(passwords.len(), 1);
    assert!(passwords.iter().flatten().all(|password| password.len() == 43));
    assert_eq!(house.again(&row).await?, row, "the row is as it was");
    Ok(())
}

async fn another_generation_has_another_password(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let first = plain(house.store.desktops().credential(&row).await?);
    let reset = house.store.desktops().change(row.id, |row| row.reset(chrono::Utc::now())).await?;
    let reset = present(reset, "the desktop")?.desktop;
    let second = plain(house.store.desktops().credential(&reset).await?);
    let gone = house.saved(reset.without_container()).await?;
    let third = plain(house.store.desktops().credential(&gone).await?);
    assert_eq!([&first, &second, &third].into_iter().flatten().collect::<HashSet<_>>().len(), 3);
    Ok(())
}

async fn a_generation_that_is_over_has_no_password(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    house.store.desktops().credential(&row).await?;
    house.saved(row.clone().without_container()).await?;
    assert_eq!(plain(house.store.desktops().credential(&row).await?), None);
    let nobody = Desktop { id: DesktopId::new(), ..row };
    assert_eq!(plain(house.store.desktops().credential(&nobody).await?), None);
    Ok(())
}

async fn a_password_survives_everything_but_a_new_generation(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let password = plain(house.store.desktops().credential(&row).await?);
    let running = house.running(row).await?;
    let extended = house.store.desktops().change(running.id, |row| row.extended(chrono::Utc::now())).await?;
    let stopped = present(extended, "the desktop")?.desktop.ended(None, chrono::Utc::now());
    let stopped = house.saved(stopped).await?;
    assert_eq!(plain(house.store.desktops().credential(&stopped).await?), password);
    Ok(())
}

async fn a_password_is_sealed_where_it_lies(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let password = plain(house.store.desktops().credential(&row).await?).unwrap_or_default();
    let raw = house.ask("SELECT credential FROM desktops").await?;
    assert_eq!(raw.len(), 1);
    assert!(raw[0].len() > password.len() && !raw[0].contains(&password));
    Ok(())
}

async fn a_password_sealed_with_another_key_is_an_error_and_not_a_password(house: House) -> Outcome {
    let running = house.running(house.some_desktop().await?).await?;
    let other = house.another_process_with_key([8; 32]).await?;
    let refused = other.desktops().credential(&running).await;
    assert!(matches!(refused, Err(StoreError::Seal(_))), "{refused:?}");
    let routes = other.routes().all().await?;
    assert!(routes.rows.len() == 1 && routes.rows[0].password.is_none(), "the others' routes are not taken away");
    Ok(())
}
