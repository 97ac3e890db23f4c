use tokio::sync::watch;

/// Tells followers that the installation's revision has risen.
///
/// Says only *that* something changed and up to where, never what: followers ask the store. So an announcement may
/// be lost, doubled or late without harm.
#[derive(Debug, Clone)]
pub struct Bus {
    revision: watch::Sender<i64>,
}

impl Bus {
    /// A bus within this process.
    pub fn local() -> Self {
        Self { revision: watch::Sender::new(0) }
    }

    /// The highest revision announced so far, and a way to wait for a higher one.
    pub fn revisions(&self) -> watch::Receiver<i64> {
        self.revision.subscribe()
    }

    /// Announces a revision that is committed. A lower one than before is ignored.
    pub(crate) fn announce(&self, revision: i64) {
        self.revision.send_if_modified(|known| {
            let higher = revision > *known;
            *known = revision.max(*known);
            higher
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Bus;

    #[test]
    fn only_a_higher_revision_is_news() {
        let bus = Bus::local();
        let mut revisions = bus.revisions();
        for (announced, known, is_news) in [(0, 0, false), (3, 3, true), (2, 3, false), (3, 3, false), (4, 4, true)] {
            bus.announce(announced);
            assert_eq!(revisions.has_changed().ok(), Some(is_news), "{announced}");
            assert_eq!(*revisions.borrow_and_update(), known);
        }
    }

    #[test]
    fn whoever_comes_late_knows_the_highest() {
        let bus = Bus::local();
        bus.announce(7);
        assert_eq!(*bus.clone().revisions().borrow(), 7);
    }
}
