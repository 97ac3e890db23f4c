//! What streams carry: octets that both ends know beforehand, so that one lost, moved or altered is noticed.

use std::sync::LazyLock;

/// What a frame begins with: who sends it, and which one it is.
const STAMP: usize = 16;
/// Octets without a pattern that a shifted copy would match. Its length shares no factor with any size of a frame.
static POOL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 0x0072_6573_6b74_6f70;
    (0..POOL_SIZE).map(|_| next(&mut state).to_le_bytes()[3]).collect()
});
const POOL_SIZE: usize = (2 << 20) + 7;
/// A larger update is sent in several frames.
const UPDATE: usize = 16 * 1024;
/// What a mouse says: a masked binary frame with a `PointerEvent` of RFB (RFC 6143 section 7.5.5).
pub(crate) const POINTER: usize = 12;
/// The answer to one of those by a desktop that echoes: the same, unmasked.
pub(crate) const ECHO: usize = 8;
/// What every stream begins with: a frame that says who is there.
pub(crate) const HELLO: usize = 2 + STAMP;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// How large the frames of a stream are, and where a pause is.
#[derive(Debug, Clone)]
pub(crate) enum Sizes {
    /// All alike, without a pause.
    Same(usize),
    /// Bursts as of a screen in use: 2 to 60 KiB, by chance that both ends know.
    Class { chance: u64, left: usize },
}

impl Sizes {
    pub(crate) fn class(seed: u64) -> Self {
        Self::Class { chance: seed, left: 0 }
    }

    /// The size of the next frame's content.
    fn next(&mut self) -> usize {
        match self {
            Self::Same(size) => *size,
            Self::Class { chance, left } => {
                if *left == 0 {
                    *left = 2048 + usize::try_from(next(chance) % (58 * 1024)).unwrap_or(0);
                }
                // what would be too little for a frame of its own goes with the one before
                let size = if *left < UPDATE + 2 * STAMP { *left } else { UPDATE };
                *left -= size;
                size
            }
        }
    }

    /// Whether a pause comes after the last frame.
    fn is_pause(&self) -> bool {
        matches!(self, Self::Class { left: 0, .. })
    }
}

/// The frames of one sender, in their order.
#[derive(Debug)]
pub(crate) struct Frames {
    stamp: u64,
    number: u64,
    sizes: Sizes,
    frame: Vec<u8>,
}

impl Frames {
    pub(crate) fn new(stamp: u64, sizes: Sizes) -> Self {
        Self { stamp, number: 0, sizes, frame: Vec::new() }
    }

    /// The next frame, and whether a pause follows.
    pub(crate) fn next(&mut self) -> (&[u8], bool) {
        let size = self.sizes.next();
        self.frame.clear();
        put_head(&mut self.frame, size);
        self.frame.extend(self.stamp.to_be_bytes());
        self.frame.extend(self.number.to_be_bytes());
        self.frame.extend_from_slice(content(self.stamp ^ self.number, size - STAMP));
        self.number += 1;
        (&self.frame, self.sizes.is_pause())
    }
}

/// Compares what comes with what was sent.
#[derive(Debug)]
pub(crate) struct Checker {
    expected: Frames,
    at: usize,
    /// Whole frames that came.
    pub(crate) frames: u64,
}

/// Octets came that were not sent, or not then.
#[derive(Debug)]
pub(crate) struct Altered;

impl Checker {
    pub(crate) fn new(stamp: u64, sizes: Sizes) -> Self {
        Self { expected: Frames::new(stamp, sizes), at: 0, frames: 0 }
    }

    pub(crate) fn take(&mut self, mut bytes: &[u8]) -> Result<(), Altered> {
        while !bytes.is_empty() {
            if self.at == 0 {
                self.expected.next();
            }
            let left = &self.expected.frame[self.at..];
            let (now, later) = bytes.split_at(left.len().min(bytes.len()));
            if now != &left[..now.len()] {
                return Err(Altered);
            }
            self.at += now.len();
            bytes = later;
            if self.at == self.expected.frame.len() {
                (self.at, self.frames) = (0, self.frames + 1);
            }
        }
        Ok(())
    }
}

