//! The two ways in which a desktop's row comes to be: somebody wants one, or a container is found that had one.

use domain::{DesktopId, TemplateId, UserId, access::Wishing, desktop::Desktop, name, template::Template};
use entity::desktop;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Select,
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Desktops, Once, Requested, beside,
    once::Known,
    rows::{self, Own},
};
use crate::{
    StoreError,
    connection::now,
    secret,
    webhooks::{Change, tell},
};

impl Desktops<'_> {
    /// Somebody wants a desktop of a template: theirs if they have one, else a new one. Never two, also when they
    /// ask twice at the same moment.
    pub async fn request(
        &self,
        wishing: Wishing<'_>,
        template: TemplateId,
        slug: &str,
    ) -> Result<Requested, StoreError> {
        let requested = self.patiently(wishing, template, slug, None).await?;
        requested.ok_or_else(|| StoreError::Corrupt("a wish without a key is known by one".to_owned()))
    }

    /// The same for a wish that may be sent again: what was answered the first time is answered for a day, whatever has
    /// become of the desktop. Nothing, where its key was used for something else.
    pub async fn request_once(
        &self,
        wishing: Wishing<'_>,
        template: TemplateId,
        slug: &str,
        once: Once<'_>,
    ) -> Result<Option<Requested>, StoreError> {
        self.patiently(wishing, template, slug, Some(once)).await
    }

    async fn patiently(
        &self,
        wishing: Wishing<'_>,
        template: TemplateId,
        slug: &str,
        once: Option<Once<'_>>,
    ) -> Result<Option<Requested>, StoreError> {
        let owner = wishing.by();
        let label = name::label(&owner.username, slug);
        let mut candidate = label.clone();
        loop {
            match self.try_request(owner.user, template, &candidate, once).await {
                // Somebody else's name, or the same wish twice at once: look again, with another name.
                Err(StoreError::Database(error)) if rows::is_unique_violation(&error) => {
                    candidate = name::with_suffix(&label, &secret::random_suffix());
                }
                answer => return answer,
            }
        }
    }

    async fn try_request(
        &self,
        owner: UserId,
        template: TemplateId,
        name: &str,
        once: Option<Once<'_>>,
    ) -> Result<Option<Requested>, StoreError> {
        let mut write = self.0.write().await?;
        if let Some(once) = once {
            match once.known(owner, &write.transaction).await? {
                Known::Not => {}
                Known::As(requested) => return Ok(Some(*requested)),
                Known::AsAnother => return Ok(None),
            }
        }
        let existing = theirs(owner, template).lock_exclusive().one(&write.transaction).await?;
        let id = if let Some(row) = &existing {
            let before = rows::to_domain(row.clone());
            let after = before.clone().want_running(now());
            if after != before {
                let own = Own::of(row, after.generation);
                tell(&[Change::of(row, &after)], &write.transaction).await?;
                let after = Desktop { revision: write.revision().await?, ..after };
                let row = rows::to_row(after, own);
                row.into_active_model().reset_all().update(&write.transaction).await?;
            }
            row.id
        } else {
            let new = Desktop::requested(DesktopId::new(), name.to_owned(), owner, template, now());
            tell(&[Change::made(&new)], &write.transaction).await?;
            let new = Desktop { revision: write.revision().await?, ..new };
            insert(new, Own::default(), &write.transaction).await?
        };
        let row = rows::joined().filter(desktop::Column::Id.eq(id)).one(&write.transaction).await?;
        let row = row.ok_or_else(|| StoreError::Corrupt("a desktop just stored is missing".to_owned()))?;
        let mut details = rows::to_details(row)?;
        beside::complete(std::slice::from_mut(&mut details), &write.transaction).await?;
        let requested = if existing.is_some() { Requested::Existing(details) } else { Requested::New(details) };
        if let Some(once) = once {
            once.remember(owner, &requested, &write.transaction).await?;
        }
        write.commit().await?;
        Ok(Some(requested))
    }

    /// Makes a desktop known again whose container outlived its row. Not if there is a row after all, nor if its
    /// owner has another desktop of the template by now. Without the container's password it is as if the container
    /// had vanished: the next start makes a new one.
    pub async fn adopt(
        &self,
        id: DesktopId,
        owner: &crate::User,
        template: &Template,
        generation: i32,
        password: Option<SecretString>,
    ) -> Result<bool, StoreError> {
        let generation = if password.is_some() { generation } else { generation + 1 };
        let credential = password
            .map(|password| self.0.sealer().seal(password.expose_secret(), &rows::place(id, generation)))
            .transpose()?;
        let own = credential.map_or_else(Own::default, Own::new);
        let label = name::label(&owner.username, &template.spec.slug);
        let mut candidate = label.clone();
        loop {
            // Stopped, as far as is known: a container that runs is found by the next look, and adopted as running.
            let known = Desktop::requested(id, candidate, owner.id, template.id, now()).ended(None, now());
            match self.try_adopt(Desktop { generation, ..known }, own.clone()).await {
                // Somebody else's name, or adopted twice at once: look again, with another name.
                Err(StoreError::Database(error)) if rows::is_unique_violation(&error) => {
                    candidate = name::with_suffix(&label, &secret::random_suffix());
                }
                answer => return answer,
            }
        }
    }

    async fn try_adopt(&self, known: Desktop, own: Own) -> Result<bool, StoreError> {
        let mut write = self.0.write().await?;
        let same = desktop::Entity::find_by_id(known.id).one(&write.transaction).await?;
        let other = theirs(known.owner, known.template).one(&write.transaction).await?;
        if same.is_some() || other.is_some() {
            return Ok(false);
        }
        tell(&[Change::made(&known)], &write.transaction).await?;
        let adopted = Desktop { revision: write.revision().await?, ..known };
        insert(adopted, own, &write.transaction).await?;
        write.commit().await?;
        Ok(true)
    }
}

fn theirs(owner: UserId, template: TemplateId) -> Select<desktop::Entity> {
    desktop::Entity::find()
        .filter(desktop::Column::OwnerId.eq(owner))
        .filter(desktop::Column::TemplateId.eq(template))
        .filter(rows::live())
}

async fn insert(desktop: Desktop, own: Own, transaction: &DatabaseTransaction) -> Result<DesktopId, StoreError> {
    let id = desktop.id;
    let row = rows::to_row(desktop, own).into_active_model();
    desktop::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(id)
}
