//! An engine that is killed, stopped, frozen or cut off while people ask for desktops.
//!
//! After each fault rows and routes say what `docker ps` says, every wish made meanwhile comes true, and each desktop
//! has one container. How long that takes is told.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::sleep,
};

use crate::support::{Cable, Engine, Owner, PrivateEngine, Pult, Setup, Side, Way, agreed, class, click_at_once, kill};

const DESKTOPS: usize = 50;
/// Longer than the worker waits between two signs of life of its engine.
const LONG: Duration = Duration::from_secs(5);
const SURVIVES: Setup = Setup { live_restore: true, disk_mb: None };
const DIES: Setup = Setup { live_restore: false, disk_mb: None };

/// A school on an engine of its own, at the end of a cable.
struct School {
    // dropped first: with the engine all containers end at once
    private: Arc<PrivateEngine>,
    engine: Engine,
    cable: Cable,
    pult: Pult,
    owners: Vec<Owner>,
    /// What was asked for during this fault: whose desktop, and the state it is to have.
    wishes: Vec<(usize, &'static str)>,
    faults: usize,
}

impl School {
    async fn open() -> Self {
        let private = Arc::new(PrivateEngine::start("faults", &SURVIVES));
        private.load("pult/tiny:latest");
        let engine = private.engine();
        let cable = Cable::to(private.socket());
        let pult = Pult::on(engine.clone(), &[("engine.host", &cable.host())]).await;
        let pupils = class(&pult, "9b", DESKTOPS);
        let began = Instant::now();
        let starts = click_at_once(&pupils, "tiny", |_| ()).await;
        println!("{DESKTOPS} desktops run after {:.1?}", began.elapsed());
        let owners = pupils.into_iter().zip(starts).map(|(api, start)| Owner { api, desktop: start.desktop }).collect();
        Self { private, engine, cable, pult, owners, wishes: Vec::new(), faults: 0 }
    }

    /// While there is a fault: somebody new wants a desktop, somebody stops one, and who stopped theirs wants it back.
    async fn ask(&mut self) {
        let pupil = self.pult.person(&format!("neu-{}", self.faults), "student");
        let (status, desktop) = pupil.want("tiny").await;
        assert_eq!(status, StatusCode::ACCEPTED);
        self.wishes.push((self.owners.len(), "running"));
        self.owners.push(Owner { api: pupil, desktop });
        if let Some(before) = self.faults.checked_sub(1) {
            self.tell(before, "start", "running").await;
        }
        self.tell(self.faults, "stop", "stopped").await;
    }

    async fn tell(&mut self, owner: usize, act: &str, state: &'static str) {
        let Owner { api, desktop } = &self.owners[owner];
        api.tell(desktop, act).await;
        self.wishes.push((owner, state));
    }

    /// Somebody ends a desktop's container past us, with the engine or without it. Never one that anybody stops or
    /// starts.
    fn process_of_a_bystander(&self) -> (usize, String) {
        let bystander = DESKTOPS - 1 - self.faults;
        let container = self.owners[bystander].desktop.container();
        (bystander, self.engine.inspect(&container, "{{.State.Pid}}"))
    }

    /// Starts the engine again, and yields the moment of its first answer.
    async fn start_engine(&self, setup: Setup) -> Instant {
        let private = Arc::clone(&self.private);
        let starting: JoinHandle<()> = spawn_blocking(move || private.start_as(&setup));
        let answered = self.private.first_answer().await;
        starting.await.expect("it starts");
        answered
    }

    /// The fault is over: all is as it should be, and that is told.
    async fn recovers(&mut self, fault: &str, back: Instant) {
        let agree = agreed(back, &self.pult, &self.engine, &self.owners).await;
        for (owner, state) in self.wishes.drain(..) {
            let Owner { api, desktop } = &self.owners[owner];
            api.until(desktop, state).await;
        }
        let came_true = back.elapsed();
        // and it stays so, with one container for each desktop
        let looked = Instant::now();
        agreed(looked, &self.pult, &self.engine, &self.owners).await;
        let look = looked.elapsed();
        println!(
            "{fault:<44} agree after {agree:>8.1?}, all wishes came true after {came_true:>8.1?} (a look takes {look:.1?})"
        );
        self.faults += 1;
    }

