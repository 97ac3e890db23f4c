//! People, what they are, what they sign in with, and what they belong to.

use std::collections::HashSet;

use domain::{UserId, access::Role};
use sea_orm::EntityTrait;
use store::LoginError;

use crate::house::{House, Outcome, at_once, on_both, present};

on_both![
    a_person_is_made_once_and_keeps_their_name,
    a_person_asked_for_by_many_at_once_is_one_person,
    a_username_is_the_same_in_any_case,
    the_right_password_lets_in_and_any_other_does_not,
    an_account_without_a_password_lets_nobody_in,
    a_new_password_ends_what_the_old_one_began,
    a_password_for_nobody_is_an_error,
    somebody_joins_a_group_once,
    a_group_is_made_once,
];

async fn a_person_is_made_once_and_keeps_their_name(house: House) -> Outcome {
    let users = house.store.users();
    let pupil = users.ensure("anna", "Anna", Role::Student).await?;
    assert_eq!(users.ensure("anna", "Somebody else", Role::Student).await?, pupil);
    let teacher = users.ensure("anna", "Anna", Role::Teacher).await?;
    assert_eq!((teacher.id, teacher.role, teacher.display_name.as_str()), (pupil.id, Role::Teacher, "Anna"));
    assert_eq!(users.get(pupil.id).await?, Some(teacher));
    assert_eq!(users.get(UserId::new()).await?, None);
    Ok(())
}

async fn a_person_asked_for_by_many_at_once_is_one_person(house: House) -> Outcome {
    let made = at_once(20, |_| {
        let house = house.clone();
        async move { house.pupil("anna").await }
    });
    let ids = made.await.into_iter().map(|made| made.map(|user| user.id)).collect::<Result<HashSet<_>, _>>()?;
    assert_eq!(ids.len(), 1);
    Ok(())
}

async fn a_username_is_the_same_in_any_case(house: House) -> Outcome {
    let users = house.store.users();
    let made = users.ensure(" Jörg.MÜLLER ", "Jörg", Role::Student).await?;
    assert_eq!(made.username, "jörg.müller");
    assert_eq!(users.by_username("JÖRG.müller").await?, Some(made.clone()));
    assert_eq!(users.ensure("jörg.Müller", "Jörg", Role::Student).await?, made);
    users.set_password(made.id, "geheim".into()).await?;
    assert_eq!(users.check_password("JÖRG.MÜLLER", "geheim".into()).await?, made);
    Ok(())
}

async fn the_right_password_lets_in_and_any_other_does_not(house: House) -> Outcome {
    let users = house.store.users();
    let anna = house.pupil("anna").await?;
    users.set_password(anna.id, "geheim".into()).await?;
    assert_eq!(users.check_password("anna", "geheim".into()).await?, anna);
    for (name, password) in [("anna", "Geheim"), ("anna", ""), ("ben", "geheim"), ("", "")] {
        let refused = users.check_password(name, password.into()).await;
        assert!(matches!(refused, Err(LoginError::Wrong)), "{name} {password}: {refused:?}");
    }
    let row = present(entity::user::Entity::find_by_id(anna.id).one(house.db()).await?, "the row")?;
    assert!(row.last_login_at.is_some());
    assert!(row.password_hash.is_some_and(|hash| hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")));
    Ok(())
}

async fn an_account_without_a_password_lets_nobody_in(house: House) -> Outcome {
    house.pupil("anna").await?;
    let refused = house.store.users().check_password("anna", "".into()).await;
    assert!(matches!(refused, Err(LoginError::Wrong)), "{refused:?}");
    Ok(())
}

async fn a_new_password_ends_what_the_old_one_began(house: House) -> Outcome {
    let (anna, ben) = (house.pupil("anna").await?, house.pupil("ben").await?);
    house.store.users().set_password(anna.id, "alt".into()).await?;
    let (_, hers) = house.store.sessions().create(anna.id, None).await?;
    let (_, his) = house.store.sessions().create(ben.id, None).await?;
    house.store.users().set_password(anna.id, "neu".into()).await?;
    assert!(house.store.sessions().find(&hers).await?.is_none());
    assert!(house.store.sessions().find(&his).await?.is_some());
    assert!(house.store.users().check_password("anna", "alt".into()).await.is_err());
    assert!(house.store.users().check_password("anna", "neu".into()).await.is_ok());
    Ok(())
}

async fn a_password_for_nobody_is_an_error(house: House) -> Outcome {
    assert!(house.store.users().set_password(UserId::new(), "geheim".into()).await.is_err());
    Ok(())
}

async fn somebody_joins_a_group_once(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let [second, first] = [house.store.groups().ensure("10b").await?, house.store.groups().ensure("10a").await?];
    let joined = at_once(10, |_| {
        let (house, anna, group) = (house.clone(), anna.id, second.id);
        async move { house.store.users().join(anna, group).await }
    });
    joined.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    house.store.users().join(anna.id, first.id).await?;
    house.store.users().join(anna.id, first.id).await?;
    assert_eq!(house.store.users().groups(anna.id).await?, [first.clone(), second]);
    assert_eq!(house.store.users().groups(UserId::new()).await?, []);
    let nobody = house.store.users().join(UserId::new(), first.id).await;
    assert!(nobody.is_err(), "nobody cannot join");
    Ok(())
}

async fn a_group_is_made_once(house: House) -> Outcome {
    let made = at_once(10, |_| {
        let house = house.clone();
        async move { house.store.groups().ensure(" 10a ").await }
    });
    let mut groups = made.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    groups.dedup();
    assert_eq!(groups.len(), 1);
    assert_eq!(house.store.groups().by_name("10a").await?.as_ref(), groups.first());
    assert_eq!(house.store.groups().by_name("10A").await?, None);
    Ok(())
}
