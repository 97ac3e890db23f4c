//! What a person sees: the web app in a real Chromium, driven by `tests/browser/`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::Pult;

/// Runs a journey of `tests/browser/` against a Pult. Its screenshots are kept.
fn journey(pult: &Pult, name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let artefacts = root.join("artefacts");
    std::fs::create_dir_all(&artefacts).expect("a folder");
    let done = Command::new("node")
        .arg(root.join("tests/browser").join(format!("{name}.mjs")))
        .env("PULT_URL", pult.url())
        .env("PULT_USER", "schueler")
        .env("PULT_PASSWORD", pult.password_of("schueler"))
        .env("PULT_ARTEFACTS", &artefacts)
        .status()
        .expect("node runs");
    assert!(done.success(), "the journey {name} failed");
}

/// The home of the one user whose home there is.
fn only_home(pult: &Pult) -> PathBuf {
    let homes = pult.storage().join("data/homes");
    let mut users = std::fs::read_dir(homes).expect("homes").map(|entry| entry.expect("a home").path());
    let user = users.next().expect("one user");
    assert!(users.next().is_none(), "one user");
    user.join("home")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pupil_signs_in_starts_a_desktop_and_types_into_it() {
    let pult = Pult::start().await;
    journey(&pult, "first-desktop");
    let file = only_home(&pult).join("hello.txt");
    assert_eq!(std::fs::read_to_string(file).expect("what was typed lies in the home"), "hello\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pupil_starts_the_whole_desktop_and_stops_it() {
    let pult = Pult::start().await;
    journey(&pult, "whole-desktop");
}
