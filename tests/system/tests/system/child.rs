//! Children for whom a case worker wants something of UNHCR, with their workers' consent and contact in order.

use std::collections::BTreeSet;
use std::time::Duration;

use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::reason::Reason;
use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use referral_bridge::store::{RecordRow, RecordState};
use sandbox::ping::Received;
use sandbox::primero::NewReferral;
use serde_json::{Value, json};

use crate::bridge::TestBridge;

const WORKFLOW: WorkflowName = WorkflowName::ReferralsToProgres;

/// A case with one or more services for UNHCR.
#[derive(Clone, Debug)]
pub struct Child {
    /// The case in URLs.
    pub case: String,
    /// The case as PING calls it.
    pub case_id: String,
    /// `unique_id` of its first service.
    pub service: String,
}

impl Child {
    /// The record of 2.1 that this service of the child is.
    pub fn key(&self, service: &str) -> String {
        format!("{}/{service}", self.case_id)
    }
}

/// The `unique_id` of the first service of the child with this number.
pub fn service_of(number: u32) -> String {
    format!("5efb0000-0707-4436-8f3d-{number:012}")
}

/// A service that UNHCR is to give.
pub fn wanted(unique_id: &str) -> Value {
    json!({
        "unique_id": unique_id, "service_type": "shelter", "service_implementing_agency": "UNHCR",
    })
}

/// A person releases this record and asks for it alone.
pub fn release(key: &str) -> Request {
    Request {
        only: Some(BTreeSet::from([RecordKey::written(key)])),
        release_held: true,
        ..Request::default()
    }
}

/// This is the one reason in the report, of one record.
pub fn assert_only(report: &RunReport, reason: Reason) {
    let counted = if reason.is_remark() {
        &report.remarks
    } else {
        &report.reasons
    };
    let counted: Vec<_> = counted.iter().collect();
    assert_eq!(counted, [(&reason, &1)], "{report:?}");
}

impl TestBridge {
    /// A child with consent, an owner whose profile is complete, and one service for UNHCR.
    pub fn child(&self, number: u32) -> Child {
        self.child_with(number, &json!({}))
    }

    /// The same with other fields.
    pub fn child_with(&self, number: u32, changes: &Value) -> Child {
        let service = service_of(number);
        let mut case = json!({
            "status": "open", "module_id": "primeromodule-cp", "owned_by": "worker4", "name_first": "Nyabol",
            "unhcr_individual_no": format!("606-5{number:08}"),
            "consent_for_services": true, "disclosure_other_orgs": true,
            "services_section": [wanted(&service)],
        });
        let changes = changes.as_object().expect("an object");
        for (field, value) in changes {
            case[field] = value.clone();
        }
        let primero = &self.sandbox.primero;
        let case = primero.insert_case(case).expect("it is new");
        let case_id = primero.case(&case).expect("it is there")["case_id"].clone();
        Child {
            case_id: case_id.as_str().expect("a text").to_owned(),
            case,
            service,
        }
    }

    /// The worker refers this service of the child to UNHCR; answers the referral's id.
    pub fn ask_unhcr(&self, child: &Child, service: &str) -> String {
        self.ask_unhcr_with(child, service, false)
    }

    /// The same, where the worker may override the consent that is missing.
    pub fn ask_unhcr_with(&self, child: &Child, service: &str, consent_overridden: bool) -> String {
        let referral = NewReferral {
            transitioned_to: "unhcr_cw".to_owned(),
            service_record_id: Some(service.to_owned()),
            consent_overridden,
            ..NewReferral::default()
        };
        let made = self.sandbox.primero.refer(&child.case, &referral);
        made.expect("the rules allow it")
    }

    /// A child whose worker has just referred its one service.
    pub fn asking_child(&self, number: u32) -> Child {
        let child = self.child(number);
        self.ask_unhcr(&child, &child.service);
        child
    }

    /// A minute later, runs workflow 2.1 once and demands that nothing stops it.
    pub async fn send_to_progres(&self) -> RunReport {
        self.pass(Duration::from_mins(1));
        self.completed(WORKFLOW).await
    }

    /// A minute later, runs workflow 2.1 as a person asks; nothing stops it.
    pub async fn send_asked(&self, request: &Request) -> RunReport {
        self.pass(Duration::from_mins(1));
        let finished = self.ask(WORKFLOW, request).await;
        assert_eq!(finished.stop, None);
        finished.report
    }

    /// What PING took of a service of the child, in order.
    pub fn submissions_of(&self, child: &Child, service: &str) -> Vec<Received> {
        let mut submissions = self.sandbox.ping.submissions();
        submissions.retain(|one| {
            one.external_guid.as_ref() == Some(&child.case)
                && one.field("progres_orgreferralid") == Some(service)
        });
        submissions
    }

    /// The row in the ledger of 2.1 of the child's first service.
    pub async fn child_row(&self, child: &Child) -> RecordRow<Value> {
        let row = self.row_of(WORKFLOW, &child.key(&child.service)).await;
        row.expect("it has a row")
    }

    /// The child's first service is held for this reason.
    pub async fn assert_held(&self, child: &Child, reason: Reason) {
        let row = self.child_row(child).await;
        assert_eq!((row.state, row.reason), (RecordState::Held, Some(reason)));
    }

    /// The child's first service was submitted so often.
    pub fn assert_submitted(&self, child: &Child, times: usize) {
        let submissions = self.submissions_of(child, &child.service);
        assert_eq!(submissions.len(), times, "{submissions:?}");
    }
}
