//! What stories do behind the API's back.

use crate::served::{API, CP, Served, exchange, standard};
use sandbox::primero::{NewReferral, PrimeroOptions, Role, User};
use serde_json::json;

#[tokio::test]
async fn stories_act_as_workers_do() {
    let served = exchange().await;
    let service = "bbbbbbbb-0000-4000-8000-000000000001";
    let id = served
        .primero
        .insert_case(json!({
            "module_id": CP,
            "owned_by": "worker1",
            "consent_for_services": true,
            "disclosure_other_orgs": true,
            "services_section": [{ "unique_id": service, "service_type": "food" }],
        }))
        .unwrap();

    let decided = json!({ "unhcr_referral_status": "accepted" });
    served
        .primero
        .worker_updates_service(&id, service, decided)
        .unwrap();
    let referral = served.primero.refer(
        &id,
        &NewReferral {
            transitioned_to: "unhcr_cw".to_owned(),
            service_record_id: Some(service.to_owned()),
            ..Default::default()
        },
    );
    served.primero.accept_referral(&referral.unwrap()).unwrap();

    let case = served.show(&id).await;
    assert_eq!(
        case["services_section"][0]["unhcr_referral_status"],
        "accepted"
    );
    let listed = served
        .get(API, &format!("/api/v2/cases/{id}/referrals"))
        .await
        .json();
    assert_eq!(listed["data"][0]["status"], "accepted");
    assert_eq!(listed["data"][0]["service_record_id"], service);
}

#[tokio::test]
async fn a_referral_needs_consent() {
    let served = standard().await;
    let id = served
        .primero
        .insert_case(json!({ "owned_by": "worker1" }))
        .unwrap();
    let to = |consent_overridden| NewReferral {
        transitioned_to: "worker2".to_owned(),
        consent_overridden,
        ..Default::default()
    };

    assert!(served.primero.refer(&id, &to(false)).is_err());
    assert!(served.primero.refer(&id, &to(true)).is_ok());
}

#[tokio::test]
async fn a_users_phone_and_position_are_shown_only_when_there_are_any() {
    let mut user = User::new("focal_point", Role::CaseWorker, "UNICEF");
    user.phone = Some("+251 000".to_owned());
    let served = Served::start(PrimeroOptions::default()).await;
    served.primero.add_user(user);

    let shown = served
        .get(API, "/api/v2/users?user_name=focal_point")
        .await
        .json();

    assert_eq!(shown["data"][0]["phone"], "+251 000");
    assert_eq!(shown["data"][0].get("position"), None);
}
