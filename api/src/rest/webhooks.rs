//! Programs that are told what happens to desktops.

use domain::{WebhookDeliveryId, WebhookId, access::Action, template::FieldError, webhook::Topic};
use salvo::{
    Depot, Response, Writer,
    http::StatusCode,
    oapi::{ToSchema, endpoint},
    writing::Json,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Deed, Webhook, WebhookChange};

use super::{Accepted, Created};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    extract::{self, Body, InPath, Window},
    views::{DeliveryView, ListView, WebhookView},
    word::Word,
};

/// A webhook to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "url": "https://hooks.school.example/pult", "events": ["desktop.running"] })))]
pub(crate) struct WebhookInput {
    /// Where messages are sent: `https://…` on the Internet, or what `webhooks.allow_private` names.
    url: String,
    /// What it is told; everything, where nothing is said.
    #[serde(default)]
    events: Vec<Word<Topic>>,
}

/// What is to be changed of a webhook.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[salvo(schema(example = json!({ "enabled": true })))]
pub(crate) struct WebhookPatch {
    /// Where messages are sent.
    #[serde(default)]
    url: Option<String>,
    /// What it is told.
    #[serde(default)]
    events: Option<Vec<Word<Topic>>>,
    /// Whether it is told anything. What is on its way to one that is switched off is given up.
    #[serde(default)]
    enabled: Option<bool>,
}

/// A webhook with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookMade {
    #[serde(flatten)]
    #[salvo(schema(inline))]
    webhook: WebhookView,
    /// With what its messages are signed.
    secret: String,
}

impl WebhookMade {
    fn new((webhook, secret): (Webhook, SecretString)) -> Self {
        Self { webhook: webhook.into(), secret: secret.expose_secret().to_owned() }
    }
}

/// Lists webhooks
#[endpoint(tags("webhooks"))]
pub(crate) async fn list(
    caller: Caller,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<WebhookView>>, ApiError> {
    caller.may_with_any(Action::SeeWebhooks)?;
    Ok(Json(extract::app(depot).store.webhooks().page(&window.0).await?.map(WebhookView::from).into()))
}

/// Makes a webhook
///
/// It is told of every change from now on, by messages that are signed with the secret (Standard Webhooks).
#[endpoint(tags("webhooks"))]
pub(crate) async fn create(
    caller: Caller,
    input: Body<WebhookInput>,
    depot: &mut Depot,
) -> Result<Created<WebhookMade>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::WriteWebhooks)?;
    let url = url(app, &input.0.url)?;
    let topics = topics(&input.0.events);
    let detail = json!({ "host": host(&url), "events": topics });
    let store = app.store.noting(Deed::of(caller.user, "webhook.create").with(detail));
    Ok(Created(WebhookMade::new(store.webhooks().create(&url, &topics).await?)))
}

/// Changes a webhook, or switches it on or off
#[endpoint(tags("webhooks"))]
pub(crate) async fn update(
    caller: Caller,
    id: InPath<WebhookId>,
    input: Body<WebhookPatch>,
    depot: &mut Depot,
) -> Result<Json<WebhookView>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::WriteWebhooks)?;
    let WebhookPatch { url: address, events, enabled: is_enabled } = input.0;
    let url = address.map(|text| url(app, &text)).transpose()?;
    let change = WebhookChange { url, topics: events.map(|events| topics(&events)), is_enabled };
    // what was said of it; what was not is as it was
    let host = change.url.as_deref().and_then(host);
    let detail = json!({ "host": host, "events": change.topics, "enabled": change.is_enabled });
    let store = app.store.noting(Deed::of(caller.user, "webhook.update").on(id.0).with(detail));
    Ok(Json(store.webhooks().change(id.0, change).await?.ok_or(ApiError::NotFound("webhook"))?.into()))
}

/// Removes a webhook, with what is known of its deliveries
#[endpoint(tags("webhooks"), status_codes(204, 400, 401, 403, 404, 429, 503), responses((status_code = 204, description = "Removed")))]
pub(crate) async fn remove(
    caller: Caller,
    id: InPath<WebhookId>,
    depot: &mut Depot,
    res: &mut Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::WriteWebhooks)?;
    let store = app.store.noting(Deed::of(caller.user, "webhook.delete").on(id.0));
    store.webhooks().remove(id.0).await?.ok_or(ApiError::NotFound("webhook"))?;
    res.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Gives a webhook another secret
///
/// For a day messages are signed with the former one as well.
#[endpoint(tags("webhooks"))]
pub(crate) async fn rotate(
    caller: Caller,
    id: InPath<WebhookId>,
    depot: &mut Depot,
) -> Result<Json<WebhookMade>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::WriteWebhooks)?;
    let store = app.store.noting(Deed::of(caller.user, "webhook.rotate").on(id.0));
    let made = store.webhooks().rotate(id.0).await?.ok_or(ApiError::NotFound("webhook"))?;
    Ok(Json(WebhookMade::new(made)))
}

/// Sends a webhook a message that tells of nothing
///
/// It is sent once, also to a webhook that is off; its delivery tells what came of it.
#[endpoint(tags("webhooks"))]
pub(crate) async fn test(
    caller: Caller,
    id: InPath<WebhookId>,
    depot: &mut Depot,
) -> Result<Accepted<DeliveryView>, ApiError> {
    caller.may_with_any(Action::WriteWebhooks)?;
    let queued = extract::app(depot).store.webhooks().test(id.0).await?;
    Ok(Accepted::Wish(queued.ok_or(ApiError::NotFound("webhook"))?.into()))
}

/// Lists what became of a webhook's messages
///
/// The newest first; those of the last 30 days.
#[endpoint(tags("webhooks"))]
pub(crate) async fn deliveries(
    caller: Caller,
    id: InPath<WebhookId>,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<DeliveryView>>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::SeeWebhooks)?;
    app.store.webhooks().get(id.0).await?.ok_or(ApiError::NotFound("webhook"))?;
    Ok(Json(app.store.webhooks().deliveries(id.0, &window.0).await?.map(DeliveryView::from).into()))
}

/// Sends a message once more, whatever became of it
///
/// It is the same message, with the same id.
#[endpoint(tags("webhooks"))]
pub(crate) async fn replay(
    caller: Caller,
    id: InPath<WebhookId>,
    delivery: InPath<WebhookDeliveryId>,
    depot: &mut Depot,
) -> Result<Accepted<DeliveryView>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::WriteWebhooks)?;
    let deed = Deed::of(caller.user, "webhook.replay").on(id.0).with(json!({ "delivery": delivery.0 }));
    let replayed = app.store.noting(deed).webhooks().replay(id.0, delivery.0).await?;
    let queued = replayed.ok_or(ApiError::NotFound("delivery"))?;
    Ok(Accepted::Wish(queued.into()))
}

fn url(app: &App, text: &str) -> Result<String, ApiError> {
    let wrong = |error: domain::webhook::Unfit| ApiError::Fields(vec![FieldError { field: "url", expected: error.0 }]);
    Ok(app.config.webhooks.target(text).map_err(wrong)?.into())
}

/// What is wanted, each word once; everything, where nothing is said.
fn topics(events: &[Word<Topic>]) -> Vec<Topic> {
    let mut topics: Vec<_> = events.iter().map(|event| event.0).collect();
    if topics.is_empty() {
        topics.push(Topic::Everything);
    }
    topics.sort_unstable();
    topics.dedup();
    topics
}

/// What the audit log knows of an address: its host, since the rest may be a secret.
fn host(url: &str) -> Option<String> {
    url.parse::<url::Url>().ok()?.host_str().map(str::to_owned)
}
