//! What processes cost, as the kernel counts it.

use std::{collections::HashMap, fs, path::Path};

/// A process and all that it started.
#[derive(Debug, Clone)]
pub(crate) struct Group(Vec<u32>);

/// What its threads had used at a moment, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Used(HashMap<u32, u64>);

impl Group {
    /// The group as it is now.
    pub(crate) fn of(process: u32) -> Self {
        let mut parents = HashMap::<u32, Vec<u32>>::new();
        for process in numbers(Path::new("/proc")) {
            if let Some(parent) = parent(process) {
                parents.entry(parent).or_default().push(process);
            }
        }
        let mut all = vec![process];
        let mut at = 0;
        while let Some(process) = all.get(at) {
            all.extend(parents.get(process).into_iter().flatten());
            at += 1;
        }
        Self(all)
    }

    /// Time on a processor so far, from the scheduler: ticks would be too coarse.
    pub(crate) fn used(&self) -> Used {
        let tasks = self.0.iter().flat_map(|process| {
            let folder = format!("/proc/{process}/task");
            let read = move |task: u32| {
                let line = fs::read_to_string(format!("/proc/{process}/task/{task}/schedstat")).ok()?;
                Some((task, line.split(' ').next()?.parse().ok()?))
            };
            numbers(Path::new(&folder)).into_iter().filter_map(read)
        });
        Used(tasks.collect())
    }

    /// Memory that it alone has, and its part of what it shares, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let each = self.0.iter().filter_map(|process| {
            let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
            rollup
                .lines()
                .find_map(|line| line.strip_prefix("Pss:")?.trim().trim_end_matches(" kB").parse::<u64>().ok())
        });
        each.sum()
    }
}

impl Used {
    /// Seconds on a processor between an earlier moment and this one. What a thread used that has ended since is lost.
    pub(crate) fn since(&self, earlier: &Self) -> f64 {
        let nanoseconds: u64 =
            self.0.iter().map(|(task, used)| used.saturating_sub(*earlier.0.get(task).unwrap_or(&0))).sum();
        std::time::Duration::from_nanos(nanoseconds).as_secs_f64()
    }
}

/// How busy the machine is: the load average of the last minute.
pub(crate) fn load() -> String {
    let line = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    line.split(' ').next().unwrap_or_default().to_owned()
}

/// Lets this process and those it starts open as many files as they may.
pub(crate) fn raise_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // where it is refused, whoever needs more will say so
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // the name before may hold anything but a parenthesis after it
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn numbers(folder: &Path) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
