//! Browsers that are signed in.

use chrono::{TimeDelta, Utc};
use domain::{SessionId, Timestamp};
use entity::session;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait};

use crate::house::{Failed, House, Outcome, on_both, present};

on_both![
    a_session_is_found_by_its_secret_alone,
    the_secret_is_not_in_the_database,
    a_session_ends_when_it_is_unused,
    a_session_ends_however_much_it_is_used,
    the_use_of_a_session_is_noted_to_the_minute,
    a_session_can_be_ended,
    ended_sessions_are_forgotten,
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
