//! Source order at a point that answers may reach out of order.
//!
//! The order in which the executor wakes lives is nobody's promise, so each life has a place in an
//! explicit line.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use futures::channel::oneshot;

/// A point that records pass in the order in which they lined up.
#[derive(Default)]
pub struct Order {
    lined_up: Cell<u64>,
    next: Cell<u64>,
    gone: RefCell<BTreeSet<u64>>,
    waiting: RefCell<BTreeMap<u64, oneshot::Sender<()>>>,
}

/// A place in the line. A record that ends before the point leaves the line by dropping it.
pub struct Place<'o> {
    order: &'o Order,
    number: u64,
}

impl Order {
    /// The next place.
    pub fn line_up(&self) -> Place<'_> {
        let number = self.lined_up.replace(self.lined_up.get() + 1);
        Place {
            order: self,
            number,
        }
    }
}

impl Place<'_> {
    /// Waits until all before have passed or left.
    pub async fn pass(self) {
        if self.number > self.order.next.get() {
            let (call, called) = oneshot::channel();
            self.order.waiting.borrow_mut().insert(self.number, call);
            let _called = called.await;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let order = self.order;
        let mut gone = order.gone.borrow_mut();
        gone.insert(self.number);
        while gone.remove(&order.next.get()) {
            order.next.set(order.next.get() + 1);
        }
        let next = order.waiting.borrow_mut().remove(&order.next.get());
        drop(gone);
        if let Some(call) = next {
            let _nobody_waits = call.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn places_pass_in_the_order_in_which_they_lined_up() {
        let order = Order::default();
        let (first, second, third) = (order.line_up(), order.line_up(), order.line_up());
        let mut third = Box::pin(third.pass());
        assert!(third.as_mut().now_or_never().is_none());
        drop(second);
        assert!(third.as_mut().now_or_never().is_none());
        assert!(first.pass().now_or_never().is_some());
        assert!(third.as_mut().now_or_never().is_some());
    }
}
