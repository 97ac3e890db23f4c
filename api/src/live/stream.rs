use std::{convert::Infallible, sync::Arc, time::Duration};

use domain::{
    Language,
    access::{Action, Principal},
};
use futures::{Stream, StreamExt, stream};
use salvo::{
    Depot, Request, Response, Writer,
    http::{HeaderValue, header},
    oapi::endpoint,
    sse::{SseEvent, SseKeepAlive},
};
use serde::Serialize;
use store::EngineStatus;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::feed::{Change, since};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, language_of},
    extract,
    views::{DesktopView, JobView, NoticeView},
};

/// How long a page waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);
/// How often a quiet stream says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Follows what changes
///
/// Server-sent events: `desktop`, `job` and `notice`. Resumes after `Last-Event-ID`; without it only what changes from
/// now on is told, so fetch the lists after connecting.
#[endpoint(tags("live"), responses((status_code = 200, description = "Server-sent events", content_type = "text/event-stream")))]
pub(crate) async fn events(
    caller: Caller,
    req: &mut Request,
    depot: &mut Depot,
    res: &mut Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot).clone();
    caller.may_at_best(Action::SeeDesktop)?;
    // first listen, then look: what happens in between comes twice, and never not at all
    let changes = app.feed.subscribe();
    let listener = Listener { app: app.clone(), principal: caller.principal.clone(), language: language_of(req) };
    let (start, revision) = if let Some(known) = req.header::<i64>("last-event-id") {
        let change = since(&app.store, &app.config.node, known).await?;
        (listener.tell(&change), change.revision)
    } else {
        let revision = app.store.revision().await?;
        (vec![SseEvent::default().id(revision.to_string()).retry(RETRY).comment("connected")], revision)
    };
    let ended = app.presence.of(&caller.principal);
    let shutdown = app.shutdown.clone();
    let farewell = stream::once(async { going_away() });
    let told = stream::iter(start)
        .chain(follow(listener, changes, revision))
        .take_until(async move {
            tokio::select! {
                () = ended.cancelled() => {}
                () = shutdown.cancelled() => {}
            }
        })
        .chain(farewell);
    // front proxies buffer answers unless they are told not to
    res.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    res.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    SseKeepAlive::new(told.map(Ok::<_, Infallible>)).max_interval(KEEP_ALIVE).stream(res);
    Ok(())
}

/// One open page.
struct Listener {
    app: App,
    principal: Principal,
    language: Language,
}

fn follow(
    listener: Listener,
    changes: Receiver<Arc<Change>>,
    revision: i64,
) -> impl Stream<Item = SseEvent> + Send + 'static {
    stream::unfold((listener, changes, revision), |(listener, mut changes, revision)| async move {
        loop {
            let change = match changes.recv().await {
                Ok(change) if change.revision > revision => change,
                Ok(_) => continue,
                // too slow for the backlog: ask for all of it at once
                Err(RecvError::Lagged(_)) => {
                    match since(&listener.app.store, &listener.app.config.node, revision).await {
                        Ok(change) => Arc::new(change),
                        Err(_) => return None,
                    }
                }
                Err(RecvError::Closed) => return None,
            };
            let told = listener.tell(&change);
            return Some((stream::iter(told), (listener, changes, change.revision)));
        }
    })
    .flatten()
}

impl Listener {
    /// The events that a change is for this caller.
    fn tell(&self, change: &Change) -> Vec<SseEvent> {
        let desktops =
            change.desktops.iter().filter(|details| self.principal.may_see(&details.desktop).is_ok()).map(|details| {
                let view = DesktopView::new(details.clone(), &self.app.config.idle, self.language);
                event("desktop", &view)
            });
        let jobs = change
            .jobs
            .iter()
            .filter(|_| self.principal.may_with_any(Action::SeeJobs).is_ok())
            .map(|job| event("job", &JobView::from(job.clone())));
        let engine = change.engine.as_ref().map(|engine| notice(engine, self.language));
        let mut told: Vec<_> = desktops.chain(jobs).chain(engine).collect();
        // Changes that were read together carry their id together: with the last of them all is told up to there.
        if let Some(last) = told.pop() {
            told.push(last.id(change.revision.to_string()));
        }
        told
    }
}

fn notice(engine: &EngineStatus, language: Language) -> SseEvent {
    let (code, message) = if engine.reachable {
        let message = language.pick("Der Docker-Dienst antwortet wieder.", "The Docker engine answers again.");
        ("engine_back", message)
    } else {
        let message = language.pick(
            "Der Docker-Dienst antwortet gerade nicht. Laufende Desktops bleiben erreichbar, Starts warten.",
            "The Docker engine does not answer at the moment. Running desktops stay reachable, starts wait.",
        );
        ("engine_unreachable", message)
    };
    event("notice", &NoticeView { code, message })
}

fn going_away() -> SseEvent {
    event("notice", &NoticeView { code: "going_away", message: "" }).retry(RETRY)
}

fn event(name: &str, data: &impl Serialize) -> SseEvent {
    // views are plain data, which always serialises
    SseEvent::default().name(name).text(serde_json::to_string(data).unwrap_or_default())
}
