use std::time::{Duration, Instant};

use futures::future::join_all;

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
pub(crate) async fn click(person: &Api, template: &str) -> Start {
    let events = person.events().await;
    let clicked = Instant::now();
    let (_, desktop) = person.want(template).await;
    follow(desktop, clicked, clicked.elapsed(), &events).await
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
pub(crate) fn spread(times: impl Iterator<Item = Duration>) -> String {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default();
    format!("median {:.2?}, p95 {:.2?}, longest {:.2?}", at(50), at(95), at(100))
}
