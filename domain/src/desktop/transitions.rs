//! The ways in which a desktop changes. Each takes the row and yields the row that should be stored instead.

use super::{Desktop, DesktopState, Endpoint, Fingerprint, Observed, Served, StartPolicy, Step, Wanted};
use crate::{DesktopId, TemplateId, Timestamp, UserId, admission::Place, why::Why};

/// What people want.
impl Desktop {
    /// A desktop that somebody wants for the first time.
    pub fn requested(id: DesktopId, name: String, owner: UserId, template: TemplateId, now: Timestamp) -> Self {
        Self {
            id,
            name,
            owner,
            template,
            wanted: Wanted::Running,
            generation: 1,
            state: DesktopState::Requested,
            step: None,
            why: None,
            container: None,
            container_started_at: None,
            endpoint: None,
            fingerprint: None,
            served: None,
            attempts: 0,
            retry_at: None,
            queue_position: None,
            queue_eta_seconds: None,
            requested_at: now,
            started_at: None,
            last_input_at: None,
            extended_at: None,
            warned_at: None,
            ended_at: None,
            created_at: now,
            removed_at: None,
            revision: 0,
        }
    }

    /// Somebody wants it to run. Nothing changes if that is already so.
    #[must_use]
    pub fn want_running(self, now: Timestamp) -> Self {
        match self.wanted {
            Wanted::Running => self,
            Wanted::Stopped => Self {
                wanted: Wanted::Running,
                state: DesktopState::Requested,
                attempts: 0,
                retry_at: None,
                why: None,
                requested_at: now,
                ..self.unrouted()
            },
            Wanted::Removed => self.reset(now),
        }
    }

    /// Somebody, or a rule, wants it to stop. One that was stopped so already stays as it is; one that ended by itself
    /// is from now on as if it had been stopped, and will not come back by itself either.
    #[must_use]
    pub fn want_stopped(self, why: Why) -> Self {
        match self.state {
            _ if self.wanted == Wanted::Removed => self,
            DesktopState::Stopped | DesktopState::Failed if self.why.as_ref().is_some_and(Why::is_decided) => self,
            DesktopState::Stopped | DesktopState::Failed => {
                Self { state: DesktopState::Stopped, why: Some(why), ..self }
            }
            _ => Self { wanted: Wanted::Stopped, state: DesktopState::Stopping, why: Some(why), ..self.unrouted() },
        }
    }

    /// Its owner wants a new container, with nothing of the old one but the home.
    #[must_use]
    pub fn reset(self, now: Timestamp) -> Self {
        Self {
            wanted: Wanted::Running,
            state: DesktopState::Requested,
            generation: self.generation + 1,
            container: None,
            container_started_at: None,
            attempts: 0,
            retry_at: None,
            why: None,
            requested_at: now,
            ..self.unrouted()
        }
    }

    /// Its owner gives it up.
    #[must_use]
    pub fn want_removed(self) -> Self {
        Self { wanted: Wanted::Removed, state: DesktopState::Stopping, why: Some(Why::Removed), ..self.unrouted() }
    }

    /// Its owner wants to keep it although nobody uses it. Counts as use; what they were told of its age holds on.
    #[must_use]
    pub fn extended(self, now: Timestamp) -> Self {
        Self { extended_at: Some(now), ..self }
    }

    /// Its owner was told that it will stop.
    #[must_use]
    pub fn warned(self, now: Timestamp) -> Self {
        Self { warned_at: Some(now), ..self }
    }

    /// What its owner was told of does not come: whatever comes instead is to be told anew.
    #[must_use]
    pub fn unwarned(self) -> Self {
        Self { warned_at: None, ..self }
    }
}

/// What the worker found or did.
impl Desktop {
    /// It waits in the queue.
    #[must_use]
    pub fn queued(self, place: Place) -> Self {
        Self {
            state: DesktopState::Queued,
            why: place.why,
            queue_position: Some(place.position),
            queue_eta_seconds: place.eta_seconds,
            ..self
        }
    }

    /// Its place in the queue, if it has one.
    pub fn place(&self) -> Option<Place> {
        let position = self.queue_position.filter(|_| self.state == DesktopState::Queued)?;
        Some(Place { position, eta_seconds: self.queue_eta_seconds, why: self.why.clone() })
    }