    async fn states(&self, state: &str) -> usize {
        let mut count = 0;
        for Owner { api, desktop } in &self.owners {
            count += usize::from(api.look(desktop).await.is_some_and(|desktop| desktop.state() == state));
        }
        count
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_every_fault_of_an_engine_rows_and_routes_say_what_it_shows() {
    let mut school = School::open().await;
    the_cable_is_hurt(&mut school).await;
    it_is_frozen(&mut school).await;
    it_is_killed(&mut school).await;
    it_is_stopped(&mut school).await;
    println!("the server holds {} MiB", school.pult.memory_mib());
}

async fn the_cable_is_hurt(school: &mut School) {
    school.ask().await;
    for _ in 0..3 {
        school.cable.cut();
        sleep(Duration::from_millis(50)).await;
    }
    school.recovers("all connections cut, three times", Instant::now()).await;

    school.cable.go(Way::Refuse);
    school.cable.cut();
    school.ask().await;
    let (bystander, _) = school.process_of_a_bystander();
    school.engine.docker(&["kill", &school.owners[bystander].desktop.container()]);
    school.wishes.push((bystander, "stopped"));
    sleep(LONG).await;
    school.cable.go(Way::Pass);
    school.recovers("connections refused, a container killed", Instant::now()).await;

    let before = school.cable.cuts();
    for call in ["/containers/create", "/start", "/stop"] {
        for side in [Side::Before, Side::After] {
            school.cable.cut_call(call, side);
        }
    }
    let cut = Instant::now();
    school.ask().await;
    school.recovers("calls cut before and after their effect", cut).await;
    assert!(school.cable.cuts() >= before + 6, "every one of them was cut");

    school.cable.go(Way::CutAfter(2000));
    school.cable.cut();
    school.ask().await;
    sleep(LONG).await;
    school.cable.go(Way::Pass);
    school.recovers("answers cut in their middle", Instant::now()).await;

    school.cable.go(Way::Stall);
    school.ask().await;
    sleep(LONG).await;
    school.cable.go(Way::Pass);
    school.recovers("nothing moves on the cable", Instant::now()).await;
}

async fn it_is_frozen(school: &mut School) {
    school.private.signal("STOP").await;
    school.ask().await;
    sleep(LONG).await;
    school.private.signal("CONT").await;
    let back = school.private.first_answer().await;
    school.recovers("engine frozen", back).await;
}

async fn it_is_killed(school: &mut School) {
    let (bystander, process) = school.process_of_a_bystander();
    let before = school.states("running").await;
    school.private.signal("KILL").await;
    school.ask().await;
    // nobody is there to see it die
    kill("KILL", &process);
    let back = school.start_engine(SURVIVES).await;
    school.recovers("engine killed, containers outlive it", back).await;
    let Owner { api, desktop } = &school.owners[bystander];
    assert_ne!(api.look(desktop).await.expect("it is there").state(), "running");
    // one more was wanted and one wanted back, one was stopped and one died
    assert_eq!(school.states("running").await, before, "the others never ended");

    school.private.signal("KILL").await;
    school.ask().await;
    let back = school.start_engine(DIES).await;
    school.recovers("engine killed, containers end with it", back).await;
    assert_eq!(school.states("running").await, 2, "those who asked");
}

async fn it_is_stopped(school: &mut School) {
    for owner in 20..25 {
        school.tell(owner, "start", "running").await;
    }
    school.recovers("(five start again)", Instant::now()).await;
    school.private.stop();
    school.ask().await;
    let back = school.start_engine(DIES).await;
    school.recovers("engine stopped and started", back).await;
}
