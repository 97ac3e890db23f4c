//! The engine goes away and comes back, as it does with every update of Docker.

use std::time::Instant;

use reqwest::StatusCode;

use crate::support::{PrivateEngine, Pult, Rfb, Setup, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn starts_wait_for_an_engine_that_is_away_and_everything_converges() {
    let engine = PrivateEngine::start("engine", &Setup::default());
    engine.load("pult/tiny:latest");
    let pult = Pult::on(engine.engine(), &[]).await;
    let pupil = pult.person("schueler", "student");
    let other = pult.person("andere", "student");
    let events = pupil.events().await;
    let desktop = pupil.running("tiny").await;

    let away = Instant::now();
    engine.stop();
    let noticed = events.after(away, "the page says so", |event| event.data["code"] == "engine_unreachable").await;
    println!("engine stopped: the page says so after {noticed:.1?}, the engine's own end included");
    let status = pupil.json("/api/v1/status").await;
    assert_eq!(status["engine"]["reachable"], false);
    // a wish is taken all the same
    let (wished, waiting) = other.want("tiny").await;
    assert_eq!(wished, StatusCode::ACCEPTED);

    engine.start_again();
    let back = Instant::now();
    events.after(away, "the page says so", |event| event.data["code"] == "engine_back").await;
    // without live-restore the containers have ended with the engine: the row is right, and one click brings it back
    let stopped = pupil.until(&desktop, "stopped").await;
    println!("engine back: the row is right after {:.1?}", back.elapsed());
    assert_eq!(stopped.text("reason"), "stopped_outside");
    other.until(&waiting, "running").await;
    println!("engine back: the waiting start runs after {:.1?}", back.elapsed());
    assert_eq!(pult.engine.containers_of(waiting.id()), [waiting.container()]);
    pupil.tell(&desktop, "start").await;
    pupil.until(&desktop, "running").await;
    Rfb::open(&pupil, &desktop).await.expect("a stream");
    eventually("the status is well", || async {
        (pupil.json("/api/v1/status").await["engine"]["reachable"] == true).then_some(())
    })
    .await;
    drop(pult);
}