/// Any octets of a length.
pub(crate) fn content(seed: u64, length: usize) -> &'static [u8] {
    let mut state = seed;
    let room = (POOL_SIZE - length) as u64;
    let start = usize::try_from(next(&mut state) % room).unwrap_or(0);
    &POOL[start..start + length]
}

/// The frame that a stream begins with.
pub(crate) fn hello(stamp: u64) -> [u8; HELLO] {
    let mut frame = [0; HELLO];
    (frame[0], frame[1]) = (0x82, 0x10);
    frame[2..10].copy_from_slice(&stamp.to_be_bytes());
    frame
}

/// Who says it, if it is that frame.
pub(crate) fn read_hello(frame: &[u8; HELLO]) -> Result<u64, Altered> {
    let mut stamp = [0; 8];
    stamp.copy_from_slice(&frame[2..10]);
    let stamp = u64::from_be_bytes(stamp);
    if *frame == hello(stamp) { Ok(stamp) } else { Err(Altered) }
}

/// The movement of a mouse with this number. No two that follow each other are alike.
pub(crate) fn pointer(number: u32) -> [u8; POINTER] {
    let event = event(number);
    let mut frame = [0x82, 0x86, MASK[0], MASK[1], MASK[2], MASK[3], 0, 0, 0, 0, 0, 0];
    for (index, byte) in event.into_iter().enumerate() {
        frame[6 + index] = byte ^ MASK[index % 4];
    }
    frame
}

/// What a desktop that echoes makes of it.
pub(crate) fn echo(number: u32) -> [u8; ECHO] {
    let event = event(number);
    [0x82, 0x06, event[0], event[1], event[2], event[3], event[4], event[5]]
}

fn event(number: u32) -> [u8; 6] {
    let [a, b, c, d] = number.to_be_bytes();
    [5, 0, c, d, a, b]
}

fn put_head(frame: &mut Vec<u8>, size: usize) {
    frame.push(0x82);
    if let Ok(size) = u8::try_from(size)
        && size < 126
    {
        frame.push(size);
    } else if let Ok(size) = u16::try_from(size) {
        frame.push(126);
        frame.extend(size.to_be_bytes());
    } else {
        frame.push(127);
        frame.extend((size as u64).to_be_bytes());
    }
}

/// Splitmix64: the next number of a sequence that its seed determines.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The checker would be worth nothing if it took everything.
pub(crate) fn what_is_not_as_it_was_sent_is_noticed() {
    for sizes in [Sizes::Same(1024), Sizes::class(7)] {
        let mut frames = Frames::new(3, sizes.clone());
        let sent: Vec<Vec<u8>> = (0..50).map(|_| frames.next().0.to_vec()).collect();
        let taken = |came: &[u8]| {
            let mut checker = Checker::new(3, sizes.clone());
            came.chunks(777).try_for_each(|piece| checker.take(piece)).map(|()| checker.frames)
        };
        let whole = sent.concat();
        assert!(matches!(taken(&whole), Ok(50)), "as it was sent");
        let mut altered = whole.clone();
        altered[whole.len() / 2] ^= 1;
        let mut lost = whole.clone();
        lost.remove(whole.len() / 2);
        let mut doubled = whole.clone();
        doubled.insert(whole.len() / 2, whole[whole.len() / 2 - 1]);
        let mut swapped = sent.clone();
        swapped.swap(20, 21);
        let strange = Frames::new(4, sizes.clone()).next().0.to_vec();
        for wrong in [altered, lost, doubled, swapped.concat(), strange] {
            assert!(taken(&wrong).is_err(), "something else than was sent");
        }
    }
    let mut stranger = hello(3);
    stranger[HELLO - 1] ^= 1;
    assert!(read_hello(&stranger).is_err(), "no hello");
}
