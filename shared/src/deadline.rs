//! When a run must end, and when it stops beginning new work.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{later, until};

/// A run's end. The last stretch before it, min(20 s, a quarter of the whole), is the reserve for finishing what is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    reserve_from: Timestamp,
    end: Timestamp,
    /// A quarter of the whole.
    quarter: Duration,
}

impl Deadline {
    /// A run that began at `start` and must have ended by `end`.
    #[must_use]
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        let whole = until(start, end);
        let quarter = whole / 4;
        let reserve = quarter.min(Duration::from_secs(20));
        Self {
            reserve_from: later(start, whole.saturating_sub(reserve)),
            end,
            quarter,
        }
    }

    /// The hard end.
    #[must_use]
    pub const fn end(&self) -> Timestamp {
        self.end
    }

    /// Whether what is begun may still be finished by another call: until half of the reserve is gone.
    #[must_use]
    pub fn finishing(&self, now: Timestamp) -> bool {
        now < later(self.reserve_from, self.reserve() / 2)
    }

    /// By when the last call must have been answered: a quarter of the reserve is left to keep what it brought.
    #[must_use]
    pub fn last_answer(&self) -> Timestamp {
        later(self.reserve_from, self.reserve() * 3 / 4)
    }

    fn reserve(&self) -> Duration {
        until(self.reserve_from, self.end)
    }

    /// Whether a write that begins now can be answered in time, if it takes as long as a call may: `timeout`, in a short run a quarter of
    /// the whole.
    #[must_use]
    pub fn has_room(&self, now: Timestamp, timeout: Duration) -> bool {
        later(now, timeout.min(self.quarter)) <= self.last_answer()
    }

    /// Whether new work may begin.
    #[must_use]
    pub fn open(&self, now: Timestamp) -> bool {
        now < self.reserve_from
    }

    /// How long until the reserve begins.
    #[must_use]
    pub fn open_for(&self, now: Timestamp) -> Duration {
        until(now, self.reserve_from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn after(seconds: u64) -> Timestamp {
        later(START, Duration::from_secs(seconds))
    }

    #[test]
    fn the_reserve_is_a_quarter_but_at_most_twenty_seconds() {
        assert_eq!(
            Deadline::new(START, after(40)).open_for(START),
            Duration::from_secs(30)
        );
        assert_eq!(
            Deadline::new(START, after(900)).open_for(START),
            Duration::from_secs(880)
        );
    }

    #[test]
    fn the_reserve_is_for_finishing_then_for_answers_then_for_the_ledger() {
        let deadline = Deadline::new(START, after(80));
        assert!(deadline.finishing(after(69)));
        assert!(!deadline.finishing(after(70)));
        assert_eq!(deadline.last_answer(), after(75));
    }

    #[test]
    fn a_write_begins_only_with_the_time_its_call_may_take() {
        let timeout = Duration::from_secs(30);
        let (long, short) = (
            Deadline::new(START, after(900)),
            Deadline::new(START, after(40)),
        );
        assert!(long.has_room(after(865), timeout));
        assert!(!long.has_room(after(866), timeout));
        assert!(short.has_room(after(27), timeout));
        assert!(!short.has_room(after(28), timeout));
    }

    #[test]
    fn nothing_begins_in_the_reserve() {
        let deadline = Deadline::new(START, after(40));
        assert!(deadline.open(after(29)));
        assert!(!deadline.open(after(30)));
    }
}
