//! The configuration: a file, the environment over it, defaults under it; all of it checked before anything starts.

mod language;
mod limits;
mod load;
mod places;
mod providers;
mod reach;
mod roster;
mod settings;

pub(crate) use language::spoken_language;
pub(crate) use limits::limits;
pub(crate) use load::{load, networks, source};
pub(crate) use places::places;
pub(crate) use providers::providers;
pub(crate) use reach::reach;
pub(crate) use roster::roster;
pub(crate) use settings::{EngineRoute, Log, LogFormat, Settings};
