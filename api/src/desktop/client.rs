//! Serves a client that was taken from its image, from our own disk: the container is not asked, and whoever is in it
//! changes nothing of what others see. Only the stream goes on to the container; whatever else a desktop serves,
//! such as `KasmVNC`'s `/Downloads` and its programming interface, is nowhere to be found here.
//!
//! It runs on our own origin, where it could do what its user may do. That is right for two reasons only: an
//! administrator chose the image, and a pupil can change neither the image nor what was unpacked from it.

use std::{io::SeekFrom, ops::Range, path::PathBuf};

use domain::template::Client;
use files::{ClientFile, key_of, name_of};
use routing::{Route, Target};
use salvo::{
    Request, Response,
    http::{HeaderName, HeaderValue, Method, ResBody, StatusCode, header},
    hyper::body::Bytes,
};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};
use tokio_util::io::ReaderStream;
use url::form_urlencoded;

use crate::{app::App, error::ApiError};

/// What a client gets of the browser: its own files, this origin's stream, and what `KasmVNC` makes while it runs
/// (WebAssembly decoders, workers and pictures from memory, styles in its page).
///
/// A script that stands in a page runs by its digest, so that none does that a hostile desktop smuggled in through a
/// name or a clipboard. For the same reason handlers in attributes do not run: `KasmVNC` has one that closes an error,
/// and some that write a number beside a slider.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; \
    worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; \
    script-src 'self' 'wasm-unsafe-eval'";

/// What a client is told in its address, where nobody told it something else. `path` leads its stream to its desktop;
/// a client that finds that by itself ignores it, as each ignores what it does not know.
///
/// | name | whose | why |
/// |---|---|---|
/// | `autoconnect`, `resize`, `reconnect`, `reconnect_delay` | noVNC and `KasmVNC` | the desktop appears, fills the frame, and comes back by itself |
/// | `show_control_bar` | `KasmVNC` | in a frame it hides its bar |
/// | `idle_disconnect`, minutes | `KasmVNC` | it would leave after 20 minutes; when a desktop stops is our affair |
const PARAMETERS: [(&str, &str); 6] = [
    ("autoconnect", "1"),
    ("resize", "remote"),
    ("reconnect", "1"),
    ("reconnect_delay", "2000"),
    ("show_control_bar", "1"),
    ("idle_disconnect", "1440"),
];

/// What our page asks for when it wants the client and knows no more. Not for the client.
const WORD: &str = "client";

/// Whether a desktop is shown by pages from its image, and whether this is the first of them: that one is a frame in
/// a page of ours, which asks for it with a query.
pub(super) fn is_framed(route: &Route, rest: &str) -> bool {
    matches!(route.client, Client::Image(_)) && rest == "/"
}

