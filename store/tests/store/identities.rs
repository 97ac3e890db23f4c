//! People and groups as an identity provider describes them, at each sign-in anew.

use domain::{
    access::Role,
    identity::{GroupClaim, Identity},
};
use entity::{group, membership, user};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use store::User;

use crate::house::{Failed, House, Outcome, at_once, on_both, present};

on_both![
    a_person_is_the_provider_and_its_id_of_them,
    a_name_that_somebody_has_is_not_taken_from_them,
    who_was_known_by_the_protocols_id_keeps_everything_when_a_better_one_is_told,
    an_id_that_was_given_away_leads_to_nobodys_account,
    a_better_id_that_is_not_told_for_once_is_not_forgotten,
    names_and_role_are_taken_over_at_each_sign_in,
    what_is_told_in_between_is_no_sign_in,
    memberships_of_the_provider_are_replaced_and_those_made_by_hand_stay,
    a_group_is_known_by_its_ids_whatever_it_is_called,
    a_group_made_by_hand_becomes_the_providers_once,
    groups_of_one_name_are_told_apart,
    a_class_that_signs_in_at_once_is_one_class,
    a_person_who_signs_in_twice_at_once_is_one_person,
];

const ISSUER: &str = "https://iserv.example";

/// Somebody of this id.
pub(crate) fn identity(subject: &str, alias: Option<&str>) -> Identity {
    Identity {
        subject: subject.to_owned(),
        alias: alias.map(str::to_owned),
        username: "mia.maier".to_owned(),
        display_name: "Mia Maier".to_owned(),
        role: Role::Student,
        because: None,
        groups: Vec::new(),
    }
}

fn in_groups(groups: Vec<GroupClaim>) -> Identity {
    Identity { groups, ..identity("u1", None) }
}

fn claim(keys: &[&str], name: &str, act: Option<&str>) -> GroupClaim {
    GroupClaim {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        name: name.to_owned(),
        act: act.map(str::to_owned),
    }
}

async fn sign_in(house: &House, identity: &Identity) -> Result<User, store::SignInError> {
    house.store.users().sign_in(ISSUER, identity).await
}

/// The names of somebody's groups.
async fn groups(house: &House, user: &User) -> Result<Vec<String>, store::StoreError> {
    Ok(house.store.users().groups(user.id).await?.into_iter().map(|group| group.name).collect())
}

async fn a_person_is_the_provider_and_its_id_of_them(house: House) -> Outcome {
    let mia = sign_in(&house, &identity("u1", None)).await?;
    assert_eq!((mia.username.as_str(), mia.display_name.as_str(), mia.role), ("mia.maier", "Mia Maier", Role::Student));
    assert_eq!(sign_in(&house, &identity("u1", None)).await?, mia);
    let namesake = sign_in(&house, &identity("u2", None)).await?;
    assert!(namesake.id != mia.id && namesake.username == "mia.maier-2");
    let elsewhere = house.store.users().sign_in("https://other.example", &identity("u1", None)).await?;
    assert!(elsewhere.id != mia.id && elsewhere.username == "mia.maier-3");
    let row = present(user::Entity::find_by_id(mia.id).one(house.db()).await?, "her row")?;
    assert!(row.last_login_at.is_some());
    Ok(())
}

async fn a_name_that_somebody_has_is_not_taken_from_them(house: House) -> Outcome {
    let local = house.store.users().ensure("Mia.Maier", "Local", Role::Admin).await?;
    let mia = sign_in(&house, &identity("u1", None)).await?;
    assert_ne!(mia.id, local.id);
    assert_eq!((mia.username.as_str(), mia.role), ("mia.maier-2", Role::Student));
    assert_eq!(sign_in(&house, &identity("u1", None)).await?, mia, "the number stays");
    user::Entity::delete_by_id(local.id).exec(house.db()).await?;
    assert_eq!(sign_in(&house, &identity("u1", None)).await?.username, "mia.maier", "it is free by now");
    Ok(())
}

