//! API tokens.

use chrono::{TimeDelta, Utc};
use domain::{TokenId, access::Scope};
use entity::token;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait};
use secrecy::ExposeSecret;
use store::{NewToken, Paging};

use crate::house::{House, Outcome, on_both, present};

on_both![
    a_token_is_found_by_its_secret_with_its_scopes,
    a_token_ends_when_its_time_is_over,
    the_use_of_a_token_is_noted_to_the_minute,
    a_token_is_revoked_by_its_owner_alone,
    a_scope_that_no_longer_exists_is_an_error_and_not_a_right,
];

async fn a_token_is_found_by_its_secret_with_its_scopes(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    for scopes in [&[][..], &[Scope::DesktopsRead], Scope::ALL] {
        let new = NewToken { user: anna.id, name: "CI", scopes, lifetime: Some(TimeDelta::days(30)) };
        let (token, secret) = house.store.tokens().create(&new).await?;
        assert_eq!(token.scopes, scopes);
        assert_eq!(token.expires_at, Some(token.created_at + TimeDelta::days(30)));
        assert!(secret.expose_secret().starts_with("pult_") && secret.expose_secret().starts_with(&token.prefix));
        assert_eq!(token.prefix.len(), 11);
        assert_eq!(house.store.tokens().find(&secret).await?, Some((token.clone(), anna.clone())));
        let raw = house.ask("SELECT prefix || ' ' || secret_hash FROM tokens").await?;
        assert!(raw.iter().all(|raw| !raw.contains(secret.expose_secret())));
    }
    assert_eq!(house.store.tokens().find(&"pult_guess".into()).await?, None);
    let listed = house.store.tokens().page(anna.id, &Paging { limit: 10, cursor: None }).await?;
    assert_eq!(listed.items.len(), 3);
    Ok(())
}

async fn a_token_ends_when_its_time_is_over(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let new = NewToken { user: anna.id, name: "CI", scopes: &[], lifetime: None };
    let (token, secret) = house.store.tokens().create(&new).await?;
    assert!(house.store.tokens().find(&secret).await?.is_some(), "for ever, where nothing is said");
    let over = Set(Some(Utc::now() - TimeDelta::microseconds(1)));
    token::ActiveModel { id: Set(token.id), expires_at: over, ..Default::default() }.update(house.db()).await?;
    assert!(house.store.tokens().find(&secret).await?.is_none());
    Ok(())
}

async fn the_use_of_a_token_is_noted_to_the_minute(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let new = NewToken { user: anna.id, name: "CI", scopes: &[], lifetime: None };
    let (token, secret) = house.store.tokens().create(&new).await?;
    let used = async || {
        let row = present(token::Entity::find_by_id(token.id).one(house.db()).await?, "the token")?;
        Ok::<_, crate::house::Failed>(row.last_used_at)
    };
    assert_eq!(used().await?, None);
    house.store.tokens().find(&secret).await?;
    let first = present(used().await?, "the first use")?;
    house.store.tokens().find(&secret).await?;
    assert_eq!(used().await?, Some(first), "within a minute nothing is written");
    let earlier = Set(Some(first - TimeDelta::minutes(2)));
    token::ActiveModel { id: Set(token.id), last_used_at: earlier, ..Default::default() }.update(house.db()).await?;
    house.store.tokens().find(&secret).await?;
    assert!(used().await? >= Some(first));
    Ok(())
}

async fn a_token_is_revoked_by_its_owner_alone(house: House) -> Outcome {
    let (anna, ben) = (house.pupil("anna").await?, house.pupil("ben").await?);
    let new = NewToken { user: anna.id, name: "CI", scopes: &[], lifetime: None };
    let (token, secret) = house.store.tokens().create(&new).await?;
    assert!(!house.store.tokens().revoke(ben.id, token.id).await?);
    assert!(!house.store.tokens().revoke(anna.id, TokenId::new()).await?);
    assert!(house.store.tokens().find(&secret).await?.is_some());
    assert!(house.store.tokens().revoke(anna.id, token.id).await?);
    assert!(!house.store.tokens().revoke(anna.id, token.id).await?);
    assert!(house.store.tokens().find(&secret).await?.is_none());
    Ok(())
}

async fn a_scope_that_no_longer_exists_is_an_error_and_not_a_right(house: House) -> Outcome {
    let anna = house.pupil("anna").await?;
    let new = NewToken { user: anna.id, name: "CI", scopes: &[Scope::DesktopsRead], lifetime: None };
    let (token, secret) = house.store.tokens().create(&new).await?;
    let odd = Set("desktops:fly".to_owned());
    token::ActiveModel { id: Set(token.id), scopes: odd, ..Default::default() }.update(house.db()).await?;
    let refused = house.store.tokens().find(&secret).await;
    assert!(matches!(refused, Err(store::StoreError::Corrupt(_))), "{refused:?}");
    Ok(())
}
