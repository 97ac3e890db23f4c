//! Writes down what webhooks are to be told, with the change itself.

use std::collections::HashMap;

use domain::{
    TemplateId, Timestamp, WebhookDeliveryId, WebhookId,
    desktop::{Desktop, DesktopState},
    webhook::{Topic, message},
};
use entity::{desktop, template, webhook, webhook_delivery};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{DeliveryState, topics};
use crate::{StoreError, connection::now};

/// A desktop as it was, where it was, and as it becomes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    before: Option<(DesktopState, bool)>,
    after: &'a Desktop,
}

impl<'a> Change<'a> {
    pub(crate) fn of(before: &desktop::Model, after: &'a Desktop) -> Self {
        Self { before: Some((before.state, before.removed_at.is_some())), after }
    }

    pub(crate) fn made(after: &'a Desktop) -> Self {
        Self { before: None, after }
    }
}

/// Puts messages on the way to whoever wants to be told of these changes, in the transaction that makes them. Comes
/// before the revision is raised, so that nobody waits for the counter meanwhile.
pub(crate) async fn tell(changes: &[Change<'_>], transaction: &DatabaseTransaction) -> Result<(), StoreError> {
    let told: Vec<_> = changes
        .iter()
        .filter_map(|change| Topic::of(change.before, change.after).map(|topic| (topic, change.after)))
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    let rows = webhook::Entity::find().filter(webhook::Column::Enabled.eq(true)).order_by_asc(webhook::Column::Id);
    let mut listeners = Vec::new();
    for row in rows.all(transaction).await? {
        listeners.push((row.id, topics(&row)?));
    }
    if listeners.is_empty() {
        return Ok(());
    }
    let (slugs, now) = (slugs(told.iter().map(|(_, desktop)| desktop.template), transaction).await?, now());
    let mut messages = Vec::new();
    for (topic, desktop) in told {
        let slug = slugs.get(&desktop.template).map_or("", String::as_str);
        let body = message(topic, desktop, slug, now).to_string();
        let wanted = |(_, topics): &&(WebhookId, Vec<Topic>)| topics.iter().any(|wanted| wanted.covers(topic));
        let to = listeners.iter().filter(wanted).map(|(id, _)| queued(*id, topic.as_str(), body.clone(), now));
        messages.extend(to);
    }
    if !messages.is_empty() {
        webhook_delivery::Entity::insert_many(messages).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// A message that is on its way from now on.
pub(super) fn queued(to: WebhookId, kind: &str, body: String, now: Timestamp) -> webhook_delivery::ActiveModel {
    webhook_delivery::ActiveModel {
        id: Set(WebhookDeliveryId::new()),
        webhook_id: Set(to),
        kind: Set(kind.to_owned()),
        body: Set(body),
        state: Set(DeliveryState::Pending.as_str().to_owned()),
        attempts: Set(0),
        failures: Set(0),
        created_at: Set(now),
        queued_at: Set(now),
        due_at: Set(now),
        finished_at: Set(None),
        status: Set(None),
        problem: Set(None),
    }
}

async fn slugs(
    templates: impl Iterator<Item = TemplateId>,
    transaction: &DatabaseTransaction,
) -> Result<HashMap<TemplateId, String>, StoreError> {
    let slugs: Vec<(TemplateId, String)> = template::Entity::find()
        .select_only()
        .columns([template::Column::Id, template::Column::Slug])
        .filter(template::Column::Id.is_in(templates))
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(slugs.into_iter().collect())
}