/// Answers with a file of the client of a desktop that runs, `rest` being what is asked below its place.
pub(super) async fn serve(
    app: &App,
    route: &Route,
    target: &Target,
    rest: &str,
    req: &Request,
    res: &mut Response,
) -> Result<(), ApiError> {
    if !matches!(*req.method(), Method::GET | Method::HEAD) {
        return Err(ApiError::Method);
    }
    // A worker that stays in the browser would show yesterday's image tomorrow, and answer for it.
    if req.headers().contains_key("service-worker") {
        return Err(ApiError::NotFound("file"));
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (first, first_query) = target.path.split_once('?').unwrap_or((&target.path, ""));
    if path == "/" || path == first {
        let told = parameters(&route.name, first_query, query);
        if path != first || told.is_some() {
            let query = told.unwrap_or_else(|| query.to_owned());
            let headers = res.headers_mut();
            insert(headers, header::LOCATION, &format!("/desktop/{}{first}?{query}", route.name));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            res.status_code(StatusCode::FOUND);
            return Ok(());
        }
    }
    let key = target.image.clone().and_then(|image| key_of(image, &route.client));
    let client = match key {
        Some(key) => app.clients.find(&key).await.map_err(|error| unreadable(&error))?,
        None => None,
    };
    let found = client.as_ref().and_then(|client| Some((client, client.file(&name_of(path)?)?)));
    let (client, file) = found.ok_or(ApiError::NotFound("file"))?;
    let representation = Representation::choose(file, req, || client.contents(file), || client.compressed(file));
    representation.answer(file, req, res).await
}

/// The query that a client's first page needs, unless the one that was asked with has it.
fn parameters(name: &str, of_template: &str, asked: &str) -> Option<String> {
    let pairs = |query: &str| form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>();
    let asked = pairs(asked);
    if asked.iter().any(|(key, _)| key == "path") {
        return None;
    }
    let mut told = vec![("path".to_owned(), format!("desktop/{name}/websockify"))];
    let usual = PARAMETERS.map(|(key, value)| (key.to_owned(), value.to_owned()));
    // what is said last wins, in the place of what was said first
    for (key, value) in usual.into_iter().chain(pairs(of_template)).chain(asked) {
        match told.iter_mut().find(|(known, _)| *known == key) {
            _ if key == WORD || key == "path" => {}
            Some((_, known)) => *known = value,
            None => told.push((key, value)),
        }
    }
    // the path is a path, and readable as one
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(told).finish();
    Some(query.replace("%2F", "/"))
}

/// One of the forms in which a file can be sent.
struct Representation {
    path: PathBuf,
    size: u64,
    etag: String,
    encoding: Option<&'static str>,
}

impl Representation {
    /// The smaller one if the browser takes it. Parts are always parts of the file itself.
    fn choose(
        file: &ClientFile,
        req: &Request,
        contents: impl FnOnce() -> PathBuf,
        compressed: impl FnOnce() -> PathBuf,
    ) -> Self {
        let digest = &file.digest[..32];
        match file.gzip {
            Some(size) if takes_gzip(req) && !req.headers().contains_key(header::RANGE) => {
                Self { path: compressed(), size, etag: format!("\"{digest}-gzip\""), encoding: Some("gzip") }
            }
            _ => Self { path: contents(), size: file.size, etag: format!("\"{digest}\""), encoding: None },
        }
    }

    async fn answer(self, file: &ClientFile, req: &Request, res: &mut Response) -> Result<(), ApiError> {
        self.describe(file, res);
        let given = |name| req.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        if given(header::IF_NONE_MATCH).is_some_and(|known| names(known, &self.etag)) {
            res.status_code(StatusCode::NOT_MODIFIED);
            return Ok(());
        }
        let is_same = given(header::IF_RANGE).is_none_or(|known| known == self.etag);
        let part = given(header::RANGE).filter(|_| is_same).map_or(Part::Whole, |range| part(range, self.size));
        let headers = res.headers_mut();
        let range = match part {
            Part::Whole => 0..self.size,
            Part::Some(range) => {
                let told = format!("bytes {}-{}/{}", range.start, range.end - 1, self.size);
                insert(headers, header::CONTENT_RANGE, &told);
                res.status_code(StatusCode::PARTIAL_CONTENT);
                range
            }
            Part::Beyond => {
                insert(headers, header::CONTENT_RANGE, &format!("bytes */{}", self.size));
                res.status_code(StatusCode::RANGE_NOT_SATISFIABLE);
                // a body, if an empty one: without any the framework tells of a problem of its own
                res.body(ResBody::Once(Bytes::new()));
                return Ok(());
            }
        };
        let length = range.end - range.start;
        res.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        if *req.method() == Method::GET {
            res.body(self.read(range).await.map_err(|error| unreadable(&error))?);
        }
        Ok(())
    }

    /// All that is said of a file, whether it is sent or known already.
    fn describe(&self, file: &ClientFile, res: &mut Response) {
        let headers = res.headers_mut();
        let is_text = file.media_type.starts_with("text/");
        insert(
            headers,
            header::CONTENT_TYPE,
            &format!("{}{}", file.media_type, if is_text { "; charset=utf-8" } else { "" }),
        );
        let mut policy = CONTENT_SECURITY_POLICY.to_owned();
        for digest in &file.scripts {
            policy.push_str(" 'sha256-");
            policy.push_str(digest);
            policy.push('\'');
        }
        insert(headers, header::CONTENT_SECURITY_POLICY, &policy);
        insert(headers, header::ETAG, &self.etag);
        if let Some(encoding) = self.encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        for (name, value) in [
            // The address stays while the image changes, so each use asks whether it is still the same.
            (header::CACHE_CONTROL, "private, no-cache"),
            (header::VARY, "accept-encoding"),
            (header::ACCEPT_RANGES, "bytes"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }

    async fn read(&self, range: Range<u64>) -> std::io::Result<ResBody> {
        let mut file = File::open(&self.path).await?;
        file.seek(SeekFrom::Start(range.start)).await?;
        Ok(ResBody::stream(ReaderStream::with_capacity(file.take(range.end - range.start), 64 << 10)))
    }
}

fn insert(headers: &mut salvo::http::HeaderMap, name: HeaderName, value: &str) {
    // what we make of digests, numbers and media types is always a header's value
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn takes_gzip(req: &Request) -> bool {
    let accepted = req.header::<&str>(header::ACCEPT_ENCODING).unwrap_or_default();
    accepted.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.replace(' ', "").as_str(), "q=0" | "q=0.0")
    })
}

/// Whether a list of entity tags names one of ours (RFC 9110, section 13.1.2).
fn names(list: &str, etag: &str) -> bool {
    list.trim() == "*" || list.split(',').any(|one| one.trim().trim_start_matches("W/") == etag)
}

/// What is wanted of a file.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Some(Range<u64>),
    Beyond,
}

