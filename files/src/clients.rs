//! Clients that were taken out of images: the pages that show a desktop, as files that only we write.
//!
//! ```text
//! clients/<image's digits>/<digest of the folder's path>/index.json   names, media types, sizes, digests
//!                                                       /<digest>      a file's contents
//!                                                       /<digest>.gz   the same, compressed
//! ```
//!
//! A name in an image never becomes a name on our disk: files lie under the digest of their contents, and a name that
//! somebody asks for is looked up in the index, never joined to a path. So there is no name that leads elsewhere.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use domain::{desktop::ImageId, template};
use futures::{Stream, StreamExt};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::{
    FilesError,
    spaces::{at, blocking, make},
};

mod scripts;
mod unpack;

const INDEX: &str = "index.json";
/// What is being written or taken away has a name that begins so.
const DRAFT: &str = ".draft-";
/// Pieces of an archive that wait for the disk.
const AHEAD: usize = 16;

/// Which client: an image, and a folder in it.
pub type ClientKey = (ImageId, String);

/// Why a client was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError<E> {
    /// The archive did not come whole.
    #[error(transparent)]
    Archive(E),
    /// It will not be unpacked, now or ever.
    #[error("{0}")]
    Refused(String),
    /// Our disk failed.
    #[error(transparent)]
    Files(#[from] FilesError),
}

/// How large a client may be. What is larger is none.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the archive, and so of all files together.
    pub bytes: u64,
    /// Files, folders and whatever else has a name.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, entries: 10_000 }
    }
}

/// The clients of an installation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Clients {
    root: PathBuf,
    limits: Limits,
    known: Arc<RwLock<HashMap<ClientKey, Arc<Client>>>>,
}

/// A client that was unpacked.
#[derive(Debug)]
pub struct Client {
    place: PathBuf,
    files: BTreeMap<String, ClientFile>,
}

/// A file of a client.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ClientFile {
    /// SHA-256 of the contents, in lower-case hexadecimal.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// Bytes of the compressed form, where that is worth it.
    pub gzip: Option<u64>,
    /// What its name says it is.
    pub media_type: String,
    /// SHA-256 of each script that stands in the page itself, in base64, as a content security policy names it.
    pub scripts: Vec<String>,
}

impl Clients {
    /// The clients beneath the storage root.
    pub fn new(storage_root: &Path) -> Self {
        Self::with_limits(storage_root, Limits::default())
    }

    /// The same, with other limits.
    pub fn with_limits(storage_root: &Path, limits: Limits) -> Self {
        Self { root: storage_root.join("clients"), limits, known: Arc::default() }
    }

    /// Whether a client is there, and whole. It then counts as used.
    pub async fn has(&self, key: &ClientKey) -> Result<bool, FilesError> {
        let place = self.place(key);
        blocking(move || {
            let Some(client) = Client::load(place.clone())? else { return Ok(false) };
            if client.is_whole() {
                let index = place.join(INDEX);
                let file = fs::File::options().write(true).open(&index).map_err(at(&index))?;
                file.set_modified(SystemTime::now()).map_err(at(&index))?;
                return Ok(true);
            }
            // the machine lost power before all of it was on the disk
            discard(&place)?;
            Ok(false)
        })
        .await
    }

