//! Attacks that have a name. Each would succeed without the one defence it is aimed at, and each has a twin that is
//! let through, so that nothing passes because everything is refused.

mod cookies;
mod paths;
mod streams;

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::{Api, Desktop, PATIENCE, Pult, TestImage};

/// What every answer of [`echo`] begins with, before the name of whose desktop it is.
const DESKTOP_OF: &str = "this is the desktop of ";

/// Answers each request with whose desktop it is and with the head as it came, octet for octet.
const ECHO: &str = r"
import os, socketserver
class Visit(socketserver.StreamRequestHandler):
    def handle(self):
        head = b''
        while not head.endswith(b'\r\n\r\n'):
            line = self.rfile.readline()
            if not line: return
            head += line
        print(head.split(b'\r\n')[0].decode('latin-1'), flush=True)
        body = b'this is the desktop of ' + os.environ['USER'].encode() + b'\n' + head
        self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n' + body)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
Server(('', 6901), Visit).serve_forever()
";

/// Gives everybody a desktop that tells what it hears. As long as the image is held.
async fn echo(pult: &Pult, test: &str) -> TestImage {
    let program = serde_json::to_string(ECHO).expect("a string");
    let image = TestImage::build(
        &pult.engine,
        &format!("echo-{test}"),
        &format!("ENTRYPOINT [\"python3\", \"-c\", {program}]"),
    );
    let fields =
        json!({ "slug": "echo", "name": "Echo", "image": image.name, "client": "container", "health_path": "/" });
    crate::gateway::template(&pult.person("admin", "admin"), fields).await;
    image
}

/// Sends octets as they are, and yields all that comes until the connection ends.
async fn send(to: SocketAddr, octets: impl AsRef<[u8]>) -> String {
    let exchange = async {
        let mut line = TcpStream::connect(to).await?;
        line.write_all(octets.as_ref()).await?;
        let mut answer = Vec::new();
        line.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = timeout(PATIENCE, exchange).await.expect("an end").unwrap_or_default();
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer.
fn status(answer: &str) -> StatusCode {
    let code = answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer:?}"));
    code.parse().unwrap_or_else(|_| panic!("no status: {answer}"))
}

/// The name of a desktop in its addresses.
fn name(desktop: &Desktop) -> &str {
    desktop.text("url").trim_matches('/').rsplit('/').next().expect("a name")
}

/// Every documented call that may change something.
fn unsafe_calls(pult: &Pult) -> Vec<(Method, String)> {
    let document: serde_json::Value = serde_json::from_str(&pult.run(&["openapi"])).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let calls = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("methods").keys().filter(|method| *method != "get");
        methods.map(move |method| (method.to_uppercase().parse().expect("a method"), path.clone()))
    });
    calls.collect()
}

/// Somebody who signed in as a browser does: what it sends, and what a page of ours would add.
struct SignedIn {
    cookie: String,
    csrf_token: String,
}

impl SignedIn {
    /// Signs an account of the demo in.
    async fn new(pult: &Pult, account: &str) -> Self {
        Self::with(pult, account, &[]).await
    }

    /// The same, from a browser that sends more.
    async fn with(pult: &Pult, account: &str, headers: &[(&str, &str)]) -> Self {
        let http = reqwest::Client::new();
        let credentials = json!({ "username": account, "password": pult.password_of(account) });
        let login = http.post(format!("{}/api/v1/login", pult.url())).json(&credentials);
        let login = headers.iter().fold(login, |login, (name, value)| login.header(*name, *value));
        let login = login.send().await.expect("an answer");
        assert_eq!(login.status(), StatusCode::NO_CONTENT);
        let cookie = login.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie");
        let me = http.get(format!("{}/api/v1/me", pult.url())).header("cookie", cookie).send().await;
        let me: serde_json::Value = me.expect("an answer").json().await.expect("JSON");
        Self { cookie: cookie.to_owned(), csrf_token: me["csrf_token"].as_str().expect("a token").to_owned() }
    }

    /// The secret alone.
    fn secret(&self) -> &str {
        self.cookie.split_once('=').expect("a cookie").1
    }
}

/// A client that sends nothing by itself.
fn bare(pult: &Pult) -> Api {
    Api::new(pult.url(), String::new())
}

/// Where a Pult is reached by octets.
fn line(pult: &Pult) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, pult.address().port()))
}
