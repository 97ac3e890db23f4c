//! Browsers' ways onto desktops' own hosts.

use chrono::{TimeDelta, Utc};
use domain::{DesktopId, SessionId, desktop::Desktop};
use entity::{pass, session};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use secrecy::{ExposeSecret, SecretString};

use crate::house::{Failed, House, Outcome, at_once, on_both, present};

on_both![
    a_ticket_is_exchanged_for_a_cookie_of_that_session_and_desktop,
    of_fifty_who_show_a_ticket_at_once_one_gets_the_cookie,
    a_ticket_is_no_cookie_and_a_cookie_no_ticket,
    a_ticket_is_good_for_its_own_desktop_and_browser_alone,
    a_ticket_grows_old_and_is_forgotten,
    the_secrets_of_a_pass_are_not_in_the_database,
    a_pass_ends_with_its_session,
    using_a_pass_is_using_its_session,
];

/// A pupil with a session and a desktop, and the word that a browser of theirs keeps.
struct Scene {
    session: SessionId,
    desktop: Desktop,
    word: SecretString,
}

impl Scene {
    async fn of(house: &House) -> Result<Self, Failed> {
        let desktop = house.some_desktop().await?;
        let (session, _) = house.store.sessions().create(desktop.owner, None).await?;
        Ok(Self { session, desktop, word: "word".into() })
    }

    async fn ticket(&self, house: &House) -> Result<SecretString, Failed> {
        Ok(house.store.passes().issue(self.session, self.desktop.id, &store::challenge(&self.word)).await?)
    }

    async fn cookie(&self, house: &House) -> Result<SecretString, Failed> {
        let ticket = self.ticket(house).await?;
        present(house.store.passes().exchange(&ticket, &self.word, self.desktop.id).await?, "the cookie")
    }
}

/// The one pass there is.
async fn row(house: &House) -> Result<pass::Model, Failed> {
    present(pass::Entity::find().one(house.db()).await?, "the pass")
}

async fn a_ticket_is_exchanged_for_a_cookie_of_that_session_and_desktop(house: House) -> Outcome {
    let scene = Scene::of(&house).await?;
    let cookie = scene.cookie(&house).await?;
    let (session, user) = present(house.store.passes().find(&cookie, scene.desktop.id).await?, "the session")?;
    assert_eq!((session, user.id), (scene.session, scene.desktop.owner));
    assert!(house.store.passes().find(&cookie, DesktopId::new()).await?.is_none(), "at another desktop's host");
    assert!(house.store.passes().find(&"guess".into(), scene.desktop.id).await?.is_none());
    Ok(())
}

async fn of_fifty_who_show_a_ticket_at_once_one_gets_the_cookie(house: House) -> Outcome {
    let scene = Scene::of(&house).await?;
    let ticket = scene.ticket(&house).await?;
    let answers = at_once(50, |_| {
        let (house, ticket, word, desktop) = (house.clone(), ticket.clone(), scene.word.clone(), scene.desktop.id);
        async move { house.store.passes().exchange(&ticket, &word, desktop).await }
    });
    let answers = answers.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let cookies: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(cookies.len(), 1);
    assert!(house.store.passes().find(&cookies[0], scene.desktop.id).await?.is_some(), "and it is good");
    Ok(())
}

async fn a_ticket_is_no_cookie_and_a_cookie_no_ticket(house: House) -> Outcome {
    let scene = Scene::of(&house).await?;
    let ticket = scene.ticket(&house).await?;
    // not even for somebody who knows what is stored
    for shown in
        [ticket.expose_secret().to_owned(), format!("{}:{}", ticket.expose_secret(), store::challenge(&scene.word))]
    {
        assert!(house.store.passes().find(&shown.into(), scene.desktop.id).await?.is_none());
    }
    let cookie = present(house.store.passes().exchange(&ticket, &scene.word, scene.desktop.id).await?, "the cookie")?;
    assert!(house.store.passes().exchange(&ticket, &scene.word, scene.desktop.id).await?.is_none(), "it was used");
    assert!(house.store.passes().exchange(&cookie, &scene.word, scene.desktop.id).await?.is_none());
    Ok(())
}

