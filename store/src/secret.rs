//! Random secrets, and what is stored of them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Thirty-two, so that a byte gives each with the same chance. Without `l` and `o`, `0` and `1`.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Random bytes from the operating system.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes once it has booted");
    bytes
}

/// 256 random bits as 43 characters that are safe in addresses and headers.
pub(crate) fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<32>())
}

/// The same, for whoever keeps it elsewhere.
pub fn random_secret() -> SecretString {
    random_token().into()
}

/// A random key.
pub fn random_key() -> [u8; 32] {
    random_bytes()
}

/// 60 random bits as twelve letters and digits that can be told apart, in groups of four: to be read aloud and typed.
pub fn random_words() -> String {
    let letters: Vec<_> = random_bytes::<12>().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).into();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
}

/// Four of the same, to tell equal names apart.
pub(crate) fn random_suffix() -> String {
    random_bytes::<4>().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).iter().collect()
}

/// 100 random bits as twenty of the same, for the first part of a host name. DNS and TLS show it to the network: it keeps
/// strangers from finding a desktop's host, and opens nothing.
pub(crate) fn random_label() -> String {
    random_bytes::<20>().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).iter().collect()
}

/// What is stored of a random secret. No salt and no stretching: 256 random bits cannot be guessed.
pub(crate) fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

/// The token that a page must send with every unsafe request of this session. Bound to the session's secret, which
/// the page itself cannot read.
pub fn csrf_token(session: &SecretString) -> String {
    hash(&format!("pult-csrf:{}", session.expose_secret()))
}

/// What may be shown of a random word, so that its owner can prove later that it was theirs (RFC 7636 section 4.2).
pub fn challenge(word: &SecretString) -> String {
    hash(word.expose_secret())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{LETTERS, csrf_token, hash, random_label, random_suffix, random_token, random_words};

    #[test]
    fn secrets_are_never_the_same() {
        let tokens: HashSet<_> = (0..100).map(|_| random_token()).collect();
        assert_eq!(tokens.len(), 100);
        assert!(tokens.iter().all(|token| token.len() == 43));
    }

    #[test]
    fn words_to_be_typed_have_letters_that_can_be_told_apart() {
        assert_eq!(LETTERS.iter().collect::<HashSet<_>>().len(), 32);
        assert!(LETTERS.iter().all(|letter| !b"lo01".contains(letter)));
        let words = random_words();
        assert_eq!(words.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4]);
        for letter in words.bytes().filter(|byte| *byte != b'-').chain(random_suffix().bytes()) {
            assert!(LETTERS.contains(&letter), "{words}");
        }
    }

    #[test]
    fn a_label_is_one_of_dns_and_nobody_can_guess_it() {
        let labels: HashSet<_> = (0..1000).map(|_| random_label()).collect();
        assert_eq!(labels.len(), 1000);
        // five bits a letter (RFC 1035 section 2.3.1: letters and digits, 63 at most)
        assert!(labels.iter().all(|label| label.len() * 5 >= 80 && label.bytes().all(|byte| LETTERS.contains(&byte))));
    }

    #[test]
    fn a_csrf_token_belongs_to_one_session_and_gives_nothing_away() {
        let [one, other] = ["one", "other"].map(|secret| csrf_token(&secret.into()));
        assert_ne!(one, other);
        assert_eq!(one, csrf_token(&"one".into()));
        // it is not what the database knows the session by
        assert_ne!(one, hash("one"));
    }
}
