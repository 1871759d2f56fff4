//! How many records may be between two points.
//!
//! Once full, it opens again when a whole group can come in, so that the calls behind it fill
//! instead of going for one.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use futures::channel::oneshot;

/// A number of seats.
pub struct Window {
    size: usize,
    group: usize,
    taken: Cell<usize>,
    full: Cell<bool>,
    waiting: RefCell<VecDeque<oneshot::Sender<Seat>>>,
}

/// A seat; free again when this is dropped.
pub struct Seat(Rc<Window>);

impl Window {
    /// So many seats, of which a group at a time becomes free.
    pub fn new(size: usize, group: usize) -> Rc<Self> {
        Rc::new(Self {
            size,
            group: group.min(size),
            taken: Cell::new(0),
            full: Cell::new(false),
            waiting: RefCell::default(),
        })
    }

    /// A seat, if one is free.
    pub fn try_enter(self: &Rc<Self>) -> Option<Seat> {
        (!self.full.get()).then(|| self.seat())
    }

    /// Waits for a seat, in the order of coming.
    pub async fn enter(self: &Rc<Self>) -> Seat {
        if let Some(seat) = self.try_enter() {
            return seat;
        }
        let (next, seat) = oneshot::channel();
        self.waiting.borrow_mut().push_back(next);
        seat.await.unwrap_or_else(|_| self.seat())
    }

    fn seat(self: &Rc<Self>) -> Seat {
        self.taken.set(self.taken.get() + 1);
        self.full.set(self.taken.get() >= self.size);
        Seat(Rc::clone(self))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Self(window) = self;
        window.taken.set(window.taken.get() - 1);
        if window.taken.get() + window.group > window.size {
            return;
        }
        window.full.set(false);
        // The seat itself is handed over: who was only woken would have to queue anew, behind others.
        while !window.full.get() {
            let Some(next) = window.waiting.borrow_mut().pop_front() else {
                return;
            };
            let _nobody_waits = next.send(window.seat());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_full_window_opens_by_whole_groups() {
        let window = Window::new(3, 2);
        let mut seats: Vec<Seat> = (0..3).filter_map(|_| window.try_enter()).collect();
        assert!(window.try_enter().is_none());
        drop(seats.pop());
        assert!(window.try_enter().is_none(), "one seat is no group");
        drop(seats.pop());
        assert!(window.try_enter().is_some());
    }

    #[test]
    fn seats_are_handed_over_in_the_order_of_coming() {
        let window = Window::new(1, 1);
        let seat = window.try_enter();
        let mut first = Box::pin(window.enter());
        let mut second = Box::pin(window.enter());
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        drop(seat);
        assert!(second.as_mut().now_or_never().is_none());
        assert!(first.as_mut().now_or_never().is_some());
    }
}
