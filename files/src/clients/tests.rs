use std::{collections::HashSet, fs, path::Path, time::Duration};

use bytes::Bytes;
use futures::stream;
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::{ClientKey, Clients, Limits, UnpackError, name_of};

/// A broken wire.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the wire broke")]
struct Broken;

struct Archive(Builder<Vec<u8>>);

impl Archive {
    fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// Any name and any kind, also such as no honest archive has.
    fn with(mut self, kind: EntryType, name: &str, link: &str, contents: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name.as_bytes());
        old.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_size(contents.len() as u64);
        header.set_mode(0o4777);
        header.set_cksum();
        self.0.append(&header, contents).expect("memory takes all");
        self
    }

    fn file(self, name: &str, contents: &[u8]) -> Self {
        self.with(EntryType::Regular, name, "", contents)
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("memory takes all")
    }
}

fn key() -> ClientKey {
    (format!("sha256:{:064x}", 7).parse().expect("an image's id"), "/usr/share/client".to_owned())
}

fn clients(root: &TempDir) -> Clients {
    Clients::with_limits(root.path(), Limits { bytes: 1 << 20, entries: 20 })
}

async fn unpack(clients: &Clients, archive: Vec<u8>) -> Result<(), UnpackError<Broken>> {
    let pieces = archive.chunks(700).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect::<Vec<_>>();
    clients.unpack(&key(), stream::iter(pieces)).await
}

/// Everything below a folder.
fn everything(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        found.push(path.display().to_string());
        found.extend(everything(&path));
    }
    found
}

fn root() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[tokio::test]
async fn a_client_is_found_by_name_with_its_kind_and_a_smaller_form() {
    let (root, script) = (root(), b"export const x = 1;\n".repeat(500));
    let clients = clients(&root);
    assert!(!clients.has(&key()).await.expect("a disk"));
    assert!(clients.find(&key()).await.expect("a disk").is_none());
    let archive = Archive::new()
        .with(EntryType::Directory, "./", "", b"")
        .file("./index.html", b"<script>run()</script>")
        .file("./app/ui.js", &script)
        .file("./app/x.wasm", b"\0asm")
        .file("./no kind", b"?");
    unpack(&clients, archive.bytes()).await.expect("it is unpacked");
    assert!(clients.has(&key()).await.expect("a disk"));

    let client = clients.find(&key()).await.expect("a disk").expect("a client");
    let kind = |name: &str| client.file(name).map(|file| file.media_type.clone());
    assert_eq!(kind("app/ui.js").as_deref(), Some("text/javascript"));
    assert_eq!(kind("app/x.wasm").as_deref(), Some("application/wasm"));
    assert_eq!(kind("no kind").as_deref(), Some("application/octet-stream"));
    assert_eq!(client.file("index.html").map(|file| file.scripts.len()), Some(1));
    for name in ["", "/", "app", "app/", "./index.html", "/index.html", "../index.html", "index.json"] {
        assert_eq!(client.file(name), None, "{name:?}");
    }
    let file = client.file("app/ui.js").expect("a file");
    assert_eq!(fs::read(client.contents(file)).expect("contents"), script);
    let compressed = fs::read(client.compressed(file)).expect("a smaller form");
    assert_eq!(Some(compressed.len() as u64), file.gzip);
    let mut unzipped = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(compressed.as_slice()), &mut unzipped).expect("gzip");
    assert_eq!(unzipped, script);
    assert_eq!(client.file("index.html").expect("a file").gzip, None, "too small to be worth it");
}

#[tokio::test]
async fn links_and_devices_are_nothing_and_a_second_name_is_a_file() {
    let root = root();
    let clients = clients(&root);
    let archive = Archive::new()
        .file("./real.js", b"1")
        .with(EntryType::Link, "./same.js", "./real.js", b"")
        .with(EntryType::Link, "./shadow", "/etc/shadow", b"")
        .with(EntryType::Symlink, "./passwd", "/etc/passwd", b"")
        .with(EntryType::Symlink, "./up", "../..", b"")
        .file("./up/evil.js", b"2")
        .with(EntryType::Char, "./null", "", b"")
        .with(EntryType::Fifo, "./pipe", "", b"");
    // a link whose target leaves the folder is refused with all the rest
    let refused = unpack(&clients, archive.bytes()).await;
    assert!(matches!(refused, Err(UnpackError::Refused(_))), "{refused:?}");
    let archive = Archive::new()
        .file("./real.js", b"1")
        .with(EntryType::Link, "./same.js", "./real.js", b"")
        .with(EntryType::Symlink, "./passwd", "/etc/passwd", b"")
        .with(EntryType::Symlink, "./up", "../..", b"")
        .file("./up/inside.js", b"2")
        .with(EntryType::Char, "./null", "", b"");
    unpack(&clients, archive.bytes()).await.expect("it is unpacked");
    let client = clients.find(&key()).await.expect("a disk").expect("a client");
    assert_eq!(client.file("same.js"), client.file("real.js"));
    assert!(client.file("up/inside.js").is_some(), "a name is a name, whatever else is called so");
    for nothing in ["passwd", "up", "null"] {
        assert_eq!(client.file(nothing), None, "{nothing}");
    }
    let below = everything(root.path());
    assert!(below.iter().all(|path| !fs::symlink_metadata(path).expect("it is there").is_symlink()));
}

