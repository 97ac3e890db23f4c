//! The engine's events, read as fast as they come.
//!
//! An engine that cannot get rid of its events drops them and slows every caller down (`SECURITY.md`, fact 3). So a
//! task of its own reads them into a queue that merges, and our reader takes its time. The task ends with the
//! events, with the reader, or when the engine no longer answers a ping beside a stream that is silent.

use std::{collections::HashMap, time::Duration};

use bollard::{
    Docker,
    errors::Error,
    models::{EventActor, EventMessage},
    query_parameters::{EventsOptions, EventsOptionsBuilder},
};
use chrono::DateTime;
use domain::{InstallationId, Timestamp};
use futures::{Stream, StreamExt};
use tokio::time::{sleep, timeout};

use super::{fault::Fault, observe};
use crate::{EngineError, Hint, HintKind, hints::HintSink, labels};

/// How often an engine is asked whether it is still there while its events are read.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The actions that say something about a container's state, as the engine spells them.
const ACTIONS: [(&str, HintKind); 8] = [
    ("create", HintKind::Created),
    ("start", HintKind::Started),
    ("die", HintKind::Ended),
    ("oom", HintKind::OutOfMemory),
    ("pause", HintKind::Paused),
    ("unpause", HintKind::Unpaused),
    ("destroy", HintKind::Removed),
    ("rename", HintKind::Renamed),
];

/// Asks for the events of our containers alone, from a moment of the engine's clock on.
///
/// The engine begins to collect only after it has answered, and replays what lies between by `since`.
pub(super) fn options(instance: InstallationId, since: Option<Timestamp>) -> EventsOptions {
    let filters = HashMap::from([
        ("type", vec!["container".to_owned()]),
        ("label", vec![format!("{}={instance}", labels::INSTANCE)]),
        ("event", ACTIONS.iter().map(|(action, _)| (*action).to_owned()).collect()),
    ]);
    let options = EventsOptionsBuilder::new().filters(&filters);
    match since {
        Some(since) => options.since(&format!("{}.{:09}", since.timestamp(), since.timestamp_subsec_nanos())).build(),
        None => options.build(),
    }
}

/// Reads events into the queue until one of the three ends.
pub(super) async fn pump(
    docker: Docker,
    events: impl Stream<Item = Result<EventMessage, Error>> + Send,
    sink: HintSink,
    call_timeout: Duration,
) {
    let mut events = std::pin::pin!(events);
    let mut silence = std::pin::pin!(until_silent(&docker, call_timeout));
    let error = loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(event)) => {
                    if let Some(hint) = hint(event) {
                        sink.put(hint);
                    }
                }
                Some(Err(error)) => break Fault::from(error).into_error(),
                None => break EngineError::Unreachable { detail: "its events ended".to_owned() },
            },
            error = &mut silence => break error,
            () = sink.abandoned() => return,
        }
    };
    sink.end(error);
}

/// Returns when the engine no longer answers.
async fn until_silent(docker: &Docker, call_timeout: Duration) -> EngineError {
    loop {
        sleep(HEARTBEAT.min(call_timeout)).await;
        match timeout(call_timeout, docker.ping()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Fault::from(error).into_error(),
            Err(_) => return Fault::late().into_error(),
        }
    }
}

/// The hint in an event; nothing if it says nothing about a desktop's state.
fn hint(event: EventMessage) -> Option<Hint> {
    let action = event.action?;
    let kind = ACTIONS.iter().find_map(|(spelled, kind)| (*spelled == action).then_some(*kind))?;
    let EventActor { attributes, .. } = event.actor?;
    let at = event.time_nano.map(DateTime::from_timestamp_nanos).unwrap_or_default();
    Some(Hint { desktop: observe::desktop_of(&attributes?)?, kind, at })
}

#[cfg(test)]
mod tests {
    use bollard::models::{EventActor, EventMessage};
    use domain::{DesktopId, InstallationId};

    use super::{hint, options};
    use crate::HintKind;

    fn event(action: &str, desktop: &str) -> EventMessage {
        EventMessage {
            action: Some(action.to_owned()),
            actor: Some(EventActor {
                id: Some("0123".to_owned()),
                attributes: Some([("pult.desktop".to_owned(), desktop.to_owned())].into()),
            }),
            time_nano: Some(1_795_232_461_207_459_863),
            ..EventMessage::default()
        }
    }

    #[test]
    fn an_event_names_its_desktop_by_label() {
        let desktop = DesktopId::new();
        let told = hint(event("die", &desktop.to_string())).expect("a hint");
        assert_eq!((told.desktop, told.kind), (desktop, HintKind::Ended));
        assert_eq!(told.at.timestamp_subsec_nanos(), 207_459_863);
    }

    #[test]
    fn events_that_say_nothing_about_a_desktop_are_passed_over() {
        let desktop = DesktopId::new().to_string();
        for odd in [event("exec_start: sh", &desktop), event("die", "mine"), EventMessage::default()] {
            assert_eq!(hint(odd), None);
        }
    }

    #[test]
    fn only_our_own_events_are_asked_for_and_none_is_missed_at_the_start() {
        let instance = InstallationId::new();
        let since = "2026-11-21T03:41:02.000000007Z".parse().expect("a moment");
        let options = options(instance, Some(since));
        assert_eq!(options.since.as_deref(), Some("1795232462.000000007"));
        let filters = options.filters.expect("filters");
        assert_eq!(filters["label"], [format!("pult.instance={instance}")]);
        assert_eq!(filters["type"], ["container"]);
    }
}
