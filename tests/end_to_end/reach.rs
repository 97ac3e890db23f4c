//! What a desktop reaches, tried from inside: by those programs that a pupil has there.

use std::{
    fs::File,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
    os::fd::AsFd as _,
    process::Command,
    time::Instant,
};

use reqwest::{Method, StatusCode};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

use crate::support::{Api, Desktop, Pult, eventually};

/// Those of some doors that a program in a desktop can open, all tried at once.
fn opened(pult: &Pult, desktop: &Desktop, doors: &[SocketAddr]) -> Vec<SocketAddr> {
    const TRY: &str = "for door; do timeout 1 bash -c \"exec 3<>/dev/tcp/$door\" && echo $door & done; wait";
    let named: Vec<_> = doors.iter().map(|door| format!("{}/{}", door.ip(), door.port())).collect();
    let container = desktop.container();
    let arguments = ["exec", &container, "bash", "-c", TRY, "bash"].into_iter().chain(named.iter().map(String::as_str));
    let tried = pult.engine.try_docker(&arguments.collect::<Vec<_>>());
    let told = String::from_utf8_lossy(&tried.stdout).into_owned();
    let open: Vec<_> = told.lines().collect();
    let pairs = doors.iter().zip(&named);
    pairs.filter(|(_, name)| open.contains(&name.as_str())).map(|(door, _)| *door).collect()
}

/// Where a desktop is on its network.
fn address(pult: &Pult, desktop: &Desktop) -> Ipv4Addr {
    let address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    pult.engine.inspect(&desktop.container(), address).parse().expect("an address")
}

fn gateway(pult: &Pult, desktop: &Desktop) -> Ipv4Addr {
    let gateway = "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}";
    pult.engine.inspect(&desktop.container(), gateway).parse().expect("an address")
}

/// The address by which others know this machine.
fn own_address() -> IpAddr {
    own_address_towards(Ipv4Addr::new(203, 0, 113, 1).into()).expect("a network")
}

/// The same, as those know it to whom this address belongs; none where they cannot be reached.
fn own_address_towards(somebody: IpAddr) -> Option<IpAddr> {
    let anywhere: IpAddr = if somebody.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((anywhere, 0)).ok()?;
    socket.connect((somebody, 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// Something of this machine that waits for visitors at all its addresses.
fn door() -> (TcpListener, u16) {
    // of both protocols
    let door = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).expect("a port");
    let port = door.local_addr().expect("it has one").port();
    (door, port)
}

fn nft(arguments: &[&str]) {
    let status = Command::new("/usr/sbin/nft").args(arguments).status().expect("nft is there");
    assert!(status.success(), "nft {arguments:?}");
}

/// The table of an installation.
fn table(pult: &Pult) -> String {
    let instance = pult.instance().expect("it runs");
    format!("pult-{}", &instance[instance.len() - 8..])
}

/// Waits until a desktop reaches these of some places and no others.
async fn until(pult: &Pult, desktop: &Desktop, places: &[SocketAddr], open: &[SocketAddr]) {
    eventually(&format!("{open:?} are open"), || async { (opened(pult, desktop, places) == open).then_some(()) }).await;
}

/// A template on a network policy, given to everybody.
async fn template(admin: &Api, slug: &str, network: &str) {
    admin.offer(&json!({ "slug": slug, "name": slug, "image": "pult/tiny:latest", "health_path": "/vnc.html", "network": network })).await;
}

/// A network beside this machine, as its router has one: with a server on the Internet and one of the school's own, each
/// of which waits at some ports. Ends when dropped.
struct World {
    name: String,
    _alone: MutexGuard<'static, ()>,
}

/// There is one such network at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// An address that is anybody's (RFC 5737), and one that is nobody's but a school's.
const INTERNET: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
const SCHOOL: Ipv4Addr = Ipv4Addr::new(10, 99, 100, 7);
const PORTS: [u16; 3] = [25, 80, 443];

impl World {
    async fn new() -> Self {
        let world = Self { name: format!("pult-world-{}", std::process::id()), _alone: ALONE.lock().await };
        let name = &world.name;
        ip(&format!("netns add {name}"));
        ip(&format!("link add pw-here type veth peer name pw-there netns {name}"));
        ip("addr add 198.51.100.1/24 dev pw-here");
        ip("addr add 10.99.100.1/24 dev pw-here");
        ip("link set pw-here up");
        for line in
            ["addr add 198.51.100.7/24 dev pw-there", "addr add 10.99.100.7/24 dev pw-there", "link set pw-there up"]
        {
            ip(&format!("-n {name} {line}"));
        }
        let network = File::open(format!("/run/netns/{name}")).expect("it is there");
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).expect("it can be entered");
            let doors = PORTS.map(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect("a free port"));
            tell.send(()).expect("somebody waits");
            // connections wait to be taken; who opens one has reached us
            loop {
                std::thread::park();
                let _ = &doors;
            }
        });
        told.recv().expect("the doors are open");
        world
    }
}

