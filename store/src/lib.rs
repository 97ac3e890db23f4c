//! What Pult remembers: every query there is, behind one handle for each kind of thing.
//!
//! Every change that somebody follows raises the installation's *revision*, in the same transaction, and is
//! announced on the [`Bus`] after the commit. Followers (the route table, the worker, event streams) ask for what
//! changed since the revision they know, so a lost announcement costs time and never a change.
//!
//! What this room guarantees: what a method answered is durable; revisions become visible in their order; what the audit
//! log is to tell of a change is stored with it ([`Store::noting`]). What it
//! does not: that a row is still so when its reader acts on it. Whoever must know writes with [`Desktops::save`].

mod activity;
mod assignments;
mod audit;
mod bus;
mod connection;
mod deed;
mod departures;
mod desktops;
mod engines;
mod grants;
mod groups;
mod identities;
mod jobs;
mod leases;
mod lessons;
mod looks;
mod page;
mod passes;
mod personal;
mod provisioning;
mod restrictions;
mod routes;
mod schedule;
mod seal;
mod secret;
mod services;
mod sessions;
mod sign_ins;
mod templates;
mod text;
mod tokens;
mod upkeep;
mod users;
mod webhooks;

pub use activity::Seen;
pub use assignments::{Assignment, Assignments, Recipient};
pub use audit::{Audit, Entry, Sought, Sound};
pub use bus::Bus;
pub use connection::{Config, Store, StoreError};
pub use deed::Deed;
pub use departures::{Departed, DepartureError};
pub use desktops::{Desktops, Details, Filter, Once, Requested};
pub use engines::{EngineStatus, Engines};
pub use grants::{Grant, Grants};
pub use groups::{Group, Groups};
pub use identities::SignInError;
pub use jobs::{Job, JobState, Jobs, PULL};
pub use leases::Leases;
pub use lessons::{Lesson, Lessons};
pub use looks::{Look, Looks, NewLook, ONE_LOOK};
pub use page::{Page, Paging};
pub use passes::Passes;
pub use provisioning::{Ended, ProvisionError, ProvisionedGroup, ProvisionedUser, Provisioning, Put};
pub use restrictions::{Restricted, Restriction, Restrictions};
pub use routes::{RouteChanges, RouteRow, Routes};
pub use schedule::{Held, JobRun, Schedule};
pub use seal::{SealError, Sealer};
pub use secret::{challenge, csrf_token, random_key, random_secret, random_words};
pub use services::{ServiceError, Services};
pub use sessions::{AskAgain, ProviderTokens, Session, Sessions, SignedOut, Vouched};
pub use sign_ins::{Begun, SignIn, SignIns};
pub use templates::{TemplateError, Templates};
pub use tokens::{NewToken, Token, Tokens};
pub use users::{LoginError, User, Users};
pub use webhooks::{Delivery, DeliveryState, Due, Sent, Webhook, WebhookChange, Webhooks};
