use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::support::{Pult, eventually, free_ports};

/// The name that people type: in the shipped configurations, in the certificate, and in Pult's `server.public_url`.
pub(super) const NAME: &str = "pult.school.example";

/// Below it are the hosts of desktops in host mode.
pub(super) const HOSTS: &str = "desktops.school.example";

/// A program that stands before Pult.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Program {
    Apache,
    Nginx,
    Caddy,
    Haproxy,
}

use Program::{Apache, Caddy, Haproxy, Nginx};

/// A configuration of a front proxy: the one in `compose/fronts`, with these pieces of it changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Front {
    pub(super) name: &'static str,
    program: Program,
    changes: &'static [(&'static str, &'static str)],
}

/// Apache's line that matters, as it is shipped.
const APACHE_LINE: &str = "ProxyPass \"/\" \"http://127.0.0.1:8080/\" upgrade=websocket timeout=3600 nocanon";
const NGINX_VERSION: &str = "proxy_http_version 1.1;";
const NGINX_UPGRADE: &str = "proxy_set_header Upgrade $http_upgrade;";
const NGINX_CONNECTION: &str = "proxy_set_header Connection $connection_upgrade;";

/// Fronts behind which everything works.
pub(super) const GOOD: [Front; 6] = [
    Front { name: "Apache", program: Apache, changes: &[] },
    Front { name: "Apache with upgrade=ANY", program: Apache, changes: &[("upgrade=websocket", "upgrade=ANY")] },
    Front {
        name: "Apache that rewrites to ws",
        program: Apache,
        changes: &[(
            APACHE_LINE,
            "RewriteEngine On
             RewriteCond %{HTTP:Upgrade} =websocket [NC]
             RewriteRule \"^/(.*)\" \"ws://127.0.0.1:8080/$1\" [P,L]
             ProxyPass \"/\" \"http://127.0.0.1:8080/\" timeout=3600 nocanon",
        )],
    },
    Front { name: "nginx", program: Nginx, changes: &[] },
    Front { name: "Caddy", program: Caddy, changes: &[] },
    Front { name: "HAProxy", program: Haproxy, changes: &[] },
];

/// Fronts that take the upgrade away, as they are met in the wild.
pub(super) const BROKEN: [Front; 5] = [
    Front { name: "Apache with a plain ProxyPass", program: Apache, changes: &[(" upgrade=websocket", "")] },
    Front {
        name: "Apache that rewrites to http",
        program: Apache,
        changes: &[(
            APACHE_LINE,
            "RewriteEngine On
             RewriteCond %{HTTP:Upgrade} =websocket [NC]
             RewriteRule \"^/(.*)\" \"http://127.0.0.1:8080/$1\" [P,L]
             ProxyPass \"/\" \"http://127.0.0.1:8080/\"",
        )],
    },
    Front {
        name: "Apache that sets the headers by hand",
        program: Apache,
        changes: &[(
            APACHE_LINE,
            "SetEnvIf Upgrade \"(?i)websocket\" UPGRADE=websocket
             RequestHeader set Upgrade \"%{UPGRADE}e\" env=UPGRADE
             RequestHeader set Connection \"Upgrade\" env=UPGRADE
             ProxyPass \"/\" \"http://127.0.0.1:8080/\"",
        )],
    },
    Front {
        name: "nginx with a plain proxy_pass",
        program: Nginx,
        changes: &[(NGINX_VERSION, ""), (NGINX_UPGRADE, ""), (NGINX_CONNECTION, "")],
    },
    Front { name: "nginx that speaks HTTP/1.0", program: Nginx, changes: &[(NGINX_VERSION, "")] },
];

/// A file of `compose/fronts`.
pub(super) fn shipped(file: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("compose/fronts").join(file);
    fs::read_to_string(file).expect("it is shipped")
}

impl Front {
    /// What its visitor is told when it takes the upgrade away: its name, and a piece of the line to write.
    pub(super) fn remedy(&self) -> (&'static str, &'static str) {
        match self.program {
            Apache => ("Apache", "upgrade=websocket"),
            Nginx => ("nginx", "proxy_http_version 1.1"),
            Caddy | Haproxy => panic!("{} takes nothing away", self.name),
        }
    }

