//! Generated data of all four workflows.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sandbox::generated::{Generated, arrived, decide_submitted, generated_referrals};
use sandbox::{Sandbox, SandboxOptions, Workflow};
use serde_json::{Value, json};

fn generated(workflow: Workflow, seed: u64) -> Generated {
    Generated {
        workflow,
        records: 40,
        seed,
        existing_percent: 25,
        bad_percent: 5,
    }
}

async fn sandbox_with(workflows: &[Workflow], seed: u64) -> Sandbox {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
    for workflow in workflows {
        generated(*workflow, seed).load(&sandbox).unwrap();
    }
    sandbox
}

fn services(case: &Value) -> &[Value] {
    case["services_section"].as_array().unwrap()
}

#[test]
fn referrals_are_the_same_for_the_same_seed() {
    let of = |seed| generated_referrals(&generated(Workflow::ReferralsToPrimero, seed));
    assert_eq!(of(7), of(7));
    assert_ne!(of(7).0, of(8).0);
    assert_eq!((of(7).0.len(), of(7).1.len()), (40, 10));
}

#[tokio::test]
async fn every_workflow_gets_the_same_data_for_the_same_seed() {
    for workflow in Workflow::ALL {
        let held = async |seed| {
            let sandbox = sandbox_with(&[workflow], seed).await;
            let cases = sandbox.primero.cases();
            (
                cases,
                sandbox.ping.interop_referrals(),
                sandbox.ping.pending(),
            )
        };
        assert_eq!(held(7).await, held(7).await);
        assert_ne!(held(7).await, held(8).await);
    }
}

#[tokio::test]
async fn one_case_more_is_there_that_nobody_refers() {
    let [first, others @ ..] = Workflow::ALL;
    let sandbox = sandbox_with(&[first], 7).await;
    assert_eq!(sandbox.ping.pending().len(), 40);
    assert_eq!(sandbox.primero.cases().len(), 10 + 1);
    for workflow in others {
        let sandbox = sandbox_with(&[workflow], 7).await;
        assert_eq!(sandbox.primero.cases().len(), 40 + 1);
        assert!(sandbox.ping.pending().is_empty());
    }
}

#[tokio::test]
async fn the_data_of_all_workflows_meets_in_no_number() {
    let sandbox = sandbox_with(&Workflow::ALL, 7).await;
    let cases = sandbox.primero.cases();
    let number = |case: &Value| case["unhcr_individual_no"].as_str().unwrap().to_owned();
    let numbers: BTreeSet<String> = cases.iter().map(number).collect();
    assert_eq!(numbers.len(), cases.len());
}

#[tokio::test]
async fn decisions_of_1_2_name_interventions_that_progres_knows() {
    let sandbox = sandbox_with(&[Workflow::DecisionsToProgres], 7).await;
    let cases = sandbox.primero.cases();
    let decided: Vec<&Value> = cases.iter().flat_map(services).collect();
    assert_eq!(decided.len(), 40);
    let count = |status: &str| {
        let fits = |service: &&&Value| service["unhcr_referral_status"] == status;
        decided.iter().filter(fits).count()
    };
    assert_eq!(count("accepted") + count("rejected"), 40);
    assert!(count("rejected") > 0);
    for service in decided {
        let number = service["progres_interventionnumber"].as_str().unwrap();
        let parts: Vec<&str> = number.split(',').collect();
        assert_eq!(parts.len(), 3);
        let row = json!({ "progres_lpinterventionid": parts[1] });
        assert!(
            sandbox.ping.add_delivered(vec![row]).is_err(),
            "it is there"
        );
    }
}

#[tokio::test]
async fn referrals_of_2_1_were_made_to_the_progres_user_with_consent() {
    let sandbox = sandbox_with(&[Workflow::ReferralsToProgres], 7).await;
    let referrals = sandbox.primero.referrals();
    assert_eq!(referrals.len(), 40);
    for referral in referrals {
        assert_eq!(referral["transitioned_to"], "unhcr_cw");
        assert_eq!(referral["status"], "in_progress");
        let case = sandbox
            .primero
            .case(referral["record_id"].as_str().unwrap());
        let case = case.unwrap();
        assert_eq!(
            referral["service_record_id"],
            services(&case)[0]["unique_id"]
        );
        assert_eq!(referral["created_at"], case["last_updated_at"]);
        assert_eq!(case["consent_for_services"], true);
        assert_eq!(case["disclosure_other_orgs"], true);
    }
}

#[tokio::test]
async fn decisions_of_2_2_belong_to_referrals_in_primero() {
    let sandbox = sandbox_with(&[Workflow::DecisionsToPrimero], 7).await;
    let decided = sandbox.ping.interop_referrals();
    assert_eq!(decided.len(), 40);
    for one in decided {
        let case = sandbox.primero.case(&one.case_id.unwrap()).unwrap();
        let referrals = sandbox.primero.referrals_of(case["id"].as_str().unwrap());
        assert_eq!(referrals[0]["service_record_id"], json!(one.service_id));
        let row = one.decision.unwrap();
        let reviewed = row["progres_reviewdate"].as_str().unwrap();
        assert!(reviewed[..10] > referrals[0]["created_at"].as_str().unwrap()[..10]);
        let rejected = row["progres_interoperabilityreferralstatus"] == 125_080_002;
        let reason = &row["progres_interoperabiltyreferralrejectionreason"];
        assert_eq!(reason.is_u64(), rejected);
    }
}

#[tokio::test]
async fn cases_were_saved_in_the_past_and_many_within_one_second() {
    let now = Timestamp::now();
    for workflow in Workflow::ALL {
        let sandbox = sandbox_with(&[workflow], 7).await;
        let saved = |case: &Value| case["last_updated_at"].as_str().unwrap().parse().unwrap();
        let saved: Vec<Timestamp> = sandbox.primero.cases().iter().map(saved).collect();
        assert!(saved.iter().all(|at| *at < now));
        let seconds: BTreeSet<i64> = saved.iter().map(|at| at.as_second()).collect();
        assert!(seconds.len() > 2, "{workflow}: spread over some time");
        assert!(
            seconds.len() * 3 / 2 < saved.len(),
            "{workflow}: seconds are shared"
        );
    }
}

#[tokio::test]
async fn nothing_has_arrived_before_a_run() {
    let sandbox = sandbox_with(&Workflow::ALL, 7).await;
    for workflow in Workflow::ALL {
        assert_eq!(arrived(&sandbox, workflow), 0);
    }
}

#[tokio::test]
async fn unhcr_decides_about_all_that_was_submitted_and_only_once() {
    let sandbox = sandbox_with(&[Workflow::DecisionsToPrimero], 7).await;
    assert_eq!(decide_submitted(&sandbox.ping, 1).unwrap(), 0);
}

#[tokio::test]
async fn ten_thousand_records_are_there_at_once() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
    let what = Generated {
        records: 10_000,
        ..generated(Workflow::DecisionsToPrimero, 7)
    };
    what.load(&sandbox).unwrap();
    assert_eq!(sandbox.primero.referrals().len(), 10_000);
    assert_eq!(what.bad(), 500);
}
