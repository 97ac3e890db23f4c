use chrono::TimeDelta;
use domain::Timestamp;
use entity::{provider, sign_in};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::OnConflict};
use secrecy::{ExposeSecret, SecretString};

use crate::{Store, StoreError, connection::now, secret};

/// How long an answer of the provider is awaited: somebody may have to look for their password.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// Browsers that are on their way to an identity provider and back.
///
/// Each way is good once, and for the browser that began it: that keeps a *word* of its own. What the provider is given
/// to prove itself with, and what we prove ourselves with to it, is made from that word and from the state, so nothing
/// that lies in the database ends a sign-in.
#[derive(Debug, Clone, Copy)]
pub struct SignIns<'a>(pub(crate) &'a Store);

/// A sign-in that has begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The word by which the provider's answer is known.
    pub state: SecretString,
    /// What the provider has to repeat.
    pub nonce: SecretString,
    /// What proves to the provider that its answer came back to us (RFC 7636).
    pub verifier: SecretString,
}

/// A sign-in whose answer has come.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The provider, as it is called in the configuration.
    pub provider: String,
    /// For how much it was asked.
    pub scope_step: usize,
    /// Where the browser goes afterwards.
    pub return_to: String,
    /// What the provider has to have repeated.
    pub nonce: SecretString,
    /// What proves to the provider that its answer came back to us.
    pub verifier: SecretString,
}

impl SignIns<'_> {
    /// Sends a browser on its way.
    pub async fn begin(
        &self,
        browser: &SecretString,
        provider: &str,
        scope_step: usize,
        return_to: &str,
    ) -> Result<Begun, StoreError> {
        let (state, now) = (SecretString::from(secret::random_token()), now());
        let row = sign_in::ActiveModel {
            state_hash: Set(secret::hash(state.expose_secret())),
            browser_hash: Set(secret::hash(browser.expose_secret())),
            provider: Set(provider.to_owned()),
            scope_step: Set(i32::try_from(scope_step).unwrap_or(i32::MAX)),
            return_to: Set(return_to.to_owned()),
            expires_at: Set(now + PATIENCE),
        };
        let write = self.0.write().await?;
        sign_in::Entity::insert(row).exec_without_returning(&write.transaction).await?;
        write.commit().await?;
        let (nonce, verifier) = words(&state, browser);
        Ok(Begun { state, nonce, verifier })
    }

    /// Takes an answer: once, and from the browser that was sent on the way.
    pub async fn take(&self, state: &SecretString, browser: &SecretString) -> Result<Option<SignIn>, StoreError> {
        let write = self.0.write().await?;
        let row = sign_in::Entity::find_by_id(secret::hash(state.expose_secret()))
            .filter(sign_in::Column::BrowserHash.eq(secret::hash(browser.expose_secret())))
            .filter(sign_in::Column::ExpiresAt.gt(now()))
            .lock_exclusive()
            .one(&write.transaction)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        sign_in::Entity::delete_by_id(row.state_hash).exec(&write.transaction).await?;
        write.commit().await?;
        let (nonce, verifier) = words(state, browser);
        Ok(Some(SignIn {
            provider: row.provider,
            scope_step: usize::try_from(row.scope_step).unwrap_or_default(),
            return_to: row.return_to,
            nonce,
            verifier,
        }))
    }

    /// For how much a provider was asked when a sign-in worked last, and when that was.
    pub async fn scope_step(&self, issuer: &str) -> Result<Option<(usize, Timestamp)>, StoreError> {
        let row = provider::Entity::find_by_id(issuer.to_owned()).one(self.0.db()).await?;
        Ok(row.and_then(|row| Some((usize::try_from(row.scope_step).ok()?, row.scope_step_at))))
    }

    /// Notes for how much a provider was asked when a sign-in worked, as from now.
    pub async fn note_scope_step(&self, issuer: &str, step: usize) -> Result<(), StoreError> {
        let row = provider::ActiveModel {
            issuer: Set(issuer.to_owned()),
            scope_step: Set(i32::try_from(step).unwrap_or(i32::MAX)),
            scope_step_at: Set(now()),
        };
        let write = self.0.write().await?;
        provider::Entity::insert(row)
            .on_conflict(
                OnConflict::column(provider::Column::Issuer)
                    .update_columns([provider::Column::ScopeStep, provider::Column::ScopeStepAt])
                    .to_owned(),
            )
            .exec_without_returning(&write.transaction)
            .await?;
        write.commit().await
    }

    /// Forgets those who did not come back.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let write = self.0.write().await?;
        let gone = sign_in::Entity::delete_many().filter(sign_in::Column::ExpiresAt.lte(now()));
        let gone = gone.exec(&write.transaction).await?.rows_affected;
        write.commit().await?;
        Ok(gone)
    }
}

/// The nonce and the proof of one way of one browser.
fn words(state: &SecretString, browser: &SecretString) -> (SecretString, SecretString) {
    let word = |purpose: &str| {
        SecretString::from(secret::hash(&format!("{purpose}:{}:{}", state.expose_secret(), browser.expose_secret())))
    };
    (word("pult-nonce"), word("pult-pkce"))
}
