//! The fate of every call of a run, to the store and to the two systems: all are counted, and one of them may fail or be the last.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

/// What is decreed for a run. Calls are numbered from 1: in the order in which they are sent, or in which they have their effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doom {
    #[default]
    None,
    /// The process dies at this call.
    Dies(When, usize),
    /// This call fails, and only this one.
    Fails(When, usize),
    /// The store answers so many calls and then no more.
    StoreFailsAfter(usize),
}

/// Whether a call that goes wrong has its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    BeforeItsEffect,
    AfterItsEffect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    Store,
    System,
}

/// Whether a call goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Goes,
    Fails,
    /// Nobody is left to see it.
    Never,
}

#[derive(Debug, Default)]
pub struct Fate(Mutex<Thread>);

#[derive(Debug, Default)]
struct Thread {
    doom: Doom,
    sent: usize,
    sent_to_store: usize,
    effects: usize,
    is_dead: bool,
}

impl Fate {
    /// Lays down what happens from now on, and counts from the start.
    pub fn decree(&self, doom: Doom) {
        *self.thread() = Thread {
            doom,
            ..Thread::default()
        };
    }

    /// Whether a doom at this call has had its chance.
    pub fn has_come_to(&self, when: When, call: usize) -> bool {
        let thread = self.thread();
        match when {
            When::BeforeItsEffect => thread.sent >= call,
            When::AfterItsEffect => thread.effects >= call,
        }
    }

    /// A call is about to be sent.
    pub fn begin(&self, receiver: Receiver) -> Turn {
        let mut thread = self.thread();
        if thread.is_dead {
            return Turn::Never;
        }
        thread.sent += 1;
        thread.sent_to_store += usize::from(receiver == Receiver::Store);
        let cut_off =
            matches!(thread.doom, Doom::StoreFailsAfter(most) if thread.sent_to_store > most);
        if cut_off && receiver == Receiver::Store {
            return Turn::Fails;
        }
        let sent = thread.sent;
        thread.turn(When::BeforeItsEffect, sent)
    }

    /// A call has had its effect; its answer is on the way.
    pub fn end(&self) -> Turn {
        let mut thread = self.thread();
        if thread.is_dead {
            return Turn::Never;
        }
        thread.effects += 1;
        let effects = thread.effects;
        thread.turn(When::AfterItsEffect, effects)
    }

    /// Drives a run until it ends or its process dies.
    pub async fn befall<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        let mut run = pin!(run);
        std::future::poll_fn(|context| {
            let polled = run.as_mut().poll(context);
            if self.thread().is_dead {
                Poll::Ready(None)
            } else {
                polled.map(Some)
            }
        })
        .await
    }

    fn thread(&self) -> std::sync::MutexGuard<'_, Thread> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

impl Thread {
    fn turn(&mut self, when: When, call: usize) -> Turn {
        if self.doom == Doom::Dies(when, call) {
            self.is_dead = true;
            Turn::Never
        } else if self.doom == Doom::Fails(when, call) {
            Turn::Fails
        } else {
            Turn::Goes
        }
    }
}

/// Lets fate at the calls of the SDK's client.
#[derive(Debug)]
pub struct OfTheStore(pub Arc<Fate>);

fn pass(turn: Turn) -> Result<(), BoxError> {
    match turn {
        Turn::Goes => Ok(()),
        Turn::Fails | Turn::Never => Err("fate".into()),
    }
}

impl Intercept for OfTheStore {
    fn name(&self) -> &'static str {
        "fate"
    }

    fn modify_before_transmit(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        pass(self.0.begin(Receiver::Store))
    }

    fn modify_before_deserialization(
        &self,
        _: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        pass(self.0.end())
    }
}
