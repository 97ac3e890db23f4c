//! The default container: the one place that says what a desktop may do on its machine.
//!
//! Guaranteed, and shown by the property test beside this file: whatever a [`Launch`] holds, only its limits, its
//! mounts below the storage root and its network can differ from one container to the next. All else is constant,
//! and a field of the engine's API that is not named here is never sent.

use std::{collections::HashMap, path::Path};

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, Mount as BindMount,
    MountBindOptions, MountBindOptionsPropagationEnum, MountType, PortBinding, PortMap, ResourcesUlimits,
    RestartPolicy, RestartPolicyNameEnum,
};
use domain::InstallationId;
use secrecy::ExposeSecret;

use super::{Route, network};
use crate::{EngineError, Launch, Mount, Network, labels};

/// Everyone in a container, and the owner of every home.
const USER: &str = "1000:1000";
/// Where a desktop is published in [`Route::Port`]: to this machine only.
pub(super) const PUBLISHED_AT: &str = "127.0.0.1";

const MIB: i64 = 1024 * 1024;

/// What of the installation decides about a container.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) instance: InstallationId,
    pub(super) route: Route,
    pub(super) storage_root: &'a Path,
    /// The machine's processors: the engine refuses a limit above them.
    pub(super) cpus: u32,
}

/// The container for a launch, or which of its bounds it breaks.
pub(super) fn container(launch: &Launch, site: Site<'_>) -> Result<ContainerCreateBody, EngineError> {
    launch.check(site.storage_root)?;
    let published = match (site.route, launch.network) {
        (Route::Address, _) => false,
        (Route::Port, Network::Routed) => true,
        // Engines publish nothing from an internal network, silently.
        (Route::Port, Network::Internal) => {
            let expected = "`internet` with engine.route = \"port\"; `none` needs \"address\"";
            return Err(EngineError::out_of_bounds("network", "none", expected));
        }
    };
    let port = format!("{}/tcp", launch.port);
    Ok(ContainerCreateBody {
        image: Some(launch.image.clone()),
        user: Some(USER.to_owned()),
        hostname: Some(launch.hostname.clone()),
        env: Some(environment(launch)),
        labels: Some(labels::of_container(launch, site.instance)),
        exposed_ports: published.then(|| vec![port.clone()]),
        // We ask the desktop ourselves. The image's own check would fork in every desktop and flood the events.
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        host_config: Some(HostConfig {
            port_bindings: published.then(|| published_port(port)),
            ..host_config(launch, site)
        }),
        ..ContainerCreateBody::default()
    })
}

