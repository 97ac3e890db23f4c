use domain::{
    access::Action,
    provisioning::{Extent, Source, plan},
};
use salvo::{
    Depot, Request, Writer,
    extract::{Extractible, Metadata},
    http::ParseError,
    oapi::{
        self, BasicType, Components, Content, EndpointArgRegister, Object, Operation, RequestBody, Required, ToSchema,
        endpoint, extract::QueryParam,
    },
    writing::Json,
};
use store::Deed;

use super::end;
use crate::{
    auth::Caller,
    error::{ApiError, Problem},
    extract,
    views::ReportView,
};

/// A file may be this large, in bytes: tens of thousands of lines.
const MAX_FILE: usize = 2 * 1024 * 1024;

const CSV: &str = "text/csv";

/// A file of people.
pub(crate) struct CsvFile(Vec<u8>);

/// Takes over a file of people and their classes
///
/// `username;vorname;nachname;klasse`, separated by `;` or `,`, in UTF-8, UTF-16, Latin-1 or Windows-1252. With
/// `dry_run=true` nothing is changed, and the answer says what would be, and which lines are wrong. Without it a file
/// with a wrong line is refused as a whole. Whoever is not in the file stays as they are; people who are in it leave the
/// class that an earlier file gave them.
#[endpoint(tags("provisioning"), parameters(("dry_run" = Option<bool>, Query, description = "Only say what would change")))]
pub(crate) async fn import(
    caller: Caller,
    dry_run: QueryParam<bool, false>,
    file: CsvFile,
    depot: &mut Depot,
) -> Result<Json<ReportView>, ApiError> {
    let app = extract::app(depot);
    caller.may_with_any(Action::Provision)?;
    let dry_run = dry_run.into_inner().unwrap_or(false);
    let issuer = app.config.providers.first().map(|provider| provider.issuer.clone());
    let file = roster::csv::parse(&file.0, issuer.as_deref());
    if !dry_run && !file.wrong.is_empty() {
        return Err(ApiError::Lines(file.wrong));
    }
    let provisioning = app.store.provisioning();
    let plan = plan(&provisioning.known(Source::Csv).await?, &file.roster, Extent::Part);
    let view = ReportView::new(&plan.report, &file.wrong, !dry_run);
    if !dry_run {
        let store = app.store.noting(Deed::of(caller.user, "people.import"));
        end(app, store.provisioning().carry_out(Source::Csv, &plan).await?);
    }
    Ok(Json(view))
}

impl<'ex> Extractible<'ex> for CsvFile {
    fn metadata() -> &'static Metadata {
        &extract::NOWHERE
    }

    #[expect(refining_impl_trait, reason = "the framework's own extractors name their error too")]
    async fn extract(req: &'ex mut Request, _: &'ex mut Depot) -> Result<Self, ApiError> {
        if req.content_type().is_none_or(|mime| mime.essence_str() != CSV) {
            return Err(ApiError::MediaType(CSV));
        }
        match req.payload_with_max_size(MAX_FILE).await {
            Ok(bytes) => Ok(Self(bytes.to_vec())),
            Err(ParseError::PayloadTooLarge) => Err(ApiError::TooLarge(MAX_FILE)),
            Err(error) => Err(ApiError::Malformed(error.to_string())),
        }
    }
}

impl EndpointArgRegister for CsvFile {
    fn register(components: &mut Components, operation: &mut Operation, _: &str) {
        let content = Content::new(Object::with_type(BasicType::String))
            .example(serde_json::json!("username;vorname;nachname;klasse\nmia.maier;Mia;Maier;8d\n"));
        operation.request_body = Some(RequestBody::new().add_content(CSV, content).required(Required::True));
        let problem = Problem::to_schema(components);
        for (status, when) in [
            ("413", "The file is larger than 2 MiB"),
            ("415", "The body is not `text/csv`"),
            ("422", "Some lines are wrong; nothing was taken over"),
        ] {
            let content = Content::new(problem.clone());
            operation
                .responses
                .insert(status, oapi::Response::new(when).add_content("application/problem+json", content));
        }
    }
}