    /// A client, if it is there. Its files are read from the disk when they are wanted.
    pub async fn find(&self, key: &ClientKey) -> Result<Option<Arc<Client>>, FilesError> {
        if let Some(client) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(Some(Arc::clone(client)));
        }
        let place = self.place(key);
        let Some(client) = blocking(move || Client::load(place)).await?.map(Arc::new) else {
            return Ok(None);
        };
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), Arc::clone(&client));
        Ok(Some(client))
    }

    /// Unpacks a client from a tar archive. Nobody sees it before all of it is there, and whatever fails leaves
    /// nothing. Where somebody else was faster, theirs stays.
    pub async fn unpack<E: Send>(
        &self,
        key: &ClientKey,
        archive: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<(), UnpackError<E>> {
        let (draft, place, limits) = (self.draft(), self.place(key), self.limits);
        let (pieces, received) = mpsc::channel(AHEAD);
        let unpacking = tokio::task::spawn_blocking(move || {
            make(&draft, 0o700)?;
            let draft = Draft(draft);
            unpack::unpack(unpack::Pieces::new(received, limits.bytes), &draft.0, limits).map(|()| draft)
        });
        let mut archive = std::pin::pin!(archive);
        let mut broken = None;
        while let Some(piece) = archive.next().await {
            let sent = match piece {
                Ok(piece) => pieces.send(piece).await,
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            };
            if sent.is_err() {
                // all of it is there, or it has been refused
                break;
            }
        }
        drop(pieces);
        let unpacked = unpacking.await;
        if let Some(error) = broken {
            return Err(UnpackError::Archive(error));
        }
        let draft = match unpacked {
            Ok(Ok(draft)) => draft,
            Ok(Err(unpack::Failure::Refused(reason))) => return Err(UnpackError::Refused(reason)),
            Ok(Err(unpack::Failure::Files(error))) => return Err(error.into()),
            Err(panic) => return Err(at(&place)(io::Error::other(panic)).into()),
        };
        Ok(blocking(move || publish(&draft, &place)).await?)
    }

    /// Takes away what is not in use and was not used for a while, and what a crash left half-done.
    pub async fn sweep(&self, used: HashSet<ClientKey>, unused_for: Duration) -> Result<(), FilesError> {
        let (root, kept) = (self.root.clone(), used.iter().map(|key| self.place(key)).collect::<HashSet<_>>());
        blocking(move || {
            let is_old = |path: &Path| {
                let modified = fs::metadata(path).and_then(|about| about.modified());
                modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age >= unused_for))
            };
            for image in folders(&root)? {
                if image.file_name().is_some_and(|name| name.to_string_lossy().starts_with(DRAFT)) {
                    if is_old(&image) {
                        fs::remove_dir_all(&image).map_err(at(&image))?;
                    }
                    continue;
                }
                for place in folders(&image)? {
                    if !kept.contains(&place) && is_old(&place.join(INDEX)) {
                        discard(&place)?;
                    }
                }
                // only if nothing is left in it
                let _ = fs::remove_dir(&image);
            }
            Ok(())
        })
        .await
    }

    fn place(&self, (image, folder): &ClientKey) -> PathBuf {
        self.root.join(image.digits()).join(hex(&Sha256::digest(folder)))
    }

    fn draft(&self) -> PathBuf {
        self.root.join(format!("{DRAFT}{}", unique()))
    }
}

impl Client {
    /// The file of a name below the folder, such as `app/ui.js`.
    pub fn file(&self, name: &str) -> Option<&ClientFile> {
        self.files.get(name)
    }

    /// Where the contents of a file lie.
    pub fn contents(&self, file: &ClientFile) -> PathBuf {
        self.place.join(&file.digest)
    }

    /// Where the compressed contents lie, if there are any.
    pub fn compressed(&self, file: &ClientFile) -> PathBuf {
        self.place.join(format!("{}.gz", file.digest))
    }

    fn load(place: PathBuf) -> Result<Option<Self>, FilesError> {
        let index = place.join(INDEX);
        match fs::read(&index) {
            // one that cannot be read is as good as none, and is written anew
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok().map(|files| Self { place, files })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&index)(error)),
        }
    }

    /// Whether every file has the length that it should.
    fn is_whole(&self) -> bool {
        let is = |path: PathBuf, size| fs::metadata(path).is_ok_and(|about| about.len() == size);
        self.files.values().all(|file| {
            is(self.contents(file), file.size) && file.gzip.is_none_or(|size| is(self.compressed(file), size))
        })
    }
}

/// The name in a client's folder that a path of an address means: that of a folder is its index. None of what could
/// not be a name.
pub fn name_of(path: &str) -> Option<String> {
    let path = percent_decode_str(path.split(['?', '#']).next()?).decode_utf8().ok()?;
    let name = path.trim_start_matches('/');
    Some(if name.is_empty() || name.ends_with('/') { format!("{name}index.html") } else { name.to_owned() })
}

/// The client that a template's desktops have, once it is known what they are made from.
pub fn key_of(image: ImageId, client: &template::Client) -> Option<ClientKey> {
    match client {
        template::Client::Image(folder) => Some((image, folder.clone())),
        template::Client::Novnc | template::Client::Container => None,
    }
}

/// A folder that goes away with this, unless it was given another name.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn publish(draft: &Draft, place: &Path) -> Result<(), FilesError> {
    if let Some(parent) = place.parent() {
        make(parent, 0o700)?;
    }
    match fs::rename(&draft.0, place) {
        Err(error) if !place.join(INDEX).exists() => Err(at(place)(error)),
        // ours, or that of somebody who was faster: of one image and one folder they are the same
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Takes a client away so that nobody finds half of it.
fn discard(place: &Path) -> Result<(), FilesError> {
    let clients = place.parent().and_then(Path::parent).unwrap_or(place);
    let draft = clients.join(format!("{DRAFT}{}", unique()));
    fs::rename(place, &draft).map_err(at(place))?;
    fs::remove_dir_all(&draft).map_err(at(&draft))
}

/// The folders in a folder; none if there is none.
fn folders(path: &Path) -> Result<Vec<PathBuf>, FilesError> {
    match fs::read_dir(path) {
        Ok(entries) => {
            Ok(entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(at(path)(error)),
    }
}

fn unique() -> String {
    // any id that nobody else has
    domain::DesktopId::new().to_string()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
