//! The HTTP edge: who asks, whether they may, and what is said back.
//!
//! A handler extracts, authorises, calls the store or a decision of the domain once, and answers a view. Rows never
//! cross HTTP: views carry the schema, and the `OpenAPI` document is made from them. Whatever fails becomes an
//! [`error::ApiError`], which alone knows how to speak `application/problem+json`.
//!
//! This room never talks to an engine. What people want is written down; the worker makes it so.

mod activity;
mod admin;
mod app;
mod auth;
mod catcher;
mod client_address;
mod config;
mod desktop;
mod docs;
mod echo;
mod error;
mod extract;
mod fronts;
mod live;
mod pace;
mod pages;
mod rest;
mod routes;
mod serve;
mod views;
mod word;

pub use app::Parts;
pub use auth::{Provider, provider_answers};
pub use config::{Config, Places, TlsFiles};
pub use echo::{Arrived, OriginSeen, proof};
pub use routes::openapi_document;
pub use serve::{ServeError, run};
