//! What stories do behind the API's back.

use super::served::{API, CP, Served, exchange, standard};
use sandbox::primero::{NewReferral, PrimeroOptions, Role, ServiceDecision, User};
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

#[tokio::test]
async fn a_worker_decides_about_a_referral_of_progres_and_changes_their_mind() {
    let served = exchange().await;
    let guid = "7D2E0001-4879-4E11-8179-000D3A43F6EB";
    let service = "bbbbbbbb-0000-4000-8000-000000000001";
    let id = served
        .primero
        .insert_case(json!({
            "module_id": CP,
            "owned_by": "worker4",
            "services_section": [{
                "unique_id": service,
                "unhcr_referral_status": "pending",
                "progres_interventionnumber": format!("606-26-PRTITV-1,{guid},unit"),
            }],
        }))
        .unwrap();
    let before = served.show(&id).await["last_updated_at"].clone();
    let decide = |decision| {
        let guid = guid.to_lowercase();
        served.primero.worker_decides_intervention(&guid, &decision)
    };

    decide(ServiceDecision::Rejected(Some("moved away".to_owned()))).unwrap();
    let rejected = served.show(&id).await["services_section"][0].clone();
    decide(ServiceDecision::Accepted).unwrap();
    let accepted = served.show(&id).await;

    assert_eq!(rejected["unhcr_referral_status"], "rejected");
    assert_eq!(rejected["unhcr_referral_rejection_reason"], "moved away");
    let service = &accepted["services_section"][0];
    assert_eq!(service["unhcr_referral_status"], "accepted");
    assert!(service["unhcr_referral_rejection_reason"].is_null());
    assert_ne!(accepted["last_updated_at"], before);
}

#[tokio::test]
async fn a_referral_to_the_progres_user_names_the_receiving_agency() {
    let served = exchange().await;
    let case = json!({
        "module_id": CP,
        "owned_by": "worker4",
        "consent_for_services": true,
        "disclosure_other_orgs": true,
    });
    let id = served.primero.insert_case(case).unwrap();
    let to_progres = NewReferral {
        transitioned_to: "unhcr_cw".to_owned(),
        ..NewReferral::default()
    };
    served.primero.refer(&id, &to_progres).unwrap();
    let referral = &served.primero.referrals_of(&id)[0];
    assert_eq!(referral["transitioned_to_agency"], "UNHCR");
    assert_eq!(referral["transitioned_to_user_agency"], "UNHCR");
}

#[tokio::test]
async fn profiles_are_complete_incomplete_and_on_more_than_one_page() {
    let served = exchange().await;
    served.primero.add_crowd(1500);
    let of = |name: &str| format!("/api/v2/users?user_name={name}");
    let complete = served.get(API, &of("worker4")).await.json();
    for key in ["full_name", "email", "phone", "position"] {
        assert!(complete["data"][0][key].is_string(), "{key}");
    }
    let incomplete = served.get(API, &of("worker5")).await.json();
    for key in ["email", "phone", "position"] {
        assert!(incomplete["data"][0].get(key).is_none(), "{key}");
    }
    let page = |number| format!("/api/v2/users?per=1000&page={number}");
    let first = served.get(API, &page(1)).await.json();
    assert_eq!(first["data"].as_array().unwrap().len(), 1000);
    let second = served.get(API, &page(2)).await.json();
    let mut names = second["data"].as_array().unwrap().iter();
    assert!(names.any(|user| user["user_name"] == "worker4"));
}
