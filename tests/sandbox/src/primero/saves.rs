//! The moment between reading a case and writing it back, in which another request can get in.

use std::time::Duration;
use tokio::sync::watch;

/// Where every save of a case passes on its way to the store.
#[derive(Debug)]
pub(super) struct SaveGate {
    held: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
    delay: Duration,
}

impl SaveGate {
    pub(super) fn new(delay: Duration) -> Self {
        Self {
            held: watch::Sender::new(false),
            waiting: watch::Sender::new(0),
            delay,
        }
    }

    /// Lets other requests in, then waits for the delay and for the gate to be open.
    pub(super) async fn pass(&self) {
        if self.delay.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(self.delay).await;
        }
        let here = Waiting::enter(&self.waiting);
        // The sender lives as long as `self`, so waiting cannot fail.
        let opened = self.held.subscribe().wait_for(|held| !held).await.is_ok();
        debug_assert!(opened, "the gate outlives its visitors");
        drop(here);
    }

    pub(super) fn hold(&self) {
        self.held.send_replace(true);
    }

    pub(super) fn release(&self) {
        self.held.send_replace(false);
    }

    pub(super) async fn reached(&self, count: usize) {
        let reached = self
            .waiting
            .subscribe()
            .wait_for(|waiting| *waiting >= count)
            .await
            .is_ok();
        debug_assert!(reached, "the gate outlives its visitors");
    }
}

/// Counts a save as waiting, also when its request is dropped meanwhile.
struct Waiting<'g>(&'g watch::Sender<usize>);

impl<'g> Waiting<'g> {
    fn enter(count: &'g watch::Sender<usize>) -> Self {
        count.send_modify(|waiting| *waiting += 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}
