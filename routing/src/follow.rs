use std::time::Duration;

use domain::{
    Timestamp,
    desktop::{DesktopState, Served},
    template::TemplateSpec,
};
use store::{RouteChanges, RouteRow, Store, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{Granted, Route, Target, Writer};

/// How long a lost announcement can go unnoticed.
const POLL: Duration = Duration::from_secs(2);
/// How often the whole table is compared, whatever was announced.
const COMPARE: Duration = Duration::from_mins(1);
/// Pause after the database failed; routes stay as they are meanwhile.
const PAUSE: Duration = Duration::from_millis(500);

/// Keeps the table true to the database until shutdown. Running it twice is harmless, but there is one writer.
pub async fn follow(store: Store, mut writer: Writer, shutdown: CancellationToken) {
    let mut announced = store.revisions();
    let mut poll = tokio::time::interval(POLL);
    let mut compare = tokio::time::interval(COMPARE);
    loop {
        writer.end_grants(chrono::Utc::now());
        let whole = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = compare.tick() => true,
            changed = announced.changed() => {
                if changed.is_err() { return; }
                false
            }
            _ = poll.tick() => false,
            () = until(writer.grant_ends_at()) => continue,
        };
        if let Err(error) = catch_up(&store, &mut writer, whole).await {
            warn!(error = &error as &dyn std::error::Error, "routes cannot be loaded; the last known stay");
            compare.reset_immediately();
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Waits until a moment, for ever where there is none. Who waits looks at the clock again afterwards: it may have been
/// set meanwhile.
async fn until(moment: Option<Timestamp>) {
    let Some(moment) = moment else {
        return std::future::pending().await;
    };
    tokio::time::sleep((moment - chrono::Utc::now()).to_std().unwrap_or_default()).await;
}

/// Loads what is missing from the table: what changed since it was last loaded, or whatever is not in it.
async fn catch_up(store: &Store, writer: &mut Writer, whole: bool) -> Result<(), StoreError> {
    if whole {
        let changes = store.routes().differing(&writer.known()).await?;
        apply(changes, writer);
        return Ok(());
    }
    let known = writer.revision();
    if store.revision().await? != known {
        apply(store.routes().since(known).await?, writer);
    }
    Ok(())
}

fn apply(RouteChanges { rows, removed, revision }: RouteChanges, writer: &mut Writer) {
    debug!(rows = rows.len(), removed = removed.len(), revision, "routes changed");
    writer.apply(rows.into_iter().map(route).collect(), &removed, revision);
}

/// The route that a row stands for.
fn route(RouteRow { desktop, template, password, host_label, grants }: RouteRow) -> Route {
    let running = desktop.state == DesktopState::Running;
    let (image, protocol, verify_tls, path, user, client) =
        if let Some(Served { image, protocol, verify_tls, path, user, client }) = desktop.served {
            (Some(image), protocol, verify_tls, path, user, client)
        } else {
            // what does not run, or ran already when this was not remembered yet
            let TemplateSpec { protocol, verify_tls, path, vnc_user, client, .. } = template.as_ref().clone();
            (None, protocol, verify_tls, path, vnc_user, client)
        };
    let target = match (desktop.endpoint, desktop.container, password) {
        (Some(endpoint), Some(container), Some(password)) if running => Some(Target {
            endpoint,
            container,
            generation: desktop.generation,
            started_at: desktop.container_started_at,
            image,
            protocol,
            verify_tls,
            fingerprint: desktop.fingerprint,
            path,
            user,
            password,
        }),
        _ => None,
    };
    Route {
        desktop: desktop.id,
        revision: desktop.revision,
        name: desktop.name,
        host_label,
        owner: desktop.owner,
        grants: grants.into_iter().map(|grant| Granted { grant, ended: CancellationToken::new() }).collect(),
        template: template.slug.clone(),
        client,
        state: desktop.state,
        target,
        gone: CancellationToken::new(),
    }
}
