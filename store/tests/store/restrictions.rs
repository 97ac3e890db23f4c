//! Who reaches less than their templates allow.

use chrono::{TimeDelta, Utc};
use domain::{DesktopId, GroupId, access::Role, desktop::Desktop, template::NetworkPolicy};
use store::{Paging, Restricted, StoreError};

use crate::house::{Failed, House, Outcome, on_both, present};

on_both![
    a_desktop_reaches_what_its_template_allows,
    the_strictest_of_several_restrictions_counts,
    a_group_is_restricted_and_its_teacher_is_not,
    one_restriction_takes_the_place_of_another,
    a_restriction_ends_by_itself_and_is_forgotten,
    who_follows_desktops_learns_of_a_restriction_and_of_its_end,
    nobody_who_is_unknown_is_restricted,
    restrictions_are_listed_by_group_also_those_of_its_peoples_desktops,
];

/// What a desktop that runs may reach now.
async fn reach(house: &House, desktop: &Desktop) -> Result<NetworkPolicy, Failed> {
    let address = present(desktop.endpoint, "an endpoint")?.address;
    let all = house.store.restrictions().reach().await?;
    Ok(present(all.into_iter().find(|(at, _)| address == *at), "the desktop")?.1)
}

async fn running(house: &House) -> Result<Desktop, Failed> {
    house.running(house.some_desktop().await?).await
}

async fn a_desktop_reaches_what_its_template_allows(house: House) -> Outcome {
    let desktop = running(&house).await?;
    assert_eq!(reach(&house, &desktop).await?, NetworkPolicy::Internet);
    let mut template = present(house.store.templates().get(desktop.template).await?, "its template")?;
    template.spec.network = NetworkPolicy::School;
    house.store.templates().update(&template).await?;
    assert_eq!(reach(&house, &desktop).await?, NetworkPolicy::School, "and an edited one counts at once");
    Ok(())
}

async fn the_strictest_of_several_restrictions_counts(house: House) -> Outcome {
    let desktop = running(&house).await?;
    let groups = [house.store.groups().ensure("10a").await?.id, house.store.groups().ensure("chor").await?.id];
    for group in groups {
        house.store.users().join(desktop.owner, group).await?;
    }
    let restrictions = house.store.restrictions();
    restrictions.restrict(Restricted::Group(groups[0]), NetworkPolicy::School, None, None).await?;
    assert_eq!(reach(&house, &desktop).await?, NetworkPolicy::School);
    restrictions.restrict(Restricted::Group(groups[1]), NetworkPolicy::None, None, None).await?;
    restrictions.restrict(Restricted::Desktop(desktop.id), NetworkPolicy::Internet, None, None).await?;
    assert_eq!(reach(&house, &desktop).await?, NetworkPolicy::None, "no restriction gives anything");
    assert!(restrictions.lift(Restricted::Group(groups[1])).await?);
    assert_eq!(reach(&house, &desktop).await?, NetworkPolicy::School);
    assert!(!restrictions.lift(Restricted::Group(groups[1])).await?, "there is none any more");
    Ok(())
}

async fn a_group_is_restricted_and_its_teacher_is_not(house: House) -> Outcome {
    let desktop = running(&house).await?;
    let group = house.store.groups().ensure("10a").await?.id;
    house.store.users().join(desktop.owner, group).await?;
    house.store.restrictions().restrict(Restricted::Group(group), NetworkPolicy::None, None, None).await?;
    assert_eq!(reach(&house, &desktop).await?, NetworkPolicy::None);
    let pupil = present(house.store.users().get(desktop.owner).await?, "the pupil")?;
    house.store.users().ensure(&pupil.username, &pupil.display_name, Role::Teacher).await?;
    assert_eq!(reach(&house, &desktop).await?, NetworkPolicy::Internet);
    Ok(())
}

