//! Grants: who may look into somebody else's desktop, and until when.

use chrono::{TimeDelta, Utc};
use domain::{
    DesktopId, GrantId, Timestamp,
    access::{Role, Terms},
    desktop::Desktop,
    identity::Identity,
};
use entity::grant;
use sea_orm::{ActiveModelTrait, ActiveValue::Set};
use store::{Grant, Paging, User};

use crate::house::{Failed, House, Outcome, on_both, present, signed_in};

on_both![
    a_grant_is_read_as_it_was_made,
    a_grant_is_told_to_owners_and_gateways_until_it_is_over,
    a_grant_that_is_taken_back_is_told_as_well,
    nobody_goes_in_with_a_grant_that_is_over,
    who_runs_the_school_no_more_has_no_grants,
    grants_of_long_ago_are_forgotten,
    a_grant_goes_with_its_desktop,
];

const ALL: Paging = Paging { limit: 200, cursor: None };

async fn admin(house: &House) -> Result<User, Failed> {
    Ok(house.store.users().ensure("admin", "Frau Admin", Role::Admin).await?)
}

async fn granted(house: &House, admin: &User, desktop: &Desktop, minutes: i64) -> Result<Grant, Failed> {
    let by = signed_in(admin);
    let grantable = present(by.may_take_grant(desktop)?, "somebody else's desktop")?;
    let terms = Terms::wanted("Der Drucker fehlt", Some(minutes), Utc::now()).expect("good terms");
    let id = house.store.grants().create(grantable, &terms).await?;
    present(house.store.grants().get(desktop.id, id).await?, "the grant")
}

/// The grants that owners see, and those that gateways know.
async fn told(house: &House, desktop: &Desktop) -> Result<(Vec<GrantId>, Vec<GrantId>), Failed> {
    let details = present(house.store.desktops().details(desktop.id).await?, "the desktop")?;
    let route = present(house.store.routes().by_name(&desktop.name).await?, "the route")?;
    let shown = details.grants.iter().map(|grant| grant.right.id).collect();
    Ok((shown, route.grants.iter().map(|grant| grant.id).collect()))
}

/// Lets time pass for a grant: it ends at this moment.
async fn ends_at(house: &House, id: GrantId, ends_at: Timestamp) -> Result<(), Failed> {
    grant::ActiveModel { id: Set(id), ends_at: Set(ends_at), ..Default::default() }.update(house.db()).await?;
    Ok(())
}

async fn a_grant_is_read_as_it_was_made(house: House) -> Outcome {
    let (admin, desktop) = (admin(&house).await?, house.some_desktop().await?);
    let before = Utc::now();
    let first = granted(&house, &admin, &desktop, 30).await?;
    assert_eq!((first.right.desktop, first.right.holder), (desktop.id, admin.id));
    assert_eq!((first.holder.as_str(), first.reason.as_str()), ("Frau Admin", "Der Drucker fehlt"));
    let lasting = first.right.until - before;
    assert!(lasting > TimeDelta::minutes(29) && lasting < TimeDelta::minutes(31), "{lasting}");
    assert_eq!(first.entered_at, None);
    let second = granted(&house, &admin, &desktop, 60).await?;
    let listed = house.store.grants().page(desktop.id, &ALL).await?.items;
    assert_eq!(listed, [second, first.clone()], "the newest first");
    assert_eq!(house.store.grants().get(DesktopId::new(), first.right.id).await?, None, "of another desktop");
    assert_eq!(house.store.grants().page(DesktopId::new(), &ALL).await?.items, []);
    Ok(())
}

async fn a_grant_is_told_to_owners_and_gateways_until_it_is_over(house: House) -> Outcome {
    let (admin, desktop) = (admin(&house).await?, house.some_desktop().await?);
    let other = house.wish(&admin, &house.template("other").await?).await?;
    let before = house.store.revision().await?;
    let id = granted(&house, &admin, &desktop, 30).await?.right.id;
    let (changed, _) = house.store.desktops().since(before).await?;
    assert_eq!(changed.iter().map(|details| details.desktop.id).collect::<Vec<_>>(), [desktop.id]);
    assert_eq!(changed[0].grants.len(), 1);
    assert_eq!(told(&house, &desktop).await?, (vec![id], vec![id]));
    assert_eq!(told(&house, &other).await?, (vec![], vec![]));
    ends_at(&house, id, Utc::now() - TimeDelta::microseconds(1)).await?;
    assert_eq!(told(&house, &desktop).await?, (vec![], vec![]));
    Ok(())
}

