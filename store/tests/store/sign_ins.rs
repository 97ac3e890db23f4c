//! Browsers on their way to an identity provider, and sessions for which one vouches.

use chrono::{TimeDelta, Utc};
use entity::{session, sign_in};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait};
use secrecy::{ExposeSecret, SecretString};
use store::{ProviderTokens, SignedOut, Vouched};

use crate::house::{House, Outcome, at_once, on_both, present};

on_both![
    an_answer_is_taken_once_and_from_the_browser_that_asked,
    of_many_who_bring_an_answer_one_gets_in,
    an_answer_that_comes_too_late_is_forgotten,
    nothing_in_the_database_ends_a_sign_in,
    the_step_that_worked_is_remembered,
    a_session_remembers_who_vouched_for_it,
    a_provider_signs_out_a_session_or_a_person,
    a_session_is_short_where_nobody_tells_of_its_end,
    a_provider_is_asked_again_about_sessions_in_use_each_by_one_process,
    tokens_are_replaced_or_given_up,
];

/// What a provider that tells of sign-outs says of a session.
fn vouched<'a>(provider: &'a str, sid: &'a str, token: &'a SecretString) -> Vouched<'a> {
    let tokens = ProviderTokens { access: token, refresh: None };
    Vouched { provider, sid: Some(sid), id_token: token, tokens, is_told_of_its_end: true }
}

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
    let (id, secret) = sessions.create_vouched(anna.id, None, vouched("iserv", "s1", &token)).await?;
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
        made.push(sessions.create_vouched(user.id, None, vouched(provider, sid, &token)).await?.0);
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

async fn a_session_is_short_where_nobody_tells_of_its_end(house: House) -> Outcome {
    let (anna, token) = (house.pupil("anna").await?, word("t"));
    for (is_told_of_its_end, most) in [(true, TimeDelta::days(7)), (false, TimeDelta::hours(12))] {
        let vouched = Vouched { is_told_of_its_end, ..vouched("iserv", "s1", &token) };
        let (id, _) = house.store.sessions().create_vouched(anna.id, None, vouched).await?;
        let row = present(session::Entity::find_by_id(id).one(house.db()).await?, "the row")?;
        let lasts = row.expires_at - row.created_at;
        assert_eq!(lasts, most);
    }
    Ok(())
}

async fn a_provider_is_asked_again_about_sessions_in_use_each_by_one_process(house: House) -> Outcome {
    let (anna, token, sessions) = (house.pupil("anna").await?, word("access"), house.store.sessions());
    let quarter = TimeDelta::minutes(15);
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(sessions.create_vouched(anna.id, None, vouched("iserv", "s1", &token)).await?.0);
    }
    sessions.create(anna.id, None).await?;
    assert!(sessions.ask_again(quarter).await?.is_none(), "it has just said so");
    let ago = |minutes| Utc::now() - TimeDelta::minutes(minutes);
    for (id, asked, seen) in [(made[0], 16, 1), (made[1], 20, 14), (made[2], 14, 1), (made[3], 60, 17)] {
        let row = session::ActiveModel {
            id: Set(id),
            asked_at: Set(Some(ago(asked))),
            last_seen_at: Set(ago(seen)),
            ..Default::default()
        };
        row.update(house.db()).await?;
    }
    let taken = at_once(4, |_| {
        let store = house.store.clone();
        async move { store.sessions().ask_again(quarter).await }
    });
    let taken = taken.await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut taken: Vec<_> = taken.into_iter().flatten().map(|again| again.session).collect();
    taken.sort();
    assert_eq!(taken, made[..2], "those in use, each once");
    assert!(sessions.ask_again(quarter).await?.is_none());
    Ok(())
}

async fn tokens_are_replaced_or_given_up(house: House) -> Outcome {
    let (anna, old, sessions) = (house.pupil("anna").await?, word("old"), house.store.sessions());
    let (id, _) = sessions.create_vouched(anna.id, None, vouched("iserv", "s1", &old)).await?;
    let again = async || {
        let row = session::ActiveModel {
            id: Set(id),
            asked_at: Set(Some(Utc::now() - TimeDelta::hours(1))),
            ..Default::default()
        };
        row.update(house.db()).await?;
        sessions.ask_again(TimeDelta::minutes(15)).await
    };
    let first = present(again().await?, "the session")?;
    assert_eq!((first.access.expose_secret(), first.refresh.is_none()), ("old", true));
    let (access, refresh) = (word("new"), word("more"));
    sessions.keep_tokens(id, Some(ProviderTokens { access: &access, refresh: Some(&refresh) })).await?;
    let second = present(again().await?, "the session")?;
    assert_eq!(second.access.expose_secret(), "new");
    assert_eq!(second.refresh.as_ref().map(ExposeSecret::expose_secret), Some("more"));
    let row = present(session::Entity::find_by_id(id).one(house.db()).await?, "the row")?;
    assert!(row.access_token.is_some_and(|sealed| !sealed.contains("new")));
    sessions.keep_tokens(id, None).await?;
    assert!(again().await?.is_none());
    Ok(())
}
