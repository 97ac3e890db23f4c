use domain::{Timestamp, webhook::Topic};
use salvo::oapi::ToSchema;
use serde::Serialize;
use store::{Delivery, Webhook};

use crate::word::Word;

/// A program that is told what happens to desktops.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[salvo(schema(name = Webhook))]
pub(crate) struct WebhookView {
    id: String,
    /// Where messages are sent.
    url: String,
    /// What it is told.
    events: Vec<Word<Topic>>,
    /// Whether it is told anything.
    enabled: bool,
    /// Why not, where Pult switched it off.
    disabled_because: Option<String>,
    created_at: Timestamp,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            url: webhook.url,
            events: webhook.topics.into_iter().map(Word).collect(),
            enabled: webhook.is_enabled,
            disabled_because: webhook.disabled_because,
            created_at: webhook.created_at,
        }
    }
}

/// A message to a webhook, and what became of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[salvo(schema(name = WebhookDelivery))]
pub(crate) struct DeliveryView {
    /// The message's own id, its `webhook-id`.
    id: String,
    /// What it tells of, or `webhook.test`.
    event: String,
    /// `pending`, `delivered` or `given_up`.
    state: &'static str,
    /// How often it was sent.
    attempts: i32,
    created_at: Timestamp,
    /// When it is sent next, while `pending`.
    next_try_at: Option<Timestamp>,
    /// When it arrived or was given up.
    finished_at: Option<Timestamp>,
    /// The last answer's HTTP status; null where there was none.
    status: Option<i32>,
    /// Why it did not arrive the last time.
    problem: Option<String>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            event: delivery.kind,
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            created_at: delivery.created_at,
            next_try_at: delivery.due_at,
            finished_at: delivery.finished_at,
            status: delivery.status,
            problem: delivery.problem,
        }
    }
}
