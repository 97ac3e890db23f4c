use std::{sync::Arc, time::Duration};

use domain::{
    Timestamp,
    desktop::Served,
    template::{Client, Protocol},
};
use engine::{
    Engine, EngineError,
    fake::{Call, FakeEngine, When},
};
use files::{Clients, Limits};
use futures::future::join_all;
use tempfile::TempDir;

use super::{ClientError, Unfit, Unpacker};

const IMAGE: &str = "pult/tiny:latest";
const FOLDER: &str = "/usr/share/client";

/// An engine with an image, what it is unpacked by, and where to.
struct Bench {
    engine: FakeEngine,
    unpacker: Unpacker,
    root: TempDir,
}

fn bench() -> Bench {
    let engine = FakeEngine::new(&[IMAGE], Timestamp::UNIX_EPOCH);
    let root = tempfile::tempdir().expect("a folder");
    let clients = Clients::with_limits(root.path(), Limits { bytes: 64 << 10, entries: 10 });
    Bench { unpacker: Unpacker::new(Arc::new(engine.clone()), clients), engine, root }
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, contents) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        archive.append_data(&mut header, name, *contents).expect("memory takes all");
    }
    archive.into_inner().expect("memory takes all")
}

async fn served(bench: &Bench, path: &str, client: Client) -> Served {
    let image = bench.engine.image(IMAGE).await.expect("it answers").expect("it is there").id;
    let (protocol, user) = (Protocol::Http, "kasm_user".to_owned());
    Served { image, protocol, verify_tls: false, path: path.to_owned(), user, client }
}

async fn ours(bench: &Bench) -> Served {
    served(bench, "/", Client::Image(FOLDER.to_owned())).await
}

fn unfit(outcome: Result<(), ClientError>) -> Unfit {
    match outcome {
        Err(ClientError::Unfit(unfit)) => unfit,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn many_starts_at_once_unpack_a_client_once() {
    let bench = bench();
    bench.engine.put_folder(IMAGE, FOLDER, archive(&[("index.html", b"page")]));
    bench.engine.slow_down(Call::Folder, Duration::from_millis(20), Duration::ZERO);
    let served = ours(&bench).await;
    for outcome in join_all((0..20).map(|_| bench.unpacker.ensure_for(&served))).await {
        outcome.expect("the client is there");
    }
    assert_eq!(bench.engine.count(Call::Folder), 1);
    // another process, or this one after a restart
    let again = Unpacker::new(Arc::new(bench.engine.clone()), Clients::new(bench.root.path()));
    again.ensure_for(&served).await.expect("it is still there");
    assert_eq!(bench.engine.count(Call::Folder), 1);
}

#[tokio::test]
async fn desktops_with_other_clients_need_nothing() {
    let bench = bench();
    for client in [Client::Novnc, Client::Container] {
        bench.unpacker.ensure_for(&served(&bench, "/", client).await).await.expect("nothing is needed");
    }
    assert_eq!(bench.engine.count(Call::Folder), 0);
}

#[tokio::test]
async fn what_an_image_lacks_is_named_and_looked_for_once() {
    let bench = bench();
    let missing = ours(&bench).await;
    for _ in 0..3 {
        let told = unfit(bench.unpacker.ensure_for(&missing).await);
        assert_eq!(told, Unfit::Missing(FOLDER.to_owned()));
    }
    assert_eq!(bench.engine.count(Call::Folder), 1);

    let bench = self::bench();
    bench.engine.put_folder(IMAGE, FOLDER, archive(&[("vnc.html", b"page")]));
    let told = unfit(bench.unpacker.ensure_for(&ours(&bench).await).await);
    assert_eq!(told, Unfit::Missing(format!("{FOLDER}/index.html")));
    let page = served(&bench, "/vnc.html?resize=scale", Client::Image(FOLDER.to_owned())).await;
    bench.unpacker.ensure_for(&page).await.expect("its first page is another");
}

#[tokio::test]
async fn what_is_too_large_is_told_and_not_tried_again() {
    for archive in [
        archive(&[("index.html", vec![b'x'; 100_000].as_slice())]),
        archive(&(0..20).map(|_| ("index.html", b"".as_slice())).collect::<Vec<_>>()),
    ] {
        let bench = bench();
        bench.engine.put_folder(IMAGE, FOLDER, archive);
        for _ in 0..2 {
            let told = unfit(bench.unpacker.ensure_for(&ours(&bench).await).await);
            assert!(matches!(told, Unfit::Refused(_)), "{told:?}");
        }
        assert_eq!(bench.engine.count(Call::Folder), 1);
    }
}

#[tokio::test]
async fn an_engine_that_is_away_is_asked_again() {
    let bench = bench();
    bench.engine.put_folder(IMAGE, FOLDER, archive(&[("index.html", b"page")]));
    let away = EngineError::Unreachable { detail: "as steered".to_owned() };
    bench.engine.fail_next(Call::Folder, When::Before, away.clone());
    let served = ours(&bench).await;
    match bench.unpacker.ensure_for(&served).await {
        Err(ClientError::Engine(error)) => assert_eq!(error, away),
        other => panic!("{other:?}"),
    }
    bench.unpacker.ensure_for(&served).await.expect("now it answers");
}
