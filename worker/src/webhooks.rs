//! Tells other programs what happened to desktops. Looks at messages that are due, and changes what became of them.
//!
//! Running it twice is harmless: a message is one sender's for a while, and one that was sent by two arrives twice as the
//! same message. So does one whose sender ended before it had stored what came of it.

mod send;
mod sign;

use std::{collections::HashSet, sync::Arc, time::Duration};

use domain::WebhookId;
use futures::future::join_all;
use store::{Due, Sent, Store, StoreError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use self::send::Sender;
use crate::Shared;

/// How long a message can wait that nobody announced: one that is ordered, or tried again.
const POLL: Duration = Duration::from_secs(1);
/// Messages on their way to one webhook at a time.
const AT_ONCE: u64 = 4;
/// Webhooks to which something is on its way at a time.
const LANES: usize = 16;

/// Sends messages until shutdown. What is on its way then is sent again by the next worker.
///
/// Each webhook has its own lane, so that one that is slow keeps nobody else waiting.
pub(crate) async fn run(shared: Arc<Shared>, store: Store, shutdown: CancellationToken) {
    let sender = match Sender::new(shared.config.webhooks.clone()) {
        Ok(sender) => Arc::new(sender),
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "messages to webhooks cannot be sent");
            return shutdown.cancelled().await;
        }
    };
    let mut announced = store.revisions();
    let (mut lanes, mut busy) = (JoinSet::new(), HashSet::new());
    loop {
        match store.webhooks().due().await {
            Ok(due) => {
                for id in due {
                    if busy.len() < LANES && busy.insert(id) {
                        lanes.spawn(lane(store.clone(), Arc::clone(&sender), id));
                    }
                }
            }
            Err(error) => warn!(error = &error as &dyn std::error::Error, "messages to webhooks cannot be read"),
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            // a lane that panicked has lost its messages for a while, and the loop ends to begin anew
            Some(done) = lanes.join_next() => match done {
                Ok(id) => drop(busy.remove(&id)),
                Err(_) => return,
            },
            _ = announced.changed() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Sends some of what is due to one webhook.
async fn lane(store: Store, sender: Arc<Sender>, id: WebhookId) -> WebhookId {
    let done = async {
        let due = store.webhooks().claim(id, AT_ONCE).await?;
        let sent = join_all(due.iter().map(|due| send(&store, &sender, due))).await;
        sent.into_iter().collect::<Result<(), StoreError>>()
    };
    if let Err(error) = done.await {
        warn!(error = &error as &dyn std::error::Error, webhook = %id, "what became of a message cannot be stored");
        // what cannot be stored now is not tried at once
        tokio::time::sleep(POLL).await;
    }
    id
}

async fn send(store: &Store, sender: &Sender, due: &Due) -> Result<(), StoreError> {
    let sent = sender.send(due).await;
    let Sent { status, problem } = &sent;
    debug!(webhook = %due.webhook, delivery = %due.id, status, problem, "a message was sent");
    if let Some(why) = store.webhooks().sent(due, &sent).await? {
        warn!(webhook = %due.webhook, why, "a webhook is switched off: nothing arrived there for days");
    }
    Ok(())
}
