//! What people may know of what is known of them, and how it is deleted.

use chrono::{TimeDelta, Utc};
use domain::{
    DesktopId, UserId,
    access::{Role, Terms},
    desktop::Wanted,
    provisioning::{Person, Source},
};
use entity::{grant, idempotency_key, provisioned_user};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait};
use serde_json::{Value, json};
use store::{Deed, DepartureError, Look, NewLook, NewToken, ONE_LOOK, Once, Paging, Recipient};

use crate::house::{House, Outcome, at_once, on_both, present, signed_in, wishing};

on_both![
    a_look_is_noted_with_its_line_once_in_five_minutes,
    of_many_looks_at_once_one_is_noted,
    a_look_that_cannot_be_told_is_no_look,
    an_owner_reads_who_looked_even_when_the_desktop_is_gone,
    looks_are_kept_as_long_as_the_log,
    what_is_known_of_somebody_is_handed_out_without_secrets,
    who_is_deleted_is_nobody_at_once_and_gone_with_their_desktops,
    who_is_deleted_holds_no_grant_and_is_nobody_to_any_source,
    the_last_administrator_stays,
    neither_a_program_nor_somebody_who_is_kept_out_runs_the_school,
    of_two_administrators_who_delete_each_other_one_stays,
];

const ALL: Paging = Paging { limit: 100, cursor: None };

impl House {
    async fn looks(&self, owner: UserId) -> Result<Vec<Look>, store::StoreError> {
        Ok(self.store.looks().page(owner, &ALL).await?.items)
    }

    /// How many lines tell of this.
    async fn told(&self, action: &str) -> Result<usize, store::StoreError> {
        Ok(self.lines().await?.iter().filter(|line| line.action == action).count())
    }

    async fn admin(&self, username: &str) -> Result<store::User, store::StoreError> {
        self.store.users().ensure(username, "Alex Admin", Role::Admin).await
    }

    /// Lets a number of minutes pass for what was noted.
    async fn later(&self, span: TimeDelta) -> Outcome {
        for look in self.store.looks().page(self.pupil("schueler").await?.id, &ALL).await?.items {
            let at = (look.at - span).format("%Y-%m-%dT%H:%M:%S%.6f+00:00");
            self.db().execute_unprepared(&format!("UPDATE looks SET at = '{at}'")).await?;
        }
        Ok(())
    }
}

fn look(viewer: UserId, desktop: DesktopId) -> NewLook {
    NewLook { viewer, desktop, grant: Some("g1".to_owned()), reason: Some("helps Sam\0".to_owned()) }
}

async fn a_look_is_noted_with_its_line_once_in_five_minutes(house: House) -> Outcome {
    let (row, admin) = (house.some_desktop().await?, house.admin("admin").await?);
    let new = look(admin.id, row.id);
    let began = house.store.looks().note(&new).await?;
    assert_eq!(house.store.looks().note(&new).await?, began, "still the same look");
    let line = house.lines().await?.remove(0);
    assert_eq!((line.actor, line.object), (Some(admin.id), Some(row.id.to_string())));
    assert_eq!(line.detail, Some(json!({ "owner": row.owner, "grant": "g1" })), "ids alone, and no reason");
    let seen = house.looks(row.owner).await?.remove(0);
    assert_eq!((seen.desktop, seen.desktop_name, seen.viewer), (row.id, row.name.clone(), admin.id));
    assert_eq!((seen.viewer_name.as_deref(), seen.reason.as_deref()), (Some("Alex Admin"), Some("helps Sam")));

    house.store.looks().note(&look(house.admin("other").await?.id, row.id)).await?;
    assert_eq!(house.told("desktop.look").await?, 2, "another's is another one");
    let again = NewLook { reason: Some("another reason".to_owned()), ..new.clone() };
    house.store.looks().note(&again).await?;
    assert_eq!(house.told("desktop.look").await?, 3, "and so is one for another reason");
    house.later(ONE_LOOK).await?;
    house.store.looks().note(&new).await?;
    assert_eq!((house.told("desktop.look").await?, house.looks(row.owner).await?.len()), (4, 4));
    assert_eq!(house.store.looks().note(&look(admin.id, DesktopId::new())).await?, None);
    Ok(())
}

async fn of_many_looks_at_once_one_is_noted(house: House) -> Outcome {
    let (row, admin) = (house.some_desktop().await?, house.admin("admin").await?);
    let stores = [house.store.clone(), house.another_process().await?];
    let noted = at_once(16, |index| {
        let (store, new) = (stores[index % 2].clone(), look(admin.id, row.id));
        async move { store.looks().note(&new).await }
    });
    let began = noted.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert!(began.iter().all(|at| at.is_some() && *at == began[0]), "{began:?}");
    assert_eq!((house.told("desktop.look").await?, house.looks(row.owner).await?.len()), (1, 1));
    Ok(())
}

