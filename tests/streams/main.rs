//! What carrying streams costs, and whether all of them survive: `make bench` and `make soak`.
//!
//! As a test it is a small soak, which also proves that the large one would notice what it looks for.

#![expect(clippy::print_stdout, reason = "figures are told to whoever runs it")]

mod bench;
mod client;
mod errand;
mod figures;
mod meter;
mod octets;
mod parts;
mod soak;
mod subjects;

use std::{process::ExitCode, str::FromStr, time::Duration};

use tokio::signal::unix::{SignalKind, signal};

use crate::{bench::Plan, soak::Size};

#[tokio::main(flavor = "multi_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let words: Vec<_> = arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    meter::raise_files();
    let work = Box::pin(work(&words, &has));
    tokio::select! {
        code = work => code,
        // dropped, everybody who was started ends too
        () = told_to_end() => ExitCode::FAILURE,
    }
}

async fn told_to_end() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

async fn work(words: &[&str], has: &impl Fn(&str) -> bool) -> ExitCode {
    match words {
        ["part", name] => part(name).await,
        // cargo says so
        words if !has("--bench") => tests(words).await,
        ["soak"] => soak(&large()).await,
        sections => {
            let plan = if has("--quick") { Plan::quick() } else { Plan::whole() };
            bench::run(&plan, sections, has("--gate")).await
        }
    }
}

/// The tests among these that `cargo test` was asked for.
async fn tests(filters: &[&str]) -> ExitCode {
    if is_meant("what_is_not_as_it_was_sent_is_noticed", filters) {
        octets::what_is_not_as_it_was_sent_is_noticed();
    }
    if is_meant("streams_are_held_while_routes_change", filters) {
        return soak(&SMALL).await;
    }
    ExitCode::SUCCESS
}

async fn part(name: &str) -> ExitCode {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        unreachable!("nothing was installed before");
    }
    match name {
        "desktops" => parts::desktops::run().await,
        "floor" => parts::floor::run().await,
        "pult" => parts::pult::run().await,
        other => panic!("there is no part {other}"),
    }
    ExitCode::SUCCESS
}

fn is_meant(name: &str, filters: &[&str]) -> bool {
    filters.is_empty() || filters.iter().any(|filter| name.contains(filter))
}

const SMALL: Size = Size {
    idle: 500,
    streaming: 50,
    hz: 4,
    restless: 20,
    churn: 20,
    lasts: Duration::from_secs(10),
    // how fast is for the large one to show
    ends_within: Duration::from_secs(30),
    is_measured: false,
};

/// The soak of the issue, unless the environment has it otherwise.
fn large() -> Size {
    Size {
        idle: variable("PULT_SOAK_IDLE", 5000),
        streaming: variable("PULT_SOAK_STREAMING", 500),
        hz: variable("PULT_SOAK_HZ", 2),
        restless: 60,
        churn: variable("PULT_SOAK_CHURN", 20),
        lasts: Duration::from_secs(variable("PULT_SOAK_SECONDS", 600)),
        ends_within: Duration::from_secs(1),
        is_measured: true,
    }
}

async fn soak(size: &Size) -> ExitCode {
    let outcome = soak::run(size).await;
    println!("{}", outcome.tell(size));
    let faults = outcome.faults(size);
    for fault in &faults {
        println!("FAILED: {fault}");
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn variable<T: FromStr>(name: &str, otherwise: T) -> T {
    #[expect(clippy::disallowed_methods, reason = "a soak has no configuration but its environment")]
    let value = std::env::var(name);
    value.map_or(otherwise, |value| value.parse().unwrap_or_else(|_| panic!("{name}: {value} is not a number")))
}
