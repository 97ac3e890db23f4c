use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::{Method, StatusCode};

use super::{Api, Desktop, Events, Pult};

/// How somebody's start went, from the click on.
pub(crate) struct Start {
    pub(crate) desktop: Desktop,
    /// Until the API had taken the wish.
    pub(crate) answered: Duration,
    /// Until the first word on how things stand: a place in the queue, or that it starts already.
    pub(crate) told: Duration,
    /// Whether that word was a place.
    pub(crate) had_a_place: bool,
    /// Until it ran.
    pub(crate) running: Duration,
}

/// Pupils of a class. What is given to the class reaches them through it.
pub(crate) fn class(pult: &Pult, name: &str, size: usize) -> Vec<Api> {
    let pupil = |n| pult.person_with(&format!("{name}-{n:03}"), "student", &["--group", name]);
    (0..size).map(pupil).collect()
}

/// All click at the same moment; `asked` is called once the API has taken all wishes.
pub(crate) async fn click_at_once(people: &[Api], template: &str, asked: impl FnOnce(&[Desktop])) -> Vec<Start> {
    let events = join_all(people.iter().map(Api::events)).await;
    let clicked = Instant::now();
    let wishes = people.iter().map(|person| async {
        let (_, desktop) = person.want(template).await;
        (desktop, clicked.elapsed())
    });
    let (desktops, answered): (Vec<_>, Vec<_>) = join_all(wishes).await.into_iter().unzip();
    asked(&desktops);
    let starts = desktops.into_iter().zip(answered).zip(&events);
    join_all(starts.map(|((desktop, answered), events)| follow(desktop, clicked, answered, events))).await
}

/// Somebody clicks, and waits as a page does: told by events, without asking again.
async fn click(person: &Api, template: &str) -> Start {
    let events = person.events().await;
    let clicked = Instant::now();
    let (_, desktop) = person.want(template).await;
    follow(desktop, clicked, clicked.elapsed(), &events).await
}

/// They click one after the other, however long the starts take; each gives the desktop up once it runs.
pub(crate) async fn click_in_turn(people: &[Api], template: &str, every: Duration) -> Vec<Start> {
    let starts = people.iter().zip(0..).map(|(person, turn)| async move {
        tokio::time::sleep(every * turn).await;
        let start = click(person, template).await;
        let gone = person.request(Method::DELETE, &format!("/api/v1/desktops/{}", start.desktop.id())).send().await;
        assert_eq!(gone.expect("an answer").status(), StatusCode::ACCEPTED);
        start
    });
    join_all(starts).await
}

/// What people remember of such starts.
pub(crate) fn tell(starts: &[Start]) {
    println!("  wish taken {}", spread(starts.iter().map(|start| start.answered)));
    println!("  first word {}", spread(starts.iter().map(|start| start.told)));
    println!("  running    {}", spread(starts.iter().map(|start| start.running)));
}

async fn follow(desktop: Desktop, clicked: Instant, answered: Duration, events: &Events) -> Start {
    let runs = |state: &str| {
        assert_ne!(state, "failed", "{}", desktop.text("name"));
        state == "running"
    };
    let fits = |event: &super::events::Event| event.is_of(&desktop) && event.data["state"].as_str().is_some_and(runs);
    let running = events.after(clicked, "it runs", fits).await;
    let word = events.came().into_iter().find(|event| event.is_of(&desktop) && event.data["state"] != "requested");
    let word = word.expect("it runs, so there was a word");
    Start {
        answered,
        told: word.at - clicked,
        had_a_place: word.data["queue_position"].as_i64().is_some_and(|place| place > 0),
        running,
        desktop,
    }
}

/// Times as figures: the one in the middle, the one that few exceed, the longest.
fn spread(times: impl Iterator<Item = Duration>) -> String {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default();
    let [median, p95, longest] = [50, 95, 100].map(|percent| at(percent).as_secs_f64() * 1e3);
    format!("median {median:>6.0} ms  p95 {p95:>6.0} ms  longest {longest:>6.0} ms")
}
