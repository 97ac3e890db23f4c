use domain::{Timestamp, template::NetworkPolicy};
use salvo::oapi::ToSchema;
use serde::Serialize;
use store::{Restricted, Restriction};

use crate::word::Word;

/// Somebody who reaches less of the network for a while.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = Restriction))]
pub(crate) struct RestrictionView {
    id: String,
    /// Id of the group whose pupils' desktops it is about; null where it is about one desktop.
    group: Option<String>,
    /// Id of the desktop it is about; null where it is about a group.
    desktop: Option<String>,
    /// The most that may be reached.
    network: Word<NetworkPolicy>,
    /// When it ends by itself; null where somebody has to end it.
    until: Option<Timestamp>,
    /// Id of the one who wanted it.
    created_by: Option<String>,
    created_at: Timestamp,
}

impl From<Restriction> for RestrictionView {
    fn from(restriction: Restriction) -> Self {
        let (group, desktop) = match restriction.of {
            Restricted::Group(group) => (Some(group.to_string()), None),
            Restricted::Desktop(desktop) => (None, Some(desktop.to_string())),
        };
        Self {
            id: restriction.id.to_string(),
            group,
            desktop,
            network: Word(restriction.network),
            until: restriction.until,
            created_by: restriction.created_by.map(|id| id.to_string()),
            created_at: restriction.created_at,
        }
    }
}
