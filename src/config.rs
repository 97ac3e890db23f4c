//! The configuration: a file, the environment over it, defaults under it; all of it checked before anything starts.

mod load;
mod settings;

pub(crate) use load::load;
pub(crate) use settings::{EngineRoute, Log, LogFormat, Settings};
