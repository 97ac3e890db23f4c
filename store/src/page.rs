use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// Which part of a list is wanted.
#[derive(Debug, Clone)]
pub struct Paging {
    /// Items at most, 1 to 200.
    pub limit: u64,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; none after the last.
    pub next_cursor: Option<String>,
}

impl Paging {
    /// The key after which the page begins; a cursor that we did not make begins anew.
    pub(crate) fn after<K: DeserializeOwned>(&self) -> Option<K> {
        let key = String::from_utf8(URL_SAFE_NO_PAD.decode(self.cursor.as_deref()?).ok()?).ok()?;
        // a NUL as JSON spells it: no database has a key with one, and PostgreSQL refuses to look
        if key.contains("\\u0000") { None } else { serde_json::from_str(&key).ok() }
    }
}

impl<T> Page<T> {
    /// A page from one item more than fits, if there is one, and the key of an item.
    pub(crate) fn of<K: Serialize>(mut items: Vec<T>, limit: u64, key: impl Fn(&T) -> K) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items
            .last()
            .filter(|_| more)
            .and_then(|last| serde_json::to_vec(&key(last)).ok())
            .map(|key| URL_SAFE_NO_PAD.encode(key));
        Self { items, next_cursor }
    }

    /// The same page of other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next_cursor: self.next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, Paging};

    fn after(cursor: Option<String>) -> Option<String> {
        Paging { limit: 2, cursor }.after()
    }

    #[test]
    fn the_next_page_begins_after_the_last_item() {
        let page = Page::of(vec!["a", "b", "c"], 2, |item| (*item).to_owned());
        assert_eq!(page.items, ["a", "b"]);
        assert_eq!(after(page.next_cursor).as_deref(), Some("b"));
    }

    #[test]
    fn the_last_page_has_no_cursor_even_if_it_is_full() {
        assert_eq!(Page::of(vec!["a", "b"], 2, |item| (*item).to_owned()).next_cursor, None);
        assert_eq!(Page::of(Vec::<&str>::new(), 2, |item| (*item).to_owned()).next_cursor, None);
    }

    #[test]
    fn a_cursor_that_we_did_not_make_begins_anew() {
        // not Base64, not UTF-8, not JSON, not a text, and a NUL
        for odd in ["!", "_w", "YQ", "MQ", "IlxcdTAwMDAi", "Ilx1MDAwMCI"] {
            assert_eq!(after(Some(odd.to_owned())), None, "{odd}");
        }
    }
}