    /// Its turn has come.
    #[must_use]
    pub fn admitted(self) -> Self {
        Self { state: DesktopState::Starting, step: Some(Step::Creating), ..self.unrouted_keeping_step() }
    }

    /// Its container exists and is being started.
    #[must_use]
    pub fn launching(self, container: super::ContainerId) -> Self {
        Self { step: Some(Step::Starting), container: Some(container), ..self }
    }

    /// Its container runs; whether it answers is not known yet.
    #[must_use]
    pub fn connecting(self, seen: &Observed) -> Self {
        Self {
            state: DesktopState::Starting,
            step: Some(Step::Connecting),
            container: Some(seen.container.clone()),
            container_started_at: seen.started_at,
            ..self.unrouted_keeping_step()
        }
    }

    /// It answered: from now on it has a route.
    #[must_use]
    pub fn running(self, endpoint: Endpoint, fingerprint: Option<Fingerprint>, now: Timestamp) -> Self {
        Self {
            state: DesktopState::Running,
            step: None,
            why: None,
            endpoint: Some(endpoint),
            fingerprint,
            attempts: 0,
            retry_at: None,
            started_at: Some(now),
            warned_at: None,
            ended_at: None,
            ..self
        }
    }

    /// This is how it answered.
    #[must_use]
    pub fn serving(self, served: Served) -> Self {
        Self { served: Some(served), ..self }
    }

    /// Its container was started past us, and that is taken as a wish.
    #[must_use]
    pub fn started_outside(self, seen: &Observed, now: Timestamp) -> Self {
        Self { wanted: Wanted::Running, why: None, attempts: 0, requested_at: now, ..self.connecting(seen) }
    }

    /// A try to start it failed. It is tried again after a pause, or ended where the tries are used up.
    #[must_use]
    pub fn try_failed(self, why: Why, policy: &StartPolicy, now: Timestamp) -> Self {
        let attempts = self.attempts + 1;
        if attempts >= policy.max_attempts {
            return Self { attempts, ..self.given_up(why) };
        }
        Self {
            attempts,
            step: Some(Step::Creating),
            why: Some(why),
            retry_at: Some(now + policy.pause_after(attempts)),
            ..self
        }
    }

    /// It cannot be started; what is left of its container is stopped.
    #[must_use]
    pub fn given_up(self, why: Why) -> Self {
        Self { wanted: Wanted::Stopped, state: DesktopState::Stopping, why: Some(why), ..self.unrouted() }
    }

    /// Its container has ended. Nobody is expected to want it until somebody says so.
    #[must_use]
    pub fn ended(self, why: Option<Why>, now: Timestamp) -> Self {
        let why = why.or_else(|| self.why.clone());
        let state =
            if why.as_ref().is_some_and(Why::is_failure) { DesktopState::Failed } else { DesktopState::Stopped };
        Self { wanted: Wanted::Stopped, state, why, ended_at: Some(now), retry_at: None, ..self.unrouted() }
    }

    /// Its container was started and has ended again while it was at rest.
    #[must_use]
    pub fn ended_before(self, seen: &Observed) -> Self {
        Self { container: Some(seen.container.clone()), container_started_at: seen.started_at, ..self }
    }

    /// The container it had is gone; another one would be a new one.
    #[must_use]
    pub fn without_container(self) -> Self {
        Self { generation: self.generation + 1, container: None, container_started_at: None, ..self }
    }

    /// Nothing is left of it.
    #[must_use]
    pub fn removed(self, now: Timestamp) -> Self {
        Self { state: DesktopState::Stopped, removed_at: Some(now), ended_at: Some(now), ..self.unrouted() }
    }

    fn unrouted(self) -> Self {
        Self { step: None, ..self.unrouted_keeping_step() }
    }

    fn unrouted_keeping_step(self) -> Self {
        Self {
            endpoint: None,
            fingerprint: None,
            served: None,
            queue_position: None,
            queue_eta_seconds: None,
            // what it waited for is no reason for what comes after
            why: self.why.filter(|why| !why.is_wait()),
            ..self
        }
    }
}
