use std::{
    fs,
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};

/// The installation's key, made at the first start and readable for its owner alone.
///
/// Without it what it sealed, the passwords of existing containers, cannot be opened again: it belongs in the backup.
pub(crate) fn seal_key(storage_root: &Path) -> anyhow::Result<[u8; 32]> {
    let folder = storage_root.join("keys");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join("seal.key");
    match fs::read(&path) {
        Ok(key) => key.try_into().map_err(|_| anyhow!("{}: expected 32 bytes", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => make(&folder, &path),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// What there is of the installation's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// None was made yet.
    Nothing,
    /// The key.
    Key { path: PathBuf, key: [u8; 32], others_may_read: bool },
    /// Something that is not one, or cannot be read.
    Wrong { path: PathBuf, why: String },
}

/// Looks for the installation's key, and makes none.
pub(crate) fn look(storage_root: &Path) -> Found {
    let path = storage_root.join("keys").join("seal.key");
    let read = fs::read(&path).and_then(|key| Ok((key, fs::metadata(&path)?.mode())));
    match read {
        Ok((key, mode)) => match key.try_into() {
            Ok(key) => Found::Key { path, key, others_may_read: mode & 0o077 != 0 },
            Err(_) => Found::Wrong { path, why: "expected 32 bytes".to_owned() },
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Found::Nothing,
        Err(error) => Found::Wrong { path, why: error.to_string() },
    }
}

/// Writes beside, then links into place: two processes that start at once end with one key.
fn make(folder: &Path, path: &Path) -> anyhow::Result<[u8; 32]> {
    let key = store::random_key();
    let draft = folder.join(format!(".seal.key.{}", std::process::id()));
    let written = (|| {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&key)?;
        file.sync_all()?;
        fs::hard_link(&draft, path)
    })();
    let _ = fs::remove_file(&draft);
    match written {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::read(path)?.try_into().map_err(|_| anyhow!("{}: expected 32 bytes", path.display()))
        }
        Err(error) => Err(error).with_context(|| format!("cannot write {}", path.display())),
    }
}
