//! From the engine's records to facts. Pure.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use bollard::models::{
    ContainerInspectResponse, ContainerState, ContainerStateStatusEnum, ContainerStatsResponse, ContainerSummary,
    ContainerSummaryStateEnum, ImageInspect, ImageSummary, NetworkSettings, SystemInfo, SystemVersion,
};
use chrono::{DateTime, SubsecRound};
use domain::{
    DesktopId, InstallationId, Timestamp,
    desktop::{ContainerId, Endpoint, ImageId, Observed, Phase},
};

use super::{Route, network};
use crate::{Condition, EngineError, EngineInfo, Image, Listed, Network, error::one_line, labels};

/// What an inspection shows of a desktop's container, or that it is not ours.
pub(super) fn observed(
    found: &ContainerInspectResponse,
    desktop: DesktopId,
    instance: InstallationId,
    route: Route,
) -> Result<Observed, EngineError> {
    let name = labels::container_name(desktop);
    let bears = found.config.as_ref().and_then(|config| config.labels.as_ref());
    let Some(read) = labels::read(bears, instance).filter(|read| read.desktop == desktop) else {
        return Err(EngineError::Foreign { name });
    };
    let (Some(id), Some(state)) = (&found.id, &found.state) else {
        return Err(unlike("an inspection"));
    };
    let phase = phase(state)?;
    let endpoint = match (&found.network_settings, phase) {
        (Some(settings), Phase::Running) => endpoint(settings, read.port, instance, route),
        _ => None,
    };
    Ok(Observed {
        container: ContainerId(id.clone()),
        generation: read.generation,
        image: image_id(found.image.as_deref())?,
        phase,
        started_at: state.started_at.as_deref().and_then(moment),
        endpoint,
    })
}

fn phase(state: &ContainerState) -> Result<Phase, EngineError> {
    let exited =
        Phase::Exited { code: state.exit_code.unwrap_or_default(), out_of_memory: state.oom_killed == Some(true) };
    match state.status {
        Some(ContainerStateStatusEnum::CREATED) => Ok(Phase::Created),
        // Of the newest engines: it was told to stop and its first process still runs.
        Some(ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::STOPPING) => Ok(Phase::Running),
        Some(ContainerStateStatusEnum::PAUSED) => Ok(Phase::Paused),
        Some(ContainerStateStatusEnum::REMOVING) => Ok(Phase::Removing),
        // `dead`: a removal failed half-way, and the next one may succeed. `restarting`: somebody gave it a restart
        // policy; between two runs its process has ended.
        Some(
            ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD | ContainerStateStatusEnum::RESTARTING,
        ) => Ok(exited),
        Some(ContainerStateStatusEnum::EMPTY) | None => Err(unlike("a container's state")),
    }
}

/// Where a running container answers: only ever on a network of ours, whatever else it was connected to.
fn endpoint(settings: &NetworkSettings, port: u16, instance: InstallationId, route: Route) -> Option<Endpoint> {
    match route {
        Route::Address => {
            let networks = settings.networks.as_ref()?;
            let ours = Network::ALL.iter().find_map(|network| networks.get(&network::name(instance, *network)))?;
            let address: IpAddr = ours.ip_address.as_deref()?.parse().ok()?;
            Some(Endpoint { address, port })
        }
        Route::Port => {
            let bound = settings.ports.as_ref()?.get(&format!("{port}/tcp"))?.as_ref()?;
            bound.iter().find_map(|binding| {
                let address: IpAddr = binding.host_ip.as_deref()?.parse().ok()?;
                let port = binding.host_port.as_deref()?.parse().ok()?;
                address.is_loopback().then_some(Endpoint { address, port })
            })
        }
    }
}

/// The processor time that a container has used; nothing if it does not run any more.
pub(super) fn cpu_time(found: &ContainerStatsResponse) -> Option<Duration> {
    found.cpu_stats.as_ref()?.cpu_usage.as_ref()?.total_usage.map(Duration::from_nanos)
}

/// One line of a listing; nothing if its labels are not ours after all.
pub(super) fn listed(found: ContainerSummary, instance: InstallationId) -> Option<Listed> {
    let read = labels::read(found.labels.as_ref(), instance)?;
    let condition = match found.state? {
        ContainerSummaryStateEnum::CREATED => Condition::Created,
        ContainerSummaryStateEnum::RUNNING | ContainerSummaryStateEnum::STOPPING => Condition::Running,
        ContainerSummaryStateEnum::PAUSED => Condition::Paused,
        ContainerSummaryStateEnum::REMOVING => Condition::Removing,
        ContainerSummaryStateEnum::EXITED
        | ContainerSummaryStateEnum::DEAD
        | ContainerSummaryStateEnum::RESTARTING
        | ContainerSummaryStateEnum::EMPTY => Condition::Exited,
    };
    Some(Listed {
        desktop: read.desktop,
        container: ContainerId(found.id?),
        generation: read.generation,
        template: read.template,
        owner: read.owner,
        created_at: DateTime::from_timestamp(found.created?, 0)?,
        condition,
    })
}

