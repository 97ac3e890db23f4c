//! Somebody wants a desktop; and a desktop is found that nobody remembers.

use std::collections::HashSet;

use domain::{
    DesktopId,
    access::Role,
    desktop::{Desktop, DesktopState, Wanted},
    why::Why,
};
use secrecy::{ExposeSecret, SecretString};
use store::{Requested, StoreError};

use crate::house::{House, Outcome, at_once, on_both, signed_in, wishing};

on_both![
    fifty_wishes_at_once_make_one_desktop,
    thirty_pupils_at_once_get_a_desktop_each,
    equal_labels_of_different_pupils_become_different_names,
    one_pupil_may_have_desktops_of_several_templates,
    a_wish_for_what_was_stopped_wants_it_again,
    a_wish_for_what_runs_changes_nothing,
    a_wish_for_what_is_being_removed_makes_a_new_generation_that_can_be_opened,
    a_wish_undoes_nothing_that_was_stored_meanwhile,
    a_removed_desktop_gives_way_to_a_new_one_of_the_same_name,
    a_wish_for_a_template_that_is_gone_fails_and_leaves_nothing,
    a_forgotten_desktop_is_adopted_once,
    a_forgotten_desktop_is_adopted_under_another_name_if_its_own_is_taken,
    a_forgotten_desktop_is_not_adopted_beside_a_new_one,
    a_forgotten_desktop_without_its_password_starts_anew,
];

async fn fifty_wishes_at_once_make_one_desktop(house: House) -> Outcome {
    let (pupil, template) = (house.pupil("schueler").await?, house.template("tiny").await?);
    let answers = at_once(50, |_| {
        let (house, pupil, template) = (house.clone(), pupil.clone(), template.clone());
        async move { house.store.desktops().request(wishing(&signed_in(&pupil)), template.id, "tiny").await }
    });
    let answers = answers.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let new = answers.iter().filter(|answer| matches!(answer, Requested::New(_))).count();
    let ids: HashSet<_> =
        answers.iter().map(|(Requested::New(details) | Requested::Existing(details))| details.desktop.id).collect();
    assert_eq!((new, ids.len()), (1, 1));
    assert_eq!(house.store.desktops().live().await?.len(), 1);
    assert_eq!(house.store.desktops().live().await?[0].name, "schueler-tiny");
    Ok(())
}

async fn thirty_pupils_at_once_get_a_desktop_each(house: House) -> Outcome {
    let (pupils, template) = (house.pupils(30).await?, house.template("tiny").await?);
    let answers = at_once(30, |index| {
        let (house, pupil, template) = (house.clone(), pupils[index].clone(), template.clone());
        async move { house.store.desktops().request(wishing(&signed_in(&pupil)), template.id, "tiny").await }
    });
    for answer in answers.await {
        assert!(matches!(answer?, Requested::New(_)));
    }
    let desktops = house.store.desktops().live().await?;
    assert_eq!(desktops.len(), 30);
    assert_eq!(desktops.iter().map(|desktop| desktop.revision).collect::<HashSet<_>>().len(), 30);
    Ok(())
}

async fn equal_labels_of_different_pupils_become_different_names(house: House) -> Outcome {
    let template = house.template("tiny").await?;
    let pupils = [house.pupil("a.b").await?, house.pupil("a-b").await?, house.pupil("a_b").await?];
    let answers = at_once(3, |index| {
        let (house, pupil, template) = (house.clone(), pupils[index].clone(), template.clone());
        async move { house.wish(&pupil, &template).await }
    });
    let mut names = HashSet::new();
    for desktop in answers.await {
        let name = desktop?.name;
        assert!(name.starts_with("a-b-tiny"), "{name}");
        names.insert(name);
    }
    assert_eq!(names.len(), 3);
    assert!(names.contains("a-b-tiny"), "the first one has the plain name: {names:?}");
    Ok(())
}

async fn one_pupil_may_have_desktops_of_several_templates(house: House) -> Outcome {
    let pupil = house.pupil("schueler").await?;
    for slug in ["tiny", "xfce"] {
        let template = house.template(slug).await?;
        assert_eq!(house.wish(&pupil, &template).await?.name, format!("schueler-{slug}"));
    }
    assert_eq!(house.store.desktops().live().await?.len(), 2);
    Ok(())
}

async fn a_wish_for_what_was_stopped_wants_it_again(house: House) -> Outcome {
    let (pupil, template) = (house.pupil("schueler").await?, house.template("tiny").await?);
    let running = house.running(house.wish(&pupil, &template).await?).await?;
    let stopped = house.saved(running.want_stopped(Why::StoppedByOwner).ended(None, chrono::Utc::now())).await?;
    let password = house.store.desktops().credential(&stopped).await?;
    let again = house.wish(&pupil, &template).await?;
    assert_eq!((again.id, again.wanted, again.state), (stopped.id, Wanted::Running, DesktopState::Requested));
    assert!(again.revision > stopped.revision);
    let kept = house.store.desktops().credential(&again).await?;
    assert_eq!(plain(kept), plain(password), "the container is the same, and so is its password");
    Ok(())
}

async fn a_wish_for_what_runs_changes_nothing(house: House) -> Outcome {
    let (pupil, template) = (house.pupil("schueler").await?, house.template("tiny").await?);
    let running = house.running(house.wish(&pupil, &template).await?).await?;
    let before = house.store.revision().await?;
    assert_eq!(house.wish(&pupil, &template).await?, running);
    assert_eq!(house.store.revision().await?, before);
    Ok(())
}

