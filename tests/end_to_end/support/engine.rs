use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use super::variable;

/// The engine behind Pult's back, as an administrator has it.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    host: String,
}

/// An image that one test made. Loses its name when dropped.
pub(crate) struct TestImage {
    engine: Engine,
    pub(crate) name: String,
}

impl TestImage {
    /// The smallest desktop, with more lines in its Dockerfile.
    pub(crate) fn build(engine: &Engine, what: &str, lines: &str) -> Self {
        let name = format!("pult-test/{what}-{}:latest", std::process::id());
        let mut build = Command::new("docker")
            .env("DOCKER_HOST", engine.host())
            .args(["build", "--quiet", "--tag", &name, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the docker client runs");
        let text = format!("FROM pult/tiny:latest\n{lines}\n");
        build.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("it is read");
        assert!(build.wait().expect("it ends").success(), "{text}");
        Self { engine: engine.clone(), name }
    }

    /// Somebody removes it; containers made from it stay.
    pub(crate) fn remove(&self) {
        self.engine.docker(&["rmi", "--force", &self.name]);
    }
}

impl Drop for TestImage {
    fn drop(&mut self) {
        self.engine.try_docker(&["rmi", "--force", &self.name]);
    }
}

impl Engine {
    /// The one that `make test` brought.
    pub(crate) fn shared() -> Self {
        Self { host: variable("DOCKER_HOST") }
    }

    /// The one at this address.
    pub(crate) fn at(host: &str) -> Self {
        Self { host: host.to_owned() }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Runs the engine's command line, and wants it to go well.
    pub(crate) fn docker(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.try_docker(arguments);
        assert!(status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8_lossy(&stdout).trim().to_owned()
    }

    pub(crate) fn try_docker(&self, arguments: &[&str]) -> Output {
        Command::new("docker").env("DOCKER_HOST", &self.host).args(arguments).output().expect("the docker client runs")
    }

    /// The names of a desktop's containers, running or not.
    pub(crate) fn containers_of(&self, desktop: &str) -> Vec<String> {
        let filter = format!("label=pult.desktop={desktop}");
        let names = self.docker(&["ps", "-a", "--filter", &filter, "--format", "{{.Names}}"]);
        names.lines().map(str::to_owned).collect()
    }

    /// One fact of an inspection.
    pub(crate) fn inspect(&self, container: &str, format: &str) -> String {
        self.docker(&["inspect", "--format", format, container])
    }

    /// Removes all that one installation made. Goes on where something is gone already.
    pub(crate) fn remove_all_of(&self, instance: &str) {
        let filter = format!("label=pult.instance={instance}");
        for (list, remove) in [
            (&["ps", "-aq", "--filter"][..], &["rm", "--force", "--volumes"][..]),
            (&["network", "ls", "-q", "--filter"], &["network", "rm"]),
        ] {
            let ids = self.try_docker(&[list, &[filter.as_str()]].concat()).stdout;
            let ids = String::from_utf8_lossy(&ids).into_owned();
            let ids: Vec<_> = ids.lines().collect();
            if !ids.is_empty() {
                self.try_docker(&[remove, &ids].concat());
            }
        }
    }
}
