//! How much fits on a machine.
//!
//! A template says what a desktop may take at most, not what it needs: a terminal that may take half a gigabyte lives
//! in a tenth of it. So the limits of all that run may add up to more than there is, by a factor each for memory and
//! processors. Room is counted from the limits alone, never measured: what a desktop uses now says nothing about what
//! it will use once a class opens its browsers.

use crate::why::Why;

/// What a desktop may take at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Memory in MiB.
    pub memory_mb: i64,
    /// Thousandths of a processor.
    pub millicpus: i64,
}

impl Needs {
    /// The needs of a template's limits.
    pub fn new(memory_mb: i64, cpus: f64) -> Self {
        Self { memory_mb, millicpus: whole(cpus * 1000.0) }
    }
}

/// By how much the limits of all desktops may add up to more than there is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overcommit {
    /// Factor for memory.
    pub memory: f64,
    /// Factor for processors.
    pub cpus: f64,
}

/// The size of an engine's machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Memory in MiB.
    pub memory_mb: i64,
    /// Processors.
    pub cpus: u32,
}

impl Machine {
    /// What desktops leave to the system: a tenth of the memory and at least 1 GiB, but never more than half.
    fn reserve_mb(self) -> i64 {
        (self.memory_mb / 10).max(1024).min(self.memory_mb / 2)
    }
}

/// The room on a machine that is still free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The most that one desktop may take, whatever else runs.
    most: Needs,
    /// Below nothing where more runs than fits, such as after a factor was lowered.
    free: Needs,
}

impl Room {
    /// The room on a machine on which nothing runs.
    pub fn new(machine: Machine, overcommit: Overcommit) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "no machine has so much memory")]
        let memory = (machine.memory_mb - machine.reserve_mb()) as f64 * overcommit.memory;
        let cpus = f64::from(machine.cpus) * overcommit.cpus;
        let free = Needs { memory_mb: whole(memory), millicpus: whole(cpus * 1000.0) };
        let most = Needs {
            memory_mb: free.memory_mb.min(machine.memory_mb),
            millicpus: free.millicpus.min(i64::from(machine.cpus) * 1000),
        };
        Self { most, free }
    }

    /// Takes the room of a desktop.
    pub(super) fn take(&mut self, needs: Needs) {
        self.free.memory_mb -= needs.memory_mb;
        self.free.millicpus -= self.clipped(needs);
    }

    /// Why a desktop would not even fit alone, if so.
    pub(super) fn never(&self, needs: Needs) -> Option<Why> {
        (needs.memory_mb > self.most.memory_mb)
            .then_some(Why::TooLarge { needed_mb: needs.memory_mb, most_mb: self.most.memory_mb })
    }

    /// What has to become free before a desktop fits, if it does not fit now.
    pub(super) fn lacks(&self, needs: Needs) -> Option<Why> {
        let millicpus = self.clipped(needs);
        if needs.memory_mb > self.free.memory_mb {
            return Some(Why::WaitsForMemory { needed_mb: needs.memory_mb, free_mb: self.free.memory_mb.max(0) });
        }
        (millicpus > self.free.millicpus)
            .then_some(Why::WaitsForProcessors { needed_millis: millicpus, free_millis: self.free.millicpus.max(0) })
    }

    /// A container gets no more processors than there are, whatever its template says.
    fn clipped(&self, needs: Needs) -> i64 {
        needs.millicpus.min(self.most.millicpus)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "sizes of machines fit, and what is beyond is clamped")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

#[cfg(test)]
mod tests {
    use super::{Machine, Needs, Overcommit, Room};
    use crate::why::Why;

    const USUAL: Overcommit = Overcommit { memory: 2.0, cpus: 32.0 };

    fn how_many(mut room: Room, needs: Needs) -> usize {
        let mut count = 0;
        while room.lacks(needs).is_none() {
            room.take(needs);
            count += 1;
        }
        count
    }

    #[test]
    fn two_classes_of_terminals_fit_on_a_small_server() {
        let room = Room::new(Machine { memory_mb: 24 * 1024, cpus: 2 }, USUAL);
        assert!(how_many(room, Needs::new(512, 1.0)) >= 50);
    }

    #[test]
    fn what_is_missing_is_told_with_what_is_there() {
        let mut room = Room::new(Machine { memory_mb: 4096, cpus: 2 }, Overcommit { memory: 1.0, cpus: 1.5 });
        let needs = Needs::new(2048, 1.0);
        room.take(needs);
        assert_eq!(room.lacks(needs), Some(Why::WaitsForMemory { needed_mb: 2048, free_mb: 1024 }));
        assert_eq!(room.lacks(Needs::new(512, 2.0)), None);
        room.take(Needs::new(512, 1.5));
        let why = Why::WaitsForProcessors { needed_millis: 1000, free_millis: 500 };
        assert_eq!(room.lacks(Needs::new(512, 1.0)), Some(why));
        assert_eq!(room.never(needs), None, "alone it fits");
    }

    #[test]
    fn a_desktop_larger_than_the_machine_never_fits() {
        let room = Room::new(Machine { memory_mb: 4096, cpus: 2 }, USUAL);
        assert_eq!(room.never(Needs::new(4096, 1.0)), None);
        let why = Why::TooLarge { needed_mb: 4097, most_mb: 4096 };
        assert_eq!(room.never(Needs::new(4097, 1.0)), Some(why));
        // the engine gives it the processors that there are
        assert_eq!(room.never(Needs::new(512, 64.0)), None);
        assert_eq!(room.lacks(Needs::new(512, 64.0)), None);
    }

    #[test]
    fn a_machine_of_any_size_leaves_room_to_the_system_and_to_a_desktop() {
        for memory_mb in [512, 1024, 2048, 8192, 262_144] {
            let reserve = Machine { memory_mb, cpus: 1 }.reserve_mb();
            assert!(reserve >= memory_mb / 10 && reserve <= memory_mb / 2, "{memory_mb}: {reserve}");
        }
    }
}
