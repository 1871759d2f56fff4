//! Services that UNHCR asked for and that case workers decide about, and what proGres hears of it.

use std::time::Duration;

use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::system::WorkflowName;
use sandbox::primero::ServiceDecision;
use serde_json::json;

use crate::bridge::TestBridge;
use crate::referral::Referral;

pub const ACKNOWLEDGED: &str = "125080003";
pub const REFUSED: &str = "125080004";
pub const COMMENT: &str = "Referral acknowledged by PRIMERO";

/// A service that came to Primero with an intervention.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The intervention's GUID, which is its key in the ledger as well.
    pub intervention: String,
    /// The case in URLs.
    pub case: String,
    /// `unique_id` of the service.
    pub service: String,
}

impl TestBridge {
    /// The case of a child of its own with a service that UNHCR asked for; nobody has decided about it.
    pub fn asked(&self, number: u32) -> Asked {
        let referral = Referral::numbered(number);
        let ping = &self.sandbox.ping;
        ping.add_delivered(referral.rows()).expect("it is new");
        let service = format!("5efa0000-0606-4436-8f3d-{number:012}");
        let case = json!({
            "status": "open", "module_id": "primeromodule-cp", "owned_by": "worker1", "name_first": "Nyabol",
            "unhcr_individual_no": referral.individual_no,
            "services_section": [{
                "unique_id": service, "service_type": "alternative_care",
                "service_request_agency": "UNHCR", "service_referral": "external_referral",
                "unhcr_referral_status": "pending", "progres_interventionnumber": referral.intervention_number(),
            }],
        });
        Asked {
            case: self.sandbox.primero.insert_case(case).expect("it is new"),
            intervention: referral.intervention,
            service,
        }
    }

    /// The same, and the worker took it.
    pub fn accepted(&self, number: u32) -> Asked {
        let asked = self.asked(number);
        self.answer(&asked, &ServiceDecision::Accepted);
        asked
    }

    /// The worker decides, or changes their mind.
    pub fn answer(&self, asked: &Asked, decision: &ServiceDecision) {
        let primero = &self.sandbox.primero;
        let decided = primero.worker_decides(&asked.case, &asked.service, decision);
        decided.expect("there is such a service");
    }

    /// Runs workflow 1.2 a minute after what was done before, and demands that nothing stops it.
    pub async fn report_decisions(&self) -> RunReport {
        self.pass(Duration::from_mins(1));
        self.completed(WorkflowName::DecisionsToProgres).await
    }

    /// The statuses that came to proGres, in order.
    pub fn codes_told(&self, asked: &Asked) -> Vec<String> {
        let ping = &self.sandbox.ping;
        let statuses = ping.transfer_statuses_of(&asked.intervention).into_iter();
        let code = |field: Option<&str>| field.unwrap_or("none").to_owned();
        statuses
            .map(|status| code(status.field("progres_primerotransferstatus")))
            .collect()
    }

    /// The comments that proGres keeps, in order.
    pub fn comments(&self, asked: &Asked) -> Vec<String> {
        self.sandbox.ping.comments_of(&asked.intervention)
    }
}

/// The worker refuses and says why.
pub fn rejected(reason: &str) -> ServiceDecision {
    ServiceDecision::Rejected(Some(reason.to_owned()))
}
