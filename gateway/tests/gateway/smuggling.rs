//! Heads that two readers could read in two ways, sent octet for octet to a front made of hyper and the gateway.
//!
//! Whatever the front makes of them, the desktop gets a request that can be read in one way only, and it is the one
//! that was authorised; or it gets none. (The edge refuses more of them, before anybody is asked for anything.)

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinSet,
    time::timeout,
};

use super::support::{Desktop, World, desktop::header, soon};

/// What the desktop gets.
#[derive(Clone, Copy)]
enum Gets {
    /// Nothing: not one octet.
    Nothing,
    /// These requests, each on a connection of its own: the first line, and the body.
    Requests(&'static [(&'static str, &'static str)]),
    /// This one, whose body never comes to its end; or nothing, where that was seen in time.
    Unfinished(&'static str),
}

use Gets::{Nothing, Requests, Unfinished};

const GET: Gets = Requests(&[("GET /x HTTP/1.1", "")]);
const HELLO: Gets = Requests(&[("POST /x HTTP/1.1", "hello")]);
const POST: Gets = Requests(&[("POST /x HTTP/1.1", "")]);

/// The method, lines of the head and a body. `~` stands for the desktop's place.
const HEADS: &[(&str, Gets)] = &[
    // lengths
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", HELLO),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nContent-Length: 5\r\n\r\nhello!", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", HELLO),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 6\r\n\r\nhello!", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\nhello", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\nhello", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5 5\r\n\r\nhello", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5;\r\n\r\nhello", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\nhello", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\nhello", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999999999999\r\n\r\nhello", Nothing),
    ("GET ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", Requests(&[("GET /x HTTP/1.1", "hello")])),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET ~/y HTTP/1.1\r\nHost: h\r\n\r\n",
        Requests(&[("POST /x HTTP/1.1", "hello"), ("GET /y HTTP/1.1", "")]),
    ),
    // what is left over after a request is the beginning of another or nothing, never the desktop's
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello world", HELLO),
    // a length and a transfer encoding
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", POST),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG", POST),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        HELLO,
    ),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer_Encoding: chunked\r\n\r\nhello", HELLO),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent_Length: 1\r\n\r\nhello", HELLO),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX-Transfer-Encoding: chunked\r\n\r\nhello", HELLO),
    // transfer encodings
    ("POST ~/x HTTP/1.1\r\nHost: h\r\ntRANSFER-eNCODING: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", HELLO),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\tchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", HELLO),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunkedx\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;q=1\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: , chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\nhello", Nothing),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        Nothing,
    ),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Nothing,
    ),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Nothing,
    ),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Nothing),
    ("POST ~/x HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Nothing),
    // chunks
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n", HELLO),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n00005\r\nhello\r\n000\r\n\r\n", HELLO),
    ("POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n", HELLO),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
        Unfinished("POST /x HTTP/1.1"),
    ),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
        Unfinished("POST /x HTTP/1.1"),
    ),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        Unfinished("POST /x HTTP/1.1"),
    ),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
        Unfinished("POST /x HTTP/1.1"),
    ),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n",
        Unfinished("POST /x HTTP/1.1"),
    ),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
        Unfinished("POST /x HTTP/1.1"),
    ),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
        Unfinished("POST /x HTTP/1.1"),
    ),
    (
        "POST ~/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n",
        Unfinished("POST /x HTTP/1.1"),
    ),
    // lines
    ("GET ~/x HTTP/1.1\nHost: h\n\n", GET),
    ("\r\n\r\nGET ~/x HTTP/1.1\r\nHost: h\r\n\r\n", GET),
    ("GET ~/x HTTP/1.1\r\nHost: h\r\nA: b\rContent-Length: 5\r\n\r\nhello", Nothing),
    ("GET ~/x HTTP/1.1\r\nHost: h\r\nAccept: a\0b\r\n\r\n", Nothing),
    ("GET ~/x HTTP/1.1\r\nHost: h\r\nAccept\0: a\r\n\r\n", Nothing),
    ("GET ~/x HTTP/1.1\r\n Host: h\r\n\r\n", Nothing),
    ("GET ~/x HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", Nothing),
    ("GET ~/x HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", Nothing),
    ("GET ~/x HTTP/1.1\r\nHost: h\r\nContent Length: 5\r\n\r\nhello", Nothing),
    ("GET ~/x HTTP/1.1\r\nHost: h\r\nAccept: x\r\n\ty\r\n\r\n", Nothing),
    ("GET ~/x HTTP/1.2\r\nHost: h\r\n\r\n", Nothing),
    ("GET ~/x HTTP/2.0\r\nHost: h\r\n\r\n", Nothing),
    ("GET ~/x\r\nHost: h\r\n\r\n", Nothing),
    ("GET ~/x y HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("GET\t~/x HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Nothing),
    // methods
    ("get ~/x HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("CONNECT ~/x HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("TrAcE ~/x HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("GET ~/x HTTP/1.1\r\nHost: h\r\nX-HTTP-Method-Override: DELETE\r\nX-Method-Override: DELETE\r\n\r\n", GET),
    // places
    ("GET http://school.example~/x HTTP/1.1\r\nHost: school.example\r\n\r\n", GET),
    ("GET http://evil.example~/x HTTP/1.1\r\nHost: school.example\r\n\r\n", GET),
    ("GET http://evil.example:99~/x HTTP/1.1\r\nHost: school.example\r\n\r\n", GET),
    ("GET ~/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", GET),
    ("GET ~/x HTTP/1.1\r\nHost: a/../../b\r\n\r\n", GET),
    ("GET ~/x HTTP/1.1\r\n\r\n", GET),
    ("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("GET ~/../x HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("GET ~/a/..;/x HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("GET ~/%2e%2E/x HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("GET ~/x%0d%0aX:y HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("GET ~/x%00 HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("GET ~/./api/x HTTP/1.1\r\nHost: h\r\n\r\n", Nothing),
    ("GET ~//x HTTP/1.1\r\nHost: h\r\n\r\n", Requests(&[("GET //x HTTP/1.1", "")])),
    (
        "GET ~/x HTTP/1.1\r\nHost: h\r\nX-Original-URL: /api/x\r\nX-Rewrite-URL: /api/x\r\nX-Forwarded-Prefix: /api\r\n\r\n",
        GET,
    ),
    // names that somebody could take for others, and for the ones that are ours to say
    ("GET ~/x HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: 1.1.1.1\r\nHTTP_HOST: evil\r\nProxy: evil\r\n\r\n", GET),
    (
        "GET ~/x HTTP/1.1\r\nHost: h\r\nAuthorization: Basic eA==\r\nauthorization: Basic eQ==\r\nAuthorization_: x\r\n\r\n",
        GET,
    ),
    ("GET ~/x HTTP/1.1\r\nHost: h\r\nConnection: close, Authorization, Host, X-Forwarded-For\r\n\r\n", GET),
    (
        "GET ~/x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n",
        GET,
    ),
    ("GET ~/x HTTP/1.1\r\nHost: h\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n", GET),
    (
        "GET ~/x HTTP/1.1\r\nHost: h\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nTrailer: Host\r\n\r\n",
        GET,
    ),
    // streams that are none, with a request glued to them
    (
        "GET ~/x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 777\r\n\
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nGET ~/api/x HTTP/1.1\r\nHost: h\r\n\r\n",
        Nothing,
    ),
    (
        "GET ~/x HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 5\r\n\r\nhello",
        Nothing,
    ),
];

/// What `Host`, `Connection`, who asks and who answers for it are told by is ours; nothing else is in these requests
/// that a desktop may hear.
const HEARD: [&str; 8] = [
    "authorization",
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
];

/// Writes down all that it is told on each connection, and answers what it takes for a request.
async fn scribe() -> (Desktop, Arc<Mutex<Vec<Vec<u8>>>>) {
    let told: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let kept = Arc::clone(&told);
    let desktop = Desktop::with(move |mut connection| {
        let told = Arc::clone(&kept);
        async move {
            let number = {
                let mut told = told.lock().expect("not poisoned");
                told.push(Vec::new());
                told.len() - 1
            };
            let mut piece = [0; 4096];
            let mut is_answered = false;
            while let Ok(count @ 1..) = connection.io.read(&mut piece).await {
                let is_whole = {
                    let all = &mut told.lock().expect("not poisoned")[number];
                    all.extend(&piece[..count]);
                    matches!(read(all), Some((_, Some(_))))
                };
                if is_whole && !is_answered {
                    is_answered = true;
                    connection.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
                }
            }
        }
    })
    .await;
    (desktop, told)
}

/// Reads one request as strictly as can be: its head, and its body once that is whole. Panics at what could be read
/// otherwise.
fn read(told: &[u8]) -> Option<(String, Option<Vec<u8>>)> {
    let end = told.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&told[..end]).expect("text");
    assert!(!head.replace("\r\n", "").contains(|char: char| char.is_ascii_control()), "{head:?}");
    let names: Vec<_> = head.trim_end().split("\r\n").skip(1).filter_map(|line| line.split_once(": ")).collect();
    for (index, (name, _)) in names.iter().enumerate() {
        assert!(HEARD.iter().any(|known| name.eq_ignore_ascii_case(known)), "{head:?}");
        assert!(!names[..index].iter().any(|(other, _)| name.eq_ignore_ascii_case(other)), "{head:?}");
    }
    assert_eq!(header(head, "host"), Some("school.example"));
    assert_eq!(header(head, "connection"), Some("close"));
    assert_eq!(header(head, "authorization"), Some("Basic a2FzbV91c2VyOnNlY3JldA=="));
    assert_eq!(header(head, "x-forwarded-for"), Some("127.0.0.1"));
    let body = &told[end..];
    let body = match (header(head, "content-length"), header(head, "transfer-encoding")) {
        (Some(length), None) => {
            let length: usize = length.parse().expect("a length");
            assert!(body.len() <= length, "{:?}", String::from_utf8_lossy(told));
            (body.len() == length).then(|| body.to_vec())
        }
        (None, Some("chunked")) => chunked(body),
        (None, None) => {
            assert_eq!(body, b"", "{head:?}");
            Some(Vec::new())
        }
        both => panic!("ambiguous: {both:?}"),
    };
    Some((head.to_owned(), body))
}

/// The octets of a chunked body, once the last chunk is there; nothing may follow it.
fn chunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n")?;
        let digits = std::str::from_utf8(&body[..end]).expect("text");
        assert!((1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digits:?}");
        let size = usize::from_str_radix(digits, 16).expect("a number");
        let chunk = body.get(end + 2..end + 2 + size + 2)?;
        let (octets, line_end) = chunk.split_at(size);
        assert_eq!(line_end, b"\r\n");
        all.extend(octets);
        body = &body[end + 2 + size + 2..];
        if size == 0 {
            assert_eq!(body, b"", "something follows the body");
            return Some(all);
        }
    }
}

async fn meets_its_end(head: &'static str, gets: Gets) {
    let (desktop, told) = scribe().await;
    let world = World::to(desktop.address).await;
    let mut client = world.client().await.socket;
    client.write_all(head.replace('~', super::support::PREFIX).as_bytes()).await.expect("it is taken");
    let told = || told.lock().expect("not poisoned").clone();
    let as_awaited = || match gets {
        Nothing | Unfinished(_) => true,
        Requests(requests) => {
            told().iter().filter(|told| matches!(read(told), Some((_, Some(_))))).count() == requests.len()
        }
    };
    // whatever is answered is answered, and what should arrive arrives
    let mut answer = [0; 4096];
    let _ = soon(client.read(&mut answer)).await;
    let arrives = async {
        while !as_awaited() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(super::support::SOON, arrives).await.is_ok(), "{head:?}: {:?}", told());
    // and nothing more than that
    while let Ok(Ok(1..)) = timeout(Duration::from_millis(50), client.read(&mut answer)).await {}
    let requests: Vec<_> =
        told().iter().filter(|told| !told.is_empty()).map(|told| read(told).expect("a head")).collect();
    let lines: Vec<_> =
        requests.iter().map(|(head, body)| (head.split("\r\n").next().expect("a line"), body.as_deref())).collect();
    let expected: Vec<_> = match gets {
        Unfinished(line) if !lines.is_empty() => vec![(line, None)],
        Nothing | Unfinished(_) => Vec::new(),
        Requests(requests) => requests.iter().map(|(line, body)| (*line, Some(body.as_bytes()))).collect(),
    };
    assert_eq!(lines, expected, "{head:?}");
}

#[tokio::test]
async fn no_head_means_one_thing_to_us_and_another_to_the_desktop() {
    let mut all = JoinSet::new();
    for (head, gets) in HEADS {
        all.spawn(meets_its_end(head, *gets));
    }
    while let Some(done) = all.join_next().await {
        done.expect("it meets its end");
    }
}
