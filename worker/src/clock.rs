use std::{fmt, sync::Arc};

use chrono::{SubsecRound, Utc};
use domain::Timestamp;

/// Tells the time. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub(crate) fn system() -> Self {
        Self::new(Utc::now)
    }

    /// A clock of one's own.
    pub(crate) fn new(tell: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// The time, to the microsecond: as exactly as it is stored.
    pub(crate) fn now(&self) -> Timestamp {
        (self.0)().trunc_subsecs(6)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
