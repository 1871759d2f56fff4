//! Records of any workflow, ready to be moved, and what must have become of each: there once, and no more.

use std::collections::BTreeSet;
use std::time::Duration;

use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use sandbox::ping::Received;
use sandbox::primero::ServiceDecision;
use serde_json::json;

use crate::bridge::TestBridge;
use crate::referral::Referral;
use crate::wish::{ACCEPTED, Wish};

/// A record that waits for its workflow.
#[derive(Clone, Debug)]
pub enum Waiting {
    /// 1.1: a referral of UNHCR.
    Referral(Referral),
    /// 1.2: an accepted referral of UNHCR.
    Decision(Referral),
    /// 2.1: a service that a case worker referred to UNHCR.
    Wish(Wish),
    /// 2.2: such a service that UNHCR accepted.
    Review(Wish),
}

impl Waiting {
    pub fn key(&self) -> RecordKey {
        RecordKey::written(&match self {
            Self::Referral(referral) | Self::Decision(referral) => referral.intervention.clone(),
            Self::Wish(wish) => wish.key(),
            Self::Review(wish) => wish.interop.to_string(),
        })
    }
}

impl Wish {
    /// Its key in the ledger of 2.1.
    pub fn key(&self) -> String {
        format!("{}/{}", self.case_id, self.service)
    }
}

/// A request for these records alone.
pub fn only<'k>(keys: impl IntoIterator<Item = &'k RecordKey>) -> Request {
    Request {
        only: Some(keys.into_iter().cloned().collect()),
        ..Request::default()
    }
}

impl TestBridge {
    /// So many records that wait for a workflow, saved long enough ago to be seen by its next run.
    pub fn waiting(&self, workflow: WorkflowName, count: u32) -> Vec<Waiting> {
        let one = |number| match workflow {
            WorkflowName::ReferralsToPrimero => {
                let referral = Referral::numbered(number);
                self.refer(&referral);
                Waiting::Referral(referral)
            }
            WorkflowName::DecisionsToProgres => {
                Waiting::Decision(self.decided(number, &ServiceDecision::Accepted))
            }
            WorkflowName::ReferralsToProgres => Waiting::Wish(self.wish(number)),
            WorkflowName::DecisionsToPrimero => {
                let wish = self.wish(1000 + number);
                self.decide(wish.decision(ACCEPTED));
                Waiting::Review(wish)
            }
        };
        let records = (1..=count).map(one).collect();
        self.pass(Duration::from_secs(6));
        records
    }

    /// A referral of UNHCR that Primero received long ago, on the case of a child of its own, just decided.
    pub fn decided(&self, number: u32, decision: &ServiceDecision) -> Referral {
        let referral = Referral::numbered(500 + number);
        let rows = referral.rows();
        self.sandbox.ping.add_delivered(rows).expect("it is new");
        let case = json!({
            "status": "open", "module_id": "primeromodule-cp", "owned_by": "worker1",
            "unhcr_individual_no": referral.individual_no,
            "services_section": [{
                "unique_id": format!("5efb0000-0606-4436-8f3d-{:012}", 500 + number),
                "service_type": "alternative_care",
                "service_request_agency": "UNHCR", "service_referral": "external_referral",
                "progres_interventionnumber": referral.intervention_number(),
            }],
        });
        let primero = &self.sandbox.primero;
        primero.insert_case(case).expect("it is new");
        self.worker_decides(&referral, decision);
        referral
    }

    /// The case worker decides about a referral of UNHCR, or changes their mind.
    pub fn worker_decides(&self, referral: &Referral, decision: &ServiceDecision) {
        let intervention = &referral.intervention;
        let primero = &self.sandbox.primero;
        primero
            .worker_decides_intervention(intervention, decision)
            .expect("it is there");
    }

    /// What proGres was told of a referral and took.
    pub fn told(&self, referral: &Referral) -> Vec<Received> {
        let mut told = self
            .sandbox
            .ping
            .transfer_statuses_of(&referral.intervention);
        told.retain(|one| one.applied);
        told
    }

    /// The submissions that proGres took for a service.
    pub fn submitted(&self, wish: &Wish) -> Vec<Received> {
        let mut submitted = self.sandbox.ping.submissions();
        submitted.retain(|one| {
            one.applied
                && one.field("progres_offlineid") == Some(wish.case_id.as_str())
                && one.field("progres_orgreferralid") == Some(wish.service.as_str())
        });
        submitted
    }

    /// Whether a record is at its destination and its source knows, as the two systems show it.
    pub fn has_arrived(&self, record: &Waiting) -> bool {
        match record {
            Waiting::Referral(referral) | Waiting::Decision(referral) => {
                !self.told(referral).is_empty()
            }
            Waiting::Wish(wish) => !self.submitted(wish).is_empty(),
            Waiting::Review(wish) => !self.marks_on(wish).is_empty(),
        }
    }

    /// Asserts that every record is at its destination exactly once, and that its source knows.
    pub fn assert_each_arrived_once(&self, records: &[Waiting]) {
        for record in records {
            match record {
                Waiting::Referral(referral) => self.assert_delivered_once(referral),
                Waiting::Decision(referral) => {
                    let told = self.told(referral);
                    let [one] = &told[..] else {
                        panic!("{referral:?}: told {told:?}");
                    };
                    let status = one.field("progres_primerotransferstatus");
                    assert_eq!(status, Some("125080003"));
                    assert_eq!(one.attachments, ["Referral acknowledged by PRIMERO"]);
                }
                Waiting::Wish(wish) => {
                    assert_eq!(self.submitted(wish).len(), 1, "{wish:?}");
                }
                Waiting::Review(wish) => {
                    assert_eq!(self.referral(&wish.referral)["status"], "accepted");
                    assert_eq!(self.marks_on(wish), [wish.referral.as_str()]);
                }
            }
        }
    }

    /// Everything in the state table, item by item. The members of an item come in no order, so its parts are sorted.
    pub async fn table(&self) -> BTreeSet<String> {
        let scan = self.installation.state.scan();
        let page = scan.table_name(&self.installation.table).send().await;
        let page = page.expect("it answers");
        assert!(page.last_evaluated_key().is_none(), "one page holds it");
        let parts = |text: String| {
            let parts = text.split(['{', '}', '[', ']', ',']).map(str::trim);
            let mut parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
            parts.sort_unstable();
            format!("{parts:?}")
        };
        page.items()
            .iter()
            .map(|item| parts(format!("{item:?}")))
            .collect()
    }
}
