//! What a caller may say about a container, and nothing more.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Debug,
    net::Ipv4Addr,
    path::{Component, Path, PathBuf},
};

use domain::{DesktopId, UserId, template::RESERVED_ENV};
use secrecy::SecretString;

use crate::EngineError;

/// A container to be made.
///
/// It says how much and which folders. All else is the default container, so nothing here can weaken it; what lies
/// outside of the bounds named here is refused before the engine hears of it.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The desktop it is for; gives the container its name.
    pub desktop: DesktopId,
    /// Which container of the desktop it is.
    pub generation: i32,
    /// Whose desktop it is.
    pub owner: UserId,
    /// Slug of the template it is made from.
    pub template: String,
    /// Image reference, or an image's id.
    pub image: String,
    /// TCP port in the container on which the desktop answers.
    pub port: u16,
    /// Which of the installation's networks it is on.
    pub network: Network,
    /// Who answers its questions for names. Nobody named: whom the engine names, and on [`Network::Internal`] nobody.
    pub resolvers: Vec<Ipv4Addr>,
    /// The machine's name within: 1 to 63 of `a-z`, `0-9` and inner `-`.
    pub hostname: String,
    /// Its `USER`.
    pub user: String,
    /// Its `VNC_USER`.
    pub vnc_user: String,
    /// Its `VNC_PW`: this container's own password.
    pub vnc_password: SecretString,
    /// Its `LANG`.
    pub lang: String,
    /// Its `TZ`.
    pub tz: String,
    /// More environment. `LANG` and `TZ` in here win; the variables that are ours cannot be set.
    pub env: BTreeMap<String, String>,
    /// Processors, 0.1 to 64. On a smaller machine it gets all there are.
    pub cpus: f64,
    /// Memory in MiB, 64 to 262,144; there is no swap beside it.
    pub memory_mb: i64,
    /// Processes and threads, 32 to 32,768.
    pub pids: i64,
    /// Shared memory in MiB, 1 to 65,536; counts as memory.
    pub shm_mb: i64,
    /// Folders of the host.
    pub mounts: Vec<Mount>,
    /// Folders in the container that can be written and are empty at every start. They lie in memory and count as
    /// such, up to half of it each; so do `/tmp` and `/run`, which every container has.
    pub scratch: Vec<String>,
}

/// The networks that an installation has. On both, desktops do not reach each other; the host reaches all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// It leads to the world, as far as a firewall lets pass.
    Routed,
    /// It leads nowhere.
    Internal,
}

impl Network {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Routed, Self::Internal];
}

/// A folder of the host in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The folder as the engine sees it, strictly below the storage root. It has to exist, and neither it nor a
    /// folder above it may be writable for a user: the engine follows links (`SECURITY.md`, fact 5).
    pub source: PathBuf,
    /// Where it appears.
    pub target: String,
    /// Whether it can only be read.
    pub read_only: bool,
}

impl Launch {
    /// Checks every bound that is named above.
    pub(crate) fn check(&self, storage_root: &Path) -> Result<(), EngineError> {
        within("cpus", self.cpus, 0.1..=64.0, "0.1 to 64")?;
        within("memory_mb", self.memory_mb, 64..=262_144, "64 to 262144")?;
        within("pids", self.pids, 32..=32_768, "32 to 32768")?;
        within("shm_mb", self.shm_mb, 1..=65_536, "1 to 65536")?;
        within("port", self.port, 1..=u16::MAX, "1 to 65535")?;
        within("generation", self.generation, 0..=i32::MAX, "zero or more")?;
        holds("image", is_image(&self.image), &self.image, "an image reference such as pult/tiny:latest")?;
        holds("hostname", is_host_label(&self.hostname), &self.hostname, "1 to 63 of a-z, 0-9 and inner hyphens")?;
        holds("template", is_host_label(&self.template), &self.template, "a slug")?;
        for (name, value) in &self.env {
            let free = !name.is_empty() && !name.contains(['=', '\0']) && !RESERVED_ENV.contains(&name.as_str());
            holds("env", free && !value.contains('\0'), name, "a variable that is not ours, without NUL")?;
        }
        for text in [&self.user, &self.vnc_user, &self.lang, &self.tz] {
            holds("env", !text.contains('\0'), text, "text without NUL")?;
        }
        for mount in &self.mounts {
            let inside = is_below(&mount.source, storage_root);
            holds("mounts", inside, mount.source.display(), "a folder below the storage root")?;
        }
        let mut targets = HashSet::from(["/tmp", "/run"]);
        for target in self.mounts.iter().map(|mount| &mount.target).chain(&self.scratch) {
            let free = is_target(target) && targets.insert(target);
            holds("mounts", free, target, "each an absolute path of its own, not of the kernel's")?;
        }
        Ok(())
    }
}

fn within<T: PartialOrd + Debug + Copy>(
    field: &'static str,
    value: T,
    bounds: std::ops::RangeInclusive<T>,
    expected: &'static str,
) -> Result<(), EngineError> {
    holds(field, bounds.contains(&value), format!("{value:?}"), expected)
}

fn holds(
    field: &'static str,
    condition: bool,
    found: impl std::fmt::Display,
    expected: &'static str,
) -> Result<(), EngineError> {
    if condition { Ok(()) } else { Err(EngineError::out_of_bounds(field, found, expected)) }
}