#[tokio::test]
async fn what_is_refused_leaves_nothing() {
    let many = (0..30).fold(Archive::new(), |archive, number| archive.file(&format!("./{number}"), b""));
    let mut lies = Archive::new().file("./x", b"");
    lies.0.get_mut().truncate(512);
    let mut lies = lies.0.get_ref().clone();
    // a header that promises eight gigabytes
    lies[124..136].copy_from_slice(b"77777777777\0");
    lies[148..156].copy_from_slice(b"        ");
    let sum: u32 = lies[..512].iter().map(|byte| u32::from(*byte)).sum();
    lies[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    lies.resize(2 << 20, 0);
    for (what, archive) in [
        ("a name above", Archive::new().file("../../evil", b"x").bytes()),
        ("a name above, further in", Archive::new().file("./a/../../evil", b"x").bytes()),
        ("an absolute name", Archive::new().file("/etc/cron.d/evil", b"x").bytes()),
        ("too much", Archive::new().file("./x", &vec![0; 2 << 20]).bytes()),
        ("too many", many.bytes()),
        ("a lie about its size", lies),
        ("no archive at all", vec![b'x'; 4096]),
    ] {
        let root = root();
        let refused = unpack(&clients(&root), archive).await;
        assert!(matches!(refused, Err(UnpackError::Refused(_))), "{what}: {refused:?}");
        assert_eq!(everything(&root.path().join("clients")), Vec::<String>::new(), "{what}");
    }
}

#[tokio::test]
async fn a_wire_that_breaks_leaves_nothing_and_is_told() {
    let root = root();
    let whole = Archive::new().file("./a", b"1").file("./b", b"2").bytes();
    // just between two files: by itself it looks like the end
    let half = Bytes::copy_from_slice(&whole[..1024]);
    let told = clients(&root).unpack(&key(), stream::iter([Ok(half), Err(Broken)])).await;
    assert!(matches!(told, Err(UnpackError::Archive(Broken))), "{told:?}");
    assert_eq!(everything(&root.path().join("clients")), Vec::<String>::new());
}

#[tokio::test]
async fn several_at_once_make_one_client() {
    let root = root();
    let clients = clients(&root);
    let archive = Archive::new().file("./index.html", &[b'x'; 5000]).bytes();
    let all = futures::future::join_all((0..8).map(|_| unpack(&clients, archive.clone()))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert!(clients.has(&key()).await.expect("a disk"));
    let drafts = everything(root.path()).into_iter().filter(|path| path.contains(super::DRAFT));
    assert_eq!(drafts.collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test]
async fn a_client_that_lost_bytes_with_the_power_is_none() {
    let root = root();
    let clients = clients(&root);
    let archive = Archive::new().file("./index.html", b"page").bytes();
    unpack(&clients, archive.clone()).await.expect("it is unpacked");
    let client = clients.find(&key()).await.expect("a disk").expect("a client");
    fs::write(client.contents(client.file("index.html").expect("a file")), "").expect("nothing is left in it");
    assert!(!clients.has(&key()).await.expect("a disk"));
    unpack(&clients, archive).await.expect("it is unpacked again");
    assert!(clients.has(&key()).await.expect("a disk"));
}

#[tokio::test]
async fn what_nobody_uses_goes_after_its_time() {
    let root = root();
    let clients = clients(&root);
    unpack(&clients, Archive::new().file("./index.html", b"page").bytes()).await.expect("it is unpacked");
    fs::create_dir(root.path().join("clients").join(format!("{}x", super::DRAFT))).expect("what a crash left");
    clients.sweep(HashSet::new(), Duration::from_hours(1)).await.expect("a disk");
    assert!(clients.has(&key()).await.expect("a disk"), "not before");
    clients.sweep(HashSet::from([key()]), Duration::ZERO).await.expect("a disk");
    assert!(clients.has(&key()).await.expect("a disk"), "not what is used");
    clients.sweep(HashSet::new(), Duration::ZERO).await.expect("a disk");
    assert_eq!(everything(&root.path().join("clients")), Vec::<String>::new());
    clients.sweep(HashSet::new(), Duration::ZERO).await.expect("there is nothing to do");
}

#[test]
fn a_path_means_a_file_of_its_client() {
    for (path, file) in [
        ("/", "index.html"),
        ("/vnc.html?resize=remote", "vnc.html"),
        ("/a/", "a/index.html"),
        ("", "index.html"),
        ("/a%20b%3F%2e%2E", "a b?.."),
    ] {
        assert_eq!(name_of(path).as_deref(), Some(file), "{path}");
    }
    assert_eq!(name_of("/%ff"), None);
}
