//! RFB from the client's side (RFC 6143 section 7), with the extensions that noVNC speaks.
//!
//! As long as every message is of a type whose length is known, all of them are followed, however they are spread
//! over WebSocket messages. After the first unknown one lengths are no longer guessed: only the start of each
//! WebSocket message is looked at, where every client known puts the start of an RFB message.

use super::{Dialect, Masked};

/// The longest part of a message that decides anything.
const HEAD: usize = 12;

/// Looks at the binary messages of a stream.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct Rfb {
    phase: Phase,
    /// First bytes of the message under way: so many are there, so many are needed to say more.
    head: [u8; HEAD],
    have: usize,
    wanted: usize,
    /// What the frame in which the message begins holds from its first byte on.
    room: u64,
    /// Bytes of the message that decide nothing and are still to come.
    skip: u64,
    layout: Layout,
    /// Buttons and position of the last pointer event.
    pointer: Option<[u8; 6]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The client's `RFB 003.008`.
    Version,
    /// Which security type it chose.
    Security,
    /// Whether it shares the desktop.
    Init,
    /// Messages, one after the other.
    Messages,
    /// The start of a WebSocket message, which is all that is looked at.
    Start,
    /// The rest of it.
    Rest,
    /// It is not RFB.
    Foreign,
}

/// How a pointer event is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// 6 bytes: type, buttons, x, y (RFC 6143 section 7.5.5). Known beforehand.
    Plain,
    /// The same, as far as was seen.
    ProbablyPlain,
    /// 11 bytes: type, 16 bits of buttons, x, y, how far both wheels turned (`KasmVNC`). As far as was seen.
    ProbablyKasm,
}

/// What the bytes of a message so far say.
enum Verdict {
    /// This many are needed to say more.
    Needs(usize),
    /// The message is over after so many more bytes, and this is what it was.
    Over { skip: u64, event: Event, next: Phase },
}

enum Event {
    /// Nothing that anybody did.
    Other,
    Key,
    Pointer {
        now: [u8; 6],
        wheel: bool,
    },
}

impl Rfb {
    pub(super) fn new(dialect: Dialect) -> Self {
        let layout = match dialect {
            Dialect::Plain => Layout::Plain,
            Dialect::Unknown => Layout::ProbablyPlain,
        };
        let phase = Phase::Version;
        Self { phase, head: [0; HEAD], have: 0, wanted: HEAD, room: 0, skip: 0, layout, pointer: None }
    }

    /// A WebSocket message begins.
    pub(super) fn begin_message(&mut self) {
        if matches!(self.phase, Phase::Start | Phase::Rest) {
            self.enter(Phase::Start, 0);
        }
    }

    /// How many inputs end in this piece; `left` is what is left of its frame, the piece included.
    pub(super) fn read(&mut self, mut piece: Masked<'_>, mut left: u64) -> usize {
        let mut inputs = 0;
        while !piece.is_empty() && !matches!(self.phase, Phase::Rest | Phase::Foreign) {
            if self.skip > 0 {
                let count = usize::try_from(self.skip).unwrap_or(usize::MAX).min(piece.len());
                piece.advance(count);
                self.skip -= count as u64;
                left -= count as u64;
                continue;
            }
            if self.have == 0 {
                self.room = left;
            }
            while self.have < self.wanted {
                let Some(byte) = piece.next() else {
                    return inputs;
                };
                self.head[self.have] = byte;
                self.have += 1;
                left -= 1;
            }
            match self.verdict() {
                Verdict::Needs(count) => self.wanted = count,
                Verdict::Over { skip, event, next } => {
                    inputs += usize::from(self.is_input(&event));
                    self.enter(next, skip);
                }
            }
        }
        inputs
    }

    fn enter(&mut self, phase: Phase, skip: u64) {
        self.phase = phase;
        self.skip = skip;
        self.have = 0;
        self.wanted = if phase == Phase::Version { HEAD } else { 1 };
    }

    /// A key always is; a pointer event if the pointer, a button or a wheel moved. The first one only tells where the
    /// pointer is, so that a tab which reconnects by itself is no input.
    fn is_input(&mut self, event: &Event) -> bool {
        match *event {
            Event::Other => false,
            Event::Key => true,
            Event::Pointer { now, wheel } => {
                self.layout = self.layout_here();
                let before = self.pointer.replace(now);
                wheel || before.map_or(now[..2] != [0, 0], |before| before != now)
            }
        }
    }

