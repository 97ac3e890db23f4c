use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderValue, Method, Request, Version,
    header::{self, GetAll},
};
use sha1::{Digest as _, Sha1};

use crate::{
    failure::Failure,
    front::{Front, Loss},
};

/// What a request is for.
#[derive(Debug)]
pub(crate) enum Wish {
    /// An answer.
    Answer,
    /// A stream.
    Stream(Handshake),
}

/// A client's well-formed opening handshake (RFC 6455 section 4.1).
#[derive(Debug)]
pub(crate) struct Handshake {
    /// 16 bytes in base64.
    pub(crate) key: HeaderValue,
    /// The subprotocols it offers, as it wrote them.
    pub(crate) protocols: Vec<HeaderValue>,
}

impl Wish {
    /// What a request is for: a stream if and only if it asks to be upgraded to `websocket`, and then it does so
    /// without a fault.
    pub(crate) fn of<B>(request: &Request<B>) -> Result<Self, Failure> {
        let headers = request.headers();
        // browsers send the key with nothing but an upgrade
        let has_key = headers.contains_key(header::SEC_WEBSOCKET_KEY);
        let lost = |loss| Err(Failure::UpgradeLost(loss, Front::of(headers, request.version())));
        if !has_token(headers, &header::UPGRADE, "websocket") {
            return if has_key { lost(Loss::Upgrade) } else { Ok(Self::Answer) };
        }
        if has_key && request.version() < Version::HTTP_11 {
            return lost(Loss::Version);
        }
        if has_key && !has_token(headers, &header::CONNECTION, "upgrade") {
            return lost(Loss::Connection);
        }
        let key = only(headers, header::SEC_WEBSOCKET_KEY);
        let faults = [
            (request.version() != Version::HTTP_11, "not HTTP/1.1"),
            (request.method() != Method::GET, "the method is not GET"),
            (!has_token(headers, &header::CONNECTION, "upgrade"), "`Connection` does not say `upgrade`"),
            (has_body(headers), "it has a body"),
            (only(headers, header::SEC_WEBSOCKET_VERSION).is_none_or(|value| value != "13"), "the version is not 13"),
            (!key.is_some_and(is_key), "the key is not 16 bytes in base64"),
            (!are_names(&headers.get_all(header::SEC_WEBSOCKET_PROTOCOL)), "a subprotocol is not a token"),
        ];
        match (faults.iter().find(|(is_wrong, _)| *is_wrong), key) {
            (Some((_, fault)), _) => Err(Failure::UpgradeMalformed(fault)),
            (None, None) => Err(Failure::UpgradeMalformed("the key is missing")),
            (None, Some(key)) => Ok(Self::Stream(Handshake {
                key: key.clone(),
                protocols: headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().cloned().collect(),
            })),
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }
}

/// Judges a request by the rules for streams of desktops, where none is meant: the `Sec-WebSocket-Accept` that answers
/// it, or nothing if it asks for an ordinary answer.
pub fn accept_stream<B>(request: &Request<B>) -> Result<Option<String>, Failure> {
    Ok(match Wish::of(request)? {
        Wish::Stream(handshake) => Some(handshake.accept()),
        Wish::Answer => None,
    })
}

impl Handshake {
    /// What proves that the other side understood (RFC 6455 section 4.2.2).
    pub(crate) fn accept(&self) -> String {
        let mut sha = Sha1::new();
        sha.update(self.key.as_bytes());
        sha.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        STANDARD.encode(sha.finalize())
    }

