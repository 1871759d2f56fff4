//! A run's time is over after any number of records: it marks what is done and ends, and the next run goes on (1.2, 2.1 and 2.2).

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use referral_bridge::clock::{Clock, VirtualClock, later, until};
use referral_bridge::domain::outcome::{RunReport, RunStatus};
use referral_bridge::domain::reason::Stop;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;

use crate::asked::Asked;
use crate::bridge::TestBridge;
use crate::wish::{ACCEPTED, Wish};

const RECORDS: u32 = 6;
/// What a run is given.
const TIME: Duration = Duration::from_mins(15);
/// What is left of it for finishing what is begun.
const RESERVE: Duration = Duration::from_secs(20);
/// By how many looks at the clock a run goes on longer than the one before.
const STEP: u32 = 3;
const MOST_LAPS: u32 = 200;

/// A clock on which almost all of a run's time has passed at once, after so many looks at it.
struct Leaping {
    clock: Arc<VirtualClock>,
    looks: AtomicU32,
    to: Timestamp,
}

impl Clock for Leaping {
    fn now(&self) -> Timestamp {
        let one_less = |looks: u32| looks.checked_sub(1);
        let left = self
            .looks
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        if left.is_err() {
            self.clock.advance(until(self.clock.now(), self.to));
        }
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.clock.sleep(duration)
    }
}

enum Records {
    Asked(Vec<Asked>),
    Wishes(Vec<Wish>),
}

struct Story {
    bridge: TestBridge,
    workflow: WorkflowName,
    records: Records,
}

impl Story {
    async fn start(workflow: WorkflowName) -> Self {
        let slow = TestBridge::beginning().profile(|profile| {
            profile.engine.concurrency = 1;
            profile.ping.status_batch = 1;
        });
        let bridge = slow.start().await;
        let numbers = 1..=RECORDS;
        let records = match workflow {
            WorkflowName::DecisionsToProgres => {
                Records::Asked(numbers.map(|number| bridge.accepted(number)).collect())
            }
            _ => Records::Wishes(numbers.map(|number| bridge.wish(number)).collect()),
        };
        if let (WorkflowName::DecisionsToPrimero, Records::Wishes(wishes)) = (workflow, &records) {
            for wish in wishes {
                bridge.decide(wish.decision(ACCEPTED));
            }
        }
        bridge.pass(Duration::from_mins(1));
        Self {
            bridge,
            workflow,
            records,
        }
    }

    /// A run whose time is over after so many looks at the clock.
    async fn cut_off(&mut self, looks: u32) -> RunReport {
        let clock = Arc::clone(&self.bridge.clock);
        self.bridge.installation.clock = Arc::new(Leaping {
            to: later(clock.now(), TIME.saturating_sub(RESERVE)),
            // With the first look the run begins.
            looks: AtomicU32::new(1 + looks),
            clock,
        });
        let request = Request::default();
        let finished = self.bridge.ask_within(TIME, self.workflow, &request).await;
        self.bridge.installation.clock = Arc::clone(&self.bridge.clock) as Arc<_>;
        // A run that is cut off before it could finish anything says so, and so does one that could not even read the list.
        match finished.stop {
            None | Some(Stop::NoProgress) => {}
            Some(Stop::Unavailable(_)) => assert_eq!(finished.report.counts.discovered, 0),
            Some(stop) => panic!("{stop}"),
        }
        finished.report
    }

    /// Runs with time enough until there is nothing left to do.
    async fn go_on(&self) {
        for _ in 0..5 {
            self.bridge.pass(Duration::from_hours(1));
            let counts = self.bridge.completed(self.workflow).await.counts;
            assert_eq!((counts.held, counts.deferred), (0, 0), "{counts:?}");
            if counts.delivered + counts.awaiting_confirmation + counts.will_retry == 0 {
                return;
            }
        }
        panic!("five runs are enough");
    }

    /// How often each record arrived.
    fn arrived(&self) -> Vec<usize> {
        match &self.records {
            Records::Asked(all) => all
                .iter()
                .map(|asked| self.bridge.codes_told(asked).len())
                .collect(),
            Records::Wishes(all) => all.iter().map(|wish| self.arrivals(wish)).collect(),
        }
    }

    fn arrivals(&self, wish: &Wish) -> usize {
        if self.workflow == WorkflowName::DecisionsToPrimero {
            return self.bridge.marks_on(wish).len();
        }
        let submissions = self.bridge.sandbox.ping.submissions();
        let of_case = submissions
            .iter()
            .filter(|one| one.external_id == wish.case_id);
        of_case.count()
    }

    /// Asserts of 2.2 that proGres heard of each answer that reached Primero.
    fn assert_marked(&self) {
        let Records::Wishes(wishes) = &self.records else {
            return;
        };
        if self.workflow != WorkflowName::DecisionsToPrimero {
            return;
        }
        for wish in wishes {
            let answered = self.bridge.referral(&wish.referral)["status"] == "accepted";
            assert_eq!(self.arrivals(wish), usize::from(answered), "{wish:?}");
        }
    }
}

/// Cuts runs off later and later, until one is not cut off; each time the work is finished by later runs.
async fn cut_off_everywhere(workflow: WorkflowName) {
    let mut arrived_before_the_end = BTreeSet::new();
    for lap in 0..MOST_LAPS {
        let mut story = Story::start(workflow).await;
        let report = story.cut_off(STEP * lap).await;
        let arrived: usize = story.arrived().into_iter().sum();
        story.assert_marked();
        story.go_on().await;

        assert_eq!(
            story.arrived(),
            [1; RECORDS as usize],
            "lap {lap}: {report:?}"
        );
        let writes = story.bridge.effective_writes();
        story.bridge.pass(Duration::from_hours(1));
        story.bridge.completed(workflow).await;
        assert_eq!(story.bridge.effective_writes(), writes, "lap {lap}");
        if report.status == RunStatus::Completed {
            let any = (0..RECORDS as usize).collect();
            assert!(
                arrived_before_the_end.is_superset(&any),
                "{arrived_before_the_end:?}"
            );
            return;
        }
        arrived_before_the_end.insert(arrived);
    }
    panic!("no run had time enough: {arrived_before_the_end:?}");
}

#[tokio::test]
async fn decisions_to_progres_go_on_where_a_run_was_cut_off() {
    cut_off_everywhere(WorkflowName::DecisionsToProgres).await;
}

#[tokio::test]
async fn referrals_to_progres_go_on_where_a_run_was_cut_off() {
    cut_off_everywhere(WorkflowName::ReferralsToProgres).await;
}

#[tokio::test]
async fn decisions_to_primero_go_on_where_a_run_was_cut_off() {
    cut_off_everywhere(WorkflowName::DecisionsToPrimero).await;
}
