use proptest::{prelude::*, sample::select};

use super::fuzz;
use crate::tap::{Dialect, Tap};

/// A client's frame with such a first octet; whether it is masked and how long it says it is may be lies.
fn frame(first: u8, payload: &[u8], mask: [u8; 4], lie: u8) -> Vec<u8> {
    let mut frame = vec![first];
    let masked = if lie == 1 { 0 } else { 0x80 };
    let length = u64::try_from(payload.len()).expect("short") + u64::from(lie == 2);
    match length {
        0..126 => frame.push(masked | u8::try_from(length).expect("small")),
        126..65536 => {
            frame.push(masked | 0x7e);
            frame.extend(u16::try_from(length).expect("medium").to_be_bytes());
        }
        _ => {
            frame.push(masked | 0x7f);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(octet, mask)| octet ^ mask));
    frame
}

/// The payloads that the tap knows, and others.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let known: &[&[u8]] = &[
        b"RFB 003.008\n",
        b"\x01",
        b"\x04\x01\0\0\0\0\0A",
        b"\x05\x01\0\x09\0\x09",
        b"\x05\0\x01\0\x09\0\x09\0\x01\0\0",
        b"\x03\x01\0\0\0\0\x04\0\x03\0",
        b"\x02\0\0\x02\0\0\0\0\0\0\0\x10",
        b"\x06\0\0\0\0\0\0\x03abc",
        b"\x06\0\0\0\xff\xff\xff\xfc\0\0\0\x01",
        b"\xff\0\0\x01\0\0\0A\0\0\0\x1e",
        b"\xf8\0\0\0\0\0\0\x01\x04abcd",
        b"\xfb\0\x04\0\x03\0\x01\0",
        b"kd,65",
        b"m,641,360,1,0",
    ];
    prop_oneof![
        6 => select(known).prop_map(<[u8]>::to_vec),
        2 => prop::collection::vec(select(known), 1..5).prop_map(|parts| parts.concat()),
        2 => prop::collection::vec(any::<u8>(), 0..300),
        1 => (65530..65540_usize, any::<u8>()).prop_map(|(length, octet)| vec![octet; length]),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![6 => Just(0x82_u8), 2 => Just(0x02), 2 => Just(0x80), 2 => Just(0x81), 1 => Just(0x89), 1 => any::<u8>()];
    let lie = prop_oneof![30 => Just(0_u8), 1 => Just(1), 1 => Just(2)];
    let frames = prop::collection::vec((first, payload(), any::<[u8; 4]>(), lie), 0..24).prop_map(|frames| {
        frames.iter().flat_map(|(first, payload, mask, lie)| frame(*first, payload, *mask, *lie)).collect()
    });
    let greeted = frames.prop_map(|frames: Vec<u8>| {
        let hello: [&[u8]; 3] = [b"RFB 003.008\n", &[1], &[1]];
        hello.iter().flat_map(|part| frame(0x82, part, [1, 2, 3, 4], 0)).chain(frames).collect()
    });
    prop_oneof![9 => greeted, 1 => prop::collection::vec(any::<u8>(), 0..4000)]
}

#[test]
fn fuzzed_streams_count_the_same_however_they_are_cut() {
    let cuts = prop::collection::vec(prop_oneof![4 => 1..20_usize, 1 => 1..5000_usize], 1..40);
    let dialect = select(&[Dialect::Plain, Dialect::Unknown][..]);
    fuzz("tap", &(stream(), cuts, dialect), |(octets, cuts, dialect)| {
        let mut whole = Tap::new(dialect);
        let inputs = whole.watch(&octets);
        // an input is a frame of at least six octets, or a line of text in one
        prop_assert!(inputs <= octets.len() / 4);
        let mut cut = Tap::new(dialect);
        prop_assert_eq!(cut.watch_cut(&octets, &cuts), inputs);
        prop_assert_eq!(cut, whole);
        Ok(())
    });
}
