use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Parts, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use crate::{relay::Opaque, socket::Socket};

/// How the server takes the socket out of a connection of its own making, once hyper is done with it; with the octets
/// that were read beyond the handshake. An extension of the request, for servers that give hyper more than a
/// [`Socket`].
#[derive(Debug, Clone, Copy)]
pub struct TakeOver(pub fn(Upgraded) -> Result<(Socket, Bytes), Upgraded>);

/// The client's connection, which becomes a stream as soon as its 101 is written.
pub(crate) struct Client {
    pub(crate) upgrade: OnUpgrade,
    pub(crate) take_over: Option<TakeOver>,
    /// How long it may take to become one.
    pub(crate) within: Duration,
}

/// A client's connection when the server has no more to do with it.
pub(crate) enum Taken {
    /// The connection itself, and what it said already.
    Bare(Socket, Bytes),
    /// In a cover that is not known.
    Covered(Opaque<TokioIo<Upgraded>>),
}

impl Client {
    /// Waits for the stream; `None` if it never comes.
    pub(crate) async fn taken(self) -> Option<Taken> {
        let mut upgraded = timeout(self.within, self.upgrade).await.ok()?.ok()?;
        if let Some(TakeOver(take_over)) = self.take_over {
            match take_over(upgraded) {
                Ok((socket, said)) => return Some(Taken::Bare(socket, said)),
                Err(covered) => upgraded = covered,
            }
        }
        let taken = match upgraded.downcast() {
            Ok(Parts { io, read_buf, .. }) => Ok((TokioIo::<Socket>::into_inner(io), read_buf)),
            Err(upgraded) => upgraded
                .downcast()
                .map(|Parts { io, read_buf, .. }| (Socket::Plain(TokioIo::<TcpStream>::into_inner(io)), read_buf)),
        };
        Some(match taken {
            Ok((socket, said)) => Taken::Bare(socket, said),
            Err(upgraded) => Taken::Covered(Opaque(TokioIo::new(upgraded))),
        })
    }
}
