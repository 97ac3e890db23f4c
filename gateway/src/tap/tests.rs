use proptest::prelude::*;

use super::{Dialect, State, Tap};

const BINARY: u8 = 2;
const TEXT: u8 = 1;
const HELLO: [&[u8]; 3] = [b"RFB 003.008\n", &[1], &[1]];

impl Tap {
    /// The same as [`Tap::watch`], in pieces of these lengths, over and over.
    pub(crate) fn watch_cut(&mut self, bytes: &[u8], cuts: &[usize]) -> usize {
        let mut inputs = 0;
        let mut rest = bytes;
        for length in cuts.iter().cycle() {
            let (now, later) = rest.split_at((*length).min(rest.len()));
            inputs += self.watch(now);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        inputs
    }
}

/// A client's frame, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | u8::try_from(length).expect("small")),
        length @ 126..65536 => {
            frame.push(0x80 | 0x7e);
            frame.extend(u16::try_from(length).expect("medium").to_be_bytes());
        }
        length => {
            frame.push(0x80 | 0x7f);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn message(payload: &[u8]) -> Vec<u8> {
    frame(0x80 | BINARY, payload)
}

/// A tap that has seen the RFB handshake.
fn greeted(dialect: Dialect) -> Tap {
    let mut tap = Tap::new(dialect);
    for part in HELLO {
        assert_eq!(tap.watch(&message(part)), 0);
    }
    tap
}

fn key(down: u8) -> Vec<u8> {
    vec![4, down, 0, 0, 0, 0, 0, 65]
}

fn pointer(buttons: u8, x: u8) -> Vec<u8> {
    vec![5, buttons, 0, x, 0, 9]
}

fn kasm_pointer(buttons: u8, x: u8, wheel: u8) -> Vec<u8> {
    vec![5, 0, buttons, 0, x, 0, 9, 0, wheel, 0, 0]
}

fn update_request() -> Vec<u8> {
    vec![3, 1, 0, 0, 0, 0, 4, 0, 3, 0]
}

#[test]
fn keys_are_input_and_update_requests_are_not() {
    let mut tap = greeted(Dialect::Plain);
    assert_eq!(tap.watch(&message(&update_request())), 0);
    assert_eq!(tap.watch(&message(&key(1))), 1);
    assert_eq!(tap.watch(&message(&[255, 0, 0, 1, 0, 0, 0, 65, 0, 0, 0, 30])), 1);
    assert_eq!(tap.watch(&message(&update_request())), 0);
}

#[test]
fn a_pointer_that_stays_where_it_is_is_no_input() {
    let mut tap = greeted(Dialect::Plain);
    assert_eq!(tap.watch(&message(&pointer(0, 1))), 0, "the first only tells where it is");
    assert_eq!(tap.watch(&message(&pointer(0, 1))), 0);
    assert_eq!(tap.watch(&message(&pointer(0, 2))), 1);
    assert_eq!(tap.watch(&message(&pointer(1, 2))), 1);
    assert_eq!(tap.watch(&message(&pointer(1, 2))), 0);
    assert_eq!(greeted(Dialect::Plain).watch(&message(&pointer(1, 2))), 1, "nobody presses a button by reconnecting");
}

#[test]
fn messages_may_share_a_frame_and_span_several() {
    let mut tap = greeted(Dialect::Plain);
    let mut all = Vec::new();
    all.extend([0; 20]);
    all.extend([2, 0, 0, 2, 4, 4, 4, 4, 5, 5, 5, 5]);
    all.extend([6, 0, 0, 0, 0, 0, 0, 3, 4, 4, 4]);
    all.extend([251, 0, 4, 0, 3, 0, 1, 0]);
    all.extend([4; 16]);
    all.extend(update_request());
    all.extend(key(1));
    all.extend(pointer(0, 1));
    all.extend(key(0));
    assert_eq!(tap.watch(&message(&all)), 2);
    for piece in all.chunks(5) {
        tap.watch(&message(piece));
    }
    assert_eq!(tap.watch(&message(&key(1))), 1);
}

#[test]
fn control_frames_between_fragments_are_stepped_over() {
    let mut tap = greeted(Dialect::Plain);
    let key = key(1);
    assert_eq!(tap.watch(&frame(BINARY, &key[..3])), 0);
    assert_eq!(tap.watch(&frame(0x89, &[4, 1, 0, 0, 0, 0, 0, 65])), 0, "a ping that looks like a key");
    assert_eq!(tap.watch(&frame(0, &[])), 0);
    assert_eq!(tap.watch(&frame(0x80, &key[3..])), 1);
}

#[test]
fn kasmvnc_pointers_are_told_by_their_length() {
    let mut tap = greeted(Dialect::Unknown);
    assert_eq!(tap.watch(&message(&kasm_pointer(0, 1, 0))), 0);
    assert_eq!(tap.watch(&message(&kasm_pointer(0, 1, 0))), 0);
    assert_eq!(tap.watch(&message(&kasm_pointer(0, 2, 0))), 1);
    assert_eq!(tap.watch(&message(&kasm_pointer(0, 2, 3))), 1, "the wheel turned");
    assert_eq!(tap.watch(&message(&[kasm_pointer(0, 2, 0), key(1)].concat())), 1);
}

#[test]
fn plain_pointers_are_told_by_theirs() {
    let mut tap = greeted(Dialect::Unknown);
    assert_eq!(tap.watch(&message(&pointer(0, 1))), 0);
    assert_eq!(tap.watch(&message(&pointer(0, 2))), 1);
    assert_eq!(tap.watch(&message(&[pointer(0, 2), key(1)].concat())), 1);
}

#[test]
fn after_an_unknown_type_only_starts_of_messages_count() {
    let mut tap = greeted(Dialect::Unknown);
    assert_eq!(tap.watch(&message(&[&[180, 0, 0][..], &key(1)].concat())), 0, "its length is not guessed");
    assert_eq!(tap.watch(&message(&[key(1), key(0)].concat())), 1, "only the start is looked at");
    assert_eq!(tap.watch(&message(&[4, 1, 2, 3, 0, 0, 0, 65])), 0, "a key event has two zeros there");
    assert_eq!(tap.watch(&message(&kasm_pointer(1, 2, 0))), 1);
    assert_eq!(tap.watch(&message(&kasm_pointer(1, 2, 0))), 0);
    assert_eq!(tap.watch(&message(&update_request())), 0);
    assert_eq!(tap.watch(&message(&[4])), 0);
    assert_eq!(tap.watch(&message(&key(1)[1..])), 0, "what is left of a cut message does not start one");
    assert_eq!(tap.watch(&message(&key(1))), 1);
}

#[test]
fn other_protocols_are_not_taken_for_rfb() {
    let mut tap = Tap::new(Dialect::Unknown);
    assert_eq!(tap.watch(&message(b"something else entirely")), 0);
    assert_eq!(tap.watch(&message(&key(1))), 0);
    let mut tap = Tap::new(Dialect::Unknown);
    assert_eq!(tap.watch(b"GET / HTTP/1.1\r\n\r\n"), 0);
    assert_eq!(tap.state, State::Blind);
}

#[test]
fn frames_that_no_client_may_send_blind_it() {
    for bytes in [&[0x82, 0x01, 4][..], &[0xc2, 0x81], &[0x83, 0x80], &[0x80, 0x80], &[0x09, 0x80], &[0x89, 0xfe, 0, 1]]
    {
        let mut tap = greeted(Dialect::Plain);
        tap.watch(bytes);
        assert_eq!(tap.state, State::Blind, "{bytes:02x?}");
    }
}

#[test]
fn selkies_lines_are_understood() {
    let mut tap = Tap::new(Dialect::Unknown);
    let mut say = |line: &str| tap.watch(&frame(0x80 | TEXT, line.as_bytes()));
    assert_eq!(say("SETTINGS,{\"a\":1}"), 0);
    assert_eq!(say("CLIENT_FRAME_ACK 12"), 0);
    assert_eq!(say("m,640,360,0,0"), 0);
    assert_eq!(say("m,640,360,0,0"), 0);
    assert_eq!(say("m,641,360,0,0"), 1);
    assert_eq!(say("m,641,360,1,0"), 1);
    assert_eq!(say("kd,65"), 1);
    assert_eq!(say("ku,65"), 1);
    assert_eq!(say("m"), 0);
    assert_eq!(say(""), 0);
    assert_eq!(say("_l,17"), 0);
}

fn rfb_message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(update_request()),
        (0..2_u8).prop_map(key),
        (0..3_u8, 0..4_u8).prop_map(|(buttons, x)| pointer(buttons, x)),
        (0..3_u8, 0..4_u8, 0..2_u8).prop_map(|(buttons, x, wheel)| kasm_pointer(buttons, x, wheel)),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|text| {
            [&[6, 0, 0, 0, 0, 0][..], &u16::try_from(text.len()).expect("short").to_be_bytes(), &text].concat()
        }),
        prop::collection::vec(any::<u8>(), 0..20),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        4 => Just(0x80 | BINARY),
        1 => Just(BINARY),
        1 => Just(0x80),
        1 => Just(0x80 | TEXT),
        1 => Just(0x89),
    ];
    prop::collection::vec((first, rfb_message()), 0..30).prop_map(|frames| {
        let hello = HELLO.iter().flat_map(|part| message(part));
        hello.chain(frames.iter().flat_map(|(first, payload)| frame(*first, payload))).collect()
    })
}

