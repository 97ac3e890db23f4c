//! What a client says, case by case. The numbers are those of the Autobahn suite, whose groups 1 to 7, 9 and 10 these
//! cases mirror; 12 and 13 are about compression, which the gateway never lets two ends agree on.

use std::time::Duration;

use super::super::support::client::frame;

const FIN: u8 = 0x80;
const MORE: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// One conversation.
pub(super) struct Case {
    /// Its number in the Autobahn suite.
    pub(super) name: String,
    pub(super) says: Vec<Say>,
    /// The status that the server closes with, if it does not just hang up.
    pub(super) status: Option<u16>,
}

/// What the client does next.
pub(super) enum Say {
    /// One write.
    Octets(Vec<u8>),
    /// As many writes as it takes, each of so many octets.
    Chopped(Vec<u8>, usize),
    Pause(Duration),
    /// Nothing more, though it still listens.
    End,
}

use Say::{Chopped, End, Octets, Pause};

const NORMAL: Option<u16> = Some(1000);
const PROTOCOL: Option<u16> = Some(1002);
const NOT_UTF8: Option<u16> = Some(1007);

/// All of them. Each is made when it is asked for: some are large.
pub(super) fn cases() -> impl Iterator<Item = Case> {
    messages()
        .chain(pings().into_iter().map(made))
        .chain(reserved_bits().into_iter().map(made))
        .chain(opcodes().into_iter().map(made))
        .chain(fragments().into_iter().map(made))
        .chain(utf8())
        .chain(closing().into_iter().map(made))
        .chain(limits())
}

