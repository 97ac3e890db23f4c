use domain::{
    DesktopId, Timestamp, UserId,
    access::{Managed, Role},
    desktop::{Desktop, DesktopState},
    idle::{Facts, OwnLimits},
    template::Client,
};
use entity::desktop;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Deed, Grant, Page, Paging, Store, StoreError, secret,
    webhooks::{Change, tell},
};

mod beside;
mod make;
mod once;
mod queue;
pub(crate) mod rows;
mod touch;

pub(crate) use touch::touch;

pub use once::Once;
use rows::{Own, joined, live, to_details, to_domain, to_row};

/// Desktops: intents, observations and what is shown of them.
#[derive(Debug, Clone, Copy)]
pub struct Desktops<'a>(pub(crate) &'a Store);

/// The answer to somebody who wants a desktop.
#[derive(Debug, Clone)]
pub enum Requested {
    /// There was none; this one was made.
    New(Details),
    /// There is one already, and it is wanted again.
    Existing(Details),
}

/// A desktop with what people call its template and its owner.
#[derive(Debug, Clone, PartialEq)]
pub struct Details {
    /// The desktop.
    pub desktop: Desktop,
    /// Slug of its template.
    pub template: String,
    /// The limits that its template sets.
    pub limits: OwnLimits,
    /// What decides when it stops, beside its row and its limits.
    pub facts: Facts,
    /// Whose pages show it: as it was started, where it runs, else as its template says now.
    pub client: Client,
    /// Username of its owner.
    pub owner: String,
    /// What its owner is.
    pub owner_role: Role,
    /// Streams that are open into it, through all gateways that are there; counted for what people see alone.
    pub viewers: i32,
    /// Who else may look into it now; for what people see alone.
    pub grants: Vec<Grant>,
}

/// Which desktops a list holds.
#[derive(Debug, Clone, Copy)]
pub enum Filter {
    /// All of them.
    All,
    /// One person's.
    OwnedBy(UserId),
}

