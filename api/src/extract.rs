//! What handlers take from a request. Whatever is wrong is told as a problem that says what was expected.

use std::str::FromStr;

use domain::Language;
use salvo::{
    Depot, Request,
    extract::{Extractible, Metadata},
    http::{ParseError, header},
    oapi::{
        self, Components, Content, EndpointArgRegister, Operation, Parameter, ParameterIn, RequestBody, Required,
        ToSchema,
    },
};
use serde::de::DeserializeOwned;
use store::Paging;

use crate::{
    app::App,
    error::{ApiError, Problem, language_of},
};

/// A JSON body may be this large, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;

const JSON: &str = "application/json";

/// Our extractors read the request themselves; the framework's description of sources stays empty.
pub(crate) static NOWHERE: Metadata = Metadata::new("");

/// The one state that handlers see.
pub(crate) fn app(depot: &Depot) -> &App {
    depot.get_typed::<App>().unwrap_or_else(|_| unreachable!("every router of ours carries the app"))
}

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<'ex, T: DeserializeOwned + Send> Extractible<'ex> for Body<T> {
    fn metadata() -> &'static Metadata {
        &NOWHERE
    }

    #[expect(refining_impl_trait, reason = "the framework's own extractors name their error too")]
    async fn extract(req: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, ApiError> {
        let json = req.content_type().is_some_and(|mime| mime.essence_str() == JSON);
        if !json {
            return Err(ApiError::MediaType(JSON));
        }
        let bytes = match req.payload_with_max_size(MAX_BODY).await {
            Ok(bytes) => bytes,
            Err(ParseError::PayloadTooLarge) => return Err(ApiError::TooLarge(MAX_BODY)),
            Err(error) => return Err(ApiError::Malformed(error.to_string())),
        };
        serde_json::from_slice(bytes).map(Self).map_err(|error| ApiError::Malformed(error.to_string()))
    }
}

impl<T: ToSchema> EndpointArgRegister for Body<T> {
    fn register(components: &mut Components, operation: &mut Operation, _: &str) {
        let content = Content::new(T::to_schema(components));
        operation.request_body =
            Some(RequestBody::new().add_content("application/json", content).required(Required::True));
        let problem = Problem::to_schema(components);
        for (status, when) in
            [("413", "The body is too large"), ("415", "The body is not JSON"), ("422", "Some fields are wrong")]
        {
            let content = Content::new(problem.clone());
            operation
                .responses
                .insert(status, oapi::Response::new(when).add_content("application/problem+json", content));
        }
    }
}

/// A part of the path, named like the argument.
pub(crate) struct InPath<T>(pub(crate) T);

impl<'ex, T: FromStr + Send> Extractible<'ex> for InPath<T> {
    fn metadata() -> &'static Metadata {
        &NOWHERE
    }

    #[expect(refining_impl_trait, reason = "the framework's own extractors name their error too")]
    async fn extract(_: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, ApiError> {
        Err(ApiError::NotFound("path"))
    }

    #[expect(refining_impl_trait, reason = "the framework's own extractors name their error too")]
    async fn extract_with_arg(req: &'ex mut Request, _: &'ex mut Depot, arg: &str) -> Result<Self, ApiError> {
        // what cannot be an id is the id of nothing
        req.param::<String>(arg).and_then(|text| text.parse().ok()).map(Self).ok_or(ApiError::NotFound("object"))
    }
}

impl<T> EndpointArgRegister for InPath<T> {
    fn register(_: &mut Components, operation: &mut Operation, arg: &str) {
        let schema = oapi::Object::with_type(oapi::BasicType::String);
        operation
            .parameters
            .insert(Parameter::new(arg).location(ParameterIn::Path).required(Required::True).schema(schema));
    }
}

/// Which part of a list is wanted: `limit` and `cursor`.
pub(crate) struct Window(pub(crate) Paging);

const DEFAULT_LIMIT: u64 = 100;
const MAX_LIMIT: u64 = 200;

impl<'ex> Extractible<'ex> for Window {
    fn metadata() -> &'static Metadata {
        &NOWHERE
    }

    #[expect(refining_impl_trait, reason = "the framework's own extractors name their error too")]
    async fn extract(req: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, ApiError> {
        let limit = match req.query::<String>("limit") {
            None => DEFAULT_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| ApiError::Malformed(format!("limit: expected a number from 1 to {MAX_LIMIT}")))?,
        };
        Ok(Self(Paging { limit, cursor: req.query("cursor") }))
    }
}

impl EndpointArgRegister for Window {
    fn register(_: &mut Components, operation: &mut Operation, _: &str) {
        let number = oapi::Object::with_type(oapi::BasicType::Integer).minimum(1).maximum(MAX_LIMIT);
        let text = oapi::Object::with_type(oapi::BasicType::String);
        for (name, schema, description) in [
            ("limit", number, "Items at most; 100 where nothing is said"),
            ("cursor", text, "Where the last page ended: its `next_cursor`"),
        ] {
            operation.parameters.insert(
                Parameter::new(name)
                    .location(ParameterIn::Query)
                    .required(Required::False)
                    .description(description)
                    .schema(schema),
            );
        }
    }
}

/// The caller's language, from `Accept-Language`.
pub(crate) struct Spoken(pub(crate) Language);

impl<'ex> Extractible<'ex> for Spoken {
    fn metadata() -> &'static Metadata {
        &NOWHERE
    }

    #[expect(refining_impl_trait, reason = "the framework's own extractors name their error too")]
    async fn extract(req: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, ApiError> {
        Ok(Self(language_of(req)))
    }
}

impl EndpointArgRegister for Spoken {
    fn register(_: &mut Components, operation: &mut Operation, _: &str) {
        let text = oapi::Object::with_type(oapi::BasicType::String);
        operation.parameters.insert(
            Parameter::new(header::ACCEPT_LANGUAGE.as_str())
                .location(ParameterIn::Header)
                .required(Required::False)
                .description("`de` or `en`: the language of sentences")
                .schema(text),
        );
    }
}

/// What tells a request that is sent again from a new one.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

const LONGEST_KEY: usize = 200;

impl<'ex> Extractible<'ex> for IdempotencyKey {
    fn metadata() -> &'static Metadata {
        &NOWHERE
    }

    #[expect(refining_impl_trait, reason = "the framework's own extractors name their error too")]
    async fn extract(req: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, ApiError> {
        let Some(key) = req.headers().get("idempotency-key") else {
            return Ok(Self(None));
        };
        let key = key.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
        let malformed = || ApiError::Malformed(format!("Idempotency-Key: expected 1 to {LONGEST_KEY} characters"));
        Ok(Self(Some(key.ok_or_else(malformed)?.to_owned())))
    }
}

impl EndpointArgRegister for IdempotencyKey {
    // the endpoint says what the key is good for
    fn register(_: &mut Components, _: &mut Operation, _: &str) {}
}
