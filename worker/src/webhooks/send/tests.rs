use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{WebhookDeliveryId, webhook::Destinations};
use store::{Due, Sent};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::Sender;

/// Somebody who answers every request with these octets, and whom nobody may have asked.
async fn receiver(answer: Vec<u8>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("it has one").port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&answer).await;
                // the end of the answer is not the end of the connection
                tokio::time::sleep(Duration::from_mins(1)).await;
            });
        }
    });
    (port, asked)
}

fn sender(allowed: &[&str]) -> Sender {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let private = allowed.iter().map(|network| network.parse().expect("a network")).collect();
    Sender::new(Destinations { private }).expect("a sender")
}

fn due(url: String) -> Due {
    Due::new(WebhookDeliveryId::new(), url, "{}".to_owned(), vec!["whsec_AAAA".into()])
}

async fn sent(sender: &Sender, url: String) -> Sent {
    sender.send(&due(url)).await
}

#[tokio::test]
async fn nothing_is_sent_to_what_is_not_named() {
    let (port, asked) = receiver(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()).await;
    let closed = sender(&["10.0.0.0/8"]);
    for host in ["127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]", "0x7f000001"] {
        for scheme in ["http", "https"] {
            let sent = sent(&closed, format!("{scheme}://{host}:{port}/")).await;
            assert!(sent.status.is_none() && sent.problem.is_some(), "{scheme} {host}: {sent:?}");
        }
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "nobody was asked");
    let open = sender(&["127.0.0.0/8"]);
    assert_eq!(sent(&open, format!("http://127.0.0.1:{port}/")).await, Sent { status: Some(204), problem: None });
}

#[tokio::test]
async fn a_name_is_judged_by_where_it_leads() {
    use reqwest::dns::Resolve as _;
    let guard = |allowed: &[&str], is_secure| super::Guard { destinations: sender(allowed).destinations, is_secure };
    let name = || "localhost".parse().expect("a name");
    assert!(guard(&[], true).resolve(name()).await.is_err());
    assert!(guard(&["10.0.0.0/8"], false).resolve(name()).await.is_err());
    let found = guard(&["127.0.0.0/8"], false).resolve(name()).await.expect("it is named");
    assert!(found.into_iter().all(|at| at.ip().is_loopback() && at.is_ipv4()), "and nothing but what is named");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, asked) = receiver(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()).await;
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{elsewhere}/\r\ncontent-length: 0\r\n\r\n"
    );
    let (port, _) = receiver(redirect.into_bytes()).await;
    let sent = sent(&sender(&["127.0.0.0/8"]), format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(sent.status, Some(307));
    assert_eq!(sent.problem.as_deref(), Some("the answer is 307 Temporary Redirect"));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn of_an_answer_no_more_is_read_than_is_needed() {
    // it promises more than it ever sends
    let mut endless = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n".to_vec();
    endless.resize(endless.len() + 2 * super::MOST, b'x');
    let (port, _) = receiver(endless).await;
    let asked = std::time::Instant::now();
    let sent = sent(&sender(&["127.0.0.0/8"]), format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(sent, Sent { status: Some(200), problem: None });
    assert!(asked.elapsed() < super::ANSWER, "the rest was not waited for");
}

#[tokio::test]
async fn what_went_wrong_is_told_without_the_address() {
    let [gone] = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        [listener.local_addr().expect("it has one").port()]
    };
    let sent = sent(&sender(&["127.0.0.0/8"]), format!("http://127.0.0.1:{gone}/?token=geheim")).await;
    let problem = sent.problem.expect("nobody is there");
    assert!(!problem.contains("geheim") && problem.contains("refused"), "{problem}");
}