impl Drop for World {
    fn drop(&mut self) {
        ip("link del pw-here");
        ip(&format!("netns del {}", self.name));
    }
}

fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().expect("iproute2 is there");
    assert!(status.success(), "ip {arguments}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_desktop_reaches_this_machine_its_network_or_another_desktop() {
    let (_listener, port) = door();
    let pult = Pult::with(&[("network.firewall", "required")]).await;
    let admin = pult.person("admin", "admin");
    for (slug, network) in [("world", "internet"), ("school", "school"), ("alone", "none")] {
        template(&admin, slug, network).await;
    }
    let pupils: Vec<_> = ["anna", "ben", "clara", "dora"].iter().map(|name| pult.person(name, "student")).collect();
    let mut desktops = Vec::new();
    for pupil in &pupils {
        for slug in ["world", "school", "alone"] {
            desktops.push(pupil.running(slug).await);
        }
    }
    let sixth = own_address_towards(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into());
    let mut tried = 0;
    for from in &desktops {
        let (own, gateway) = (address(&pult, from), gateway(&pult, from));
        let others = desktops.iter().map(|other| address(&pult, other)).filter(|other| *other != own);
        let closed = others.map(|other| (other.into(), 6901)).chain([
            (own_address(), port),
            (gateway.into(), port),
            (gateway.into(), pult.address().port()),
            (gateway.into(), pult.admin_port()),
            // where clouds tell their machines' secrets
            (IpAddr::from([169, 254, 169, 254]), 80),
        ]);
        let closed: Vec<_> = closed.chain(sixth.map(|sixth| (sixth, port))).map(SocketAddr::from).collect();
        let itself = SocketAddr::from((own, 6901));
        let doors = [&closed[..], &[itself]].concat();
        assert_eq!(opened(&pult, from, &doors), [itself], "from {}", from.text("name"));
        tried += closed.len();
    }
    println!("{tried} closed doors from {} desktops", desktops.len());
    // the way in is as open as before
    for (pupil, desktop) in pupils.iter().flat_map(|pupil| [pupil; 3]).zip(&desktops) {
        assert_eq!(pupil.page(desktop, "vnc.html").await, StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_policy_reaches_what_it_names_and_nothing_else() {
    let _world = World::new().await;
    let pult = Pult::with(&[
        ("network.firewall", "required"),
        ("network.school", r#"["10.99.100.7:443"]"#),
        ("network.beside_the_internet", r#"["10.99.100.0/24:80"]"#),
    ])
    .await;
    let (admin, pupil) = (pult.person("admin", "admin"), pult.person("schueler", "student"));
    let allowed: [(&str, &[(Ipv4Addr, u16)]); 3] =
        [("none", &[]), ("school", &[(SCHOOL, 443)]), ("internet", &[(INTERNET, 80), (INTERNET, 443), (SCHOOL, 80)])];
    for (network, reached) in allowed {
        template(&admin, network, network).await;
        let desktop = pupil.running(network).await;
        let places: Vec<_> =
            [INTERNET, SCHOOL].into_iter().flat_map(|at| PORTS.map(|port| (at, port).into())).collect();
        let reached: Vec<_> = reached.iter().copied().map(SocketAddr::from).collect();
        until(&pult, &desktop, &places, &reached).await;
    }
}

/// Restricts, or ends a restriction, and yields what was answered.
async fn ask(api: &Api, method: Method, path: &str, body: serde_json::Value) -> (StatusCode, serde_json::Value) {
    let answer = api.request(method, path).json(&body).send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teacher_cuts_the_own_class_off_and_lets_it_go_again_while_it_works() {
    let _world = World::new().await;
    let pult = Pult::with(&[("network.firewall", "required")]).await;
    let pupil = pult.person_with("schueler", "student", &["--group", "9b"]);
    let teacher = pult.person_with("lehrerin", "teacher", &["--group", "9b"]);
    let other = pult.person_with("andere", "teacher", &["--group", "9c"]);
    let (desktop, own) = (pupil.running("tiny").await, teacher.running("tiny").await);
    let places = [SocketAddr::from((INTERNET, 443))];
    until(&pult, &desktop, &places, &places).await;

    let restrictions = "/api/v1/restrictions";
    let class = json!({ "group": "9b", "network": "none" });
    let (refused, _) = ask(&other, Method::POST, restrictions, class.clone()).await;
    assert_eq!(refused, StatusCode::FORBIDDEN, "it is not her class");
    let one = json!({ "desktop": desktop.id(), "network": "none" });
    assert_eq!(ask(&other, Method::POST, restrictions, one).await.0, StatusCode::FORBIDDEN);
    assert_eq!(ask(&pupil, Method::POST, restrictions, class.clone()).await.0, StatusCode::FORBIDDEN);
    for wrong in
        [json!({ "network": "none" }), json!({ "group": "9b", "network": "none", "until": "2020-01-01T00:00:00Z" })]
    {
        assert_eq!(ask(&teacher, Method::POST, restrictions, wrong).await.0, StatusCode::BAD_REQUEST);
    }

    let asked = Instant::now();
    let (made, restriction) = ask(&teacher, Method::POST, restrictions, class).await;
    assert_eq!(made, StatusCode::CREATED, "{restriction}");
    until(&pult, &desktop, &places, &[]).await;
    println!("cut off after {:.1?}", asked.elapsed());
    assert_eq!(opened(&pult, &own, &places), places, "the teacher's own is not");
    assert_eq!(pupil.page(&desktop, "vnc.html").await, StatusCode::OK, "and the way in is as it was");
    let listed = teacher.json(restrictions).await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(other.json(restrictions).await["items"], json!([]));

    // also what is started later
    pupil.tell(&desktop, "stop").await;
    pupil.until(&desktop, "stopped").await;
    pupil.tell(&desktop, "start").await;
    pupil.until(&desktop, "running").await;
    assert_eq!(opened(&pult, &desktop, &places), []);

    let path = format!("{restrictions}/{}", restriction["id"].as_str().expect("an id"));
    assert_eq!(ask(&other, Method::DELETE, &path, json!({})).await.0, StatusCode::FORBIDDEN);
    assert_eq!(ask(&teacher, Method::DELETE, &path, json!({})).await.0, StatusCode::NO_CONTENT);
    until(&pult, &desktop, &places, &places).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_somebody_takes_away_are_back_within_seconds_and_nothing_starts_meanwhile() {
    let (_listener, port) = door();
    let pult = Pult::with(&[("network.firewall", "required")]).await;
    let pupil = pult.person("schueler", "student");
    let desktop = pupil.running("tiny").await;
    let host = SocketAddr::from((gateway(&pult, &desktop), port));
    assert_eq!(opened(&pult, &desktop, &[host]), []);
    for _ in 0..3 {
        let flushed = Instant::now();
        nft(&["delete", "table", "inet", &table(&pult)]);
        until(&pult, &desktop, &[host], &[]).await;
        println!("closed again after {:.1?}", flushed.elapsed());
    }
    let log = pult.log();
    assert!(log.contains("the firewall does not hold"), "and it is said");
    assert_eq!(pupil.page(&desktop, "vnc.html").await, StatusCode::OK);
}
