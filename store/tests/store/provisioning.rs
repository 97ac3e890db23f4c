//! People and groups that sources tell of, by their own ids, any number of times.

use domain::{
    access::Role,
    identity::Identity,
    provisioning::{Extent, Group, Person, Plan, Report, Roster, Source, Subject, believe, plan},
};
use entity::{group, provisioned_user, user};
use sea_orm::{ActiveValue::Set, EntityTrait};
use secrecy::SecretString;
use store::{Deed, NewToken, Paging, ProvisionError, Put, ServiceError, SignInError};

use crate::{
    house::{House, Outcome, at_once, on_both, present},
    identities::identity,
};

on_both![
    somebody_told_of_twice_is_one_person,
    a_username_makes_nobody_somebody_else,
    who_was_told_of_signs_in_as_the_same_person,
    an_identity_that_is_anothers_is_refused,
    an_administrator_is_neither_demoted_nor_deactivated,
    once_somebody_has_signed_in_their_provider_says_what_they_are,
    whoever_is_deactivated_is_out_until_they_are_told_of_again,
    a_group_told_of_twice_is_one_group,
    members_are_all_that_was_told_and_those_by_hand,
    what_one_source_told_no_other_takes_back,
    a_plan_is_carried_out_and_then_there_is_nothing_to_do,
    a_plan_that_is_carried_out_by_many_at_once_makes_everybody_once,
    what_sources_change_is_told_by_ids_and_nothing_is_told_where_nothing_changes,
    lists_are_paged_by_external_id,
    a_service_account_is_no_person_and_its_tokens_go_with_it,
];

const ISSUER: &str = "https://iserv.example";

fn person(id: &str) -> Person {
    Person {
        external_id: id.to_owned(),
        username: "mia.maier".to_owned(),
        display_name: "Mia Maier".to_owned(),
        role: None,
        identity: None,
    }
}

fn with_identity(id: &str, subject: &str) -> Person {
    Person { identity: Some(Subject { issuer: ISSUER.to_owned(), subject: subject.to_owned() }), ..person(id) }
}

fn class(id: &str, name: &str) -> Group {
    Group { external_id: id.to_owned(), name: name.to_owned(), key: None }
}

fn all() -> Paging {
    Paging { limit: 200, cursor: None }
}

async fn members(house: &House, group: &str) -> Result<Vec<String>, ProvisionError> {
    Ok(house.store.provisioning().members(Source::Rest, group, &all()).await?.items)
}

async fn somebody_told_of_twice_is_one_person(house: House) -> Outcome {
    let provisioning = house.store.provisioning();
    let (mia, put) = provisioning.put_user(Source::Rest, &person("1")).await?;
    assert_eq!((put, mia.user.role, mia.is_active), (Put::Made, Role::Student, true));
    assert_eq!(provisioning.put_user(Source::Rest, &person("1")).await?, (mia.clone(), Put::Unchanged));
    let married = Person { username: "Mia.Schulz".to_owned(), role: Some(Role::Teacher), ..person("1") };
    let (now, put) = provisioning.put_user(Source::Rest, &married).await?;
    assert_eq!((now.user.id, put), (mia.user.id, Put::Changed));
    assert_eq!((now.user.username.as_str(), now.user.role), ("mia.schulz", Role::Teacher));
    let (now, _) = provisioning.put_user(Source::Rest, &person("1")).await?;
    assert_eq!(now.user.role, Role::Teacher, "where nothing is said it stays");
    Ok(())
}

async fn a_username_makes_nobody_somebody_else(house: House) -> Outcome {
    let local = house.store.users().ensure("mia.maier", "Local", Role::Admin).await?;
    let provisioning = house.store.provisioning();
    let (one, _) = provisioning.put_user(Source::Rest, &person("1")).await?;
    let (other, _) = provisioning.put_user(Source::Rest, &person("2")).await?;
    let (from_file, _) = provisioning.put_user(Source::Csv, &person("1")).await?;
    let names: Vec<_> = [&one, &other, &from_file].iter().map(|told| told.user.username.as_str()).collect();
    assert_eq!(names, ["mia.maier-2", "mia.maier-3", "mia.maier-4"]);
    assert_eq!(house.store.users().get(local.id).await?, Some(local));
    assert_eq!(provisioning.put_user(Source::Rest, &person("2")).await?.1, Put::Unchanged, "the number stays");
    Ok(())
}

