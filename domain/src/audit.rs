//! The chain that the lines of the audit log are in, so that what was changed, taken out or cut off is noticed.
//!
//! Each line has the number after the one before it, and a hash over that one's hash and everything it says itself
//! (SHA-256, FIPS 180-4). Whoever knows the hash of the last line knows all of them: an installation keeps it beside the
//! log, and tells it to its own log each night, which is out of reach for whoever can only write to the database. Someone
//! who holds both can make another chain; what a chain cannot do is to keep anybody from writing a false line.

use std::fmt::{self, Write as _};

use chrono::SubsecRound as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{AuditId, Timestamp, UserId, text::words};

/// What one line says.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its number; the first one ever has 1.
    pub seq: i64,
    /// Its id.
    pub id: AuditId,
    /// When, to the microsecond.
    pub at: Timestamp,
    /// Who; nobody where Pult acted by itself.
    pub actor: Option<UserId>,
    /// What was done: a stable word such as `template.create`.
    pub action: String,
    /// To what.
    pub object: Option<String>,
    /// What else is worth knowing.
    pub detail: Option<Value>,
}

/// What stands for a line and everything before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

/// A place in the chain: a line's number, and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The line's number.
    pub seq: i64,
    /// The line's hash.
    pub hash: Hash,
}

words! {
    /// What is wrong with a chain.
    Fault, "fault" {
        /// The line is not what it was when it was written, or another one stands in its place.
        Changed = "changed",
        /// The line is not there, although later ones are.
        Missing = "missing",
        /// This line and all after it are not there.
        Cut = "cut",
        /// The line was never written by us: the chain ends before it.
        Surplus = "surplus",
    }
}

/// The first line with which something is wrong. What it says of later ones is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {seq} of the audit log: {fault}")]
pub struct Broken {
    /// The line's number.
    pub seq: i64,
    /// What is wrong.
    pub fault: Fault,
}

/// Goes along a chain, line by line.
#[derive(Debug, Clone)]
pub struct Walk {
    at: Link,
    head: Link,
}

impl Link {
    /// Before the first line.
    pub const START: Self = Self { seq: 0, hash: Hash([0; 32]) };

    /// The link that a line makes when it follows here.
    #[must_use]
    pub fn then(&self, line: &Line) -> Self {
        Self { seq: line.seq, hash: hash(self.hash, line) }
    }
}

impl Walk {
    /// From the last line that is no longer there to the last one that was written.
    pub fn new(anchor: Link, head: Link) -> Self {
        Self { at: anchor, head }
    }

    /// Goes on to the next line that is there, and the hash that stands beside it.
    pub fn step(&mut self, line: &Line, told: Hash) -> Result<(), Broken> {
        let expected = self.at.seq + 1;
        if line.seq > self.head.seq {
            let (seq, fault) =
                if self.at.seq < self.head.seq { (expected, Fault::Missing) } else { (line.seq, Fault::Surplus) };
            return Err(Broken { seq, fault });
        }
        if line.seq != expected {
            return Err(Broken { seq: expected, fault: Fault::Missing });
        }
        let next = self.at.then(line);
        if next.hash != told {
            return Err(Broken { seq: line.seq, fault: Fault::Changed });
        }
        self.at = next;
        Ok(())
    }

    /// That was the last line that is there.
    pub fn end(self) -> Result<(), Broken> {
        if self.at.seq < self.head.seq {
            return Err(Broken { seq: self.at.seq + 1, fault: Fault::Cut });
        }
        // all lines were written anew, with hashes that fit each other
        if self.at == self.head { Ok(()) } else { Err(Broken { seq: self.at.seq, fault: Fault::Changed }) }
    }
}

/// The hash of a line that follows another. Every part has its length before it or is of one length, so no two lines
/// are written alike.
fn hash(before: Hash, line: &Line) -> Hash {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(&before.0);
    bytes.extend_from_slice(&line.seq.to_be_bytes());
    bytes.extend_from_slice(line.id.0.as_bytes());
    bytes.extend_from_slice(&line.at.trunc_subsecs(6).timestamp_micros().to_be_bytes());
    let actor = line.actor.map(|actor| actor.0);
    put(&mut bytes, actor.as_ref().map(|actor| actor.as_bytes().as_slice()));
    put(&mut bytes, Some(line.action.as_bytes()));
    put(&mut bytes, line.object.as_deref().map(str::as_bytes));
    let detail = line.detail.as_ref().map(|detail| {
        let mut text = String::new();
        canonical(detail, &mut text);
        text
    });
    put(&mut bytes, detail.as_deref().map(str::as_bytes));
    Hash(Sha256::digest(&bytes).into())
}

fn put(bytes: &mut Vec<u8>, part: Option<&[u8]>) {
    match part {
        None => bytes.extend_from_slice(&u64::MAX.to_be_bytes()),
        Some(part) => {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
    }
}

/// JSON in the one way it is hashed: fields by name, nothing between the signs. A fraction counts to thirteen digits:
/// those who write it and read it do not agree on the last one.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(fraction) => write!(text, "{fraction:.12e}"),
            None => write!(text, "{number}"),
        }
        .unwrap_or_else(|_| unreachable!("a text takes every sign")),
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (name, field) in fields {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(field, text);
                text.push(',');
            }
            text.push('}');
        }
        simple => text.push_str(&simple.to_string()),
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Hash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        let mut bytes = [0; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(NoHash);
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or(NoHash);
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

/// A text that is no hash: 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal digits")]
pub struct NoHash;

#[cfg(test)]
mod tests;
