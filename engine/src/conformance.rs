//! The laws of an engine: what [`Engine`] promises, as tests that run against every one of them.
//!
//! An engine joins by a [`Bed`] and one line, `engine::conformance!(with_bed);`, in a file of tests.
#![allow(missing_docs, clippy::missing_panics_doc, reason = "a law's name says what it holds an engine to, by panic")]

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use domain::{
    DesktopId, UserId,
    desktop::{Observed, Phase},
};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep, timeout};

use crate::{Condition, Engine, EngineError, Hint, HintKind, Launch, Network};

/// Long enough for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a container is given to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// An engine of a fresh installation, and a hand in its machine.
#[async_trait]
pub trait Bed: Send + Sync {
    /// The engine, prepared and without containers.
    fn engine(&self) -> &dyn Engine;

    /// A container that runs until it is stopped, and ends within the grace when it is told to.
    fn launch(&self) -> Launch;

    /// A folder of that container's image, and the name of a file that lies right in it.
    fn folder(&self) -> (&'static str, &'static str);

    /// How many containers of this installation there are, whatever for.
    async fn containers(&self) -> usize;

    /// Does something to a desktop's container past the engine's user.
    async fn meddle(&self, desktop: DesktopId, deed: Deed);

    /// Whether the container of [`Deed::Squat`] is as it was made.
    async fn squatter_is_untouched(&self, desktop: DesktopId) -> bool;
}

/// What others do to containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Makes a container of another owner under the desktop's name.
    Squat,
    /// Freezes it.
    Pause,
    /// Takes it off its network while it runs.
    Unplug,
    /// Has a process in it compute without end.
    Spin,
    /// Kills its first process.
    Kill,
    /// Takes it away.
    Remove,
}

/// An ordinary container of an image, small, for a new desktop.
pub fn launch(image: &str) -> Launch {
    Launch {
        desktop: DesktopId::new(),
        generation: 1,
        owner: UserId::new(),
        template: "tiny".to_owned(),
        image: image.to_owned(),
        port: 6901,
        network: Network::Routed,
        resolvers: Vec::new(),
        hostname: "anna-tiny".to_owned(),
        user: "anna".to_owned(),
        vnc_user: "kasm_user".to_owned(),
        vnc_password: SecretString::from("a secret of its own"),
        lang: "C.UTF-8".to_owned(),
        tz: "UTC".to_owned(),
        env: BTreeMap::new(),
        cpus: 1.0,
        memory_mb: 256,
        pids: 64,
        shm_mb: 16,
        mounts: Vec::new(),
        scratch: Vec::new(),
    }
}

/// Makes a test of every law. The argument is a function that makes a bed, hands it to the law, and clears up after
/// it whatever happened: `async fn with_bed(law: impl for<'a> FnOnce(&'a dyn Bed) -> BoxFuture<'a, ()>)`.
#[macro_export]
macro_rules! conformance {
    ($with_bed:path) => {
        $crate::conformance! { $with_bed:
            a_desktop_without_a_container_has_none
            a_container_goes_from_created_over_running_to_exited_and_away
            a_second_create_is_answered_with_the_first_container
            twenty_creates_at_once_make_one_container
            another_generation_is_in_the_way
            starting_stopping_and_removing_may_be_repeated
            a_container_that_is_started_again_has_a_new_start
            what_is_not_there_cannot_be_started_but_is_stopped_and_removed
            a_missing_image_is_named
            a_folder_of_an_image_is_read_whole_and_nothing_is_left_behind
            a_folder_that_is_not_there_is_named
            a_reading_that_is_given_up_leaves_nothing_behind
            a_container_of_somebody_else_is_never_touched
            a_listing_tells_whose_containers_there_are
            a_container_keeps_its_password
            a_container_that_computes_is_told_from_one_that_sleeps
            a_frozen_container_is_seen_and_can_be_stopped
            a_container_off_its_network_has_no_address_and_is_put_back
            a_killed_container_is_seen_with_its_code
            every_change_is_hinted_from_the_subscription_on
            a_reader_that_sleeps_loses_no_desktop
            a_container_without_limits_is_not_made
            preparing_twice_harms_nothing
        }
    };
    ($with_bed:path: $($law:ident)+) => {$(
        #[tokio::test]
        async fn $law() {
            $with_bed(|bed| Box::pin($crate::conformance::$law(bed))).await;
        }
    )+};
}

async fn seen(bed: &dyn Bed, desktop: DesktopId) -> Observed {
    bed.engine().inspect(desktop).await.expect("the engine answers").expect("there is a container")
}

