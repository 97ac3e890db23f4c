//! The networks of an installation: one that reaches the Internet, one that reaches nothing.
//!
//! On both, desktops do not reach each other; the host reaches all. Their interfaces have names of ours, so that a
//! firewall can name them before they exist, and so that the engine, which allows two networks of one name, refuses
//! a second one.

use std::collections::HashMap;

use bollard::models::{ContainerInspectResponse, NetworkCreateRequest, NetworkInspect};
use domain::{InstallationId, name::networks};

use crate::{EngineError, Network, labels};

const BRIDGE_NAME: &str = "com.docker.network.bridge.name";
/// Whether containers of one bridge reach each other.
const ICC: &str = "com.docker.network.bridge.enable_icc";

/// The name of a network.
pub(super) fn name(instance: InstallationId, network: Network) -> String {
    let kind = match network {
        Network::Routed => "internet",
        Network::Internal => "none",
    };
    networks(instance) + kind
}

/// The name of a network's interface on the host.
fn interface(instance: InstallationId, network: Network) -> String {
    let kind = match network {
        Network::Routed => "i",
        Network::Internal => "n",
    };
    networks(instance) + kind
}

/// The network as it is asked for.
pub(super) fn request(instance: InstallationId, network: Network) -> NetworkCreateRequest {
    NetworkCreateRequest {
        name: name(instance, network),
        driver: Some("bridge".to_owned()),
        internal: Some(is_internal(network)),
        enable_ipv6: Some(false),
        options: Some(options(instance, network)),
        labels: Some(labels::of_instance(instance)),
        ..NetworkCreateRequest::default()
    }
}

fn options(instance: InstallationId, network: Network) -> HashMap<String, String> {
    HashMap::from([(BRIDGE_NAME.to_owned(), interface(instance, network)), (ICC.to_owned(), "false".to_owned())])
}

fn is_internal(network: Network) -> bool {
    network == Network::Internal
}

/// Whether a network that was found under our name is the one we would make. A weaker one is not used.
pub(super) fn check(found: &NetworkInspect, instance: InstallationId, network: Network) -> Result<(), EngineError> {
    let name = name(instance, network);
    if !labels::are_ours(found.labels.as_ref(), instance) {
        return Err(EngineError::Foreign { name });
    }
    let has = |option: (&String, &String)| found.options.as_ref().and_then(|all| all.get(option.0)) == Some(option.1);
    let same = found.driver.as_deref() == Some("bridge")
        && found.internal == Some(is_internal(network))
        && found.enable_ipv6 != Some(true)
        && options(instance, network).iter().all(has);
    if same {
        Ok(())
    } else {
        let detail = format!("the network {name} was changed; remove it and Pult makes it anew");
        Err(EngineError::Unfit { detail })
    }
}

/// Whether a container was taken off its network. It then keeps away from it whenever it is started, for engines do not
/// go by what it was made with.
pub(super) fn is_left(found: &ContainerInspectResponse) -> bool {
    let mode = found.host_config.as_ref().and_then(|host| host.network_mode.as_ref());
    let networks = found.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
    mode.is_some_and(|mode| !networks.is_some_and(|networks| networks.contains_key(mode)))
}

#[cfg(test)]
mod tests {
    use bollard::models::{ContainerInspectResponse, EndpointSettings, HostConfig, NetworkInspect, NetworkSettings};
    use domain::InstallationId;

    use super::{check, interface, is_left, name, request};
    use crate::{EngineError, Network};

    fn found(instance: InstallationId, network: Network) -> NetworkInspect {
        let request = request(instance, network);
        NetworkInspect {
            name: Some(request.name),
            driver: request.driver,
            internal: request.internal,
            enable_ipv6: request.enable_ipv6,
            options: request.options,
            labels: request.labels,
            ..NetworkInspect::default()
        }
    }

    #[test]
    fn installations_made_in_the_same_minute_have_different_networks() {
        let (one, two) = (InstallationId::new(), InstallationId::new());
        assert_ne!(name(one, Network::Routed), name(two, Network::Routed));
        for network in Network::ALL {
            assert!(interface(one, network).len() <= 15);
        }
    }

    #[test]
    fn a_container_has_left_its_network_if_and_only_if_it_is_not_on_it() {
        let on = |networks: Option<&[&str]>| ContainerInspectResponse {
            host_config: Some(HostConfig { network_mode: Some("ours".to_owned()), ..HostConfig::default() }),
            network_settings: networks.map(|networks| NetworkSettings {
                networks: Some(networks.iter().map(|name| ((*name).to_owned(), EndpointSettings::default())).collect()),
                ..NetworkSettings::default()
            }),
            ..ContainerInspectResponse::default()
        };
        assert!(!is_left(&on(Some(&["ours"]))));
        assert!(!is_left(&on(Some(&["another", "ours"]))));
        for left in [on(Some(&[])), on(Some(&["another"])), on(None)] {
            assert!(is_left(&left), "{left:?}");
        }
    }

    #[test]
    fn only_our_own_network_with_all_its_walls_is_used() {
        let (ours, theirs) = (InstallationId::new(), InstallationId::new());
        for network in Network::ALL {
            let good = found(ours, network);
            assert_eq!(check(&good, ours, network), Ok(()));
            let foreign = NetworkInspect { labels: found(theirs, network).labels, ..good.clone() };
            assert!(matches!(check(&foreign, ours, network), Err(EngineError::Foreign { .. })));
            for weak in [
                NetworkInspect { internal: good.internal.map(|internal| !internal), ..good.clone() },
                NetworkInspect { enable_ipv6: Some(true), ..good.clone() },
                NetworkInspect { options: None, ..good.clone() },
                NetworkInspect { driver: Some("macvlan".to_owned()), ..good.clone() },
            ] {
                assert!(matches!(check(&weak, ours, network), Err(EngineError::Unfit { .. })), "{weak:?}");
            }
        }
    }
}