    /// Every client known sends a pointer event in a frame of its own, whose length then tells the layout.
    fn layout_here(&self) -> Layout {
        match (self.layout, self.room) {
            (Layout::Plain, _) => Layout::Plain,
            (_, 6) => Layout::ProbablyPlain,
            (_, 11) => Layout::ProbablyKasm,
            (seen, _) => seen,
        }
    }

    fn verdict(&self) -> Verdict {
        let head = &self.head[..self.have];
        let over = |skip: u64, next| Verdict::Over { skip, event: Event::Other, next };
        match self.phase {
            Phase::Version => match head {
                // before 3.7 the server chose the security type, so what comes next is not known
                [b'R', b'F', b'B', b' ', b'0', b'0', b'3', b'.', b'0', b'0', b'3', b'\n'] => over(0, Phase::Rest),
                [b'R', b'F', b'B', b' ', b'0', b'0', b'3', b'.', _, _, _, b'\n'] => over(0, Phase::Security),
                _ => over(0, Phase::Foreign),
            },
            Phase::Security => match head {
                [1] => over(0, Phase::Init),
                // VNC authentication: 16 bytes of answer
                [2] => over(16, Phase::Init),
                _ => over(0, Phase::Rest),
            },
            Phase::Init => over(0, Phase::Messages),
            Phase::Messages => self.message(head).unwrap_or_else(|| over(0, Phase::Rest)),
            Phase::Start => match self.message(head) {
                Some(Verdict::Over { event, .. }) if self.is_plausible(head) => {
                    Verdict::Over { skip: 0, event, next: Phase::Rest }
                }
                Some(Verdict::Needs(count)) if matches!(head[0], 4 | 5 | 255) => Verdict::Needs(count),
                _ => over(0, Phase::Rest),
            },
            Phase::Rest | Phase::Foreign => over(0, self.phase),
        }
    }

    /// Whether what begins a WebSocket message is an input and not only looks like one.
    fn is_plausible(&self, head: &[u8]) -> bool {
        match head {
            [4, down, 0, 0, ..] => *down <= 1 && self.room >= 8,
            [5, ..] => true,
            [255, 0, 0, down, ..] => *down <= 1 && self.room >= 12,
            _ => false,
        }
    }

    /// What a message is, by its type; `None` for a type whose length is not known.
    fn message(&self, head: &[u8]) -> Option<Verdict> {
        let needed = self.needed(head)?;
        if head.len() < needed {
            return Some(Verdict::Needs(needed));
        }
        let (skip, event) = match *head {
            // SetPixelFormat
            [0, ..] => (19, Event::Other),
            // SetEncodings
            [2, _, a, b, ..] => (4 * u64::from(u16::from_be_bytes([a, b])), Event::Other),
            // FramebufferUpdateRequest, EnableContinuousUpdates
            [3 | 150, ..] => (9, Event::Other),
            // KeyEvent, and QEMU's
            [4, ..] | [255, 0, ..] => (0, Event::Key),
            // PointerEvent
            [5, buttons, a, b, c, d] => (0, Event::Pointer { now: [0, buttons, a, b, c, d], wheel: false }),
            [5, high, low, a, b, c, d, ref wheels @ ..] => {
                (0, Event::Pointer { now: [high, low, a, b, c, d], wheel: *wheels != [0; 4] })
            }
            // ClientCutText; a negative length marks the extended clipboard
            [6, _, _, _, a, b, c, d] => (u64::from(i32::from_be_bytes([a, b, c, d]).unsigned_abs()), Event::Other),
            // ClientFence
            [248, .., length] => (u64::from(length), Event::Other),
            // xvp
            [250, ..] => (3, Event::Other),
            // SetDesktopSize
            [251, _, _, _, _, _, screens, _] => (16 * u64::from(screens), Event::Other),
            // QEMU's audio: on, off, format
            [255, 1, 0, 0 | 1] => (0, Event::Other),
            [255, 1, 0, 2] => (6, Event::Other),
            _ => return None,
        };
        Some(Verdict::Over { skip, event, next: Phase::Messages })
    }

    /// How many bytes tell how long a message is and whether it is an input; `None` for an unknown type.
    fn needed(&self, head: &[u8]) -> Option<usize> {
        Some(match *head {
            [0 | 3 | 150 | 250, ..] => 1,
            [255] => 2,
            [2, ..] | [255, 1, ..] => 4,
            [5, ..] if self.layout_here() == Layout::ProbablyKasm => 11,
            [5, ..] => 6,
            [4 | 6 | 251, ..] => 8,
            [248, ..] => 9,
            [255, 0, ..] => 12,
            _ => return None,
        })
    }
}
