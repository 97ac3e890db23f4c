//! What must always hold, and what must hold once everything has come to rest.

use domain::{
    admission::{Claim, Stage},
    desktop::{Desktop, DesktopState, Observed, Phase, Wanted},
    why::Why,
};
use engine::fake::FakeEngine;
use secrecy::ExposeSecret;

use super::world::{Promise, State, World};

/// What holds after every single step. Yields the law that does not.
pub(super) fn broken_in(state: &State, engine: &FakeEngine) -> Option<String> {
    state.book.rows().find_map(|(desktop, password)| {
        let law = row_breaks(state, desktop).or_else(|| route_breaks(desktop, password, engine))?;
        Some(format!("{law}: {desktop:?}"))
    })
}

fn row_breaks(state: &State, desktop: &Desktop) -> Option<&'static str> {
    let is = |states: &[DesktopState]| states.contains(&desktop.state);
    let laws = [
        (state.book.users.contains_key(&desktop.owner), "every desktop has an owner"),
        (desktop.endpoint.is_some() == is(&[DesktopState::Running]), "what runs, and only that, has a route"),
        (desktop.queue_position.is_none() || is(&[DesktopState::Queued]), "only what is queued has a place"),
        (is(&[DesktopState::Queued]) || !waits_for_room(desktop), "only what is queued waits for room"),
        (desktop.step.is_none() || is(&[DesktopState::Starting]), "only a start has steps"),
        (
            desktop.removed_at.is_none() || is(&[DesktopState::Stopped]) && desktop.wanted == Wanted::Removed,
            "what is removed was wanted so, and rests",
        ),
        (!is(&[DesktopState::Failed]) || desktop.why.as_ref().is_some_and(Why::is_failure), "a failure has its reason"),
    ];
    laws.into_iter().find(|(holds, _)| !holds).map(|(_, law)| law)
}

fn waits_for_room(desktop: &Desktop) -> bool {
    desktop.why.as_ref().is_some_and(Why::is_wait)
}

/// Addresses are used again, so one may lead anywhere; but nobody other than the desktop takes its password.
fn route_breaks(desktop: &Desktop, password: Option<&str>, engine: &FakeEngine) -> Option<&'static str> {
    let (answering, own) = engine.answers_at(desktop.endpoint?.address)?;
    let is_let_in = password == Some(own.expose_secret());
    (is_let_in && answering != desktop.id).then_some("a route never leads into another desktop")
}

/// What holds between a row and the one that a worker stores in its place.
pub(super) fn follows(state: &mut State, before: &Desktop, after: &Desktop) {
    let generation = state.generations.entry(after.id).or_default();
    let is_older = after.generation < *generation;
    *generation = after.generation.max(*generation);
    let is_new = after.state == DesktopState::Running && before.state != DesktopState::Running;
    let is_proven = state.proven.contains(&(after.id, after.container_started_at));
    let law = match () {
        () if is_older => "a container that was given up is never meant again",
        () if is_new && !is_proven => "a route is published when its own container has answered",
        () => return,
    };
    state.broken.get_or_insert_with(|| format!("{law}: {after:?}"));
}

/// What holds when nothing has gone wrong for long enough. Yields the first law that does not.
pub(super) fn broken_at_rest(world: &World) -> Option<String> {
    let (state, picture) = (world.state(), world.engine.picture());
    let seen = |desktop: &Desktop| picture.iter().find(|(id, _)| *id == desktop.id).map(|(_, seen)| seen);
    let is_full = somebody_lacks_room(&state.book.claims());
    let rows = state.book.rows().find_map(|(desktop, _)| {
        // others may have to wait with it
        if desktop.state == DesktopState::Queued && is_full {
            return None;
        }
        let promise = state.promises.get(&desktop.id).copied();
        let law = rests_wrong(desktop, seen(desktop)).or_else(|| breaks_promise(desktop, promise))?;
        Some(format!("at rest: {law}: {desktop:?}, {:?}", seen(desktop)))
    });
    rows.or_else(|| {
        let is_known = |id| state.book.desktop(id).is_some();
        let unknown = picture.iter().find(|(id, _)| !is_known(*id));
        unknown.map(|(id, seen)| format!("at rest: every container has its desktop: {id} {seen:?}"))
    })
}

/// Whether there is one who waits for memory, and rightly so: of eight gigabytes, one is the system's.
fn somebody_lacks_room(claims: &[Claim]) -> bool {
    let (waiting, others): (Vec<_>, Vec<_>) = claims.iter().partition(|claim| claim.stage == Stage::Waits);
    let free_mb = 7 * 1024 - others.iter().map(|claim| claim.needs.memory_mb).sum::<i64>();
    waiting.iter().any(|claim| claim.needs.memory_mb > free_mb)
}

fn rests_wrong(desktop: &Desktop, seen: Option<&Observed>) -> Option<&'static str> {
    let phase = seen.map(|seen| seen.phase);
    if desktop.removed_at.is_some() {
        return phase.is_some().then_some("what is removed has no container");
    }
    let is_right = match desktop.state {
        DesktopState::Running => seen.is_some_and(|seen| {
            seen.phase == Phase::Running
                && desktop.endpoint == seen.endpoint
                && desktop.container.as_ref() == Some(&seen.container)
                && desktop.container_started_at == seen.started_at
                && desktop.generation == seen.generation
        }),
        DesktopState::Stopped | DesktopState::Failed => phase != Some(Phase::Running),
        _ => return Some("everything comes to rest"),
    };
    (!is_right).then_some("a row shows what the engine shows")
}

fn breaks_promise(desktop: &Desktop, promise: Option<Promise>) -> Option<&'static str> {
    let is_kept = match promise {
        None => true,
        Some(Promise::Runs) => {
            let has_reason = desktop.why.as_ref().is_some_and(|why| *why != Why::StoppedByOwner);
            desktop.removed_at.is_none() && (desktop.state == DesktopState::Running || has_reason)
        }
        Some(Promise::Rests) => desktop.state != DesktopState::Running,
        Some(Promise::IsGone) => desktop.removed_at.is_some(),
    };
    (!is_kept).then_some("what was promised is done, or has a reason")
}
