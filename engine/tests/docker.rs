//! The real engine: the laws, and what only a kernel can show.
//!
//! It runs against the engine at `DOCKER_HOST` and needs the image `pult/tiny:latest` there. Each test is an
//! installation of its own and leaves nothing behind.

use std::{fs, time::Duration};

use bollard::{
    models::{ContainerCreateBody, NetworkCreateRequest},
    query_parameters::{CreateContainerOptions, InspectNetworkOptions},
};
use domain::{
    DesktopId,
    desktop::{Endpoint, Phase},
};
use engine::{
    Engine, EngineError, HintKind, Launch, Mount, Network, Route,
    conformance::{Bed, launch},
};
use futures::{StreamExt, TryStreamExt, future::join_all};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use self::bed::{DockerBed, IMAGE, no_new_networks, on_bed, with_bed};

#[path = "docker/bed.rs"]
mod bed;

engine::conformance!(with_bed);

const PATIENCE: Duration = Duration::from_mins(1);

async fn endpoint(bed: &DockerBed, desktop: DesktopId) -> Endpoint {
    let seen = bed.engine.inspect(desktop).await.expect("the engine answers").expect("a container");
    seen.endpoint.unwrap_or_else(|| panic!("{:?} has no address", seen.phase))
}

/// Waits until the host reaches a desktop.
async fn answers(bed: &DockerBed, desktop: DesktopId) -> Endpoint {
    let (endpoint, deadline) = (endpoint(bed, desktop).await, Instant::now() + PATIENCE);
    while TcpStream::connect((endpoint.address, endpoint.port)).await.is_err() {
        assert!(Instant::now() < deadline, "nothing listens at {endpoint}");
        sleep(Duration::from_millis(50)).await;
    }
    endpoint
}

/// Whether a desktop reaches an address.
async fn reaches(bed: &DockerBed, from: DesktopId, to: Endpoint) -> bool {
    let line = format!("timeout 1 bash -c 'exec 3<>/dev/tcp/{}/{}' && echo reached", to.address, to.port);
    bed.run(from, &line).await.contains("reached")
}

fn on(network: Network) -> Launch {
    Launch { network, ..launch(IMAGE) }
}

#[tokio::test]
async fn inside_there_is_a_user_without_rights_and_with_limits() {
    on_bed(Route::Address, |bed| {
        Box::pin(async move {
            let launch = Launch { scratch: vec!["/home/kasm-user".to_owned()], ..launch(IMAGE) };
            bed.started(&launch).await;
            let status = bed.run(launch.desktop, "cat /proc/self/status").await;
            for line in ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
                assert!(status.contains(line), "{line} in {status}");
            }
            let said =
                bed.run(launch.desktop, "id -u; id -g; cat /proc/1/comm; cat /proc/1/oom_score_adj; hostname").await;
            assert_eq!(
                said.split_whitespace().collect::<Vec<_>>(),
                ["1000", "1000", "docker-init", "500", "anna-tiny"]
            );
            let limits = bed.run(launch.desktop, "ulimit -Hn; ulimit -Hc; ulimit -Sn").await;
            assert_eq!(limits.split_whitespace().collect::<Vec<_>>(), ["8192", "0", "8192"]);
            let env = bed.run(launch.desktop, "echo $VNC_PW-$USER-$VNC_USER").await;
            assert_eq!(env.trim(), "a secret of its own-anna-kasm_user");
            for folder in ["/tmp", "/run", "/home/kasm-user", "/dev/shm"] {
                let said = bed.run(launch.desktop, &format!("touch {folder}/x && echo written")).await;
                assert_eq!(said.trim(), "written", "{folder}");
            }
            for folder in ["/", "/usr", "/etc", "/var", "/proc/sys/kernel", "/sys/fs/cgroup"] {
                let said = bed.run(launch.desktop, &format!("touch {folder}/x && echo written")).await;
                assert!(!said.contains("written"), "{folder}: {said}");
            }
            let run = bed
                .run(
                    launch.desktop,
                    "cp /bin/true /run/true && /run/true; cp /bin/true /tmp/true && /tmp/true && echo ran",
                )
                .await;
            assert!(
                run.contains("Permission denied") && run.contains("ran"),
                "/run is not for programs, /tmp is: {run}"
            );
        })
    })
    .await;
}

