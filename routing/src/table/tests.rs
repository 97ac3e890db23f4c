use domain::{
    DesktopId, UserId,
    desktop::{ContainerId, DesktopState, Endpoint},
    template::{Client, Protocol},
};
use tokio_util::sync::CancellationToken;

use super::table;
use crate::{Route, Target};

fn route(desktop: DesktopId, owner: UserId, last_octet: u8) -> Route {
    Route {
        desktop,
        revision: i64::from(last_octet),
        name: "schueler-tiny".to_owned(),
        host_label: Some("a2b3".to_owned()),
        owner,
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