proptest! {
    #[test]
    fn how_the_bytes_are_cut_does_not_matter(bytes in stream(), cuts in prop::collection::vec(1..40_usize, 1..60)) {
        let mut whole = Tap::new(Dialect::Unknown);
        let inputs = whole.watch(&bytes);
        let mut cut = Tap::new(Dialect::Unknown);
        prop_assert_eq!(cut.watch_cut(&bytes, &cuts), inputs);
        prop_assert_eq!(cut, whole);
    }

    #[test]
    fn every_key_is_counted_however_it_is_framed(
        parts in prop::collection::vec(prop_oneof![Just(key(1)), Just(update_request())], 1..40),
        sizes in prop::collection::vec(1..30_usize, 1..20),
    ) {
        let keys = parts.iter().filter(|part| part[0] == 4).count();
        let mut tap = greeted(Dialect::Plain);
        let mut found = 0;
        let all = parts.concat();
        let mut rest = &all[..];
        for (index, size) in sizes.iter().copied().cycle().enumerate() {
            let (now, later) = rest.split_at(size.min(rest.len()));
            // every other message is sent in two fragments
            if index % 2 == 0 {
                found += tap.watch(&message(now));
            } else {
                let (one, two) = now.split_at(now.len() / 2);
                found += tap.watch(&frame(BINARY, one)) + tap.watch(&frame(0x80, two));
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(found, keys);
    }

    #[test]
    fn no_bytes_upset_it(bytes in prop::collection::vec(any::<u8>(), 0..2000), hello in any::<bool>()) {
        let mut tap = if hello { greeted(Dialect::Unknown) } else { Tap::new(Dialect::Unknown) };
        tap.watch(&bytes);
        let mut tap = greeted(Dialect::Unknown);
        tap.watch(&message(&bytes));
    }
}
