//! Who is measured: Pult, its peers, and the floors, each in front of the same stand-ins for desktops.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use crate::{
    client::Door,
    meter::Group,
    parts::{
        Part, desktops,
        desktops::Place,
        floor,
        floor::Kind,
        pult::{Home, Served, Wanted, Word},
    },
};

/// How many threads or processes each peer works with: as many as Pult's runtime has.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// How long a peer may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// The stand-ins, and where they are.
pub(crate) struct Desktops {
    pub(crate) part: Part,
    pub(crate) place: Place,
}

impl Desktops {
    pub(crate) async fn start() -> Self {
        let mut part = Part::start("desktops");
        let place = part.ask(&desktops::Word::Where).await;
        Self { part, place }
    }

    pub(crate) async fn counts(&mut self) -> desktops::Counts {
        self.part.ask(&desktops::Word::Count).await
    }
}

/// The address of a desktop. Each has its own, as containers have.
pub(crate) fn address_of(index: usize) -> Ipv4Addr {
    let [_, high, middle, low] = u32::try_from(index + 1).expect("there are not so many").to_be_bytes();
    Ipv4Addr::new(127, 64 + high, middle, low)
}

/// The address that somebody comes from. Each person has their own.
pub(crate) fn home_of(index: usize) -> Ipv4Addr {
    let [_, high, middle, low] = u32::try_from(index + 1).expect("there are not so many").to_be_bytes();
    Ipv4Addr::new(127, 128 + high, middle, low)
}

/// Somebody to be measured. Ends when dropped.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    process: u32,
    /// Ways to desktops over http, one for each person.
    pub(crate) plain: Vec<Door>,
    /// The same to desktops over https; empty where it does not speak that.
    pub(crate) secure: Vec<Door>,
    _process: Running,
    _folder: TempDir,
}

enum Running {
    Part { _part: Part },
    Peer(Child),
}

impl Drop for Running {
    /// A peer is asked, not killed: it has processes of its own to end.
    fn drop(&mut self) {
        if let Self::Peer(peer) = self
            && let Some(process) = peer.id().and_then(|id| Pid::from_raw(id.cast_signed()))
        {
            // if it has ended already, all the better
            let _ = kill_process(process, Signal::TERM);
        }
    }
}

impl Subject {
    /// The processes that it is now.
    pub(crate) fn group(&self) -> Group {
        Group::of(self.process)
    }

    /// Pult, with so many desktops of each kind.
    pub(crate) async fn pult(place: &Place, people: usize) -> Self {
        let folder = folder();
        let wanted = |secure| move |index| Wanted { address: address_of(index), secure };
        let desktops = (0..people).map(wanted(false)).chain((0..people).map(wanted(true))).collect();
        let (part, served) = pult(&folder, place, desktops).await;
        let doors: Vec<_> =
            served.desktops.iter().enumerate().map(|(index, home)| door(served.port, index % people, home)).collect();
        let (plain, secure) = doors.split_at(people);
        Self {
            name: "pult",
            process: part.id(),
            plain: plain.to_vec(),
            secure: secure.to_vec(),
            _process: Running::Part { _part: part },
            _folder: folder,
        }
    }

    /// A relay that knows nothing but octets.
    pub(crate) async fn floor(kind: Kind, place: &Place, people: usize) -> Self {
        let mut part = Part::start("floor");
        let port = part.ask(&floor::Word { kind, to: (address_of(0), place.plain).into() }).await;
        Self {
            name: if kind == Kind::Splice { "splice" } else { "copy" },
            process: part.id(),
            plain: blind_doors(port, people),
            secure: Vec::new(),
            _process: Running::Part { _part: part },
            _folder: folder(),
        }
    }