async fn who_was_told_of_signs_in_as_the_same_person(house: House) -> Outcome {
    let provisioning = house.store.provisioning();
    let (told, _) = provisioning.put_user(Source::Rest, &with_identity("1", "uuid-1")).await?;
    let in_now = house.store.users().sign_in(ISSUER, &identity("uuid-1", None)).await?;
    assert_eq!(in_now.id, told.user.id);
    let elsewhere = house.store.users().sign_in("https://other.example", &identity("uuid-1", None)).await?;
    assert_ne!(elsewhere.id, told.user.id);
    // and the other way round
    let first = house.store.users().sign_in(ISSUER, &identity("uuid-2", None)).await?;
    let (told, put) = provisioning.put_user(Source::Rest, &with_identity("2", "uuid-2")).await?;
    assert_eq!((told.user.id, put), (first.id, Put::Changed));
    // an identity that is told later
    let (without, _) = provisioning.put_user(Source::Rest, &person("3")).await?;
    provisioning.put_user(Source::Rest, &with_identity("3", "uuid-3")).await?;
    assert_eq!(house.store.users().sign_in(ISSUER, &identity("uuid-3", None)).await?.id, without.user.id);
    Ok(())
}

async fn an_identity_that_is_anothers_is_refused(house: House) -> Outcome {
    let provisioning = house.store.provisioning();
    provisioning.put_user(Source::Rest, &with_identity("1", "uuid-1")).await?;
    provisioning.put_user(Source::Rest, &person("2")).await?;
    for wrong in [with_identity("1", "uuid-9"), with_identity("2", "uuid-1")] {
        let refused = provisioning.put_user(Source::Rest, &wrong).await;
        assert!(matches!(refused, Err(ProvisionError::IdentityTaken)), "{refused:?}");
    }
    let admin = house.store.users().ensure("chief", "Chief", Role::Admin).await?;
    let link = provisioned_user::ActiveModel {
        source: Set("rest".to_owned()),
        external_id: Set("chief".to_owned()),
        user_id: Set(admin.id),
    };
    provisioned_user::Entity::insert(link).exec_without_returning(house.db()).await?;
    let refused = provisioning.put_user(Source::Rest, &with_identity("chief", "attacker")).await;
    assert!(matches!(refused, Err(ProvisionError::IdentityTaken)), "nobody else signs in as an administrator");
    Ok(())
}

async fn an_administrator_is_neither_demoted_nor_deactivated(house: House) -> Outcome {
    let admin = Identity { role: Role::Admin, ..identity("uuid-1", None) };
    let admin = house.store.users().sign_in(ISSUER, &admin).await?;
    let provisioning = house.store.provisioning();
    let told = Person { role: Some(Role::Student), ..with_identity("1", "uuid-1") };
    let (now, _) = provisioning.put_user(Source::Rest, &told).await?;
    assert_eq!((now.user.id, now.user.role), (admin.id, Role::Admin));
    assert!(matches!(provisioning.deactivate(Source::Rest, "1").await, Err(ProvisionError::Admin)));
    let gone = Plan { gone_people: vec!["1".to_owned()], ..Plan::default() };
    provisioning.carry_out(Source::Rest, &gone).await?;
    assert!(provisioning.users(Source::Rest, &all()).await?.items[0].is_active);
    let upstart = Person { role: Some(Role::Admin), ..person("2") };
    assert_eq!(provisioning.put_user(Source::Rest, &upstart).await?.0.user.role, Role::Teacher, "nor made");
    Ok(())
}

async fn once_somebody_has_signed_in_their_provider_says_what_they_are(house: House) -> Outcome {
    let provisioning = house.store.provisioning();
    let told = |role| Person { role: Some(role), ..with_identity("1", "uuid-1") };
    assert_eq!(provisioning.put_user(Source::Roster, &told(Role::Teacher)).await?.0.user.role, Role::Teacher);
    assert_eq!(provisioning.put_user(Source::Roster, &told(Role::Student)).await?.0.user.role, Role::Student);
    let teacher = Identity { role: Role::Teacher, ..identity("uuid-1", None) };
    house.store.users().sign_in(ISSUER, &teacher).await?;
    assert_eq!(provisioning.put_user(Source::Roster, &told(Role::Student)).await?.0.user.role, Role::Teacher);
    Ok(())
}

