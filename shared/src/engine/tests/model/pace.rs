//! How two overlapping runs wait for each other.

use std::cell::Cell;

/// How many calls the other run may make while one is stalled.
const CALLS_MEANWHILE: usize = 6;

/// The two runs, by the calls that each has made; none if it is not under way.
#[derive(Default)]
pub struct Pace {
    calls: [Cell<Option<usize>>; 2],
    stalled: [Cell<bool>; 2],
}

impl Pace {
    pub fn begin(&self, process: usize) {
        self.calls[process].set(Some(0));
        self.stalled[process].set(false);
    }

    pub fn end(&self, process: usize) {
        self.calls[process].set(None);
    }

    pub fn step(&self, process: usize) {
        let calls = self.calls[process].get();
        self.calls[process].set(calls.map(|calls| calls + 1));
    }

    /// A run stands still until the other one, if there is one, has got on a little, or stands still as well.
    pub async fn stall(&self, process: usize) {
        let other = 1 - process;
        let calls = &self.calls[other];
        let most = calls.get().map(|calls| calls + CALLS_MEANWHILE);
        self.stalled[process].set(true);
        while calls.get().is_some() && calls.get() < most && !self.stalled[other].get() {
            tokio::task::yield_now().await;
        }
        self.stalled[process].set(false);
    }

    /// Waits until the first run stands still or has ended.
    pub async fn first_stalls(&self) {
        while self.calls[0].get().is_some() && !self.stalled[0].get() {
            tokio::task::yield_now().await;
        }
    }
}