/// Whether a text is an image's reference or id: it becomes part of an address of the engine's API.
pub(crate) fn is_image(text: &str) -> bool {
    let id = text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(is_hex));
    id || domain::image::is_reference(text)
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_host_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Whether a path is absolute and means what it says: no `.`, `..`, doubled or trailing `/`.
pub(crate) fn is_plain(path: &Path) -> bool {
    let Some(text) = path.to_str() else { return false };
    let rebuilt: PathBuf = path.components().collect();
    path.is_absolute()
        && !text.contains('\0')
        && path.components().skip(1).all(|part| matches!(part, Component::Normal(_)))
        && rebuilt.as_os_str() == path.as_os_str()
}

fn is_below(path: &Path, root: &Path) -> bool {
    is_plain(path) && path.strip_prefix(root).is_ok_and(|rest| rest != Path::new(""))
}

fn is_target(text: &str) -> bool {
    let path = Path::new(text);
    is_plain(path)
        && path != Path::new("/")
        && !text.contains([':', ','])
        && !["/proc", "/sys", "/dev"].iter().any(|kernels| path.starts_with(kernels))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Mount, is_plain};
    use crate::{EngineError, Launch, conformance::launch};

    fn refused_field(launch: &Launch) -> Option<&'static str> {
        match launch.check(Path::new("/srv/pult")) {
            Ok(()) => None,
            Err(EngineError::OutOfBounds { field, .. }) => Some(field),
            Err(other) => panic!("a check answers with a field, not {other:?}"),
        }
    }

    fn with_mount(source: &str, target: &str) -> Launch {
        let mount = Mount { source: PathBuf::from(source), target: target.to_owned(), read_only: false };
        Launch { mounts: vec![mount], ..launch("pult/tiny") }
    }

    #[test]
    fn an_ordinary_launch_is_within_bounds() {
        assert_eq!(refused_field(&launch("pult/tiny:latest")), None);
        assert_eq!(refused_field(&launch(&format!("sha256:{}", "0a".repeat(32)))), None);
        assert_eq!(refused_field(&with_mount("/srv/pult/homes/anna", "/home/kasm-user")), None);
    }

    #[test]
    fn no_limit_can_be_lifted() {
        let plain = || launch("pult/tiny");
        for cpus in [0.0, -1.0, f64::NAN, f64::INFINITY, 65.0] {
            assert_eq!(refused_field(&Launch { cpus, ..plain() }), Some("cpus"), "{cpus}");
        }
        for number in [0, -1, i64::MIN, i64::MAX] {
            assert_eq!(refused_field(&Launch { memory_mb: number, ..plain() }), Some("memory_mb"));
            assert_eq!(refused_field(&Launch { pids: number, ..plain() }), Some("pids"));
            assert_eq!(refused_field(&Launch { shm_mb: number, ..plain() }), Some("shm_mb"));
        }
    }

    #[test]
    fn only_folders_below_the_storage_root_can_be_mounted() {
        for source in [
            "/",
            "/srv",
            "/srv/pult",
            "/srv/pult/",
            "/srv/pulty/a",
            "/srv/pult/../../etc",
            "/srv/pult/a/./b",
            "/srv/pult//a",
            "srv/pult/a",
            "/var/run/docker.sock",
            "/srv/pult/a\0b",
            "",
        ] {
            assert_eq!(refused_field(&with_mount(source, "/home/kasm-user")), Some("mounts"), "{source:?}");
        }
    }

    #[test]
    fn nothing_can_be_put_over_the_kernels_folders_or_twice_in_one_place() {
        for target in
            ["/", "/proc", "/proc/sys", "/sys/fs", "/dev/shm", "/tmp", "/run", "home", "/a/../proc", "/a:b", ""]
        {
            assert_eq!(refused_field(&with_mount("/srv/pult/a", target)), Some("mounts"), "{target:?}");
        }
        let mut twice = with_mount("/srv/pult/a", "/home/kasm-user");
        twice.scratch.push("/home/kasm-user".to_owned());
        assert_eq!(refused_field(&twice), Some("mounts"));
    }

    #[test]
    fn the_variables_that_are_ours_cannot_be_set() {
        for name in ["VNC_PW", "VNC_USER", "USER", "VNC_PW=x", "", "A\0B"] {
            let mut hostile = launch("pult/tiny");
            hostile.env.insert(name.to_owned(), "x".to_owned());
            assert_eq!(refused_field(&hostile), Some("env"), "{name:?}");
        }
    }

    #[test]
    fn an_image_cannot_reach_into_the_engines_api() {
        for image in ["", "../containers/x", "a?b", "a#b", "a/../../b", "a b", "a@sha256:zz"] {
            assert_eq!(refused_field(&launch(image)), Some("image"), "{image:?}");
        }
    }

    #[test]
    fn plain_paths_mean_what_they_say() {
        assert!(is_plain(Path::new("/")) && is_plain(Path::new("/a/b")));
        for odd in ["a", "/a/", "/a//b", "/./a", "/a/..", ""] {
            assert!(!is_plain(Path::new(odd)), "{odd:?}");
        }
    }
}