type Row = (&'static str, Vec<Say>, Option<u16>);

fn made((name, says, status): Row) -> Case {
    Case { name: name.to_owned(), says, status }
}

fn close() -> Say {
    Octets(frame(FIN | CLOSE, &1000_u16.to_be_bytes()))
}

/// Says this and closes.
fn well(name: impl Into<String>, says: Vec<Say>) -> Case {
    Case { name: name.into(), says: says.into_iter().chain([close()]).collect(), status: NORMAL }
}

/// The frames in one write.
fn together(frames: &[Vec<u8>]) -> Say {
    Octets(frames.concat())
}

/// Each frame in a write of its own.
fn one_by_one(frames: &[Vec<u8>]) -> Vec<Say> {
    frames.iter().cloned().map(Octets).collect()
}

/// The frames octet by octet.
fn octetwise(frames: &[Vec<u8>]) -> Say {
    Chopped(frames.concat(), 1)
}

fn pause() -> Say {
    Pause(Duration::from_millis(20))
}

/// Text that is long enough and made of characters of one, two and three octets.
fn text(length: usize) -> Vec<u8> {
    let mut text = "Grüße aus der 9b — ".repeat(length / 20 + 1).into_bytes();
    text.truncate(length);
    while std::str::from_utf8(&text).is_err() {
        let end = text.iter().rposition(|byte| byte & 0xc0 != 0x80).expect("a character begins");
        text[end..].fill(b'*');
    }
    text
}

fn binary(length: usize) -> Vec<u8> {
    (0..length).map(|index| index.wrapping_mul(151).to_le_bytes()[0] ^ index.to_le_bytes()[1]).collect()
}

fn payload(opcode: u8, length: usize) -> Vec<u8> {
    if opcode == TEXT { text(length) } else { binary(length) }
}

/// A message in fragments of so many octets.
fn fragmented(opcode: u8, payload: &[u8], size: usize) -> Vec<u8> {
    let pieces: Vec<_> = payload.chunks(size).collect();
    let mut all = Vec::with_capacity(payload.len() + 14 * pieces.len());
    for (index, piece) in pieces.iter().enumerate() {
        let opcode = if index == 0 { opcode } else { 0 };
        let fin = if index + 1 == pieces.len() { FIN } else { MORE };
        all.extend(frame(fin | opcode, piece));
    }
    all
}

/// 1.1 and 1.2: messages of every kind of length.
fn messages() -> impl Iterator<Item = Case> {
    let lengths = [0, 125, 126, 127, 128, 65535, 65536, 65536];
    let each = move |(group, opcode): (u8, u8)| {
        lengths.into_iter().enumerate().map(move |(index, length)| {
            let message = frame(FIN | opcode, &payload(opcode, length));
            let say = if index == 7 { Chopped(message, 997) } else { Octets(message) };
            well(format!("1.{group}.{}", index + 1), vec![say])
        })
    };
    [(1, TEXT), (2, BINARY)].into_iter().flat_map(each)
}

/// 2: pings are answered, pongs are not.
fn pings() -> Vec<Row> {
    let ping = |payload: &[u8]| frame(FIN | PING, payload);
    let pong = |payload: &[u8]| frame(FIN | PONG, payload);
    let ten: Vec<_> = (0..10_u8).map(|index| ping(&[b'p', index])).collect();
    let wait = |says: Vec<Say>| says.into_iter().chain([close()]).collect();
    vec![
        ("2.1", wait(vec![Octets(ping(b""))]), NORMAL),
        ("2.2", wait(vec![Octets(ping(b"Hello, world!"))]), NORMAL),
        ("2.3", wait(vec![Octets(ping(b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"))]), NORMAL),
        ("2.4", wait(vec![Octets(ping(&[0xfe; 125]))]), NORMAL),
        ("2.5", vec![Octets(ping(&[0xfe; 126]))], PROTOCOL),
        ("2.6", wait(vec![octetwise(&[ping(&[0xfe; 125])])]), NORMAL),
        ("2.7", wait(vec![Octets(pong(b""))]), NORMAL),
        ("2.8", wait(vec![Octets(pong(b"unsolicited"))]), NORMAL),
        ("2.9", wait(vec![Octets(pong(b"unsolicited")), Octets(ping(b"ping"))]), NORMAL),
        ("2.10", wait(vec![together(&ten)]), NORMAL),
        ("2.11", wait(vec![octetwise(&ten)]), NORMAL),
    ]
}

/// 3: bits that nobody agreed on a meaning of.
fn reserved_bits() -> Vec<Row> {
    let hello = frame(FIN | TEXT, b"Hello, world!");
    let (ping, bad) = (frame(FIN | PING, b""), |rsv: u8, opcode: u8| frame(FIN | rsv << 4 | opcode, b"Hello, world!"));
    vec![
        ("3.1", vec![Octets(bad(1, TEXT))], PROTOCOL),
        ("3.2", vec![together(&[hello.clone(), bad(2, TEXT), ping.clone()])], PROTOCOL),
        ("3.3", one_by_one(&[hello.clone(), bad(3, TEXT), ping.clone()]), PROTOCOL),
        ("3.4", vec![octetwise(&[hello, bad(4, TEXT), ping])], PROTOCOL),
        ("3.5", vec![Octets(bad(5, BINARY))], PROTOCOL),
        ("3.6", vec![Octets(bad(6, PING))], PROTOCOL),
        ("3.7", vec![Octets(bad(7, CLOSE))], PROTOCOL),
    ]
}

/// 4: opcodes that mean nothing.
fn opcodes() -> Vec<Row> {
    let hello = frame(FIN | TEXT, b"Hello, world!");
    let ping = frame(FIN | PING, b"");
    let group = |names: [&'static str; 5], first: u8| {
        let bare = |opcode: u8| frame(FIN | opcode, b"");
        let full = |opcode: u8| frame(FIN | opcode, b"reserved opcode payload");
        let around = |bad: Vec<u8>| [hello.clone(), bad, ping.clone()];
        [
            (names[0], vec![Octets(bare(first))], PROTOCOL),
            (names[1], vec![Octets(full(first + 1))], PROTOCOL),
            (names[2], vec![together(&around(bare(first + 2)))], PROTOCOL),
            (names[3], one_by_one(&around(full(first + 3))), PROTOCOL),
            (names[4], vec![octetwise(&around(full(first + 4)))], PROTOCOL),
        ]
    };
    let data = group(["4.1.1", "4.1.2", "4.1.3", "4.1.4", "4.1.5"], 3);
    data.into_iter().chain(group(["4.2.1", "4.2.2", "4.2.3", "4.2.4", "4.2.5"], 11)).collect()
}

/// 5: messages in pieces, with control frames between, and pieces of nothing.
fn fragments() -> Vec<Row> {
    let (one, two) = (frame(MORE | TEXT, b"fragment1"), frame(FIN, b"fragment2"));
    let (ping, hello) = (frame(FIN | PING, b"ping"), frame(FIN | TEXT, b"Hello, world!"));
    let (lone, lone_more) = (frame(FIN, b"non-continuation"), frame(MORE, b"non-continuation"));
    let closed = |says: Vec<Say>| says.into_iter().chain([close()]).collect::<Vec<_>>();
    let (plain, pinged) = ([one.clone(), two.clone()], [one.clone(), ping.clone(), two.clone()]);
    let [stray, stray_more] = [lone, lone_more].map(|lone| [lone, hello.clone()]);
    let after = |first: u8| vec![one.clone(), two.clone(), frame(first, b"fragment3"), frame(FIN | TEXT, b"fragment4")];
    let five = [
        frame(MORE | TEXT, b"fragment1"),
        frame(MORE, b"fragment2"),
        frame(FIN | PING, b"pongme 1!"),
        frame(MORE, b"fragment3"),
        frame(MORE, b"fragment4"),
        frame(FIN | PING, b"pongme 2!"),
        frame(FIN, b"fragment5"),
    ];
    let mut paused = one_by_one(&five[..3]);
    paused.push(pause());
    paused.extend(one_by_one(&five[3..]));
    vec![
        ("5.1", vec![together(&[frame(MORE | PING, b"fragment1"), two.clone()])], PROTOCOL),
        ("5.2", vec![together(&[frame(MORE | PONG, b"fragment1"), two.clone()])], PROTOCOL),
        ("5.3", closed(vec![together(&plain)]), NORMAL),
        ("5.4", closed(one_by_one(&plain)), NORMAL),
        ("5.5", closed(vec![octetwise(&plain)]), NORMAL),
        ("5.6", closed(vec![together(&pinged)]), NORMAL),
        ("5.7", closed(one_by_one(&pinged)), NORMAL),
        ("5.8", closed(vec![octetwise(&pinged)]), NORMAL),
        ("5.9", vec![together(&stray)], PROTOCOL),
        ("5.10", one_by_one(&stray), PROTOCOL),
        ("5.11", vec![octetwise(&stray)], PROTOCOL),
        ("5.12", vec![together(&stray_more)], PROTOCOL),
        ("5.13", one_by_one(&stray_more), PROTOCOL),
        ("5.14", vec![octetwise(&stray_more)], PROTOCOL),
        ("5.15", vec![together(&after(MORE))], PROTOCOL),
        ("5.16", vec![together(&[frame(MORE, b"x"), one.clone(), two.clone()])], PROTOCOL),
        ("5.17", vec![together(&[frame(FIN, b"x"), one.clone(), two.clone()])], PROTOCOL),
        ("5.18", vec![together(&[one, frame(FIN | TEXT, b"fragment2")])], PROTOCOL),
        ("5.19", closed(paused), NORMAL),
        ("5.20", closed(one_by_one(&five)), NORMAL),
    ]
}

/// Octets that are UTF-8 (6.2, 6.5, 6.7, 6.9, 6.11, 6.22, 6.23).
const UTF8: [&[u8]; 26] = [
    b"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
    b"\x00",
    b"\xc2\x80",
    b"\xe0\xa0\x80",
    b"\xf0\x90\x80\x80",
    b"\x7f",
    b"\xdf\xbf",
    b"\xef\xbf\xbf",
    b"\xf4\x8f\xbf\xbf",
    b"\xed\x9f\xbf",
    b"\xee\x80\x80",
    b"\xef\xbf\xbd",
    b"\xef\xbf\xbe",
    b"\xf0\x9f\xbf\xbe",
    b"\xf0\x9f\xbf\xbf",
    b"\xf0\xaf\xbf\xbe",
    b"\xf0\xbf\xbf\xbf",
    b"\xf1\x8f\xbf\xbe",
    b"\xf1\xbf\xbf\xbf",
    b"\xf2\x8f\xbf\xbe",
    b"\xf3\xbf\xbf\xbf",
    b"\xef\xbf\xb9",
    b"\xef\xbf\xba",
    b"\xef\xbf\xbb",
    b"\xef\xbf\xbc",
];

/// Octets that are not: cut short (6.6, 6.14), beyond the last character (6.8, 6.10, 6.11.5), out of place (6.12,
/// 6.13), impossible (6.16), longer than they need be (6.17 to 6.19), halves of pairs (6.3, 6.20, 6.21).
const NO_UTF8: [&[u8]; 48] = [
    b"\xce",
    b"\xce\xba\xe1",
    b"\xce\xba\xe1\xbd",
    b"\xce\xba\xe1\xbd\xb9\xcf",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce",
    b"\xf8\x88\x80\x80\x80",
    b"\xfc\x84\x80\x80\x80\x80",
    b"\xf7\xbf\xbf\xbf",
    b"\xfb\xbf\xbf\xbf\xbf",
    b"\xfd\xbf\xbf\xbf\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\x80",
    b"\xbf",
    b"\x80\xbf",
    b"\x80\xbf\x80",
    b"\x80\xbf\x80\xbf\x80\xbf\x80",
    b"\xc0 \xc1 \xc2 \xc3 \xc4 \xc5 \xde \xdf ",
    b"\xe0 \xe1 \xe2 \xe3 \xee \xef ",
    b"\xf0 \xf1 \xf6 \xf7 ",
    b"\xf8 \xf9 \xfa \xfb ",
    b"\xfc \xfd ",
    b"\xc0",
    b"\xe0\x80",
    b"\xf0\x80\x80",
    b"\xdf",
    b"\xef\xbf",
    b"\xf7\xbf\xbf",
    b"\xfe",
    b"\xff",
    b"\xfe\xfe\xff\xff",
    b"\xc0\xaf",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xf8\x80\x80\x80\xaf",
    b"\xfc\x80\x80\x80\x80\xaf",
    b"\xc1\xbf",
    b"\xe0\x9f\xbf",
    b"\xf0\x8f\xbf\xbf",
    b"\xc0\x80",
    b"\xe0\x80\x80",
    b"\xf0\x80\x80\x80",
    b"\xed\xa0\x80",
    b"\xed\xad\xbf",
    b"\xed\xb0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xed\xaf\xbf\xed\xbf\xbf",
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
];

/// 6: text is UTF-8, however it is cut, and whatever is not ends the conversation. Each row whole and in fragments of
/// an octet.
fn utf8() -> impl Iterator<Item = Case> {
    let empty = [frame(MORE | TEXT, b""), frame(MORE, b""), frame(FIN, b"")];
    let middle = [frame(MORE | TEXT, b""), frame(MORE, b"middle frame payload"), frame(FIN, b"")];
    let first = [
        well("6.1.1", vec![Octets(frame(FIN | TEXT, b""))]),
        well("6.1.2", vec![together(&empty)]),
        well("6.1.3", vec![together(&middle)]),
    ];
    let both = |row: &'static [u8]| [("whole", frame(FIN | TEXT, row)), ("octets", fragmented(TEXT, row, 1))];
    let good = UTF8.into_iter().enumerate().flat_map(move |(index, row)| {
        both(row).map(|(how, say)| well(format!("6, good {index} in {how}"), vec![Octets(say)]))
    });
    let bad = NO_UTF8.into_iter().enumerate().flat_map(move |(index, row)| {
        both(row).map(|(how, say)| Case {
            name: format!("6, bad {index} in {how}"),
            says: vec![Octets(say)],
            status: NOT_UTF8,
        })
    });
    // 6.4: whether a server notices at once or at the end is its own affair
    let parts: [&[u8]; 3] = [b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", b"\xf4\x90\x80\x80", b"edited"];
    let in_frames = vec![
        Octets(frame(MORE | TEXT, parts[0])),
        pause(),
        Octets(frame(MORE, parts[1])),
        pause(),
        Octets(frame(FIN, parts[2])),
    ];
    let whole = frame(FIN | TEXT, &parts.concat());
    let (one, rest) = whole.split_at(6 + parts[0].len());
    let (two, three) = rest.split_at(parts[1].len());
    let in_pieces = [one, two, three].into_iter().flat_map(|piece| [Octets(piece.to_vec()), pause()]).collect();
    let slow = [("6.4.1", in_frames, NOT_UTF8), ("6.4.3", in_pieces, NOT_UTF8)];
    first.into_iter().chain(good).chain(bad).chain(slow.map(made))
}

/// 7: how conversations close.
fn closing() -> Vec<Row> {
    let hello = frame(FIN | TEXT, b"Hello, world!");
    let ping = frame(FIN | PING, b"");
    let bye = frame(FIN | CLOSE, &1000_u16.to_be_bytes());
    let with = |payload: &[u8]| vec![Octets(frame(FIN | CLOSE, payload))];
    let code = |code: u16| vec![Octets(frame(FIN | CLOSE, &code.to_be_bytes()))];
    let reason = |length: usize| with(&[&1000_u16.to_be_bytes()[..], &vec![b'*'; length]].concat());
    let large = frame(FIN | TEXT, &text(256 * 1024));
    let split = [frame(MORE | TEXT, b"fragment1"), bye.clone(), frame(FIN, b"fragment2")];
    let mut rows = vec![
        ("7.1.1", vec![together(&[hello.clone(), bye.clone()])], NORMAL),
        ("7.1.2", vec![together(&[bye.clone(), bye.clone()])], NORMAL),
        ("7.1.3", vec![together(&[bye.clone(), ping.clone()])], NORMAL),
        ("7.1.4", vec![together(&[bye.clone(), hello])], NORMAL),
        ("7.1.5", vec![together(&split)], NORMAL),
        ("7.1.6", vec![together(&[large, bye, ping.clone()])], NORMAL),
        ("7.3.1", with(b""), Some(1005)),
        ("7.3.2", with(b"a"), PROTOCOL),
        ("7.3.3", code(1000), NORMAL),
        ("7.3.4", with(b"\x03\xe8Hello World!"), NORMAL),
        ("7.3.5", reason(123), NORMAL),
        ("7.3.6", reason(124), PROTOCOL),
        // not Autobahn's: an end without a close, between two messages and in the middle of one
        ("7, hung up", vec![Octets(ping.clone()), End], None),
        ("7, hung up in a frame", vec![Octets(frame(FIN | BINARY, b"cut short")[..9].to_vec()), End], None),
        ("7.5.1", with(&[&1000_u16.to_be_bytes()[..], NO_UTF8[47]].concat()), NOT_UTF8),
    ];
    let good = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    rows.extend(good.map(|status| ("7.7", code(status), Some(status))));
    let bad = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999];
    rows.extend(bad.map(|status| ("7.9", code(status), PROTOCOL)));
    rows.extend([5000, 65535].map(|status| ("7.13", code(status), PROTOCOL)));
    rows
}

/// 9 and 10: large messages, in small fragments, in small writes, and many messages.
fn limits() -> impl Iterator<Item = Case> {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;
    let kinds = |text: u8| [(text, TEXT), (text + 1, BINARY)];
    let sizes = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB];
    let large = kinds(1).into_iter().flat_map(move |(group, opcode)| {
        sizes.into_iter().enumerate().map(move |(index, size)| {
            well(format!("9.{group}.{}", index + 1), vec![Octets(frame(FIN | opcode, &payload(opcode, size)))])
        })
    });
    let sizes = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
    let in_fragments = kinds(3).into_iter().flat_map(move |(group, opcode)| {
        sizes.into_iter().enumerate().map(move |(index, size)| {
            let message = fragmented(opcode, &payload(opcode, 4 * MIB), size);
            well(format!("9.{group}.{}", index + 1), vec![Octets(message)])
        })
    });
    let sizes = [64, 128, 256, 512, 1024, 2048];
    let in_writes = kinds(5).into_iter().flat_map(move |(group, opcode)| {
        sizes.into_iter().enumerate().map(move |(index, size)| {
            let message = frame(FIN | opcode, &payload(opcode, MIB));
            well(format!("9.{group}.{}", index + 1), vec![Chopped(message, size)])
        })
    });
    let sizes = [0, 16, 64, 256, 1024, 4096];
    let many = kinds(7).into_iter().flat_map(move |(group, opcode)| {
        sizes.into_iter().enumerate().map(move |(index, size)| {
            let message = frame(FIN | opcode, &payload(opcode, size));
            well(format!("9.{group}.{}", index + 1), (0..1000).map(|_| Octets(message.clone())).collect())
        })
    });
    let last = std::iter::once_with(|| well("10.1.1", vec![Octets(fragmented(TEXT, &text(65536), 1300))]));
    large.chain(in_fragments).chain(in_writes).chain(many).chain(last)
}
