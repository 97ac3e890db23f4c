//! Desktops for the domain's own tests.

use chrono::{TimeDelta, TimeZone, Utc};

use super::{ContainerId, Desktop, DesktopState, Endpoint, Observed, Phase, Wanted};
use crate::{DesktopId, TemplateId, Timestamp, UserId};

/// A Monday morning, 08:00 UTC.
pub(crate) fn epoch() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 9, 7, 8, 0, 0).single().expect("the moment exists")
}

/// A desktop that somebody just asked for.
pub(crate) fn requested(now: Timestamp) -> Desktop {
    Desktop::requested(DesktopId::new(), "schueler-tiny".to_owned(), UserId::new(), TemplateId::new(), now)
}

/// A desktop that runs since a moment.
pub(crate) fn running(since: Timestamp) -> Desktop {
    let seen = container(Phase::Running, 1, since);
    requested(since - TimeDelta::seconds(2)).admitted().connecting(&seen).running(
        seen.endpoint.expect("a running container has an address"),
        None,
        since,
    )
}

/// What the engine shows.
pub(crate) fn container(phase: Phase, generation: i32, started_at: Timestamp) -> Observed {
    let running = phase == Phase::Running;
    Observed {
        container: ContainerId(format!("c{generation}")),
        generation,
        image: format!("sha256:{generation:064x}").parse().expect("an image's id"),
        phase,
        started_at: (phase != Phase::Created).then_some(started_at),
        endpoint: running.then(|| Endpoint { address: [172, 30, 0, 7].into(), port: 6901 }),
    }
}

/// A desktop in a state with a wish, as a crash could leave it.
pub(crate) fn odd(wanted: Wanted, state: DesktopState) -> Desktop {
    let desktop = Desktop { wanted, state, ..running(epoch()) };
    // what does not run has no endpoint: every transition takes it away
    if state == DesktopState::Running { desktop } else { Desktop { endpoint: None, ..desktop } }
}
