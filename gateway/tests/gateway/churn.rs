//! Addresses that change hands all the time, routes that lag behind, and nobody who ever sees another's desktop.
//!
//! The engine gives a freed address to the next container at once, so a route may lead to a stranger until it is
//! replaced. What stands between is the certificate, over https, and the password, which a container that is honest
//! checks. [`impostors`] has what is left of plain http where one is not.

mod impostors;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::DesktopId;
use gateway::{Activity, Config, Gateway};
use routing::Route;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::support::{
    PREFIX, Raw, SOON,
    client::{Head, handshake, request},
    desktop::{Io, certificate, header, switching},
    https, route_to, serve, soon,
};

const DESKTOPS: u8 = 64;
const CHURNS: usize = 10_000;
const CLIENTS: u8 = 8;

/// How long a route may be behind, in milliseconds.
const LAG: u64 = 10;

/// One start of one container. Every octet of its answers and streams is the number of its desktop.
struct Start {
    desktop: u8,
    address: SocketAddr,
    password: String,
    /// What it shows, where it speaks https.
    certificate: Option<(TlsAcceptor, String)>,
    stopped: CancellationToken,
}

/// All desktops, and who is where.
struct School {
    ids: Vec<DesktopId>,
    /// By desktop.
    starts: Vec<Mutex<Arc<Start>>>,
    /// By desktop, and behind.
    routes: Vec<Mutex<Arc<Route>>>,
    /// Two for each desktop that speaks https, which it shows in turns.
    certificates: Vec<Option<[(TlsAcceptor, String); 2]>>,
    /// By address.
    tenants: HashMap<SocketAddr, Mutex<Arc<Start>>>,
    /// Octets of another desktop's that came up a stream.
    foreign: AtomicUsize,
}

impl School {
    async fn open() -> Arc<Self> {
        let mut listeners = Vec::new();
        for _ in 0..DESKTOPS {
            listeners.push(TcpListener::bind("127.0.0.1:0").await.expect("a port"));
        }
        let addresses: Vec<_> = listeners.iter().map(|listener| listener.local_addr().expect("an address")).collect();
        let certificates: Vec<_> =
            (0..DESKTOPS).map(|desktop| (desktop % 2 == 0).then(|| [certificate(), certificate()])).collect();
        let starts: Vec<_> = (0..DESKTOPS)
            .zip(&addresses)
            .map(|(desktop, address)| {
                Arc::new(start(desktop, *address, 0, certificates[usize::from(desktop)].as_ref()))
            })
            .collect();
        let ids: Vec<_> = starts.iter().map(|_| DesktopId::new()).collect();
        let school = Arc::new(Self {
            routes: starts.iter().zip(&ids).map(|(start, id)| Mutex::new(Arc::new(start.route(*id)))).collect(),
            tenants: addresses.iter().copied().zip(starts.iter().cloned().map(Mutex::new)).collect(),
            starts: starts.into_iter().map(Mutex::new).collect(),
            certificates,
            ids,
            foreign: AtomicUsize::new(0),
        });
        for (listener, address) in listeners.into_iter().zip(addresses) {
            let school = Arc::clone(&school);
            tokio::spawn(async move {
                loop {
                    let (socket, _) = listener.accept().await.expect("a connection");
                    let tenant = Arc::clone(&school.tenants[&address].lock().expect("not poisoned"));
                    let school = Arc::clone(&school);
                    tokio::spawn(async move {
                        tokio::select! {
                            () = tenant.stopped.cancelled() => {}
                            () = tenant.answer(socket, &school.foreign) => {}
                        }
                    });
                }
            });
        }
        school
    }

