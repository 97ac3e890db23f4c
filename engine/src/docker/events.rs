//! The engine's events, read as fast as they come.
//!
//! An engine that cannot get rid of its events drops them and slows every caller down (`SECURITY.md`, fact 3). So a
//! task of its own reads them into a queue that merges, and our reader takes its time. The task ends with the
//! events, with the reader, or when the engine no longer answers a ping beside a stream that is silent.
//!
//! A container that is taken off its network has no event of its own for that; its network has. Until somebody looks,
//! its address may be another's.

use std::{collections::HashMap, time::Duration};

use bollard::{
    Docker,
    errors::Error,
    models::{EventActor, EventMessage, EventMessageTypeEnum},
    query_parameters::{EventsOptions, EventsOptionsBuilder, InspectContainerOptions},
};
use chrono::DateTime;
use domain::{InstallationId, Timestamp};
use futures::{
    Stream, StreamExt,
    future::ready,
    stream::{FuturesUnordered, once, select},
};
use tokio::time::{sleep, timeout};

use super::{fault::Fault, network, observe};
use crate::{EngineError, Hint, HintKind, Network, hints::HintSink, labels};

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

/// Asks for the events of our containers alone.
fn of_containers(instance: InstallationId) -> HashMap<&'static str, Vec<String>> {
    HashMap::from([
        ("type", vec!["container".to_owned()]),
        ("label", vec![format!("{}={instance}", labels::INSTANCE)]),
        ("event", ACTIONS.iter().map(|(action, _)| (*action).to_owned()).collect()),
    ])
}

/// Asks for whoever leaves our networks. These events bear no labels.
fn of_networks(instance: InstallationId) -> HashMap<&'static str, Vec<String>> {
    HashMap::from([
        ("type", vec!["network".to_owned()]),
        ("network", Network::ALL.iter().map(|network| network::name(instance, *network)).collect()),
        ("event", vec!["disconnect".to_owned()]),
    ])
}

/// From a moment of the engine's clock on: the engine begins to collect only after it has answered, and replays what
/// lies between.
fn options(filters: &HashMap<&'static str, Vec<String>>, since: Option<Timestamp>) -> EventsOptions {
    let options = EventsOptionsBuilder::new().filters(filters);
    match since {
        Some(since) => options.since(&format!("{}.{:09}", since.timestamp(), since.timestamp_subsec_nanos())).build(),
        None => options.build(),
    }
}

/// All that says something about desktops, until either kind of event ends.
pub(super) fn listen(
    docker: &Docker,
    instance: InstallationId,
    since: Option<Timestamp>,
) -> impl Stream<Item = Result<EventMessage, Error>> + Send + use<> {
    let [containers, networks] = [of_containers(instance), of_networks(instance)]
        .map(|filters| docker.events(Some(options(&filters, since))).map(Some).chain(once(ready(None))));
    select(containers, networks).take_while(|event| ready(event.is_some())).filter_map(ready)
}

/// Reads events into the queue until one of the three ends.
pub(super) async fn pump(
    docker: Docker,
    instance: InstallationId,
    events: impl Stream<Item = Result<EventMessage, Error>> + Send,
    sink: HintSink,
    call_timeout: Duration,
) {
    let mut events = std::pin::pin!(events);
    let mut silence = std::pin::pin!(until_silent(&docker, call_timeout));
    let mut looks = FuturesUnordered::new();
    let error = loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(event)) if event.typ == Some(EventMessageTypeEnum::NETWORK) => {
                    looks.push(timeout(call_timeout, look(&docker, instance, event)));
                }
                Some(Ok(event)) => {
                    if let Some(hint) = hint(event) {
                        sink.put(hint);
                    }
                }
                Some(Err(error)) => break Fault::from(error).into_error(),
                None => break EngineError::Unreachable { detail: "its events ended".to_owned() },
            },
            // who cannot be looked at now is found by the next comparison
            Some(looked) = looks.next() => if let Ok(Some(hint)) = looked {
                sink.put(hint);
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
    let at = moment(&event);
    let action = event.action?;
    let kind = ACTIONS.iter().find_map(|(spelled, kind)| (*spelled == action).then_some(*kind))?;
    let EventActor { attributes, .. } = event.actor?;
    Some(Hint { desktop: observe::desktop_of(&attributes?)?, kind, at })
}

/// Whose container has left its network, if it did that while it runs: each leaves it when it ends.
async fn look(docker: &Docker, instance: InstallationId, event: EventMessage) -> Option<Hint> {
    let at = moment(&event);
    let container = event.actor?.attributes?.remove("container")?;
    let found = docker.inspect_container(&container, None::<InspectContainerOptions>).await.ok()?;
    let runs = found.state.as_ref()?.running == Some(true);
    let labels::Read { desktop, .. } = labels::read(found.config.as_ref()?.labels.as_ref(), instance)?;
    (runs && network::is_left(&found)).then_some(Hint { desktop, kind: HintKind::Unplugged, at })
}

fn moment(event: &EventMessage) -> Timestamp {
    event.time_nano.map(DateTime::from_timestamp_nanos).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bollard::models::{EventActor, EventMessage};
    use domain::{DesktopId, InstallationId};

    use super::{hint, of_containers, of_networks, options};
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
        let filters = of_containers(instance);
        assert_eq!(filters["label"], [format!("pult.instance={instance}")]);
        assert_eq!(filters["type"], ["container"]);
        let options = options(&filters, Some(since));
        assert_eq!(options.since.as_deref(), Some("1795232462.000000007"));
        let filters = of_networks(instance);
        assert_eq!(filters["type"], ["network"]);
        assert_eq!(filters["network"].len(), 2);
    }
}
