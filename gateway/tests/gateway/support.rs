//! A front that hands everything to the gateway, a client that sees octets, and desktops to stand in for real ones.

pub(crate) mod client;
pub(crate) mod desktop;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use ::http::{HeaderValue, Request, Response, StatusCode, uri::Scheme};
use bytes::Bytes;
use domain::{
    DesktopId, UserId,
    desktop::{ContainerId, DesktopState, Endpoint, Fingerprint},
    template::{Client, Protocol},
};
use gateway::{Activity, BoxError, ClientInfo, Config, Gateway, Place};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use routing::{Route, Target};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

pub(crate) use self::{client::Raw, desktop::Desktop};

const PLACE: &str = "/desktop/";
pub(crate) const PREFIX: &str = "/desktop/schueler-tiny";

/// Nothing on loopback takes this long, however busy the machine is.
pub(crate) const SOON: Duration = Duration::from_mins(1);

/// Waits for what must come soon.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(SOON, future).await.expect("it comes soon")
}

/// A gateway with a front before it and one route behind it.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) activity: Activity,
    pub(crate) route: Arc<Route>,
    pub(crate) suspects: mpsc::Receiver<DesktopId>,
    /// The client's right to the desktop.
    pub(crate) ended: CancellationToken,
    pub(crate) front: SocketAddr,
}

impl World {
    /// A world with a plain route to an address.
    pub(crate) async fn to(address: SocketAddr) -> Self {
        Self::with(address, |_, _, _| {}).await
    }

    /// The same, with something about it changed.
    pub(crate) async fn with(address: SocketAddr, change: impl FnOnce(&mut Route, &mut Target, &mut Config)) -> Self {
        let (mut route, mut target) = route_to(address);
        let mut config = Config { response_timeout: Duration::from_millis(500), ..Config::default() };
        change(&mut route, &mut target, &mut config);
        route.target = Some(target);
        Self::of(route, config).await
    }

    /// A world with this very route.
    pub(crate) async fn of(route: Route, config: Config) -> Self {
        let activity = Activity::default();
        let (sender, suspects) = mpsc::channel(8);
        let gateway = Gateway::reporting(config, activity.clone(), sender);
        let (route, ended) = (Arc::new(route), CancellationToken::new());
        let only = Arc::clone(&route);
        let front = serve(gateway.clone(), ended.clone(), move |_| Some(Arc::clone(&only))).await;
        Self { gateway, activity, route, suspects, ended, front }
    }

    /// A connection to the front.
    pub(crate) async fn client(&self) -> Raw {
        Raw::connect(self.front).await
    }

    /// A stream that is open.
    pub(crate) async fn stream(&self) -> Raw {
        let mut client = self.client().await;
        client.send(client::handshake("/websockify", &[])).await;
        let head = client.head().await;
        assert_eq!(head.status, 101, "{head:?}");
        client
    }

    /// Waits until so many streams are open.
    pub(crate) async fn streams(&self, count: usize) {
        let wait = async {
            while self.gateway.streams() != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        soon(wait).await;
    }
}

/// What the worker learns of an https desktop.
pub(crate) fn https(target: &mut Target, fingerprint: &str) {
    target.protocol = Protocol::Https;
    target.fingerprint = Some(Fingerprint(fingerprint.to_owned()));
}

/// A running desktop's route, as the tables make it.
pub(crate) fn route_to(address: SocketAddr) -> (Route, Target) {
    let target = Target {
        endpoint: Endpoint { address: address.ip(), port: address.port() },
        container: ContainerId("c1".to_owned()),
        generation: 1,
        started_at: None,
        image: None,
        protocol: Protocol::Http,
        verify_tls: false,
        fingerprint: None,
        path: "/".to_owned(),
        user: "kasm_user".to_owned(),
        password: "secret".into(),
    };
    let route = Route {
        revision: 1,
        desktop: DesktopId::new(),
        name: "schueler-tiny".to_owned(),
        host_label: None,
        owner: UserId::new(),
        template: "tiny".to_owned(),
        client: Client::Container,
        state: DesktopState::Running,
        target: None,
        grants: Vec::new(),
        gone: CancellationToken::new(),
    };
    (route, target)
}

/// Stands before a gateway: hands requests below `/desktop/{name}` over with the route that `find` has for the name.
pub(crate) async fn serve(
    gateway: Gateway,
    ended: CancellationToken,
    find: impl Fn(&str) -> Option<Arc<Route>> + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (user, find) = (UserId::new(), Arc::new(find));
    tokio::spawn(async move {
        loop {
            let (socket, peer) = listener.accept().await.expect("a connection");
            let (gateway, ended, find) = (gateway.clone(), ended.clone(), Arc::clone(&find));
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
                    let below = path.strip_prefix(PLACE).unwrap_or_default();
                    let (name, rest) = below.find('/').map_or((below, ""), |end| below.split_at(end));
                    let client = ClientInfo {
                        address: peer.ip(),
                        place: Place::Path { prefix: format!("{PLACE}{name}") },
                        scheme: Scheme::HTTP,
                        host: "school.example".to_owned(),
                        user,
                        ended: ended.clone(),
                    };
                    let (gateway, route, rest) = (gateway.clone(), find(name), rest.to_owned());
                    async move {
                        let Some(route) = route else {
                            return Ok::<_, Infallible>(plain(StatusCode::NOT_FOUND, "none", "no such desktop"));
                        };
                        Ok(hand_over(gateway, route, &rest, request, client).await)
                    }
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).with_upgrades().await;
            });
        }
    });
    address
}

async fn hand_over(
    gateway: Gateway,
    route: Arc<Route>,
    rest: &str,
    mut request: Request<Incoming>,
    client: ClientInfo,
) -> Response<UnsyncBoxBody<Bytes, BoxError>> {
    if request.headers_mut().remove("x-test-lose-connection").is_some() {
        request.extensions_mut().clear();
    }
    match gateway.forward(&route, rest, request, client).await {
        Ok(response) => response.map(BodyExt::boxed_unsync),
        Err(failure) => plain(failure.status(), failure.code(), &failure.to_string()),
    }
}

fn plain(status: StatusCode, code: &'static str, text: &str) -> Response<UnsyncBoxBody<Bytes, BoxError>> {
    let text = Full::new(Bytes::from(text.to_owned())).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(text);
    *response.status_mut() = status;
    response.headers_mut().insert("x-code", HeaderValue::from_static(code));
    response
}
