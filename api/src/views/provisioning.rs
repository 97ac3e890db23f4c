use domain::provisioning::{Count, Report};
use roster::csv::WrongLine as Wrong;
use salvo::oapi::ToSchema;
use serde::Serialize;
use store::{ProvisionedGroup, ProvisionedUser};

use super::{GroupView, UserView};
use crate::error::{MOST_LINES, WrongLine};

/// Somebody who was told of.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = ProvisionedUser))]
pub(crate) struct ProvisionedUserView {
    /// Their id where they were told of.
    external_id: String,
    user: UserView,
    /// Whether they may come in.
    active: bool,
}

impl From<ProvisionedUser> for ProvisionedUserView {
    fn from(told: ProvisionedUser) -> Self {
        Self { external_id: told.external_id, user: told.user.into(), active: told.is_active }
    }
}

/// A group that was told of.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = ProvisionedGroup))]
pub(crate) struct ProvisionedGroupView {
    /// Its id where it was told of.
    external_id: String,
    group: GroupView,
}

impl From<ProvisionedGroup> for ProvisionedGroupView {
    fn from(told: ProvisionedGroup) -> Self {
        Self { external_id: told.external_id, group: told.group.into() }
    }
}

/// What became of a group's members.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = MembersChange))]
pub(crate) struct MembersView {
    /// Who are in it now, and were not before.
    pub(crate) joined: u64,
    /// Who are in it no more.
    pub(crate) left: u64,
}

/// What a list of people changes.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = ProvisioningReport))]
pub(crate) struct ReportView {
    /// Whether it was done; else it only would be.
    pub(crate) applied: bool,
    pub(crate) people: CountView,
    pub(crate) groups: CountView,
    pub(crate) members: CountView,
    /// Administrators who are missing in the list, and stay.
    kept_admins: u64,
    /// Lines that are wrong, the first hundred of them.
    wrong_lines: Vec<WrongLine>,
    /// How many lines are wrong.
    wrong_line_count: usize,
}

/// How many.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[salvo(schema(name = ProvisioningCount))]
pub(crate) struct CountView {
    /// Are new.
    made: u64,
    /// Are not as they were.
    changed: u64,
    /// Stay as they are.
    unchanged: u64,
    /// Are gone: people are deactivated, the rest is removed.
    gone: u64,
}

impl ReportView {
    pub(crate) fn new(report: &Report, wrong: &[Wrong], applied: bool) -> Self {
        Self {
            applied,
            people: report.people.into(),
            groups: report.groups.into(),
            members: report.members.into(),
            kept_admins: report.kept_admins,
            wrong_lines: wrong.iter().take(MOST_LINES).map(WrongLine::from).collect(),
            wrong_line_count: wrong.len(),
        }
    }
}

impl From<Count> for CountView {
    fn from(count: Count) -> Self {
        let Count { made, changed, unchanged, gone } = count;
        Self { made, changed, unchanged, gone }
    }
}
