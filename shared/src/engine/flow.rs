//! When a call that is not full goes out: the one rule, in one place.
//!
//! It goes when nothing that is under way could still add to it: a whole pass over all lives moved
//! nothing, and no call of an earlier stage is out, and nobody naps before it. It stays while the
//! next stage has a whole round of work waiting anyway.
//!
//! What is counted is calls that are out, never lives. A life may wait for what a later stage gives
//! back, such as a turn or a seat; the call would wait for the life, and the life for the call.
//! Every call ends by itself, so this cannot lock. A call that goes too early costs one call more,
//! and is never wrong.

use std::cell::Cell;

/// Where lives wait for calls, in the order in which a life comes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// A page of the source is read.
    List,
    /// The ledger's rows are read.
    Ledger,
    /// The source's records are read.
    Fetch,
    /// The destination is made ready.
    Prepare,
    /// The destination is looked at.
    Locate,
    /// The source's records are read once more.
    Reread,
    /// The destination is written to.
    Write,
    /// A row is kept.
    Keep,
    /// A life naps until what it wrote can be read back.
    BeforeVerify,
    /// What was written is read back.
    Verify,
    /// The source is told.
    Acknowledge,
    /// What an earlier run wrote is looked for.
    Look,
    /// What an earlier run sent is asked after.
    Recheck,
    /// A life naps until what it sent can be asked after.
    BeforeConfirm,
    /// What this run sent is asked after.
    Confirm,
}

const STAGES: usize = Stage::Confirm as usize + 1;

/// The stages on the way of a record that is sent and read back.
const WAY: [Stage; 10] = [
    Stage::List,
    Stage::Ledger,
    Stage::Fetch,
    Stage::Prepare,
    Stage::Locate,
    Stage::Reread,
    Stage::Write,
    Stage::Keep,
    Stage::BeforeVerify,
    Stage::Verify,
];

impl Stage {
    /// The stages whose calls bring records to this one.
    const fn feeders(self) -> &'static [Self] {
        let way = match self {
            Self::Fetch => WAY.split_at(2),
            Self::Locate => WAY.split_at(4),
            Self::Reread => WAY.split_at(5),
            Self::Write => WAY.split_at(6),
            Self::Verify => WAY.split_at(9),
            Self::Acknowledge => WAY.split_at(10),
            Self::Look | Self::Recheck => return &[Self::Ledger],
            _ => return &[],
        };
        way.0
    }

    /// The stage that this one feeds, where it is worth waiting for that one's calls.
    const fn next(self) -> Option<Self> {
        match self {
            Self::Ledger => Some(Self::Fetch),
            Self::Fetch => Some(Self::Locate),
            Self::Locate => Some(Self::Write),
            _ => None,
        }
    }
}

/// What waits and what is out at every stage.
#[derive(Default)]
pub struct Flow {
    traffic: [Traffic; STAGES],
    moved: Cell<bool>,
}

/// What waits and what is out at one stage.
#[derive(Default)]
struct Traffic {
    /// Lives that ask and are in no call yet.
    waiting: Cell<usize>,
    /// Calls that are out, or lives that nap.
    out: Cell<usize>,
    /// How many records the calls take together that may be out at a time.
    round: Cell<usize>,
    /// Whether the next call need not be full.
    go: Cell<bool>,
}

/// Something is out at a stage, until this is dropped.
pub struct Out<'f> {
    flow: &'f Flow,
    stage: Stage,
}

impl Flow {
    const fn at(&self, stage: Stage) -> &Traffic {
        &self.traffic[stage as usize]
    }

    /// Says how many records the calls of a stage take together.
    pub fn set_round(&self, stage: Stage, round: usize) {
        self.at(stage).round.set(round);
    }

    /// How many lives ask at this stage now.
    pub fn set_waiting(&self, stage: Stage, waiting: usize) {
        self.at(stage).waiting.set(waiting);
        self.has_moved();
    }

