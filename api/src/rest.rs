//! The REST interface, one file a resource.

pub(crate) mod assignments;
pub(crate) mod audit;
pub(crate) mod desktops;
pub(crate) mod doctor;
pub(crate) mod grants;
pub(crate) mod identity;
pub(crate) mod jobs;
pub(crate) mod lessons;
pub(crate) mod looks;
pub(crate) mod me;
pub(crate) mod people;
pub(crate) mod personal;
pub(crate) mod provisioning;
pub(crate) mod restrictions;
pub(crate) mod roster;
pub(crate) mod schedule;
pub(crate) mod services;
pub(crate) mod sessions;
pub(crate) mod status;
pub(crate) mod templates;
pub(crate) mod tokens;
pub(crate) mod webhooks;

use domain::Timestamp;
use salvo::{
    Depot, Request, Response, Writer, async_trait,
    http::StatusCode,
    oapi::{self, EndpointOutRegister, ToSchema},
    writing::Json,
};
use serde::Serialize;

use crate::error::Problem;

/// A thing that was made: 201.
pub(crate) struct Created<T>(pub(crate) T);

/// A wish that is written down: 202. Where it changed nothing but what was there already is answered, 200.
pub(crate) enum Accepted<T> {
    /// It is carried out from now on.
    Wish(T),
    /// This was there already.
    Existing(T),
}

/// A thing that has its name from the caller: 201 where it was made by this, else 200.
pub(crate) struct Placed<T> {
    is_new: bool,
    view: T,
}

impl<T> Placed<T> {
    pub(crate) fn new(is_new: bool, view: T) -> Self {
        Self { is_new, view }
    }
}

#[async_trait]
impl<T: Serialize + Send> Writer for Placed<T> {
    async fn write(self, _: &mut Request, _: &mut Depot, res: &mut Response) {
        res.status_code(if self.is_new { StatusCode::CREATED } else { StatusCode::OK });
        res.render(Json(self.view));
    }
}

impl<T: ToSchema> EndpointOutRegister for Placed<T> {
    fn register(components: &mut oapi::Components, operation: &mut oapi::Operation) {
        for (status, when) in [("200", "As it is told"), ("201", "Made")] {
            let content = oapi::Content::new(T::to_schema(components));
            operation.responses.insert(status, oapi::Response::new(when).add_content("application/json", content));
        }
        let content = oapi::Content::new(Problem::to_schema(components));
        let taken = oapi::Response::new("It is another's, or protected");
        operation.responses.insert("409", taken.add_content("application/problem+json", content));
    }
}

#[async_trait]
impl<T: Serialize + Send> Writer for Created<T> {
    async fn write(self, _: &mut Request, _: &mut Depot, res: &mut Response) {
        res.status_code(StatusCode::CREATED);
        res.render(Json(self.0));
    }
}

#[async_trait]
impl<T: Serialize + Send> Writer for Accepted<T> {
    async fn write(self, _: &mut Request, _: &mut Depot, res: &mut Response) {
        let (status, view) = match self {
            Self::Wish(view) => (StatusCode::ACCEPTED, view),
            Self::Existing(view) => (StatusCode::OK, view),
        };
        res.status_code(status);
        res.render(Json(view));
    }
}

impl<T: ToSchema> EndpointOutRegister for Created<T> {
    fn register(components: &mut oapi::Components, operation: &mut oapi::Operation) {
        let content = oapi::Content::new(T::to_schema(components));
        operation.responses.insert("201", oapi::Response::new("Made").add_content("application/json", content));
    }
}

impl<T: ToSchema> EndpointOutRegister for Accepted<T> {
    fn register(components: &mut oapi::Components, operation: &mut oapi::Operation) {
        let content = oapi::Content::new(T::to_schema(components));
        operation.responses.insert("202", oapi::Response::new("Written down").add_content("application/json", content));
    }
}

/// The time of an answer.
pub(crate) fn now() -> Timestamp {
    chrono::Utc::now()
}
