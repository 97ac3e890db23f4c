//! From an archive to files: regular ones only, under the digests of their contents, compressed where it helps.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    path::Path,
};

use bytes::{Buf, Bytes};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{ClientFile, INDEX, Limits, hex, scripts};
use crate::{FilesError, spaces::at};

/// Below this a file is one packet with or without compression.
const WORTH_COMPRESSING: usize = 1024;
/// Near the smallest, at a third of the processor time that the last per cent cost.
const LEVEL: u32 = 6;

/// Why an archive was not unpacked.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is not what we unpack.
    Refused(String),
    /// Our disk failed.
    Files(FilesError),
}

impl From<FilesError> for Failure {
    fn from(error: FilesError) -> Self {
        Self::Files(error)
    }
}

/// Writes the files of an archive and their index into a folder.
pub(super) fn unpack(pieces: Pieces, folder: &Path, limits: Limits) -> Result<(), Failure> {
    let mut archive = tar::Archive::new(pieces);
    let mut files = BTreeMap::new();
    let entries = archive.entries().map_err(|error| refused(&error))?;
    for (index, entry) in entries.enumerate() {
        if index >= limits.entries {
            return Err(Failure::Refused(format!("more than {} files", limits.entries)));
        }
        let mut entry = entry.map_err(|error| refused(&error))?;
        let Some(name) = name(&entry.path_bytes())? else { continue };
        let kind = entry.header().entry_type();
        if kind.is_file() {
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents).map_err(|error| refused(&error))?;
            files.insert(name.clone(), store(&name, &contents, folder)?);
        } else if kind.is_hard_link() {
            // one file with two names; the other one came before
            let other = entry.link_name_bytes().map(|link| self::name(&link)).transpose()?.flatten();
            if let Some(same) = other.and_then(|other| files.get(&other).cloned()) {
                files.insert(name, same);
            }
        }
        // Symbolic links, devices and sockets are not for a browser, and are nothing here.
    }
    let index = folder.join(INDEX);
    let written = serde_json::to_vec(&files).map_err(io::Error::from);
    Ok(written.and_then(|bytes| fs::write(&index, bytes)).map_err(at(&index))?)
}

/// A name below the folder; none for the folder itself and for what nobody could ask for.
fn name(path: &[u8]) -> Result<Option<String>, Failure> {
    let Ok(path) = str::from_utf8(path) else { return Ok(None) };
    let names: Vec<_> = path.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    if path.starts_with('/') || names.contains(&"..") || path.contains('\0') {
        return Err(Failure::Refused(format!("it holds a name that leaves the folder: {path:?}")));
    }
    Ok((!names.is_empty()).then(|| names.join("/")))
}

fn store(name: &str, contents: &[u8], folder: &Path) -> Result<ClientFile, FilesError> {
    let digest = hex(&Sha256::digest(contents));
    let media_type = mime_guess::from_path(name).first_or_octet_stream().essence_str().to_owned();
    let path = folder.join(&digest);
    fs::write(&path, contents).map_err(at(&path))?;
    let compressed = compress(&media_type, contents);
    if let Some(compressed) = &compressed {
        let path = folder.join(format!("{digest}.gz"));
        fs::write(&path, compressed).map_err(at(&path))?;
    }
    Ok(ClientFile {
        digest,
        size: contents.len() as u64,
        gzip: compressed.map(|compressed| compressed.len() as u64),
        scripts: if media_type == "text/html" { scripts::inline(contents) } else { Vec::new() },
        media_type,
    })
}

/// The smaller form, if it is smaller by a tenth.
///
/// Only gzip: every browser takes it, over plain HTTP too, where none takes brotli; and it leaves brotli a tenth of
/// three megabytes to win.
fn compress(media_type: &str, contents: &[u8]) -> Option<Vec<u8>> {
    if contents.len() < WORTH_COMPRESSING || !is_compressible(media_type) {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
    // a vector takes whatever is written
    encoder.write_all(contents).ok()?;
    let compressed = encoder.finish().ok()?;
    (compressed.len() < contents.len() / 10 * 9).then_some(compressed)
}

fn is_compressible(media_type: &str) -> bool {
    let (kind, form) = media_type.split_once('/').unwrap_or_default();
    kind == "text"
        || ["javascript", "json", "xml", "wasm"].iter().any(|word| form.contains(word))
        || matches!(media_type, "font/ttf" | "font/otf" | "image/x-icon" | "image/bmp")
}

/// What is wrong with an archive, in a line.
fn refused(error: &io::Error) -> Failure {
    Failure::Refused(error.to_string())
}

/// An archive as it comes, up to a limit.
pub(super) struct Pieces {
    received: mpsc::Receiver<Bytes>,
    piece: Bytes,
    limit: u64,
    left: u64,
}

impl Pieces {
    pub(super) fn new(received: mpsc::Receiver<Bytes>, limit: u64) -> Self {
        Self { received, piece: Bytes::new(), limit, left: limit }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            let Some(piece) = self.received.blocking_recv() else { return Ok(0) };
            let Some(left) = self.left.checked_sub(piece.len() as u64) else {
                return Err(io::Error::other(format!("more than {} MiB", self.limit >> 20)));
            };
            (self.piece, self.left) = (piece, left);
        }
        let length = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
