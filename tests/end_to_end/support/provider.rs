use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex, MutexGuard},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rsa::{
    RsaPrivateKey,
    pkcs1v15::SigningKey,
    sha2::{Digest as _, Sha256},
    signature::{SignatureEncoding as _, Signer as _},
    traits::PublicKeyParts as _,
};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use url::{Url, form_urlencoded};

pub(crate) const CLIENT: &str = "pult-client";
pub(crate) const SECRET: &str = "a secret & more";

/// An identity provider that says what a test tells it to, right or wrong. It asks nobody for a password.
///
/// What is right about it is right in earnest: codes are good once and for the verifier they were made for, the client
/// has to prove itself, and scopes that are not released are refused as IServ does it.
pub(crate) struct Provider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    tls: Option<TlsAcceptor>,
    server: Option<JoinHandle<()>>,
}

/// A school's own authority, which no browser knows by itself, and a certificate of its for this machine.
pub(crate) struct PrivateAuthority {
    /// What has to be among the system's certificates, PEM.
    pub(crate) certificate: String,
    tls: TlsAcceptor,
}

impl PrivateAuthority {
    pub(crate) fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "A school's own authority");
        let (authority_key, key) = (KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key"));
        let certificate = authority.self_signed(&authority_key).expect("a certificate").pem();
        let issuer = Issuer::new(authority, authority_key);
        let server = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        let server = server.signed_by(&key, &issuer).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![server.der().clone()], key);
        Self { certificate, tls: TlsAcceptor::from(Arc::new(config.expect("a pair"))) }
    }
}

/// What is wrong with a provider's next answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mischief {
    None,
    NonceOfAnother,
    NonceMissing,
    AudienceOfAnother,
    AudienceOfOthersToo,
    PartyOfAnother,
    IssuerOfAnother,
    IssuerOfAnotherInTheAddress,
    SignedByAnother,
    SignedByNobody,
    SignedWithOurSecret,
    KeyUnknown,
    PayloadChanged,
    Expired,
    NotYet,
    FromTheFuture,
    TokenMissing,
    TokenGarbled,
    SubjectMissing,
    UserinfoOfAnother,
    UserinfoFails,
    Denies,
}

struct State {
    issuer: String,
    mischief: Mischief,
    /// What the ID token says besides.
    token_says: Value,
    /// What userinfo says.
    userinfo_says: Value,
    released: Option<Vec<String>>,
    takes_only_basic: bool,
    /// The key that it signs with, and what it calls it.
    key: (usize, String),
    discovery: Value,
    codes: HashMap<String, Code>,
    /// How many times all access tokens were taken back: those from before are good for nothing.
    age: usize,
    asked: Vec<String>,
}

struct Code {
    nonce: String,
    challenge: String,
    redirect: String,
}

/// Made once: a key takes a moment.
static KEYS: LazyLock<[RsaPrivateKey; 2]> =
    LazyLock::new(|| [(); 2].map(|()| RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).expect("a key")));

impl Provider {
    pub(crate) async fn start() -> Self {
        Self::start_with(None).await
    }

    /// The same over TLS, with a certificate of a private authority.
    pub(crate) async fn start_under(authority: &PrivateAuthority) -> Self {
        Self::start_with(Some(authority.tls.clone())).await
    }

    async fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = State {
            issuer: issuer(address, tls.is_some()),
            mischief: Mischief::None,
            token_says: json!({}),
            userinfo_says: json!({}),
            released: None,
            takes_only_basic: false,
            key: (0, "first".to_owned()),
            discovery: json!({}),
            codes: HashMap::new(),
            age: 0,
            asked: Vec::new(),
        };
        let mut provider = Self { address, state: Arc::new(Mutex::new(state)), tls, server: None };
        provider.serve(listener);
        provider
    }

    fn serve(&mut self, listener: TcpListener) {
        let (state, tls) = (Arc::clone(&self.state), self.tls.clone());
        self.server = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, tls) = (Arc::clone(&state), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(stream, state).await,
                        // who does not trust the certificate hangs up
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                converse(stream, state).await;
                            }
                        }
                    }
                });
            }
        }));
    }

    /// Nobody answers there any more.
    pub(crate) async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            let _ = server.await;
        }
    }

    /// It answers again.
    pub(crate) async fn resume(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("its port is free");
        self.serve(listener);
    }

    pub(crate) fn issuer(&self) -> String {
        issuer(self.address, self.tls.is_some())
    }

    /// What Pult has to be told of it.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        [("issuer", self.issuer().as_str()), ("client_id", CLIENT), ("client_secret", SECRET)]
            .map(|(key, value)| (format!("auth.oidc.{key}"), value.to_owned()))
            .to_vec()
    }

    /// What it says of whoever signs in next: in the ID token, and in userinfo.
    pub(crate) fn says(&self, token: Value, userinfo: Value) {
        let mut state = self.state();
        (state.token_says, state.userinfo_says) = (token, userinfo);
    }

    pub(crate) fn misbehaves(&self, mischief: Mischief) {
        self.state().mischief = mischief;
    }

    /// It refuses every sign-in that asks for another scope.
    pub(crate) fn releases(&self, scopes: &str) {
        self.state().released = Some(scopes.split(' ').map(str::to_owned).collect());
    }

    /// It takes the client's secret in the header alone, and says nothing about that.
    pub(crate) fn takes_only_basic(&self) {
        self.state().takes_only_basic = true;
    }

    /// It signs with another key, under another name.
    pub(crate) fn rotates_its_key(&self) {
        self.state().key = (1, "second".to_owned());
    }

    /// Its access tokens are over; a refresh token gives another one.
    pub(crate) fn ends_its_access_tokens(&self) {
        self.state().age += 1;
    }

    /// Its discovery document says more.
    pub(crate) fn discovery_says(&self, more: Value) {
        self.state().discovery = more;
    }

    /// What it was asked: paths with their queries, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    /// A token that it signed.
    pub(crate) fn signed(&self, typ: &str, claims: &Value) -> String {
        let state = self.state();
        let head = json!({ "alg": "RS256", "typ": typ, "kid": state.key.1 });
        sign(&head, claims, &KEYS[state.key.0])
    }

    /// A token that says to be its own, and that somebody else signed.
    pub(crate) fn forged(&self, typ: &str, claims: &Value) -> String {
        let state = self.state();
        let head = json!({ "alg": "RS256", "typ": typ, "kid": state.key.1 });
        sign(&head, claims, &KEYS[1 - state.key.0])
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }
}