async fn a_wish_for_what_is_being_removed_makes_a_new_generation_that_can_be_opened(house: House) -> Outcome {
    let (pupil, template) = (house.pupil("schueler").await?, house.template("tiny").await?);
    let running = house.running(house.wish(&pupil, &template).await?).await?;
    let old = house.store.desktops().credential(&running).await?;
    house.store.desktops().change(running.id, Desktop::want_removed).await?;
    let again = house.wish(&pupil, &template).await?;
    assert_eq!((again.id, again.generation), (running.id, running.generation + 1));
    let new = house.store.desktops().credential(&again).await?;
    assert_ne!(plain(new), plain(old));
    assert_eq!(house.store.routes().all().await?.rows.len(), 1);
    Ok(())
}

async fn a_wish_undoes_nothing_that_was_stored_meanwhile(house: House) -> Outcome {
    let (pupil, template) = (house.pupil("schueler").await?, house.template("tiny").await?);
    let row = house.wish(&pupil, &template).await?;
    let stop = |row: Desktop| Desktop { wanted: Wanted::Stopped, generation: row.generation + 1, ..row };
    let answers = at_once(60, |index| {
        let (house, pupil, template, id) = (house.clone(), pupil.clone(), template.clone(), row.id);
        async move {
            if index % 2 == 0 {
                house.wish(&pupil, &template).await.map(drop)
            } else {
                house.store.desktops().change(id, stop).await.map(drop)
            }
        }
    });
    answers.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(house.again(&row).await?.generation, row.generation + 30);
    Ok(())
}

async fn a_removed_desktop_gives_way_to_a_new_one_of_the_same_name(house: House) -> Outcome {
    let (pupil, template) = (house.pupil("schueler").await?, house.template("tiny").await?);
    let mut ids = HashSet::new();
    for _ in 0..3 {
        let desktop = house.wish(&pupil, &template).await?;
        assert_eq!(desktop.name, "schueler-tiny");
        ids.insert(desktop.id);
        house.saved(desktop.removed(chrono::Utc::now())).await?;
    }
    assert_eq!((ids.len(), house.store.desktops().live().await?.len()), (3, 0));
    Ok(())
}

async fn a_wish_for_a_template_that_is_gone_fails_and_leaves_nothing(house: House) -> Outcome {
    let (pupil, template) = (house.pupil("schueler").await?, house.template("tiny").await?);
    house.store.templates().delete(template.id).await?;
    let before = house.store.revision().await?;
    let answer = house.wish(&pupil, &template).await;
    assert!(matches!(answer, Err(StoreError::Database(_))), "{answer:?}");
    assert_eq!(house.store.revision().await?, before);
    assert_eq!(house.count::<entity::desktop::Entity>().await?, 0);
    Ok(())
}

async fn a_forgotten_desktop_is_adopted_once(house: House) -> Outcome {
    let (pupil, template) = (house.pupil("schueler").await?, house.template("tiny").await?);
    let id = DesktopId::new();
    let answers = at_once(10, |_| {
        let (house, pupil, template) = (house.clone(), pupil.clone(), template.clone());
        async move { house.store.desktops().adopt(id, &pupil, &template, 4, Some("geheim".into())).await }
    });
    let answers = answers.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(answers.iter().filter(|adopted| **adopted).count(), 1);
    let live = house.store.desktops().live().await?;
    assert_eq!(live.len(), 1);
    assert_eq!((live[0].id, live[0].generation, live[0].state), (id, 4, DesktopState::Stopped));
    let password = house.store.desktops().credential(&live[0]).await?;
    assert_eq!(plain(password).as_deref(), Some("geheim"));
    Ok(())
}

async fn a_forgotten_desktop_is_adopted_under_another_name_if_its_own_is_taken(house: House) -> Outcome {
    let template = house.template("tiny").await?;
    let taken = house.wish(&house.pupil("a-b").await?, &template).await?;
    let other = house.store.users().ensure("a.b", "Somebody", Role::Student).await?;
    assert!(house.store.desktops().adopt(DesktopId::new(), &other, &template, 1, Some("geheim".into())).await?);
    let names: Vec<_> = house.store.desktops().live().await?.into_iter().map(|desktop| desktop.name).collect();
    assert!(names.len() == 2 && names.contains(&taken.name) && names[0] != names[1], "{names:?}");
    Ok(())
}

async fn a_forgotten_desktop_is_not_adopted_beside_a_new_one(house: House) -> Outcome {
    let (pupil, template) = (house.pupil("schueler").await?, house.template("tiny").await?);
    let present = house.wish(&pupil, &template).await?;
    for id in [DesktopId::new(), present.id] {
        assert!(!house.store.desktops().adopt(id, &pupil, &template, 1, Some("geheim".into())).await?);
    }
    house.saved(present.clone().removed(chrono::Utc::now())).await?;
    let removed = house.store.desktops().adopt(present.id, &pupil, &template, 1, Some("geheim".into())).await?;
    assert!(!removed, "what was removed stays so");
    Ok(())
}

async fn a_forgotten_desktop_without_its_password_starts_anew(house: House) -> Outcome {
    let (pupil, template) = (house.pupil("schueler").await?, house.template("tiny").await?);
    assert!(house.store.desktops().adopt(DesktopId::new(), &pupil, &template, 4, None).await?);
    let adopted = house.wish(&pupil, &template).await?;
    assert_eq!(adopted.generation, 5);
    assert!(house.store.desktops().credential(&adopted).await?.is_some());
    Ok(())
}

fn plain(password: Option<SecretString>) -> Option<String> {
    password.map(|password| password.expose_secret().to_owned())
}
