//! What is said of things: the shapes that cross HTTP. Their schemas are the API's.

mod desktop;
mod grant;
mod identity;
mod lesson;
mod operations;
mod people;
mod provisioning;
mod restriction;
mod schedule;
mod session;
mod template;
mod webhook;

use salvo::oapi::ToSchema;
use serde::Serialize;
use store::Page;

pub(crate) use desktop::DesktopView;
pub(crate) use grant::GrantView;
pub(crate) use identity::{IdentityView, ProviderView};
pub(crate) use lesson::LessonView;
pub(crate) use operations::{AuditView, BlockingFrontView, EngineView, JobView, NoticeView};
pub(crate) use people::{GroupView, TokenView, UserView};
pub(crate) use provisioning::{MembersView, ProvisionedGroupView, ProvisionedUserView, ReportView};
pub(crate) use restriction::RestrictionView;
pub(crate) use schedule::ScheduledJobView;
pub(crate) use session::SessionView;
pub(crate) use template::{AssignmentView, TemplateInput, TemplateView};
pub(crate) use webhook::{DeliveryView, WebhookView};

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(name = List))]
pub(crate) struct ListView<T: ToSchema + 'static> {
    /// The items.
    items: Vec<T>,
    /// Where the next page begins; null after the last.
    next_cursor: Option<String>,
}

impl<T: ToSchema + 'static> ListView<T> {
    /// A list that is never long.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}

impl<T: ToSchema + 'static> From<Page<T>> for ListView<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}
