//! Sees keyboard and pointer input in what a client sends, and nothing else.
//!
//! A [`Tap`] is shown the bytes from client to desktop as they pass, in whatever pieces they come, and counts the
//! inputs in them. It holds a few dozen bytes, allocates nothing, and cannot change or hold up what it is shown. What
//! it cannot understand it does not count: it may overlook input, so that a desktop is thought idle that is not, and
//! only a client that takes pains can make it see input where there is none.
//!
//! It relies on the handshake: no extension is ever agreed on, so no frame is compressed.

mod rfb;
mod text;

use crate::tap::{rfb::Rfb, text::Text};

/// What is known beforehand of the client's dialect of RFB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// RFC 6143, as our own viewer speaks it.
    Plain,
    /// Perhaps that, perhaps `KasmVNC`'s.
    Unknown,
}

/// Watches one stream.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub(crate) struct Tap {
    state: State,
    /// The kind of the message that a continuation would continue; `Control` while there is none.
    message: Kind,
    rfb: Rfb,
    text: Text,
}

#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq))]
enum State {
    /// Reading the head of a frame.
    Head { bytes: [u8; 14], have: usize },
    /// Reading its payload.
    Payload(Frame),
    /// It is not RFC 6455, or no longer: nothing is looked at any more.
    Blind,
}

/// A frame under way (RFC 6455 section 5.2).
#[derive(Debug, Clone, Copy)]
#[cfg_attr(test, derive(PartialEq))]
struct Frame {
    kind: Kind,
    /// Whether it is the last of its message.
    last: bool,
    /// Bytes of payload still to come.
    left: u64,
    mask: [u8; 4],
    /// Which byte of the mask is next.
    at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
    Control,
}

/// A piece of payload as it lies on the wire.
#[derive(Debug)]
struct Masked<'a> {
    bytes: &'a [u8],
    mask: [u8; 4],
    at: usize,
}

impl Masked<'_> {
    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn advance(&mut self, count: usize) {
        self.bytes = &self.bytes[count..];
        self.at = (self.at + count) % 4;
    }
}

impl Iterator for Masked<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.first()? ^ self.mask[self.at];
        self.advance(1);
        Some(byte)
    }
}

const EMPTY_HEAD: State = State::Head { bytes: [0; 14], have: 0 };

impl Tap {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { state: EMPTY_HEAD, message: Kind::Control, rfb: Rfb::new(dialect), text: Text::default() }
    }

    /// How many inputs end in these bytes, which follow those shown before.
    pub(crate) fn watch(&mut self, mut bytes: &[u8]) -> usize {
        let mut inputs = 0;
        while !bytes.is_empty() {
            match &mut self.state {
                State::Blind => break,
                State::Head { bytes: head, have } => {
                    head[*have] = bytes[0];
                    *have += 1;
                    bytes = &bytes[1..];
                    match read_head(&head[..*have], self.message) {
                        Head::Partial => {}
                        Head::Wrong => self.state = State::Blind,
                        Head::Whole(frame) => inputs += self.begin(frame),
                    }
                }
                State::Payload(frame) => {
                    let count = usize::try_from(frame.left).unwrap_or(usize::MAX).min(bytes.len());
                    let (now, later) = bytes.split_at(count);
                    let piece = Masked { bytes: now, mask: frame.mask, at: frame.at };
                    inputs += match frame.kind {
                        Kind::Control => 0,
                        Kind::Binary => self.rfb.read(piece, frame.left),
                        Kind::Text => self.text.read(piece),
                    };
                    frame.left -= count as u64;
                    frame.at = (frame.at + count) % 4;
                    bytes = later;
                    if frame.left == 0 {
                        let frame = *frame;
                        inputs += self.end(frame);
                    }
                }
            }
        }
        inputs
    }

    fn begin(&mut self, frame: Frame) -> usize {
        let is_first = self.message == Kind::Control;
        match frame.kind {
            Kind::Binary if is_first => self.rfb.begin_message(),
            Kind::Text if is_first => self.text.begin_message(),
            _ => {}
        }
        if frame.kind != Kind::Control {
            self.message = frame.kind;
        }
        self.state = State::Payload(frame);
        if frame.left == 0 { self.end(frame) } else { 0 }
    }

    fn end(&mut self, frame: Frame) -> usize {
        self.state = EMPTY_HEAD;
        if frame.kind == Kind::Control || !frame.last {
            return 0;
        }
        self.message = Kind::Control;
        if frame.kind == Kind::Text { self.text.end_message() } else { 0 }
    }
}

enum Head {
    Partial,
    Whole(Frame),
    Wrong,
}

/// Reads the head of a client's frame; `message` is [`Tap::message`].
fn read_head(head: &[u8], message: Kind) -> Head {
    let [first, second, rest @ ..] = head else {
        return Head::Partial;
    };
    let opcode = first & 0x0f;
    let kind = match (opcode, message) {
        (0x1, Kind::Control) => Kind::Text,
        (0x2, Kind::Control) => Kind::Binary,
        (0x0, Kind::Text | Kind::Binary) => message,
        (0x8..=0xa, _) => Kind::Control,
        _ => return Head::Wrong,
    };
    let last = first & 0x80 != 0;
    let is_masked = second & 0x80 != 0;
    let is_long_control = kind == Kind::Control && (!last || second & 0x7f > 125);
    if first & 0x70 != 0 || !is_masked || is_long_control {
        return Head::Wrong;
    }
    let length = match second & 0x7f {
        126 => rest.split_first_chunk().map(|(length, mask)| (u64::from(u16::from_be_bytes(*length)), mask)),
        127 => rest.split_first_chunk().map(|(length, mask)| (u64::from_be_bytes(*length), mask)),
        length => Some((u64::from(length), rest)),
    };
    let Some((left, mask)) = length else {
        return Head::Partial;
    };
    match mask.try_into() {
        _ if left >> 63 != 0 => Head::Wrong,
        Ok(mask) => Head::Whole(Frame { kind, last, left, mask, at: 0 }),
        Err(_) => Head::Partial,
    }
}

#[cfg(test)]
mod tests;
