//! One record of a partition at a time between looking and the end of its write, first come, first
//! served.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use super::window::{Seat, Window};
use super::workflow::Partition;

/// The partitions at work. A turn is the only seat of a window of one.
#[derive(Default)]
pub struct Turns(RefCell<HashMap<Partition, Weak<Window>>>);

impl Turns {
    /// Waits for the turn on a partition. The next one has it when it is dropped.
    pub async fn take(&self, partition: &Partition) -> Seat {
        let window = self.window(partition);
        window.enter().await
    }

    fn window(&self, partition: &Partition) -> Rc<Window> {
        let mut all = self.0.borrow_mut();
        if let Some(window) = all.get(partition).and_then(Weak::upgrade) {
            return window;
        }
        if all.len() == all.capacity() {
            all.retain(|_, window| window.strong_count() > 0);
        }
        let window = Window::new(1, 1);
        all.insert(partition.clone(), Rc::downgrade(&window));
        window
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::domain::pii::Pii;

    #[test]
    fn the_next_record_of_a_partition_has_its_turn_when_the_one_before_gives_it_back() {
        let (turns, one) = (Turns::default(), Pii::new("one".to_owned()));
        let turn = turns.take(&one).now_or_never();
        let mut next = Box::pin(turns.take(&one));
        assert!(next.as_mut().now_or_never().is_none());
        let other = turns.take(&Pii::new("other".to_owned())).now_or_never();
        assert!(other.is_some(), "another partition is free");
        drop(turn);
        assert!(next.as_mut().now_or_never().is_some());
    }
}