async fn whoever_is_deactivated_is_out_until_they_are_told_of_again(house: House) -> Outcome {
    let (provisioning, users) = (house.store.provisioning(), house.store.users());
    let (mia, _) = provisioning.put_user(Source::Rest, &with_identity("1", "uuid-1")).await?;
    users.set_password(mia.user.id, "geheimnis".into()).await?;
    let (session, cookie) = house.store.sessions().create(mia.user.id, None).await?;
    let new = NewToken { user: mia.user.id, name: "x", scopes: &[], lifetime: None };
    let (token, secret) = house.store.tokens().create(&new).await?;
    let (id, ended) = provisioning.deactivate(Source::Rest, "1").await?;
    assert_eq!((id, ended.sessions, ended.tokens), (mia.user.id, vec![session], vec![token.id]));
    assert!(!provisioning.users(Source::Rest, &all()).await?.items[0].is_active);
    assert!(house.store.sessions().find(&cookie).await?.is_none());
    assert!(house.store.tokens().find(&secret).await?.is_none());
    assert!(users.check_password("mia.maier", SecretString::from("geheimnis")).await.is_err());
    let refused = users.sign_in(ISSUER, &identity("uuid-1", None)).await;
    assert!(matches!(refused, Err(SignInError::Deactivated)), "{refused:?}");
    assert!(matches!(provisioning.deactivate(Source::Rest, "9").await, Err(ProvisionError::UnknownUser)));
    assert!(matches!(provisioning.deactivate(Source::Rest, "\0").await, Err(ProvisionError::UnknownUser)));
    provisioning.deactivate(Source::Rest, "1").await?;
    provisioning.put_user(Source::Rest, &with_identity("1", "uuid-1")).await?;
    assert!(house.store.tokens().find(&secret).await?.is_some());
    assert_eq!(users.sign_in(ISSUER, &identity("uuid-1", None)).await?.id, mia.user.id);
    Ok(())
}

async fn a_group_told_of_twice_is_one_group(house: House) -> Outcome {
    let by_hand = house.store.groups().ensure("Klasse 8D").await?;
    let provisioning = house.store.provisioning();
    let (first, put) = provisioning.put_group(Source::Rest, &class("8d", "klasse 8d")).await?;
    assert_eq!((first.group.id, put), (by_hand.id, Put::Changed), "one by hand becomes it");
    let (other, put) = provisioning.put_group(Source::Rest, &class("8d-2", "klasse 8d")).await?;
    assert_eq!((other.group.name.as_str(), put), ("klasse 8d (2)", Put::Made));
    assert_eq!(provisioning.put_group(Source::Rest, &class("8d-2", "klasse 8d")).await?.1, Put::Unchanged);
    let (renamed, put) = provisioning.put_group(Source::Rest, &class("8d", "Klasse 9D")).await?;
    assert_eq!((renamed.group.id, renamed.group.name.as_str(), put), (by_hand.id, "Klasse 9D", Put::Changed));
    provisioning.remove_group(Source::Rest, "8d").await?;
    assert!(matches!(provisioning.remove_group(Source::Rest, "8d").await, Err(ProvisionError::UnknownGroup)));
    assert_eq!(house.count::<group::Entity>().await?, 1);
    Ok(())
}

async fn members_are_all_that_was_told_and_those_by_hand(house: House) -> Outcome {
    let provisioning = house.store.provisioning();
    let (group, _) = provisioning.put_group(Source::Rest, &class("8d", "8D")).await?;
    for id in ["1", "2", "3"] {
        provisioning.put_user(Source::Rest, &person(id)).await?;
    }
    let teacher = house.store.users().ensure("lehrerin", "L", Role::Teacher).await?;
    house.store.users().join(teacher.id, group.group.id).await?;
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(provisioning.put_members(Source::Rest, "8d", &ids(&["1", "2", "1"])).await?, (2, 0));
    assert_eq!(provisioning.put_members(Source::Rest, "8d", &ids(&["2", "3"])).await?, (1, 1));
    assert_eq!(provisioning.put_members(Source::Rest, "8d", &ids(&["2", "3"])).await?, (0, 0));
    assert_eq!(members(&house, "8d").await?, ["2", "3"]);
    let refused = provisioning.put_members(Source::Rest, "8d", &ids(&["1", "9"])).await;
    assert!(matches!(refused, Err(ProvisionError::UnknownUser)), "{refused:?}");
    assert_eq!(members(&house, "8d").await?, ["2", "3"], "nothing changes");
    assert_eq!(provisioning.put_members(Source::Rest, "8d", &[]).await?, (0, 2));
    assert_eq!(house.store.users().groups(teacher.id).await?.len(), 1, "by hand");
    Ok(())
}

