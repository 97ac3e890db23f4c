//! An engine that is absent, frozen, cut off or chatty, played by a socket.

use std::{path::Path, time::Duration};

use domain::{DesktopId, InstallationId};
use engine::{Config, DockerEngine, Engine, EngineError, PullProgress, Route, conformance::launch};
use futures::StreamExt;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    time::{Instant, sleep, timeout},
};

const CALL_TIMEOUT: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(10);

/// What is played.
#[derive(Clone, Copy)]
enum Part {
    /// Takes connections and says nothing.
    Frozen,
    /// Answers each path by its beginning, with a status and lines, and hangs up; to the lines of events it holds on
    /// for so long before. Where the status is [`NEVER`] it says nothing.
    Talks { lines: &'static [(&'static str, u16, &'static str)], holds: Duration },
}

const NEVER: u16 = 0;

fn connect(socket: &Path) -> DockerEngine {
    let config = Config {
        host: format!("unix://{}", socket.display()),
        instance: InstallationId::new(),
        route: Route::Address,
        storage_root: "/srv/pult".into(),
        call_timeout: CALL_TIMEOUT,
    };
    DockerEngine::connect(config).expect("a good configuration")
}

fn play(socket: &Path, part: Part) {
    let listener = UnixListener::bind(socket).expect("a socket");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, part));
        }
    });
}

