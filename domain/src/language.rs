//! The languages people read.

use crate::text::words;

words! {
    /// A language in which every sentence exists.
    Language, "language" {
        /// German.
        German = "de",
        /// English.
        English = "en",
    }
}

impl Language {
    /// The best of our languages for an `Accept-Language` header (RFC 9110 section 12.5.4); English where none fits.
    pub fn negotiate(accept_language: &str) -> Self {
        accept_language
            .split(',')
            .filter_map(|range| {
                let mut parts = range.split(';');
                let tag = parts.next()?.trim();
                let weight =
                    parts.find_map(|parameter| parameter.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
                let primary = tag.split('-').next()?.to_ascii_lowercase();
                let language = if primary == "*" { Self::English } else { primary.parse().ok()? };
                (weight > 0.0).then_some((weight, language))
            })
            // the first of equal weights wins, so a later one must be strictly better
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map_or(Self::English, |(_, language)| language)
    }

    /// Chooses between a German and an English text.
    pub fn pick<T>(self, german: T, english: T) -> T {
        match self {
            Self::German => german,
            Self::English => english,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn the_best_weighted_language_wins() {
        assert_eq!(Language::negotiate("de-DE,de;q=0.9,en;q=0.8"), Language::German);
        assert_eq!(Language::negotiate("en;q=0.3, de;q=0.4"), Language::German);
        assert_eq!(Language::negotiate("fr, de;q=0"), Language::English);
        assert_eq!(Language::negotiate(""), Language::English);
    }
}