async fn what_one_source_told_no_other_takes_back(house: House) -> Outcome {
    let provisioning = house.store.provisioning();
    let (mia, _) = provisioning.put_user(Source::Rest, &with_identity("1", "uuid-1")).await?;
    provisioning.put_group(Source::Rest, &class("8d", "8D")).await?;
    provisioning.put_members(Source::Rest, "8d", &["1".to_owned()]).await?;
    let other = Roster {
        people: vec![with_identity("u1", "uuid-1")],
        groups: vec![class("g1", "Chor")],
        members: [("g1".to_owned(), "u1".to_owned())].into(),
    };
    let known = provisioning.known(Source::Roster).await?;
    provisioning.carry_out(Source::Roster, &plan(&known, &other, Extent::Whole)).await?;
    house.store.users().sign_in(ISSUER, &identity("uuid-1", None)).await?;
    let names = async || -> Result<Vec<String>, store::StoreError> {
        Ok(house.store.users().groups(mia.user.id).await?.into_iter().map(|group| group.name).collect())
    };
    assert_eq!(names().await?, ["8D", "Chor"]);
    provisioning.put_members(Source::Rest, "8d", &[]).await?;
    assert_eq!(names().await?, ["Chor"]);
    Ok(())
}

/// A school of so many people in classes of 30.
fn school(people: usize) -> Roster {
    let one = |number: usize| Person {
        username: format!("user.{number}"),
        display_name: format!("User {number}"),
        ..with_identity(&format!("u{number}"), &format!("uuid-{number}"))
    };
    let class_of = |number: usize| format!("c{}", number / 30);
    Roster {
        people: (0..people).map(one).collect(),
        groups: (0..people.div_ceil(30))
            .map(|number| class(&format!("c{number}"), &format!("Klasse {number}")))
            .collect(),
        members: (0..people).map(|number| (class_of(number), format!("u{number}"))).collect(),
    }
}

async fn a_plan_is_carried_out_and_then_there_is_nothing_to_do(house: House) -> Outcome {
    let provisioning = house.store.provisioning();
    let told = school(500);
    let first = plan(&provisioning.known(Source::Roster).await?, &told, Extent::Whole);
    assert_eq!((first.report.people.made, first.report.groups.made, first.report.members.made), (500, 17, 500));
    provisioning.carry_out(Source::Roster, &first).await?;
    let known = provisioning.known(Source::Roster).await?;
    let again = plan(&known, &told, Extent::Whole);
    let unchanged = |report: &Report| (report.people.unchanged, report.groups.unchanged, report.members.unchanged);
    assert_eq!(unchanged(&again.report), (500, 17, 500));
    let fewer = school(450);
    let shrunk = plan(&known, &fewer, Extent::Whole);
    assert_eq!(believe(&known, &fewer, &shrunk), Ok(()));
    provisioning.carry_out(Source::Roster, &shrunk).await?;
    let known = provisioning.known(Source::Roster).await?;
    assert_eq!(known.people.values().filter(|one| one.is_active).count(), 450);
    assert_eq!((known.people.len(), known.groups.len(), known.members.len()), (500, 15, 450));
    assert_eq!(house.count::<user::Entity>().await?, 500, "nobody is destroyed");
    Ok(())
}

async fn a_plan_that_is_carried_out_by_many_at_once_makes_everybody_once(house: House) -> Outcome {
    let told = school(40);
    let made = plan(&domain::provisioning::Known::default(), &told, Extent::Whole);
    let done = at_once(6, |_| {
        let (store, made) = (house.store.clone(), made.clone());
        async move { store.provisioning().carry_out(Source::Roster, &made).await }
    });
    for done in done.await {
        done?;
    }
    assert_eq!((house.count::<user::Entity>().await?, house.count::<group::Entity>().await?), (40, 2));
    assert_eq!(house.store.provisioning().known(Source::Roster).await?.members, told.members);
    Ok(())
}

