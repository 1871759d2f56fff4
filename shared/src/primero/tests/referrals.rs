//! Referrals, users and option lists.

use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal;
use sandbox::primero::{NewReferral, Role, User as Person};

use super::*;
use crate::domain::ids::ReferralId;

const ANSWER: &str = "PATCH /api/v2/cases/:id/referrals/:id";
const SERVICE: &str = "bbbbbbbb-0000-4000-8000-000000000001";

struct Referred {
    bridge: Bridge,
    case: CaseRecordId,
    referral: ReferralId,
}

/// A case of `worker1` whose service was referred to `unhcr_cw`.
async fn referred() -> Referred {
    let bridge = Bridge::signed_in().await;
    let mut case = child("803-1");
    case["owned_by"] = json!("worker1");
    case["services_section"] = json!([{ "unique_id": SERVICE, "service_type": "food" }]);
    let case = bridge.insert(case);
    let referral = NewReferral {
        transitioned_to: "unhcr_cw".to_owned(),
        service_record_id: Some(SERVICE.to_owned()),
        consent_overridden: true,
        ..NewReferral::default()
    };
    let made = bridge.sandbox.primero.refer(&case.to_string(), &referral);
    let referral = made.unwrap().parse().unwrap();
    Referred {
        bridge,
        case,
        referral,
    }
}

impl Referred {
    async fn answer(&self, answer: &ReferralAnswer) -> Result<ReferralStatus, GateError> {
        let client = &self.bridge.client;
        client
            .answer_referral(self.case, self.referral, answer)
            .await
    }

    fn fault(&self, fault: Fault) {
        let rule = Rule::once(Target::Exactly(ANSWER.to_owned()), fault);
        self.bridge
            .sandbox
            .faults(journal::System::Primero)
            .add(rule);
    }

    fn stored(&self) -> Value {
        self.bridge.sandbox.primero.referrals()[0].clone()
    }
}

fn rejected() -> ReferralAnswer {
    ReferralAnswer::Rejected(Some(Pii::new(
        "Individual Not Found — no such registration".to_owned(),
    )))
}

#[tokio::test]
async fn the_referrals_of_a_case_are_listed() {
    let referred = referred().await;

    let listed = referred.bridge.client.case_referrals(referred.case).await;

    let [one] = &listed.unwrap()[..] else {
        panic!("there is one referral");
    };
    assert_eq!((one.id, one.record_id), (referred.referral, referred.case));
    assert_eq!(one.status, ReferralStatus::InProgress);
    assert_eq!(one.to, Some(number("unhcr_cw")));
    assert_eq!(one.service.as_deref(), Some(SERVICE));
    assert!(one.consent_overridden);
    assert_eq!(one.responded_at, None);
}

/// Lists the referrals of a case in a forged Primero that answers with this.
async fn listed(case: CaseRecordId, answer: Value) -> Result<Vec<Referral>, GateError> {
    let server = MockServer::start().await;
    Mock::given(path(format!("/api/v2/cases/{case}/referrals")))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&server)
        .await;
    let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);
    client.case_referrals(case).await
}

#[tokio::test]
async fn a_referral_that_cannot_be_read_is_its_cases_fault_and_no_list_is_the_runs() {
    let case = CaseRecordId::new(uuid::Uuid::from_u128(7));
    let undated = json!({
        "id": uuid::Uuid::from_u128(8), "record_id": case.to_string(), "status": "in_progress", "created_at": null,
    });

    let of_case = listed(case, json!({ "data": [undated] })).await;
    let of_run = listed(case, json!({ "data": "nothing" })).await;

    let unreadable = GateError::UnreadableRecord {
        system: System::Primero,
        route: "list referrals",
        place: "`data[0].created_at`".to_owned(),
    };
    assert_eq!(of_case.unwrap_err(), unreadable);
    assert!(matches!(stop(of_run), Stop::UnreadableAnswer { .. }));
}

#[tokio::test]
async fn the_sample_of_a_list_is_read() {
    let case: CaseRecordId = "406b539a-e662-425e-810b-47e4fa7da496".parse().unwrap();
    let sample = json!({ "data": [
        {
            "id": "1e5be7bd-7357-4790-a880-ccaca3f47b5a", "type": "Referral", "status": "in_progress",
            "record_id": case.to_string(), "record_type": "case", "transitioned_to": "tabide",
            "notes": "service notes", "service_record_id": "5c2d4f6c-7a78-43b5-ac40-eb097be51d89",
            "remote": false, "consent_overridden": false, "created_at": "2021-09-27T12:27:09.524Z"
        },
        {
            "id": "4c58d02f-3182-4006-b2fe-96aa797f5ee7", "status": "archived", "record_id": case.to_string(),
            "service_record_id": "", "created_at": "2021-09-27T12:03:02.516Z"
        }
    ]});
    let listed = listed(case, sample).await.unwrap();

    assert_eq!(listed[0].status, ReferralStatus::InProgress);
    assert_eq!(listed[1].status, ReferralStatus::Unknown);
    assert_eq!(listed[1].service, None);
    assert!(!format!("{listed:?}").contains("tabide"));
}

#[tokio::test]
async fn an_answer_tells_where_the_referral_stands() {
    let referred = referred().await;
    assert_eq!(
        referred.answer(&ReferralAnswer::Accepted).await,
        Ok(ReferralStatus::Accepted)
    );
    // Primero answers 200 and changes nothing.
    assert_eq!(
        referred.answer(&rejected()).await,
        Ok(ReferralStatus::Accepted)
    );
}