async fn a_ticket_is_good_for_its_own_desktop_and_browser_alone(house: House) -> Outcome {
    let scene = Scene::of(&house).await?;
    let ticket = scene.ticket(&house).await?;
    let other = house.store.passes().exchange(&ticket, &scene.word, DesktopId::new()).await?;
    assert!(other.is_none(), "another desktop");
    let stolen = house.store.passes().exchange(&ticket, &"another word".into(), scene.desktop.id).await?;
    assert!(stolen.is_none(), "another browser");
    let own = house.store.passes().exchange(&ticket, &scene.word, scene.desktop.id).await?;
    assert!(own.is_some(), "who may not have it does not use it up");
    Ok(())
}

async fn a_ticket_grows_old_and_is_forgotten(house: House) -> Outcome {
    let scene = Scene::of(&house).await?;
    let ticket = scene.ticket(&house).await?;
    let made = row(&house).await?;
    assert_eq!(made.exchange_until, Some(made.created_at + TimeDelta::seconds(30)));
    assert_eq!(house.store.passes().purge().await?, 0);
    let mut old = made.into_active_model();
    old.exchange_until = Set(Some(Utc::now() - TimeDelta::microseconds(1)));
    old.update(house.db()).await?;
    assert!(house.store.passes().exchange(&ticket, &scene.word, scene.desktop.id).await?.is_none());
    scene.cookie(&house).await?;
    assert_eq!(house.store.passes().purge().await?, 1, "the ticket, and not the cookie");
    assert_eq!(house.count::<pass::Entity>().await?, 1);
    Ok(())
}

async fn the_secrets_of_a_pass_are_not_in_the_database(house: House) -> Outcome {
    let scene = Scene::of(&house).await?;
    let ticket = scene.ticket(&house).await?;
    let stored = row(&house).await?.secret_hash;
    assert!(stored.len() == 43 && !stored.contains(ticket.expose_secret()));
    assert!(house.store.passes().exchange(&stored.into(), &scene.word, scene.desktop.id).await?.is_none());
    let cookie = present(house.store.passes().exchange(&ticket, &scene.word, scene.desktop.id).await?, "the cookie")?;
    let stored = row(&house).await?.secret_hash;
    assert!(stored.len() == 43 && stored != cookie.expose_secret());
    assert!(house.store.passes().find(&stored.into(), scene.desktop.id).await?.is_none());
    Ok(())
}

async fn a_pass_ends_with_its_session(house: House) -> Outcome {
    let scene = Scene::of(&house).await?;
    let cookie = scene.cookie(&house).await?;
    let ticket = scene.ticket(&house).await?;
    // it ends by itself ...
    let idle = session::ActiveModel {
        id: Set(scene.session),
        last_seen_at: Set(Utc::now() - TimeDelta::hours(13)),
        ..Default::default()
    };
    idle.update(house.db()).await?;
    assert!(house.store.passes().find(&cookie, scene.desktop.id).await?.is_none());
    // ... or somebody signs out
    house.store.sessions().end(scene.session).await?;
    assert!(house.store.passes().find(&cookie, scene.desktop.id).await?.is_none());
    assert!(house.store.passes().exchange(&ticket, &scene.word, scene.desktop.id).await?.is_none());
    assert_eq!(house.count::<pass::Entity>().await?, 0);
    assert!(scene.ticket(&house).await.is_err(), "an ended session gets none");
    Ok(())
}

async fn using_a_pass_is_using_its_session(house: House) -> Outcome {
    let scene = Scene::of(&house).await?;
    let cookie = scene.cookie(&house).await?;
    let before = session::ActiveModel {
        id: Set(scene.session),
        last_seen_at: Set(Utc::now() - TimeDelta::hours(11)),
        ..Default::default()
    };
    before.update(house.db()).await?;
    assert!(house.store.passes().find(&cookie, scene.desktop.id).await?.is_some());
    let session = present(session::Entity::find_by_id(scene.session).one(house.db()).await?, "the session")?;
    assert!(Utc::now() - session.last_seen_at < TimeDelta::minutes(1));
    Ok(())
}
