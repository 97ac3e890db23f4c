use std::{
    io,
    os::unix::fs::{DirBuilderExt, chown},
    path::{Path, PathBuf},
};

use domain::{UserId, template::HomePolicy};

/// User and group id of the person inside every desktop.
pub const DESKTOP_UID: u32 = 1000;

/// Why a folder could not be prepared.
#[derive(Debug, thiserror::Error)]
#[error("the folder {} cannot be prepared: {source}", path.display())]
pub struct FilesError {
    path: PathBuf,
    source: io::Error,
}

/// The folders of an installation, as this process and as the engine see them.
#[derive(Debug, Clone)]
pub struct Spaces {
    root: PathBuf,
    host_root: PathBuf,
}

impl Spaces {
    /// The folders beneath a root, which the engine knows under another path where this process runs in a container.
    pub fn new(root: PathBuf, host_root: PathBuf) -> Self {
        Self { root, host_root }
    }

    /// Makes the folders that all desktops share. Harmless when they are there.
    pub async fn prepare(&self) -> Result<(), FilesError> {
        let (homes, shared) = (self.root.join("homes"), self.root.join("shared"));
        blocking(move || {
            make(&homes, 0o711)?;
            if !shared.exists() {
                make(&shared, 0o770)?;
                give(&shared)?;
            }
            Ok(())
        })
        .await
    }

    /// The home that a user's desktop mounts, as the engine sees it; made if it is not there. None where nothing is
    /// kept.
    pub async fn home(&self, user: UserId, policy: HomePolicy, slug: &str) -> Result<Option<PathBuf>, FilesError> {
        let folder = match policy {
            HomePolicy::Shared => "home".to_owned(),
            HomePolicy::Template => format!("template-{slug}"),
            HomePolicy::None => return Ok(None),
        };
        let beneath = Path::new("homes").join(user.to_string());
        let (parent, host) = (self.root.join(&beneath), self.host_root.join(&beneath).join(&folder));
        blocking(move || {
            make(&parent, 0o711)?;
            let home = parent.join(&folder);
            if !home.exists() {
                furnish(&parent, &home)?;
            }
            Ok(Some(host))
        })
        .await
    }

    /// The school's shared folder, as the engine sees it.
    pub fn shared(&self) -> PathBuf {
        self.host_root.join("shared")
    }
}

/// Makes a new home complete, then moves it into place: a crash leaves either no home or a whole one.
fn furnish(parent: &Path, home: &Path) -> Result<(), FilesError> {
    let draft = parent.join(format!(".draft-{}", std::process::id()));
    // what a crash of this very process id left
    let _ = std::fs::remove_dir_all(&draft);
    // The mount points inside a home belong to its owner; the engine would make them root's.
    for folder in [draft.clone(), draft.join("Public"), draft.join("Public/shared")] {
        make(&folder, 0o700)?;
        give(&folder)?;
    }
    std::fs::rename(&draft, home).map_err(at(home))
}

pub(crate) fn make(path: &Path, mode: u32) -> Result<(), FilesError> {
    std::fs::DirBuilder::new().recursive(true).mode(mode).create(path).map_err(at(path))
}

/// Gives a folder to the person inside the desktops. Only root can; anybody else must be that person already.
fn give(path: &Path) -> Result<(), FilesError> {
    if rustix::process::geteuid().as_raw() == DESKTOP_UID {
        return Ok(());
    }
    chown(path, Some(DESKTOP_UID), Some(DESKTOP_UID)).map_err(at(path))
}

pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> FilesError {
    let path = path.to_owned();
    move |source| FilesError { path, source }
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FilesError> + Send + 'static,
) -> Result<T, FilesError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| Err(FilesError { path: PathBuf::new(), source: io::Error::other(panic) }))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use domain::{UserId, template::HomePolicy};

    use super::{DESKTOP_UID, Spaces};

    #[tokio::test]
    async fn a_home_is_made_once_and_belongs_to_the_person_inside() {
        let root = tempfile::tempdir().expect("a folder");
        let spaces = Spaces::new(root.path().to_owned(), "/host".into());
        spaces.prepare().await.expect("the folders are made");
        let user = UserId::new();
        let host = spaces.home(user, HomePolicy::Shared, "tiny").await.expect("a home").expect("a policy with a home");
        assert_eq!(host, std::path::Path::new("/host/homes").join(user.to_string()).join("home"));
        let home = root.path().join("homes").join(user.to_string()).join("home");
        assert_eq!(std::fs::metadata(home.join("Public/shared")).expect("a mount point").uid(), DESKTOP_UID);
        std::fs::write(home.join("Müll.txt"), "work").expect("a file");
        spaces.home(user, HomePolicy::Shared, "xfce").await.expect("the same home");
        assert!(home.join("Müll.txt").exists());
        assert_ne!(spaces.home(user, HomePolicy::Template, "xfce").await.expect("another"), Some(host));
        assert_eq!(spaces.home(user, HomePolicy::None, "xfce").await.expect("no home"), None);
    }
}