    /// nginx, as its manual has it for streams.
    pub(crate) async fn nginx(place: &Place, people: usize) -> Self {
        let (plain, secure) = (free_port().await, free_port().await);
        let server = |port: u16, to: String| {
            format!(
                "server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ proxy_pass {to};
                 proxy_set_header Host $host; proxy_set_header Upgrade $http_upgrade;
                 proxy_set_header Connection $connection_upgrade; }} }}\n"
            )
        };
        let desktop = address_of(0);
        let configuration = format!(
            "daemon off; pid nginx.pid; error_log error.log crit; worker_processes {workers};
             worker_rlimit_nofile 16384; events {{ worker_connections 8192; }}
             http {{ access_log off;
             client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
             map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
             proxy_http_version 1.1; proxy_read_timeout 3600s; proxy_max_temp_file_size 0;
             proxy_ssl_verify off; proxy_ssl_session_reuse on; proxy_ssl_protocols TLSv1.2 TLSv1.3;\n{}{} }}",
            server(plain, format!("http://{desktop}:{}", place.plain)),
            server(secure, format!("https://{desktop}:{}", place.tls)),
            workers = workers(),
        );
        let folder = folder();
        let file = write(&folder, "nginx.conf", &configuration);
        let start = command("nginx", &[&"-p", &folder.path(), &"-c", &file, &"-e", &"stderr"]);
        Self::peer("nginx", folder, start, [plain, secure], people).await
    }

    /// The same of `HAProxy`.
    pub(crate) async fn haproxy(place: &Place, people: usize) -> Self {
        let (plain, secure) = (free_port().await, free_port().await);
        let desktop = address_of(0);
        let configuration = format!(
            "global\n nbthread {workers}\n maxconn 8000\n\
             defaults\n mode http\n timeout connect 3s\n timeout client 1h\n timeout server 1h\n timeout tunnel 1h\n\
             listen plain\n bind 127.0.0.1:{plain} backlog 4096\n server desktop {desktop}:{}\n\
             listen secure\n bind 127.0.0.1:{secure} backlog 4096\n server desktop {desktop}:{} ssl verify none\n",
            place.plain,
            place.tls,
            workers = workers(),
        );
        let folder = folder();
        let file = write(&folder, "haproxy.cfg", &configuration);
        let start = command("haproxy", &[&"-db", &"-f", &file]);
        Self::peer("haproxy", folder, start, [plain, secure], people).await
    }

    async fn peer(
        name: &'static str,
        folder: TempDir,
        mut start: Command,
        [plain, secure]: [u16; 2],
        people: usize,
    ) -> Self {
        let hint = "`setup/packages nginx haproxy` brings it";
        let peer = start.spawn().unwrap_or_else(|error| panic!("{name}: {error}; {hint}"));
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, secure)).await.is_err() {
            assert!(began.elapsed() < PATIENCE, "{name} does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self {
            name,
            process: peer.id().expect("it runs"),
            plain: blind_doors(plain, people),
            secure: blind_doors(secure, people),
            _process: Running::Peer(peer),
            _folder: folder,
        }
    }
}

/// Starts Pult with these desktops.
pub(crate) async fn pult(folder: &TempDir, place: &Place, desktops: Vec<Wanted>) -> (Part, Served) {
    let mut part = Part::start("pult");
    let serve = Word::Serve { folder: folder.path().to_owned(), place: place.clone(), desktops };
    let served = part.ask(&serve).await;
    (part, served)
}

/// The way of a desktop's owner to it, through Pult.
pub(crate) fn door(port: u16, person: usize, home: &Home) -> Door {
    Door {
        at: (Ipv4Addr::LOCALHOST, port).into(),
        place: format!("/desktop/{}", home.name),
        host: format!("localhost:{port}"),
        cookie: Some(home.cookie.clone()),
        from: home_of(person),
    }
}

/// Straight to the desktops.
pub(crate) fn direct(place: &Place, people: usize) -> Vec<Door> {
    doors_to((address_of(0), place.plain).into(), people)
}

/// Through somebody who knows one desktop only, and nobody's session. A cookie is sent as to everybody.
fn blind_doors(port: u16, people: usize) -> Vec<Door> {
    doors_to((Ipv4Addr::LOCALHOST, port).into(), people)
}

fn doors_to(at: SocketAddr, people: usize) -> Vec<Door> {
    let door = |person| Door {
        at,
        place: format!("/desktop/pupil{person:04}-plain"),
        host: format!("localhost:{}", at.port()),
        cookie: Some(format!("pult_session={}", "x".repeat(43))),
        from: home_of(person),
    };
    (0..people).map(door).collect()
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn write(folder: &TempDir, name: &str, text: &str) -> std::path::PathBuf {
    let file = folder.path().join(name);
    fs::write(&file, text).expect("it can be written");
    file
}

fn command(program: &str, arguments: &[&dyn AsRef<Path>]) -> Command {
    let mut command = Command::new(program);
    // Debian has them where not everybody's PATH leads
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command.args(arguments.iter().map(AsRef::as_ref)).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    listener.local_addr().expect("an address").port()
}
