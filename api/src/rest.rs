//! The REST interface, one file a resource.

pub(crate) mod assignments;
pub(crate) mod audit;
pub(crate) mod desktops;
pub(crate) mod doctor;
pub(crate) mod identity;
pub(crate) mod jobs;
pub(crate) mod lessons;
pub(crate) mod me;
pub(crate) mod people;
pub(crate) mod schedule;
pub(crate) mod status;
pub(crate) mod templates;
pub(crate) mod tokens;

use domain::Timestamp;
use salvo::{
    Depot, Request, Response, Writer, async_trait,
    http::StatusCode,
    oapi::{self, EndpointOutRegister, ToSchema},
    writing::Json,
};
use serde::Serialize;

/// A thing that was made: 201.
pub(crate) struct Created<T>(pub(crate) T);

/// A wish that is written down: 202. Where it changed nothing but what was there already is answered, 200.
pub(crate) enum Accepted<T> {
    /// It is carried out from now on.
    Wish(T),
    /// This was there already.
    Existing(T),
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