    /// Its configuration, with our places in it, and with what host mode needs if that is wanted.
    fn configuration(&self, places: &Places<'_>, hosts: bool) -> String {
        let mut text = shipped(self.program.file());
        let mut put = |from: &str, to: &str| {
            assert!(text.contains(from), "{} does not say `{from}`", self.program.file());
            text = text.replace(from, to);
        };
        for (from, to) in self.changes {
            put(from, to);
        }
        // the others answer to every name when they have no better site for it
        if self.program == Caddy {
            put("\npult.school.example {", "\npult.school.example, localhost {");
        }
        if hosts {
            match self.program {
                Apache => put("# ServerAlias", "ServerAlias"),
                Nginx => put("# server_name", "server_name"),
                Caddy => put("\npult.school.example, ", "\npult.school.example, *.desktops.school.example, "),
                // it asks for no name
                Haproxy => {}
            }
        }
        put("/etc/ssl/pult", &places.folder.display().to_string());
        put("127.0.0.1:8080", &places.pult.to_string());
        let [secure, plain] = places.ports.map(|port| format!("127.0.0.1:{port}"));
        match self.program {
            Apache => {
                put("VirtualHost *:443", &format!("VirtualHost {secure}"));
                put("VirtualHost *:80", &format!("VirtualHost {plain}"));
            }
            Nginx => {
                put("listen 443", &format!("listen {secure}"));
                put("listen 80", &format!("listen {plain}"));
            }
            Haproxy => {
                put("bind :443", &format!("bind {secure}"));
                put("bind :80", &format!("bind {plain}"));
            }
            // told in the options that stand around it
            Caddy => {}
        }
        text
    }
}

struct Places<'a> {
    folder: &'a Path,
    pult: SocketAddr,
    /// With TLS, and without.
    ports: [u16; 2],
}

/// Front proxies that run, each before the same Pult. They end when dropped.
pub(super) struct Fronts {
    folder: TempDir,
    doors: BTreeMap<&'static str, SocketAddr>,
    certificate: String,
    running: Vec<Child>,
}

impl Fronts {
    /// Starts these, one process for all that are of the same program.
    pub(super) async fn before(pult: &Pult, fronts: &[Front]) -> Self {
        Self::start(pult, fronts, false).await
    }

    /// The same in host mode.
    pub(super) async fn with_hosts(pult: &Pult, fronts: &[Front]) -> Self {
        Self::start(pult, fronts, true).await
    }

    async fn start(pult: &Pult, fronts: &[Front], hosts: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let certificate = write_certificate(folder.path());
        let ports = free_ports::<24>();
        let (mut doors, mut running) = (BTreeMap::new(), Vec::new());
        for program in [Apache, Nginx, Caddy, Haproxy] {
            let mut settings = Vec::new();
            for (index, front) in fronts.iter().enumerate().filter(|(_, front)| front.program == program) {
                let ports = [ports[2 * index], ports[2 * index + 1]];
                let places = Places { folder: folder.path(), pult: pult.address(), ports };
                let file = folder.path().join(format!("front-{index}.conf"));
                fs::write(&file, front.configuration(&places, hosts)).expect("it is written");
                doors.insert(front.name, SocketAddr::from(([127, 0, 0, 1], ports[0])));
                settings.push((file, ports));
            }
            if !settings.is_empty() {
                running.push(program.run(folder.path(), &settings));
            }
        }
        let fronts = Self { folder, doors, certificate, running };
        for (name, door) in &fronts.doors {
            eventually(&format!("{name} listens; its log is in {}", fronts.folder.path().display()), || async {
                TcpStream::connect_timeout(door, Duration::from_secs(1)).ok()
            })
            .await;
        }
        fronts
    }

    /// Where a front is reached with TLS.
    pub(super) fn door(&self, front: &Front) -> SocketAddr {
        self.doors[front.name]
    }

    /// The certificate that all of them show, in PEM.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }
}

impl Drop for Fronts {
    fn drop(&mut self) {
        for process in &mut self.running {
            // asked, not killed: their children would stay
            let _ = Command::new("kill").arg(process.id().to_string()).status();
        }
        for process in &mut self.running {
            let _ = process.wait();
        }
        if std::thread::panicking() {
            for log in ["apache.log", "nginx.log", "caddy.log", "haproxy.log"] {
                let text = fs::read_to_string(self.folder.path().join(log)).unwrap_or_default();
                let tail: Vec<_> = text.lines().rev().take(15).collect();
                for line in tail.iter().rev() {
                    println!("{log}: {line}");
                }
            }
        }
    }
}