async fn lists_are_paged_by_external_id(house: House) -> Outcome {
    let provisioning = house.store.provisioning();
    for id in ["c", "a", "b"] {
        provisioning.put_user(Source::Rest, &person(id)).await?;
        provisioning.put_group(Source::Rest, &class(id, id)).await?;
    }
    let first = provisioning.users(Source::Rest, &Paging { limit: 2, cursor: None }).await?;
    assert_eq!(first.items.iter().map(|one| one.external_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let rest = Paging { limit: 2, cursor: Some(present(first.next_cursor, "a second page")?) };
    assert_eq!(provisioning.users(Source::Rest, &rest).await?.items.len(), 1);
    assert_eq!(provisioning.groups(Source::Rest, &all()).await?.items.len(), 3);
    assert!(provisioning.users(Source::Csv, &all()).await?.items.is_empty());
    Ok(())
}

async fn a_service_account_is_no_person_and_its_tokens_go_with_it(house: House) -> Outcome {
    let services = house.store.services();
    let (account, is_new) = services.put("IServ", "IServ", Role::Admin).await?;
    assert!(is_new && account.username == "iserv");
    let (now, is_new) = services.put("iserv", "IServ of the school", Role::Teacher).await?;
    assert_eq!((now.id, now.role, is_new), (account.id, Role::Teacher, false));
    let new = NewToken { user: account.id, name: "x", scopes: &[], lifetime: None };
    let (token, secret) = house.store.tokens().create(&new).await?;
    assert!(house.store.tokens().find(&secret).await?.is_some());
    house.pupil("anna").await?;
    assert!(matches!(services.put("Anna", "x", Role::Student).await, Err(ServiceError::Person)));
    assert_eq!(services.page(&all()).await?.items, [now]);
    let (_, ended) = present(services.close("IServ").await?, "the account")?;
    assert_eq!(ended.tokens, [token.id]);
    assert!(house.store.tokens().find(&secret).await?.is_none());
    assert_eq!((services.get("iserv").await?, services.close("iserv").await?), (None, None));
    let (again, _) = services.put("iserv", "IServ", Role::Admin).await?;
    assert_eq!(again.id, account.id);
    assert!(house.store.tokens().find(&secret).await?.is_none(), "what was destroyed stays so");
    Ok(())
}

async fn what_sources_change_is_told_by_ids_and_nothing_is_told_where_nothing_changes(house: House) -> Outcome {
    let actor = house.pupil("admin").await?.id;
    let (mut mia, mut class_id) = (None, None);
    for _ in 0..2 {
        let noting = |action: &str| house.store.noting(Deed::of(actor, action));
        let (user, _) = noting("user.provision").provisioning().put_user(Source::Rest, &person("1")).await?;
        let (group, _) = noting("group.provision").provisioning().put_group(Source::Rest, &class("8d", "8D")).await?;
        noting("group.members").provisioning().put_members(Source::Rest, "8d", &["1".to_owned()]).await?;
        (mia, class_id) = (Some(user.user.id), Some(group.group.id));
    }
    let (mia, class_id) = (present(mia, "Mia")?, present(class_id, "her class")?);
    let mut lines = house.lines().await?;
    lines.reverse();
    let told: Vec<_> =
        lines.iter().map(|line| (line.action.as_str(), line.object.clone(), line.detail.clone())).collect();
    let members = serde_json::json!({ "joined": 1, "left": 0 });
    assert_eq!(
        told,
        [
            ("user.provision", Some(mia.to_string()), None),
            ("group.provision", Some(class_id.to_string()), None),
            ("group.members", Some(class_id.to_string()), Some(members)),
        ]
    );

    let known = house.store.provisioning().known(Source::Rest).await?;
    let nobody = plan(&known, &Roster::default(), Extent::Whole);
    for _ in 0..2 {
        let store = house.store.noting(Deed::of(actor, "roster.sync"));
        store.provisioning().carry_out(Source::Rest, &nobody).await?;
    }
    let lines = house.lines().await?;
    let told: Vec<_> = lines.iter().map(|line| (line.action.as_str(), line.actor, line.object.clone())).collect();
    assert_eq!(told[0], ("user.deactivate", Some(actor), Some(mia.to_string())), "each who is gone has a line");
    assert_eq!(told[1], ("roster.sync", Some(actor), None));
    Ok(())
}
