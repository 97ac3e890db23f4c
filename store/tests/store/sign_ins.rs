//! Browsers on their way to an identity provider, and sessions for which one vouches.

use chrono::{TimeDelta, Utc};
use entity::{session, sign_in};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait};
use secrecy::{ExposeSecret, SecretString};
use store::{SignedOut, Vouched};

use crate::house::{House, Outcome, at_once, on_both, present};

on_both![
    an_answer_is_taken_once_and_from_the_browser_that_asked,
    of_many_who_bring_an_answer_one_gets_in,
    an_answer_that_comes_too_late_is_forgotten,
    nothing_in_the_database_ends_a_sign_in,
    the_step_that_worked_is_remembered,
    a_session_remembers_who_vouched_for_it,
    a_provider_signs_out_a_session_or_a_person,
];

fn word(word: &str) -> SecretString {
    word.to_owned().into()
}

async fn an_answer_is_taken_once_and_from_the_browser_that_asked(house: House) -> Outcome {
    let (ways, browser) = (house.store.sign_ins(), word("browser"));
    let begun = ways.begin(&browser, "iserv", 2, "/desktop/mia-tiny/").await?;
    let other = ways.begin(&browser, "iserv", 2, "/").await?;
    for (one, two) in [(&begun.state, &other.state), (&begun.nonce, &other.nonce), (&begun.verifier, &other.verifier)] {
        assert_ne!(one.expose_secret(), two.expose_secret());
    }
    // RFC 7636 section 4.1: 43 to 128 characters
    assert_eq!(begun.verifier.expose_secret().len(), 43);

    assert!(ways.take(&begun.state, &word("another")).await?.is_none(), "another browser's");
    assert!(ways.take(&word("guess"), &browser).await?.is_none());
    let taken = present(ways.take(&begun.state, &browser).await?, "the sign-in")?;
    assert_eq!(
        (taken.provider.as_str(), taken.scope_step, taken.return_to.as_str()),
        ("iserv", 2, "/desktop/mia-tiny/")
    );
    assert_eq!(taken.nonce.expose_secret(), begun.nonce.expose_secret());
    assert_eq!(taken.verifier.expose_secret(), begun.verifier.expose_secret());
    assert!(ways.take(&begun.state, &browser).await?.is_none(), "used");
    assert!(ways.take(&other.state, &browser).await?.is_some(), "another tab's goes on");
    Ok(())
}

async fn of_many_who_bring_an_answer_one_gets_in(house: House) -> Outcome {
    let begun = house.store.sign_ins().begin(&word("browser"), "iserv", 0, "/").await?;
    let taken = at_once(8, |_| {
        let (store, state) = (house.store.clone(), begun.state.clone());
        async move { store.sign_ins().take(&state, &word("browser")).await }
    });
    let taken = taken.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(taken.into_iter().flatten().count(), 1);
    Ok(())
}

async fn an_answer_that_comes_too_late_is_forgotten(house: House) -> Outcome {
    let (ways, browser) = (house.store.sign_ins(), word("browser"));
    let late = ways.begin(&browser, "iserv", 0, "/").await?;
    let row = present(sign_in::Entity::find().one(house.db()).await?, "its row")?;
    assert!(row.expires_at - Utc::now() > TimeDelta::minutes(9));
    let past = Utc::now() - TimeDelta::seconds(1);
    let row = sign_in::ActiveModel { state_hash: Set(row.state_hash), expires_at: Set(past), ..Default::default() };
    row.update(house.db()).await?;
    assert!(ways.take(&late.state, &browser).await?.is_none());
    ways.begin(&browser, "iserv", 0, "/").await?;
    assert_eq!(ways.purge().await?, 1);
    assert_eq!(house.count::<sign_in::Entity>().await?, 1);
    Ok(())
}

async fn nothing_in_the_database_ends_a_sign_in(house: House) -> Outcome {
    let browser = word("the browser's word");
    let begun = house.store.sign_ins().begin(&browser, "iserv", 0, "/").await?;
    let row = format!("{:?}", sign_in::Entity::find().one(house.db()).await?);
    for secret in [&browser, &begun.state, &begun.nonce, &begun.verifier] {
        assert!(!row.contains(secret.expose_secret()), "{row}");
    }
    Ok(())
}

async fn the_step_that_worked_is_remembered(house: House) -> Outcome {
    let ways = house.store.sign_ins();
    assert_eq!(ways.scope_step("https://one.example").await?, None);
    ways.note_scope_step("https://one.example", 3).await?;
    ways.note_scope_step("https://two.example", 1).await?;
    ways.note_scope_step("https://one.example", 2).await?;
    let (step, at) = present(ways.scope_step("https://one.example").await?, "the step")?;
    assert!(step == 2 && Utc::now() - at < TimeDelta::minutes(1));
    Ok(())
}

async fn a_session_remembers_who_vouched_for_it(house: House) -> Outcome {
    let (anna, sessions) = (house.pupil("anna").await?, house.store.sessions());
    let token = word("header.payload.signature");
    let vouched = Vouched { provider: "iserv", sid: Some("s1"), id_token: &token };
    let (id, secret) = sessions.create_vouched(anna.id, None, vouched).await?;
    assert_eq!(sessions.find(&secret).await?, Some((id, anna.clone())));
    let (provider, kept) = present(sessions.vouched(id).await?, "the provider")?;
    assert_eq!((provider.as_str(), kept.expose_secret()), ("iserv", token.expose_secret()));
    let row = present(session::Entity::find_by_id(id).one(house.db()).await?, "the row")?;
    assert!(!format!("{row:?}").contains("payload"), "sealed");
    let (local, _) = sessions.create(anna.id, None).await?;
    assert_eq!(sessions.provider(id).await?.as_deref(), Some("iserv"));
    assert!(sessions.vouched(local).await?.is_none() && sessions.provider(local).await?.is_none());
    Ok(())
}

async fn a_provider_signs_out_a_session_or_a_person(house: House) -> Outcome {
    let (issuer, token, sessions) = ("https://iserv.example", word("t"), house.store.sessions());
    let anna = house.store.users().sign_in(issuer, &crate::identities::identity("u-anna", Some("anna"))).await?;
    let ben = house.store.users().sign_in(issuer, &crate::identities::identity("u-ben", None)).await?;
    let mut made = Vec::new();
    for (user, provider, sid) in
        [(&anna, "iserv", "s1"), (&anna, "iserv", "s2"), (&ben, "iserv", "s3"), (&anna, "other", "s1")]
    {
        let vouched = Vouched { provider, sid: Some(sid), id_token: &token };
        made.push(sessions.create_vouched(user.id, None, vouched).await?.0);
    }
    let (local, _) = sessions.create(anna.id, None).await?;
    assert_eq!(sessions.end_vouched("iserv", SignedOut::Session("s1")).await?, [made[0]]);
    assert_eq!(sessions.end_vouched("iserv", SignedOut::Session("s1")).await?, []);
    let person = |issuer, subject| SignedOut::Person { issuer, subject };
    assert_eq!(sessions.end_vouched("iserv", person("https://evil.example", "anna")).await?, []);
    assert_eq!(sessions.end_vouched("iserv", person(issuer, "anna")).await?, [made[1]], "by the protocol's own id");
    assert_eq!(sessions.end_vouched("iserv", person(issuer, "u-ben")).await?, [made[2]]);
    let left: Vec<_> = session::Entity::find().all(house.db()).await?.into_iter().map(|row| row.id).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.contains(&made[3]) && left.contains(&local));
    Ok(())
}
