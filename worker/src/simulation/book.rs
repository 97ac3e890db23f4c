//! Records in memory: what the store does, without a database.

use std::collections::BTreeMap;

use chrono::SubsecRound;
use domain::{
    DesktopId, TemplateId, Timestamp, UserId,
    admission::{Claim, Needs, Plan},
    desktop::{Desktop, DesktopState},
    idle::Facts,
    template::Template,
};
use store::{Details, User};
use tokio::sync::watch;

/// All rows of an installation. Each method is one transaction.
pub(super) struct Book {
    pub(super) users: BTreeMap<UserId, User>,
    pub(super) templates: BTreeMap<TemplateId, Template>,
    desktops: BTreeMap<DesktopId, Row>,
    revision: i64,
    /// One for each who follows: who of several followers of one channel is woken first is a matter of real chance.
    announced: Vec<watch::Sender<i64>>,
}

#[derive(Clone)]
struct Row {
    desktop: Desktop,
    /// The password of the container that is meant.
    credential: Option<String>,
}

impl Book {
    pub(super) fn new(users: Vec<User>, templates: Vec<Template>) -> Self {
        Self {
            users: users.into_iter().map(|user| (user.id, user)).collect(),
            templates: templates.into_iter().map(|template| (template.id, template)).collect(),
            desktops: BTreeMap::new(),
            revision: 0,
            announced: Vec::new(),
        }
    }

    pub(super) fn revision(&self) -> i64 {
        self.revision
    }

    pub(super) fn revisions(&mut self) -> watch::Receiver<i64> {
        let (announced, revisions) = watch::channel(self.revision);
        self.announced.push(announced);
        revisions
    }

    /// Tells followers of the latest change.
    pub(super) fn announce(&self) {
        for announced in &self.announced {
            announced.send_replace(self.revision);
        }
    }

    pub(super) fn desktop(&self, id: DesktopId) -> Option<Desktop> {
        self.desktops.get(&id).map(|row| row.desktop.clone())
    }

