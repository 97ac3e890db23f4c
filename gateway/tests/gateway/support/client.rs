use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{PREFIX, soon};

/// The key of RFC 6455 section 1.3.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A client that writes what it wants and sees every octet.
pub(crate) struct Raw {
    pub(crate) socket: TcpStream,
    read: Vec<u8>,
}

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    lines: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The code of the gateway's failure.
    pub(crate) fn code(&self) -> &str {
        self.get("x-code").unwrap_or("none")
    }
}

/// A browser's handshake, with more lines than it must have.
pub(crate) fn handshake(path: &str, more: &[&str]) -> String {
    let more = lines(more);
    format!(
        "GET {PREFIX}{path} HTTP/1.1\r\nHost: school.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{more}\r\n"
    )
}

/// An ordinary request.
pub(crate) fn request(method: &str, path: &str, more: &[&str]) -> String {
    let more = lines(more);
    format!("{method} {PREFIX}{path} HTTP/1.1\r\nHost: school.example\r\n{more}\r\n")
}

fn lines(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\r\n"]).collect()
}

/// A client's message in one masked frame.
pub(crate) fn message(payload: &[u8]) -> Vec<u8> {
    frame(0x82, payload)
}

/// A client's frame, masked, with such a first octet: FIN, three reserved bits, and the opcode.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(first);
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | u8::try_from(length).expect("small")),
        length @ 126..65536 => {
            frame.push(0x80 | 0x7e);
            frame.extend(u16::try_from(length).expect("medium").to_be_bytes());
        }
        length => {
            frame.push(0x80 | 0x7f);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    let (whole, rest) = payload.as_chunks();
    for four in whole {
        frame.extend((u32::from_ne_bytes(*four) ^ u32::from_ne_bytes(MASK)).to_ne_bytes());
    }
    frame.extend(rest.iter().zip(MASK).map(|(byte, mask)| byte ^ mask));
    frame
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { socket: TcpStream::connect(address).await.expect("a connection"), read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.socket.write_all(bytes.as_ref())).await.expect("it is taken");
    }

    /// Sends and returns the head of the answer.
    pub(crate) async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Head {
        self.send(bytes).await;
        self.head().await
    }

    pub(crate) async fn head(&mut self) -> Head {
        let head = self.try_head().await;
        head.unwrap_or_else(|| panic!("the head ends early: {:?}", String::from_utf8_lossy(&self.read)))
    }

    /// The head, unless the connection ends before it does.
    pub(crate) async fn try_head(&mut self) -> Option<Head> {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            if soon(self.socket.read_buf(&mut self.read)).await.unwrap_or(0) == 0 {
                return None;
            }
        };
        let text = String::from_utf8(self.read.drain(..end + 4).collect()).expect("text");
        let mut lines = text.trim_end().split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
        Some(Head {
            status: status.parse().expect("a number"),
            lines: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
    }

    /// What came with the last head and was not asked for yet.
    pub(crate) fn early(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.read)
    }

    /// So many octets.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count {
            let got = soon(self.socket.read_buf(&mut self.read)).await.expect("bytes");
            assert_ne!(got, 0, "it ends after {} of {count} bytes", self.read.len());
        }
        self.read.drain(..count).collect()
    }

    /// Everything up to the end; what came before a reset counts.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while soon(self.socket.read_buf(&mut self.read)).await.is_ok_and(|count| count > 0) {}
        std::mem::take(&mut self.read)
    }

    /// The body of an answer whose head was read, and whether it came whole.
    pub(crate) async fn body(&mut self, head: &Head) -> (Vec<u8>, bool) {
        if let Some(length) = head.get("content-length") {
            let length: usize = length.parse().expect("a length");
            while self.read.len() < length {
                if soon(self.socket.read_buf(&mut self.read)).await.is_ok_and(|count| count > 0) {
                    continue;
                }
                return (std::mem::take(&mut self.read), false);
            }
            return (self.read.drain(..length).collect(), true);
        }
        assert_eq!(head.get("transfer-encoding"), Some("chunked"), "{head:?}");
        let mut body = Vec::new();
        loop {
            let Some(line) = self.line().await else {
                return (body, false);
            };
            let length = usize::from_str_radix(line.trim(), 16).expect("a length");
            while self.read.len() < length + 2 {
                if soon(self.socket.read_buf(&mut self.read)).await.is_ok_and(|count| count > 0) {
                    continue;
                }
                return (body, false);
            }
            body.extend(self.read.drain(..length + 2).take(length));
            if length == 0 {
                return (body, true);
            }
        }
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.windows(2).position(|window| window == b"\r\n") {
                return String::from_utf8(self.read.drain(..end + 2).collect()).ok();
            }
            if soon(self.socket.read_buf(&mut self.read)).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn finish(&mut self) {
        self.socket.shutdown().await.expect("half a close");
    }
}
