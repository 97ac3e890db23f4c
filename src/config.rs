//! The configuration: a file, the environment over it, defaults under it; all of it checked before anything starts.

mod load;
mod places;
mod settings;

pub(crate) use load::load;
pub(crate) use places::places;
pub(crate) use settings::{EngineRoute, Log, LogFormat, Settings};
