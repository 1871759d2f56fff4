//! One deployment over several runs, with its source, its destination and its bent clock.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use jiff::Timestamp;

use super::destination::Destination;
use super::dispatch::{CALL_TIMEOUT, Course, Dispatch, Terms, key, source_time};
use super::pace::Pace;
use super::source::{Change, Source};
use super::world::{Process, TABLE, World};
use crate::clock::{Clock, VirtualClock, later};
use crate::deadline::Deadline;
use crate::domain::ids::Deployment;
use crate::domain::system::WorkflowName;
use crate::engine::tests::fate::Doom;
use crate::engine::tests::scenario::site;
use crate::engine::{Context, Finished, Request, run};
use crate::entropy::Entropy;
use crate::profile::EngineSettings;
use crate::store::{RecordRow, Store};

pub const START: Timestamp = Timestamp::constant(1_790_000_000, 0);

/// How a run is begun, and what befalls it.
#[derive(Clone, Debug)]
pub struct Trial {
    pub doom: Doom,
    pub course: Course,
    /// How long it may take.
    pub time: Duration,
    pub request: Request,
}

impl Default for Trial {
    /// An ordinary run that nothing befalls.
    fn default() -> Self {
        Self {
            doom: Doom::None,
            course: Course::default(),
            time: Duration::from_mins(15),
            request: Request::default(),
        }
    }
}

pub struct Office<'l> {
    world: &'l World,
    pub source: Source,
    pub destination: Destination,
    pub clock: Arc<VirtualClock>,
    pub terms: Terms,
    pub profile_version: Cell<u32>,
    pub windows: RefCell<Vec<(Timestamp, usize)>>,
    /// Whether anything ever befell a run.
    pub unlucky: Cell<bool>,
    pub pace: Pace,
    settings: EngineSettings,
    deployment: Deployment,
    entropy: Arc<Entropy>,
}

impl<'l> Office<'l> {
    pub fn open(world: &'l World, terms: Terms) -> Self {
        Self {
            world,
            source: Source::default(),
            destination: Destination::default(),
            clock: Arc::new(VirtualClock::at(START)),
            terms,
            profile_version: Cell::new(1),
            windows: RefCell::default(),
            unlucky: Cell::new(false),
            pace: Pace::default(),
            settings: EngineSettings {
                concurrency: 3,
                max_writes_per_run: 5000,
                first_run_writes: 5000,
                verify_after: Duration::from_secs(2),
                retry_base: Duration::from_mins(10),
                retry_cap: Duration::from_hours(24),
                retry_attempts: 100,
                confirm_after: Duration::from_secs(2),
                confirm_checks: 2,
                confirm_overdue: Duration::from_hours(7 * 24),
            },
            deployment: World::new_deployment(),
            entropy: Arc::new(Entropy::from_seed(7)),
        }
    }

    pub fn source_now(&self) -> Timestamp {
        source_time(self.clock.now(), self.terms.ahead)
    }

    /// After how long without a last word a sheet is held.
    pub const fn overdue(&self) -> Duration {
        self.settings.confirm_overdue
    }

    pub fn change(&self, change: Change) {
        self.source.change(change, self.source_now());
    }

    /// One run in one of the two processes; none if the process died.
    pub async fn run_in(&self, process: usize, trial: &Trial) -> Option<Finished> {
        let lucky = trial.doom == Doom::None && trial.course.slow.is_none();
        self.unlucky.set(self.unlucky.get() || !lucky);
        let Process { fate, client } = &self.world.processes[process];
        fate.decree(trial.doom);
        let store = self.store_by(client.clone());
        let now = self.clock.now();
        let deadline = Deadline::new(now, later(now, trial.time));
        // All cases share one table, and each has a Primero of its own.
        let site = site(self.deployment.as_str());
        let dispatch = Dispatch {
            source: &self.source,
            destination: &self.destination,
            terms: self.terms,
            course: &trial.course,
            calls: Cell::new(0),
            fate,
            clock: &self.clock,
            deadline: deadline.clone(),
            profile_version: self.profile_version.get(),
            windows: &self.windows,
            pace: &self.pace,
            process,
        };
        let around = Context {
            deployment: &self.deployment,
            profile_version: format!("v{}", self.profile_version.get()),
            secret_versions: HashMap::new(),
            site: &site,
            alone: false,
            settings: &self.settings,
            store: &store,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&self.entropy),
            deadline,
            call_timeout: CALL_TIMEOUT,
            watch: &|_| {},
        };
        self.pace.begin(process);
        let request = Request {
            first_run: true,
            ..trial.request.clone()
        };
        let finished = fate.befall(run(&dispatch, &request, &around)).await;
        self.pace.end(process);
        finished
    }

    /// Two runs: the second begins as soon as the first one stalls, or else when it has ended.
    pub async fn run_both(&self, [first, second]: [&Trial; 2]) -> [Option<Finished>; 2] {
        self.pace.begin(0);
        self.pace.begin(1);
        let second = async {
            self.pace.first_stalls().await;
            self.run_in(1, second).await
        };
        let (first, second) = futures::join!(self.run_in(0, first), second);
        [first, second]
    }

    /// One ordinary run. Nothing may stop it.
    pub async fn complete(&self) -> Finished {
        self.complete_asked(Request::default()).await
    }

    pub async fn complete_asked(&self, request: Request) -> Finished {
        let trial = Trial {
            request,
            ..Trial::default()
        };
        let finished = self.run_in(0, &trial).await;
        let finished = finished.expect("nothing befalls it");
        assert_eq!(finished.stop, None, "{:?}", finished.report);
        finished
    }

    pub fn store(&self) -> Store {
        self.store_by(self.world.client.clone())
    }

    fn store_by(&self, client: Client) -> Store {
        let workflow = WorkflowName::DecisionsToProgres;
        Store::new(client, TABLE.to_owned(), &self.deployment, workflow)
    }

    /// The ledger's rows of all sheets that have one.
    pub async fn rows(&self) -> HashMap<u32, RecordRow<u32>> {
        let numbers: Vec<u32> = self.source.all().iter().map(|sheet| sheet.number).collect();
        let keys: Vec<_> = numbers.iter().map(|number| key(*number)).collect();
        let rows = self.store().records(&keys).await;
        let mut rows = rows.expect("the store answers");
        let row = |number: u32| Some((number, rows.remove(&key(number))?));
        numbers.into_iter().filter_map(row).collect()
    }
}
