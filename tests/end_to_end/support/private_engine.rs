use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    time::{sleep, timeout},
};

use super::Engine;

/// An engine of its own for one test, beside the shared one: to this one anything may be done. Ends, with all its
/// containers, when dropped.
pub(crate) struct PrivateEngine {
    folder: PathBuf,
    engine: Engine,
}

/// How an engine is set up; see `setup/engine`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Setup {
    /// Its containers outlive it.
    pub(crate) live_restore: bool,
    /// The size of a disk of its own.
    pub(crate) disk_mb: Option<u32>,
}

impl PrivateEngine {
    pub(crate) fn start(name: &str, setup: &Setup) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let host = format!("unix://{}/docker.sock", folder.display());
        // made first, so that whatever a failed start leaves is purged
        let engine = Self { engine: Engine::at(&host), folder };
        set_up(&engine.folder, "start", setup);
        engine
    }

    /// What an administrator has of it.
    pub(crate) fn engine(&self) -> Engine {
        self.engine.clone()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("docker.sock")
    }

    /// Ends it, and its containers unless they outlive it.
    pub(crate) fn stop(&self) {
        set_up(&self.folder, "stop", &Setup::default());
    }

    pub(crate) fn start_again(&self) {
        self.start_as(&Setup::default());
    }

    /// Starts it again, perhaps set up otherwise than before.
    pub(crate) fn start_as(&self, setup: &Setup) {
        set_up(&self.folder, "start", setup);
    }

    /// Sends a signal, such as `KILL` or `STOP`, to the engine itself.
    pub(crate) async fn signal(&self, signal: &str) {
        let process = fs::read_to_string(self.folder.join("docker.pid")).expect("it runs");
        kill(signal, process.trim());
        while signal == "KILL" && Path::new("/proc").join(process.trim()).exists() {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until it answers, however often it has to be asked, and yields the moment.
    pub(crate) async fn first_answer(&self) -> Instant {
        const PING: &[u8] = b"GET /_ping HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n";
        loop {
            let asked = async {
                let mut line = UnixStream::connect(self.socket()).await?;
                line.write_all(PING).await?;
                let mut answer = Vec::new();
                line.read_to_end(&mut answer).await?;
                std::io::Result::Ok(answer.starts_with(b"HTTP/1.1 200"))
            };
            if let Ok(Ok(true)) = timeout(Duration::from_secs(1), asked).await {
                return Instant::now();
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Copies an image from the shared engine.
    pub(crate) fn load(&self, image: &str) {
        let mut save = Command::new("docker")
            .env("DOCKER_HOST", Engine::shared().host())
            .args(["save", image])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the docker client runs");
        let image = save.stdout.take().expect("it is piped");
        let loaded = Command::new("docker")
            .env("DOCKER_HOST", self.engine.host())
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
        set_up(&self.folder, "purge", &Setup::default());
    }
}

/// Sends a signal to a process of an engine's: such belong to root.
pub(crate) fn kill(signal: &str, process: &str) {
    const AS_ROOT: &str = r#"[ "$(id -u)" = 0 ] || exec sudo -n "$@"; exec "$@""#;
    let told = Command::new("sh").args(["-c", AS_ROOT, "sh", "kill", "-s", signal, process]).status();
    assert!(told.expect("a shell").success(), "SIG{signal} to {process}");
}

fn set_up(folder: &Path, act: &str, setup: &Setup) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("setup/engine");
    let mut command = Command::new(script);
    command
        .arg(act)
        .env("PULT_ENGINE_DIR", folder)
        .env("PULT_ENGINE_PRIVATE", "1")
        .env("PULT_ENGINE_FLAGS", if setup.live_restore { "--live-restore" } else { "" })
        .env_remove("DOCKER_HOST")
        .stdout(Stdio::null());
    if let Some(disk_mb) = setup.disk_mb {
        command.env("PULT_ENGINE_DISK_MB", disk_mb.to_string());
    }
    assert!(command.status().expect("the script runs").success(), "setup/engine {act}");
}