/// One range of bytes (RFC 9110, section 14.1.2). Several at once, and what is no range, get the whole.
fn part(range: &str, size: u64) -> Part {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::Whole;
    };
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..size,
        (Err(_), Ok(length)) if first.trim().is_empty() => size.saturating_sub(length)..size,
        _ => return Part::Whole,
    };
    if range.is_empty() { Part::Beyond } else { Part::Some(range) }
}

fn unreadable(error: &(dyn std::error::Error + 'static)) -> ApiError {
    tracing::error!(error, "a client's file cannot be read");
    ApiError::Internal
}

#[cfg(test)]
mod tests {
    use super::{Part, names, parameters, part};

    #[test]
    fn a_client_is_told_where_its_stream_is_and_keeps_what_it_was_told_otherwise() {
        let usual =
            "autoconnect=1&resize=remote&reconnect=1&reconnect_delay=2000&show_control_bar=1&idle_disconnect=1440";
        let path = "path=desktop/anna-tiny/websockify";
        assert_eq!(parameters("anna-tiny", "", "client"), Some(format!("{path}&{usual}")));
        assert_eq!(
            parameters("anna-tiny", "resize=scale&x=a%26b", "resize=off&y="),
            Some(format!("{path}&{}&x=a%26b&y=", usual.replace("resize=remote", "resize=off")))
        );
        assert_eq!(parameters("anna-tiny", "path=websockify", ""), Some(format!("{path}&{usual}")));
        assert_eq!(parameters("anna-tiny", "resize=scale", "path=mine"), None);
    }

    #[test]
    fn a_part_is_what_rfc_9110_says() {
        for (range, wanted) in [
            ("bytes=0-0", Part::Some(0..1)),
            ("bytes=2-", Part::Some(2..10)),
            ("bytes=-3", Part::Some(7..10)),
            ("bytes=-30", Part::Some(0..10)),
            ("bytes=4-400", Part::Some(4..10)),
            ("bytes=10-", Part::Beyond),
            ("bytes=10-20", Part::Beyond),
            ("bytes=-0", Part::Beyond),
            ("bytes=5-4", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=-", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("bytes=0-18446744073709551615", Part::Some(0..10)),
        ] {
            assert_eq!(part(range, 10), wanted, "{range}");
        }
        assert_eq!(part("bytes=0-0", 0), Part::Beyond);
    }

    #[test]
    fn an_entity_tag_is_found_in_a_list() {
        for list in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(names(list, "\"a\""), "{list}");
        }
        assert!(!names("\"ab\"", "\"a\"") && !names("", "\"a\"") && !names("a", "\"a\""));
    }
}