#[tokio::test]
async fn forks_end_at_their_limit() {
    on_bed(Route::Address, |bed| {
        Box::pin(async move {
            let launch = launch(IMAGE);
            bed.started(&launch).await;
            answers(bed, launch.desktop).await;
            let said = bed.run(launch.desktop, "for i in $(seq 100); do sleep 5 & done; echo all").await;
            assert!(said.contains("fork") && !said.contains("all"), "{said}");
        })
    })
    .await;
}

#[tokio::test]
async fn memory_ends_at_its_limit_and_the_kernels_deed_is_told() {
    on_bed(Route::Address, |bed| {
        Box::pin(async move {
            let launch = launch(IMAGE);
            let mut hints = bed.engine.hints().await.expect("a subscription");
            bed.started(&launch).await;
            answers(bed, launch.desktop).await;
            let hog = bed.run(launch.desktop, "python3 -c 'bytearray(1 << 30)'; echo ended with $?").await;
            assert!(hog.contains("ended with 137"), "{hog}");
            let told = async {
                while let Some(hint) = hints.next().await {
                    if hint.expect("a hint").kind == HintKind::OutOfMemory {
                        return;
                    }
                }
                panic!("the hints ended");
            };
            timeout(PATIENCE, told).await.expect("it is hinted");
            bed.engine.stop(launch.desktop, Duration::from_secs(5)).await.expect("it stops");
            let seen = bed.engine.inspect(launch.desktop).await.expect("it answers").expect("it is there");
            assert!(matches!(seen.phase, Phase::Exited { out_of_memory: true, .. }), "{:?}", seen.phase);
        })
    })
    .await;
}

#[tokio::test]
async fn the_host_reaches_every_desktop_and_desktops_reach_none() {
    on_bed(Route::Address, |bed| {
        Box::pin(async move {
            let networks = [Network::Routed, Network::Routed, Network::Internal, Network::Internal];
            let desktops = networks.map(on);
            let mut endpoints = Vec::new();
            for launch in &desktops {
                bed.started(launch).await;
            }
            for launch in &desktops {
                endpoints.push(answers(bed, launch.desktop).await);
            }
            let _still = no_new_networks().await;
            for (from, own) in desktops.iter().zip(&endpoints) {
                let reached = join_all(endpoints.iter().map(|to| reaches(bed, from.desktop, *to))).await;
                // A desktop reaches itself, so the probe works.
                let itself: Vec<_> = endpoints.iter().map(|to| to == own).collect();
                assert_eq!(reached, itself, "from {own}, {:?}", from.network);
            }
            let name = bed.run(desktops[2].desktop, "getent hosts example.com || echo unknown").await;
            assert_eq!(name.trim(), "unknown", "no way out by names");
        })
    })
    .await;
}

#[tokio::test]
async fn by_port_a_desktop_answers_on_loopback_alone() {
    on_bed(Route::Port, |bed| {
        Box::pin(async move {
            let launch = launch(IMAGE);
            bed.started(&launch).await;
            let endpoint = answers(bed, launch.desktop).await;
            assert!(endpoint.address.is_loopback() && endpoint.port >= 1024, "{endpoint}");
            let refused = bed.engine.create(&on(Network::Internal)).await;
            assert!(matches!(refused, Err(EngineError::OutOfBounds { field: "network", .. })), "{refused:?}");
        })
    })
    .await;
}

#[tokio::test]
async fn a_mount_is_what_it_says_and_is_never_made_up() {
    on_bed(Route::Address, |bed| {
        Box::pin(async move {
            let folder = |name: &str| bed.storage.path().join(name);
            for name in ["home", "shared"] {
                fs::create_dir(folder(name)).expect("a folder");
                std::os::unix::fs::chown(folder(name), Some(1000), Some(1000)).expect("its owner");
            }
            fs::write(folder("shared").join("sheet"), "read me").expect("a file");
            let mount = |name: &str, target: &str, read_only| Mount {
                source: folder(name),
                target: target.to_owned(),
                read_only,
            };
            let mounts =
                vec![mount("home", "/home/kasm-user", false), mount("shared", "/home/kasm-user/Public/shared", true)];
            let launch = Launch { mounts, ..launch(IMAGE) };
            bed.started(&launch).await;
            let said = bed
                .run(launch.desktop, "cd; echo mine > file; cat Public/shared/sheet; echo x > Public/shared/x")
                .await;
            assert!(said.contains("read me") && said.contains("Read-only"), "{said}");
            assert_eq!(fs::read_to_string(folder("home").join("file")).expect("it is on the host"), "mine\n");

            let nowhere = Launch { mounts: vec![mount("nowhere", "/home/kasm-user", false)], ..self::launch(IMAGE) };
            let refused = bed.engine.create(&nowhere).await;
            assert!(matches!(refused, Err(EngineError::Refused { .. })), "{refused:?}");
            assert!(!folder("nowhere").exists(), "and it was not made");
        })
    })
    .await;
}