async fn a_look_that_cannot_be_told_is_no_look(house: House) -> Outcome {
    let (row, admin) = (house.some_desktop().await?, house.admin("admin").await?);
    house.db().execute_unprepared("ALTER TABLE audit RENAME TO away").await?;
    assert!(house.store.looks().note(&look(admin.id, row.id)).await.is_err());
    house.db().execute_unprepared("ALTER TABLE away RENAME TO audit").await?;
    assert_eq!(house.looks(row.owner).await?, []);
    Ok(())
}

async fn an_owner_reads_who_looked_even_when_the_desktop_is_gone(house: House) -> Outcome {
    let (row, admin) = (house.some_desktop().await?, house.admin("admin").await?);
    house.store.looks().note(&look(admin.id, row.id)).await?;
    entity::desktop::Entity::delete_by_id(row.id).exec(house.db()).await?;
    assert_eq!(house.looks(row.owner).await?[0].desktop_name, row.name);
    assert_eq!(house.looks(admin.id).await?, [], "one's own looks are not looks at one");
    house.admin("other").await?;
    house.store.users().delete(admin.id).await?;
    assert_eq!(house.looks(row.owner).await?[0].viewer_name, None);
    Ok(())
}

async fn looks_are_kept_as_long_as_the_log(house: House) -> Outcome {
    let (row, admin) = (house.some_desktop().await?, house.admin("admin").await?);
    house.store.looks().note(&look(admin.id, row.id)).await?;
    let at = house.looks(row.owner).await?[0].at;
    house.store.audit().purge(at).await?;
    assert_eq!(house.looks(row.owner).await?.len(), 1);
    house.store.audit().purge(at + TimeDelta::hours(1)).await?;
    assert_eq!(house.looks(row.owner).await?, []);
    Ok(())
}

async fn what_is_known_of_somebody_is_handed_out_without_secrets(house: House) -> Outcome {
    let (row, admin) = (house.some_desktop().await?, house.admin("admin").await?);
    let pupil = row.owner;
    let users = house.store.users();
    users.set_password(pupil, "geheimes Passwort".into()).await?;
    users.join(pupil, house.store.groups().ensure("9b").await?.id).await?;
    house.store.sessions().create(pupil, Some("Firefox")).await?;
    let new = NewToken { user: pupil, name: "Skript", scopes: &[], lifetime: None };
    house.store.noting(Deed::of(pupil, "token.create")).tokens().create(&new).await?;
    let template = house.template("geo").await?;
    house.give(&template, &Recipient::User(pupil, "schueler".to_owned())).await?;
    house.store.looks().note(&look(admin.id, row.id)).await?;
    house.store.audit().tell(Deed::ours("user.role").on(pupil)).await?;
    house.store.audit().tell(Deed::of(admin.id, "template.create").on("geo")).await?;

    let told = present(users.personal_data(pupil).await?, "the document")?;
    assert_eq!(told["account"]["username"], "schueler");
    for (list, field, value) in [
        ("groups", "name", "9b"),
        ("desktops", "name", row.name.as_str()),
        ("assignments", "template", "geo"),
        ("sessions", "browser", "Firefox"),
        ("tokens", "name", "Skript"),
        ("looks_into_my_desktops", "reason", "helps Sam"),
    ] {
        assert_eq!((told[list][0][field].as_str(), told[list][1].clone()), (Some(value), Value::Null), "{list}");
    }
    let lines = told["audit"].as_array().expect("lines");
    let actions: Vec<_> = lines.iter().map(|line| line["action"].as_str().unwrap_or_default()).collect();
    assert_eq!(actions, ["token.create", "desktop.look", "user.role"], "by them and about them");
    let text = told.to_string();
    for (table, column) in [("users", "password_hash"), ("sessions", "secret_hash"), ("tokens", "secret_hash")] {
        for secret in house.ask(&format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL")).await? {
            assert!(!text.contains(&secret), "{table}.{column}");
        }
    }
    assert_eq!(users.personal_data(UserId::new()).await?, None);
    let admins = present(users.personal_data(admin.id).await?, "the document")?;
    assert_eq!(admins["looks_of_mine"][0]["desktop_name"], json!(row.name));
    Ok(())
}

