use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Broken, Fault, Hash, Line, Link, Walk};
use crate::{AuditId, UserId, desktop::testing};

fn line(seq: i64, action: &str) -> Line {
    let (id, at) = (AuditId(uuid::Uuid::from_u64_pair(7, seq.unsigned_abs())), testing::epoch());
    Line { seq, id, at, actor: None, action: action.to_owned(), object: None, detail: None }
}

type Lines = Vec<(Line, Hash)>;

/// A chain of lines with their hashes, and its head.
fn chain(count: i64) -> (Lines, Link) {
    let mut head = Link::START;
    let lines = (1..=count).map(|seq| {
        let line = line(seq, &format!("action.{seq}"));
        head = head.then(&line);
        (line, head.hash)
    });
    (lines.collect(), head)
}

fn walk(anchor: Link, lines: &[(Line, Hash)], head: Link) -> Result<(), Broken> {
    let mut walk = Walk::new(anchor, head);
    for (line, hash) in lines {
        walk.step(line, *hash)?;
    }
    walk.end()
}

#[test]
fn a_hash_is_what_it_always_was() {
    // whoever changes how a line is written makes every log that is there look broken
    let detail = json!({ "b": [1, 0.5, null], "a": { "ü": "\n" } });
    let full = Line { actor: Some(UserId(uuid::Uuid::from_u128(1))), object: Some("x".to_owned()), ..line(1, "a.b") };
    let full = Line { detail: Some(detail), ..full };
    let told = Link::START.then(&full).hash.to_string();
    assert_eq!(told, "05375888e79544d7fa84688bfe347dfad6b2900ef58f44a62a4060c48b316585");
    assert_eq!(told.parse(), Ok(Link::START.then(&full).hash));
    assert!("0".repeat(63).parse::<Hash>().is_err() && "g".repeat(64).parse::<Hash>().is_err());
}

#[test]
fn a_whole_chain_is_sound_and_so_is_its_rest() {
    let (lines, head) = chain(20);
    assert_eq!(walk(Link::START, &lines, head), Ok(()));
    assert_eq!(walk(Link::START, &[], Link::START), Ok(()));
    for purged in 1..=20 {
        let anchor = Link { seq: purged, hash: lines[usize::try_from(purged).expect("small") - 1].1 };
        assert_eq!(walk(anchor, &lines[usize::try_from(purged).expect("small")..], head), Ok(()), "{purged}");
    }
}

#[test]
fn whatever_is_not_as_it_was_is_found_at_its_place() {
    let (lines, head) = chain(9);
    let with = |change: &dyn Fn(&mut Lines)| {
        let mut lines = lines.clone();
        change(&mut lines);
        walk(Link::START, &lines, head).map_err(|broken| (broken.seq, broken.fault))
    };
    assert_eq!(with(&|lines| lines[4].0.action.push('x')), Err((5, Fault::Changed)));
    assert_eq!(with(&|lines| lines[4].1 = Hash([1; 32])), Err((5, Fault::Changed)));
    assert_eq!(with(&|lines| drop(lines.remove(4))), Err((5, Fault::Missing)));
    assert_eq!(with(&|lines| drop(lines.remove(0))), Err((1, Fault::Missing)));
    assert_eq!(with(&|lines| lines.truncate(8)), Err((9, Fault::Cut)));
    assert_eq!(with(&Vec::clear), Err((1, Fault::Cut)));
    assert_eq!(with(&|lines| lines.push((line(10, "x"), Hash([1; 32])))), Err((10, Fault::Surplus)));
    assert_eq!(with(&|lines| lines[8].0.seq = 10), Err((9, Fault::Missing)));
    let swapped = |lines: &mut Lines| {
        lines.swap(2, 5);
        (lines[2].0.seq, lines[5].0.seq) = (3, 6);
    };
    assert_eq!(with(&swapped), Err((3, Fault::Changed)));
}

#[test]
fn a_chain_that_was_made_anew_does_not_fit_the_head_that_is_known() {
    let (lines, head) = chain(3);
    let mut anew = Link::START;
    let forged: Vec<_> = lines
        .into_iter()
        .map(|(mut line, _)| {
            line.actor = Some(UserId(uuid::Uuid::from_u128(9)));
            anew = anew.then(&line);
            (line, anew.hash)
        })
        .collect();
    assert_eq!(walk(Link::START, &forged, anew), Ok(()));
    assert_eq!(walk(Link::START, &forged, head), Err(Broken { seq: 3, fault: Fault::Changed }));
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|thousandths| Value::from(f64::from(thousandths) / 1000.0)),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn a_line_has_the_same_hash_after_it_was_stored(detail in json_value(), object in prop::option::of(".{0,8}")) {
        let told = Line { detail: Some(detail.clone()), object, ..line(1, "x") };
        let read = Line { detail: serde_json::from_str(&detail.to_string()).ok(), ..told.clone() };
        prop_assert_eq!(Link::START.then(&told), Link::START.then(&read));
    }

    #[test]
    fn no_two_lines_are_written_alike(one in parts(), other in parts()) {
        prop_assert_eq!(Link::START.then(&one) == Link::START.then(&other), one == other);
    }
}

/// Lines from few letters, so that parts that run into each other would be found.
fn parts() -> impl Strategy<Value = Line> {
    let few = "[ab]{0,2}";
    (few, prop::option::of(few), prop::option::of(few)).prop_map(|(action, object, detail)| Line {
        object,
        detail: detail.map(Value::from),
        ..line(1, &action)
    })
}
