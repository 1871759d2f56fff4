//! One call to either made-up system: it is noted, meets its fate and its mishaps, and has its effect once for every record.

use super::fate::{Fate, Receiver, Turn};
use super::systems::{Event, Mishap, Stage, Systems};
use crate::clock::{Clock, VirtualClock};
use crate::domain::record::RecordKey;
use crate::domain::system::System;
use crate::engine::{BatchResult, CallError, Fault};

/// The way to both systems.
pub struct Line<'s> {
    pub systems: &'s Systems,
    pub fate: &'s Fate,
    pub clock: &'s VirtualClock,
}

/// Turns a stage wait may take before the test is taken for stuck.
const PATIENCE: usize = 100_000;

impl Line<'_> {
    /// One call to either system: `effect` happens once for every record, unless a mishap or fate prevents it.
    pub async fn call<T>(
        &self,
        stage: Stage,
        keys: &[RecordKey],
        mut effect: impl FnMut(&RecordKey) -> Result<T, Fault>,
    ) -> BatchResult<T> {
        self.note(stage, keys, false);
        let turn = self.fate.begin(Receiver::System);
        self.turned(turn, stage).await?;
        let mishaps = self.systems.mishaps(stage, keys);
        for (_, mishap) in &mishaps {
            match mishap {
                Mishap::Fails(trouble) => return Err(trouble.clone()),
                Mishap::Panics => panic!("on purpose, at {stage:?}"),
                Mishap::Takes(duration) => self.clock.sleep(*duration).await,
                _ => {}
            }
        }
        let answers = keys.iter().map(|key| {
            let own = mishaps
                .iter()
                .find(|(record, _)| record.as_ref() == Some(key));
            match own {
                Some((_, Mishap::Record(fault))) => Err(fault.clone()),
                _ => effect(key),
            }
        });
        let answers = answers.collect();
        let turn = self.fate.end();
        self.turned(turn, stage).await?;
        // Others get their turn between a call and its answer.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        for (_, mishap) in mishaps {
            match mishap {
                Mishap::FailsAfterEffect(trouble) => return Err(trouble),
                Mishap::Swallowed => {
                    let mut records = self.systems.shelf.borrow_mut();
                    records.retain(|record| !keys.contains(record));
                }
                Mishap::Stalls => self.until(|| self.systems.may_go_on()).await,
                Mishap::AnswersAfter(calls) => {
                    self.until(|| self.systems.ended(stage).len() >= calls)
                        .await;
                }
                _ => {}
            }
        }
        self.note(stage, keys, true);
        Ok(answers)
    }

    async fn turned(&self, turn: Turn, stage: Stage) -> Result<(), CallError> {
        match turn {
            Turn::Goes => Ok(()),
            Turn::Fails => Err(Fault::down(system_of(stage)).into()),
            Turn::Never => std::future::pending().await,
        }
    }

    async fn until(&self, reached: impl Fn() -> bool) {
        for _ in 0..PATIENCE {
            if reached() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("what this call waits for never comes");
    }

    fn note(&self, stage: Stage, keys: &[RecordKey], ended: bool) {
        self.systems.events.borrow_mut().push(Event {
            stage,
            keys: keys.to_vec(),
            at: self.clock.now(),
            ended,
        });
    }
}

pub fn system_of(stage: Stage) -> System {
    match stage {
        Stage::Discover | Stage::Fetch | Stage::Map | Stage::Report => System::Ping,
        Stage::Prepare
        | Stage::Locate
        | Stage::Write
        | Stage::Verify
        | Stage::Look
        | Stage::Confirm => System::Primero,
    }
}
