//! The names under which desktops are addressed.

use crate::InstallationId;

/// Longest DNS label (RFC 1035 section 2.3.4).
pub const MAX_LABEL: usize = 63;

/// A DNS label for a user's desktop of a template: `<username>-<slug>`, in lower case, with everything that a label
/// cannot hold turned into `-`.
///
/// Two different pairs may yield the same label (`a.b` and `a-b` do). The label is display, never authority: the
/// store makes it unique with [`with_suffix`], and who may open it is decided by the owner's id.
pub fn label(username: &str, slug: &str) -> String {
    fit(&format!("{}-{}", clean(username), clean(slug)), MAX_LABEL)
}

/// The label with a suffix that tells it from an equal one.
pub fn with_suffix(label: &str, suffix: &str) -> String {
    format!("{}-{suffix}", fit(label, MAX_LABEL - suffix.len() - 1))
}

/// How the names of an installation's networks and of their interfaces on the host begin, so that a firewall can name
/// them before they exist: `pult-<tail of its id>-`, 14 characters, which leaves one of the kernel's 15.
///
/// The tail, not the head: ids made in the same minute have one head (RFC 9562 section 5.7).
pub fn networks(instance: InstallationId) -> String {
    let mut id = instance.to_string();
    format!("pult-{}-", id.split_off(id.len() - 8))
}

fn clean(text: &str) -> String {
    let mut label = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        match character {
            'a'..='z' | '0'..='9' => label.push(character),
            'ä' => label.push_str("ae"),
            'ö' => label.push_str("oe"),
            'ü' => label.push_str("ue"),
            'ß' => label.push_str("ss"),
            _ if label.ends_with('-') => {}
            _ => label.push('-'),
        }
    }
    let label = label.trim_matches('-');
    if label.is_empty() { "x".to_owned() } else { label.to_owned() }
}

/// Cuts to a length; what is left is ASCII, so every byte is a character.
fn fit(label: &str, length: usize) -> String {
    label[..label.len().min(length)].trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_LABEL, label, with_suffix};

    #[test]
    fn names_read_like_their_parts() {
        assert_eq!(label("schueler", "xfce"), "schueler-xfce");
        assert_eq!(label("Jörg.Müßig", "tiny"), "joerg-muessig-tiny");
        assert_eq!(label("...", "tiny"), "x-tiny");
    }

    proptest! {
        #[test]
        fn every_name_is_a_dns_label(username in "\\PC{0,80}", slug in "[a-z0-9-]{1,63}", suffix in "[a-z0-9]{1,8}") {
            for name in [label(&username, &slug), with_suffix(&label(&username, &slug), &suffix)] {
                prop_assert!((1..=MAX_LABEL).contains(&name.len()));
                prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
                prop_assert!(!name.starts_with('-') && !name.ends_with('-'));
            }
        }
    }
}