    /// Stops two desktops and starts each at the other's address, with new passwords and certificates.
    fn churn(self: &Arc<Self>, one: u8, two: u8, number: usize) {
        let [first, second] =
            [one, two].map(|desktop| Arc::clone(&self.starts[usize::from(desktop)].lock().expect("not poisoned")));
        for stopped in [&first, &second] {
            stopped.stopped.cancel();
        }
        for (desktop, address) in [(one, second.address), (two, first.address)] {
            let place = usize::from(desktop);
            let start = Arc::new(start(desktop, address, number, self.certificates[place].as_ref()));
            *self.tenants[&address].lock().expect("not poisoned") = Arc::clone(&start);
            *self.starts[place].lock().expect("not poisoned") = start;
            let (school, lag) = (Arc::clone(self), (number as u64 * 7) % (LAG + 1));
            tokio::spawn(async move {
                sleep(Duration::from_millis(lag)).await;
                school.follow(desktop);
            });
        }
    }

    /// Lets a desktop's route catch up.
    fn follow(&self, desktop: u8) {
        let place = usize::from(desktop);
        let mut route = self.routes[place].lock().expect("not poisoned");
        let start = Arc::clone(&self.starts[place].lock().expect("not poisoned"));
        let old = std::mem::replace(&mut *route, Arc::new(start.route(self.ids[place])));
        old.gone.cancel();
    }
}

fn start(desktop: u8, address: SocketAddr, number: usize, certificates: Option<&[(TlsAcceptor, String); 2]>) -> Start {
    Start {
        desktop,
        address,
        password: format!("{desktop} for the {number}th"),
        certificate: certificates.map(|both| both[number % 2].clone()),
        stopped: CancellationToken::new(),
    }
}

impl Start {
    fn route(&self, id: DesktopId) -> Route {
        let (mut route, mut target) = route_to(self.address);
        target.password = self.password.clone().into();
        if let Some((_, fingerprint)) = &self.certificate {
            https(&mut target, fingerprint);
        }
        (route.desktop, route.target) = (id, Some(target));
        route
    }

    /// As an honest container does.
    async fn answer(&self, socket: TcpStream, foreign: &AtomicUsize) {
        let mut io: Box<dyn Io> = match &self.certificate {
            None => Box::new(socket),
            Some((acceptor, _)) => match acceptor.accept(socket).await {
                Ok(stream) => Box::new(stream),
                Err(_) => return,
            },
        };
        let mut octets = [0; 4096];
        let Ok(count @ 1..) = io.read(&mut octets).await else { return };
        let head = String::from_utf8_lossy(&octets[..count]);
        let credential = format!("Basic {}", STANDARD.encode(format!("kasm_user:{}", self.password)));
        if header(&head, "authorization") != Some(&credential) {
            let _ = io.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").await;
            return;
        }
        if header(&head, "upgrade").is_none() {
            let page = [b"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n".as_slice(), &[self.desktop; 64]].concat();
            let _ = io.write_all(&page).await;
            return;
        }
        let mut said = io.write_all(&[switching("").as_bytes(), &[self.desktop; 8]].concat()).await;
        while said.is_ok() {
            let Ok(count @ 1..) = io.read(&mut octets).await else { return };
            foreign.fetch_add(octets[..count].iter().filter(|octet| **octet != self.desktop).count(), Relaxed);
            said = io.write_all(&[self.desktop; 16]).await;
        }
    }
}

/// What clients saw.
#[derive(Default)]
struct Seen {
    pages: usize,
    streams: usize,
    /// By code.
    refused: HashMap<String, usize>,
    /// Octets of another desktop's.
    foreign: usize,
}

impl Seen {
    /// The head of what was asked for.
    async fn ask(&mut self, client: &mut Raw, ask: String, desktop: u8) -> Option<Head> {
        client.send(ask.replace(PREFIX, &format!("/desktop/{desktop}"))).await;
        let head = client.try_head().await;
        let refused = match &head {
            Some(head) if matches!(head.status, 101 | 200) => None,
            Some(head) => Some(head.code()),
            // its route ended in the middle of it
            None => Some("cut off"),
        };
        match refused {
            Some(code) => {
                *self.refused.entry(code.to_owned()).or_default() += 1;
                None
            }
            None => head,
        }
    }