    /// Whether the client offered a subprotocol.
    pub(crate) fn offers(&self, protocol: &HeaderValue) -> bool {
        self.protocols
            .iter()
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .any(|offer| offer.trim_ascii() == protocol.as_bytes().trim_ascii())
    }
}

/// Whether a comma-separated list in these headers holds a word, in any case.
pub(crate) fn has_token(headers: &HeaderMap, name: &header::HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .any(|token| token.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether all that is offered can be a subprotocol's name (RFC 6455 section 4.1, RFC 9110 section 5.6.2). What
/// `KasmVNC` would take for a path cannot.
fn are_names(offers: &GetAll<'_, HeaderValue>) -> bool {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let mut offers = offers.iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    offers.all(|offer| !offer.trim_ascii().is_empty() && offer.trim_ascii().iter().all(is_token))
}

/// The value of a header that may be given once.
fn only(headers: &HeaderMap, name: header::HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get_all(header::CONTENT_LENGTH).iter().any(|value| value != "0")
}

fn is_key(key: &HeaderValue) -> bool {
    STANDARD.decode(key.as_bytes()).is_ok_and(|bytes| bytes.len() == 16)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request, Version};

    use super::Wish;
    use crate::{Failure, Loss};

    const GOOD: [(&str, &str); 4] = [
        ("Upgrade", "websocket"),
        ("Connection", "keep-alive, Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let builder = headers.iter().fold(Request::get("/"), |builder, (name, value)| builder.header(*name, *value));
        builder.body(()).expect("a request")
    }

    fn with(name: &'static str, value: &'static str) -> Request<()> {
        let mut request = request(&GOOD);
        request.headers_mut().insert(name, HeaderValue::from_static(value));
        request
    }

    fn fault(request: &Request<()>) -> Option<&'static str> {
        Wish::of(request).err().map(|failure| failure.code())
    }

    #[test]
    fn a_browsers_handshake_is_a_wish_for_a_stream() {
        let Ok(Wish::Stream(handshake)) = Wish::of(&request(&GOOD)) else {
            panic!("it is one");
        };
        // the example of RFC 6455 section 1.3
        assert_eq!(handshake.accept(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(matches!(Wish::of(&with("upgrade", "h2c, WebSocket")), Ok(Wish::Stream(_))));
        assert!(matches!(Wish::of(&with("content-length", "0")), Ok(Wish::Stream(_))));
    }

    #[test]
    fn what_asks_for_something_else_is_an_ordinary_request() {
        assert!(matches!(Wish::of(&request(&[])), Ok(Wish::Answer)));
        assert!(matches!(Wish::of(&request(&[("Upgrade", "h2c"), ("Connection", "Upgrade")])), Ok(Wish::Answer)));
    }

    #[test]
    fn a_handshake_with_a_fault_is_malformed() {
        for (name, value) in [
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", "c2hvcnQ="),
            ("sec-websocket-key", "no base64 at all!"),
            ("content-length", "3"),
            ("transfer-encoding", "chunked"),
            ("sec-websocket-protocol", "/api/x"),
            ("sec-websocket-protocol", "binary, "),
        ] {
            assert_eq!(fault(&with(name, value)), Some("upgrade_malformed"), "{name}: {value}");
        }
        for missing in ["sec-websocket-version", "sec-websocket-key"] {
            let mut request = request(&GOOD);
            request.headers_mut().remove(missing);
            assert_eq!(fault(&request), Some("upgrade_malformed"), "without {missing}");
        }
        let mut request = request(&GOOD);
        request.headers_mut().append("sec-websocket-key", HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(fault(&request), Some("upgrade_malformed"), "two keys");
        let (mut parts, ()) = self::request(&GOOD).into_parts();
        parts.method = http::Method::POST;
        assert_eq!(fault(&Request::from_parts(parts, ())), Some("upgrade_malformed"), "POST");
        let (mut parts, ()) = self::request(&GOOD).into_parts();
        parts.version = Version::HTTP_2;
        assert_eq!(fault(&Request::from_parts(parts, ())), Some("upgrade_malformed"), "HTTP/2");
    }

    #[test]
    fn what_a_front_proxy_spoiled_is_said_to_be_its_doing() {
        let mut request = request(&GOOD);
        request.headers_mut().remove("upgrade");
        request.headers_mut().insert("x-forwarded-server", HeaderValue::from_static("school.example"));
        let Err(failure @ Failure::UpgradeLost(Loss::Upgrade, _)) = Wish::of(&request) else {
            panic!("the header is lost");
        };
        assert_eq!((failure.code(), failure.status().as_u16()), ("upgrade_header_lost", 426));
        assert!(failure.to_string().contains("Apache"), "{failure}");

        assert_eq!(fault(&with("connection", "close")), Some("connection_header_lost"));
        assert_eq!(fault(&with("connection", "keep-alive")), Some("connection_header_lost"));
        let (mut parts, ()) = self::request(&GOOD).into_parts();
        parts.version = Version::HTTP_10;
        let failure = Wish::of(&Request::from_parts(parts, ())).expect_err("HTTP/1.0 knows no streams");
        assert_eq!((failure.code(), failure.status().as_u16()), ("http_version_lost", 426));
        assert!(failure.to_string().contains("proxy_http_version 1.1"), "{failure}");
    }
}
