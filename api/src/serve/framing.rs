use std::ops::ControlFlow;

/// The longest line whose meaning is of interest: `Transfer-Encoding: chunked` or `Content-Length` and 20 digits, and
/// some blanks.
const LINE: usize = 64;

/// Follows where requests on an HTTP/1.1 connection begin and end, and finds what hyper is lenient about: a line that
/// ends without its carriage return, and a length that is said in two ways (RFC 9112 sections 2.2 and 6.3). Whoever
/// forwards such a request may see another one in it than whoever sent it on to us.
///
/// It reads no more out of a head than that. All else that is wrong with a request is hyper's to find.
#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    line: Line,
    length: Length,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first octet of a head.
    Idle,
    /// In a line of a head, the first of them or a later one.
    Request,
    Field,
    /// So many octets of a body are still to come.
    Body(u64),
    /// In the line that says how long a chunk is, the blank one after it, or those after the last.
    ChunkSize,
    ChunkEnd,
    Trailer,
    Chunk(u64),
    /// No longer HTTP, perhaps.
    Opaque,
}

/// What a head says of its body's length.
#[derive(Debug, Clone, Copy, Default)]
struct Length {
    octets: Option<u64>,
    is_chunked: bool,
    /// The connection may become something else after this head.
    is_upgrade: bool,
}

/// The beginning of the line under way, without what ends it.
#[derive(Debug)]
struct Line {
    start: [u8; LINE],
    length: usize,
    /// Whether the last octet was a carriage return.
    is_ending: bool,
}

impl Line {
    fn text(&self) -> &[u8] {
        &self.start[..self.length.min(LINE)]
    }

    /// Whether [`Line::text`] is all of it.
    fn is_whole(&self) -> bool {
        self.length <= LINE
    }

    fn clear(&mut self) {
        (self.length, self.is_ending) = (0, false);
    }

    /// Takes octets up to the line's end. `Continue` if they are all of it so far, `Break` with how many there were
    /// when it is whole, or with where it goes wrong.
    fn take(&mut self, octets: &[u8]) -> ControlFlow<Result<usize, usize>> {
        let end = octets.iter().position(|octet| *octet == b'\n');
        let part = &octets[..end.unwrap_or(octets.len())];
        let kept = part.len().min(LINE.saturating_sub(self.length));
        if kept > 0 {
            self.start[self.length..self.length + kept].copy_from_slice(&part[..kept]);
        }
        self.length += part.len();
        if let Some(last) = part.last() {
            self.is_ending = *last == b'\r';
        }
        match end {
            None => ControlFlow::Continue(()),
            Some(end) if !self.is_ending => ControlFlow::Break(Err(end)),
            Some(end) => {
                self.length -= 1;
                ControlFlow::Break(Ok(end + 1))
            }
        }
    }
}

impl Framing {
    pub(super) fn new() -> Self {
        let line = Line { start: [0; LINE], length: 0, is_ending: false };
        Self { state: State::Idle, line, length: Length::default() }
    }

    /// Whether a head has begun and not ended.
    pub(super) fn is_in_head(&self) -> bool {
        matches!(self.state, State::Request | State::Field)
    }

    /// Follows octets as they come. An error says at which of them a request may mean two things.
    pub(super) fn follow(&mut self, octets: &[u8]) -> Result<(), usize> {
        let mut at = 0;
        while at < octets.len() {
            let rest = &octets[at..];
            match &mut self.state {
                State::Opaque => return Ok(()),
                State::Body(left) | State::Chunk(left) => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= count as u64;
                    at += count;
                    self.state = match self.state {
                        State::Body(0) => State::Idle,
                        State::Chunk(0) => State::ChunkEnd,
                        state => state,
                    };
                }
                State::Idle => {
                    self.length = Length::default();
                    self.state = State::Request;
                }
                State::Request | State::Field | State::ChunkSize | State::ChunkEnd | State::Trailer => {
                    match self.line.take(rest) {
                        ControlFlow::Continue(()) => return Ok(()),
                        ControlFlow::Break(Err(wrong)) => return Err(at + wrong),
                        ControlFlow::Break(Ok(count)) => at += count,
                    }
                    self.state = self.next().ok_or(at - 1)?;
                    self.line.clear();
                }
            }
        }
        Ok(())
    }

    /// What follows the line that is whole; `None` if it must not.
    fn next(&mut self) -> Option<State> {
        let line = self.line.text();
        let is_blank = self.line.length == 0;
        match self.state {
            // blank lines before a request are skipped (RFC 9112 section 2.2)
            State::Request if is_blank => Some(State::Idle),
            State::Request => Some(State::Field),
            State::Field if is_blank => Some(match self.length {
                Length { is_upgrade: true, .. } => State::Opaque,
                Length { is_chunked: true, .. } => State::ChunkSize,
                Length { octets: Some(left @ 1..), .. } => State::Body(left),
                _ => State::Idle,
            }),
            State::Field => self.length.read(line, self.line.is_whole()).then_some(State::Field),
            State::ChunkSize => match chunk_size(line, self.line.is_whole())? {
                0 => Some(State::Trailer),
                size => Some(State::Chunk(size)),
            },
            State::ChunkEnd => is_blank.then_some(State::ChunkSize),
            State::Trailer => Some(if is_blank { State::Idle } else { State::Trailer }),
            State::Idle | State::Body(_) | State::Chunk(_) | State::Opaque => None,
        }
    }
}

