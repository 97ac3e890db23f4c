use std::net::Ipv4Addr;

use futures::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::StatusCode},
};

use super::{Api, Desktop};

/// A viewer of a desktop: as much of RFB (RFC 6143) as a test needs.
pub(crate) struct Rfb<S = TcpStream> {
    stream: WebSocketStream<S>,
    unread: Vec<u8>,
    pub(crate) width: u16,
    pub(crate) height: u16,
}

impl Rfb {
    /// Opens the stream and shakes hands; the status if it is refused.
    pub(crate) async fn open(api: &Api, desktop: &Desktop) -> Result<Self, StatusCode> {
        Self::at(api, &format!("{}websockify", desktop.text("url")), &[]).await
    }

    /// The same at any path, with more headers.
    pub(crate) async fn at(api: &Api, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, StatusCode> {
        let url = format!("{}{path}", api.url().replacen("http", "ws", 1));
        let bearer = format!("Bearer {}", api.token());
        let bearer = [("authorization", bearer.as_str())];
        let headers = if api.token().is_empty() { headers } else { &[&bearer, headers].concat() };
        Self::anywhere(&url, headers).await
    }

    /// The same at any address. Every name is this machine.
    pub(crate) async fn anywhere(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, StatusCode> {
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        let port = request.uri().port_u16().expect("a port");
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("a connection");
        let (stream, _) = match client_async(request, socket).await {
            Ok(opened) => opened,
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => return Err(answer.status()),
            Err(error) => panic!("{error}"),
        };
        Ok(Self::over(stream).await)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Rfb<S> {
    /// Shakes hands over a stream that is open.
    pub(crate) async fn over(stream: WebSocketStream<S>) -> Self {
        let mut rfb = Self { stream, unread: Vec::new(), width: 0, height: 0 };
        rfb.shake_hands().await;
        rfb
    }

    async fn shake_hands(&mut self) {
        let version = self.read(12).await;
        assert!(version.starts_with(b"RFB 003."), "{version:?}");
        self.send(b"RFB 003.008\n").await;
        let count = self.read(1).await[0];
        let kinds = self.read(usize::from(count)).await;
        assert!(kinds.contains(&1), "no security type None: {kinds:?}");
        self.send(&[1]).await;
        assert_eq!(self.read(4).await, [0; 4], "the security result");
        // shared: other viewers stay
        self.send(&[1]).await;
        let init = self.read(24).await;
        (self.width, self.height) = (u16::from_be_bytes([init[0], init[1]]), u16::from_be_bytes([init[2], init[3]]));
        let name = u32::from_be_bytes([init[20], init[21], init[22], init[23]]);
        self.read(usize::try_from(name).expect("a short name")).await;
    }

    /// Presses and releases a key.
    pub(crate) async fn press(&mut self, keysym: u32) {
        for down in [1, 0] {
            let [a, b, c, d] = keysym.to_be_bytes();
            self.send(&[4, down, 0, 0, a, b, c, d]).await;
        }
    }

    /// Asks for a picture, as every viewer does all the time.
    pub(crate) async fn ask_for_update(&mut self) {
        self.send(&[3, 1, 0, 0, 0, 0, 0, 1, 0, 1]).await;
    }

    /// Asks for the whole picture and waits for its first rectangle.
    pub(crate) async fn first_pixels(&mut self) {
        let ([w1, w2], [h1, h2]) = (self.width.to_be_bytes(), self.height.to_be_bytes());
        self.send(&[3, 0, 0, 0, 0, 0, w1, w2, h1, h2]).await;
        // type, padding, number of rectangles
        let head = self.read(4).await;
        assert_eq!(head[0], 0, "a framebuffer update");
    }

    /// Waits until the other side ends the stream.
    pub(crate) async fn ended(&mut self) {
        while let Some(Ok(_)) = self.stream.next().await {}
    }

    /// Says something in a message of its own.
    pub(crate) async fn say(&mut self, message: &[u8]) {
        self.send(message).await;
    }

    /// Says what no RFB server understands, so that it ends the stream.
    pub(crate) async fn say_nonsense(&mut self) {
        self.send(&[0xbb; 32]).await;
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.send(Message::Binary(bytes.to_vec().into())).await.expect("the stream is open");
    }

    async fn read(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            match self.stream.next().await.expect("the stream is open").expect("it is well") {
                Message::Binary(bytes) => self.unread.extend_from_slice(&bytes),
                other => panic!("{other:?}"),
            }
        }
        self.unread.drain(..length).collect()
    }
}
