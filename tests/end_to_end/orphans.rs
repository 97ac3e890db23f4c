//! A database that was lost, or is older than the containers.

use std::fs;

use crate::support::{Pult, Rfb, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_before_adopts_what_runs() {
    let mut pult = Pult::start().await;
    let pupil = pult.person("schueler", "student");
    let database = pult.storage().join("data/pult.db");
    pult.stop();
    let backup = fs::read(&database).expect("a database");
    pult.resume().await;
    let desktop = pupil.running("tiny").await;
    let started = pult.engine.inspect(&desktop.container(), "{{.State.StartedAt}}");

    pult.kill();
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", database.display()));
    }
    fs::write(&database, backup).expect("the backup is back");
    pult.resume().await;
    let adopted = eventually("the container is adopted", || async {
        pupil.look(&desktop).await.filter(|desktop| desktop.state() == "running")
    })
    .await;
    assert_eq!(adopted.text("name"), desktop.text("name"));
    assert_eq!(pult.engine.inspect(&desktop.container(), "{{.State.StartedAt}}"), started);
    Rfb::open(&pupil, &adopted).await.expect("its password was learned from the container");
    let audit = pult.person("admin", "admin").json("/api/v1/audit").await;
    assert!(
        audit["items"].as_array().is_some_and(|lines| lines.iter().any(|line| line["action"] == "container.adopt"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_of_nobody_is_left_alone_for_its_time_and_then_removed() {
    let mut pult = Pult::with(&[("reaper.orphan_after", "8s")]).await;
    let instance = pult.instance().expect("it was logged");
    let desktop = "01a1fc59-0000-7000-8000-000000000001";
    let label = |name: &str, value: &str| format!("--label=pult.{name}={value}");
    let foreign = "01a1fc59-0000-7000-8000-00000000ffff";
    for (name, of) in [(desktop, instance.as_str()), (foreign, foreign)] {
        let labels = [
            label("managed", "true"),
            label("instance", of),
            label("desktop", name),
            label("owner", "01a1fc59-0000-7000-8000-000000000002"),
            label("template", "tiny"),
            label("generation", "1"),
            label("port", "6901"),
        ];
        let container = format!("--name=pult-{name}");
        let mut arguments = vec!["create", container.as_str()];
        arguments.extend(labels.iter().map(String::as_str));
        arguments.push("pult/tiny:latest");
        pult.engine.docker(&arguments);
    }
    // the first comparison after a start sees it, and lets it be
    pult.stop();
    pult.resume().await;
    assert_eq!(pult.engine.containers_of(desktop).len(), 1);
    tokio::time::sleep(std::time::Duration::from_secs(9)).await;
    pult.stop();
    pult.resume().await;
    eventually("the container of nobody is removed", || async {
        pult.engine.containers_of(desktop).is_empty().then_some(())
    })
    .await;
    let others = pult.engine.containers_of(foreign);
    pult.engine.remove_all_of(foreign);
    assert_eq!(others.len(), 1, "what another installation made is never touched");
}
