use chrono::TimeDelta;
use proptest::prelude::*;

use super::{Act, Next, next};
use crate::{
    Timestamp,
    desktop::{
        Desktop, DesktopState, Observed, Phase, StartPolicy, Step, Wanted,
        testing::{container, epoch, odd, requested, running},
    },
    why::Why,
};

const EXITED: Phase = Phase::Exited { code: 0, out_of_memory: false };

fn ask(desktop: &Desktop, seen: Option<&Observed>) -> Next {
    next(desktop, seen, &StartPolicy::default(), epoch())
}

fn recorded(next: Next) -> Desktop {
    match next {
        Next::Record(desktop) => *desktop,
        other => panic!("expected a record, got {other:?}"),
    }
}

#[test]
fn a_request_leads_to_a_running_desktop_step_by_step() {
    let desktop = requested(epoch());
    assert_eq!(ask(&desktop, None), Next::Do(Act::Admit));
    let desktop = desktop.admitted();
    assert_eq!(ask(&desktop, None), Next::Do(Act::Create));
    let created = container(Phase::Created, 1, epoch());
    let desktop = desktop.launching(created.container.clone());
    assert_eq!(ask(&desktop, Some(&created)), Next::Do(Act::Start));
    let started = container(Phase::Running, 1, epoch());
    let desktop = recorded(ask(&desktop, Some(&started)));
    assert_eq!(desktop.step, Some(Step::Connecting));
    assert_eq!(ask(&desktop, Some(&started)), Next::Do(Act::Probe));
    let desktop = desktop.running(started.endpoint.expect("it runs"), None, epoch());
    assert_eq!(ask(&desktop, Some(&started)), Next::Rest);
}

#[test]
fn a_container_that_ended_past_us_is_recorded_and_not_restarted() {
    let desktop = running(epoch());
    for (phase, state, why) in [
        (EXITED, DesktopState::Stopped, Why::StoppedOutside),
        (Phase::Exited { code: 137, out_of_memory: false }, DesktopState::Stopped, Why::StoppedOutside),
        (Phase::Exited { code: 0, out_of_memory: true }, DesktopState::Failed, Why::OutOfMemory),
        (Phase::Exited { code: 1, out_of_memory: false }, DesktopState::Failed, Why::Crashed { exit_code: 1 }),
    ] {
        let seen = container(phase, 1, epoch());
        let ended = recorded(ask(&desktop, Some(&seen)));
        assert_eq!((ended.state, ended.wanted, ended.why.clone()), (state, Wanted::Stopped, Some(why)));
        assert_eq!(ended.endpoint, None);
        assert_eq!(ask(&ended, Some(&seen)), Next::Rest);
    }
}

#[test]
fn a_container_removed_past_us_gives_its_generation_up() {
    let ended = recorded(ask(&running(epoch()), None));
    assert_eq!((ended.state, ended.why.clone()), (DesktopState::Stopped, Some(Why::RemovedOutside)));
    assert_eq!(ended.generation, 2);
    assert_eq!(ask(&ended, None), Next::Rest);
}

#[test]
fn a_container_started_past_us_is_taken_as_a_wish() {
    let stopped = running(epoch()).ended(Some(Why::StoppedOutside), epoch());
    let seen = container(Phase::Running, 1, epoch() + TimeDelta::minutes(1));
    let adopted = recorded(ask(&stopped, Some(&seen)));
    assert_eq!((adopted.wanted, adopted.state), (Wanted::Running, DesktopState::Starting));
    assert_eq!(ask(&adopted, Some(&seen)), Next::Do(Act::Probe));
}

#[test]
fn a_decision_to_stop_outlives_a_start_that_comes_late() {
    let stopped = running(epoch()).want_stopped(Why::StoppedByOwner).ended(None, epoch());
    let seen = container(Phase::Running, 1, epoch() + TimeDelta::minutes(1));
    assert_eq!(ask(&stopped, Some(&seen)), Next::Do(Act::Stop));
    // also where it had ended by itself before somebody decided
    let crashed = running(epoch()).ended(Some(Why::Crashed { exit_code: 1 }), epoch());
    assert_eq!(ask(&crashed.want_stopped(Why::StoppedByOwner), Some(&seen)), Next::Do(Act::Stop));
}

#[test]
fn a_restart_past_us_takes_the_route_away_until_it_answers() {
    let seen = container(Phase::Running, 1, epoch() + TimeDelta::seconds(1));
    let again = recorded(ask(&running(epoch()), Some(&seen)));
    assert_eq!((again.state, again.endpoint), (DesktopState::Starting, None));
}

#[test]
fn a_stop_is_carried_out_before_it_is_recorded() {
    let stopping = running(epoch()).want_stopped(Why::StoppedByOwner);
    assert_eq!(ask(&stopping, Some(&container(Phase::Running, 1, epoch()))), Next::Do(Act::Stop));
    let stopped = recorded(ask(&stopping, Some(&container(EXITED, 1, epoch()))));
    assert_eq!((stopped.state, stopped.why), (DesktopState::Stopped, Some(Why::StoppedByOwner)));
}

#[test]
fn a_reset_removes_the_old_container_first() {
    let desktop = running(epoch()).reset(epoch());
    assert_eq!(ask(&desktop, Some(&container(Phase::Running, 1, epoch()))), Next::Do(Act::Remove));
    assert_eq!(ask(&desktop, None), Next::Do(Act::Admit));
}