async fn who_was_known_by_the_protocols_id_keeps_everything_when_a_better_one_is_told(house: House) -> Outcome {
    let before = sign_in(&house, &identity("mia", None)).await?;
    let after = sign_in(&house, &identity("uuid-1", Some("mia"))).await?;
    assert_eq!(after.id, before.id);
    assert_eq!(sign_in(&house, &identity("uuid-1", Some("mia"))).await?.id, before.id);
    Ok(())
}

async fn an_id_that_was_given_away_leads_to_nobodys_account(house: House) -> Outcome {
    let gone = sign_in(&house, &identity("uuid-1", Some("mia"))).await?;
    let new = sign_in(&house, &identity("uuid-2", Some("mia"))).await?;
    assert_ne!(new.id, gone.id, "a later Mia is somebody else");
    assert_eq!(sign_in(&house, &identity("mia", None)).await?.id, new.id, "who has the id now");
    assert_eq!(sign_in(&house, &identity("uuid-1", Some("mia.2"))).await?.id, gone.id);
    Ok(())
}

async fn a_better_id_that_is_not_told_for_once_is_not_forgotten(house: House) -> Outcome {
    let mia = sign_in(&house, &identity("uuid-1", Some("mia"))).await?;
    assert_eq!(sign_in(&house, &identity("mia", None)).await?.id, mia.id);
    assert_eq!(sign_in(&house, &identity("uuid-1", Some("mia"))).await?.id, mia.id);
    assert_eq!(house.count::<user::Entity>().await?, 1);
    Ok(())
}

async fn names_and_role_are_taken_over_at_each_sign_in(house: House) -> Outcome {
    let mia = sign_in(&house, &identity("u1", None)).await?;
    let married = Identity {
        username: "Mia.Schulz".to_owned(),
        display_name: "Mia Schulz".to_owned(),
        role: Role::Teacher,
        ..identity("u1", None)
    };
    let now = sign_in(&house, &married).await?;
    let expected =
        User { username: "mia.schulz".to_owned(), display_name: "Mia Schulz".to_owned(), role: Role::Teacher, ..mia };
    assert_eq!(now, expected);
    assert_eq!(sign_in(&house, &identity("u1", None)).await?.role, Role::Student, "and back");
    Ok(())
}

async fn what_is_told_in_between_is_no_sign_in(house: House) -> Outcome {
    let mia = sign_in(&house, &identity("u1", None)).await?;
    let row = async || Ok::<_, Failed>(present(user::Entity::find_by_id(mia.id).one(house.db()).await?, "her row")?);
    let before = row().await?;
    let teacher = Identity { role: Role::Teacher, ..identity("u1", None) };
    let told = house.store.users().told_again(ISSUER, &teacher).await?;
    assert_eq!(told.map(|told| (told.id, told.role)), Some((mia.id, Role::Teacher)));
    assert_eq!(house.store.users().told_again(ISSUER, &identity("u2", None)).await?, None, "somebody new");
    let after = row().await?;
    assert_eq!((after.role, after.last_login_at), (Role::Teacher, before.last_login_at));
    Ok(())
}

async fn memberships_of_the_provider_are_replaced_and_those_made_by_hand_stay(house: House) -> Outcome {
    let [a, b, c] = ["a", "b", "c"].map(|act| claim(&[&format!("act:{act}")], act, Some(act)));
    let mia = sign_in(&house, &in_groups(vec![a.clone(), b.clone()])).await?;
    assert_eq!(groups(&house, &mia).await?, ["a", "b"]);
    let chess = house.store.groups().ensure("chess").await?;
    house.store.users().join(mia.id, chess.id).await?;
    let b_by_hand = present(house.store.groups().by_name("b").await?, "b")?;
    house.store.users().join(mia.id, b_by_hand.id).await?;
    sign_in(&house, &in_groups(vec![b, c])).await?;
    assert_eq!(groups(&house, &mia).await?, ["b", "c", "chess"]);
    sign_in(&house, &in_groups(Vec::new())).await?;
    assert_eq!(groups(&house, &mia).await?, ["b", "chess"]);
    sign_in(&house, &in_groups(vec![a])).await?;
    assert_eq!(groups(&house, &mia).await?, ["a", "b", "chess"]);
    let told = membership::Entity::find().filter(membership::Column::FromProvider.eq(true)).all(house.db()).await?;
    assert_eq!(told.len(), 1);
    Ok(())
}

