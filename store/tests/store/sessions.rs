//! Browsers that are signed in.

use chrono::{TimeDelta, Utc};
use domain::{SessionId, Timestamp, TokenId};
use entity::session;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait};
use store::{NewToken, Paging};

use crate::house::{Failed, House, Outcome, on_both, present};

on_both![
    a_session_is_found_by_its_secret_alone,
    the_secret_is_not_in_the_database,
    a_session_ends_when_it_is_unused,
    a_session_ends_however_much_it_is_used,
    the_use_of_a_session_is_noted_to_the_minute,
    a_session_can_be_ended,
    ended_sessions_are_forgotten,
    somebody_sees_their_own_sessions_while_they_last,
    somebody_ends_one_of_their_own_sessions,
    all_sessions_of_somebody_end_or_all_but_one,
    what_lives_is_told_from_what_has_ended,
];

/// Turns the clock of a session back.
async fn set(house: &House, id: SessionId, last_seen_at: Timestamp, expires_at: Timestamp) -> Result<(), Failed> {
    let row = session::ActiveModel {
        id: Set(id),
        last_seen_at: Set(last_seen_at),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    row.update(house.db()).await?;
    Ok(())
}

async fn row(house: &House, id: SessionId) -> Result<session::Model, Failed> {
    present(session::Entity::find_by_id(id).one(house.db()).await?, "the session's row")
}

async fn a_session_is_found_by_its_secret_alone(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let (id, secret) = house.store.sessions().create(anna.id, Some(&"é".repeat(300))).await?;
    assert_eq!(house.store.sessions().find(&secret).await?, Some((id, anna)));
    assert_eq!(house.store.sessions().find(&"guess".into()).await?, None);
    assert_eq!(row(&house, id).await?.user_agent.map(|agent| agent.chars().count()), Some(200));
    Ok(())
}

async fn the_secret_is_not_in_the_database(house: House) -> Outcome {
    use secrecy::ExposeSecret;
    let anna = house.pupil("anna").await?;
    let (id, secret) = house.store.sessions().create(anna.id, None).await?;
    let row = row(&house, id).await?;
    assert!(row.secret_hash.len() == 43 && row.secret_hash != secret.expose_secret());
    assert_eq!(house.store.sessions().find(&row.secret_hash.into()).await?, None);
    Ok(())
}

async fn a_session_ends_when_it_is_unused(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let (id, secret) = house.store.sessions().create(anna.id, None).await?;
    let now = Utc::now();
    let later = now + TimeDelta::days(1);
    set(&house, id, now - TimeDelta::hours(12) + TimeDelta::minutes(1), later).await?;
    assert!(house.store.sessions().find(&secret).await?.is_some());
    set(&house, id, now - TimeDelta::hours(12) - TimeDelta::minutes(1), later).await?;
    assert!(house.store.sessions().find(&secret).await?.is_none());
    Ok(())
}

async fn a_session_ends_however_much_it_is_used(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let (id, secret) = house.store.sessions().create(anna.id, None).await?;
    let lasts = row(&house, id).await?.expires_at - Utc::now();
    assert!(lasts > TimeDelta::days(6) && lasts <= TimeDelta::days(7), "{lasts}");
    set(&house, id, Utc::now(), Utc::now() - TimeDelta::microseconds(1)).await?;
    assert!(house.store.sessions().find(&secret).await?.is_none());
    Ok(())
}

async fn the_use_of_a_session_is_noted_to_the_minute(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let (id, secret) = house.store.sessions().create(anna.id, None).await?;
    let made = row(&house, id).await?;
    house.store.sessions().find(&secret).await?;
    assert_eq!(row(&house, id).await?, made, "within a minute nothing is written");
    set(&house, id, Utc::now() - TimeDelta::minutes(2), made.expires_at).await?;
    house.store.sessions().find(&secret).await?;
    assert!(Utc::now() - row(&house, id).await?.last_seen_at < TimeDelta::minutes(1));
    assert_eq!(row(&house, id).await?.expires_at, made.expires_at);
    Ok(())
}

async fn a_session_can_be_ended(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let (id, secret) = house.store.sessions().create(anna.id, None).await?;
    let (_, other) = house.store.sessions().create(anna.id, None).await?;
    house.store.sessions().end(id).await?;
    house.store.sessions().end(id).await?;
    assert!(house.store.sessions().find(&secret).await?.is_none());
    assert!(house.store.sessions().find(&other).await?.is_some());
    Ok(())
}

async fn ended_sessions_are_forgotten(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let now = Utc::now();
    let (unused, _) = house.store.sessions().create(anna.id, None).await?;
    set(&house, unused, now - TimeDelta::hours(13), now + TimeDelta::days(1)).await?;
    let (expired, _) = house.store.sessions().create(anna.id, None).await?;
    set(&house, expired, now, now - TimeDelta::seconds(1)).await?;
    let (_, good) = house.store.sessions().create(anna.id, None).await?;
    assert_eq!(house.store.sessions().purge().await?, 2);
    assert_eq!(house.store.sessions().purge().await?, 0);
    assert!(house.store.sessions().find(&good).await?.is_some());
    Ok(())
}

const ALL: Paging = Paging { limit: 200, cursor: None };

async fn somebody_sees_their_own_sessions_while_they_last(house: House) -> Outcome {
    let (anna, ben) = (house.pupil("anna").await?, house.pupil("ben").await?);
    let sessions = house.store.sessions();
    let (first, _) = sessions.create(anna.id, Some("Firefox/150")).await?;
    sessions.create(ben.id, None).await?;
    let (second, _) = sessions.create(anna.id, None).await?;
    let (over, _) = sessions.create(anna.id, None).await?;
    set(&house, over, Utc::now() - TimeDelta::hours(13), Utc::now() + TimeDelta::days(1)).await?;
    let listed = sessions.page(anna.id, &ALL).await?.items;
    assert_eq!(listed.iter().map(|session| session.id).collect::<Vec<_>>(), [second, first]);
    assert_eq!(listed[1].user_agent.as_deref(), Some("Firefox/150"));
    assert_eq!(listed[1].ends_unused_at - listed[1].last_seen_at, TimeDelta::hours(12));
    assert_eq!(listed[1].expires_at - listed[1].created_at, TimeDelta::days(7));
    let page = sessions.page(anna.id, &Paging { limit: 1, cursor: None }).await?;
    let rest = sessions.page(anna.id, &Paging { limit: 1, cursor: page.next_cursor }).await?;
    assert_eq!((rest.items[0].id, rest.next_cursor), (first, None));
    Ok(())
}

async fn somebody_ends_one_of_their_own_sessions(house: House) -> Outcome {
    let (anna, ben) = (house.pupil("anna").await?, house.pupil("ben").await?);
    let (id, secret) = house.store.sessions().create(anna.id, None).await?;
    assert!(!house.store.sessions().end_of(ben.id, id).await?, "it is not his");
    assert!(house.store.sessions().find(&secret).await?.is_some());
    assert!(house.store.sessions().end_of(anna.id, id).await?);
    assert!(!house.store.sessions().end_of(anna.id, id).await?);
    assert!(house.store.sessions().find(&secret).await?.is_none());
    Ok(())
}

async fn all_sessions_of_somebody_end_or_all_but_one(house: House) -> Outcome {
    let (anna, ben) = (house.pupil("anna").await?, house.pupil("ben").await?);
    let sessions = house.store.sessions();
    let mut hers = Vec::new();
    for _ in 0..3 {
        hers.push(sessions.create(anna.id, None).await?.0);
    }
    let (_, his) = sessions.create(ben.id, None).await?;
    assert_eq!(sessions.end_all_of(anna.id, Some(hers[1])).await?, [hers[0], hers[2]]);
    assert_eq!(sessions.end_all_of(anna.id, Some(hers[1])).await?, []);
    assert_eq!(sessions.end_all_of(anna.id, None).await?, [hers[1]]);
    assert!(sessions.find(&his).await?.is_some());
    Ok(())
}

async fn what_lives_is_told_from_what_has_ended(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let (sessions, now) = (house.store.sessions(), Utc::now());
    let (good, _) = sessions.create(anna.id, None).await?;
    let (unused, _) = sessions.create(anna.id, None).await?;
    set(&house, unused, now - TimeDelta::hours(13), now + TimeDelta::days(1)).await?;
    let (expired, _) = sessions.create(anna.id, None).await?;
    set(&house, expired, now, now - TimeDelta::microseconds(1)).await?;
    assert_eq!(sessions.alive_among(&[unused, good, expired, SessionId::new()]).await?, [good]);

    let new = |lifetime| NewToken { user: anna.id, name: "t", scopes: &[], lifetime };
    let (lasting, _) = house.store.tokens().create(&new(None)).await?;
    let (over, _) = house.store.tokens().create(&new(Some(TimeDelta::microseconds(-1)))).await?;
    assert_eq!(house.store.tokens().alive_among(&[over.id, lasting.id, TokenId::new()]).await?, [lasting.id]);
    Ok(())
}
