//! Starts that cannot go well, and desktops that lose what they stand on: each says why, and one click mends it once the
//! cause is gone.

use std::time::Instant;

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Desktop, Engine, PrivateEngine, Pult, Rfb, Setup, TestImage, eventually};

/// Whether a desktop's container runs.
fn runs(engine: &Engine, desktop: &Desktop) -> bool {
    engine.inspect(&desktop.container(), "{{.State.Running}}") == "true"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_deletes_nothing_and_once_there_is_room_one_click_is_enough() {
    let private = PrivateEngine::start("disk", &Setup { disk_mb: Some(1000), ..Setup::default() });
    private.load("pult/tiny:latest");
    let pult = Pult::on(private.engine(), &[]).await;
    let [runs_on, rests, comes] = ["eins", "zwei", "drei"].map(|name| pult.person(name, "student"));
    let (running, resting) = (runs_on.running("tiny").await, rests.running("tiny").await);
    rests.tell(&resting, "stop").await;
    rests.until(&resting, "stopped").await;

    // ends when nothing more can be written
    let fill = ["run", "--name=filler", "--user=0", "--volume=/full", "--entrypoint=dd", "pult/tiny:latest"];
    let filled = pult.engine.try_docker(&[&fill[..], &["if=/dev/zero", "of=/full/zeros", "bs=64K"]].concat());
    assert!(String::from_utf8_lossy(&filled.stderr).contains("No space left on device"), "{filled:?}");

    let everything = |engine: &Engine| (engine.docker(&["ps", "-aq"]), engine.docker(&["images", "-q"]));
    let before = everything(&pult.engine);
    let (_, wanted) = comes.want("tiny").await;
    let failed = comes.until(&wanted, "failed").await;
    println!("no room: {}", failed.text("why"));
    assert_eq!(failed.text("reason"), "disk_full");
    assert!(failed.text("why").contains("make room"), "{}", failed.text("why"));
    // one that has its container needs little or no room: it runs, or says the same
    rests.tell(&resting, "start").await;
    let settled = eventually("the other start is decided", || async {
        rests.look(&resting).await.filter(|desktop| ["running", "failed"].contains(&desktop.state()))
    })
    .await;
    println!("no room: one with a container is {} {}", settled.state(), settled.text("reason"));
    assert!(settled.state() == "running" || settled.text("reason") == "disk_full", "{}", settled.text("why"));
    let after = everything(&pult.engine);
    assert!(before.0.lines().all(|container| after.0.contains(container)), "no container was removed");
    assert_eq!(after.1, before.1, "no image was removed");
    assert_eq!(runs_on.page(&running, "vnc.html").await, StatusCode::OK);

    pult.engine.docker(&["rm", "--volumes", "filler"]);
    for (pupil, desktop) in [(&comes, &wanted), (&rests, &resting)] {
        pupil.tell(desktop, "start").await;
        pupil.until(desktop, "running").await;
        assert_eq!(pult.engine.containers_of(desktop.id()), [desktop.container()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_missing_is_told_and_once_it_is_there_one_click_is_enough() {
    let pult = Pult::with(&[("engine.max_concurrent_starts", "1")]).await;
    let admin = pult.person("admin", "admin");
    let mute = TestImage::build(&pult.engine, "mute", "ENTRYPOINT [\"sleep\", \"infinity\"]");
    let image = TestImage::build(&pult.engine, "vanishes", "LABEL vanishes=yes");
    admin.offer(&json!({ "slug": "mute", "name": "Mute", "image": mute.name })).await;
    admin
        .offer(&json!({ "slug": "vanishes", "name": "Vanishes", "image": image.name, "health_path": "/vnc.html" }))
        .await;
    let [first, second] = ["eins", "zwei"].map(|name| pult.person(name, "student"));

    // it goes between the wish and the start: somebody else is on their way, and one starts at a time
    let (_, ahead) = first.want("mute").await;
    first.until(&ahead, "starting").await;
    let (_, desktop) = second.want("vanishes").await;
    second.until(&desktop, "queued").await;
    let id = pult.engine.docker(&["inspect", "--format", "{{.Id}}", &image.name]);
    let kept = format!("pult-test/kept-{}:latest", std::process::id());
    pult.engine.docker(&["tag", &id, &kept]);
    image.remove();
    first.tell(&ahead, "stop").await;
    let failed = second.until(&desktop, "failed").await;
    assert_eq!(failed.text("reason"), "image_missing");
    assert!(failed.text("why").contains(&image.name), "{}", failed.text("why"));
    assert!(pult.engine.containers_of(desktop.id()).is_empty());
    // still missing: the same again
    second.tell(&desktop, "start").await;
    second.until(&desktop, "failed").await;

    pult.engine.docker(&["tag", &kept, &image.name]);
    pult.engine.docker(&["rmi", &kept]);
    second.tell(&desktop, "start").await;
    second.until(&desktop, "running").await;
    Rfb::open(&second, &desktop).await.expect("a stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_without_memory_says_so_and_one_click_brings_it_back() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    let small = json!({
        "slug": "small", "name": "Small", "image": "pult/tiny:latest", "memory_mb": 192, "health_path": "/vnc.html",
    });
    admin.offer(&small).await;
    let pupil = pult.person("schueler", "student");
    let desktop = pupil.running("small").await;
    let container = desktop.container();

    // a program that takes too much is ended, and nothing else
    pult.engine.try_docker(&["exec", &container, "tail", "/dev/zero"]);
    assert_eq!(pupil.page(&desktop, "vnc.html").await, StatusCode::OK);
    assert_eq!(pupil.look(&desktop).await.expect("it is there").state(), "running");

    // many take a little each, and the kernel chooses what the desktop cannot live without: then the desktop ends
    let choose = "echo 1000 >/proc/$(pidof Xtigervnc)/oom_score_adj";
    let little = "sh -c 'x=$(head -c 8000000 /dev/zero | tr \\\\0 x); sleep 60' &";
    let take = format!("{choose}; for n in $(seq 40); do {little} done; wait");
    pult.engine.try_docker(&["exec", &container, "sh", "-c", &take]);
    let failed = pupil.until(&desktop, "failed").await;
    println!("out of memory: {}", failed.text("why"));
    assert_eq!(failed.text("reason"), "out_of_memory");
    eventually("the route follows", || async {
        (pupil.page(&desktop, "vnc.html").await == StatusCode::CONFLICT).then_some(())
    })
    .await;
    pupil.tell(&desktop, "start").await;
    pupil.until(&desktop, "running").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_that_dies_at_its_start_is_tried_three_times_and_then_says_so() {
    let pult = Pult::start().await;
    let admin = pult.person("admin", "admin");
    let image = TestImage::build(&pult.engine, "dies", "ENTRYPOINT [\"/bin/sh\", \"-c\", \"echo tried; exit 1\"]");
    admin.offer(&json!({ "slug": "dies", "name": "Dies", "image": image.name })).await;
    let began = Instant::now();
    let (_, desktop) = admin.want("dies").await;
    let failed = admin.until(&desktop, "failed").await;
    println!("dies at its start: given up after {:.1?}: {}", began.elapsed(), failed.text("why"));
    assert_eq!(failed.text("reason"), "crashed");
    assert!(!runs(&pult.engine, &desktop));
    assert_eq!(pult.engine.docker(&["logs", &desktop.container()]).lines().count(), 3, "as often as the policy says");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_that_never_answers_is_given_up_and_not_left_running() {
    let pult = Pult::with(&[("desktop.ready_within", "4s")]).await;
    let admin = pult.person("admin", "admin");
    let image = TestImage::build(&pult.engine, "never", "ENTRYPOINT [\"sleep\", \"infinity\"]");
    admin.offer(&json!({ "slug": "never", "name": "Never", "image": image.name })).await;
    let began = Instant::now();
    let (_, desktop) = admin.want("never").await;
    let failed = admin.until(&desktop, "failed").await;
    println!("never answers: given up after {:.1?}: {}", began.elapsed(), failed.text("why"));
    assert_eq!(failed.text("reason"), "never_ready");
    assert!(failed.text("why").contains("4 seconds"), "{}", failed.text("why"));
    assert!(!runs(&pult.engine, &desktop));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_whose_network_is_taken_away_is_put_back_and_never_ends() {
    let pult = Pult::start().await;
    let pupil = pult.person("schueler", "student");
    let desktop = pupil.running("tiny").await;
    let container = desktop.container();
    let network = pult.engine.inspect(&container, "{{.HostConfig.NetworkMode}}");
    let started = pult.engine.inspect(&container, "{{.State.StartedAt}}");
    let unplug = || pult.engine.docker(&["network", "disconnect", "--force", &network, &container]);
    let remove = || pult.engine.docker(&["network", "rm", &network]);
    for removed in [false, true] {
        let cut = Instant::now();
        unplug();
        if removed {
            // it may be put back before the network can be removed
            while !pult.engine.try_docker(&["network", "rm", &network]).status.success() {
                pult.engine.try_docker(&["network", "disconnect", "--force", &network, &container]);
            }
        }
        // without anybody asking for it
        eventually("the desktop is put back", || async {
            (pult.engine.inspect(&container, "{{len .NetworkSettings.Networks}}") == "1").then_some(())
        })
        .await;
        println!("network {}: put back after {:.1?}", if removed { "removed" } else { "disconnected" }, cut.elapsed());
        eventually("the desktop is reached again", || async {
            (pupil.page(&desktop, "vnc.html").await == StatusCode::OK).then_some(())
        })
        .await;
        println!("reached again after {:.1?}", cut.elapsed());
        pupil.until(&desktop, "running").await;
        Rfb::open(&pupil, &desktop).await.expect("a stream");
        assert_eq!(pult.engine.inspect(&container, "{{.State.StartedAt}}"), started, "it has never ended");
    }

    // started while it is missing: one that has a container, and one that has none
    pupil.tell(&desktop, "stop").await;
    pupil.until(&desktop, "stopped").await;
    remove();
    pupil.tell(&desktop, "start").await;
    pupil.until(&desktop, "running").await;
    Rfb::open(&pupil, &desktop).await.expect("a stream");
    pupil.tell(&desktop, "stop").await;
    pupil.until(&desktop, "stopped").await;
    remove();
    let other = pult.person("andere", "student");
    let desktop = other.running("tiny").await;
    Rfb::open(&other, &desktop).await.expect("a stream");
}
