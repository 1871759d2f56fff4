//! Reasons in a record itself: what it lacks, what it says, and which case it is about.

use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::system::WorkflowName;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bridge::{CONTROL, TestBridge};
use crate::referral::Referral;
use crate::wish::ACCEPTED;

const PERSON: &str = "progres_individual.individuals.progres_familyname";
const BIRTH: &str = "progres_individual.individuals.progres_dateofbirth";
const SEX: &str = "progres_individual.individuals.progres_sex";
const SERVICE: &str = "progres_interventiontype2.interventiontype.progres_description";
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_6f1e_5f0b_5c53_9a3e_0d6f_2a3c_7b10);

async fn of_referral(field: &'static str, value: Value) -> RunReport {
    let bridge = TestBridge::start().await;
    bridge.refer(&Referral::numbered(1).with(field, value));
    bridge.complete().await
}

pub async fn missing_required_field() -> RunReport {
    of_referral(PERSON, Value::Null).await
}

pub async fn invalid_date() -> RunReport {
    of_referral(BIRTH, json!("2014-02-30")).await
}

pub async fn unmapped_service() -> RunReport {
    of_referral(SERVICE, json!("Astronomy")).await
}

pub async fn unknown_code() -> RunReport {
    of_referral(SEX, json!(125_080_009)).await
}

pub async fn contradicting_rows() -> RunReport {
    let bridge = TestBridge::start().await;
    let mut rows = Referral::numbered(1).rows();
    rows.extend(Referral::numbered(1).with(PERSON, "Another").rows());
    bridge.sandbox.ping.refer(rows).expect("it is new");
    bridge.complete().await
}

/// The service has no id that it could be named by.
pub async fn unreadable_record() -> RunReport {
    let bridge = TestBridge::start().await;
    let case = json!({
        "status": "open", "module_id": "primeromodule-cp", "owned_by": "worker1",
        "services_section": [{ "unique_id": "the first one", "service_implementing_agency": "UNHCR" }],
    });
    let primero = &bridge.sandbox.primero;
    primero.insert_case(case).expect("it is new");
    bridge.pass(std::time::Duration::from_secs(6));
    bridge.completed(WorkflowName::ReferralsToProgres).await
}

pub async fn ambiguous_case() -> RunReport {
    let bridge = TestBridge::start().await;
    bridge.insert_case(CONTROL);
    bridge.refer(&Referral::numbered(1).of(CONTROL));
    bridge.complete().await
}

pub async fn case_closed() -> RunReport {
    let bridge = TestBridge::start().await;
    let case = bridge.insert_case("606-100000002");
    let closed = bridge.sandbox.primero.close_case(&case);
    closed.expect("it is there");
    bridge.refer(&Referral::numbered(1).of("606-100000002"));
    bridge.complete().await
}

pub async fn case_of_another_module() -> RunReport {
    let bridge = TestBridge::start().await;
    let case = json!({
        "status": "open", "module_id": "primeromodule-gbv", "unhcr_individual_no": "606-100000002",
    });
    let inserted = bridge.sandbox.primero.insert_case(case);
    inserted.expect("it is new");
    bridge.refer(&Referral::numbered(1).of("606-100000002"));
    bridge.complete().await
}

pub async fn case_identity_changed() -> RunReport {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    let name = format!("case/gambella/{}", referral.individual_no);
    let taken = json!({
        "id": Uuid::new_v5(&NAMESPACE, name.as_bytes()), "status": "open", "services_section": [],
        "module_id": "primeromodule-cp", "unhcr_individual_no": "606-399999999",
    });
    let primero = &bridge.sandbox.primero;
    primero.insert_case(taken).expect("it is new");
    bridge.refer(&referral);
    bridge.complete().await
}

/// The service of the intervention is there, and its number is not.
pub async fn intervention_number_lost() -> RunReport {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1).of(CONTROL);
    let name = format!("service/gambella/{}", referral.intervention);
    let service = json!({ "unique_id": Uuid::new_v5(&NAMESPACE, name.as_bytes()) });
    let case = bridge.cases_of(CONTROL)[0]["id"].clone();
    let services = json!({ "services_section": [service] });
    let primero = &bridge.sandbox.primero;
    let case = case.as_str().expect("a text");
    primero
        .worker_updates_case(case, services)
        .expect("it is there");
    bridge.refer(&referral);
    bridge.complete().await
}

pub async fn contradicting_codes() -> RunReport {
    let bridge = TestBridge::start().await;
    let mut decision = bridge.wish(1).decision(ACCEPTED);
    decision["progres_reviewdecision"] = json!(125_080_001);
    bridge.decide(decision);
    bridge.bring_decisions().await
}