#[tokio::test]
async fn a_network_that_was_taken_away_is_made_again() {
    on_bed(Route::Address, |bed| {
        Box::pin(async move {
            let network = format!("pult-{}-internet", &bed.instance.to_string()[28..]);
            let (used, fresh) = (launch(IMAGE), launch(IMAGE));
            bed.started(&used).await;
            bed.engine.stop(used.desktop, Duration::from_secs(5)).await.expect("it stops");
            bed.docker.remove_network(&network).await.expect("it is taken away");
            bed.started(&fresh).await;
            // This one remembers the id of the network that is gone.
            bed.engine.start(used.desktop).await.expect("it starts again");
            let endpoints = (answers(bed, used.desktop).await, answers(bed, fresh.desktop).await);
            assert_ne!(endpoints.0, endpoints.1);
            assert!(!reaches(bed, fresh.desktop, endpoints.0).await, "and its walls are there");
        })
    })
    .await;
}

#[tokio::test]
async fn a_network_of_our_name_that_is_not_ours_is_not_used() {
    on_bed(Route::Address, |bed| {
        Box::pin(async move {
            let name = format!("pult-{}-none", &bed.instance.to_string()[28..]);
            bed.docker.remove_network(&name).await.expect("it is taken away");
            let labels = [("pult.test.stranger-of".to_owned(), bed.instance.to_string())];
            let open = NetworkCreateRequest {
                name: name.clone(),
                labels: Some(labels.into()),
                ..NetworkCreateRequest::default()
            };
            bed.docker.create_network(open).await.expect("a stranger's network");
            assert_eq!(bed.engine.prepare().await, Err(EngineError::Foreign { name: name.clone() }));
            bed.docker.inspect_network(&name, None::<InspectNetworkOptions>).await.expect("it is still there");
        })
    })
    .await;
}

#[tokio::test]
async fn two_that_prepare_at_once_make_one_pair_of_networks() {
    on_bed(Route::Address, |bed| {
        Box::pin(async move {
            for kind in ["internet", "none"] {
                let name = format!("pult-{}-{kind}", &bed.instance.to_string()[28..]);
                bed.docker.remove_network(&name).await.expect("it is taken away");
            }
            let prepared = join_all((0..8).map(|_| bed.engine.prepare())).await;
            assert!(prepared.iter().all(Result::is_ok), "{prepared:?}");
            let networks = bed.docker.list_networks(None).await.expect("networks");
            let tail = bed.instance.to_string()[28..].to_owned();
            let ours = networks.iter().filter(|found| found.name.as_ref().is_some_and(|name| name.contains(&tail)));
            assert_eq!(ours.count(), 2);
        })
    })
    .await;
}

#[tokio::test]
async fn what_a_crash_left_of_a_reading_is_taken_away_and_a_reading_under_way_is_not() {
    on_bed(Route::Address, |bed| {
        Box::pin(async move {
            let labels = [("managed", "true"), ("instance", &bed.instance.to_string()), ("reader", "true")]
                .map(|(name, value)| (format!("pult.{name}"), value.to_owned()));
            let left = ContainerCreateBody {
                image: Some(IMAGE.to_owned()),
                labels: Some(labels.into()),
                ..ContainerCreateBody::default()
            };
            bed.docker.create_container(None::<CreateContainerOptions>, left).await.expect("what a crash left");
            let whole: Vec<_> = bed.engine.folder(IMAGE, "/usr/share/novnc").try_collect().await.expect("an archive");
            let mut archive = bed.engine.folder(IMAGE, "/usr/share/novnc");
            let first = archive.next().await.expect("a first piece").expect("without an error");
            assert_eq!(bed.containers().await, 2);
            bed.engine.prepare().await.expect("it is fit");
            assert_eq!(bed.containers().await, 1);
            assert_eq!(bed.engine.list().await, Ok(Vec::new()), "and neither is anybody's desktop");
            let rest: Vec<_> = archive.try_collect().await.expect("it goes on");
            assert!([vec![first], rest].concat().concat() == whole.concat(), "to its end");
            assert_eq!(bed.containers().await, 0);
        })
    })
    .await;
}
