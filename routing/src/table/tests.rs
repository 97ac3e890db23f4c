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
        name: "schueler-tiny".to_owned(),
        owner,
        template: "tiny".to_owned(),
        client: Client::Novnc,
        state: DesktopState::Running,
        target: Some(Target {
            endpoint: Endpoint { address: [172, 30, 0, last_octet].into(), port: 6901 },
            container: ContainerId("c1".to_owned()),
            generation: 1,
            started_at: None,
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
fn what_is_not_in_a_new_picture_is_gone() {
    let (mut writer, reader) = table();
    let desktop = DesktopId::new();
    writer.apply(vec![route(desktop, UserId::new(), 2)], &[], 1);
    let before = reader.by_id(desktop).expect("a route");
    writer.replace(Vec::new(), 2);
    assert!(before.gone.is_cancelled());
    assert!(reader.by_name("schueler-tiny").is_none());
    assert_eq!(reader.snapshot().revision, 2);
}
