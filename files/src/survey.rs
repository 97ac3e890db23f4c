use std::{io, path::Path};

use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags, ResolveFlags, accessat, open, openat2, statvfs};

use crate::DESKTOP_UID;

/// What the folder that everything lies in is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survey {
    /// Whether this process may write in it.
    pub is_writable: bool,
    /// Whether this process can give folders to the person inside desktops.
    pub can_give: bool,
    /// Whether the kernel can open files beneath a folder without following links out of it (`openat2`).
    pub opens_beneath: bool,
    /// Bytes that are free for this process.
    pub free_bytes: u64,
    /// Bytes there are for us: those used, and those that are free for this process.
    pub total_bytes: u64,
    /// Files that can still be made.
    pub free_files: u64,
    /// Files there can be; zero where the file system has no such limit.
    pub total_files: u64,
}

/// Looks at a folder, and changes nothing.
pub fn survey(root: &Path) -> io::Result<Survey> {
    let folder = open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let space = statvfs(root)?;
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let opened = openat2(&folder, ".", OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), beneath);
    let user = rustix::process::geteuid();
    Ok(Survey {
        is_writable: accessat(CWD, root, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).is_ok(),
        can_give: user.is_root() || user.as_raw() == DESKTOP_UID,
        opens_beneath: opened.is_ok(),
        free_bytes: space.f_bavail * space.f_frsize,
        total_bytes: (space.f_blocks - space.f_bfree + space.f_bavail) * space.f_frsize,
        free_files: space.f_favail,
        total_files: space.f_files,
    })
}

#[cfg(test)]
mod tests {
    use super::survey;

    #[test]
    fn a_folder_of_ours_can_be_used() {
        let root = tempfile::tempdir().expect("a folder");
        let found = survey(root.path()).expect("it is there");
        assert!(found.is_writable && found.opens_beneath && found.free_bytes <= found.total_bytes, "{found:?}");
        assert!(survey(&root.path().join("none")).is_err());
    }
}
