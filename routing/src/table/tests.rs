use chrono::TimeDelta;
use domain::{
    DesktopId, GrantId, Timestamp, UserId,
    access::Grant,
    desktop::{ContainerId, DesktopState, Endpoint},
    template::{Client, Protocol},
};
use tokio_util::sync::CancellationToken;

use super::table;
use crate::{Granted, Route, Target};

fn route(desktop: DesktopId, owner: UserId, last_octet: u8) -> Route {
    Route {
        desktop,
        revision: i64::from(last_octet),
        name: "schueler-tiny".to_owned(),
        host_label: Some("a2b3".to_owned()),
        owner,
        grants: Vec::new(),
        template: "tiny".to_owned(),
        client: Client::Novnc,
        state: DesktopState::Running,
        target: Some(Target {
            endpoint: Endpoint { address: [172, 30, 0, last_octet].into(), port: 6901 },
            container: ContainerId("c1".to_owned()),
            generation: 1,
            started_at: None,
            image: None,
            protocol: Protocol::Http,
            verify_tls: false,
            fingerprint: None,
            path: "/".to_owned(),
            user: "kasm_user".to_owned(),
            password: "secret".into(),
        }),
        gone: CancellationToken::new(),
    }
}

#[test]
fn a_route_to_the_same_start_keeps_its_streams() {
    let (mut writer, reader) = table();
    let (desktop, owner) = (DesktopId::new(), UserId::new());
    writer.apply(vec![route(desktop, owner, 2)], &[], 1);
    let before = reader.by_name("schueler-tiny").expect("a route");
    writer.apply(vec![route(desktop, owner, 2)], &[], 2);
    assert!(!before.gone.is_cancelled());
    writer.apply(vec![route(desktop, owner, 3)], &[], 3);
    assert!(before.gone.is_cancelled());
    assert!(!reader.by_id(desktop).expect("a route").gone.is_cancelled());
}

#[test]
fn what_is_taken_out_is_gone() {
    let (mut writer, reader) = table();
    let desktop = DesktopId::new();
    writer.apply(vec![route(desktop, UserId::new(), 2)], &[], 1);
    let before = reader.by_id(desktop).expect("a route");
    assert_eq!(writer.known(), [(desktop, 2)].into());
    writer.apply(Vec::new(), &[desktop], 2);
    assert!(writer.known().is_empty());
    assert!(before.gone.is_cancelled());
    assert!(reader.by_name("schueler-tiny").is_none());
    assert_eq!(reader.snapshot().revision, 2);
}

#[test]
fn a_desktop_is_found_by_its_own_host_as_long_as_it_has_that_one() {
    let (mut writer, reader) = table();
    let first = route(DesktopId::new(), UserId::new(), 2);
    writer.apply(vec![first.clone()], &[], 1);
    assert_eq!(reader.by_host_label("a2b3").expect("a route").desktop, first.desktop);
    // reset: another container, another host, and none until it is made
    let reset = Route { host_label: None, target: None, gone: CancellationToken::new(), ..first.clone() };
    writer.apply(vec![reset], &[], 2);
    assert!(reader.by_host_label("a2b3").is_none() && reader.by_id(first.desktop).is_some());
    writer.apply(vec![Route { host_label: Some("c4d5".to_owned()), ..first.clone() }], &[], 3);
    assert_eq!(reader.by_host_label("c4d5").expect("a route").desktop, first.desktop);
    writer.apply(Vec::new(), &[first.desktop], 4);
    assert!(reader.by_host_label("c4d5").is_none() && reader.by_name("schueler-tiny").is_none());
}

/// The grants that a table is told, until so many minutes from the beginning.
fn granted(desktop: DesktopId, minutes: &[i64]) -> Vec<Granted> {
    let until = |minutes: &i64| at(*minutes);
    let grant = |until| Grant { id: GrantId::new(), desktop, holder: UserId::new(), until };
    minutes.iter().map(until).map(grant).map(told).collect()
}

/// A grant as it is read from the database: nothing hangs on it yet.
fn told(grant: Grant) -> Granted {
    Granted { grant, ended: CancellationToken::new() }
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

#[test]
fn what_is_there_because_of_a_grant_ends_with_it_and_with_nothing_else() {
    let (mut writer, reader) = table();
    let (desktop, owner) = (DesktopId::new(), UserId::new());
    let grants = granted(desktop, &[10, 20]);
    let with = |some: &[Granted], octet| {
        let grants = some.iter().map(|granted| told(granted.grant)).collect();
        Route { grants, ..route(desktop, owner, octet) }
    };
    writer.apply(vec![with(&grants, 2)], &[], 1);
    let way = |index: usize| {
        let route = reader.by_id(desktop).expect("a route");
        route.because_of(grants[index].grant.id).expect("a grant").gone
    };
    let (first, second) = (way(0), way(1));
    // the same grants again, as after any change of the desktop
    writer.apply(vec![with(&grants, 2)], &[], 2);
    assert!(!first.is_cancelled() && !second.is_cancelled());
    // the first is taken back
    writer.apply(vec![with(&grants[1..], 2)], &[], 3);
    assert!(first.is_cancelled() && !second.is_cancelled());
    let route_now = reader.by_id(desktop).expect("a route");
    assert!(route_now.because_of(grants[0].grant.id).is_none());
    assert!(!route_now.gone.is_cancelled(), "its owner's stream goes on");
    // the container changes: all that is open ends, and the grant leads to the new one
    writer.apply(vec![with(&grants[1..], 3)], &[], 4);
    assert!(second.is_cancelled());
    let anew = way(1);
    assert!(!anew.is_cancelled());
    writer.apply(Vec::new(), &[desktop], 5);
    assert!(anew.is_cancelled());
}

#[test]
fn a_grant_is_over_by_the_clock() {
    let (mut writer, reader) = table();
    let (desktop, other) = (DesktopId::new(), DesktopId::new());
    let grants = granted(desktop, &[10, 20]);
    let others = Route { name: "other".to_owned(), host_label: None, ..route(other, UserId::new(), 9) };
    let route = Route { grants: grants.clone(), ..route(desktop, UserId::new(), 2) };
    writer.apply(vec![others, route], &[], 1);
    let ways: Vec<_> = grants
        .iter()
        .map(|granted| reader.by_id(desktop).expect("a route").because_of(granted.grant.id).expect("a grant").gone)
        .collect();
    let over = || ways.iter().map(CancellationToken::is_cancelled).collect::<Vec<_>>();
    assert_eq!(writer.grant_ends_at(), Some(at(10)));
    writer.end_grants(at(10) - TimeDelta::microseconds(1));
    assert_eq!(over(), [false, false]);
    writer.end_grants(at(10));
    assert_eq!((over(), writer.grant_ends_at()), (vec![true, false], Some(at(20))));
    writer.end_grants(at(30));
    assert_eq!((over(), writer.grant_ends_at()), (vec![true, true], None));
    let left = reader.by_id(desktop).expect("a route");
    assert!(left.grants.is_empty() && !left.gone.is_cancelled());
    assert_eq!(reader.snapshot().revision, 1);
}
