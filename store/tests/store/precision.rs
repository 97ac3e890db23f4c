//! What is read again is what was stored, to the last digit that is kept.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, TimeZone, Utc};
use domain::{
    GatewayId, Timestamp,
    desktop::{ContainerId, Desktop, DesktopState, Endpoint, Fingerprint, Served, Step, Wanted},
    idle::OwnLimits,
    template::{Client, HomePolicy, NetworkPolicy, Protocol, TemplateSpec},
    why::Why,
};
use store::{Paging, Seen};

use crate::house::{House, Outcome, on_both, present, spec};

on_both![
    a_desktop_is_read_as_it_was_saved,
    a_container_is_known_by_the_nanosecond_of_its_start,
    every_state_wish_step_and_cause_can_be_stored,
    a_template_is_read_as_it_was_stored,
    names_with_a_nul_are_nobodys,
    a_nul_in_what_somebody_said_is_left_out,
];

/// A time with more digits than are kept.
fn moment(seconds: i64) -> Timestamp {
    Utc.timestamp_nanos(1_788_768_000_123_456_789 + seconds * 1_000_000_000)
}

async fn a_desktop_is_read_as_it_was_saved(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let full = Desktop {
        wanted: Wanted::Stopped,
        generation: i32::MAX,
        state: DesktopState::Failed,
        step: Some(Step::Connecting),
        why: Some(Why::NeverReady { seconds: 60, last: "„Zürich“ \u{1f600} ' \" \\".to_owned() }),
        container: Some(ContainerId("c".repeat(64))),
        container_started_at: Some(moment(0)),
        endpoint: Some(Endpoint { address: "fd00::7".parse()?, port: u16::MAX }),
        fingerprint: Some(Fingerprint("f".repeat(64))),
        served: Some(Served {
            image: format!("sha256:{}", "0a".repeat(32)).parse()?,
            protocol: Protocol::Https,
            verify_tls: true,
            path: "/?a='\"\\".to_owned(),
            user: "kasm_user".to_owned(),
            client: Client::Image("/opt/„Zürich“ '\"".to_owned()),
        }),
        attempts: 3,
        retry_at: Some(moment(1)),
        queue_position: Some(1),
        queue_eta_seconds: Some(i32::MAX),
        requested_at: moment(2),
        started_at: Some(moment(3)),
        last_input_at: Some(moment(4)),
        extended_at: Some(moment(5)),
        warned_at: Some(moment(6)),
        ended_at: Some(moment(7)),
        created_at: moment(8),
        removed_at: Some(moment(9)),
        ..row
    };
    // the gateway's own column: a save leaves it as it is
    house
        .store
        .desktops()
        .record_use(GatewayId::new(), &[Seen { last_input_at: Some(moment(4)), ..Seen::nothing(full.id) }])
        .await?;
    let stored = house.saved(full.clone()).await?;
    assert_eq!(house.again(&full).await?, stored);
    let cut = |time: Timestamp| time.trunc_subsecs(6);
    let expected = Desktop {
        retry_at: full.retry_at.map(cut),
        requested_at: cut(full.requested_at),
        started_at: full.started_at.map(cut),
        last_input_at: full.last_input_at.map(cut),
        extended_at: full.extended_at.map(cut),
        warned_at: full.warned_at.map(cut),
        ended_at: full.ended_at.map(cut),
        created_at: cut(full.created_at),
        removed_at: full.removed_at.map(cut),
        revision: stored.revision,
        ..full
    };
    assert_eq!(stored, expected, "nothing but the times is cut, and they to the microsecond");
    Ok(())
}

async fn a_container_is_known_by_the_nanosecond_of_its_start(house: House) -> Outcome {
    let row = house.some_desktop().await?;
    let first = house.saved(Desktop { container_started_at: Some(moment(0)), ..row }).await?;
    let again = moment(0) + TimeDelta::nanoseconds(1);
    let second = house.saved(Desktop { container_started_at: Some(again), ..first }).await?;
    assert_eq!(house.again(&second).await?.container_started_at, Some(again));
    Ok(())
}

async fn every_state_wish_step_and_cause_can_be_stored(house: House) -> Outcome {
    let mut row = house.some_desktop().await?;
    let causes = [
        Why::StoppedByOwner,
        Why::Idle { minutes: i64::MAX },
        Why::Lifetime { minutes: 720 },
        Why::Crashed { exit_code: -1 },
        Why::ImageMissing { image: "a".to_owned() },
        Why::Removed,
    ];
    for state in DesktopState::ALL {
        row = house.saved(Desktop { state: *state, ..row }).await?;
        assert_eq!(house.again(&row).await?, row);
    }
    for wanted in Wanted::ALL {
        row = house.saved(Desktop { wanted: *wanted, ..row }).await?;
        assert_eq!(house.again(&row).await?, row);
    }
    for step in Step::ALL.iter().copied().map(Some).chain([None]) {
        row = house.saved(Desktop { step, ..row }).await?;
        assert_eq!(house.again(&row).await?, row);
    }
    for why in causes.into_iter().map(Some).chain([None]) {
        row = house.saved(Desktop { why, ..row }).await?;
        assert_eq!(house.again(&row).await?, row);
    }
    Ok(())
}