    /// Something goes out at this stage.
    pub fn out(&self, stage: Stage) -> Out<'_> {
        let out = &self.at(stage).out;
        out.set(out.get() + 1);
        self.has_moved();
        Out { flow: self, stage }
    }

    /// Lives that ask at this stage and are in no call yet.
    pub fn waiting_at(&self, stage: Stage) -> usize {
        self.at(stage).waiting.get()
    }

    /// Calls that are out at this stage, or lives that nap there.
    pub fn out_at(&self, stage: Stage) -> usize {
        self.at(stage).out.get()
    }

    /// Whether any life asks or is out at one of these stages.
    pub fn is_busy(&self, stages: &[Stage]) -> bool {
        let busy = |stage: &Stage| self.waiting_at(*stage) + self.out_at(*stage) > 0;
        stages.iter().any(busy)
    }

    /// Whether the next call at this stage need not be full.
    pub fn may_go(&self, stage: Stage) -> bool {
        self.at(stage).go.get()
    }

    /// A call went out at this stage: the next one waits for company again.
    pub fn has_gone(&self, stage: Stage) {
        self.at(stage).go.set(false);
    }

    /// Somebody asked, or was answered.
    pub fn has_moved(&self) {
        self.moved.set(true);
    }

    /// Whether anything moved since this was asked last.
    pub fn take_moved(&self) -> bool {
        self.moved.replace(false)
    }

    /// Nothing moves: lets those calls go that nothing can add to. `hurry` lets all of them go.
    /// True if any may go that might not before.
    pub fn let_go(&self, stages: &[Stage], hurry: bool) -> bool {
        let mut any = false;
        for stage in stages {
            let here = self.at(*stage);
            let fed = |feeder: &Stage| self.out_at(*feeder) > 0 || self.may_go(*feeder);
            let stays = stage.feeders().iter().any(fed) || self.has_a_round(stage.next());
            if here.waiting.get() > 0 && (hurry || !stays) {
                any |= !here.go.replace(true);
            }
        }
        any
    }

    fn has_a_round(&self, stage: Option<Stage>) -> bool {
        stage.is_some_and(|stage| {
            let there = self.at(stage);
            there.out.get() > 0 && there.waiting.get() >= there.round.get().max(1)
        })
    }
}

impl Drop for Out<'_> {
    fn drop(&mut self) {
        let out = &self.flow.at(self.stage).out;
        out.set(out.get() - 1);
        self.flow.has_moved();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: [Stage; 3] = [Stage::Fetch, Stage::Locate, Stage::Write];

    #[test]
    fn a_call_that_is_not_full_goes_when_nothing_can_add_to_it() {
        let flow = Flow::default();
        flow.set_waiting(Stage::Locate, 1);
        let fetch = flow.out(Stage::Fetch);
        assert!(!flow.let_go(&CALLS, false), "the fetch may bring another");
        drop(fetch);
        assert!(flow.let_go(&CALLS, false));
        assert!(flow.may_go(Stage::Locate));
    }

    #[test]
    fn it_waits_for_what_naps_before_it() {
        let flow = Flow::default();
        flow.set_waiting(Stage::Verify, 1);
        let _nap = flow.out(Stage::BeforeVerify);
        assert!(!flow.let_go(&[Stage::Verify], false));
        assert!(flow.let_go(&[Stage::Verify], true), "time is short");
    }

    #[test]
    fn it_stays_while_the_next_stage_has_a_round_waiting() {
        let flow = Flow::default();
        flow.set_round(Stage::Write, 2);
        flow.set_waiting(Stage::Locate, 1);
        flow.set_waiting(Stage::Write, 2);
        let _write = flow.out(Stage::Write);
        assert!(!flow.let_go(&[Stage::Locate], false));
    }

    #[test]
    fn a_call_that_goes_first_may_bring_something_to_the_next() {
        let flow = Flow::default();
        flow.set_waiting(Stage::Fetch, 1);
        flow.set_waiting(Stage::Locate, 1);
        assert!(flow.let_go(&CALLS, false));
        assert!(flow.may_go(Stage::Fetch) && !flow.may_go(Stage::Locate));
    }
}
