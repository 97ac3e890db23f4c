use http::{HeaderMap, HeaderValue, header};

/// The length that a body has by its head, if it says so; for requests and answers alike. A head that says it twice,
/// or in two ways, is refused with the reason: the next one to read it could choose the other.
pub(crate) fn length(headers: &HeaderMap) -> Result<Option<HeaderValue>, &'static str> {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (lengths.next(), encodings.next()) {
        _ if lengths.next().is_some() => Err("it has two lengths"),
        _ if encodings.next().is_some() => Err("it has two transfer encodings"),
        (Some(_), Some(_)) => Err("it has a length and a transfer encoding"),
        (None, Some(encoding)) if !encoding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            Err("its transfer encoding is not `chunked`")
        }
        (Some(length), None) => {
            let is_number = (1..=18).contains(&length.len()) && length.as_bytes().iter().all(u8::is_ascii_digit);
            is_number.then(|| Some(length.clone())).ok_or("its length is not a number")
        }
        (None, _) => Ok(None),
    }
}