async fn a_template_is_read_as_it_was_stored(house: House) -> Outcome {
    let full = TemplateSpec {
        description: "Mit Umlauten: äöüß".to_owned(),
        icon: Some("terminal".to_owned()),
        port: u16::MAX,
        protocol: Protocol::Https,
        verify_tls: true,
        path: "/vnc.html?a=b".to_owned(),
        env: BTreeMap::from([("A".to_owned(), "\"b\" \\ ü".to_owned()), ("B".to_owned(), String::new())]),
        vnc_user: "jemand".to_owned(),
        cpus: 0.1,
        memory_mb: 262_144,
        pids: 32_768,
        shm_mb: 1,
        home: HomePolicy::None,
        network: NetworkPolicy::None,
        client: Client::Image("/usr/share/kasmvnc/www".to_owned()),
        health_path: Some("/health".to_owned()),
        limits: OwnLimits {
            idle_after: Some(TimeDelta::milliseconds(90_500)),
            max_lifetime: Some(TimeDelta::hours(12)),
            nightly_stop: Some(false),
        },
        enabled: false,
        ..spec("full")
    };
    let stored = house.store.templates().create(&full).await?;
    let limits = OwnLimits { idle_after: Some(TimeDelta::seconds(90)), ..full.limits };
    assert_eq!(stored.spec, TemplateSpec { limits, ..full });
    assert_eq!(house.store.templates().get(stored.id).await?, Some(stored.clone()));
    assert_eq!(house.store.templates().by_slug("full").await?, Some(stored.clone()));

    let edited = domain::template::Template {
        spec: TemplateSpec { client: Client::Container, icon: None, ..spec("edited") },
        ..stored.clone()
    };
    let edited = house.store.templates().update(&edited).await?;
    assert_eq!(house.store.templates().get(stored.id).await?, Some(edited.clone()));
    assert_eq!(edited.created_at, stored.created_at);
    assert!(edited.updated_at > stored.updated_at);
    Ok(())
}

/// PostgreSQL refuses even to look for a text with a NUL, and anybody can send one.
async fn names_with_a_nul_are_nobodys(house: House) -> Outcome {
    let store = &house.store;
    assert_eq!(store.users().by_username("a\0b").await?, None);
    let refused = store.users().check_password("a\0b", "geheim".into()).await;
    assert!(matches!(refused, Err(store::LoginError::Wrong)), "{refused:?}");
    assert_eq!(store.templates().by_slug("a\0b").await?, None);
    assert_eq!(store.groups().by_name("a\0b").await?, None);
    assert!(store.routes().by_name("a\0b").await?.is_none());
    // "\u0000" as a cursor
    let paging = Paging { limit: 10, cursor: Some("Ilx1MDAwMCI".to_owned()) };
    store.users().page(None, &paging).await?;

    Ok(())
}

/// The engine, the desktop and whoever fills in a form may say anything.
async fn a_nul_in_what_somebody_said_is_left_out(house: House) -> Outcome {
    let store = &house.store;
    store.engines().report("local", false, Some("a\0b".to_owned())).await?;
    assert_eq!(present(store.engines().get("local").await?, "the engine")?.message.as_deref(), Some("ab"));

    let row = house.some_desktop().await?.given_up(Why::EngineRefused { detail: "a\0b".to_owned() });
    let saved = house.saved(row).await?;
    assert_eq!(saved.why, Some(Why::EngineRefused { detail: "ab".to_owned() }));
    assert_eq!(house.again(&saved).await?, saved);

    let odd = TemplateSpec { name: "a\0b".to_owned(), description: "a\0b".to_owned(), ..spec("odd") };
    assert_eq!(store.templates().create(&odd).await?.spec.name, "ab");
    let detail = serde_json::json!({ "name": "a\0b" });
    store.audit().record(None, "template.create", Some("a\0b".to_owned()), Some(detail)).await?;
    let entry = store.audit().before(&store::Sought::default(), None, 1).await?.remove(0).line;
    assert_eq!((entry.object.as_deref(), entry.detail), (Some("ab"), Some(serde_json::json!({ "name": "ab" }))));
    Ok(())
}

#[test]
fn the_moment_of_these_tests_has_nanoseconds() {
    assert_ne!(moment(0), moment(0).trunc_subsecs(6));
    assert_eq!(DateTime::from_timestamp_nanos(moment(0).timestamp_nanos_opt().unwrap_or(0)), moment(0));
}
