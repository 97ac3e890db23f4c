//! Messages on their way, and what became of them.

use chrono::TimeDelta;
use domain::{
    Timestamp, WebhookDeliveryId, WebhookId,
    webhook::{self as rules, Next},
};
use entity::{webhook, webhook_delivery};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, ExprTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use secrecy::SecretString;
use serde_json::json;

use super::Webhooks;
use crate::{
    Deed, Page, Paging, StoreError,
    connection::{Write, now, stored},
    text::storable,
};

/// How long a message is one sender's: longer than sending takes. A sender that is gone by then has lost it.
const CLAIM: TimeDelta = TimeDelta::seconds(20);

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// On its way.
    Pending,
    /// It arrived.
    Delivered,
    /// It is not sent any more.
    GivenUp,
}

impl DeliveryState {
    /// The word as it is stored and spoken.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }
}

/// A message, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: WebhookDeliveryId,
    /// What it tells of.
    pub kind: String,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: i32,
    /// When what it tells of happened.
    pub created_at: Timestamp,
    /// When it is sent next.
    pub due_at: Option<Timestamp>,
    /// When it arrived or was given up.
    pub finished_at: Option<Timestamp>,
    /// The last answer's status.
    pub status: Option<i32>,
    /// Why it did not arrive the last time.
    pub problem: Option<String>,
}

/// A message that somebody is to send now.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its id.
    pub id: WebhookDeliveryId,
    /// The webhook's.
    pub webhook: WebhookId,
    /// Where it is sent.
    pub url: String,
    /// All of it.
    pub body: String,
    /// With what it is signed, each for itself.
    pub secrets: Vec<SecretString>,
    attempt: i32,
}

impl Due {
    /// A message that no row stands for.
    pub fn new(id: WebhookDeliveryId, url: String, body: String, secrets: Vec<SecretString>) -> Self {
        Self { id, webhook: WebhookId::new(), url, body, secrets, attempt: 0 }
    }
}

/// What came of sending a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The answer's status, if there was one.
    pub status: Option<u16>,
    /// Why it did not arrive; nothing where it did.
    pub problem: Option<String>,
}

impl Webhooks<'_> {
    /// The webhooks to which something is to be sent now, whoever has waited longest first.
    pub async fn due(&self) -> Result<Vec<WebhookId>, StoreError> {
        Ok(webhook_delivery::Entity::find()
            .select_only()
            .column(webhook_delivery::Column::WebhookId)
            .filter(is_due(now()))
            .group_by(webhook_delivery::Column::WebhookId)
            .order_by_asc(Expr::col(webhook_delivery::Column::DueAt).min())
            .into_tuple()
            .all(self.0.db())
            .await?)
    }

    /// Takes some messages to a webhook, to send them; of several that try at once, each message is one's. Who does not
    /// say within [`CLAIM`] what came of it has lost them to whoever asks next.
    pub async fn claim(&self, id: WebhookId, most: u64) -> Result<Vec<Due>, StoreError> {
        let write = self.0.write().await?;
        let now = now();
        let Some(webhook) = webhook::Entity::find_by_id(id).one(&write.transaction).await? else {
            return Ok(Vec::new());
        };
        let rows = webhook_delivery::Entity::find()
            .filter(webhook_delivery::Column::WebhookId.eq(id))
            .filter(is_due(now))
            .order_by_asc(webhook_delivery::Column::DueAt)
            .order_by_asc(webhook_delivery::Column::Id)
            .limit(most)
            .all(&write.transaction)
            .await?;
        let secrets = self.secrets(&webhook)?;
        let mut due = Vec::new();
        for row in rows {
            let attempt = row.attempts + 1;
            let taken = webhook_delivery::Entity::update_many()
                .col_expr(webhook_delivery::Column::Attempts, Expr::value(attempt))
                .col_expr(webhook_delivery::Column::DueAt, Expr::value(now + CLAIM))
                .filter(webhook_delivery::Column::Id.eq(row.id))
                .filter(webhook_delivery::Column::Attempts.eq(row.attempts))
                .filter(is_due(now))
                .exec(&write.transaction)
                .await?;
            if taken.rows_affected == 1 {
                let (url, secrets) = (webhook.url.clone(), secrets.clone());
                due.push(Due { id: row.id, webhook: id, url, body: row.body, secrets, attempt });
            }
        }
        write.commit().await?;
        Ok(due)
    }

    /// Stores what came of sending a message. A failure counts only from whoever has the message still.
    ///
    /// Yields why its webhook was switched off by that, where it was: nothing arrived there for as long as a message is
    /// tried. All that is on its way there is given up then.
    pub async fn sent(&self, due: &Due, sent: &Sent) -> Result<Option<String>, StoreError> {
        let mut write = self.0.write().await?;
        // the webhook first, as whoever switches it off or removes it does
        let webhook = super::locked(due.webhook, &write).await?;
        let row = locked(due.webhook, due.id, &write).await?;
        let (Some(webhook), Some(row)) = (webhook, row) else {
            return Ok(None);
        };
        let is_ours = row.attempts == due.attempt && row.state == DeliveryState::Pending.as_str();
        if sent.problem.is_some() && !is_ours {
            return Ok(None);
        }
        let (now, kind, queued_at, failures) = (now(), row.kind.clone(), row.queued_at, row.failures + 1);
        let mut row = row.into_active_model();
        row.status = Set(sent.status.map(i32::from));
        row.problem = Set(sent.problem.as_deref().map(storable));
        let mut is_given_up = false;
        if sent.problem.is_none() {
            row.state = Set(DeliveryState::Delivered.as_str().to_owned());
            row.finished_at = Set(Some(now));
        } else {
            row.failures = Set(failures);
            match rules::next(&kind, failures, queued_at, now) {
                Next::Again(at) => row.due_at = Set(stored(at)),
                Next::GivenUp => {
                    row.state = Set(DeliveryState::GivenUp.as_str().to_owned());
                    row.finished_at = Set(Some(now));
                    is_given_up = kind != rules::TEST;
                }
            }
        }
        row.update(&write.transaction).await?;
        let mut because = None;
        if is_given_up && webhook.enabled && !arrived_since(due.webhook, queued_at, &write).await? {
            let why = sent.problem.as_deref().map(storable).unwrap_or_default();
            let mut off = webhook.into_active_model();
            off.enabled = Set(false);
            off.disabled_because = Set(Some(why.clone()));
            off.update(&write.transaction).await?;
            give_up(due.webhook, super::SWITCHED_OFF, &write).await?;
            write.note(Deed::ours("webhook.disable").on(due.webhook).with(json!({ "why": why })));
            because = Some(why);
        }
        write.commit().await?;
        Ok(because)
    }

    /// A page of a webhook's messages, newest first.
    pub async fn deliveries(&self, id: WebhookId, paging: &Paging) -> Result<Page<Delivery>, StoreError> {
        let mut select = webhook_delivery::Entity::find()
            .filter(webhook_delivery::Column::WebhookId.eq(id))
            .order_by_desc(webhook_delivery::Column::Id)
            .limit(paging.limit + 1);
        if let Some(before) = paging.after::<WebhookDeliveryId>() {
            select = select.filter(webhook_delivery::Column::Id.lt(before));
        }
        let items = select.all(self.0.db()).await?.into_iter().map(to_domain).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, paging.limit, |delivery| delivery.id))
    }

    /// Forgets messages that were put on the way before a moment.
    pub async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let write = self.0.write().await?;
        let old = webhook_delivery::Column::QueuedAt.lt(stored(before));
        let gone = webhook_delivery::Entity::delete_many().filter(old).exec(&write.transaction).await?.rows_affected;
        write.commit().await?;
        Ok(gone)
    }
}

