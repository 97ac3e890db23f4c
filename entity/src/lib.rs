//! Rows as they lie in the database. No queries, no logic: those are the store's and the domain's.

pub mod assignment;
pub mod audit;
pub mod desktop;
pub mod engine;
pub mod gateway;
pub mod grant;
pub mod group;
pub mod idempotency_key;
pub mod installation;
pub mod job;
pub mod job_run;
pub mod lease;
pub mod lesson;
pub mod membership;
pub mod pass;
pub mod provider;
pub mod provisioned_group;
pub mod provisioned_user;
pub mod restriction;
pub mod session;
pub mod sign_in;
pub mod template;
pub mod token;
pub mod user;
pub mod viewer;
