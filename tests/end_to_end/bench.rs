//! How long a desktop takes from the click to the first pixels, beside what the bare engine takes for the same image.
//!
//! Every round measures the bare engine and Pult one after the other, for each image, so that a machine which is
//! slow for a moment is slow for both. The ratio of the medians is what counts; single times are the machine's.

#![expect(clippy::print_stdout, reason = "figures are told to whoever runs the bench")]

#[expect(dead_code, unused_imports, reason = "the tests use more of it")]
mod support;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use domain::{DesktopId, InstallationId, UserId};
use engine::{DockerEngine, Engine as _, Launch, Network, Route};
use reqwest::Method;
use support::{Api, Engine, Pult, Rfb, class, click_at_once, click_in_turn, eventually, tell as tell_starts};

const ROUNDS: usize = 12;
const IMAGES: [&str; 2] = ["tiny", "xfce"];
const PASSWORD: &str = "a-password-of-the-bench";
/// What the median of click-to-running may cost beside the bare engine's run-until-ready.
const GATE: f64 = 1.25;

/// Times of one kind, in the order they were taken.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn quantile(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = ((sorted.len() - 1) as f64 * share).round() as usize;
        sorted[index]
    }

    fn median(&self) -> f64 {
        self.quantile(0.5).as_secs_f64()
    }
}

type Figures = BTreeMap<(&'static str, &'static str), Times>;

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let began = Instant::now();
    let pult = Pult::start().await;
    let start_up = began.elapsed();
    let pupil = pult.person("schueler", "student");
    let bare = Bare::prepare(&pult).await;
    let mut figures = Figures::new();
    for round in 0..=ROUNDS {
        // the first round warms caches and is not counted
        let mut ignored = Figures::new();
        let figures = if round == 0 { &mut ignored } else { &mut figures };
        for image in IMAGES {
            figures.entry((image, "bare engine")).or_default().0.push(bare.run_until_ready(image).await);
            click(&pupil, image, figures).await;
        }
    }
    let delay = event_to_route(&pult, &pupil).await;
    tell(&figures);
    println!("event to route (docker kill)   median {:>6.1} ms  p95 {:>6.1} ms", ms(&delay, 0.5), ms(&delay, 0.95));
    println!(
        "server: ready {:.0} ms after its start, {} MiB resident",
        start_up.as_secs_f64() * 1e3,
        pult.memory_mib()
    );
    in_a_crowd(&pult).await;
    bare.engine.shared.remove_all_of(&bare.engine.instance.to_string());
    for image in IMAGES {
        let ratio = figures[&(image, "click to running")].median() / figures[&(image, "bare engine")].median();
        let verdict = if ratio <= GATE { "within" } else { "BEYOND" };
        println!("{image}: click to running is {ratio:.2} of the bare engine, {verdict} the gate of {GATE}");
    }
}

/// One click, with the moments its events name, and the first picture.
async fn click(pupil: &Api, image: &'static str, figures: &mut Figures) {
    let events = pupil.events().await;
    let clicked = Instant::now();
    let (_, desktop) = pupil.want(image).await;
    let running =
        events.after(clicked, "running", |event| event.is_of(&desktop) && event.data["state"] == "running").await;
    let came = events.came();
    // steps that follow each other closely may be told as one: then the earlier took no time of its own
    let mut ends = clicked + running;
    for (name, begins) in [("ready", "connecting"), ("start", "starting"), ("create", "creating")] {
        let begun = came.iter().find(|event| event.is_of(&desktop) && event.data["step"] == begins);
        let begun = begun.map_or(ends, |event| event.at);
        figures.entry((image, name)).or_default().0.push(ends.saturating_duration_since(begun));
        ends = begun;
    }
    figures.entry((image, "queue")).or_default().0.push(ends.saturating_duration_since(clicked));
    figures.entry((image, "click to running")).or_default().0.push(running);
    let mut viewer = Rfb::open(pupil, &desktop).await.expect("a stream");
    viewer.first_pixels().await;
    figures.entry((image, "click to first pixels")).or_default().0.push(clicked.elapsed());
    let gone = pupil.request(Method::DELETE, &format!("/api/v1/desktops/{}", desktop.id())).send().await;
    assert!(gone.expect("an answer").status().is_success());
    eventually("it is gone", || async { pupil.look(&desktop).await.is_none().then_some(()) }).await;
}

