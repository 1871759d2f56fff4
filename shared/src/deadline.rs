//! When a run must end, and when it stops beginning new work.

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::clock::{later, until};

/// After somebody asked a run to stop: how long what is out may be read back and told, …
const STOPPED_FINISHING: Duration = Duration::from_secs(4);
/// … by when the last call must have been answered, …
const STOPPED_LAST_ANSWER: Duration = Duration::from_secs(7);
/// … and when nothing is waited for any more. Whoever asked waits ten seconds; the rest of them is for the ledger.
const STOPPED_CUT: Duration = Duration::from_secs(8);

/// Somebody's wish that a run ends now, in order: SIGTERM, or Ctrl-C. Clones are one signal.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<Wish>);

#[derive(Debug, Default)]
struct Wish {
    at: OnceLock<Timestamp>,
    told: Notify,
}

impl StopSignal {
    /// Asks the run to stop. Only the first time counts.
    pub fn raise(&self, now: Timestamp) {
        if self.0.at.set(now).is_ok() {
            self.0.told.notify_waiters();
        }
    }

    /// When it was raised.
    #[must_use]
    pub fn raised_at(&self) -> Option<Timestamp> {
        self.0.at.get().copied()
    }

    /// Waits until it is raised.
    pub async fn raised(&self) -> Timestamp {
        loop {
            let mut told = pin!(self.0.told.notified());
            told.as_mut().enable();
            if let Some(at) = self.raised_at() {
                return at;
            }
            told.await;
        }
    }
}

/// A run's end. The last stretch before it, min(20 s, a quarter of the whole), is the reserve for finishing what is begun.
/// A run that is asked to stop begins nothing new either, and is over ten seconds later.
#[derive(Clone, Debug)]
pub struct Deadline {
    reserve_from: Timestamp,
    end: Timestamp,
    /// A quarter of the whole.
    quarter: Duration,
    stop: StopSignal,
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
            stop: StopSignal::default(),
        }
    }

    /// The same, of a run that may be asked to stop.
    #[must_use]
    pub fn heeding(self, stop: StopSignal) -> Self {
        Self { stop, ..self }
    }

    /// Whether somebody has asked the run to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.raised_at().is_some()
    }

    /// Waits until somebody asks the run to stop.
    pub async fn stopped(&self) {
        self.stop.raised().await;
    }

    /// When nothing is waited for any more: some seconds after the run was asked to stop, which it waits for.
    pub async fn cut(&self) -> Timestamp {
        later(self.stop.raised().await, STOPPED_CUT)
    }

    /// This long after the run was asked to stop, or `otherwise` if that is sooner.
    fn at_most(&self, after: Duration, otherwise: Timestamp) -> Timestamp {
        match self.stop.raised_at() {
            Some(at) => otherwise.min(later(at, after)),
            None => otherwise,
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
        let usual = later(self.reserve_from, self.reserve() / 2);
        now < self.at_most(STOPPED_FINISHING, usual)
    }

    /// By when the last call must have been answered: a quarter of the reserve is left to keep what it brought.
    #[must_use]
    pub fn last_answer(&self) -> Timestamp {
        let usual = later(self.reserve_from, self.reserve() * 3 / 4);
        self.at_most(STOPPED_LAST_ANSWER, usual)
    }

    fn reserve(&self) -> Duration {
        until(self.reserve_from, self.end)
    }

    /// Whether a write that begins now can be answered in time, if it takes as long as a call may: `timeout`, in a short run a quarter of
    /// the whole.
    #[must_use]
    pub fn has_room(&self, now: Timestamp, timeout: Duration) -> bool {
        !self.is_stopped() && later(now, timeout.min(self.quarter)) <= self.last_answer()
    }

    /// Whether new work may begin.
    #[must_use]
    pub fn open(&self, now: Timestamp) -> bool {
        !self.is_stopped() && now < self.reserve_from
    }

    /// How long until the reserve begins.
    #[must_use]
    pub fn open_for(&self, now: Timestamp) -> Duration {
        if self.is_stopped() {
            return Duration::ZERO;
        }
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
    fn a_run_that_is_asked_to_stop_begins_nothing_and_ends_within_ten_seconds() {
        let stop = StopSignal::default();
        let deadline = Deadline::new(START, after(900)).heeding(stop.clone());
        assert!(deadline.open(after(60)) && deadline.has_room(after(60), Duration::from_secs(30)));
        stop.raise(after(60));
        stop.raise(after(70));
        assert!(!deadline.open(after(60)));
        assert!(!deadline.has_room(after(60), Duration::ZERO));
        assert_eq!(deadline.open_for(after(60)), Duration::ZERO);
        assert!(deadline.finishing(after(63)) && !deadline.finishing(after(64)));
        assert_eq!(deadline.last_answer(), after(67));
        assert_eq!(deadline.end(), after(900), "its lease is not shortened");
    }

    #[tokio::test]
    async fn a_wish_is_heard_before_and_after_it_is_said() {
        let stop = StopSignal::default();
        let deadline = Deadline::new(START, after(900)).heeding(stop.clone());
        let ((), cut) = futures::join!(async { stop.raise(after(60)) }, deadline.cut());
        assert_eq!(cut, after(68));
        assert_eq!(deadline.cut().await, cut);
    }

    #[test]
    fn nothing_begins_in_the_reserve() {
        let deadline = Deadline::new(START, after(40));
        assert!(deadline.open(after(29)));
        assert!(!deadline.open(after(30)));
    }
}
