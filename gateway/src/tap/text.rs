//! What Selkies' client sends: lines of text such as `kd,65` and `m,640,360,0,0`.

use super::Masked;

/// No mouse message is this long.
const LONGEST: usize = 64;

/// Looks at the text messages of a stream.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct Text {
    start: [u8; 3],
    /// Bytes of the message read so far, while it is looked at.
    have: usize,
    interest: Interest,
    /// A hash of the message under way, and of the last mouse message before it.
    hash: u64,
    last_mouse: Option<u64>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Interest {
    /// Nothing in this message matters, or no longer.
    #[default]
    None,
    /// Its first bytes will tell.
    Start,
    /// It tells where the pointer is.
    Mouse,
}

impl Text {
    pub(super) fn begin_message(&mut self) {
        self.have = 0;
        self.interest = Interest::Start;
        // FNV-1a: enough to tell a message from the one before it
        self.hash = 0xcbf2_9ce4_8422_2325;
    }

    pub(super) fn read(&mut self, piece: Masked<'_>) -> usize {
        if self.interest == Interest::None {
            return 0;
        }
        for byte in piece {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            if self.have < 3 {
                self.start[self.have] = byte;
            }
            self.have += 1;
            if self.have == 3 {
                self.interest = match &self.start {
                    // a key, or the pointer moving by so much
                    b"kd," | b"ku," | b"m2," => {
                        self.interest = Interest::None;
                        return 1;
                    }
                    [b'm', b',', _] => Interest::Mouse,
                    _ => Interest::None,
                };
            }
            if self.have > LONGEST {
                self.interest = Interest::None;
            }
            if self.interest == Interest::None {
                return 0;
            }
        }
        0
    }

    /// The pointer was used if it is elsewhere, or its buttons are, than the message before said.
    pub(super) fn end_message(&mut self) -> usize {
        if self.interest != Interest::Mouse {
            return 0;
        }
        let before = self.last_mouse.replace(self.hash);
        usize::from(before.is_some_and(|before| before != self.hash))
    }
}
