//! The book is believed only as far as it does what a store on a real database does.

use std::collections::BTreeMap;

use chrono::{TimeDelta, TimeZone, Utc};
use domain::{
    DesktopId, SessionId, Timestamp,
    access::{Credential, Given, Role},
    admission::{Claim, Place, Plan},
    desktop::{ContainerId, Desktop, DesktopState, Endpoint, Observed, Phase},
    template::{Template, TemplateSpec},
    why::Why,
};
use store::{Bus, Requested, Sealer, Store, User};
use uuid::Uuid;

use super::Book;

/// What is done to both, one after the other.
const DEEDS: usize = 300;

#[tokio::test]
async fn it_answers_as_the_store_does() {
    for seed in 0..3 {
        let mut both = Both::open(seed).await;
        for _ in 0..DEEDS {
            both.do_something().await;
            both.compare().await;
        }
    }
}

/// A book and a store that were told the same.
struct Both {
    book: Book,
    store: Store,
    dice: fastrand::Rng,
    people: Vec<User>,
    templates: Vec<Template>,
    /// Rows as they were read at some time.
    read: Vec<Desktop>,
}

impl Both {
    async fn open(seed: u64) -> Self {
        let config = store::Config { url: "sqlite::memory:".to_owned(), max_connections: 1 };
        let store = Store::connect(&config, Bus::local(), Sealer::new([7; 32])).await.expect("a database");
        migration::up(store.connection()).await.expect("a schema");
        store.installation().await.expect("an installation");
        let (mut people, mut templates) = (Vec::new(), Vec::new());
        for name in ["anna", "ben", "cem"] {
            people.push(store.users().ensure(name, name, Role::Student).await.expect("a person"));
        }
        for slug in ["tiny", "xfce"] {
            let spec = TemplateSpec::new(slug.to_owned(), slug.to_owned(), format!("pult/{slug}"));
            templates.push(store.templates().create(&spec).await.expect("a template"));
        }
        let mut book = Book::new(people.clone(), templates.clone());
        book.revision = store.revision().await.expect("an answer");
        Self { book, store, dice: fastrand::Rng::with_seed(seed), people, templates, read: Vec::new() }
    }

    async fn do_something(&mut self) {
        let known: Vec<_> = self.book.live().map(|desktop| desktop.id).collect();
        match (self.dice.u8(0..10), self.dice.choice(known)) {
            (0 | 1, _) | (_, None) => self.request().await,
            (2 | 3, Some(id)) => self.change(id).await,
            (4..=6, Some(id)) => self.save(id).await,
            (7, Some(id)) => self.arrange(id).await,
            (8, Some(id)) => self.ask_for_a_password(id).await,
            (_, Some(id)) => {
                let id = if self.dice.bool() { id } else { DesktopId::new() };
                self.adopt(id).await;
            }
        }
    }

    async fn request(&mut self) {
        let (owner, template) = self.somebody();
        let by = owner.clone().signed_in(Vec::new(), Credential::Session(SessionId::new()));
        let wishing = by.may_want(true, &[Given::Everyone]).expect("it is offered to everybody");
        let answer = self.store.desktops().request(wishing, template.id, &template.spec.slug).await.expect("an answer");
        let (Requested::New(details) | Requested::Existing(details)) = answer;
        let now = details.desktop.requested_at;
        let id = self.book.request(owner.id, template.id, details.desktop.id, now);
        assert_eq!(id, details.desktop.id);
        self.read.push(details.desktop);
    }

    async fn change(&mut self, id: DesktopId) {
        let now = noon();
        let deed = self.dice.u8(0..5);
        let change = move |desktop: Desktop| match deed {
            0 => desktop.want_running(now),
            1 => desktop.want_stopped(Why::StoppedByOwner),
            2 => desktop.reset(now),
            3 => desktop.extended(now),
            _ => desktop.want_removed(),
        };
        let stored = self.store.desktops().change(id, change).await.expect("an answer").map(|details| details.desktop);
        let noted = self.book.change(id, change).map(|details| details.desktop);
        assert_eq!(noted.map(known_part), stored.map(known_part));
    }

