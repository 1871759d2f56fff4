//! What case workers have: cases with decisions (1.2) and with services for UNHCR (2.1) that go every way a record can go.

use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use sandbox::primero::{NewReferral, Role, ServiceDecision, User};
use serde_json::{Value, json};

use crate::canaries::Canaries;
use crate::from_progres::intervention;
use crate::scene::{Scene, mapped};

/// A service that was referred to UNHCR.
pub struct Wish {
    pub case_id: String,
    pub service: String,
    pub referral: String,
}

/// Everything personal that a case can hold and that is mapped somewhere.
fn case(canaries: &mut Canaries, owner: &str, service: &Value) -> Value {
    let mut case = json!({
        "status": "open", "module_id": "primeromodule-cp", "owned_by": owner, "sex": "female",
        "date_of_birth": canaries.birth_date(), "services_section": [service],
        "consent_for_services": true, "disclosure_other_orgs": true,
    });
    for field in [
        "name_first",
        "name_middle",
        "name_last",
        "name",
        "name_nickname",
        "unhcr_individual_no",
        "unhcr_id_no",
        "telephone_current",
        "address_current",
        "protection_concerns",
        "camp_zone",
    ] {
        case[field] = json!(canaries.text(field));
    }
    case["protection_concerns"] = json!([case["protection_concerns"]]);
    case
}

/// What 2.1 maps and what is an id, a time, or the owner's, who is a canary as a whole ([`Scene::worker`]).
const IMPERSONAL: [&str; 7] = [
    "id",
    "case_id",
    "unique_id",
    "created_at",
    "owned_by.position",
    "owned_by.email",
    "owned_by.phone",
];

impl Scene {
    /// A case worker whose every detail is a canary; without `email` the fallback takes their place.
    pub fn worker(&mut self, with_email: bool) -> String {
        let canaries = &mut self.canaries;
        let name = canaries.text("username");
        let user = User {
            full_name: canaries.text("fullname"),
            email: with_email.then(|| format!("{}@example.org", canaries.text("email"))),
            phone: Some(canaries.text("phone")),
            position: Some(canaries.text("position")),
            ..User::new(&name, Role::CaseWorker, "UNICEF")
        };
        self.sandbox.primero.add_user(user);
        name
    }

    fn decided(&mut self, n: usize, owner: &str, decision: &ServiceDecision) -> (String, String) {
        let number = format!(
            "700-26-PRTITV-{n:07},{},577ccdf6-86de-e811-80d8-001dd8b71fe3",
            intervention(n)
        );
        let id = format!("5efb{n:04}-0606-4436-8f3d-c748867d913b");
        let service = json!({
            "unique_id": id, "service_request_agency": "UNHCR", "service_referral": "external_referral",
            "service_request_title": self.canaries.text("title"),
            "service_referral_notes": self.canaries.text("notes"),
            "progres_interventionnumber": number,
        });
        let case = case(&mut self.canaries, owner, &service);
        let row = json!({ "progres_lpinterventionid": intervention(n) });
        let ping = &self.sandbox.ping;
        ping.add_delivered(vec![row]).expect("proGres takes it");
        let primero = &self.sandbox.primero;
        let case = primero.insert_case(case).expect("Primero takes it");
        let decided = primero.worker_decides(&case, &id, decision);
        decided.expect("it is there");
        (case, id)
    }

    pub fn decide_on_one_of_each(&mut self, owner: &str) {
        self.decided(101, owner, &ServiceDecision::Accepted);
        let reason = Some(self.canaries.text("reason"));
        self.decided(102, owner, &ServiceDecision::Rejected(reason));
        // Its number lacks two parts, and what is left may be anything.
        let (case, service) = self.decided(103, owner, &ServiceDecision::Accepted);
        let legacy = json!({ "progres_interventionnumber": self.canaries.text("legacy") });
        let primero = &self.sandbox.primero;
        let changed = primero.worker_updates_service(&case, &service, legacy);
        changed.expect("it is there");
        // Refused by proGres with words that repeat what was sent.
        self.decided(104, owner, &ServiceDecision::Accepted);
        let words = self.canaries.text("refusal");
        self.sandbox
            .ping
            .reject_record_later(&intervention(104), &words);
    }

    /// A service for UNHCR on a case of its own, referred with a note.
    pub fn wish(
        &mut self,
        n: usize,
        owner: &str,
        change: impl FnOnce(&mut Value, &mut Canaries),
    ) -> Wish {
        let id = format!("5efb{n:04}-0606-4436-8f3d-c748867d913b");
        let service = json!({
            "unique_id": id, "service_type": "shelter", "service_implementing_agency": "UNHCR",
            "service_type_other": self.canaries.text("othertype"),
            "service_referral_notes": self.canaries.text("notes"),
        });
        let mut case = case(&mut self.canaries, owner, &service);
        for key in mapped("2.1", &IMPERSONAL) {
            let planted = case.get(&key).or(service.get(&key));
            assert!(
                planted.is_some(),
                "{key} is mapped, so it must be looked for"
            );
        }
        change(&mut case, &mut self.canaries);
        let primero = &self.sandbox.primero;
        let case = primero.insert_case(case).expect("Primero takes it");
        let case_id = primero.case(&case).expect("it is there")["case_id"].clone();
        let referral = NewReferral {
            transitioned_to: "unhcr_cw".to_owned(),
            service_record_id: Some(id.clone()),
            notes: Some(self.canaries.text("referralnotes")),
            consent_overridden: true,
            ..NewReferral::default()
        };
        let referral = primero.refer(&case, &referral).expect("the rules allow it");
        Wish {
            case_id: case_id.as_str().expect("a text").to_owned(),
            service: id,
            referral,
        }
    }

    pub fn wish_one_of_each(&mut self, owner: &str) {
        self.wish(201, owner, |_, _| {});
        let nobody = self.worker(false);
        self.wish(202, &nobody, |_, _| {});
        self.wish(203, owner, |case, canaries| {
            case["services_section"][0]["service_type"] = json!(canaries.text("noservice"));
        });
        self.wish(204, owner, |case, canaries| {
            case["date_of_birth"] = json!(canaries.text("nodate"));
        });
        self.wish(205, owner, |case, canaries| {
            case["sex"] = json!(canaries.text("nosex"));
        });
        let withdrawn = self.wish(206, owner, |_, _| {});
        let revoked = self.sandbox.primero.revoke_referral(&withdrawn.referral);
        revoked.expect("it waits");
        // Refused by proGres with words that repeat what was sent.
        let refused = self.wish(207, owner, |_, _| {});
        let words = self.canaries.text("refusal");
        self.sandbox
            .ping
            .reject_record_later(&refused.service, &words);
        // Its answer is lost; and one is answered much later.
        for (n, route, fault) in [
            (208, "/asyncdata", Fault::DropAfterEffect),
            (209, "/asyncdata", Fault::WithoutTransaction),
        ] {
            let wish = self.wish(n, owner, |_, _| {});
            let rule = Rule::always(Target::Containing(route.to_owned()), fault);
            let faults = self.sandbox.faults(System::Ping);
            faults.add(rule.carrying(wish.service));
        }
    }
}