fn issuer(address: SocketAddr, is_secure: bool) -> String {
    if is_secure { format!("https://localhost:{}", address.port()) } else { format!("http://{address}") }
}

/// Answers one request: one a connection, so that a stop is one at once.
async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, state: Arc<Mutex<State>>) {
    let service = service_fn(move |request| answer(Arc::clone(&state), request));
    let _ = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service).await;
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later");
    i64::try_from(since.as_secs()).expect("a number")
}

fn sign(head: &Value, claims: &Value, key: &RsaPrivateKey) -> String {
    let [head, claims] = [head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{head}.{claims}");
    let signature = SigningKey::<Sha256>::new(key.clone()).sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

type Answer = Response<Full<hyper::body::Bytes>>;

async fn answer(state: Arc<Mutex<State>>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut state = state.lock().expect("nobody panics with it");
    state.asked.push(parts.uri.to_string());
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    Ok(match parts.uri.path() {
        "/.well-known/openid-configuration" => json_of(StatusCode::OK, &state.document()),
        "/iserv/auth/public/jwk" => json_of(StatusCode::OK, &state.keys()),
        "/iserv/auth/auth" => state.authorize(&fields(query)),
        "/iserv/auth/public/token" => {
            let authorization = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
            state.exchange(&fields(&body), authorization)
        }
        "/iserv/auth/userinfo" => {
            let authorization = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
            state.userinfo(authorization)
        }
        _ => json_of(StatusCode::NOT_FOUND, &json!({})),
    })
}

fn json_of(status: StatusCode, body: &Value) -> Answer {
    let mut answer = Response::new(Full::from(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    answer
}

fn fields(form: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(form).into_owned().collect()
}

impl State {
    fn document(&self) -> Value {
        let at = |path: &str| format!("{}/iserv/auth/{path}", self.issuer);
        let mut document = json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("auth"),
            "token_endpoint": at("public/token"),
            "userinfo_endpoint": at("userinfo"),
            "jwks_uri": at("public/jwk"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        let more = self.discovery.as_object().expect("an object").clone();
        document.as_object_mut().expect("an object").extend(more);
        document
    }

    fn keys(&self) -> Value {
        let (key, kid) = (&KEYS[self.key.0], &self.key.1);
        let number = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
        json!({ "keys": [
            { "kty": "oct", "k": "AAAA", "kid": "of no use" },
            { "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": number(key.n()), "e": number(key.e()) },
        ] })
    }

    /// Nobody is asked for anything: whoever comes is let in.
    fn authorize(&mut self, asked: &HashMap<String, String>) -> Answer {
        let field = |name: &str| asked.get(name).cloned().unwrap_or_default();
        assert_eq!((field("client_id").as_str(), field("response_type").as_str()), (CLIENT, "code"));
        assert_eq!(field("code_challenge_method"), "S256");
        assert!(field("scope").split(' ').any(|scope| scope == "openid"), "{}", field("scope"));
        let mut back = Url::parse(&field("redirect_uri")).expect("a URL");
        back.query_pairs_mut().append_pair("state", &field("state"));
        let is_released =
            |scope: &str| self.released.as_ref().is_none_or(|released| released.iter().any(|one| one == scope));
        let error = if self.mischief == Mischief::Denies {
            Some("access_denied")
        } else if field("scope").split(' ').all(is_released) {
            None
        } else {
            Some("invalid_scope")
        };
        if let Some(error) = error {
            back.query_pairs_mut().append_pair("error", error);
        } else {
            let code = format!("code-{}", self.asked.len());
            back.query_pairs_mut().append_pair("code", &code);
            let made_for =
                Code { nonce: field("nonce"), challenge: field("code_challenge"), redirect: field("redirect_uri") };
            self.codes.insert(code, made_for);
        }
        if self.mischief == Mischief::IssuerOfAnotherInTheAddress {
            back.query_pairs_mut().append_pair("iss", "https://evil.example");
        }
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::FOUND;
        answer.headers_mut().insert("location", back.as_str().parse().expect("a value"));
        answer
    }

    fn exchange(&mut self, form: &HashMap<String, String>, authorization: Option<&str>) -> Answer {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic =
            base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET)));
        let by_header = authorization == Some(&format!("Basic {basic}"));
        let by_form = !self.takes_only_basic && (field("client_id"), field("client_secret")) == (CLIENT, SECRET);
        if !by_header && !by_form {
            return json_of(StatusCode::UNAUTHORIZED, &json!({ "error": "invalid_client" }));
        }
        let mut tokens = json!({
            "access_token": self.access_token(), "refresh_token": "more", "token_type": "Bearer", "expires_in": 3600,
        });
        if field("grant_type") == "refresh_token" {
            assert_eq!(field("refresh_token"), "more");
            return json_of(StatusCode::OK, &tokens);
        }
        let proved = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
        let code = self.codes.remove(field("code"));
        let code = code.filter(|code| code.challenge == proved && code.redirect == field("redirect_uri"));
        let Some(code) = code else {
            return json_of(StatusCode::BAD_REQUEST, &json!({ "error": "invalid_grant" }));
        };
        if self.mischief != Mischief::TokenMissing {
            tokens["id_token"] = json!(self.id_token(&code.nonce));
        }
        json_of(StatusCode::OK, &tokens)
    }

    fn id_token(&self, nonce: &str) -> String {
        let now = now();
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": "mia", "nonce": nonce, "iat": now, "exp": now + 300, "sid": "s1",
        });
        let says = self.token_says.as_object().expect("an object").clone();
        let fields = claims.as_object_mut().expect("an object");
        fields.extend(says);
        let mut head = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key.1 });
        let mut key = &KEYS[self.key.0];
        match self.mischief {
            Mischief::NonceOfAnother => claims["nonce"] = json!("another"),
            Mischief::NonceMissing => drop(fields.remove("nonce")),
            Mischief::AudienceOfAnother => claims["aud"] = json!(["another"]),
            Mischief::AudienceOfOthersToo => claims["aud"] = json!([CLIENT, "another"]),
            Mischief::PartyOfAnother => claims["azp"] = json!("another"),
            Mischief::IssuerOfAnother => claims["iss"] = json!("https://evil.example"),
            Mischief::SignedByAnother => key = &KEYS[1 - self.key.0],
            Mischief::SignedByNobody => {
                head["alg"] = json!("none");
                let [head, claims] = [head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
                return format!("{head}.{claims}.");
            }
            // whoever knows the secret could have made it
            Mischief::SignedWithOurSecret => head["alg"] = json!("HS256"),
            Mischief::KeyUnknown => head["kid"] = json!("unknown"),
            Mischief::Expired => {
                claims["iat"] = json!(now - 600);
                claims["exp"] = json!(now - 90);
            }
            Mischief::NotYet => claims["nbf"] = json!(now + 90),
            Mischief::FromTheFuture => claims["iat"] = json!(now + 90),
            Mischief::TokenGarbled => return "not.a.token".to_owned(),
            Mischief::SubjectMissing => claims["sub"] = json!(""),
            _ => {}
        }
        let token = sign(&head, &claims, key);
        if self.mischief == Mischief::PayloadChanged {
            let (head, rest) = token.split_once('.').expect("parts");
            let signature = rest.split_once('.').expect("parts").1;
            claims["roles"] = json!(["ROLE_TEACHER"]);
            return format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()));
        }
        token
    }

    fn access_token(&self) -> String {
        format!("access-{}", self.age)
    }

    fn userinfo(&self, authorization: Option<&str>) -> Answer {
        if authorization != Some(&format!("Bearer {}", self.access_token())) {
            return json_of(StatusCode::UNAUTHORIZED, &json!({ "error": "invalid_token" }));
        }
        if self.mischief == Mischief::UserinfoFails {
            return json_of(StatusCode::FORBIDDEN, &json!({}));
        }
        let sub = match self.mischief {
            Mischief::UserinfoOfAnother => "ben",
            Mischief::SubjectMissing => "",
            _ => "mia",
        };
        let mut said = json!({ "sub": sub });
        said.as_object_mut().expect("an object").extend(self.userinfo_says.as_object().expect("an object").clone());
        json_of(StatusCode::OK, &said)
    }
}
