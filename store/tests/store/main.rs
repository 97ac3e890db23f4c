//! The store on both of its databases: every test runs on SQLite, in a file of its own, and on PostgreSQL, in a
//! database of its own.
//!
//! `setup/postgres start` brings the server and says what `PULT_TEST_POSTGRES_URL` must be. Without it the tests on
//! PostgreSQL fail; none is skipped.

mod assignments;
mod audit;
mod changes;
mod credentials;
mod grants;
mod house;
mod identities;
mod leases;
mod lessons;
mod once;
mod pages;
mod passes;
mod people;
mod personal;
mod precision;
mod provisioning;
mod queue;
mod records;
mod restrictions;
mod revisions;
mod routes;
mod schedule;
mod schema;
mod sessions;
mod sign_ins;
mod storm;
mod templates;
mod tokens;
mod webhooks;
mod wishes;
