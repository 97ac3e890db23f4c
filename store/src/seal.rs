use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use secrecy::SecretString;

/// A value that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("a sealed value cannot be opened: it was sealed with another key, or changed since")]
pub struct SealError;

/// Seals values that must be read again, so that a copy of the database alone gives nothing away.
#[derive(Clone)]
pub struct Sealer {
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

const NONCE: usize = 24;

impl Sealer {
    /// With a key of the installation's.
    pub fn new(key: [u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&Key::from(key)) }
    }

    /// Seals a value for one place; opened anywhere else it is refused.
    pub(crate) fn seal(&self, value: &str, place: &str) -> Result<String, SealError> {
        let nonce: [u8; NONCE] = crate::secret::random_bytes();
        let payload = Payload { msg: value.as_bytes(), aad: place.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError)?;
        Ok(STANDARD_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what was sealed for this place.
    pub(crate) fn open(&self, sealed: &str, place: &str) -> Result<SecretString, SealError> {
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| SealError)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(SealError)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let value = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError)?;
        String::from_utf8(value).map(SecretString::from).map_err(|_| SealError)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::Sealer;

    #[test]
    fn a_value_opens_only_where_it_was_sealed() {
        let sealer = Sealer::new([7; 32]);
        let sealed = sealer.seal("geheim", "desktop 1").expect("it seals");
        assert!(!sealed.contains("geheim"));
        assert_eq!(sealer.open(&sealed, "desktop 1").expect("it opens").expose_secret(), "geheim");
        assert!(sealer.open(&sealed, "desktop 2").is_err());
        assert!(Sealer::new([8; 32]).open(&sealed, "desktop 1").is_err());
        assert!(sealer.open("", "desktop 1").is_err());
    }
}
