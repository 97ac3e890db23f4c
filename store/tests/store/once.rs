//! Wishes that are sent again.

use domain::DesktopId;
use store::{Once, Requested};

use crate::house::{Failed, House, Outcome, at_once, on_both, present, signed_in, wishing};

on_both![
    the_same_key_gets_the_same_answer,
    the_same_key_for_something_else_is_refused,
    a_key_is_its_senders_own,
    many_who_send_at_once_get_one_answer,
    what_was_removed_since_is_answered_and_not_made_again,
];

fn told(requested: Option<Requested>) -> Option<(DesktopId, bool)> {
    requested.map(|requested| match requested {
        Requested::New(details) => (details.desktop.id, true),
        Requested::Existing(details) => (details.desktop.id, false),
    })
}

async fn send(house: &House, who: &str, key: &str, slug: &str) -> Result<Option<(DesktopId, bool)>, Failed> {
    let owner = signed_in(&house.pupil(who).await?);
    let template = present(house.store.templates().by_slug(slug).await?, slug)?;
    let once = Once { key, request: slug };
    Ok(told(house.store.desktops().request_once(wishing(&owner), template.id, slug, once).await?))
}

async fn the_same_key_gets_the_same_answer(house: House) -> Outcome {
    house.template("tiny").await?;
    let first = send(&house, "anna", "k1", "tiny").await?;
    assert!(first.is_some_and(|(_, is_new)| is_new));
    assert_eq!(send(&house, "anna", "k1", "tiny").await?, first);
    let other = send(&house, "anna", "k2", "tiny").await?;
    assert_eq!(other, first.map(|(id, _)| (id, false)), "another wish finds the desktop there");
    assert_eq!(send(&house, "anna", "k2", "tiny").await?, other);
    assert_eq!(house.store.desktops().purge_wishes().await?, 0);
    Ok(())
}

async fn the_same_key_for_something_else_is_refused(house: House) -> Outcome {
    house.template("tiny").await?;
    house.template("big").await?;
    send(&house, "anna", "k1", "tiny").await?;
    assert_eq!(send(&house, "anna", "k1", "big").await?, None);
    assert_eq!(house.store.desktops().live().await?.len(), 1);
    Ok(())
}

async fn a_key_is_its_senders_own(house: House) -> Outcome {
    house.template("tiny").await?;
    let anna = send(&house, "anna", "k1", "tiny").await?;
    let ben = send(&house, "ben", "k1", "tiny").await?;
    assert!(ben.is_some_and(|(_, is_new)| is_new) && ben != anna);
    Ok(())
}

async fn many_who_send_at_once_get_one_answer(house: House) -> Outcome {
    house.template("tiny").await?;
    house.pupil("anna").await?;
    let sent = at_once(8, |_| {
        let house = house.clone();
        async move { send(&house, "anna", "k1", "tiny").await }
    });
    let answers = sent.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert!(answers[0].is_some_and(|(_, is_new)| is_new));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    Ok(())
}

async fn what_was_removed_since_is_answered_and_not_made_again(house: House) -> Outcome {
    house.template("tiny").await?;
    let first = present(send(&house, "anna", "k1", "tiny").await?, "an answer")?;
    let desktop = present(house.store.desktops().get(first.0).await?, "the desktop")?;
    house.saved(desktop.want_removed().removed(chrono::Utc::now())).await?;
    assert_eq!(send(&house, "anna", "k1", "tiny").await?, Some(first));
    assert!(house.store.desktops().live().await?.is_empty());
    Ok(())
}
