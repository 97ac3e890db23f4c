use std::time::Duration;

use async_trait::async_trait;
use domain::{DesktopId, Timestamp, desktop::Phase};
use futures::{StreamExt, future::BoxFuture};
use tokio::time::{Instant, timeout};

use super::{Call, FakeEngine, When};
use crate::{
    Engine, EngineError, HintKind, Launch,
    conformance::{Bed, Deed, launch},
};

const IMAGE: &str = "pult/tiny:latest";

struct FakeBed(FakeEngine);

#[async_trait]
impl Bed for FakeBed {
    fn engine(&self) -> &dyn Engine {
        &self.0
    }

    fn launch(&self) -> Launch {
        launch(IMAGE)
    }

    fn folder(&self) -> (&'static str, &'static str) {
        ("/usr/share/novnc", "vnc.html")
    }

    async fn containers(&self) -> usize {
        self.0.list().await.expect("a listing").len()
    }

    async fn meddle(&self, desktop: DesktopId, deed: Deed) {
        self.0.meddle(desktop, deed);
    }

    async fn squatter_is_untouched(&self, desktop: DesktopId) -> bool {
        self.0.world().squatters.contains(&desktop)
    }
}

fn fake() -> FakeEngine {
    let engine = FakeEngine::new(&[IMAGE], Timestamp::UNIX_EPOCH);
    // as much of an archive as the laws look at
    let head = [b"./vnc.html".as_slice(), &[0; 247], b"ustar"].concat();
    engine.put_folder(IMAGE, "/usr/share/novnc", head);
    engine
}

async fn with_bed(law: impl for<'a> FnOnce(&'a dyn Bed) -> BoxFuture<'a, ()>) {
    law(&FakeBed(fake())).await;
}

crate::conformance!(with_bed);

fn unreachable() -> EngineError {
    EngineError::Unreachable { detail: "as steered".to_owned() }
}

#[tokio::test]
async fn a_fault_comes_once_before_or_after_the_effect() {
    let (engine, launch) = (fake(), launch(IMAGE));
    engine.fail_next(Call::Create, When::Before, unreachable());
    engine.fail_next(Call::Create, When::After, unreachable());
    assert_eq!(engine.create(&launch).await, Err(unreachable()));
    assert_eq!(engine.inspect(launch.desktop).await, Ok(None), "before");
    assert_eq!(engine.create(&launch).await, Err(unreachable()));
    let made = engine.inspect(launch.desktop).await.expect("it answers").expect("it was made all the same");
    assert_eq!(engine.create(&launch).await, Ok(made.container));
    assert_eq!(engine.count(Call::Create), 3);
}

#[tokio::test(start_paused = true)]
async fn effects_take_their_time_and_happen_though_nobody_waits() {
    let (engine, launch) = (fake(), launch(IMAGE));
    engine.slow_down(Call::Create, Duration::from_secs(2), Duration::from_secs(3));
    let (began, at) = (Instant::now(), engine.now());
    engine.create(&launch).await.expect("it is made");
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert_eq!((engine.now() - at).num_seconds(), 5);

    let impatient = crate::conformance::launch(IMAGE);
    timeout(Duration::from_secs(1), engine.create(&impatient)).await.expect_err("nobody waits so long");
    assert_eq!(engine.inspect(impatient.desktop).await, Ok(None), "not yet");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(engine.inspect(impatient.desktop).await.expect("it answers").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_frozen_engine_is_given_up_after_the_deadline() {
    let engine = fake();
    engine.slow_down(Call::Ping, Duration::from_hours(1), Duration::ZERO);
    let began = Instant::now();
    assert!(engine.ping().await.expect_err("no answer").is_passing());
    assert_eq!(began.elapsed(), Duration::from_secs(30));
}

#[tokio::test]
async fn an_engine_that_goes_down_ends_hints_and_keeps_its_containers() {
    let (engine, launch) = (fake(), launch(IMAGE));
    engine.create(&launch).await.expect("it is made");
    engine.start(launch.desktop).await.expect("it starts");
    let mut hints = engine.hints().await.expect("a subscription");
    engine.go_down();
    assert!(matches!(hints.next().await, Some(Err(EngineError::Unreachable { .. }))));
    assert_eq!(hints.next().await, None);
    assert!(engine.list().await.expect_err("it is down").is_passing());
    engine.end(launch.desktop, 0, true);
    engine.come_up();
    let seen = engine.inspect(launch.desktop).await.expect("it answers").expect("it is there");
    assert_eq!(seen.phase, Phase::Exited { code: 0, out_of_memory: true }, "and nobody was told");
}

#[tokio::test]
async fn a_freed_address_goes_to_the_next_container() {
    let engine = fake();
    let (first, second) = (launch(IMAGE), launch(IMAGE));
    let mut endpoints = Vec::new();
    for launch in [&first, &second] {
        engine.create(launch).await.expect("it is made");
        engine.start(launch.desktop).await.expect("it starts");
        endpoints.push(engine.inspect(launch.desktop).await.expect("it answers").expect("it is there").endpoint);
        engine.end(launch.desktop, 0, false);
    }
    assert!(endpoints[0].is_some());
    assert_eq!(endpoints[0], endpoints[1]);
}

#[tokio::test]
async fn lost_hints_leave_no_sign() {
    let (engine, launch) = (fake(), launch(IMAGE));
    let mut hints = engine.hints().await.expect("a subscription");
    engine.lose_hints(true);
    engine.create(&launch).await.expect("it is made");
    engine.lose_hints(false);
    engine.start(launch.desktop).await.expect("it starts");
    let told = hints.next().await.expect("it goes on").expect("a hint");
    assert_eq!((told.desktop, told.kind), (launch.desktop, HintKind::Started));
}
