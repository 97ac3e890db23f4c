use std::str::FromStr;

use bytes::Bytes;
use domain::UnknownWord;
use futures::{Stream, stream};
use salvo::{
    Response,
    http::{HeaderValue, header},
};
use store::{Entry, Sought, Store, StoreError};

use crate::views::AuditView;

/// How the lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// A JSON object a line, as the list has them.
    #[default]
    Jsonl,
    /// For spreadsheets (RFC 4180).
    Csv,
}

/// Lines that are read at once. No more are held, however slowly they are taken.
const SOME: u64 = 500;

/// The first line of a table.
const HEADING: &str = "seq,at,actor,action,object,detail,id,hash\r\n";

/// Answers with the lines, which are read while they are sent.
pub(super) fn send(store: Store, sought: Sought, format: Format, res: &mut Response) {
    let (kind, name) = match format {
        Format::Jsonl => ("application/x-ndjson", "attachment; filename=\"pult-audit.jsonl\""),
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"pult-audit.csv\""),
    };
    let headers = res.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    res.stream(parts(store, sought, format));
}

fn parts(store: Store, sought: Sought, format: Format) -> impl Stream<Item = Result<Bytes, StoreError>> {
    stream::try_unfold((store, sought, Some(i64::MIN)), move |(store, sought, after)| async move {
        let Some(after) = after else {
            return Ok(None);
        };
        let entries = store.audit().after(&sought, after, SOME).await?;
        let next = entries.last().map(|entry| entry.line.seq);
        let heading = if after == i64::MIN && format == Format::Csv { HEADING } else { "" };
        let lines = entries.into_iter().map(|entry| format.line(entry));
        let part: String = std::iter::once(heading.to_owned()).chain(lines).collect();
        Ok(Some((part.into(), (store, sought, next))))
    })
}

impl Format {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }

    fn line(self, entry: Entry) -> String {
        match self {
            // a view is plain data, which always serialises
            Self::Jsonl => format!("{}\n", serde_json::to_string(&AuditView::from(entry)).unwrap_or_default()),
            Self::Csv => row(&entry),
        }
    }
}

fn row(Entry { line, hash }: &Entry) -> String {
    let fields = [
        line.seq.to_string(),
        line.at.to_rfc3339(),
        line.actor.map(|actor| actor.to_string()).unwrap_or_default(),
        line.action.clone(),
        line.object.clone().unwrap_or_default(),
        line.detail.as_ref().map(ToString::to_string).unwrap_or_default(),
        line.id.to_string(),
        hash.to_string(),
    ];
    fields.map(|field| cell(&field)).join(",") + "\r\n"
}

/// A field as it stands in a table: quoted, so that nothing in it ends it, and never a formula, which a spreadsheet would
/// carry out (OWASP, CSV injection).
fn cell(text: &str) -> String {
    let apostrophe = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%', '＝', '＋', '－', '＠']) {
        "'"
    } else {
        ""
    };
    format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
}

impl FromStr for Format {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Jsonl, Self::Csv].into_iter().find(|format| format.word() == word).ok_or_else(|| UnknownWord {
            kind: "format",
            found: word.to_owned(),
            expected: "jsonl, csv".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_field_is_a_formula_or_ends_before_its_end() {
        for (text, written) in [
            ("", "\"\""),
            ("template.create", "\"template.create\""),
            ("{\"a\":\"b, c\"}", "\"{\"\"a\"\":\"\"b, c\"\"}\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=HYPERLINK(\"http://evil.example\")", "\"'=HYPERLINK(\"\"http://evil.example\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("＝1", "\"'＝1\""),
            ("a=1", "\"a=1\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