async fn a_grant_that_is_taken_back_is_told_as_well(house: House) -> Outcome {
    let (admin, desktop) = (admin(&house).await?, house.some_desktop().await?);
    let kept = granted(&house, &admin, &desktop, 30).await?.right.id;
    let ended = granted(&house, &admin, &desktop, 30).await?.right.id;
    let before = house.store.revision().await?;
    house.store.grants().end(ended).await?;
    let revision = house.store.revision().await?;
    assert!(revision > before && house.store.routes().since(before).await?.rows.len() == 1);
    assert_eq!(told(&house, &desktop).await?, (vec![kept], vec![kept]));
    let first_end = present(house.store.grants().get(desktop.id, ended).await?, "it")?.right.until;
    house.store.grants().end(ended).await?;
    house.store.grants().end(GrantId::new()).await?;
    assert_eq!(house.store.revision().await?, revision, "what is over does not end again");
    assert_eq!(present(house.store.grants().get(desktop.id, ended).await?, "it")?.right.until, first_end);
    Ok(())
}

async fn nobody_goes_in_with_a_grant_that_is_over(house: House) -> Outcome {
    let (admin, desktop) = (admin(&house).await?, house.some_desktop().await?);
    let id = granted(&house, &admin, &desktop, 30).await?.right.id;
    assert!(house.store.grants().enter(id).await?);
    let entered = present(house.store.grants().get(desktop.id, id).await?, "it")?.entered_at;
    assert!(entered.is_some_and(|at| Utc::now() - at < TimeDelta::minutes(1)));
    house.store.grants().end(id).await?;
    assert!(!house.store.grants().enter(id).await?);
    assert!(!house.store.grants().enter(GrantId::new()).await?);
    assert_eq!(present(house.store.grants().get(desktop.id, id).await?, "it")?.entered_at, entered);
    Ok(())
}

async fn who_runs_the_school_no_more_has_no_grants(house: House) -> Outcome {
    let (admin, desktop) = (admin(&house).await?, house.some_desktop().await?);
    let id = granted(&house, &admin, &desktop, 30).await?.right.id;
    house.store.users().ensure("admin", "Frau Admin", Role::Admin).await?;
    assert_eq!(told(&house, &desktop).await?.0, [id], "still one");
    house.store.users().ensure("admin", "Frau Admin", Role::Teacher).await?;
    assert_eq!(told(&house, &desktop).await?, (vec![], vec![]));

    // the same where an identity provider says so
    let told_as = |role| Identity {
        subject: "1".to_owned(),
        alias: None,
        username: "amt".to_owned(),
        display_name: "Amt".to_owned(),
        role,
        groups: Vec::new(),
        because: None,
    };
    for again in [true, false] {
        let amt = house.store.users().sign_in("https://school.example", &told_as(Role::Admin)).await?;
        let id = granted(&house, &amt, &desktop, 30).await?.right.id;
        assert_eq!(told(&house, &desktop).await?.1, [id]);
        if again {
            house.store.users().told_again("https://school.example", &told_as(Role::Student)).await?;
        } else {
            house.store.users().sign_in("https://school.example", &told_as(Role::Student)).await?;
        }
        assert_eq!(told(&house, &desktop).await?, (vec![], vec![]));
    }
    Ok(())
}

async fn grants_of_long_ago_are_forgotten(house: House) -> Outcome {
    let (admin, desktop) = (admin(&house).await?, house.some_desktop().await?);
    let (old, new) = (granted(&house, &admin, &desktop, 1).await?, granted(&house, &admin, &desktop, 1).await?);
    ends_at(&house, old.right.id, Utc::now() - TimeDelta::days(2)).await?;
    assert_eq!(house.store.grants().purge(Utc::now() - TimeDelta::days(1)).await?, 1);
    assert_eq!(house.store.grants().page(desktop.id, &ALL).await?.items, [new]);
    Ok(())
}

async fn a_grant_goes_with_its_desktop(house: House) -> Outcome {
    let (admin, desktop) = (admin(&house).await?, house.some_desktop().await?);
    granted(&house, &admin, &desktop, 1).await?;
    house.store.desktops().change(desktop.id, Desktop::want_removed).await?;
    house.saved(house.again(&desktop).await?.removed(Utc::now())).await?;
    house.store.desktops().purge_removed(Utc::now() + TimeDelta::minutes(1)).await?;
    assert_eq!(house.count::<grant::Entity>().await?, 0);
    Ok(())
}
