//! Many lives ask, one call goes out.

use std::cell::RefCell;
use std::collections::VecDeque;

use futures::channel::oneshot;

use super::flow::{Flow, Out, Stage};
use super::obstacle::{Answer, Closed, Obstacle};

/// Gathers what lives ask at one stage into calls.
pub struct Batcher<'f, I, A> {
    flow: &'f Flow,
    stage: Stage,
    size: usize,
    at_once: usize,
    together: fn(&I, &I) -> bool,
    queue: RefCell<VecDeque<Asked<I, A>>>,
}

struct Asked<I, A> {
    item: I,
    asker: oneshot::Sender<Answer<A>>,
}

/// What goes out in one call.
pub struct Batch<'f, I, A> {
    /// What is asked, in the order of asking.
    pub items: Vec<I>,
    askers: Vec<oneshot::Sender<Answer<A>>>,
    _out: Out<'f>,
}

impl<'f, I, A> Batcher<'f, I, A> {
    /// Calls for up to `size` records, `at_once` of them at a time.
    pub fn new(flow: &'f Flow, stage: Stage, size: usize, at_once: usize) -> Self {
        flow.set_round(stage, size.saturating_mul(at_once));
        Self {
            flow,
            stage,
            size,
            at_once,
            together: |_, _| true,
            queue: RefCell::default(),
        }
    }

    /// Only these may share a call.
    pub fn only(self, together: fn(&I, &I) -> bool) -> Self {
        Self { together, ..self }
    }

    /// Asks for one record, in the same call as others.
    pub async fn ask(&self, item: I) -> Answer<A> {
        let (asker, answer) = oneshot::channel();
        self.queue.borrow_mut().push_back(Asked { item, asker });
        self.count();
        let answer = answer.await;
        // A call that is dropped is one of a run that waits no longer: it is told as closed.
        answer.unwrap_or(Err(Obstacle::Closed(Closed::Time)))
    }

    /// The next call of at most so many records, if one may go now.
    pub fn next(&self, most: usize) -> Option<Batch<'f, I, A>> {
        let size = self.size.min(most);
        let waiting = self.queue.borrow().len();
        let ready = waiting >= size || self.flow.may_go(self.stage);
        if waiting == 0 || size == 0 || !ready || self.flow.out_at(self.stage) >= self.at_once {
            return None;
        }
        let asked = self.take(size);
        let one_of_many = size == usize::MAX;
        if !one_of_many || self.queue.borrow().is_empty() {
            self.flow.has_gone(self.stage);
        }
        self.count();
        let asked = asked.into_iter().map(|one| (one.item, one.asker));
        let (items, askers) = asked.unzip();
        Some(Batch {
            items,
            askers,
            _out: self.flow.out(self.stage),
        })
    }

    fn take(&self, size: usize) -> Vec<Asked<I, A>> {
        let mut queue = self.queue.borrow_mut();
        let Some(first) = queue.pop_front() else {
            return Vec::new();
        };
        let mut batch = vec![first];
        let mut left = VecDeque::new();
        while batch.len() < size
            && let Some(next) = queue.pop_front()
        {
            if (self.together)(&batch[0].item, &next.item) {
                batch.push(next);
            } else {
                left.push_back(next);
            }
        }
        left.append(&mut queue);
        *queue = left;
        batch
    }

    /// Answers everybody who is in no call yet that no more goes out.
    pub fn close(&self, why: Closed) {
        let asked = std::mem::take(&mut *self.queue.borrow_mut());
        if asked.is_empty() {
            return;
        }
        self.flow.has_gone(self.stage);
        self.count();
        for one in asked {
            let _nobody_waits = one.asker.send(Err(Obstacle::Closed(why)));
        }
    }

    fn count(&self) {
        let waiting = self.queue.borrow().len();
        self.flow.set_waiting(self.stage, waiting);
    }
}

impl<I, A> Batch<'_, I, A> {
    /// The call has ended: each life gets its answer.
    pub fn answer(self, answers: impl IntoIterator<Item = Answer<A>>) {
        for (asker, answer) in self.askers.into_iter().zip(answers) {
            let _nobody_waits = asker.send(answer);
        }
    }
}
