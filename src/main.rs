//! `pult`: a Linux desktop in the browser for every pupil and teacher of a school.
//!
//! The composition root: reads the command line and the configuration, builds the parts, joins them, and says what
//! went wrong. There is no logic here.

mod cli;
mod commands;
mod config;
mod demo;
mod descriptors;
mod keys;
mod telemetry;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};

/// Usage or configuration error, as `clap` has it too.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Two cryptography backends could be linked in; the one we mean is said once, first of all.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        complain("pult: another cryptography backend was installed first");
        return ExitCode::FAILURE;
    }
    if let Command::Openapi = cli.command {
        return finish(commands::openapi::run().map(|()| ExitCode::SUCCESS));
    }
    let source = config::source(cli.config.as_deref());
    let settings = match config::load(cli.config.as_deref(), cli.command.is_demo()) {
        Ok(settings) => settings,
        Err(error) => {
            complain(&format!("pult: {error}"));
            return ExitCode::from(USAGE);
        }
    };
    telemetry::init(&settings.log);
    descriptors::allow_all();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return finish(Err(error.into())),
    };
    finish(runtime.block_on(commands::run(cli.command, settings, source.as_deref())))
}

fn finish(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("pult: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Says something to the person at the terminal, past the log.
fn complain(line: &str) {
    use std::io::Write as _;
    // there is nobody left to tell if this fails
    let _ = writeln!(std::io::stderr(), "{line}");
}