async fn answer(mut stream: UnixStream, part: Part) {
    let Part::Talks { lines, holds } = part else {
        // Held open for as long as any test takes.
        sleep(PATIENCE * 2).await;
        return drop(stream);
    };
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (status, body) = lines
        .iter()
        .find_map(|(begins, status, body)| path.starts_with(begins).then_some((*status, *body)))
        .unwrap_or((404, r#"{"message":"page not found"}"#));
    // of our networks nobody here has anything to tell
    if status == NEVER || path.contains("disconnect") {
        return sleep(PATIENCE * 2).await;
    }
    let head = format!("HTTP/1.1 {status} So\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
    if path.starts_with("/events") {
        sleep(holds).await;
    }
}

const VERSION: (&str, u16, &str) = ("/version", 200, r#"{"Version":"20.10.24","ApiVersion":"1.41"}"#);
const INFO: (&str, u16, &str) = ("/info", 200, r#"{"NCPU":2,"SystemTime":"2026-11-21T03:41:02.5Z"}"#);

fn talks(lines: &'static [(&'static str, u16, &'static str)]) -> Part {
    Part::Talks { lines, holds: Duration::ZERO }
}

fn socket(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("docker.sock")
}

#[tokio::test]
async fn an_absent_engine_is_unreachable_and_used_once_it_is_there() {
    let folder = TempDir::new().expect("a folder");
    let engine = connect(&socket(&folder));
    assert!(engine.ping().await.expect_err("nothing listens").is_passing());
    play(&socket(&folder), talks(&[VERSION, ("/_ping", 200, "OK")]));
    engine.ping().await.expect("it answers now");
}

#[tokio::test]
async fn a_frozen_engine_is_given_up_at_the_deadline() {
    let folder = TempDir::new().expect("a folder");
    play(&socket(&folder), Part::Frozen);
    let engine = connect(&socket(&folder));
    let desktop = DesktopId::new();
    let began = Instant::now();
    let errors = tokio::join!(
        async { engine.ping().await.err() },
        async { engine.list().await.err() },
        async { engine.inspect(desktop).await.err() },
        async { engine.create(&launch("pult/tiny")).await.err() },
        async { engine.stop(desktop, Duration::ZERO).await.err() },
        async { engine.hints().await.err() },
        async { engine.pull("pult/tiny").next().await.and_then(Result::err) },
    );
    let late = EngineError::Unreachable { detail: "no answer in time".to_owned() };
    let (ping, list, inspect, create, stop, hints, pull) = errors;
    for error in [ping, list, inspect, create, stop, hints, pull] {
        assert_eq!(error.as_ref(), Some(&late));
    }
    assert!(began.elapsed() < CALL_TIMEOUT * 3, "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up_too() {
    let folder = TempDir::new().expect("a folder");
    let lines = &[VERSION, INFO, ("/events", 200, "")];
    play(&socket(&folder), Part::Talks { lines, holds: PATIENCE * 2 });
    let engine = connect(&socket(&folder));
    let mut hints = engine.hints().await.expect("a subscription");
    // The stream is silent and open; beside it, a ping is refused.
    let end = timeout(PATIENCE, hints.next()).await.expect("the heartbeat notices");
    assert!(matches!(end, Some(Err(_))), "{end:?}");
    assert_eq!(hints.next().await, None);
}

#[tokio::test]
async fn a_call_from_before_the_engine_came_back_is_given_up_at_once() {
    let folder = TempDir::new().expect("a folder");
    let lines = &[VERSION, INFO, ("/events", 200, ""), ("/containers/", NEVER, "")];
    play(&socket(&folder), Part::Talks { lines, holds: PATIENCE * 2 });
    let engine = connect(&socket(&folder));
    let desktop = DesktopId::new();
    let first = engine.hints().await.expect("a subscription");
    let began = Instant::now();
    let (found, second) = tokio::join!(engine.inspect(desktop), async {
        sleep(CALL_TIMEOUT / 10).await;
        engine.hints().await
    });
    let detail = "it was away since it was asked".to_owned();
    assert_eq!(found, Err(EngineError::Unreachable { detail }));
    assert!(began.elapsed() < CALL_TIMEOUT, "{:?}", began.elapsed());
    drop((first, second));
}

#[tokio::test]
async fn hints_end_with_an_error_after_the_last_one_when_the_events_end() {
    const EVENTS: &str = concat!(
        r#"{"Type":"container","Action":"start","Actor":{"ID":"0123","Attributes":{"pult.desktop":"#,
        r#""01a1fc48-0b46-711d-9cfc-a5c4da58bc65"}},"time":1795232461,"timeNano":1795232461207459863}"#,
        "\n",
    );
    for (status, body, expected) in [(200, EVENTS, 1), (200, "", 0), (200, "{\"Type\":\n", 0), (503, "{}", 0)] {
        let folder = TempDir::new().expect("a folder");
        let lines: &[_] = Box::leak(Box::new([VERSION, INFO, ("/_ping", 200, "OK"), ("/events", status, body)]));
        play(&socket(&folder), talks(lines));
        let engine = connect(&socket(&folder));
        let hints = engine.hints().await.expect("a subscription");
        let told: Vec<_> = timeout(PATIENCE, hints.collect::<Vec<_>>()).await.expect("it ends");
        let (last, hints) = told.split_last().expect("at least an error");
        assert!(last.is_err(), "{last:?}");
        assert_eq!(hints.iter().filter(|hint| hint.is_ok()).count(), expected, "{body}");
        assert_eq!(hints.len(), expected);
    }
}

#[tokio::test]
async fn a_pull_adds_up_and_asks_for_one_tag() {
    const CHATTER: &str = concat!(
        "{\"status\":\"Pulling from pult/tiny\",\"id\":\"latest\"}\n",
        "{\"status\":\"Pulling fs layer\",\"progressDetail\":{},\"id\":\"a\"}\n",
        "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":40,\"total\":100},\"progress\":\"[=> ]\",\"id\":\"a\"}\n",
        "{\"status\":\"Pull complete\",\"progressDetail\":{},\"id\":\"a\"}\n",
        "{\"status\":\"Status: Downloaded newer image for pult/tiny:latest\"}\n",
    );
    let folder = TempDir::new().expect("a folder");
    play(&socket(&folder), talks(&[VERSION, ("/images/create?fromImage=pult%2Ftiny%3Alatest", 200, CHATTER)]));
    let told: Vec<_> = connect(&socket(&folder)).pull("pult/tiny").collect().await;
    let sum = |layers_done, bytes, bytes_total| Ok(PullProgress { layers_done, layers: 1, bytes, bytes_total });
    assert_eq!(told, [sum(0, 0, 0), sum(0, 40, 100), sum(1, 100, 100)]);
}

#[tokio::test]
async fn a_pull_that_fails_half_way_ends_with_the_reason() {
    const MISSING: &str = concat!(
        "{\"status\":\"Pulling from pult/tiny\",\"id\":\"latest\"}\n",
        "{\"errorDetail\":{\"message\":\"manifest unknown\"},\"error\":\"manifest unknown\"}\n",
    );
    const FULL: &str = "{\"errorDetail\":{\"message\":\"write /x: no space left on device\"},\"error\":\"no space\"}\n";
    let missing = EngineError::ImageMissing { image: "pult/tiny:1".to_owned() };
    let full = EngineError::DiskFull { detail: "write /x: no space left on device".to_owned() };
    for (chatter, error) in [(MISSING, missing), (FULL, full)] {
        let folder = TempDir::new().expect("a folder");
        let lines: &[_] = Box::leak(Box::new([VERSION, ("/images/create", 200, chatter)]));
        play(&socket(&folder), talks(lines));
        let told: Vec<_> = connect(&socket(&folder)).pull("pult/tiny:1").collect().await;
        assert_eq!(told, [Err(error)]);
    }
    let refused: Vec<_> = connect(Path::new("/nowhere")).pull("no image").collect().await;
    assert!(matches!(refused[..], [Err(EngineError::OutOfBounds { field: "image", .. })]), "{refused:?}");
}

#[test]
fn a_configuration_that_cannot_be_right_is_refused() {
    let config = |host: &str, root: &str| {
        DockerEngine::connect(Config {
            host: host.to_owned(),
            instance: InstallationId::new(),
            route: Route::Address,
            storage_root: root.into(),
            call_timeout: CALL_TIMEOUT,
        })
    };
    assert!(config("unix:///var/run/docker.sock", "/srv/pult").is_ok());
    for (host, root, field) in [
        ("/var/run/docker.sock", "/srv/pult", "engine.host"),
        ("https://engine:2376", "/srv/pult", "engine.host"),
        ("tcp://127.0.0.1:2375", "/", "storage.host_root"),
        ("tcp://127.0.0.1:2375", "data", "storage.host_root"),
        ("tcp://127.0.0.1:2375", "/srv/../etc", "storage.host_root"),
    ] {
        match config(host, root) {
            Err(EngineError::OutOfBounds { field: found, .. }) => assert_eq!(found, field),
            other => panic!("{host} {root}: {other:?}"),
        }
    }
}
