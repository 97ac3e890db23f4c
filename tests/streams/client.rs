//! Browsers, as many as are needed.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use crate::{
    errand::Errand,
    octets::{Altered, Checker, ECHO, HELLO, content, echo, pointer, read_hello},
};

/// The key of RFC 6455's example, and the answer to it. What is measured is not the hash.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const MAX_HEAD: usize = 16 * 1024;
/// What is read at a time.
const BUFFER: usize = 256 * 1024;

/// One way to one desktop.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    /// Who listens.
    pub(crate) at: SocketAddr,
    /// The desktop's place there.
    pub(crate) place: String,
    /// The host by which it is addressed.
    pub(crate) host: String,
    /// The cookie of the session that may pass.
    pub(crate) cookie: Option<String>,
    /// The address that is come from.
    pub(crate) from: Ipv4Addr,
}

/// Why a stream did not open or did not stay.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The other side said no.
    Refused(u16),
    /// The connection broke.
    Io(io::Error),
    /// The connection came to its end.
    Ended,
    /// Something else came than was sent.
    Altered,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => write!(f, "refused with {status}"),
            Self::Io(error) => write!(f, "broken off: {error}"),
            Self::Ended => f.write_str("ended"),
            Self::Altered => f.write_str("altered"),
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Ended } else { Self::Io(error) }
    }
}

impl From<Altered> for Broken {
    fn from(_: Altered) -> Self {
        Self::Altered
    }
}

impl Door {
    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.set_nodelay(true)?;
        socket.bind((self.from, 0).into())?;
        socket.connect(self.at).await
    }

    fn head(&self, rest: &str, more: &str) -> String {
        let cookie = self.cookie.as_ref().map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
        format!(
            "GET {}{rest} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\
             Accept: */*\r\n{more}{cookie}\r\n",
            self.place,
            host = self.host,
        )
    }
}

/// A stream that is open.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: TcpStream,
    /// Read and not yet looked at.
    early: Vec<u8>,
    /// Who is at the other end.
    pub(crate) stamp: u64,
    checker: Checker,
    /// Movements of the mouse so far.
    moved: u32,
}

impl Stream {
    /// Opens a stream for an errand, and hears who is there.
    pub(crate) async fn open(door: &Door, errand: Errand) -> Result<Self, Broken> {
        let mut socket = door.connect().await?;
        let upgrade = format!(
            "Origin: http://{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: {KEY}\r\n",
            door.host
        );
        socket.write_all(door.head(&format!("/websockify?{errand}"), &upgrade).as_bytes()).await?;
        let (head, mut early) = read_head(&mut socket).await?;
        let status = status(&head);
        if status != 101 {
            return Err(Broken::Refused(status));
        }
        while early.len() < HELLO {
            if socket.read_buf(&mut early).await? == 0 {
                return Err(Broken::Ended);
            }
        }
        let mut first = [0; HELLO];
        first.copy_from_slice(&early[..HELLO]);
        early.drain(..HELLO);
        let stamp = read_hello(&first)?;
        Ok(Self { socket, early, stamp, checker: Checker::new(stamp, errand.sizes()), moved: 0 })
    }

    /// Waits for so many frames more, and compares each octet.
    pub(crate) async fn take(&mut self, frames: u64, buffer: &mut Vec<u8>) -> Result<(), Broken> {
        let until = self.checker.frames + frames;
        self.checker.take(&std::mem::take(&mut self.early))?;
        while self.checker.frames < until {
            self.read(buffer).await?;
        }
        Ok(())
    }

    /// Compares whatever comes next. Can be dropped and called again: nothing is lost.
    pub(crate) async fn read(&mut self, buffer: &mut Vec<u8>) -> Result<(), Broken> {
        if !self.early.is_empty() {
            return Ok(self.checker.take(&std::mem::take(&mut self.early))?);
        }
        buffer.resize(BUFFER, 0);
        match self.socket.read(buffer).await? {
            0 => Err(Broken::Ended),
            count => Ok(self.checker.take(&buffer[..count])?),
        }
    }

    /// How many whole frames came so far.
    pub(crate) fn frames(&self) -> u64 {
        self.checker.frames
    }

    /// Moves the mouse.
    pub(crate) async fn point(&mut self) -> Result<(), Broken> {
        self.socket.write_all(&pointer(self.moved)).await?;
        self.moved += 1;
        Ok(())
    }

    /// Moves the mouse and waits until the desktop has answered that.
    pub(crate) async fn point_and_wait(&mut self) -> Result<(), Broken> {
        let number = self.moved;
        self.point().await?;
        let mut answer = [0; ECHO];
        self.socket.read_exact(&mut answer).await?;
        if answer == echo(number) { Ok(()) } else { Err(Broken::Altered) }
    }

    /// Waits for the end of a stream on which nothing is expected.
    pub(crate) async fn until_broken(&mut self) -> Broken {
        match self.socket.read_u8().await {
            Ok(_) => Broken::Altered,
            Err(error) => error.into(),
        }
    }
}

/// A connection for one request after the other.
#[derive(Debug)]
pub(crate) struct Browser<'a> {
    door: &'a Door,
    socket: Option<TcpStream>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(door: &'a Door) -> Self {
        Self { door, socket: None }
    }

    /// Gets so many octets and compares them.
    pub(crate) async fn get(&mut self, size: usize) -> Result<(), Broken> {
        let mut socket = match self.socket.take() {
            Some(socket) => socket,
            None => self.door.connect().await?,
        };
        socket.write_all(self.door.head(&format!("/octets?size={size}"), "").as_bytes()).await?;
        let (head, mut body) = read_head(&mut socket).await?;
        if status(&head) != 200 {
            return Err(Broken::Refused(status(&head)));
        }
        let head = head.to_ascii_lowercase();
        if !head.contains(&format!("\r\ncontent-length: {size}\r\n")) {
            return Err(Broken::Altered);
        }
        body.reserve(size);
        while body.len() < size {
            if socket.read_buf(&mut body).await? == 0 {
                return Err(Broken::Ended);
            }
        }
        if body != content(size as u64, size) {
            return Err(Broken::Altered);
        }
        if !head.contains("\r\nconnection: close\r\n") {
            self.socket = Some(socket);
        }
        Ok(())
    }
}

async fn read_head(socket: &mut TcpStream) -> Result<(String, Vec<u8>), Broken> {
    let mut buffer = Vec::with_capacity(4096);
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = buffer.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&buffer).into_owned(), rest));
        }
        if buffer.len() > MAX_HEAD || socket.read_buf(&mut buffer).await? == 0 {
            return Err(Broken::Ended);
        }
    }
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}
