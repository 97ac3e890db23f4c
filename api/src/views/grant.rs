use domain::Timestamp;
use salvo::oapi::ToSchema;
use serde::Serialize;
use store::Grant;

/// The right of an administrator to look into somebody else's desktop, for a while.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[salvo(schema(name = Grant))]
pub(crate) struct GrantView {
    id: String,
    /// Full name of who may.
    holder: String,
    /// Why.
    reason: String,
    created_at: Timestamp,
    /// Before then.
    until: Timestamp,
    /// When they last went in; null as long as they did not.
    entered_at: Option<Timestamp>,
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        Self {
            id: grant.right.id.to_string(),
            holder: grant.holder,
            reason: grant.reason,
            created_at: grant.created_at,
            until: grant.right.until,
            entered_at: grant.entered_at,
        }
    }
}
