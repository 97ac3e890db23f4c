use domain::Language;

/// The language of the person at the terminal, as their locale has it (POSIX: the first of these that is set).
pub(crate) fn spoken_language() -> Language {
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|locale| !locale.is_empty())
        .unwrap_or_default();
    of(&locale)
}

fn of(locale: &str) -> Language {
    if locale.starts_with("de") { Language::German } else { Language::English }
}

#[cfg(test)]
mod tests {
    use domain::Language;

    use super::of;

    #[test]
    fn a_german_locale_is_any_of_the_german_ones() {
        assert_eq!(of("de_AT.UTF-8"), Language::German);
        assert_eq!(of("C.UTF-8"), Language::English);
        assert_eq!(of(""), Language::English);
    }
}
