//! Held and skipped records of a list. What shows a change goes at once. Of the others each run reads
//! those that were not read for the longest time, so that a thousand of them cost a few calls, and
//! the corrections of a small country go with the next run.

use std::cell::{Cell, RefCell};

use futures::channel::oneshot;
use jiff::Timestamp;

/// Most looks of one run.
const MOST: usize = 100;

/// Records that are listed as before.
#[derive(Default)]
pub struct Looks {
    waiting: RefCell<Vec<(Timestamp, oneshot::Sender<bool>)>>,
    /// Whether there were more than one run looks at, so that a look has to be remembered.
    rotates: Cell<bool>,
}

impl Looks {
    /// Whether a record that was last looked at then is looked at in this run.
    pub async fn take(&self, read_at: Timestamp) -> bool {
        let (call, called) = oneshot::channel();
        self.waiting.borrow_mut().push((read_at, call));
        called.await.unwrap_or(false)
    }

    /// Whether a look has to be remembered, for there are more than one run takes.
    pub const fn rotate(&self) -> bool {
        self.rotates.get()
    }

    /// The whole list is known: those go that were not looked at for the longest time. True if there
    /// are any.
    pub fn begin(&self) -> bool {
        let mut waiting = self.waiting.take();
        waiting.sort_by_key(|(read_at, _)| *read_at);
        if waiting.len() > MOST {
            self.rotates.set(true);
        }
        let any = !waiting.is_empty();
        for (number, (_, call)) in waiting.into_iter().enumerate() {
            let _nobody_waits = call.send(number < MOST);
        }
        any
    }

    /// No more looks in this run.
    pub fn end(&self) {
        for (_, call) in self.waiting.take() {
            let _nobody_waits = call.send(false);
        }
    }
}