async fn one_restriction_takes_the_place_of_another(house: House) -> Outcome {
    let desktop = running(&house).await?;
    let restrictions = house.store.restrictions();
    for network in [NetworkPolicy::None, NetworkPolicy::School] {
        restrictions.restrict(Restricted::Desktop(desktop.id), network, None, Some(desktop.owner)).await?;
    }
    let active = restrictions.active().await?;
    assert_eq!(active.len(), 1);
    assert_eq!((active[0].of, active[0].network), (Restricted::Desktop(desktop.id), NetworkPolicy::School));
    assert_eq!((active[0].created_by, active[0].until), (Some(desktop.owner), None));
    Ok(())
}

async fn a_restriction_ends_by_itself_and_is_forgotten(house: House) -> Outcome {
    let desktop = running(&house).await?;
    let restrictions = house.store.restrictions();
    let ended = Some(Utc::now() - TimeDelta::minutes(1));
    restrictions.restrict(Restricted::Desktop(desktop.id), NetworkPolicy::None, ended, None).await?;
    assert_eq!(reach(&house, &desktop).await?, NetworkPolicy::Internet);
    assert_eq!(restrictions.active().await?, []);
    assert_eq!(restrictions.purge(Utc::now() - TimeDelta::hours(1)).await?, 0, "not so soon");
    assert_eq!(restrictions.purge(Utc::now()).await?, 1);
    Ok(())
}

async fn who_follows_desktops_learns_of_a_restriction_and_of_its_end(house: House) -> Outcome {
    let desktop = running(&house).await?;
    let group = house.store.groups().ensure("10a").await?.id;
    house.store.users().join(desktop.owner, group).await?;
    for of in [Restricted::Desktop(desktop.id), Restricted::Group(group)] {
        let changed = async |since| {
            let changed = house.store.desktops().changed_since(since).await?;
            Ok::<_, Failed>(changed.iter().any(|(id, _)| *id == desktop.id))
        };
        let before = house.store.revision().await?;
        house.store.restrictions().restrict(of, NetworkPolicy::None, None, None).await?;
        assert!(changed(before).await?);
        let before = house.store.revision().await?;
        house.store.restrictions().lift(of).await?;
        assert!(changed(before).await?);
    }
    Ok(())
}

async fn restrictions_are_listed_by_group_also_those_of_its_peoples_desktops(house: House) -> Outcome {
    let (desktop, restrictions) = (running(&house).await?, house.store.restrictions());
    let (ours, theirs) = (house.store.groups().ensure("10a").await?.id, house.store.groups().ensure("10b").await?.id);
    house.store.users().join(desktop.owner, ours).await?;
    let mut made = Vec::new();
    for of in [Restricted::Group(ours), Restricted::Group(theirs), Restricted::Desktop(desktop.id)] {
        made.push(restrictions.restrict(of, NetworkPolicy::None, None, None).await?);
    }
    let listed = async |groups: Option<&[GroupId]>, limit| {
        let page = restrictions.page(groups, &Paging { limit, cursor: None }).await?;
        Ok::<_, StoreError>(page.items.into_iter().map(|restriction| restriction.id).collect::<Vec<_>>())
    };
    assert_eq!(listed(None, 200).await?, made);
    assert_eq!(listed(Some(&[ours]), 200).await?, [made[0], made[2]]);
    assert_eq!(listed(Some(&[theirs]), 200).await?, [made[1]]);
    assert_eq!(listed(Some(&[]), 200).await?, []);
    assert_eq!(listed(None, 1).await?, made[..1]);
    assert_eq!(present(restrictions.get(made[1]).await?, "it")?.of, Restricted::Group(theirs));
    Ok(())
}

async fn nobody_who_is_unknown_is_restricted(house: House) -> Outcome {
    let unknown = Restricted::Desktop(DesktopId::new());
    let refused = house.store.restrictions().restrict(unknown, NetworkPolicy::None, None, None).await;
    assert!(refused.is_err(), "there is no such desktop");
    assert_eq!(house.store.restrictions().active().await?, []);
    Ok(())
}
