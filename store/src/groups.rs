use domain::GroupId;
use entity::{group, membership};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{OnConflict, Query, SelectStatement},
};

use crate::{Page, Paging, Store, StoreError, connection::now, text::is_storable};

/// Classes, courses and staff groups.
#[derive(Debug, Clone, Copy)]
pub struct Groups<'a>(pub(crate) &'a Store);

/// A class, course or staff group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
}

impl Groups<'_> {
    /// One group by its name.
    pub async fn by_name(&self, name: &str) -> Result<Option<Group>, StoreError> {
        if !is_storable(name) {
            return Ok(None);
        }
        let row = group::Entity::find().filter(group::Column::Name.eq(name)).one(self.0.db()).await?;
        Ok(row.map(to_domain))
    }

    /// A page of groups, by name: all, or some.
    pub async fn page(&self, some: Option<&[GroupId]>, paging: &Paging) -> Result<Page<Group>, StoreError> {
        let mut select = group::Entity::find().order_by_asc(group::Column::Name).limit(paging.limit + 1);
        if let Some(some) = some {
            select = select.filter(group::Column::Id.is_in(some.iter().copied()));
        }
        if let Some(after) = paging.after::<String>() {
            select = select.filter(group::Column::Name.gt(after));
        }
        let items = select.all(self.0.db()).await?.into_iter().map(to_domain).collect();
        Ok(Page::of(items, paging.limit, |group: &Group| group.name.clone()))
    }

    /// The group of this name, made if there is none.
    pub async fn ensure(&self, name: &str) -> Result<Group, StoreError> {
        let row = group::ActiveModel {
            id: Set(GroupId::new()),
            name: Set(name.trim().to_owned()),
            external_id: Set(None),
            created_at: Set(now()),
        };
        let write = self.0.write().await?;
        // An update that changes nothing makes the database return the row that was there.
        let row = group::Entity::insert(row)
            .on_conflict(OnConflict::column(group::Column::Name).update_column(group::Column::Name).to_owned())
            .exec_with_returning(&write.transaction)
            .await?;
        write.commit().await?;
        Ok(to_domain(row))
    }
}

pub(crate) fn to_domain(row: group::Model) -> Group {
    Group { id: row.id, name: row.name }
}

/// The ids of everybody who belongs to one of these groups, for a query.
pub(crate) fn members(groups: impl IntoIterator<Item = GroupId>) -> SelectStatement {
    Query::select()
        .column(membership::Column::UserId)
        .from(membership::Entity)
        .and_where(membership::Column::GroupId.is_in(groups))
        .take()
}
