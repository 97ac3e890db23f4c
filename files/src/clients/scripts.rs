//! The scripts that stand in a page itself. A content security policy lets each run by its digest, so that a page may
//! bring its own and nothing that somebody smuggled into it runs beside them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// The digests of a page's scripts without a source.
///
/// It looks for tags and knows no more of HTML. What it takes for a script and is none, in a comment, does no harm.
pub(super) fn inline(page: &[u8]) -> Vec<String> {
    // browsers do this before they look at anything
    let page = String::from_utf8_lossy(page).replace("\r\n", "\n").replace('\r', "\n");
    // ASCII only, so that places in one are places in the other
    let lower = page.to_ascii_lowercase();
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(tag) = lower[from..].find("<script").map(|start| from + start + "<script".len()) {
        let Some(open) = lower[tag..].find('>').map(|end| tag + end) else { break };
        let Some(close) = lower[open..].find("</script").map(|end| open + end) else { break };
        let attributes = &lower[tag..open];
        let is_script = attributes.is_empty() || attributes.starts_with(|first: char| first.is_ascii_whitespace());
        let has_source = attributes.split_ascii_whitespace().any(|word| word.split('=').next() == Some("src"));
        if is_script && !has_source {
            found.push(STANDARD.encode(Sha256::digest(&page[open + 1..close])));
        }
        from = close;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::inline;

    #[test]
    fn a_script_without_a_source_is_named_by_its_digest() {
        let page =
            b"<SCRIPT type=module>\r\nlet a = 1 > 0;\r\n</Script><script src='x.js'></script><scripted>x</scripted>";
        // printf '\nlet a = 1 > 0;\n' | openssl dgst -sha256 -binary | base64
        assert_eq!(inline(page), ["uQNbbK1KyPfxUArFOuGs9r7hJ2AN20KZYOg15+E3Kg4="]);
        assert_eq!(inline("ſ<script>ä".as_bytes()), Vec::<String>::new(), "one that never ends is none");
    }
}
