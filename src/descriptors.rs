use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process have as many open descriptors as it is allowed to: each stream needs two, and what a process
/// starts with (1,024 as a rule) would be a school's morning.
pub(crate) fn allow_all() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, current, maximum, "the limit of open descriptors stays as it is");
    }
}
