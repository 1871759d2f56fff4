//! Generated data for trying things out by hand and for load: invented children, seeded.

mod children;
mod decisions;
mod referrals;
mod submissions;

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::index;

use crate::ping::Received;
use crate::{Sandbox, Workflow};
use children::{Child, Saves, series};

pub use referrals::generated_referrals;
pub use submissions::decide_submitted;

/// What to generate for one workflow. The same values give the same data; the records of two workflows never
/// meet. Cases were saved in October 2026, many of them within one second.
#[derive(Clone, Copy, Debug)]
pub struct Generated {
    /// Whose records: 1.1 pending interventions of two detail rows each; 1.2 services decided in Primero;
    /// 2.1 services referred to `unhcr_cw` with consent; 2.2 interoperability referrals decided by UNHCR.
    pub workflow: Workflow,
    /// Complete records, every one of another child.
    pub records: usize,
    /// Decides the data.
    pub seed: u64,
    /// How many children in a hundred have a case in Primero already, spread evenly (1.1 only: for the
    /// others every child has one).
    pub existing_percent: usize,
    /// How many records in a hundred fail every PING call they are in (see [`crate::ping::Ping::poison`]), at
    /// random places.
    pub bad_percent: usize,
}

impl Generated {
    /// How many records fail every call they are in.
    #[must_use]
    pub const fn bad(&self) -> usize {
        self.records * self.bad_percent / 100
    }

    /// Puts the data into both systems, and into Primero one case more, of a child that nobody refers: no real
    /// installation is without any numbered case. An error is anything that they do not take.
    pub fn load(&self, sandbox: &Sandbox) -> Result<(), String> {
        // Another sequence than that of the referrals of 1.1: ids must not meet, nor those of two workflows.
        let mut chance = StdRng::seed_from_u64(!self.seed ^ u64::from(series(self.workflow)));
        let bystander = Child {
            number: format!("606-10000000{}", series(self.workflow)),
            ..Child::drawn(&mut chance, self.workflow, 0)
        };
        let saved_at = Saves::begin().next(&mut chance);
        let case = bystander.case(&mut chance, saved_at);
        sandbox.primero.insert_case(case)?;
        let ids = match self.workflow {
            Workflow::ReferralsToPrimero => referrals::load(sandbox, self),
            Workflow::DecisionsToProgres => decisions::load(sandbox, self, &mut chance),
            Workflow::ReferralsToProgres => submissions::load(sandbox, self, &mut chance),
            Workflow::DecisionsToPrimero => submissions::load_decided(sandbox, self, &mut chance),
        }?;
        for place in index::sample(&mut chance, ids.len(), self.bad().min(ids.len())) {
            sandbox.ping.poison(&ids[place]);
        }
        Ok(())
    }
}

/// How many records of a workflow `proGres` knows to have arrived, each counted once: 1.1 interventions
/// received, 1.2 interventions decided, 2.1 services submitted, 2.2 interoperability referrals marked.
#[must_use]
pub fn arrived(sandbox: &Sandbox, workflow: Workflow) -> usize {
    match workflow {
        Workflow::ReferralsToPrimero => told(sandbox, &["125080002"]),
        Workflow::DecisionsToProgres => told(sandbox, &["125080003", "125080004"]),
        Workflow::ReferralsToProgres => {
            let submissions = sandbox.ping.submissions();
            let applied = submissions.iter().filter(|one| one.applied);
            let service = |one: &Received| {
                let service = one.field("progres_orgreferralid").map(str::to_owned);
                (one.external_guid.clone(), service)
            };
            applied.map(service).collect::<BTreeSet<_>>().len()
        }
        Workflow::DecisionsToPrimero => {
            let marks = sandbox.ping.marks();
            let applied = |marks: &&Vec<Received>| marks.iter().any(|mark| mark.applied);
            marks.values().filter(applied).count()
        }
    }
}

/// Interventions with an applied transfer status among these.
fn told(sandbox: &Sandbox, codes: &[&str]) -> usize {
    let statuses = sandbox.ping.transfer_statuses();
    let fits = |status: &Received| {
        let code = status.field("progres_primerotransferstatus");
        status.applied && code.is_some_and(|code| codes.contains(&code))
    };
    statuses
        .values()
        .filter(|statuses| statuses.iter().any(fits))
        .count()
}
