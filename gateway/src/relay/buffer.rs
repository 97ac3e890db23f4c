//! Buffers that are lent for as long as they hold something.

use std::{cell::RefCell, ops::Range};

/// The size of a buffer, and with it the most that is read at once, in bytes.
pub(crate) const SIZE: usize = 64 * 1024;

/// How many buffers a thread keeps for the next stream. One is enough while every receiver takes what it is given.
const SPARE: usize = 4;

thread_local! {
    static POOL: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

/// What was read and not yet written. An empty one owns no memory; what a full one owned goes back to the thread that
/// emptied or dropped it.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    memory: Option<Box<[u8]>>,
    held: Range<usize>,
}

impl Buffer {
    /// A buffer that holds these octets, whatever their number.
    pub(crate) fn holding(octets: &[u8]) -> Self {
        Self { memory: (!octets.is_empty()).then(|| octets.into()), held: 0..octets.len() }
    }

    /// The octets, first come first.
    pub(crate) fn held(&self) -> &[u8] {
        self.memory.as_ref().map_or(&[], |memory| &memory[self.held.clone()])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Memory to read into; must only be asked of an empty buffer.
    pub(crate) fn lend(&mut self) -> &mut [u8] {
        debug_assert!(self.is_empty(), "what is held would be overwritten");
        self.memory.get_or_insert_with(|| {
            let spare = POOL.with_borrow_mut(Vec::pop);
            spare.unwrap_or_else(|| vec![0; SIZE].into())
        })
    }

    /// So many octets were read into what was lent.
    pub(crate) fn filled(&mut self, count: usize) {
        self.held = 0..count;
        self.release_if_empty();
    }

    /// So many octets were written.
    pub(crate) fn consume(&mut self, count: usize) {
        self.held.start += count;
        self.release_if_empty();
    }

    /// Gives up what is held.
    pub(crate) fn clear(&mut self) {
        self.filled(0);
    }

    fn release_if_empty(&mut self) {
        if !self.held.is_empty() {
            return;
        }
        if let Some(memory) = self.memory.take().filter(|memory| memory.len() == SIZE) {
            POOL.with_borrow_mut(|pool| {
                if pool.len() < SPARE {
                    pool.push(memory);
                }
            });
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.clear();
    }
}

/// How many buffers lie ready on this thread.
#[cfg(test)]
pub(super) fn spare() -> usize {
    POOL.with_borrow(Vec::len)
}

#[cfg(test)]
mod tests {
    use super::{Buffer, POOL, SIZE, SPARE, spare};

    #[test]
    fn memory_is_held_only_while_something_is_in_it() {
        let mut buffer = Buffer::default();
        assert!(buffer.memory.is_none());
        buffer.lend()[..3].copy_from_slice(b"abc");
        buffer.filled(3);
        assert_eq!(buffer.held(), b"abc");
        buffer.consume(1);
        assert_eq!((buffer.held(), spare()), (&b"bc"[..], 0));
        buffer.consume(2);
        assert!(buffer.memory.is_none());
        assert_eq!((buffer.held(), spare()), (&b""[..], 1));
        buffer.lend();
        assert_eq!(spare(), 0, "it is used again");
        buffer.filled(0);
        assert_eq!(spare(), 1, "a read that brought nothing gives it back");
    }

    #[test]
    fn what_is_dropped_full_comes_back_and_no_more_is_kept_than_is_good() {
        let mut buffers: Vec<_> = (0..SPARE + 3).map(|_| Buffer::default()).collect();
        for buffer in &mut buffers {
            buffer.lend();
            buffer.filled(SIZE);
        }
        drop(buffers);
        assert_eq!(spare(), SPARE);
        drop(Buffer::holding(b"of another size"));
        assert_eq!(spare(), SPARE);
        assert!(POOL.with_borrow(|pool| pool.iter().all(|memory| memory.len() == SIZE)));
    }
}
