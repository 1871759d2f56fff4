//! Services that case workers want of UNHCR, and what UNHCR decided about them.

use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::system::WorkflowName;
use sandbox::primero::NewReferral;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bridge::TestBridge;

pub const ACCEPTED: u32 = 125_080_001;
pub const REJECTED: u32 = 125_080_002;

/// A service that was referred to UNHCR.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The case in URLs.
    pub case: String,
    /// The case as PING calls it.
    pub case_id: String,
    /// `unique_id` of the service.
    pub service: String,
    /// The referral in Primero, as its URLs name it.
    pub referral: String,
    /// What proGres calls the referral.
    pub interop: Uuid,
}

impl Wish {
    /// The detail row of UNHCR's decision, made today.
    pub fn decision(&self, status: impl Into<Value>) -> Value {
        json!({
            "progres_interoperabilityreferralid": self.interop,
            "progres_offlineid": self.case_id,
            "progres_orgreferralid": self.service,
            "progres_interoperabilityreferralstatus": status.into(),
            "progres_reviewdate": "2026-11-23T00:00:00Z",
        })
    }
}

impl TestBridge {
    /// The case of a child of its own with a service for UNHCR, referred just now.
    pub fn wish(&self, number: u32) -> Wish {
        let service = format!("5efb0000-0606-4436-8f3d-{number:012}");
        let case = json!({
            "status": "open", "module_id": "primeromodule-cp", "owned_by": "worker1", "name_first": "Nyabol",
            "unhcr_individual_no": format!("606-4{number:08}"),
            "services_section": [{
                "unique_id": service, "service_type": "shelter", "service_implementing_agency": "UNHCR",
            }],
        });
        let primero = &self.sandbox.primero;
        let case = primero.insert_case(case).expect("it is new");
        let case_id = primero.case(&case).expect("it is there")["case_id"].clone();
        let wish = Wish {
            referral: String::new(),
            case_id: case_id.as_str().expect("a text").to_owned(),
            interop: Uuid::from_u128(
                0xd193_0000_0000_4000_8000_0000_0000_0000 + u128::from(number),
            ),
            case,
            service,
        };
        Wish {
            referral: self.refer_again(&wish),
            ..wish
        }
    }

    /// The worker refers the service once more; answers the new referral's id.
    pub fn refer_again(&self, wish: &Wish) -> String {
        let referral = NewReferral {
            transitioned_to: "unhcr_cw".to_owned(),
            service_record_id: Some(wish.service.clone()),
            consent_overridden: true,
            ..NewReferral::default()
        };
        let made = self.sandbox.primero.refer(&wish.case, &referral);
        made.expect("the rules allow it")
    }

    /// UNHCR decides, or changes its mind.
    pub fn decide(&self, decision: Value) {
        self.sandbox
            .ping
            .add_decision(decision)
            .expect("it has an id");
    }

    /// Runs workflow 2.2 once and demands that nothing stops it.
    pub async fn bring_decisions(&self) -> RunReport {
        self.completed(WorkflowName::DecisionsToPrimero).await
    }

    /// A referral as Primero holds it.
    pub fn referral(&self, id: &str) -> Value {
        let mut referrals = self.sandbox.primero.referrals().into_iter();
        referrals.find(|one| one["id"] == id).expect("it is there")
    }

    /// The external ids of the marks that proGres has on a wish.
    pub fn marks_on(&self, wish: &Wish) -> Vec<String> {
        let mut marks = self.sandbox.ping.marks();
        let marks = marks.remove(&wish.interop).unwrap_or_default();
        let finished = marks.into_iter().inspect(|mark| {
            let status = mark.field("progres_interoperabilityreferralstatus");
            assert_eq!(status, Some("125080003"));
        });
        finished.map(|mark| mark.external_id).collect()
    }
}
