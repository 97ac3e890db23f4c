//! What was acknowledged survives the end of the program, whenever that comes.

use std::time::Duration;

use crate::support::{Pult, Rfb};

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_start_survives_a_kill_at_any_moment() {
    let mut pult = Pult::start().await;
    let mut desktops = Vec::new();
    // between the answer and the container, during its making, during its start, and right before it is ready
    for (n, pause) in [0, 20, 60, 150, 400].into_iter().enumerate() {
        let pupil = pult.person(&format!("schueler{n}"), "student");
        let (_, desktop) = pupil.want("tiny").await;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        pult.kill();
        pult.resume().await;
        desktops.push((pupil, desktop));
    }
    for (pupil, desktop) in &desktops {
        pupil.until(desktop, "running").await;
        assert_eq!(pult.engine.containers_of(desktop.id()), [desktop.container()]);
        Rfb::open(pupil, desktop).await.expect("the password in the database is the container's");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn desktops_outlive_the_program() {
    let mut pult = Pult::start().await;
    let pupil = pult.person("schueler", "student");
    let desktop = pupil.running("tiny").await;
    let started = |pult: &Pult| pult.engine.inspect(&desktop.container(), "{{.State.StartedAt}}");
    let before = started(&pult);
    let took = pult.stop();
    println!("stopped in {took:.1?} with one desktop running");
    assert_eq!(pult.engine.inspect(&desktop.container(), "{{.State.Status}}"), "running");
    pult.resume().await;
    assert_eq!(pupil.look(&desktop).await.expect("it is there").state(), "running");
    assert_eq!(started(&pult), before);
    Rfb::open(&pupil, &desktop).await.expect("a stream");
}
