//! What a failed call means, before and after it is known what was asked.

use bollard::errors::Error;

use crate::{EngineError, error::one_line};

/// How one call to the engine failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// There was no answer, or none that this engine gives when it is well.
    Unreachable(String),
    /// It answered with an HTTP status that is not a success, and said why.
    Answer { status: u16, message: String },
}

/// Words of an engine that is just stopping or starting, or lost what it stands on. They come with status 500, as do
/// true refusals.
const OF_A_FAILING_ENGINE: [&str; 6] = [
    "context canceled",
    "context deadline exceeded",
    "transport is closing",
    "error while dialing",
    "error reading server preface",
    "is shutting down",
];

/// Words of an engine that cannot write: ENOSPC and EDQUOT, as the C library has them.
const OF_A_FULL_DISK: [&str; 2] = ["no space left on device", "disk quota exceeded"];

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::DockerResponseServerError { status_code: status, message } => Self::from_answer(status, &message),
            Error::DockerStreamError { error } => Self::Answer { status: 500, message: one_line(&error) },
            Error::RequestTimeoutError => Self::late(),
            other => Self::Unreachable(one_line(&with_causes(&other))),
        }
    }
}

impl Fault {
    /// No answer within the deadline.
    pub(super) fn late() -> Self {
        Self::Unreachable("no answer in time".to_owned())
    }

    /// The engine was away after the call was made.
    pub(super) fn outlived() -> Self {
        Self::Unreachable("it was away since it was asked".to_owned())
    }

    fn from_answer(status: u16, message: &str) -> Self {
        let message = one_line(message);
        let lower = message.to_lowercase();
        match status {
            502..=504 => Self::Unreachable(format!("status {status}: {message}")),
            500 if OF_A_FAILING_ENGINE.iter().any(|words| lower.contains(words)) => Self::Unreachable(message),
            _ => Self::Answer { status, message },
        }
    }

    /// What was named is not there.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Answer { status: 404, .. })
    }

    /// Something is in the way: a name that is taken, a removal under way.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Answer { status: 409, .. })
    }

    /// A container is already being taken away.
    pub(super) fn is_being_removed(&self) -> bool {
        matches!(self, Self::Answer { status: 409, message } if message.contains("already in progress"))
    }

    /// The container's network is gone.
    pub(super) fn lacks_network(&self) -> bool {
        match self {
            // Engines since 2023 say so with 404, older ones and Swarm's with others.
            Self::Answer { status: 400..=500, message } => {
                message.contains("network ") && message.contains("not found") && !message.contains("No such image")
            }
            Self::Answer { .. } | Self::Unreachable(_) => false,
        }
    }

    /// There is no room for what was asked, whatever it was.
    fn is_of_a_full_disk(&self) -> bool {
        match self {
            Self::Answer { message, .. } => {
                let lower = message.to_lowercase();
                OF_A_FULL_DISK.iter().any(|words| lower.contains(words))
            }
            Self::Unreachable(_) => false,
        }
    }

    /// What it means where nothing more is known.
    pub(super) fn into_error(self) -> EngineError {
        let is_of_a_full_disk = self.is_of_a_full_disk();
        match self {
            Self::Unreachable(detail) => EngineError::Unreachable { detail },
            Self::Answer { message: detail, .. } if is_of_a_full_disk => EngineError::DiskFull { detail },
            Self::Answer { status: 409, message: detail } => EngineError::Conflict { detail },
            Self::Answer { status, message } if message.is_empty() => {
                EngineError::Refused { detail: format!("status {status} without a word") }
            }
            Self::Answer { message: detail, .. } => EngineError::Refused { detail },
        }
    }

    /// What it means where a container was named.
    pub(super) fn about_container(self, name: &str) -> EngineError {
        if self.is_absent() && !self.lacks_network() {
            EngineError::NoSuchContainer { name: name.to_owned() }
        } else {
            self.into_error()
        }
    }

    /// What it means where a folder of an image was named.
    pub(super) fn about_folder(self, image: String, folder: String) -> EngineError {
        let absent = match &self {
            Self::Answer { status, message } => {
                let lower = message.to_lowercase();
                let gone = lower.contains("no such container");
                !gone && (*status == 404 || lower.contains("not a directory"))
            }
            Self::Unreachable(_) => false,
        };
        if absent { EngineError::FolderMissing { image, folder } } else { self.into_error() }
    }

    /// What it means where an image was named.
    pub(super) fn about_image(self, image: &str) -> EngineError {
        const ABSENT: [&str; 5] = ["no such image", "manifest unknown", "not found", "access denied", "does not exist"];
        let absent = match &self {
            Self::Answer { .. } if self.is_of_a_full_disk() => false,
            Self::Answer { status: 404, .. } => !self.lacks_network(),
            Self::Answer { status: 500, message } => {
                let lower = message.to_lowercase();
                // A registry's name that is not found is not an image that is not found.
                !lower.contains("dial tcp") && ABSENT.iter().any(|words| lower.contains(words))
            }
            Self::Answer { .. } | Self::Unreachable(_) => false,
        };
        if absent { EngineError::ImageMissing { image: image.to_owned() } } else { self.into_error() }
    }
}