/// What one of many has of a start: a class that clicks at once, and a school that starts a hundred in a minute.
async fn in_a_crowd(pult: &Pult) {
    let starts = click_at_once(&class(pult, "class", 30), "tiny", |_| ()).await;
    println!("tiny: 30 clicks at once");
    tell_starts(&starts);
    let starts = click_in_turn(&class(pult, "school", 100), "tiny", Duration::from_millis(600)).await;
    println!("tiny: 100 clicks in a minute, beside 30 that run");
    tell_starts(&starts);
}

/// How long the route outlives its container.
async fn event_to_route(pult: &Pult, pupil: &Api) -> Times {
    let mut times = Times::default();
    let desktop = pupil.running("tiny").await;
    for _ in 0..ROUNDS {
        pult.engine.docker(&["kill", &desktop.container()]);
        let killed = Instant::now();
        eventually("the route is gone", || async {
            (pupil.page(&desktop, "vnc.html").await == reqwest::StatusCode::CONFLICT).then_some(())
        })
        .await;
        times.0.push(killed.elapsed());
        pupil.tell(&desktop, "start").await;
        pupil.until(&desktop, "running").await;
    }
    times
}

/// The engine without Pult: the same container, asked in the same way.
struct Bare {
    engine: BareEngine,
    docker: DockerEngine,
    http: reqwest::Client,
}

struct BareEngine {
    shared: Engine,
    instance: InstallationId,
}

impl Bare {
    async fn prepare(pult: &Pult) -> Self {
        let instance = InstallationId::new();
        let docker = DockerEngine::connect(engine::Config {
            host: pult.engine.host().to_owned(),
            instance,
            route: Route::Address,
            storage_root: pult.storage(),
            call_timeout: Duration::from_secs(30),
        })
        .expect("an address");
        docker.prepare().await.expect("networks");
        Self { engine: BareEngine { shared: pult.engine.clone(), instance }, docker, http: reqwest::Client::new() }
    }

    async fn run_until_ready(&self, image: &str) -> Duration {
        let request = launch(image);
        let began = Instant::now();
        self.docker.create(&request).await.expect("a container");
        self.docker.start(request.desktop).await.expect("it starts");
        let seen = self.docker.inspect(request.desktop).await.expect("an answer").expect("a container");
        let endpoint: SocketAddr = seen.endpoint.expect("an address").into();
        let page = page_of(endpoint.ip(), endpoint.port());
        loop {
            let answer = self.http.get(&page).basic_auth("kasm_user", Some(PASSWORD)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let took = began.elapsed();
        self.docker.remove(request.desktop).await.expect("it goes");
        took
    }
}

fn page_of(address: IpAddr, port: u16) -> String {
    format!("http://{}/vnc.html", SocketAddr::new(address, port))
}

/// As Pult launches it, but for a home that nobody keeps.
fn launch(image: &str) -> Launch {
    Launch {
        desktop: DesktopId::new(),
        generation: 1,
        owner: UserId::new(),
        template: image.to_owned(),
        image: format!("pult/{image}:latest"),
        port: 6901,
        network: Network::Routed,
        resolvers: Vec::new(),
        hostname: "bench".to_owned(),
        user: "bench".to_owned(),
        vnc_user: "kasm_user".to_owned(),
        vnc_password: PASSWORD.into(),
        lang: "de_DE.UTF-8".to_owned(),
        tz: "Europe/Berlin".to_owned(),
        env: BTreeMap::new(),
        cpus: 2.0,
        memory_mb: 2048,
        pids: 512,
        shm_mb: 512,
        mounts: Vec::new(),
        scratch: vec!["/home/kasm-user".to_owned()],
    }
}

fn ms(times: &Times, share: f64) -> f64 {
    times.quantile(share).as_secs_f64() * 1e3
}

fn tell(figures: &Figures) {
    println!("{ROUNDS} rounds, bare engine and Pult in turns");
    for ((image, name), times) in figures {
        println!("{image:<5} {name:<24} median {:>6.0} ms  p95 {:>6.0} ms", ms(times, 0.5), ms(times, 0.95));
    }
}
