use std::{
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::Instant,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Api, Engine, eventually};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pult");

/// A running Pult with its own storage. Ends, and removes all it made, when dropped.
pub(crate) struct Pult {
    pub(crate) engine: Engine,
    storage: TempDir,
    port: u16,
    admin_port: u16,
    settings: Vec<(String, String)>,
    is_demo: bool,
    process: Option<Child>,
    welcome: Arc<Mutex<String>>,
}

impl Pult {
    /// A Pult on the shared engine, with the demo's accounts and templates.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same, with some keys set: `("reaper.idle_after", "20s")`. `{port}` is where it listens.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::on(Engine::shared(), settings).await
    }

    /// A Pult as a school begins with it, without the demo's accounts and templates.
    pub(crate) async fn bare(settings: &[(&str, &str)]) -> Self {
        Self::begin(Engine::shared(), settings, false).await
    }

    /// A Pult on this engine.
    pub(crate) async fn on(engine: Engine, settings: &[(&str, &str)]) -> Self {
        Self::begin(engine, settings, true).await
    }

    async fn begin(engine: Engine, settings: &[(&str, &str)], is_demo: bool) -> Self {
        // reqwest asks for the process's own cryptography; the first test to install it wins
        let _ = rustls::crypto::ring::default_provider().install_default();
        let [port, admin_port] = free_ports();
        let settings = settings
            .iter()
            .map(|(key, value)| {
                (format!("PULT_{}", key.replace('.', "__").to_uppercase()), value.replace("{port}", &port.to_string()))
            })
            .collect();
        let storage = tempfile::tempdir().expect("a folder");
        let mut pult =
            Self { engine, storage, port, admin_port, settings, is_demo, process: None, welcome: Arc::default() };
        pult.resume().await;
        pult
    }

    /// Starts it again on the same storage.
    pub(crate) async fn resume(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let mut process = self
            .command(if self.is_demo { &["serve", "--demo"] } else { &["serve"] })
            .stdout(Stdio::piped())
            .stderr(Stdio::from(self.log_file()))
            .spawn()
            .expect("pult starts");
        let told = BufReader::new(process.stdout.take().expect("it is piped"));
        let welcome = Arc::clone(&self.welcome);
        std::thread::spawn(move || {
            for line in told.lines().map_while(Result::ok) {
                let mut welcome = welcome.lock().expect("nobody panics with it");
                welcome.push_str(&line);
                welcome.push('\n');
            }
        });
        self.process = Some(process);
        let ready = format!("http://127.0.0.1:{}/readyz", self.admin_port);
        eventually("Pult is ready", || async {
            reqwest::get(&ready).await.ok().filter(|answer| answer.status().is_success()).map(drop)
        })
        .await;
    }

    /// Ends it as a power cut would: nothing is finished, nothing is said.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it is ours");
            process.wait().expect("it has ended");
        }
    }

    /// Asks it to stop, and says how long that took.
    pub(crate) fn stop(&mut self) -> std::time::Duration {
        let mut process = self.process.take().expect("it runs");
        let asked = Instant::now();
        let told = Command::new("kill").arg("-TERM").arg(process.id().to_string()).status().expect("kill runs");
        assert!(told.success());
        assert!(process.wait().expect("it ends").success());
        asked.elapsed()
    }

    /// Where people reach it.
    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// What it holds in memory now, in MiB.
    pub(crate) fn memory_mib(&self) -> u64 {
        let process = self.process.as_ref().expect("it runs").id();
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
    }

    pub(crate) fn storage(&self) -> PathBuf {
        self.storage.path().to_owned()
    }

    /// All it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.storage.path().join("log")).unwrap_or_default()
    }

    /// The password that the demo gave one of its accounts.
    pub(crate) fn password_of(&self, account: &str) -> String {
        self.try_password_of(account).expect("it was told")
    }

    /// The same, where there may be no demo.
    pub(crate) fn try_password_of(&self, account: &str) -> Option<String> {
        let welcome = self.welcome.lock().expect("nobody panics with it");
        let line = welcome.lines().find(|line| line.trim_start().starts_with(account))?;
        line.split_whitespace().last().map(str::to_owned)
    }

    /// The API as a person of this role has it; made if they are new.
    pub(crate) fn person(&self, name: &str, role: &str) -> Api {
        self.person_with(name, role, &[])
    }

    /// The same, with more said to `pult token create`.
    pub(crate) fn person_with(&self, name: &str, role: &str, more: &[&str]) -> Api {
        let arguments = [&["token", "create", "--user", name, "--role", role], more].concat();
        Api::new(self.url(), self.run(&arguments))
    }

    /// Runs a command of the program, and wants it to go well.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("pult runs");
        assert!(output.status.success(), "pult {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs a command with more in its environment, however it goes.
    pub(crate) fn output(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        self.command(arguments).envs(environment.iter().copied()).output().expect("pult runs")
    }

    /// What `pult doctor` exits with and finds.
    pub(crate) fn doctor(&self, arguments: &[&str], environment: &[(&str, &str)]) -> (i32, Value) {
        let Output { status, stdout, stderr } = self.output(&[&["doctor", "--json"], arguments].concat(), environment);
        let document = serde_json::from_slice(&stdout);
        let document = document.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&stderr)));
        (status.code().expect("it ended by itself"), document)
    }

    /// Where its health and metrics are told.
    pub(crate) fn admin_port(&self) -> u16 {
        self.admin_port
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(self.storage.path())
            .env("PULT_SERVER__LISTEN", format!("127.0.0.1:{}", self.port))
            .env("PULT_SERVER__ADMIN_LISTEN", format!("127.0.0.1:{}", self.admin_port))
            .env("PULT_STORAGE__ROOT", self.storage.path().join("data"))
            .env("PULT_ENGINE__HOST", self.engine.host())
            .env("PULT_LOG__FILTER", "info,worker=debug")
            .envs(self.settings.iter().map(|(key, value)| (key, value)));
        command
    }

    fn log_file(&self) -> std::fs::File {
        let path = self.storage.path().join("log");
        std::fs::OpenOptions::new().create(true).append(true).open(path).expect("a log")
    }

    /// The installation's id, as its containers are labelled.
    pub(crate) fn instance(&self) -> Option<String> {
        let log = self.log();
        let line = log.lines().find(|line| line.contains("\"instance\""))?;
        let from = line.find("\"instance\":\"")? + "\"instance\":\"".len();
        line.get(from..from + 36).map(str::to_owned)
    }
}

impl Drop for Pult {
    fn drop(&mut self) {
        self.kill();
        if let Some(instance) = self.instance() {
            self.engine.remove_all_of(&instance);
        }
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<_> = log.lines().rev().take(60).collect();
            for line in tail.iter().rev() {
                println!("{line}");
            }
        }
    }
}

/// Ports that nobody has now. Somebody else may take them before we do; then the test fails with that word.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    // all are held at once, so that they differ
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("it has one").port())
}