    /// Every row, removed ones too, with the password of its container.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&Desktop, Option<&str>)> {
        self.desktops.values().map(|row| (&row.desktop, row.credential.as_deref()))
    }

    pub(super) fn live(&self) -> impl Iterator<Item = &Desktop> {
        self.desktops.values().map(|row| &row.desktop).filter(|desktop| desktop.removed_at.is_none())
    }

    pub(super) fn in_states(&self, states: &[DesktopState]) -> Vec<Details> {
        self.live().filter(|desktop| states.contains(&desktop.state)).map(|desktop| self.details(desktop)).collect()
    }

    pub(super) fn changed_since(&self, revision: i64) -> Vec<(DesktopId, i64)> {
        let mut changed: Vec<_> = self.live().map(|desktop| (desktop.id, desktop.revision)).collect();
        changed.retain(|(_, changed)| *changed > revision);
        changed.sort_unstable_by_key(|(_, changed)| *changed);
        changed
    }

    /// Somebody wants a desktop of a template: theirs if they have one, else a new one.
    pub(super) fn request(&mut self, owner: UserId, template: TemplateId, new: DesktopId, now: Timestamp) -> DesktopId {
        let theirs = self.live().find(|desktop| desktop.owner == owner && desktop.template == template);
        if let Some(id) = theirs.map(|desktop| desktop.id) {
            self.change(id, |desktop| desktop.want_running(now));
            return id;
        }
        self.write(Desktop::requested(new, format!("desktop-{new}"), owner, template, now), None);
        new
    }

    pub(super) fn change(&mut self, id: DesktopId, change: impl FnOnce(Desktop) -> Desktop) -> Option<Details> {
        let before = self.desktop(id).filter(|desktop| desktop.removed_at.is_none())?;
        let after = change(before.clone());
        if after != before {
            self.write(after, None);
        }
        self.desktops.get(&id).map(|row| self.details(&row.desktop))
    }

    /// Stores a row in place of the one it was made from. With `blindly`, of whatever is there.
    pub(super) fn save(&mut self, desktop: &Desktop, blindly: bool) -> Option<Desktop> {
        let row = self.desktops.get(&desktop.id)?;
        if row.desktop.revision != desktop.revision && !blindly {
            return None;
        }
        // the gateway's own column
        let last_input_at = row.desktop.last_input_at;
        Some(self.write(Desktop { last_input_at, ..desktop.clone() }, None))
    }

    pub(super) fn claims(&self) -> Vec<Claim> {
        let claim = |desktop: &Desktop| {
            let limits = &self.templates[&desktop.template].spec;
            Claim::of(desktop, Needs::new(limits.memory_mb, limits.cpus), Vec::new())
        };
        self.live().filter_map(claim).collect()
    }

    pub(super) fn arrange(&mut self, plan: &Plan) -> i64 {
        self.revision += 1;
        for id in plan.desktops() {
            let Some(row) = self.desktops.get_mut(&id).filter(|row| row.desktop.removed_at.is_none()) else { continue };
            let after = plan.carry_out(row.desktop.clone());
            if after != row.desktop {
                row.desktop = Desktop { revision: self.revision, ..after };
            }
        }
        self.revision
    }

    /// The password of the container that is meant, made at the first call.
    pub(super) fn credential(&mut self, desktop: &Desktop, made: impl FnOnce() -> String) -> Option<String> {
        let row = self.desktops.get_mut(&desktop.id)?;
        let is_meant = row.desktop.generation == desktop.generation;
        is_meant.then(|| row.credential.get_or_insert_with(made).clone())
    }

    pub(super) fn adopt(
        &mut self,
        id: DesktopId,
        owner: UserId,
        template: TemplateId,
        generation: i32,
        password: Option<String>,
        now: Timestamp,
    ) -> bool {
        let has_another = self.live().any(|desktop| desktop.owner == owner && desktop.template == template);
        if has_another || self.desktops.contains_key(&id) {
            return false;
        }
        let generation = if password.is_some() { generation } else { generation + 1 };
        let known = Desktop::requested(id, format!("adopted-{id}"), owner, template, now).ended(None, now);
        self.write(Desktop { generation, ..known }, password);
        true
    }

    /// The database is lost, or was restored from before this desktop.
    pub(super) fn forget(&mut self, id: DesktopId) {
        self.desktops.remove(&id);
    }

    fn details(&self, desktop: &Desktop) -> Details {
        let template = &self.templates[&desktop.template].spec;
        let owner = &self.users[&desktop.owner];
        Details {
            desktop: desktop.clone(),
            template: template.slug.clone(),
            limits: template.limits,
            facts: Facts::default(),
            client: template.client.clone(),
            owner: owner.username.clone(),
            owner_role: owner.role,
            viewers: 0,
            grants: Vec::new(),
        }
    }

    /// Stores a row at a new revision, its times as exact as a database keeps them.
    fn write(&mut self, desktop: Desktop, password: Option<String>) -> Desktop {
        self.revision += 1;
        let kept = self.desktops.get(&desktop.id).filter(|row| row.desktop.generation == desktop.generation);
        let credential = password.or_else(|| kept.and_then(|row| row.credential.clone()));
        let exact = |at: Option<Timestamp>| at.map(|at| at.trunc_subsecs(6));
        let desktop = Desktop {
            retry_at: exact(desktop.retry_at),
            started_at: exact(desktop.started_at),
            last_input_at: exact(desktop.last_input_at),
            extended_at: exact(desktop.extended_at),
            warned_at: exact(desktop.warned_at),
            ended_at: exact(desktop.ended_at),
            removed_at: exact(desktop.removed_at),
            revision: self.revision,
            ..desktop
        };
        self.desktops.insert(desktop.id, Row { desktop: desktop.clone(), credential });
        desktop
    }
}

#[cfg(test)]
mod tests;
