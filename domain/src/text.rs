//! Texts: enums that are words, with one spelling for the database, the API and the labels, and names that come in
//! several spellings.

use unicode_normalization::UnicodeNormalization as _;

/// A word that is none of those expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a {kind}; expected one of {expected}")]
pub struct UnknownWord {
    /// What the word should have named.
    pub kind: &'static str,
    /// The word itself.
    pub found: String,
    /// All words that are accepted, separated by commas.
    pub expected: String,
}

/// Declares an enum whose variants are words, with `Display`, `FromStr`, serde and (behind the feature) a string
/// column, all agreeing on one spelling.
macro_rules! words {
    (
        $(#[$meta:meta])*
        $name:ident, $kind:literal {
            $( $(#[$variant_meta:meta])* $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType), sea_orm(value_type = "String"))]
        pub enum $name {
            $( $(#[$variant_meta])* #[serde(rename = $word)] $variant, )+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it is stored and spoken.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| $crate::UnknownWord {
                    kind: $kind,
                    found: word.to_owned(),
                    expected: Self::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

pub(crate) use words;

/// A name in its one composed spelling (NFC), without what cannot be seen around or in it.
pub fn normal(text: &str) -> String {
    let visible = |character: &char| !character.is_control();
    text.chars().filter(visible).nfc().collect::<String>().trim().to_owned()
}

/// The same for comparing: names are alike whatever their case.
pub fn folded(text: &str) -> String {
    normal(&normal(text).to_lowercase())
}
