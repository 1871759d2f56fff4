//! Lives that sleep until a moment. One place sleeps for all of them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use futures::channel::oneshot;
use jiff::Timestamp;

/// Everybody who sleeps, the soonest first.
#[derive(Default)]
pub struct Naps {
    asleep: RefCell<BTreeMap<(Timestamp, u64), oneshot::Sender<()>>>,
    fell_asleep: Cell<u64>,
}

impl Naps {
    /// Sleeps until then, or until all are woken.
    pub async fn until(&self, at: Timestamp) {
        let number = self.fell_asleep.replace(self.fell_asleep.get() + 1);
        let (call, called) = oneshot::channel();
        self.asleep.borrow_mut().insert((at, number), call);
        let _called = called.await;
    }

    /// When the next one is to be woken.
    pub fn next(&self) -> Option<Timestamp> {
        let asleep = self.asleep.borrow();
        asleep.first_key_value().map(|((at, _), _)| *at)
    }

    /// Wakes everybody whose time has come. True if there was anybody.
    pub fn wake(&self, now: Timestamp) -> bool {
        let mut any = false;
        while self.next().is_some_and(|at| at <= now) {
            let first = self.asleep.borrow_mut().pop_first();
            if let Some((_, call)) = first {
                let _nobody_sleeps = call.send(());
            }
            any = true;
        }
        any
    }

    /// Wakes everybody, to look anew at what there is still time for. True if there was anybody.
    pub fn wake_all(&self) -> bool {
        self.wake(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;

    use super::*;
    use crate::clock::later;

    #[test]
    fn who_sleeps_is_woken_when_the_time_has_come() {
        let (naps, now) = (Naps::default(), Timestamp::UNIX_EPOCH);
        let soon = later(now, Duration::from_secs(1));
        let mut late = Box::pin(naps.until(later(now, Duration::from_secs(2))));
        let mut early = Box::pin(naps.until(soon));
        assert!(late.as_mut().now_or_never().is_none());
        assert!(early.as_mut().now_or_never().is_none());
        assert_eq!(naps.next(), Some(soon));
        assert!(naps.wake(soon));
        assert!(early.as_mut().now_or_never().is_some());
        assert!(late.as_mut().now_or_never().is_none());
        assert!(naps.wake_all());
        assert!(late.as_mut().now_or_never().is_some());
    }
}