async fn started(bed: &dyn Bed) -> Launch {
    let launch = bed.launch();
    bed.engine().create(&launch).await.expect("it is made");
    bed.engine().start(launch.desktop).await.expect("it starts");
    launch
}

/// Waits for a phase: what is done past the engine's user takes effect in its own time.
async fn comes_to(bed: &dyn Bed, desktop: DesktopId, is: impl Fn(Phase) -> bool) -> Observed {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = seen(bed, desktop).await;
        if is(now.phase) {
            return now;
        }
        assert!(Instant::now() < deadline, "it is still {:?}", now.phase);
        sleep(Duration::from_millis(20)).await;
    }
}

async fn is_gone(bed: &dyn Bed, desktop: DesktopId) {
    let deadline = Instant::now() + PATIENCE;
    while bed.engine().inspect(desktop).await.expect("the engine answers").is_some() {
        assert!(Instant::now() < deadline, "it is still there");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Reads until this hint comes; merged ones before it may be missing.
async fn hears(hints: &mut BoxStream<'static, Result<Hint, EngineError>>, desktop: DesktopId, kind: HintKind) {
    let reading = async {
        loop {
            let hint = hints.next().await.expect("the hints go on").expect("without an error");
            if (hint.desktop, hint.kind) == (desktop, kind) {
                return;
            }
        }
    };
    timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("{kind:?} was never told"));
}

pub async fn a_desktop_without_a_container_has_none(bed: &dyn Bed) {
    assert_eq!(bed.engine().inspect(bed.launch().desktop).await, Ok(None));
    assert_eq!(bed.engine().list().await, Ok(Vec::new()));
}

pub async fn a_container_goes_from_created_over_running_to_exited_and_away(bed: &dyn Bed) {
    let (engine, launch) = (bed.engine(), bed.launch());
    let container = engine.create(&launch).await.expect("it is made");
    let created = seen(bed, launch.desktop).await;
    assert_eq!((created.phase, &created.container), (Phase::Created, &container));
    assert_eq!((created.started_at, created.endpoint, created.generation), (None, None, launch.generation));

    engine.start(launch.desktop).await.expect("it starts");
    let running = seen(bed, launch.desktop).await;
    assert_eq!((running.phase, &running.container), (Phase::Running, &container));
    assert!(running.started_at.is_some() && running.endpoint.is_some(), "{running:?}");

    engine.stop(launch.desktop, GRACE).await.expect("it stops");
    let exited = seen(bed, launch.desktop).await;
    assert!(matches!(exited.phase, Phase::Exited { out_of_memory: false, .. }), "{:?}", exited.phase);
    assert_eq!((exited.endpoint, exited.started_at), (None, running.started_at));

    engine.remove(launch.desktop).await.expect("it is removed");
    is_gone(bed, launch.desktop).await;
}

pub async fn a_second_create_is_answered_with_the_first_container(bed: &dyn Bed) {
    let launch = bed.launch();
    let first = bed.engine().create(&launch).await.expect("it is made");
    assert_eq!(bed.engine().create(&launch).await, Ok(first.clone()));
    bed.engine().start(launch.desktop).await.expect("it starts");
    assert_eq!(bed.engine().create(&launch).await, Ok(first), "also while it runs");
    assert_eq!(seen(bed, launch.desktop).await.phase, Phase::Running);
}

pub async fn twenty_creates_at_once_make_one_container(bed: &dyn Bed) {
    let launch = bed.launch();
    let creates = (0..20).map(|_| bed.engine().create(&launch));
    let mut made = futures::future::try_join_all(creates).await.expect("each is answered with a container");
    made.dedup();
    assert_eq!(made.len(), 1);
    assert_eq!(bed.engine().list().await.expect("a listing").len(), 1);
}

pub async fn another_generation_is_in_the_way(bed: &dyn Bed) {
    let launch = bed.launch();
    bed.engine().create(&launch).await.expect("it is made");
    let next = Launch { generation: launch.generation + 1, ..launch };
    let refused = bed.engine().create(&next).await;
    assert!(matches!(refused, Err(EngineError::Conflict { .. })), "{refused:?}");
    bed.engine().remove(next.desktop).await.expect("the old one goes");
    is_gone(bed, next.desktop).await;
    bed.engine().create(&next).await.expect("and the new one is made");
    assert_eq!(seen(bed, next.desktop).await.generation, next.generation);
}

pub async fn starting_stopping_and_removing_may_be_repeated(bed: &dyn Bed) {
    let desktop = started(bed).await.desktop;
    let first = seen(bed, desktop).await;
    bed.engine().start(desktop).await.expect("it runs already");
    assert_eq!(seen(bed, desktop).await, first, "and was left alone");
    for _ in 0..2 {
        bed.engine().stop(desktop, GRACE).await.expect("it stops");
    }
    for _ in 0..2 {
        bed.engine().remove(desktop).await.expect("it is removed");
    }
    is_gone(bed, desktop).await;
}

pub async fn a_container_that_is_started_again_has_a_new_start(bed: &dyn Bed) {
    let desktop = started(bed).await.desktop;
    let first = seen(bed, desktop).await;
    bed.engine().stop(desktop, GRACE).await.expect("it stops");
    bed.engine().start(desktop).await.expect("it starts again");
    let second = seen(bed, desktop).await;
    assert_eq!((second.phase, &second.container), (Phase::Running, &first.container));
    assert!(second.started_at > first.started_at, "{second:?}");
}

pub async fn what_is_not_there_cannot_be_started_but_is_stopped_and_removed(bed: &dyn Bed) {
    let desktop = bed.launch().desktop;
    let refused = bed.engine().start(desktop).await;
    assert!(matches!(refused, Err(EngineError::NoSuchContainer { .. })), "{refused:?}");
    assert_eq!(bed.engine().stop(desktop, GRACE).await, Ok(()));
    assert_eq!(bed.engine().remove(desktop).await, Ok(()));
}

pub async fn a_missing_image_is_named(bed: &dyn Bed) {
    let image = "pult/there-is-no-such-image:1".to_owned();
    let launch = Launch { image: image.clone(), ..bed.launch() };
    assert_eq!(bed.engine().image(&image).await, Ok(None));
    assert_eq!(bed.engine().create(&launch).await, Err(EngineError::ImageMissing { image }));
    assert_eq!(bed.engine().inspect(launch.desktop).await, Ok(None), "and nothing was made");
    let there = bed.engine().image(&bed.launch().image).await.expect("the engine answers").expect("an image");
    assert!(there.references.contains(&bed.launch().image), "{there:?}");
    let launch = bed.launch();
    bed.engine().create(&launch).await.expect("it is made");
    assert_eq!(seen(bed, launch.desktop).await.image, there.id, "a container says what it was made from");
}

/// All of a folder, or why there is none.
async fn read(bed: &dyn Bed, image: &str, folder: &str) -> Result<Vec<u8>, EngineError> {
    let pieces: Vec<_> = bed.engine().folder(image, folder).try_collect().await?;
    Ok(pieces.concat())
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

pub async fn a_folder_of_an_image_is_read_whole_and_nothing_is_left_behind(bed: &dyn Bed) {
    let image = bed.launch().image;
    let id = bed.engine().image(&image).await.expect("the engine answers").expect("an image").id.to_string();
    let (folder, file) = bed.folder();
    let archive = read(bed, &image, folder).await.expect("an archive");
    assert!(holds(&archive, "ustar") && holds(&archive, &format!("./{file}\0")), "a tar archive with {file}");
    assert_eq!(read(bed, &id, folder).await, Ok(archive), "by its id it is the same");
    assert_eq!(bed.containers().await, 0);
}

pub async fn a_folder_that_is_not_there_is_named(bed: &dyn Bed) {
    let image = bed.launch().image;
    let (folder, file) = bed.folder();
    for folder in ["/there/is/none".to_owned(), format!("{folder}/{file}")] {
        let missing = EngineError::FolderMissing { image: image.clone(), folder: folder.clone() };
        assert_eq!(read(bed, &image, &folder).await, Err(missing));
    }
    let none = "pult/there-is-no-such-image:1";
    assert_eq!(read(bed, none, folder).await, Err(EngineError::ImageMissing { image: none.to_owned() }));
    assert_eq!(bed.containers().await, 0, "and nothing is left behind");
}

pub async fn a_reading_that_is_given_up_leaves_nothing_behind(bed: &dyn Bed) {
    let mut archive = bed.engine().folder(&bed.launch().image, bed.folder().0);
    archive.next().await.expect("a first piece").expect("without an error");
    drop(archive);
    let deadline = Instant::now() + PATIENCE;
    while bed.containers().await > 0 {
        assert!(Instant::now() < deadline, "something is left behind");
        sleep(Duration::from_millis(20)).await;
    }
}

pub async fn a_container_of_somebody_else_is_never_touched(bed: &dyn Bed) {
    let (engine, launch) = (bed.engine(), bed.launch());
    bed.meddle(launch.desktop, Deed::Squat).await;
    let foreign = |refused: Option<EngineError>| matches!(refused, Some(EngineError::Foreign { .. }));
    assert!(foreign(engine.inspect(launch.desktop).await.err()), "inspect");
    assert!(foreign(engine.create(&launch).await.err()), "create");
    assert!(foreign(engine.start(launch.desktop).await.err()), "start");
    assert!(foreign(engine.stop(launch.desktop, GRACE).await.err()), "stop");
    assert!(foreign(engine.remove(launch.desktop).await.err()), "remove");
    assert!(foreign(engine.password(launch.desktop).await.err()), "password");
    assert!(foreign(engine.cpu_time(launch.desktop).await.err()), "cpu_time");
    assert!(foreign(engine.process(launch.desktop).await.err()), "process");
    assert_eq!(engine.list().await, Ok(Vec::new()));
    assert!(bed.squatter_is_untouched(launch.desktop).await);
}

pub async fn a_listing_tells_whose_containers_there_are(bed: &dyn Bed) {
    let (created, running, exited) = (bed.launch(), started(bed).await, started(bed).await);
    let container = bed.engine().create(&created).await.expect("it is made");
    bed.engine().stop(exited.desktop, GRACE).await.expect("it stops");
    let wanted = [(&created, Condition::Created), (&running, Condition::Running), (&exited, Condition::Exited)];
    let wanted: BTreeMap<_, _> = wanted
        .map(|(launch, condition)| {
            let Launch { desktop, owner, template, generation, .. } = launch;
            (*desktop, (*owner, template.clone(), *generation, condition))
        })
        .into();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let listed = bed.engine().list().await.expect("a listing");
        assert!(listed.iter().any(|line| (line.desktop, &line.container) == (created.desktop, &container)));
        let told =
            listed.into_iter().map(|line| (line.desktop, (line.owner, line.template, line.generation, line.condition)));
        let told: BTreeMap<_, _> = told.collect();
        if told == wanted {
            return;
        }
        // What they are doing may be a moment old, but not for long.
        assert!(Instant::now() < deadline, "{told:?} instead of {wanted:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

pub async fn a_container_keeps_its_password(bed: &dyn Bed) {
    let (engine, launch) = (bed.engine(), bed.launch());
    let password = async || {
        let known = engine.password(launch.desktop).await.expect("the engine answers");
        known.map(|password| password.expose_secret().to_owned())
    };
    assert_eq!(password().await, None);
    engine.create(&launch).await.expect("it is made");
    let ours = Some(launch.vnc_password.expose_secret().to_owned());
    assert_eq!(password().await, ours);
    engine.start(launch.desktop).await.expect("it starts");
    engine.stop(launch.desktop, GRACE).await.expect("it stops");
    assert_eq!(password().await, ours, "whatever became of it");
}

/// Processor time that a container uses while so much time goes by.
async fn spent_within(bed: &dyn Bed, desktop: DesktopId, span: Duration) -> Duration {
    let used = async || bed.engine().cpu_time(desktop).await.expect("the engine answers").expect("it runs");
    let before = used().await;
    sleep(span).await;
    used().await.saturating_sub(before)
}

/// How much a container that sleeps may use in a second.
const A_LITTLE: Duration = Duration::from_millis(100);

pub async fn a_container_that_computes_is_told_from_one_that_sleeps(bed: &dyn Bed) {
    let launch = bed.launch();
    assert_eq!(bed.engine().cpu_time(launch.desktop).await, Ok(None), "there is none");
    bed.engine().create(&launch).await.expect("it is made");
    assert_eq!(bed.engine().cpu_time(launch.desktop).await, Ok(None), "it does not run");
    bed.engine().start(launch.desktop).await.expect("it starts");
    let deadline = Instant::now() + PATIENCE;
    // its programs may still be starting
    while spent_within(bed, launch.desktop, Duration::from_secs(1)).await >= A_LITTLE {
        assert!(Instant::now() < deadline, "it never sleeps");
    }
    bed.meddle(launch.desktop, Deed::Spin).await;
    // others may want the processors too
    let mut spent = Duration::ZERO;
    while spent < 10 * A_LITTLE {
        spent += spent_within(bed, launch.desktop, Duration::from_secs(1)).await;
        assert!(Instant::now() < deadline + PATIENCE, "it has spent {spent:?} and no more");
    }
    bed.engine().stop(launch.desktop, GRACE).await.expect("it stops");
    assert_eq!(bed.engine().cpu_time(launch.desktop).await, Ok(None), "it runs no more");
    assert_eq!(bed.engine().process(launch.desktop).await, Ok(None), "and has no process");
}

pub async fn a_frozen_container_is_seen_and_can_be_stopped(bed: &dyn Bed) {
    let desktop = started(bed).await.desktop;
    bed.meddle(desktop, Deed::Pause).await;
    let paused = comes_to(bed, desktop, |phase| phase == Phase::Paused).await;
    assert_eq!(paused.endpoint, None, "nothing answers");
    bed.engine().stop(desktop, GRACE).await.expect("it stops");
    comes_to(bed, desktop, |phase| matches!(phase, Phase::Exited { .. })).await;
}

pub async fn a_container_off_its_network_has_no_address_and_is_put_back(bed: &dyn Bed) {
    let desktop = started(bed).await.desktop;
    let before = seen(bed, desktop).await;
    bed.meddle(desktop, Deed::Unplug).await;
    let unplugged = seen(bed, desktop).await;
    assert_eq!((unplugged.phase, unplugged.endpoint), (Phase::Running, None));
    bed.engine().start(desktop).await.expect("it is put back");
    let back = seen(bed, desktop).await;
    assert!(back.endpoint.is_some(), "it is reached again");
    assert_eq!((back.container, back.started_at), (before.container, before.started_at), "and has never ended");

    bed.meddle(desktop, Deed::Unplug).await;
    bed.engine().stop(desktop, GRACE).await.expect("it stops");
    bed.engine().start(desktop).await.expect("it starts");
    assert!(seen(bed, desktop).await.endpoint.is_some(), "one that does not run is put back as well");
}

pub async fn a_killed_container_is_seen_with_its_code(bed: &dyn Bed) {
    let desktop = started(bed).await.desktop;
    bed.meddle(desktop, Deed::Kill).await;
    let killed = comes_to(bed, desktop, |phase| phase != Phase::Running).await;
    assert_eq!(killed.phase, Phase::Exited { code: 137, out_of_memory: false });
    assert_eq!(killed.endpoint, None);
}

pub async fn every_change_is_hinted_from_the_subscription_on(bed: &dyn Bed) {
    let mut hints = bed.engine().hints().await.expect("a subscription");
    let desktop = started(bed).await.desktop;
    hears(&mut hints, desktop, HintKind::Started).await;
    bed.meddle(desktop, Deed::Unplug).await;
    hears(&mut hints, desktop, HintKind::Unplugged).await;
    bed.meddle(desktop, Deed::Pause).await;
    hears(&mut hints, desktop, HintKind::Paused).await;
    bed.meddle(desktop, Deed::Kill).await;
    hears(&mut hints, desktop, HintKind::Ended).await;
    bed.meddle(desktop, Deed::Remove).await;
    hears(&mut hints, desktop, HintKind::Removed).await;
}

pub async fn a_reader_that_sleeps_loses_no_desktop(bed: &dyn Bed) {
    let mut hints = bed.engine().hints().await.expect("a subscription");
    let mut expected = Vec::new();
    for _ in 0..5 {
        let launch = started(bed).await;
        bed.engine().remove(launch.desktop).await.expect("it is removed");
        expected.push(launch.desktop);
    }
    // Whoever reads only now finds each desktop at least once, its end told last.
    sleep(Duration::from_millis(200)).await;
    let mut last = BTreeMap::new();
    while last.values().filter(|kind| **kind == HintKind::Removed).count() < expected.len() {
        let hint = timeout(PATIENCE, hints.next()).await.expect("in time").expect("it goes on").expect("a hint");
        last.insert(hint.desktop, hint.kind);
    }
    assert_eq!(last.into_keys().collect::<Vec<_>>(), expected);
}

pub async fn a_container_without_limits_is_not_made(bed: &dyn Bed) {
    let launch = Launch { memory_mb: 0, ..bed.launch() };
    let refused = bed.engine().create(&launch).await;
    assert!(matches!(refused, Err(EngineError::OutOfBounds { field: "memory_mb", .. })), "{refused:?}");
    assert_eq!(bed.engine().inspect(launch.desktop).await, Ok(None));
}

pub async fn preparing_twice_harms_nothing(bed: &dyn Bed) {
    let desktop = started(bed).await.desktop;
    let before = seen(bed, desktop).await;
    bed.engine().prepare().await.expect("it is fit");
    assert_eq!(seen(bed, desktop).await, before);
    let info = bed.engine().info().await.expect("it tells of itself");
    assert!(info.cpus > 0 && info.memory_bytes > 0 && !info.version.is_empty(), "{info:?}");
}
