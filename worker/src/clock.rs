use chrono::{SubsecRound, Utc};
use domain::Timestamp;

/// The time, to the microsecond: as exactly as it is stored.
pub(crate) fn now() -> Timestamp {
    Utc::now().trunc_subsecs(6)
}