/// The container that an image is read from. It is never started; should anybody start it all the same, there is no
/// program, no network and no right.
pub(super) fn reader(image: &str, instance: InstallationId) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(image.to_owned()),
        user: Some(USER.to_owned()),
        // an image without a program is refused, and only its files are wanted
        entrypoint: Some(vec!["/never-started".to_owned()]),
        cmd: Some(Vec::new()),
        labels: Some(labels::of_reader(instance)),
        network_disabled: Some(true),
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        host_config: Some(HostConfig {
            privileged: Some(false),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
            readonly_rootfs: Some(true),
            network_mode: Some("none".to_owned()),
            restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

fn host_config(launch: &Launch, site: Site<'_>) -> HostConfig {
    let memory = launch.memory_mb * MIB;
    let is_cut_off = launch.network == Network::Internal && launch.resolvers.is_empty();
    HostConfig {
        // Nobody is root, nobody becomes it, and only what is listed below can be written.
        privileged: Some(false),
        cap_add: Some(Vec::new()),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        readonly_rootfs: Some(true),
        tmpfs: Some(scratch(launch)),
        mounts: Some(launch.mounts.iter().map(bind).collect()),
        // Nothing of the host is shared.
        ipc_mode: Some("private".to_owned()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        devices: Some(Vec::new()),
        publish_all_ports: Some(false),
        network_mode: Some(network::name(site.instance, launch.network)),
        // Some engines ask the host's resolver on behalf of a container on an internal network, which is a way out
        // by names. From its own loopback there is none, and programs are told so in 2 s instead of 20.
        dns: if is_cut_off { Some(vec!["127.0.0.1".to_owned()]) } else { resolvers(launch) },
        dns_options: is_cut_off.then(|| ["timeout:1", "attempts:1"].map(str::to_owned).to_vec()),
        // Nobody takes more than their share.
        memory: Some(memory),
        memory_swap: Some(memory),
        nano_cpus: Some(nano_cpus(launch.cpus, site.cpus)),
        pids_limit: Some(launch.pids),
        shm_size: Some(launch.shm_mb * MIB),
        ulimits: Some(vec![ulimit("nofile", 8192), ulimit("core", 0)]),
        oom_score_adj: Some(500),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some([("max-size", "10m"), ("max-file", "2")].map(owned).into()),
        }),
        // Its end is ours to see: we start it again, not the engine.
        init: Some(true),
        auto_remove: Some(false),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
        ..HostConfig::default()
    }
}

/// Those that are named explicitly are asked from within the container, where a firewall sees it; the host's own are
/// asked on its behalf by the engine.
fn resolvers(launch: &Launch) -> Option<Vec<String>> {
    (!launch.resolvers.is_empty()).then(|| launch.resolvers.iter().map(ToString::to_string).collect())
}

/// What is ours stands last and wins; the rest gives way to the template's.
fn environment(launch: &Launch) -> Vec<String> {
    let mut env = launch.env.clone();
    for (name, value) in [("LANG", &launch.lang), ("TZ", &launch.tz)] {
        env.entry(name.to_owned()).or_insert_with(|| value.clone());
    }
    let password = launch.vnc_password.expose_secret();
    for (name, value) in [("USER", launch.user.as_str()), ("VNC_USER", &launch.vnc_user), ("VNC_PW", password)] {
        env.insert(name.to_owned(), value.to_owned());
    }
    env.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// What can be written beside the mounts. Programs may be run from there, as from any home.
fn scratch(launch: &Launch) -> HashMap<String, String> {
    let size = launch.memory_mb / 2;
    let own = "mode=0755,uid=1000,gid=1000";
    let mut folders = HashMap::from([
        ("/tmp".to_owned(), format!("rw,nosuid,nodev,exec,size={size}m,mode=1777")),
        ("/run".to_owned(), format!("rw,nosuid,nodev,noexec,size={size}m,{own}")),
    ]);
    for target in &launch.scratch {
        folders.insert(target.clone(), format!("rw,nosuid,nodev,exec,size={size}m,{own}"));
    }
    folders
}

/// A source that is missing is refused by the engine, where a bind of the older form would make it, as root.
fn bind(mount: &Mount) -> BindMount {
    BindMount {
        typ: Some(MountType::BIND),
        source: Some(mount.source.to_string_lossy().into_owned()),
        target: Some(mount.target.clone()),
        read_only: Some(mount.read_only),
        bind_options: Some(MountBindOptions {
            propagation: Some(MountBindOptionsPropagationEnum::RPRIVATE),
            ..MountBindOptions::default()
        }),
        ..BindMount::default()
    }
}

fn published_port(port: String) -> PortMap {
    let anywhere = PortBinding { host_ip: Some(PUBLISHED_AT.to_owned()), host_port: Some("0".to_owned()) };
    HashMap::from([(port, Some(vec![anywhere]))])
}

/// In billionths of a processor, the engine's unit.
#[expect(clippy::cast_possible_truncation, reason = "both factors were checked to be small")]
fn nano_cpus(wanted: f64, machine: u32) -> i64 {
    (wanted.min(f64::from(machine.max(1))) * 1e9).round() as i64
}

fn ulimit(name: &str, limit: i64) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(name.to_owned()), soft: Some(limit), hard: Some(limit) }
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests;