async fn who_is_deleted_is_nobody_at_once_and_gone_with_their_desktops(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let row = house.running(row).await?;
    let admin = house.admin("admin").await?;
    let (users, pupil) = (house.store.users(), row.owner);
    let (session, cookie) = house.store.sessions().create(pupil, None).await?;
    let new = NewToken { user: pupil, name: "x", scopes: &[], lifetime: None };
    let (token, _) = house.store.tokens().create(&new).await?;

    let store = house.store.noting(Deed::of(admin.id, "user.delete"));
    let departed = store.users().delete(pupil).await?;
    assert_eq!((departed.sessions, departed.tokens, departed.desktops), (vec![session], vec![token.id], 1));
    assert_eq!(house.store.sessions().find(&cookie).await?, None);
    assert_eq!(users.by_username("schueler").await?, None);
    assert_eq!(
        users.page(None, &ALL).await?.items.into_iter().map(|user| user.username).collect::<Vec<_>>(),
        ["admin"]
    );
    let after = house.again(&row).await?;
    assert_eq!((after.wanted, after.revision), (Wanted::Removed, house.store.revision().await?));
    let line = house.lines().await?.remove(0);
    assert_eq!((line.action, line.object, line.detail), ("user.delete".to_owned(), Some(pupil.to_string()), None));

    assert_eq!(users.forget_departed().await?, 0, "the container is there still");
    assert_eq!(users.get(pupil).await?.map(|user| user.display_name), Some(String::new()));
    entity::desktop::Entity::delete_by_id(row.id).exec(house.db()).await?;
    assert_eq!((users.forget_departed().await?, users.forget_departed().await?), (1, 0));
    assert_eq!(users.get(pupil).await?, None);
    assert_eq!(house.store.audit().verify().await?.map(|sound| sound.head.seq), Ok(1));
    // who comes again under that name is somebody new
    assert_ne!(house.pupil("schueler").await?.id, pupil);
    assert!(matches!(users.delete(pupil).await, Err(DepartureError::Nobody)));
    Ok(())
}

async fn who_is_deleted_holds_no_grant_and_is_nobody_to_any_source(house: House) -> Outcome {
    let (desktop, keeper) = (house.some_desktop().await?, house.admin("keeper").await?);
    let mia = Person {
        external_id: "4711".to_owned(),
        username: "mia.maier".to_owned(),
        display_name: "Mia Maier".to_owned(),
        role: None,
        identity: None,
    };
    let (mia, _) = house.store.provisioning().put_user(Source::Rest, &mia).await?;
    let mia = house.admin(&mia.user.username).await?;
    let by = signed_in(&mia);
    let template = house.template("geo").await?;
    let once = Once { key: "k1", request: "geo" };
    house.store.desktops().request_once(wishing(&by), template.id, "geo", once).await?;
    let grantable = present(by.may_take_grant(&desktop)?, "somebody else's desktop")?;
    let terms = Terms::wanted("Der Drucker fehlt", None, Utc::now()).expect("good terms");
    let grant = house.store.grants().create(grantable, &terms).await?;
    let told = present(house.store.users().personal_data(mia.id).await?, "the document")?;
    assert_eq!((&told["provisioned_by"][0]["external_id"], &told["wishes"][0]["key"]), (&json!("4711"), &json!("k1")));
    assert_eq!(told["grants"][0]["reason"], "Der Drucker fehlt");

    let before = house.again(&desktop).await?.revision;
    house.store.users().delete(mia.id).await?;
    assert!(!house.store.grants().enter(grant).await?, "the way in is closed");
    assert!(house.again(&desktop).await?.revision > before, "and gateways are told");
    assert_eq!(grant::Entity::find().all(house.db()).await?, []);
    assert_eq!(idempotency_key::Entity::find().all(house.db()).await?, []);
    assert_eq!(provisioned_user::Entity::find().all(house.db()).await?, []);
    assert_eq!(house.store.users().get(keeper.id).await?, Some(keeper));
    Ok(())
}

async fn neither_a_program_nor_somebody_who_is_kept_out_runs_the_school(house: House) -> Outcome {
    let (admin, gone) = (house.admin("admin").await?, house.admin("gone").await?);
    house.store.services().put("backup", "Backup", Role::Admin).await?;
    let kept_out =
        entity::user::ActiveModel { id: Set(gone.id), deactivated_at: Set(Some(Utc::now())), ..Default::default() };
    kept_out.update(house.db()).await?;
    assert!(matches!(house.store.users().delete(admin.id).await, Err(DepartureError::LastAdmin)));
    house.store.users().delete(gone.id).await?;
    Ok(())
}

async fn the_last_administrator_stays(house: House) -> Outcome {
    let (admin, other) = (house.admin("admin").await?, house.admin("other").await?);
    let pupil = house.pupil("anna").await?;
    house.store.users().delete(pupil.id).await?;
    house.store.users().delete(other.id).await?;
    assert!(matches!(house.store.users().delete(admin.id).await, Err(DepartureError::LastAdmin)));
    assert_eq!(house.store.users().get(admin.id).await?, Some(admin));
    Ok(())
}

async fn of_two_administrators_who_delete_each_other_one_stays(house: House) -> Outcome {
    for round in 0..8 {
        let pair = [house.admin(&format!("a{round}")).await?.id, house.admin(&format!("b{round}")).await?.id];
        let stores = [house.store.clone(), house.another_process().await?];
        let deleted = at_once(2, |index| {
            let (store, whom) = (stores[index].clone(), pair[index]);
            async move { store.users().delete(whom).await.is_ok() }
        });
        let deleted = deleted.await.into_iter().filter(|is_gone| *is_gone).count();
        // of the round before one is left, so from then on both may go, but never all
        let left = house.store.users().page(None, &ALL).await?.items;
        assert!(left.iter().any(|user| user.role == Role::Admin), "{deleted} in round {round}");
        for user in &left[1..] {
            house.store.users().delete(user.id).await?;
        }
    }
    Ok(())
}
