//! Pult as its users have it: the real program, a real Docker Engine, real desktops, a real browser.
//!
//! Each test runs a Pult of its own, with its own storage, ports and installation id, so tests stand side by side on
//! one engine. What they need is brought by `make test`, which also says where it is:
//!
//! | variable | what |
//! |---|---|
//! | `DOCKER_HOST` | the engine, with `pult/tiny`, `pult/xfce` and what `tests/desktops` holds on it |
//! | `PULT_TEST_POSTGRES_URL` | a PostgreSQL in which databases may be made |
//! | `PULT_ARTEFACTS` | where screenshots are kept |

#![expect(clippy::print_stdout, reason = "measured times are told to whoever runs the tests")]

mod access;
mod attacks;
mod audit;
mod behind_our_back;
mod browser;
mod client;
mod crashes;
mod doctor;
mod engine_faults;
mod engine_restart;
mod fronts;
mod gateway;
mod grants;
mod idle;
mod lessons;
mod openapi;
mod orphans;
mod own_hosts;
mod personal;
mod postgres;
mod provisioning;
mod queue;
mod reach;
mod schedule;
mod sessions;
mod sign_in;
mod start_faults;
mod starts;
mod support;
mod webhooks;
