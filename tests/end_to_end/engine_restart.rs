//! The engine goes away and comes back, as it does with every update of Docker.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use reqwest::StatusCode;

use crate::support::{Engine, Pult, Rfb, eventually};

/// An engine of its own for one test, beside the shared one: this one may be stopped.
struct PrivateEngine {
    folder: PathBuf,
    host: String,
}

impl PrivateEngine {
    fn start(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        set_up(&folder, "start");
        let told = set_up(&folder, "env");
        let (_, host) = told.trim().split_once("DOCKER_HOST=").expect("it says where it is");
        Self { host: host.trim_matches(['"', '\'']).to_owned(), folder }
    }

    /// Runs `setup/engine` for this engine.
    fn set_up(&self, act: &str) {
        set_up(&self.folder, act);
    }

    /// Copies an image from the shared engine.
    fn load(&self, image: &str) {
        let mut save = Command::new("docker")
            .env("DOCKER_HOST", Engine::shared().host())
            .args(["save", image])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the docker client runs");
        let image = save.stdout.take().expect("it is piped");
        let loaded = Command::new("docker")
            .env("DOCKER_HOST", &self.host)
            .args(["load", "--quiet"])
            .stdin(image)
            .stdout(Stdio::null())
            .status()
            .expect("the docker client runs");
        assert!(loaded.success() && save.wait().expect("it has ended").success());
    }
}

impl Drop for PrivateEngine {
    fn drop(&mut self) {
        self.set_up("purge");
    }
}

fn set_up(folder: &Path, act: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("setup/engine");
    let output = Command::new(script)
        .arg(act)
        .env("PULT_ENGINE_DIR", folder)
        .env("PULT_ENGINE_PRIVATE", "1")
        .env_remove("DOCKER_HOST")
        .stderr(Stdio::inherit())
        .output()
        .expect("the script runs");
    assert!(output.status.success(), "setup/engine {act}");
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_wait_for_an_engine_that_is_away_and_everything_converges() {
    let engine = PrivateEngine::start("engine");
    engine.load("pult/tiny:latest");
    let pult = Pult::on(Engine::at(&engine.host), &[]).await;
    let pupil = pult.person("schueler", "student");
    let other = pult.person("andere", "student");
    let events = pupil.events().await;
    let desktop = pupil.running("tiny").await;

    let away = Instant::now();
    engine.set_up("stop");
    let noticed = events.after(away, "the page says so", |event| event.data["code"] == "engine_unreachable").await;
    println!("engine stopped: the page says so after {noticed:.1?}, the engine's own end included");
    let status = pupil.json("/api/v1/status").await;
    assert_eq!(status["engine"]["reachable"], false);
    // a wish is taken all the same
    let (wished, waiting) = other.want("tiny").await;
    assert_eq!(wished, StatusCode::ACCEPTED);

    engine.set_up("start");
    let back = Instant::now();
    events.after(away, "the page says so", |event| event.data["code"] == "engine_back").await;
    // without live-restore the containers have ended with the engine: the row is right, and one click brings it back
    let stopped = pupil.until(&desktop, "stopped").await;
    println!("engine back: the row is right after {:.1?}", back.elapsed());
    assert_eq!(stopped.text("reason"), "stopped_outside");
    other.until(&waiting, "running").await;
    println!("engine back: the waiting start runs after {:.1?}", back.elapsed());
    assert_eq!(pult.engine.containers_of(waiting.id()), [waiting.container()]);
    pupil.tell(&desktop, "start").await;
    pupil.until(&desktop, "running").await;
    Rfb::open(&pupil, &desktop).await.expect("a stream");
    eventually("the status is well", || async {
        (pupil.json("/api/v1/status").await["engine"]["reachable"] == true).then_some(())
    })
    .await;
    drop(pult);
}
