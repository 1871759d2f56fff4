//! Something that many lives wait for and that happens once.

use std::cell::{Cell, RefCell};

use futures::channel::oneshot;

/// Rings once, for all who wait and all who come later.
#[derive(Default)]
pub struct Bell {
    rung: Cell<bool>,
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
}

impl Bell {
    /// Waits until it has rung.
    pub async fn heard(&self) {
        if !self.rung.get() {
            let (call, called) = oneshot::channel();
            self.waiting.borrow_mut().push(call);
            let _called = called.await;
        }
    }

    /// Whether anybody waits.
    pub fn is_awaited(&self) -> bool {
        !self.waiting.borrow().is_empty()
    }

    /// Rings, to those who wait in the order of their coming.
    pub fn ring(&self) {
        self.rung.set(true);
        for one in self.waiting.take() {
            let _nobody_waits = one.send(());
        }
    }
}