impl From<Fault> for EngineError {
    fn from(fault: Fault) -> Self {
        fault.into_error()
    }
}

/// An error with all its causes: the outermost of a client rarely says what happened.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !told.contains(&words) {
            told = format!("{told}: {words}");
        }
        cause = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use crate::EngineError;

    fn answer(status: u16, message: &str) -> Fault {
        Fault::from_answer(status, message)
    }

    #[test]
    fn an_engine_that_is_going_down_is_unreachable_and_one_that_says_no_is_not() {
        for (status, message) in [
            (503, ""),
            (502, "Bad Gateway"),
            (500, "context canceled"),
            (500, "connection error: desc = \"transport: error while dialing: dial unix containerd.sock\""),
        ] {
            assert!(answer(status, message).into_error().is_passing(), "{status} {message}");
        }
        for (status, message) in [
            (400, "failed to create shim task: OCI runtime create failed"),
            (500, "OCI runtime create failed: unable to start container process"),
            (400, "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"),
        ] {
            let detail = message.to_owned();
            assert_eq!(answer(status, message).into_error(), EngineError::Refused { detail }, "{status}");
        }
    }

    /// The messages are those of Docker 20.10.24.
    #[test]
    fn what_is_missing_is_told_apart() {
        assert!(answer(404, "network pult-01234567-internet not found").lacks_network());
        let image = answer(404, "No such image: school/network:1");
        assert!(!image.lacks_network());
        let missing = EngineError::ImageMissing { image: "pult/tiny".to_owned() };
        assert_eq!(image.about_image("pult/tiny"), missing);
        assert_eq!(
            answer(404, "No such container: pult-x").about_container("pult-x"),
            EngineError::NoSuchContainer { name: "pult-x".to_owned() }
        );
        for words in [
            "pull access denied for pult/x, repository does not exist or may require 'docker login'",
            "manifest for debian:nope not found: manifest unknown: manifest unknown",
        ] {
            assert_eq!(answer(404, words).about_image("pult/tiny"), missing);
            assert_eq!(answer(500, words).about_image("pult/tiny"), missing);
        }
    }

    /// The messages are those of Docker 20.10.24.
    #[test]
    fn a_folder_that_is_not_there_is_told_from_a_container_that_is_not() {
        let about = |status, words: &str| answer(status, words).about_folder("x:1".to_owned(), "/www".to_owned());
        let missing = EngineError::FolderMissing { image: "x:1".to_owned(), folder: "/www".to_owned() };
        assert_eq!(about(404, "Could not find the file /www/. in container af5ed560af85"), missing);
        assert_eq!(about(500, "lstat /var/lib/docker/overlay2/09/merged/www/.: not a directory"), missing);
        assert!(matches!(about(404, "No such container: pult-reader-1"), EngineError::Refused { .. }));
    }

    #[test]
    fn a_registry_out_of_reach_is_not_a_missing_image() {
        let words = "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host";
        let detail = words.to_owned();
        assert_eq!(answer(500, words).about_image("pult/tiny"), EngineError::Refused { detail });
    }

    /// The messages are those of Docker 20.10.24.
    #[test]
    fn a_full_disk_is_told_from_a_refusal_and_from_what_is_missing() {
        for words in [
            "mkdir /var/lib/docker/overlay2/0123-init: no space left on device",
            "failed to create endpoint pult-x on network y: write /var/lib/docker/network/files/local-kv.db: no space left on device",
            "write /layer: no space left on device: file does not exist",
        ] {
            let full = EngineError::DiskFull { detail: words.to_owned() };
            assert_eq!(answer(500, words).into_error(), full);
            assert_eq!(answer(500, words).about_image("pult/tiny"), full);
            assert_eq!(answer(500, words).about_container("pult-x"), full);
        }
    }

    #[test]
    fn a_removal_under_way_is_told_from_a_name_that_is_taken() {
        assert!(answer(409, "removal of container 0123 is already in progress").is_being_removed());
        let taken = answer(409, "Conflict. The container name \"/pult-x\" is already in use by container \"0123\".");
        assert!(taken.is_conflict() && !taken.is_being_removed());
    }
}
