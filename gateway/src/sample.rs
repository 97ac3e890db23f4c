//! A desktop and a client for the tests of this room.

use domain::{
    UserId,
    desktop::{ContainerId, Endpoint},
    template::Protocol,
};
use http::uri::Scheme;
use routing::Target;
use tokio_util::sync::CancellationToken;

use crate::{ClientInfo, Place};

pub(crate) fn target() -> Target {
    Target {
        endpoint: Endpoint { address: [172, 30, 0, 2].into(), port: 6901 },
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
    }
}

pub(crate) fn client() -> ClientInfo {
    ClientInfo {
        address: [192, 0, 2, 7].into(),
        place: Place::Path { prefix: "/desktop/a-tiny".to_owned() },
        scheme: Scheme::HTTPS,
        host: "school.example".to_owned(),
        user: UserId::new(),
        ended: CancellationToken::new(),
    }
}