#[test]
fn a_start_that_was_over_before_anybody_saw_it_run_was_a_try() {
    let policy = StartPolicy::default();
    let mut now = epoch();
    let mut desktop = requested(now).admitted().launching(container(Phase::Created, 1, now).container);
    for attempt in 1..=policy.max_attempts {
        now += TimeDelta::seconds(10);
        let died = container(Phase::Exited { code: 1, out_of_memory: false }, 1, now);
        let Next::Record(after) = next(&desktop, Some(&died), &policy, now) else { panic!("attempt {attempt}") };
        assert_eq!(after.attempts, attempt);
        if attempt < policy.max_attempts {
            let due = after.retry_at.expect("a pause");
            assert_eq!(next(&after, Some(&died), &policy, due), Next::Do(Act::Start), "the same end is counted once");
        }
        desktop = *after;
    }
    assert_eq!((desktop.state, desktop.why), (DesktopState::Stopping, Some(Why::Crashed { exit_code: 1 })));
}

#[test]
fn what_ran_and_ended_past_us_while_a_desktop_was_at_rest_is_no_try_of_its_next_start() {
    let stopped = running(epoch()).ended(Some(Why::StoppedOutside), epoch());
    let seen = container(EXITED, 1, epoch() + TimeDelta::minutes(1));
    let noted = recorded(ask(&stopped, Some(&seen)));
    assert_eq!((noted.state, noted.why.clone()), (stopped.state, stopped.why));
    assert_eq!(ask(&noted, Some(&seen)), Next::Rest);
    let wanted = noted.want_running(epoch()).admitted();
    assert_eq!(ask(&wanted, Some(&seen)), Next::Do(Act::Start));
}

#[test]
fn a_desktop_that_dies_while_starting_is_tried_three_times() {
    let policy = StartPolicy::default();
    let crash = container(Phase::Exited { code: 1, out_of_memory: false }, 1, epoch());
    let mut now = epoch();
    let mut desktop = requested(now).admitted().connecting(&crash);
    for attempt in 1..policy.max_attempts {
        desktop = recorded(next(&desktop, Some(&crash), &policy, now));
        assert_eq!((desktop.state, desktop.attempts), (DesktopState::Starting, attempt));
        let at = desktop.retry_at.expect("a pause");
        assert_eq!(next(&desktop, Some(&crash), &policy, now), Next::Wait(at));
        now = at;
        assert_eq!(next(&desktop, Some(&crash), &policy, now), Next::Do(Act::Start));
        desktop = desktop.connecting(&crash);
    }
    desktop = recorded(next(&desktop, Some(&crash), &policy, now));
    desktop = recorded(next(&desktop, Some(&crash), &policy, now));
    assert_eq!((desktop.state, desktop.why), (DesktopState::Failed, Some(Why::Crashed { exit_code: 1 })));
}

/// What an obedient engine shows after an act.
fn obey(act: Act, desktop: Desktop, seen: Option<Observed>, now: Timestamp) -> (Desktop, Option<Observed>) {
    match act {
        Act::Admit => (desktop.admitted(), seen),
        Act::Create => {
            let made = container(Phase::Created, desktop.generation, now);
            (desktop, Some(made))
        }
        Act::Start => {
            let started = container(Phase::Running, desktop.generation, now);
            (desktop, Some(started))
        }
        Act::Probe => {
            let endpoint = seen.as_ref().and_then(|seen| seen.endpoint).expect("only what runs is probed");
            (desktop.running(endpoint, None, now), seen)
        }
        Act::Stop => (desktop, seen.map(|seen| Observed { phase: EXITED, endpoint: None, ..seen })),
        Act::Remove => (desktop, None),
    }
}

proptest! {
    /// From every state, wish and finding, a few steps lead to rest, and there the wish is true.
    #[test]
    fn everything_converges(
        wanted in prop::sample::select(Wanted::ALL),
        state in prop::sample::select(DesktopState::ALL),
        phase in prop::sample::select(&[
            None, Some(Phase::Created), Some(Phase::Running), Some(Phase::Paused), Some(EXITED),
            Some(Phase::Exited { code: 1, out_of_memory: false }), Some(Phase::Exited { code: 137, out_of_memory: true }),
        ][..]),
        generation in 1..3_i32,
        shift in 0..2_i64,
    ) {
        let mut now = epoch();
        let mut desktop = odd(wanted, state);
        let mut seen = phase.map(|phase| container(phase, generation, epoch() + TimeDelta::seconds(shift)));
        for _ in 0..40 {
            match next(&desktop, seen.as_ref(), &StartPolicy::default(), now) {
                Next::Rest => {
                    let runs = seen.as_ref().is_some_and(|seen| seen.phase == Phase::Running);
                    prop_assert_eq!(desktop.endpoint.is_some(), desktop.state == DesktopState::Running);
                    match desktop.wanted {
                        Wanted::Running => prop_assert!(runs && desktop.state == DesktopState::Running),
                        Wanted::Stopped => prop_assert!(!runs && desktop.endpoint.is_none()),
                        Wanted::Removed => prop_assert!(seen.is_none() && desktop.removed_at.is_some()),
                    }
                    return Ok(());
                }
                Next::Wait(at) => now = at,
                Next::Record(row) => desktop = *row,
                Next::Do(act) => (desktop, seen) = obey(act, desktop, seen, now),
            }
        }
        prop_assert!(false, "no rest: {desktop:?} {seen:?}");
    }
}
