use bollard::models::{
    ContainerConfig, ContainerInspectResponse, ContainerState, ContainerStateStatusEnum as Status, ContainerSummary,
    EndpointSettings, NetworkSettings, PortBinding, SystemInfo, SystemVersion,
};
use domain::{
    DesktopId, InstallationId,
    desktop::{Endpoint, Phase},
};

use super::{lacks, listed, moment, network, observed};
use crate::{EngineError, Launch, Network, conformance::launch, docker::Route, labels};

fn running(launch: &Launch, instance: InstallationId) -> ContainerInspectResponse {
    let address = |text: &str| EndpointSettings { ip_address: Some(text.to_owned()), ..EndpointSettings::default() };
    let published = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some("32768".to_owned()) };
    ContainerInspectResponse {
        id: Some("0123".to_owned()),
        image: Some(format!("sha256:{:064x}", 7)),
        config: Some(ContainerConfig {
            labels: Some(labels::of_container(launch, instance)),
            ..ContainerConfig::default()
        }),
        state: Some(ContainerState {
            status: Some(Status::RUNNING),
            started_at: Some("2026-11-21T03:41:02.746616697Z".to_owned()),
            ..ContainerState::default()
        }),
        network_settings: Some(NetworkSettings {
            networks: Some(
                [
                    ("bridge".to_owned(), address("172.17.0.2")),
                    (network::name(instance, Network::Routed), address("10.200.1.2")),
                ]
                .into(),
            ),
            ports: Some([("22/tcp".to_owned(), None), ("6901/tcp".to_owned(), Some(vec![published]))].into()),
            ..NetworkSettings::default()
        }),
        ..ContainerInspectResponse::default()
    }
}

fn with_state(found: &ContainerInspectResponse, state: ContainerState) -> ContainerInspectResponse {
    ContainerInspectResponse { state: Some(state), ..found.clone() }
}

#[test]
fn a_running_container_answers_on_our_network_or_on_its_published_port() {
    let (launch, instance) = (launch("pult/tiny"), InstallationId::new());
    let found = running(&launch, instance);
    for (route, address, port) in [(Route::Address, [10, 200, 1, 2], 6901), (Route::Port, [127, 0, 0, 1], 32768)] {
        let seen = observed(&found, launch.desktop, instance, route).expect("it is ours");
        assert_eq!(seen.phase, Phase::Running);
        assert_eq!(seen.generation, launch.generation);
        assert_eq!(seen.endpoint, Some(Endpoint { address: address.into(), port }));
        assert!(seen.started_at.is_some());
    }
}

#[test]
fn a_container_that_is_not_on_our_network_has_no_address() {
    let (launch, instance) = (launch("pult/tiny"), InstallationId::new());
    let mut found = running(&launch, instance);
    let settings = found.network_settings.as_mut().expect("it has networks");
    settings.networks.as_mut().expect("two").remove(&network::name(instance, Network::Routed));
    let seen = observed(&found, launch.desktop, instance, Route::Address).expect("it is ours");
    assert_eq!(seen.endpoint, None);
}

#[test]
fn every_state_of_the_engine_is_a_phase_of_ours_and_only_running_has_an_address() {
    let (launch, instance) = (launch("pult/tiny"), InstallationId::new());
    let exited = Phase::Exited { code: 137, out_of_memory: true };
    for (status, phase) in [
        (Status::CREATED, Phase::Created),
        (Status::RUNNING, Phase::Running),
        (Status::PAUSED, Phase::Paused),
        (Status::EXITED, exited),
        (Status::DEAD, exited),
        (Status::RESTARTING, exited),
        (Status::REMOVING, Phase::Removing),
    ] {
        let state = ContainerState {
            status: Some(status),
            exit_code: Some(137),
            oom_killed: Some(true),
            started_at: Some("0001-01-01T00:00:00Z".to_owned()),
            ..ContainerState::default()
        };
        let found = with_state(&running(&launch, instance), state);
        let seen = observed(&found, launch.desktop, instance, Route::Address).expect("it is ours");
        assert_eq!(seen.phase, phase, "{status}");
        assert_eq!(seen.started_at, None, "year 1 is no start");
        assert_eq!(seen.endpoint.is_some(), phase == Phase::Running, "{status}");
    }
}

#[test]
fn a_container_with_our_name_and_not_our_labels_is_foreign() {
    let (launch, instance) = (launch("pult/tiny"), InstallationId::new());
    let found = running(&launch, instance);
    let unlabelled = ContainerInspectResponse { config: None, ..found.clone() };
    for (found, desktop, instance) in [
        (&found, launch.desktop, InstallationId::new()),
        (&found, DesktopId::new(), instance),
        (&unlabelled, launch.desktop, instance),
    ] {
        let seen = observed(found, desktop, instance, Route::Address);
        assert_eq!(seen, Err(EngineError::Foreign { name: labels::container_name(desktop) }));
    }
}

#[test]
fn a_listing_leaves_out_what_only_looks_like_ours() {
    let (launch, instance) = (launch("pult/tiny"), InstallationId::new());
    let summary = ContainerSummary {
        id: Some("0123".to_owned()),
        created: Some(1_795_232_461),
        labels: Some(labels::of_container(&launch, instance)),
        state: Some(bollard::models::ContainerSummaryStateEnum::EXITED),
        ..ContainerSummary::default()
    };
    let line = listed(summary.clone(), instance).expect("it is ours");
    assert_eq!((line.desktop, line.owner, line.template), (launch.desktop, launch.owner, launch.template));
    let mut imitation = summary;
    imitation.labels.as_mut().expect("labels").insert(labels::DESKTOP.to_owned(), "mine".to_owned());
    assert_eq!(listed(imitation, instance), None);
}

#[test]
fn an_engine_that_cannot_hold_a_limit_is_unfit() {
    let version = |text: &str| SystemVersion { api_version: Some(text.to_owned()), ..SystemVersion::default() };
    let fit = SystemInfo {
        os_type: Some("linux".to_owned()),
        memory_limit: Some(true),
        pids_limit: Some(true),
        cpu_cfs_quota: Some(true),
        security_options: Some(vec!["name=apparmor".to_owned(), "name=seccomp,profile=builtin".to_owned()]),
        ..SystemInfo::default()
    };
    assert!(lacks(&version("1.41"), &fit).is_empty() && lacks(&version("1.56"), &fit).is_empty());
    assert_eq!(lacks(&version("1.40"), &fit).len(), 1);
    assert_eq!(lacks(&version(""), &fit).len(), 1);
    assert_eq!(lacks(&version("1.41"), &SystemInfo { pids_limit: None, ..fit.clone() }).len(), 1);
    let unconfined = Some(vec!["name=seccomp,profile=unconfined".to_owned()]);
    assert_eq!(lacks(&version("1.41"), &SystemInfo { security_options: unconfined, ..fit }).len(), 1);
    assert_eq!(lacks(&SystemVersion::default(), &SystemInfo::default()).len(), 6);
}

#[test]
fn moments_are_read_to_the_nanosecond_and_zero_is_none() {
    assert_eq!(moment("2026-11-21T04:41:02.5+01:00"), moment("2026-11-21T03:41:02.5Z"));
    assert!(moment("2026-11-21T03:41:02.746616697Z").is_some());
    assert_eq!(moment("0001-01-01T00:00:00Z"), None);
    assert_eq!(moment("soon"), None);
}
