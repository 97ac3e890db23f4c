use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use domain::{
    Timestamp, WebhookDeliveryId, WebhookId,
    webhook::{TEST, Topic, test_message},
};
use entity::{webhook, webhook_delivery};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Page, Paging, Store, StoreError,
    connection::{Write, now},
    secret,
};

mod deliveries;
mod tell;

pub use deliveries::{Delivery, DeliveryState, Due, Sent};
pub(crate) use tell::{Change, tell};

/// Programs that are told what happens to desktops, and the messages to them.
///
/// A message is a row, written in the transaction of the change that it tells of. So there is one for each change that
/// was made and none for any that was not, whatever ends the program when, and also where a desktop changes faster than
/// messages are sent; a reader of revisions would see its last state alone. It costs a change of state one look at the
/// list of webhooks.
#[derive(Debug, Clone, Copy)]
pub struct Webhooks<'a>(pub(crate) &'a Store);

/// A program that is told what happens to desktops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where messages are sent.
    pub url: String,
    /// Of what it is told.
    pub topics: Vec<Topic>,
    /// Whether it is told anything.
    pub is_enabled: bool,
    /// Why not, where Pult switched it off.
    pub disabled_because: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is to be changed of a webhook.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// Where messages are sent.
    pub url: Option<String>,
    /// Of what it is told.
    pub topics: Option<Vec<Topic>>,
    /// Whether it is told anything.
    pub is_enabled: Option<bool>,
}

/// How long messages are signed with a secret, too, after it was replaced.
const FORMER_KEPT: TimeDelta = TimeDelta::hours(24);

/// What a message says that is given up because of its webhook.
const SWITCHED_OFF: &str = "the webhook was switched off";