impl Length {
    /// Reads a field line; false if the length is then said twice, or in a way that is not sure to be understood.
    fn read(&mut self, line: &[u8], is_whole: bool) -> bool {
        let Some(colon) = line.iter().position(|octet| *octet == b':') else {
            return true;
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // a blank before the colon is hyper's to refuse, but must not hide the name from us
        let name = name.trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            let octets = digits(value);
            let is_new = self.octets.is_none() && !self.is_chunked;
            self.octets = octets;
            return is_whole && is_new && octets.is_some();
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let is_new = self.octets.is_none() && !self.is_chunked;
            self.is_chunked = true;
            return is_whole && is_new && value.eq_ignore_ascii_case(b"chunked");
        }
        self.is_upgrade |= name.eq_ignore_ascii_case(b"upgrade");
        true
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}

/// How long a chunk is (RFC 9112 section 7.1).
fn chunk_size(line: &[u8], is_whole: bool) -> Option<u64> {
    let extension = line.iter().position(|octet| *octet == b';');
    let end = extension.or(is_whole.then_some(line.len()))?;
    let size = line[..end].trim_ascii_end();
    if size.is_empty() || !size.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(str::from_utf8(size).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::{Framing, State};

    /// Where a request goes wrong, however it is cut.
    fn wrong(octets: &str) -> Option<usize> {
        let whole = Framing::new().follow(octets.as_bytes()).err();
        for size in [1, 2, 7] {
            let mut framing = Framing::new();
            let cut = octets.as_bytes().chunks(size).enumerate().find_map(|(index, piece)| {
                let at = framing.follow(piece).err()?;
                Some(index * size + at)
            });
            assert_eq!(cut, whole, "in pieces of {size}: {octets:?}");
        }
        whole
    }

    #[test]
    fn what_means_one_thing_passes() {
        for octets in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\na\nb\nc",
            "POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\na\nb\r\n0\r\nTrailer: yes\r\n\r\nGET / HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\nany\noctets\n",
        ] {
            assert_eq!(wrong(octets), None, "{octets:?}");
        }
    }

    #[test]
    fn what_may_mean_two_things_does_not() {
        for octets in [
            "GET / HTTP/1.1\n",
            "GET / HTTP/1.1\r\nHost: a\n",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
            "POST / HTTP/1.1\r\nContent-Length : 5\r\nTransfer-Encoding: chunked\r\n",
            "POST / HTTP/1.1\r\nContent-Length: +5\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n",
            &format!("POST / HTTP/1.1\r\nContent-Length: {}5\r\n", "0".repeat(99)),
            &format!("POST / HTTP/1.1\r\nTransfer-Encoding: {}chunked\r\n", " ".repeat(99)),
            &format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{}5\r\n", "0".repeat(99)),
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
        ] {
            // at its last octet, whatever came before
            let length = octets.len() - 1;
            assert_eq!(wrong(octets), Some(length), "{octets:?}");
        }
    }

    #[test]
    fn it_knows_where_a_head_ends() {
        let mut framing = Framing::new();
        assert!(!framing.is_in_head());
        framing.follow(b"G").expect("nothing is wrong");
        assert!(framing.is_in_head());
        framing.follow(b"ET / HTTP/1.1\r\nContent-Length: 2\r\n\r").expect("nothing is wrong");
        assert!(framing.is_in_head());
        framing.follow(b"\n").expect("nothing is wrong");
        assert_eq!(framing.state, State::Body(2));
        framing.follow(b"ab").expect("nothing is wrong");
        assert_eq!(framing.state, State::Idle);
    }
}