    async fn page(&mut self, front: SocketAddr, desktop: u8) -> bool {
        let mut client = Raw::connect(front).await;
        let Some(head) = self.ask(&mut client, request("GET", "/", &[]), desktop).await else { return false };
        let (octets, is_whole) = client.body(&head).await;
        self.foreign += octets.iter().filter(|octet| **octet != desktop).count();
        self.pages += usize::from(is_whole);
        is_whole
    }

    async fn stream(&mut self, front: SocketAddr, desktop: u8) {
        let mut client = Raw::connect(front).await;
        if self.ask(&mut client, handshake("/websockify", &[]), desktop).await.is_none() {
            return;
        }
        let mut octets = client.early();
        for _ in 0..8 {
            if client.socket.write_all(&[desktop; 16]).await.is_err() {
                break;
            }
            match timeout(SOON, client.socket.read_buf(&mut octets)).await.expect("it is answered, or over") {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
            sleep(Duration::from_millis(2)).await;
        }
        self.foreign += octets.iter().filter(|octet| **octet != desktop).count();
        self.streams += usize::from(!octets.is_empty());
    }

    fn add(&mut self, other: Self) {
        self.pages += other.pages;
        self.streams += other.streams;
        self.foreign += other.foreign;
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_changes_of_address_show_nobody_anothers_desktop() {
    let school = School::open().await;
    let (sender, mut suspects) = mpsc::channel(100_000);
    let gateway = Gateway::reporting(Config::default(), Activity::default(), sender);
    let routes = Arc::clone(&school);
    let front = serve(gateway.clone(), CancellationToken::new(), move |name| {
        let desktop: usize = name.parse().ok()?;
        Some(Arc::clone(&routes.routes[desktop].lock().expect("not poisoned")))
    })
    .await;

    let is_over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let is_over = Arc::clone(&is_over);
        clients.spawn(async move {
            let mut seen = Seen::default();
            let mut desktop = client;
            while !is_over.load(Relaxed) {
                desktop = desktop.wrapping_add(29) % DESKTOPS;
                seen.page(front, desktop).await;
                seen.stream(front, desktop).await;
            }
            seen
        });
    }
    for number in 1..=CHURNS {
        let one = u8::try_from(number * 13 % usize::from(DESKTOPS)).expect("small");
        let two = (one + 1 + u8::try_from(number % 31).expect("small")) % DESKTOPS;
        school.churn(one, two, number);
        if number % 4 == 0 {
            sleep(Duration::from_millis(2)).await;
        }
    }
    is_over.store(true, Relaxed);
    let mut seen = Seen::default();
    while let Some(client) = clients.join_next().await {
        seen.add(client.expect("it leaves"));
    }

    println!("{} pages, {} streams, refused {:?}", seen.pages, seen.streams, seen.refused);
    assert_eq!((seen.foreign, school.foreign.load(Relaxed)), (0, 0), "octets of another's");
    assert!(seen.pages > 100 && seen.streams > 100, "most of the time it works");
    // the routes did lag: strangers were met and turned away, over https and over http
    for code in ["desktop_mismatch", "desktop_refused_credentials"] {
        assert!(seen.refused.contains_key(code), "{code}: {:?}", seen.refused);
    }
    let mut reported = 0;
    while let Ok(suspect) = suspects.try_recv() {
        assert!(school.ids.contains(&suspect));
        reported += 1;
    }
    // each of these is a stranger who was told of, whatever gave them away
    let told = seen.refused.iter().filter(|(code, _)| {
        code.starts_with("desktop_") && !matches!(code.as_str(), "desktop_gone" | "desktop_timeout")
    });
    let strangers: usize = told.map(|(_, count)| count).sum();
    assert!(reported >= strangers, "{reported} of {strangers}");

    // and once the routes have caught up, everybody is where they belong
    for desktop in 0..DESKTOPS {
        school.follow(desktop);
        assert!(seen.page(front, desktop).await, "{desktop}: {:?}", seen.refused);
    }
    let all_end = async {
        while gateway.streams() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    soon(all_end).await;
}