impl Webhooks<'_> {
    /// Makes a webhook. The secret is shown this once, and stored sealed.
    pub async fn create(&self, url: &str, topics: &[Topic]) -> Result<(Webhook, SecretString), StoreError> {
        let (id, secret) = (WebhookId::new(), new_secret());
        let row = webhook::ActiveModel {
            id: Set(id),
            url: Set(url.to_owned()),
            topics: Set(words(topics)),
            secret: Set(self.0.sealer().seal(secret.expose_secret(), &place(id))?),
            former_secret: Set(None),
            former_until: Set(None),
            enabled: Set(true),
            disabled_because: Set(None),
            created_at: Set(now()),
        };
        let mut write = self.0.write().await?;
        write.about(id);
        let row = webhook::Entity::insert(row).exec_with_returning(&write.transaction).await?;
        write.commit().await?;
        Ok((to_domain(row)?, secret))
    }

    /// One webhook.
    pub async fn get(&self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        webhook::Entity::find_by_id(id).one(self.0.db()).await?.map(to_domain).transpose()
    }

    /// A page of webhooks, oldest first.
    pub async fn page(&self, paging: &Paging) -> Result<Page<Webhook>, StoreError> {
        let mut select = webhook::Entity::find().order_by_asc(webhook::Column::Id).limit(paging.limit + 1);
        if let Some(after) = paging.after::<WebhookId>() {
            select = select.filter(webhook::Column::Id.gt(after));
        }
        let items = select.all(self.0.db()).await?.into_iter().map(to_domain).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, paging.limit, |webhook| webhook.id))
    }

    /// Changes a webhook. What is on its way to one that is switched off is given up.
    pub async fn change(&self, id: WebhookId, change: WebhookChange) -> Result<Option<Webhook>, StoreError> {
        let write = self.0.write().await?;
        let Some(row) = locked(id, &write).await? else {
            return Ok(None);
        };
        let is_off = row.enabled && change.is_enabled == Some(false);
        let mut row = row.into_active_model();
        if let Some(url) = change.url {
            row.url = Set(url);
        }
        if let Some(topics) = change.topics {
            row.topics = Set(words(&topics));
        }
        if let Some(is_enabled) = change.is_enabled {
            row.enabled = Set(is_enabled);
            row.disabled_because = Set(None);
        }
        let row = if row.is_changed() {
            row.update(&write.transaction).await?
        } else {
            row.try_into().map_err(StoreError::Database)?
        };
        if is_off {
            deliveries::give_up(id, SWITCHED_OFF, &write).await?;
        }
        write.commit().await?;
        Ok(Some(to_domain(row)?))
    }

    /// Gives a webhook another secret, which is shown this once. For a day messages are signed with both.
    pub async fn rotate(&self, id: WebhookId) -> Result<Option<(Webhook, SecretString)>, StoreError> {
        let write = self.0.write().await?;
        let Some(row) = locked(id, &write).await? else {
            return Ok(None);
        };
        let secret = new_secret();
        let former = row.secret.clone();
        let mut row = row.into_active_model();
        row.secret = Set(self.0.sealer().seal(secret.expose_secret(), &place(id))?);
        row.former_secret = Set(Some(former));
        row.former_until = Set(Some(now() + FORMER_KEPT));
        let row = row.update(&write.transaction).await?;
        write.commit().await?;
        Ok(Some((to_domain(row)?, secret)))
    }

    /// Removes a webhook with all that is known of its messages.
    pub async fn remove(&self, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
        let write = self.0.write().await?;
        let Some(row) = locked(id, &write).await? else {
            return Ok(None);
        };
        webhook::Entity::delete_by_id(id).exec(&write.transaction).await?;
        write.commit().await?;
        Ok(Some(to_domain(row)?))
    }

    /// Puts a message on the way that tells of nothing, to see whether it arrives; also to a webhook that is off.
    pub async fn test(&self, id: WebhookId) -> Result<Option<Delivery>, StoreError> {
        let write = self.0.write().await?;
        if locked(id, &write).await?.is_none() {
            return Ok(None);
        }
        let row = tell::queued(id, TEST, test_message(now()).to_string(), now());
        let row = webhook_delivery::Entity::insert(row).exec_with_returning(&write.transaction).await?;
        write.commit().await?;
        deliveries::to_domain(row).map(Some)
    }

    /// Puts a message on the way once more, whatever became of it; also to a webhook that is off. It stays the same
    /// message, with its id.
    pub async fn replay(&self, id: WebhookId, delivery: WebhookDeliveryId) -> Result<Option<Delivery>, StoreError> {
        let write = self.0.write().await?;
        let Some(row) = deliveries::locked(id, delivery, &write).await? else {
            return Ok(None);
        };
        let mut row = row.into_active_model();
        row.state = Set(DeliveryState::Pending.as_str().to_owned());
        row.failures = Set(0);
        row.queued_at = Set(now());
        row.due_at = Set(now());
        row.finished_at = Set(None);
        let row = row.update(&write.transaction).await?;
        write.commit().await?;
        deliveries::to_domain(row).map(Some)
    }

    /// The secrets that messages to a webhook are signed with now.
    fn secrets(self, row: &webhook::Model) -> Result<Vec<SecretString>, StoreError> {
        let former = row.former_secret.as_deref().filter(|_| row.former_until.is_some_and(|until| until > now()));
        let sealed = [Some(row.secret.as_str()), former];
        let opened = sealed.into_iter().flatten().map(|sealed| Ok(self.0.sealer().open(sealed, &place(row.id))?));
        opened.collect()
    }
}

/// A secret as the scheme spells it: 24 to 64 random octets in Base64 after a prefix that scanners find (Standard
/// Webhooks, "Signature scheme").
fn new_secret() -> SecretString {
    format!("whsec_{}", STANDARD.encode(secret::random_key())).into()
}

/// What a secret is sealed for.
fn place(id: WebhookId) -> String {
    format!("webhook {id}")
}

fn words(topics: &[Topic]) -> String {
    topics.iter().map(|topic| topic.as_str()).collect::<Vec<_>>().join(" ")
}

fn topics(row: &webhook::Model) -> Result<Vec<Topic>, StoreError> {
    let topics = row.topics.split_whitespace().map(str::parse).collect::<Result<_, domain::UnknownWord>>();
    topics.map_err(|error| StoreError::Corrupt(error.to_string()))
}

async fn locked(id: WebhookId, write: &Write<'_>) -> Result<Option<webhook::Model>, StoreError> {
    Ok(webhook::Entity::find_by_id(id).lock_exclusive().one(&write.transaction).await?)
}

fn to_domain(row: webhook::Model) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        topics: topics(&row)?,
        id: row.id,
        url: row.url,
        is_enabled: row.enabled,
        disabled_because: row.disabled_because,
        created_at: row.created_at,
    })
}
