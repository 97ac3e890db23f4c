//! What a client asks of a stand-in for a desktop. It says so in the query, which everything between them passes on.

use std::{fmt, str::FromStr};

use crate::octets::Sizes;

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// So many frames of one size, as fast as they are taken, once the mouse has moved.
    Frames {
        /// Bytes of a frame's content.
        size: usize,
        /// How many.
        count: u64,
    },
    /// Bursts as of a screen in use, until the client goes.
    Class {
        /// Determines how large each is.
        seed: u64,
        /// How many a second.
        hz: u32,
    },
    /// Each movement of the mouse is answered.
    Echo,
}

impl Errand {
    /// How large its frames are.
    pub(crate) fn sizes(self) -> Sizes {
        match self {
            Self::Frames { size, .. } => Sizes::Same(size),
            Self::Class { seed, .. } => Sizes::class(seed),
            Self::Echo => Sizes::Same(0),
        }
    }
}

impl fmt::Display for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frames { size, count } => write!(f, "frames={size}.{count}"),
            Self::Class { seed, hz } => write!(f, "class={seed}.{hz}"),
            Self::Echo => f.write_str("echo"),
        }
    }
}

impl FromStr for Errand {
    type Err = ();

    fn from_str(query: &str) -> Result<Self, ()> {
        let two = |numbers: &str| -> Option<(u64, u64)> {
            let (first, second) = numbers.split_once('.')?;
            Some((first.parse().ok()?, second.parse().ok()?))
        };
        let errand = match query.split_once('=') {
            None if query == "echo" => Some(Self::Echo),
            Some(("frames", numbers)) => {
                two(numbers).and_then(|(size, count)| Some(Self::Frames { size: usize::try_from(size).ok()?, count }))
            }
            Some(("class", numbers)) => {
                two(numbers).and_then(|(seed, hz)| Some(Self::Class { seed, hz: u32::try_from(hz).ok()? }))
            }
            _ => None,
        };
        errand.ok_or(())
    }
}
