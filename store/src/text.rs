//! What text the databases keep: any but NUL, which PostgreSQL refuses in columns, in JSON and even in what is looked
//! for. Texts come from people, engines and desktops, so one may hold it.

use serde_json::Value;

/// Whether a text can be in the database at all. Nothing has a name that cannot, so whoever asks for it is told so
/// without asking the database.
pub(crate) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

/// A text for people, as it can be stored. Not for names: two of them could become one.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "")
}

/// The same for every text in structured data.
pub(crate) fn storable_json(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(storable(&text)),
        Value::Array(items) => items.into_iter().map(storable_json).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (storable(&name), storable_json(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{is_storable, storable_json};

    #[test]
    fn only_the_nul_is_taken_out() {
        let told = json!({ "a\0": ["b\0c", 1, null, { "d": "\\u0000 \u{1}" }] });
        assert_eq!(storable_json(told), json!({ "a": ["bc", 1, null, { "d": "\\u0000 \u{1}" }] }));
        assert!(is_storable("") && !is_storable("\0"));
    }
}
