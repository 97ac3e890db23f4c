//! Image references, as far as they matter to us.

/// Whether a text can be an image reference: `[host[:port]/]path[:tag][@digest]`.
///
/// The engine has the last word; this refuses what can never be one, so that a mistake is met in the form and not
/// at the first start.
pub fn is_reference(text: &str) -> bool {
    let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => {
            if !is_tag(tag) {
                return false;
            }
            name
        }
        _ => name,
    };
    digest.is_none_or(is_digest) && !name.is_empty() && name.len() <= 255 && name.split('/').all(is_component)
}

fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn is_digest(digest: &str) -> bool {
    digest
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_component(component: &str) -> bool {
    !component.is_empty()
        && !component.starts_with(['.', '-', '_'])
        && component.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn references_are_told_from_nonsense() {
        for good in ["pult/tiny:latest", "kasmweb/desktop:1.16.0", "registry.example:5000/a/b", "debian"] {
            assert!(is_reference(good), "{good}");
        }
        for bad in ["", "Upper/case", "a b", "a:", "a@sha256:12", "../x", "a//b", "-a"] {
            assert!(!is_reference(bad), "{bad}");
        }
    }
}
