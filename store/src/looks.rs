use chrono::TimeDelta;
use domain::{DesktopId, LookId, Timestamp, UserId};
use entity::{audit_chain, desktop, look, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use crate::{Deed, Page, Paging, Store, StoreError, connection::now, text::storable};

/// Who looked into somebody else's desktop: what its owner may read.
///
/// Each look is also a line `desktop.look` of the audit log, in the same transaction. The line has ids alone; what people
/// said and are called is here, and goes with its owner.
#[derive(Debug, Clone, Copy)]
pub struct Looks<'a>(pub(crate) &'a Store);

/// A look into somebody else's desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Its id.
    pub id: LookId,
    /// When.
    pub at: Timestamp,
    /// Into which desktop; it may be gone.
    pub desktop: DesktopId,
    /// What that was called.
    pub desktop_name: String,
    /// Who looked.
    pub viewer: UserId,
    /// Their full name; nothing where they are gone.
    pub viewer_name: Option<String>,
    /// Why, as they said.
    pub reason: Option<String>,
}

/// Somebody is about to look into somebody else's desktop.
#[derive(Debug, Clone)]
pub struct NewLook {
    /// Who.
    pub viewer: UserId,
    /// Into which.
    pub desktop: DesktopId,
    /// By which right: the id of a grant.
    pub grant: Option<String>,
    /// Why, as they said.
    pub reason: Option<String>,
}

/// For so long what one sees of one desktop is one look: a page is many requests, and a line that breaks off is another
/// stream.
pub const ONE_LOOK: TimeDelta = TimeDelta::minutes(5);

impl Looks<'_> {
    /// Notes a look, unless it is still the one before; when that began. Nothing is to be shown before this is answered.
    /// `None` where there is no such desktop.
    pub async fn note(&self, new: &NewLook) -> Result<Option<Timestamp>, StoreError> {
        let mut write = self.0.write().await?;
        let Some(desktop) = desktop::Entity::find_by_id(new.desktop).one(&write.transaction).await? else {
            return Ok(None);
        };
        // of two that come at once, through whatever process, one is noted: the second waits here
        audit_chain::Entity::find_by_id(1).lock_exclusive().one(&write.transaction).await?;
        let (now, reason) = (now(), new.reason.as_deref().map(storable));
        // with another reason it is another look
        let last = look::Entity::find()
            .filter(look::Column::ViewerId.eq(new.viewer))
            .filter(look::Column::DesktopId.eq(new.desktop))
            .filter(look::Column::At.gt(now - ONE_LOOK))
            .filter(reason.as_deref().map_or(look::Column::Reason.is_null(), |said| look::Column::Reason.eq(said)))
            .one(&write.transaction)
            .await?;
        if let Some(last) = last {
            return Ok(Some(last.at));
        }
        let row = look::ActiveModel {
            id: Set(LookId::new()),
            at: Set(now),
            owner_id: Set(desktop.owner_id),
            desktop_id: Set(desktop.id),
            desktop_name: Set(desktop.name),
            viewer_id: Set(new.viewer),
            reason: Set(reason),
        };
        look::Entity::insert(row).exec_without_returning(&write.transaction).await?;
        let detail = json!({ "owner": desktop.owner_id, "grant": new.grant });
        write.note(Deed::of(new.viewer, "desktop.look").on(new.desktop).with(detail));
        write.commit().await?;
        Ok(Some(now))
    }

    /// A page of looks into somebody's desktops, newest first.
    pub async fn page(&self, owner: UserId, paging: &Paging) -> Result<Page<Look>, StoreError> {
        let mut select = look::Entity::find()
            .find_also_related(user::Entity)
            .filter(look::Column::OwnerId.eq(owner))
            .order_by_desc(look::Column::Id)
            .limit(paging.limit + 1);
        if let Some(before) = paging.after::<LookId>() {
            select = select.filter(look::Column::Id.lt(before));
        }
        let items = select.all(self.0.db()).await?.into_iter().map(to_domain).collect();
        Ok(Page::of(items, paging.limit, |look: &Look| look.id))
    }
}

fn to_domain((row, viewer): (look::Model, Option<user::Model>)) -> Look {
    Look {
        id: row.id,
        at: row.at,
        desktop: row.desktop_id,
        desktop_name: row.desktop_name,
        viewer: row.viewer_id,
        viewer_name: viewer.map(|viewer| viewer.display_name).filter(|name| !name.is_empty()),
        reason: row.reason,
    }
}
