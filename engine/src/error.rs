//! What can go wrong with an engine, by whose fault it is.

/// Why an engine did not do what it was asked.
///
/// Texts are the engine's own words where it had some: one line, at most 500 characters, fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// It did not answer, or not in time, or is just stopping or starting. Whether the call took effect is unknown;
    /// asking again later is right.
    #[error("the engine does not answer: {detail}")]
    Unreachable {
        /// What was met instead of an answer.
        detail: String,
    },
    /// It cannot hold desktops to their limits, so nothing may be started on it. The machine's administrator has to
    /// act.
    #[error("this engine cannot run desktops: {detail}")]
    Unfit {
        /// What it lacks and what to do.
        detail: String,
    },
    /// It does not have the image, or the registry does not.
    #[error("the engine has no image {image}")]
    ImageMissing {
        /// The reference that was asked for.
        image: String,
    },
    /// The image is there and has no such folder.
    #[error("the image {image} has no folder {folder}")]
    FolderMissing {
        /// The image that was asked for.
        image: String,
        /// The folder in it.
        folder: String,
    },
    /// The desktop has no container.
    #[error("there is no container {name}")]
    NoSuchContainer {
        /// The name it would have.
        name: String,
    },
    /// The desktop's container is of another generation, or is being taken away: it has to go first.
    #[error("the desktop's container is in the way: {detail}")]
    Conflict {
        /// In which way.
        detail: String,
    },
    /// Its disk is full. Once somebody has made room, the same succeeds.
    #[error("the engine's disk is full: {detail}")]
    DiskFull {
        /// The engine's own words.
        detail: String,
    },
    /// The engine understood and will not do it; asking again will not help.
    #[error("the engine refuses: {detail}")]
    Refused {
        /// The engine's own words.
        detail: String,
    },
    /// Something that does not belong to this installation has the name. It is not touched.
    #[error("{name} on the engine belongs to somebody else")]
    Foreign {
        /// The name of the container or network.
        name: String,
    },
    /// Our own fault: the request cannot be expressed as a default container, or the configuration is wrong.
    #[error("{field} cannot be {found}; expected {expected}")]
    OutOfBounds {
        /// The field that is wrong.
        field: &'static str,
        /// What it held.
        found: String,
        /// What it may hold.
        expected: &'static str,
    },
}

impl EngineError {
    /// Whether asking the same again later may well succeed, because nothing about the request was wrong.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    pub(crate) fn out_of_bounds(field: &'static str, found: impl std::fmt::Display, expected: &'static str) -> Self {
        Self::OutOfBounds { field, found: one_line(&format!("`{found}`")), expected }
    }
}

/// A text from outside in one line of at most 500 characters, without control characters.
pub(crate) fn one_line(text: &str) -> String {
    const LONGEST: usize = 500;
    let mut line = text.split(|c: char| c.is_control() || c == ' ').filter(|word| !word.is_empty());
    let mut told = line.next().unwrap_or_default().to_owned();
    for word in line {
        told.push(' ');
        told.push_str(word);
    }
    match told.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &told[..end]),
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn words_from_outside_become_one_bounded_line() {
        assert_eq!(one_line("no\r\nsuch\t\u{1b}[31mimage  here\n"), "no such [31mimage here");
        assert_eq!(one_line(""), "");
        let long = one_line(&"ä".repeat(600));
        assert_eq!(long.chars().count(), 501);
        assert!(long.ends_with('…'));
    }
}