#[tokio::test]
async fn a_rejection_carries_its_reason() {
    let referred = referred().await;
    assert_eq!(
        referred.answer(&rejected()).await,
        Ok(ReferralStatus::Rejected)
    );

    let reason = "Individual Not Found — no such registration";
    assert_eq!(referred.stored()["rejected_reason"], reason);
    let listed = referred.bridge.client.case_referrals(referred.case).await;
    assert_eq!(listed.unwrap()[0].rejected_reason, Some(number(reason)));
}

#[tokio::test]
async fn a_withdrawn_referral_stays_withdrawn() {
    let referred = referred().await;
    let id = referred.referral.to_string();
    referred
        .bridge
        .sandbox
        .primero
        .revoke_referral(&id)
        .unwrap();

    let status = referred.answer(&ReferralAnswer::Accepted).await;

    assert_eq!(status, Ok(ReferralStatus::Revoked));
}

#[tokio::test]
async fn an_answer_whose_fate_is_unknown_is_looked_up_before_it_is_sent_again() {
    for (fault, sent) in [
        (Fault::DropAfterEffect, 1),
        (Fault::MalformedBody, 1),
        (Fault::DropBeforeEffect, 2),
    ] {
        let referred = referred().await;
        referred.fault(fault.clone());

        let status = referred.answer(&rejected()).await;

        assert_eq!(status, Ok(ReferralStatus::Rejected), "{fault:?}");
        assert_eq!(referred.bridge.requests(ANSWER), sent, "{fault:?}");
    }
}

#[tokio::test]
async fn a_forbidden_answer_to_a_referral_in_progress_is_a_missing_access_to_its_case() {
    let referred = referred().await;
    let reader = referred
        .bridge
        .client_as(PrimeroAuth::Basic, "worker1", DEFAULT_PASSWORD);
    referred.fault(Fault::Status {
        status: 403,
        retry_after: None,
        after_effect: false,
    });

    let answer = reader
        .answer_referral(referred.case, referred.referral, &ReferralAnswer::Accepted)
        .await;

    let denied = GateError::NoAccess {
        system: System::Primero,
        route: "answer referral",
        id: referred.case.uuid(),
    };
    assert_eq!(answer, Err(denied));
}

#[tokio::test]
async fn a_forbidden_repeat_of_what_was_carried_out_is_told_by_the_list() {
    let referred = referred().await;
    let id = referred.referral.to_string();
    referred
        .bridge
        .sandbox
        .primero
        .reject_referral(&id, "x")
        .unwrap();
    referred.fault(Fault::Status {
        status: 403,
        retry_after: None,
        after_effect: false,
    });

    assert_eq!(
        referred.answer(&rejected()).await,
        Ok(ReferralStatus::Rejected)
    );
}

#[tokio::test]
async fn an_unknown_referral_is_refused_without_its_detail() {
    let referred = referred().await;
    let nobody = ReferralId::new(uuid::Uuid::from_u128(9));

    let client = &referred.bridge.client;
    let answer = client
        .answer_referral(referred.case, nobody, &rejected())
        .await;

    let gone = GateError::Gone {
        system: System::Primero,
        route: "answer referral",
        id: referred.case.uuid(),
    };
    assert_eq!(answer, Err(gone));
}

#[tokio::test]
async fn users_come_from_all_pages() {
    let bridge = Bridge::start().await;
    for n in 0..1100 {
        let mut person = Person::new(&format!("worker-{n}"), Role::CaseWorker, "UNICEF");
        person.phone = Some("+251 000".to_owned());
        bridge.sandbox.primero.add_user(person);
    }

    let users = bridge.client.users().await.unwrap();

    assert_eq!(bridge.requests("GET /api/v2/users"), 2);
    // Superusers are hidden from the list.
    assert_eq!(users.len(), bridge.sandbox.primero.user_count() - 1);
    let worker = users
        .iter()
        .find(|user| user.user_name == number("worker-7"));
    assert_eq!(worker.unwrap().phone, Some(number("+251 000")));
    assert!(!format!("{worker:?}").contains("251"));
}

#[tokio::test]
async fn one_user_is_looked_up_by_name() {
    let bridge = Bridge::start().await;

    let user = bridge
        .client
        .user(&number("worker1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(user.email, Some(number("worker1@example.org")));
    assert_eq!(user.position, None);
    assert!(
        bridge
            .client
            .user(&number("nobody"))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_user_who_was_not_asked_for_stops_the_run() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v2/users"))
        .respond_with(page(&[json!({ "user_name": "somebody" })], 1))
        .mount(&server)
        .await;
    let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);

    let answer = client.user(&number("worker1")).await;

    let field = "user_name";
    assert_eq!(stop(answer), Stop::FilterNotApplied { field });
}

#[tokio::test]
async fn a_list_that_brings_nothing_new_ends_in_an_error() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v2/users"))
        .respond_with(page(&[json!({ "user_name": "somebody" })], 5))
        .mount(&server)
        .await;
    let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);

    let Stop::UnreadableAnswer { .. } = stop(client.users().await) else {
        panic!("rows are missing");
    };

    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn option_lists_name_their_options() {
    let bridge = Bridge::start().await;

    let options = bridge.client.options().await.unwrap();

    let services = options.of("lookup-service-type").unwrap();
    assert!(services.contains("health_medical_service"), "{services:?}");
    assert!(options.of("lookup-nothing").is_none());
}