/// An image as inspected.
pub(super) fn image(found: ImageInspect) -> Result<Image, EngineError> {
    Ok(Image {
        id: image_id(found.id.as_deref())?,
        references: named(found.repo_tags.unwrap_or_default()),
        digests: named(found.repo_digests.unwrap_or_default()),
        labels: found.config.and_then(|config| config.labels).unwrap_or_default().into_iter().collect(),
        size_bytes: count(found.size),
    })
}

/// An image as listed.
pub(super) fn listed_image(found: ImageSummary) -> Result<Image, EngineError> {
    Ok(Image {
        id: image_id(Some(&found.id))?,
        references: named(found.repo_tags),
        digests: named(found.repo_digests),
        labels: found.labels.into_iter().collect(),
        size_bytes: count(Some(found.size)),
    })
}

fn image_id(id: Option<&str>) -> Result<ImageId, EngineError> {
    id.and_then(|id| id.parse().ok()).ok_or_else(|| unlike("an image's id"))
}

/// Older engines list an image without names as `<none>:<none>`.
fn named(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| !name.contains("<none>"));
    names
}

/// What the engine says of itself.
pub(super) fn info(version: SystemVersion, system: SystemInfo) -> EngineInfo {
    EngineInfo {
        lacks: lacks(&version, &system),
        storage_driver: system.driver.unwrap_or_default(),
        cgroup_version: system.cgroup_version.map(|version| version.to_string()).unwrap_or_default(),
        name: system.name.unwrap_or_default(),
        version: version.version.unwrap_or_default(),
        api_version: version.api_version.unwrap_or_default(),
        cpus: u32::try_from(count(system.ncpu)).unwrap_or(u32::MAX),
        memory_bytes: count(system.mem_total),
        live_restore: system.live_restore_enabled == Some(true),
        clock: system.system_time.as_deref().and_then(moment),
    }
}

fn count(number: Option<i64>) -> u64 {
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
}

/// What an engine lacks to hold desktops to their limits, each with what to do; nothing if it is fit.
pub(super) fn lacks(version: &SystemVersion, system: &SystemInfo) -> Vec<&'static str> {
    let seccomp = system
        .security_options
        .iter()
        .flatten()
        .any(|option| option.starts_with("name=seccomp") && !option.contains("unconfined"));
    [
        (api_at_least(version, (1, 41)), "Docker 20.10 or newer is needed"),
        (system.os_type.as_deref() == Some("linux"), "its containers are not Linux"),
        (system.memory_limit == Some(true), "it cannot limit memory: enable the kernel's memory cgroup"),
        (system.pids_limit == Some(true), "it cannot limit processes: enable the kernel's pids cgroup"),
        (system.cpu_cfs_quota == Some(true), "it cannot limit processors: enable the kernel's cpu cgroup"),
        (seccomp, "it filters no system calls: enable seccomp"),
    ]
    .into_iter()
    .filter_map(|(holds, otherwise)| (!holds).then_some(otherwise))
    .collect()
}

fn api_at_least(version: &SystemVersion, least: (u32, u32)) -> bool {
    let Some((major, minor)) = version.api_version.as_deref().and_then(|text| text.split_once('.')) else {
        return false;
    };
    matches!((major.parse(), minor.parse()), (Ok(major), Ok(minor)) if (major, minor) >= least)
}

/// A moment in RFC 3339; the engine's zero, year 1, is none.
fn moment(text: &str) -> Option<Timestamp> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    // engines tell nanoseconds, databases keep microseconds: what is stored has to equal what is seen again
    (moment > Timestamp::UNIX_EPOCH).then_some(moment.trunc_subsecs(6))
}

/// The engine answered in a form that no engine we know has.
fn unlike(what: &str) -> EngineError {
    EngineError::Refused { detail: one_line(&format!("the engine's answer is not like {what}")) }
}

/// The labels that events bear among their attributes.
pub(super) fn desktop_of(attributes: &HashMap<String, String>) -> Option<DesktopId> {
    attributes.get(labels::DESKTOP)?.parse().ok()
}

#[cfg(test)]
mod tests;
