//! Pult itself, without a worker: the real edge, sessions, route table and gateway on a real database. What a worker
//! would have observed is written as it writes it, so that the same changes go the same way.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{TimeDelta, Utc};
use domain::{
    SessionId,
    access::{Credential, Given, Role},
    desktop::{ContainerId, Desktop, Endpoint, Fingerprint, Observed, Phase},
    idle::IdlePolicy,
    template::{Client, Protocol, Template, TemplateSpec},
};
use files::Clients;
use gateway::{Activity, Gateway};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use store::{Bus, Requested, Sealer, Store};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{
    Ear,
    desktops::{Place, USER},
};

/// The image that all of them are made from.
const IMAGE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// What it is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Word {
    /// Serve these desktops, with everything stored in a folder.
    Serve {
        /// An empty folder.
        folder: PathBuf,
        /// Where the stand-ins listen.
        place: Place,
        /// The desktops there are.
        desktops: Vec<Wanted>,
    },
    /// These desktops, by their index, were started again, each at another address.
    Move(Vec<(usize, Ipv4Addr)>),
}

/// A desktop that there shall be.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// Where it lives.
    pub(crate) address: Ipv4Addr,
    /// Whether it speaks https.
    pub(crate) secure: bool,
}

/// Where Pult serves.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Served {
    pub(crate) port: u16,
    /// In the order in which they were wanted.
    pub(crate) desktops: Vec<Home>,
}

/// A desktop that runs, each another person's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Home {
    pub(crate) name: String,
    /// The cookie of its owner's session.
    pub(crate) cookie: String,
    /// The password of its container.
    pub(crate) password: String,
}

pub(crate) async fn run() {
    let mut ear = Ear::new();
    let Some(Word::Serve { folder, place, desktops }) = ear.hear().await else { return };
    let log = std::fs::File::create(folder.join("pult.log")).expect("a file");
    tracing_subscriber::fmt().with_writer(log).with_max_level(tracing::Level::INFO).init();
    let mut house = House::open(&folder, place).await;
    let mut homes = Vec::new();
    for (index, wanted) in desktops.into_iter().enumerate() {
        homes.push(house.move_in(index, wanted).await);
    }
    let port = house.serve().await;
    ear.answer(&Served { port, desktops: homes });
    while let Some(Word::Move(moves)) = ear.hear().await {
        for (index, address) in moves {
            house.restart(index, address).await;
        }
        ear.answer(&());
    }
}

struct House {
    store: Store,
    clients: Clients,
    plain: Template,
    secure: Template,
    place: Place,
    desktops: Vec<Desktop>,
}

impl House {
    async fn open(folder: &Path, place: Place) -> Self {
        let url = format!("sqlite://{}", folder.join("pult.db").display());
        let config = store::Config { url, max_connections: 8 };
        let store = Store::connect(&config, Bus::local(), Sealer::new([7; 32])).await.expect("a database");
        migration::up(store.connection()).await.expect("a schema");
        store.installation().await.expect("an installation");
        let plain = template(&store, "plain", Protocol::Http, place.plain).await;
        let secure = template(&store, "secure", Protocol::Https, place.tls).await;
        Self { store, clients: Clients::new(folder), plain, secure, place, desktops: Vec::new() }
    }

    /// A person, signed in, with a desktop that runs.
    async fn move_in(&mut self, index: usize, wanted: Wanted) -> Home {
        let template = if wanted.secure { &self.secure } else { &self.plain };
        let name = format!("pupil{index:04}");
        let owner = self.store.users().ensure(&name, "Somebody", Role::Student).await.expect("a person");
        let (_, session) = self.store.sessions().create(owner.id, None).await.expect("a session");
        let by = owner.clone().signed_in(Vec::new(), Credential::Session(SessionId::new()));
        let wishing = by.may_want(true, &[Given::Everyone]).expect("it is offered to everybody");
        let requested = self.store.desktops().request(wishing, template.id, &template.spec.slug).await;
        let (Requested::New(details) | Requested::Existing(details)) = requested.expect("a desktop");
        let password = self.store.desktops().credential(&details.desktop).await.expect("an answer");
        let password = password.expect("a password").expose_secret().to_owned();
        self.desktops.push(details.desktop.admitted());
        self.restart(index, wanted.address).await;
        Home {
            name: self.desktops[index].name.clone(),
            cookie: format!("pult_session={}", session.expose_secret()),
            password,
        }
    }

    /// Its container was started, and answers at an address.
    async fn restart(&mut self, index: usize, address: Ipv4Addr) {
        let desktop = self.desktops[index].clone();
        let is_secure = desktop.template == self.secure.id;
        let port = if is_secure { self.place.tls } else { self.place.plain };
        let fingerprint = is_secure.then(|| Fingerprint(self.place.fingerprint.clone()));
        let endpoint = Endpoint { address: address.into(), port };
        let seen = Observed {
            container: ContainerId(format!("container-{index}")),
            generation: desktop.generation,
            image: IMAGE.parse().expect("an image's id"),
            phase: Phase::Running,
            started_at: Some(Utc::now()),
            endpoint: Some(endpoint),
        };
        let running = desktop.connecting(&seen).running(endpoint, fingerprint, Utc::now());
        let saved = self.store.desktops().save(&running).await.expect("an answer");
        self.desktops[index] = saved.expect("nobody else writes the row");
    }

    /// Serves as `pult serve` does, and says at which port.
    async fn serve(&self) -> u16 {
        let shutdown = CancellationToken::new();
        let (listen, admin_listen) = (free_port().await, free_port().await);
        let (writer, routes) = routing::table();
        let activity = Activity::default();
        let parts = api::Parts {
            config: api::Config {
                listen,
                admin_listen,
                public_url: format!("http://localhost:{}", listen.port()).parse().expect("a URL"),
                trusted_proxies: Vec::new(),
                tls: None,
                places: api::Places::Paths,
                local_accounts: false,
                local_admins_from: Vec::new(),
                providers: Vec::new(),
                roster: None,
                ask_again_after: TimeDelta::minutes(15),
                webhooks: domain::webhook::Destinations::default(),
                idle: IdlePolicy { idle_after: Some(TimeDelta::minutes(45)), ..IdlePolicy::NONE }.into(),
                node: "local".to_owned(),
            },
            store: self.store.clone(),
            routes: routes.clone(),
            gateway: Gateway::new(gateway::Config::default(), activity.clone()),
            activity,
            clients: self.clients.clone(),
            readiness: Vec::new(),
        };
        tokio::spawn(routing::follow(self.store.clone(), writer, shutdown.clone()));
        tokio::spawn(async move {
            Box::pin(api::run(parts, Duration::ZERO, shutdown)).await.expect("it serves");
        });
        let whole = self.store.revision().await.expect("an answer");
        while routes.snapshot().revision < whole || TcpStream::connect(listen).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        listen.port()
    }
}

async fn template(store: &Store, slug: &str, protocol: Protocol, port: u16) -> Template {
    let spec = TemplateSpec {
        protocol,
        port,
        client: Client::Container,
        vnc_user: USER.to_owned(),
        ..TemplateSpec::new(slug.to_owned(), slug.to_owned(), "pult/stand-in".to_owned())
    };
    store.templates().create(&spec).await.expect("a template")
}

/// A port that nobody has at this moment.
async fn free_port() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    listener.local_addr().expect("an address")
}