fn is_due(now: Timestamp) -> Condition {
    Condition::all()
        .add(webhook_delivery::Column::State.eq(DeliveryState::Pending.as_str()))
        .add(webhook_delivery::Column::DueAt.lte(now))
}

/// Gives up all that is on its way to a webhook.
pub(super) async fn give_up(id: WebhookId, why: &str, write: &Write<'_>) -> Result<(), StoreError> {
    webhook_delivery::Entity::update_many()
        .col_expr(webhook_delivery::Column::State, Expr::value(DeliveryState::GivenUp.as_str()))
        .col_expr(webhook_delivery::Column::FinishedAt, Expr::value(now()))
        .col_expr(webhook_delivery::Column::Problem, Expr::value(why))
        .filter(webhook_delivery::Column::WebhookId.eq(id))
        .filter(webhook_delivery::Column::State.eq(DeliveryState::Pending.as_str()))
        .exec(&write.transaction)
        .await?;
    Ok(())
}

async fn arrived_since(id: WebhookId, since: Timestamp, write: &Write<'_>) -> Result<bool, StoreError> {
    let arrived = webhook_delivery::Entity::find()
        .filter(webhook_delivery::Column::WebhookId.eq(id))
        .filter(webhook_delivery::Column::State.eq(DeliveryState::Delivered.as_str()))
        .filter(webhook_delivery::Column::FinishedAt.gte(since))
        .count(&write.transaction)
        .await?;
    Ok(arrived > 0)
}

pub(super) async fn locked(
    webhook: WebhookId,
    id: WebhookDeliveryId,
    write: &Write<'_>,
) -> Result<Option<webhook_delivery::Model>, StoreError> {
    let select = webhook_delivery::Entity::find_by_id(id).filter(webhook_delivery::Column::WebhookId.eq(webhook));
    Ok(select.lock_exclusive().one(&write.transaction).await?)
}

pub(super) fn to_domain(row: webhook_delivery::Model) -> Result<Delivery, StoreError> {
    let state = [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::GivenUp]
        .into_iter()
        .find(|state| state.as_str() == row.state)
        .ok_or_else(|| StoreError::Corrupt(format!("a delivery's state, {}", row.state)))?;
    Ok(Delivery {
        id: row.id,
        kind: row.kind,
        state,
        attempts: row.attempts,
        created_at: row.created_at,
        due_at: (state == DeliveryState::Pending).then_some(row.due_at),
        finished_at: row.finished_at,
        status: row.status,
        problem: row.problem,
    })
}