/// A certificate as every front wants it, also for those who know no name.
fn write_certificate(folder: &Path) -> String {
    let names = [NAME.to_owned(), format!("*.{HOSTS}"), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    for (file, text) in
        [("fullchain.pem", &certificate), ("privkey.pem", &key), ("pult.pem", &format!("{certificate}{key}"))]
    {
        fs::write(folder.join(file), text).expect("it is written");
    }
    certificate
}

impl Program {
    /// Its shipped configuration.
    fn file(self) -> &'static str {
        match self {
            Apache => "apache/pult.conf",
            Nginx => "nginx/pult.conf",
            Caddy => "caddy/Caddyfile",
            Haproxy => "haproxy/haproxy.cfg",
        }
    }

    /// Runs it in the foreground, with what a machine's own configuration says around ours.
    fn run(self, folder: &Path, settings: &[(PathBuf, [u16; 2])]) -> Child {
        let around = folder.join(format!("{self:?}.conf"));
        fs::write(&around, self.around(folder, settings)).expect("it is written");
        let mut command = match self {
            Apache => {
                let mut command = Command::new("/usr/sbin/apache2");
                command.args(["-D", "FOREGROUND", "-f"]).arg(around);
                command
            }
            Nginx => {
                let mut command = Command::new("/usr/sbin/nginx");
                command.arg("-e").arg(folder.join("nginx.log")).arg("-p").arg(folder).arg("-c").arg(around);
                command
            }
            Caddy => {
                let mut command = Command::new("/usr/bin/caddy");
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(around);
                command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
                command
            }
            Haproxy => {
                let mut command = Command::new("/usr/sbin/haproxy");
                command.args(["-db", "-f"]).arg(around);
                for (file, _) in settings {
                    command.arg("-f").arg(file);
                }
                command
            }
        };
        let log = fs::File::options().create(true).append(true).open(folder.join(self.log())).expect("a log");
        let child = command.stdout(Stdio::null()).stderr(log).spawn();
        child.unwrap_or_else(|error| panic!("{self:?} does not start ({error}); `make test` brings it"))
    }

    fn log(self) -> &'static str {
        match self {
            Apache => "apache.log",
            Nginx => "nginx.log",
            Caddy => "caddy.log",
            Haproxy => "haproxy.log",
        }
    }

    /// What stands around our configuration on a Debian machine, as far as ours needs it.
    fn around(self, folder: &Path, settings: &[(PathBuf, [u16; 2])]) -> String {
        let mut text = String::new();
        let here = folder.display();
        match self {
            Apache => {
                let _ = writeln!(text, "ServerRoot {here}\nPidFile {here}/apache.pid\nErrorLog {here}/apache.log");
                let _ = writeln!(text, "DefaultRuntimeDir {here}\nMutex pthread\nUser www-data\nGroup www-data");
                for module in APACHE_MODULES {
                    let _ = writeln!(text, "LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so");
                }
                for (file, ports) in settings {
                    for port in ports {
                        let _ = writeln!(text, "Listen 127.0.0.1:{port}");
                    }
                    let _ = writeln!(text, "Include {}", file.display());
                }
            }
            Nginx => {
                // every user: the folder is ours alone
                let _ = writeln!(text, "daemon off; user root; worker_processes 1; pid {here}/nginx.pid;");
                let _ = writeln!(text, "error_log {here}/nginx.log;\nevents {{}}\nhttp {{\n  access_log off;");
                for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
                    let _ = writeln!(text, "  {kind}_temp_path {here}/{kind};");
                }
                for (file, _) in settings {
                    let _ = writeln!(text, "  include {};", file.display());
                }
                text.push_str("}\n");
            }
            Caddy => {
                let [(file, [secure, plain])] = settings else { panic!("one Caddyfile") };
                let _ = writeln!(text, "{{\n\tadmin off\n\thttps_port {secure}\n\thttp_port {plain}");
                let _ = writeln!(text, "\tdefault_bind 127.0.0.1\n}}\nimport {}", file.display());
            }
            Haproxy => text.push_str("global\n    maxconn 500\n"),
        }
        text
    }
}

const APACHE_MODULES: [&str; 11] = [
    "mpm_event",
    "authz_core",
    "alias",
    "headers",
    "http2",
    "proxy",
    "proxy_http",
    "proxy_wstunnel",
    "rewrite",
    "setenvif",
    "ssl",
];