impl Desktops<'_> {
    /// One desktop, whether removed or not.
    pub async fn get(&self, id: DesktopId) -> Result<Option<Desktop>, StoreError> {
        Ok(desktop::Entity::find_by_id(id).one(self.0.db()).await?.map(to_domain))
    }

    /// One desktop that is not removed, with its details.
    pub async fn details(&self, id: DesktopId) -> Result<Option<Details>, StoreError> {
        let row = joined().filter(desktop::Column::Id.eq(id)).filter(live()).one(self.0.db()).await?;
        let mut details = row.map(to_details).transpose()?;
        beside::complete(details.as_mut_slice(), self.0.db()).await?;
        Ok(details)
    }

    /// A page of desktops that are not removed, oldest first.
    pub async fn page(&self, filter: Filter, paging: &Paging) -> Result<Page<Details>, StoreError> {
        let mut select = joined().filter(live()).order_by_asc(desktop::Column::Id).limit(paging.limit + 1);
        if let Filter::OwnedBy(owner) = filter {
            select = select.filter(desktop::Column::OwnerId.eq(owner));
        }
        if let Some(after) = paging.after::<DesktopId>() {
            select = select.filter(desktop::Column::Id.gt(after));
        }
        let rows = select.all(self.0.db()).await?;
        let mut items = rows.into_iter().map(to_details).collect::<Result<Vec<_>, _>>()?;
        beside::complete(&mut items, self.0.db()).await?;
        Ok(Page::of(items, paging.limit, |details| details.desktop.id))
    }

    /// What changed after a revision, removed ones included, and the revision up to which that is complete.
    pub async fn since(&self, revision: i64) -> Result<(Vec<Details>, i64), StoreError> {
        // Read the counter first: what is committed in between is found again next time, never skipped.
        let until = self.0.revision().await?;
        let rows = joined()
            .filter(desktop::Column::Revision.gt(revision))
            .order_by_asc(desktop::Column::Revision)
            .all(self.0.db());
        let mut details = rows.await?.into_iter().map(to_details).collect::<Result<Vec<_>, _>>()?;
        beside::complete(&mut details, self.0.db()).await?;
        Ok((details, until))
    }

    /// The ids of what changed after a revision and is not removed, with the revision of each change.
    pub async fn changed_since(&self, revision: i64) -> Result<Vec<(DesktopId, i64)>, StoreError> {
        Ok(desktop::Entity::find()
            .select_only()
            .columns([desktop::Column::Id, desktop::Column::Revision])
            .filter(desktop::Column::Revision.gt(revision))
            .filter(live())
            .order_by_asc(desktop::Column::Revision)
            .into_tuple()
            .all(self.0.db())
            .await?)
    }

    /// All desktops that are not removed.
    pub async fn live(&self) -> Result<Vec<Desktop>, StoreError> {
        let rows = desktop::Entity::find().filter(live()).all(self.0.db()).await?;
        Ok(rows.into_iter().map(to_domain).collect())
    }

    /// All desktops in some states.
    pub async fn in_states(&self, states: &[DesktopState]) -> Result<Vec<Details>, StoreError> {
        let rows =
            joined().filter(live()).filter(desktop::Column::State.is_in(states.iter().copied())).all(self.0.db());
        let mut details = rows.await?.into_iter().map(to_details).collect::<Result<Vec<_>, _>>()?;
        beside::learn_facts(&mut details, self.0.db()).await?;
        Ok(details)
    }

    /// Changes what somebody wants of a desktop who may. Nothing is stored if nothing changes.
    pub async fn manage(
        &self,
        managed: Managed<'_>,
        change: impl FnOnce(Desktop) -> Desktop + Send,
    ) -> Result<Option<Details>, StoreError> {
        self.change(managed.desktop(), change).await
    }

    /// Changes what is wanted of a desktop, whoever wants it: a rule, for which nobody answers. What people want goes
    /// by [`Desktops::manage`].
    pub async fn change(
        &self,
        id: DesktopId,
        change: impl FnOnce(Desktop) -> Desktop + Send,
    ) -> Result<Option<Details>, StoreError> {
        self.change_and_tell(id, |desktop| (change(desktop), None)).await
    }

    /// The same, where what the audit log is to tell of it depends on what becomes of the row.
    pub async fn change_and_tell(
        &self,
        id: DesktopId,
        change: impl FnOnce(Desktop) -> (Desktop, Option<Deed>) + Send,
    ) -> Result<Option<Details>, StoreError> {
        let mut write = self.0.write().await?;
        let select = desktop::Entity::find_by_id(id).filter(live()).lock_exclusive();
        let Some(row) = select.one(&write.transaction).await? else {
            return Ok(None);
        };
        let before = to_domain(row.clone());
        let (after, deed) = change(before.clone());
        if after != before {
            if let Some(deed) = deed {
                write.note(deed);
            }
            write.about(id);
            let own = Own::of(&row, after.generation);
            tell(&[Change::of(&row, &after)], &write.transaction).await?;
            let after = Desktop { revision: write.revision().await?, ..after.clone() };
            to_row(after, own).into_active_model().reset_all().update(&write.transaction).await?;
        }
        let row = joined().filter(desktop::Column::Id.eq(id)).one(&write.transaction).await?;
        let mut details = row.map(to_details).transpose()?;
        beside::complete(details.as_mut_slice(), &write.transaction).await?;
        if after != before {
            write.commit().await?;
        }
        Ok(details)
    }

    /// Stores what the worker made of a row and yields it at its new revision, as it will be read again; nothing is
    /// stored, and nothing yielded, where the row is no longer the one it was made from.
    pub async fn save(&self, desktop: &Desktop) -> Result<Option<Desktop>, StoreError> {
        let mut write = self.0.write().await?;
        let row = desktop::Entity::find_by_id(desktop.id).lock_exclusive().one(&write.transaction).await?;
        let Some(row) = row.filter(|row| row.revision == desktop.revision) else {
            return Ok(None);
        };
        let own = Own::of(&row, desktop.generation);
        tell(&[Change::of(&row, desktop)], &write.transaction).await?;
        let after = Desktop {
            revision: write.revision().await?,
            // the gateway's own column: what it stored meanwhile stays
            last_input_at: row.last_input_at,
            ..desktop.clone()
        };
        let row = to_row(after, own);
        row.clone().into_active_model().reset_all().update(&write.transaction).await?;
        write.commit().await?;
        Ok(Some(to_domain(row)))
    }

    /// The password of the desktop's present container: made at the first call, and the same until another
    /// generation is meant. So a container that was made twice by mistake still has the one password.
    pub async fn credential(&self, desktop: &Desktop) -> Result<Option<SecretString>, StoreError> {
        let select =
            || desktop::Entity::find_by_id(desktop.id).filter(desktop::Column::Generation.eq(desktop.generation));
        let open = |sealed: &str| self.0.sealer().open(sealed, &rows::place(desktop.id, desktop.generation));
        // Made once and asked for often: without a place among those who write, as long as it is there.
        let known = select().one(self.0.db()).await?;
        if let Some(sealed) = known.as_ref().and_then(|row| row.credential.as_deref()) {
            return Ok(Some(open(sealed)?));
        }
        let write = self.0.write().await?;
        let Some(row) = select().lock_exclusive().one(&write.transaction).await? else {
            return Ok(None);
        };
        if let Some(sealed) = row.credential.as_deref() {
            return Ok(Some(open(sealed)?));
        }
        let password = SecretString::from(secret::random_token());
        let sealed = self.0.sealer().seal(password.expose_secret(), &rows::place(row.id, row.generation))?;
        let own = Own::new(sealed);
        let mut row = row.into_active_model();
        row.credential = Set(own.credential);
        row.host_label = Set(own.host_label);
        row.update(&write.transaction).await?;
        write.commit().await?;
        Ok(Some(password))
    }

    /// Forgets desktops that were removed before a moment. Readers that did not learn of it by then load anew.
    pub async fn purge_removed(&self, before: Timestamp) -> Result<u64, StoreError> {
        let write = self.0.write().await?;
        let gone =
            desktop::Entity::delete_many().filter(desktop::Column::RemovedAt.lt(before)).exec(&write.transaction);
        let gone = gone.await?.rows_affected;
        write.commit().await?;
        Ok(gone)
    }
}