async fn a_group_is_known_by_its_ids_whatever_it_is_called(house: House) -> Outcome {
    let mia = sign_in(&house, &in_groups(vec![claim(&["act:klasse.8d"], "klasse.8d", Some("klasse.8d"))])).await?;
    let first = house.store.users().groups(mia.id).await?;
    // more scopes were released
    let whole = claim(&["id:4711", "act:klasse.8d"], "Klasse 8D", Some("klasse.8d"));
    sign_in(&house, &in_groups(vec![whole])).await?;
    // the next year
    let next = claim(&["id:4711", "act:klasse.9d"], "Klasse 9D", Some("klasse.9d"));
    sign_in(&house, &in_groups(vec![next])).await?;
    let now = house.store.users().groups(mia.id).await?;
    assert_eq!((now[0].id, now[0].name.as_str(), now.len()), (first[0].id, "Klasse 9D", 1));
    assert_eq!(house.count::<group::Entity>().await?, 1);
    Ok(())
}

async fn a_group_made_by_hand_becomes_the_providers_once(house: House) -> Outcome {
    let by_hand = house.store.groups().ensure("Klasse 8D").await?;
    let by_act = house.store.groups().ensure("lehrer").await?;
    let claims = vec![
        claim(&["id:1", "act:klasse.8d"], "klasse 8d", Some("klasse.8d")),
        claim(&["id:2", "act:lehrer"], "Alle Lehrkräfte", Some("lehrer")),
        claim(&["id:3"], "Klasse 8D", None),
    ];
    let mia = sign_in(&house, &in_groups(claims)).await?;
    let has = house.store.users().groups(mia.id).await?;
    assert!(has.iter().any(|group| group.id == by_hand.id) && has.iter().any(|group| group.id == by_act.id));
    assert_eq!(has.len(), 3, "the second of that name is another one");
    Ok(())
}

async fn groups_of_one_name_are_told_apart(house: House) -> Outcome {
    let claims = vec![
        claim(&["id:1", "act:ag"], "AG", Some("ag")),
        claim(&["id:2", "act:ag.neu"], "AG", Some("ag.neu")),
        claim(&["id:3"], "AG", None),
    ];
    let mia = sign_in(&house, &in_groups(claims.clone())).await?;
    let names = groups(&house, &mia).await?;
    assert_eq!(names, ["AG", "AG (2)", "AG (ag.neu)"]);
    sign_in(&house, &in_groups(claims)).await?;
    assert_eq!(groups(&house, &mia).await?, names, "they keep their names");
    let elsewhere = house
        .store
        .users()
        .sign_in("https://other.example", &in_groups(vec![claim(&["id:1", "act:ag"], "AG", Some("ag"))]))
        .await?;
    assert_eq!(groups(&house, &elsewhere).await?, ["AG (ag)"], "another provider's is another group");
    Ok(())
}

async fn a_class_that_signs_in_at_once_is_one_class(house: House) -> Outcome {
    let pupils = at_once(12, |index| {
        let store = house.store.clone();
        let mut claims: Vec<_> = (0..4)
            .map(|n| claim(&[&format!("id:{n}"), &format!("act:g{n}")], &format!("Gruppe {n}"), Some(&format!("g{n}"))))
            .collect();
        claims.rotate_left(index % 4);
        let pupil = Identity { groups: claims, ..identity(&format!("u{index}"), None) };
        async move { store.users().sign_in(ISSUER, &pupil).await }
    });
    let pupils = pupils.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(house.count::<group::Entity>().await?, 4);
    for pupil in &pupils {
        assert_eq!(groups(&house, pupil).await?, ["Gruppe 0", "Gruppe 1", "Gruppe 2", "Gruppe 3"]);
    }
    Ok(())
}

async fn a_person_who_signs_in_twice_at_once_is_one_person(house: House) -> Outcome {
    let signed_in = at_once(8, |_| {
        let store = house.store.clone();
        async move { store.users().sign_in(ISSUER, &identity("u1", None)).await }
    });
    let people = signed_in.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert!(people.iter().all(|person| *person == people[0]), "{people:?}");
    assert_eq!(house.count::<user::Entity>().await?, 1);
    Ok(())
}