    /// As a worker stores, from a row that it read just now or long ago.
    async fn save(&mut self, id: DesktopId) {
        let fresh = self.book.desktop(id).expect("it is known");
        let before = if self.dice.u8(0..4) > 0 { fresh } else { self.dice.choice(self.read.clone()).unwrap_or(fresh) };
        self.read.push(before.clone());
        let seen = Observed {
            container: ContainerId(format!("container of {id}")),
            generation: before.generation,
            image: format!("sha256:{:064x}", 1).parse().expect("an image's id"),
            phase: Phase::Running,
            started_at: Some(noon() + TimeDelta::nanoseconds(self.dice.i64(0..1_000_000_000))),
            endpoint: None,
        };
        let endpoint = Endpoint { address: [10, 0, 0, self.dice.u8(..)].into(), port: 6901 };
        let after = match self.dice.u8(0..6) {
            0 | 1 => before.queued(self.place()),
            2 => before.admitted(),
            3 => before.connecting(&seen).running(endpoint, None, noon()),
            4 => before.ended(Some(Why::OutOfMemory), noon()),
            _ => before.without_container().removed(noon()),
        };
        let stored = self.store.desktops().save(&after).await.expect("an answer");
        let noted = self.book.save(&after, false);
        assert_eq!(noted.map(known_part), stored.map(known_part));
    }

    async fn arrange(&mut self, id: DesktopId) {
        let mut plan = Plan::default();
        match self.dice.u8(0..4) {
            0 => plan.starts.push(id),
            1 => plan.refused.push((id, Why::TooLarge { needed_mb: 2, most_mb: 1 })),
            _ => plan.places.push((id, self.place())),
        }
        let stored = self.store.desktops().arrange(&plan).await.expect("an answer");
        assert_eq!(self.book.arrange(&plan), stored);
    }

    fn place(&mut self) -> Place {
        let why = self.dice.bool().then_some(Why::WaitsForMemory { needed_mb: 2, free_mb: 1 });
        Place { position: self.dice.i32(1..9), eta_seconds: self.dice.bool().then_some(7), why }
    }

    /// The passwords differ; whether there is one, and that it stays, do not.
    async fn ask_for_a_password(&mut self, id: DesktopId) {
        let meant = self.book.desktop(id).expect("it is known");
        let meant = Desktop { generation: meant.generation - self.dice.i32(0..2), ..meant };
        let stored = self.store.desktops().credential(&meant).await.expect("an answer");
        let noted = self.book.credential(&meant, || "a password".to_owned());
        assert_eq!(noted.is_some(), stored.is_some());
    }

    async fn adopt(&mut self, id: DesktopId) {
        let (owner, template) = self.somebody();
        let password = self.dice.bool().then(|| "a password".to_owned());
        let secret = password.clone().map(Into::into);
        let stored = self.store.desktops().adopt(id, &owner, &template, 3, secret).await.expect("an answer");
        assert_eq!(self.book.adopt(id, owner.id, template.id, 3, password, noon()), stored);
    }

    async fn compare(&mut self) {
        assert_eq!(self.book.revision(), self.store.revision().await.expect("an answer"));
        let by_id = |rows: Vec<Desktop>| -> BTreeMap<_, _> {
            rows.into_iter().map(|desktop| (desktop.id, known_part(desktop))).collect()
        };
        let stored = by_id(self.store.desktops().live().await.expect("an answer"));
        assert_eq!(by_id(self.book.live().cloned().collect()), stored);

        let states = [DesktopState::Running, DesktopState::Queued, DesktopState::Failed];
        let stored = self.store.desktops().in_states(&states).await.expect("an answer");
        let noted = self.book.in_states(&states);
        let names = |details: Vec<store::Details>| -> BTreeMap<_, _> {
            let name =
                |details: store::Details| (details.desktop.id, (details.template, details.owner, details.client));
            details.into_iter().map(name).collect()
        };
        assert_eq!(names(noted), names(stored));

        let by_id = |claims: Vec<Claim>| -> BTreeMap<_, _> {
            let known = |claim: Claim| (claim.desktop, Claim { since: noon(), ..claim });
            claims.into_iter().map(known).collect()
        };
        assert_eq!(by_id(self.book.claims()), by_id(self.store.desktops().claims().await.expect("an answer")));

        let since = self.dice.i64(0..=self.book.revision());
        let mut stored = self.store.desktops().changed_since(since).await.expect("an answer");
        let mut noted = self.book.changed_since(since);
        stored.sort_unstable();
        noted.sort_unstable();
        assert_eq!(noted, stored);
    }

    fn somebody(&mut self) -> (User, Template) {
        let (owner, template) = (self.dice.choice(&self.people), self.dice.choice(&self.templates));
        owner.cloned().zip(template.cloned()).expect("a school has people and templates")
    }
}

/// All but names, which a store makes with chance, and the times at which it did so itself.
fn known_part(desktop: Desktop) -> Desktop {
    let (name, id) = (String::new(), DesktopId(Uuid::nil()));
    Desktop {
        id,
        name,
        requested_at: noon(),
        created_at: noon(),
        ended_at: desktop.ended_at.map(|_| noon()),
        ..desktop
    }
}

fn noon() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 9, 7, 12, 0, 0).single().expect("the moment exists")
}
