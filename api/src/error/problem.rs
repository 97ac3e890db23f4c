use domain::desktop::DesktopState;
use salvo::{
    Response,
    http::{HeaderValue, header},
    oapi::{BasicType, Components, Object, RefOr, Schema, ToSchema},
    writing::Text,
};
use serde::Serialize;

use super::{ApiError, Audience};
use crate::word::Word;

/// Wrong lines that are told.
pub(crate) const MOST_LINES: usize = 100;

/// What went wrong, for programs and for people.
#[derive(Debug, Serialize, ToSchema)]
#[salvo(schema(example = json!({
    "type": "about:blank", "title": "Not Found", "status": 404, "code": "desktop_not_found",
    "detail": "There is no such desktop. The overview shows those there are.", "side": "browser",
    "request_id": "01K8Z5J2M7Q9R4T6V8X0Y2A4C6"
})))]
pub(crate) struct Problem {
    /// Always `about:blank`: the `code` tells problems apart.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// A stable word for this kind of problem.
    code: &'static str,
    /// A sentence in the caller's language that says what to do.
    detail: String,
    /// On whose side it went wrong.
    side: Side,
    /// The line that mends it, where one does: for the front proxy's configuration, or for ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    /// What to report it by: the log has it too.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<WrongField>,
    /// The lines that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<WrongLine>,
    /// The desktop's state, where that is the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<Word<DesktopState>>,
}

/// On whose side something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    /// What was asked, or who asked.
    Browser,
    /// What stands between the browser and us.
    Proxy,
    /// Ours.
    Pult,
    /// The desktop's.
    Desktop,
    /// The identity provider's.
    Provider,
}

impl ToSchema for Side {
    fn to_schema(_: &mut Components) -> RefOr<Schema> {
        Object::with_type(BasicType::String).enum_values(["browser", "proxy", "pult", "desktop", "provider"]).into()
    }
}

/// A field that does not hold what it should.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WrongField {
    /// The field.
    field: &'static str,
    /// What was expected of it.
    expected: &'static str,
}

/// A line of a file that does not hold what it should.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WrongLine {
    /// Its number, from 1.
    pub(crate) line: u64,
    /// What was expected of it.
    pub(crate) expected: &'static str,
}

impl From<&roster::csv::WrongLine> for WrongLine {
    fn from(wrong: &roster::csv::WrongLine) -> Self {
        Self { line: wrong.line, expected: wrong.expected }
    }
}

/// Tells a program.
pub(super) fn render(error: &ApiError, audience: &Audience, res: &mut Response) {
    let status = error.status();
    let remedy = error.remedy(audience.backend);
    let problem = Problem {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        code: error.code(),
        detail: error.said(audience.language).in_one(remedy.as_deref()),
        side: error.side(),
        remedy,
        request_id: audience.request_id.clone(),
        fields: match error {
            ApiError::Fields(wrong) => {
                wrong.iter().map(|one| WrongField { field: one.field, expected: one.expected }).collect()
            }
            _ => Vec::new(),
        },
        lines: match error {
            ApiError::Lines(wrong) => wrong.iter().take(MOST_LINES).map(WrongLine::from).collect(),
            _ => Vec::new(),
        },
        state: if let ApiError::NotRunning(state) = error { Some(Word(*state)) } else { None },
    };
    // a problem of plain strings and numbers always serialises
    res.render(Text::Json(serde_json::to_string(&problem).unwrap_or_default()));
    res.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
}
