use std::str::FromStr;

use domain::{
    access::Action,
    audit::{Broken, Fault, Link},
};
use salvo::{
    Depot, Request, Response, Writer,
    extract::{Extractible, Metadata},
    oapi::{self, Components, EndpointArgRegister, Operation, Parameter, ParameterIn, Required, ToSchema, endpoint},
    writing::Json,
};
use serde::Serialize;
use store::{Deed, Sought, Sound};

use crate::{
    auth::Caller,
    error::ApiError,
    extract::{self, NOWHERE, Window},
    views::{AuditView, ListView},
    word::Word,
};

mod file;

use file::Format;

/// Lists the audit log, newest first
#[endpoint(tags("audit"))]
pub(crate) async fn list(
    caller: Caller,
    lines: Lines,
    window: Window,
    depot: &mut Depot,
) -> Result<Json<ListView<AuditView>>, ApiError> {
    caller.may_with_any(Action::ReadAudit)?;
    Ok(Json(extract::app(depot).store.audit().page(&lines.0, &window.0).await?.map(AuditView::from).into()))
}

/// Hands out the audit log as a file, oldest first
///
/// The log tells who had it. Where something goes wrong on the way, the connection breaks off: a file that ended well is
/// whole.
#[endpoint(
    tags("audit"),
    parameters(("format" = Option<String>, Query, description = "`csv`, for spreadsheets, or `jsonl`, a JSON object a line, which is what is taken where nothing is said")),
    responses(
        (status_code = 200, description = "The lines", content_type = ["application/x-ndjson", "text/csv"], body = String),
    )
)]
pub(crate) async fn export(
    caller: Caller,
    lines: Lines,
    req: &mut Request,
    depot: &mut Depot,
    res: &mut Response,
) -> Result<(), ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::ReadAudit)?;
    let format = in_query::<Format>(req, "format", "`csv` or `jsonl`")?.unwrap_or_default();
    let deed = Deed::of(caller.user, "audit.export").with(serde_json::json!({ "format": format.word() }));
    app.store.audit().tell(deed).await?;
    file::send(app.store.clone(), lines.0, format, res);
    Ok(())
}

/// What came of walking along the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditCheck {
    /// Whether every line is as it was written, and none is missing.
    ok: bool,
    /// The last line that was deleted because of its age; 0 where none was.
    deleted_up_to: Option<i64>,
    /// The last line.
    last: Option<i64>,
    /// Its hash. Whoever keeps it elsewhere can tell later that this part of the log was not made anew.
    last_hash: Option<String>,
    /// The first line with which something is wrong.
    broken_at: Option<i64>,
    /// What is wrong: `changed`, `missing`, `cut` (it and all after it are missing), or `surplus` (not written by Pult).
    fault: Option<Word<Fault>>,
}

/// Checks that nothing was changed in the audit log, and nothing is missing
#[endpoint(tags("audit"))]
pub(crate) async fn verify(caller: Caller, depot: &mut Depot) -> Result<Json<AuditCheck>, ApiError> {
    caller.may_with_any(Action::ReadAudit)?;
    Ok(Json(extract::app(depot).store.audit().verify().await?.into()))
}

impl From<Result<Sound, Broken>> for AuditCheck {
    fn from(walked: Result<Sound, Broken>) -> Self {
        let (ok, broken) = (walked.is_ok(), walked.err());
        let Sound { anchor, head } = walked.unwrap_or(Sound { anchor: Link::START, head: Link::START });
        Self {
            ok,
            deleted_up_to: ok.then_some(anchor.seq),
            last: ok.then_some(head.seq),
            last_hash: ok.then(|| head.hash.to_string()),
            broken_at: broken.map(|broken| broken.seq),
            fault: broken.map(|broken| Word(broken.fault)),
        }
    }
}

/// Which lines are looked for: `actor`, `action`, `object`, `from` and `to`.
pub(crate) struct Lines(Sought);

impl<'ex> Extractible<'ex> for Lines {
    fn metadata() -> &'static Metadata {
        &NOWHERE
    }

    #[expect(refining_impl_trait, reason = "the framework's own extractors name their error too")]
    async fn extract(req: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, ApiError> {
        Ok(Self(Sought {
            actor: in_query(req, "actor", "the id of a user")?,
            action: req.query("action"),
            object: req.query("object"),
            from: in_query(req, "from", "a time such as 2026-09-01T00:00:00Z")?,
            until: in_query(req, "to", "a time such as 2026-09-01T00:00:00Z")?,
        }))
    }
}

/// A value of the query, if it is there.
fn in_query<T: FromStr>(req: &Request, name: &'static str, expected: &str) -> Result<Option<T>, ApiError> {
    let read = |text: String| text.parse().map_err(|_| ApiError::Malformed(format!("{name}: expected {expected}")));
    req.query::<String>(name).map(read).transpose()
}

impl EndpointArgRegister for Lines {
    fn register(_: &mut Components, operation: &mut Operation, _: &str) {
        let text = || oapi::Object::with_type(oapi::BasicType::String);
        let time = || text().format(oapi::SchemaFormat::KnownFormat(oapi::KnownFormat::DateTime));
        for (name, schema, description) in [
            ("actor", text(), "What this user did: an id"),
            ("action", text(), "What begins so: `template.` for all that is done with templates"),
            ("object", text(), "What was done to this"),
            ("from", time(), "From then on"),
            ("to", time(), "Before then"),
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
