//! What a role sees and writes, and what the server tells of it.

use super::served::{API, CP, Served, exchange, rows};
use sandbox::primero::{PrimeroOptions, Role, Scope, User, UserChange};
use serde_json::{Value, json};

fn change(served: &Served, user: &str, change: UserChange) {
    served.primero.change_user(user, change).unwrap();
}

/// The user's own number, as the list of users gives it.
async fn number_of(served: &Served, user: &str) -> u64 {
    let path = format!("/api/v2/users?user_name={user}");
    served.get(API, &path).await.json()["data"][0]["id"]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn a_scope_narrows_what_is_listed_and_what_is_given() {
    let served = exchange().await;
    let mut outsider = User::new("outsider", Role::CaseWorker, "UNHCR");
    outsider.groups = vec!["usergroup-elsewhere".to_owned()];
    served.primero.add_user(outsider);
    let mut cases: Vec<Value> = ["worker1", "worker2", "outsider", "bridge_api"]
        .into_iter()
        .map(|owner| json!({ "module_id": CP, "owned_by": owner }))
        .collect();
    cases.push(json!({ "module_id": CP }));
    let insert = |case| served.primero.insert_case(case).unwrap();
    let ids: Vec<String> = cases.into_iter().map(insert).collect();
    // worker2 is of UNHCR, the outsider of another group, too; the last case is nobody's.
    for (scope, seen) in [
        (Scope::Own, vec![3]),
        (Scope::Group, vec![0, 1, 3]),
        (Scope::Agency, vec![0, 3]),
        (Scope::All, vec![0, 1, 2, 3, 4]),
    ] {
        let narrowed = UserChange {
            scope: Some(scope),
            ..UserChange::default()
        };
        change(&served, "bridge_api", narrowed);
        let listed = served
            .get("bridge_api", "/api/v2/cases?order=asc")
            .await
            .json();
        let listed: Vec<&Value> = listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| &c["id"])
            .collect();
        let expected: Vec<&String> = seen.iter().map(|at: &usize| &ids[*at]).collect();
        assert_eq!(listed, expected, "{scope:?}");
        for (at, id) in ids.iter().enumerate() {
            let answer = served
                .get("bridge_api", &format!("/api/v2/cases/{id}"))
                .await;
            let status = if seen.contains(&at) { 200 } else { 403 };
            assert_eq!(answer.status, status, "{scope:?} {at}");
        }
    }
}

#[tokio::test]
async fn the_list_of_users_tells_the_scope_and_is_narrowed_by_it() {
    let served = exchange().await;
    let own = "/api/v2/users?user_name=bridge_api";
    let shown = served.get("bridge_api", own).await.json();
    assert_eq!(shown["data"][0]["role_group_permission"], "all");

    let narrow = UserChange {
        scope: Some(Scope::Own),
        ..UserChange::default()
    };
    change(&served, "bridge_api", narrow);

    let shown = served.get("bridge_api", own).await.json();
    assert_eq!(shown["data"][0]["role_group_permission"], "self");
    assert_eq!(served.get("bridge_api", "/api/v2/users").await.total(), 1);
    let other = "/api/v2/users?user_name=worker1";
    assert_eq!(served.get("bridge_api", other).await.total(), 0);
}

#[tokio::test]
async fn everybody_reads_themselves_and_what_their_role_may_do_with_each_form() {
    let served = exchange().await;
    let (own, other) = (
        number_of(&served, "worker1").await,
        number_of(&served, "worker2").await,
    );
    let read_only = UserChange {
        read_only_forms: Some(vec!["services".to_owned()]),
        hidden_forms: Some(vec!["consent".to_owned()]),
        ..UserChange::default()
    };
    change(&served, "worker1", read_only);

    assert_eq!(served.get("worker1", "/api/v2/users").await.status, 403);
    assert_eq!(
        served
            .get("worker1", &format!("/api/v2/users/{other}"))
            .await
            .status,
        403
    );
    assert_eq!(served.get(API, "/api/v2/users/4711").await.status, 404);
    let path = format!("/api/v2/users/{own}");
    let plain = served.get("worker1", &path).await.json();
    assert_eq!(plain["data"].get("permitted_form"), None);
    let shown = served
        .get("worker1", &format!("{path}?extended=true"))
        .await
        .json();
    let forms = &shown["data"]["permitted_form"];
    assert_eq!(forms["services"], "r");
    assert_eq!(forms["basic_identity"], "rw");
    assert_eq!(forms.get("consent"), None);
    assert_eq!(forms.get("services_section"), None);
    assert_eq!(shown["data"]["permissions"]["list"][0]["resource"], "cases");
}

#[tokio::test]
async fn fields_of_a_form_that_is_only_read_are_dropped_although_it_is_listed() {
    let served = exchange().await;
    let read_only = UserChange {
        read_only_forms: Some(vec!["services".to_owned(), "basic_identity".to_owned()]),
        ..UserChange::default()
    };
    change(&served, API, read_only);

    let id = served
        .case(json!({
            "unhcr_individual_no": "606-1",
            "consent_for_services": true,
            "services_section": [{ "service_type": "food_service" }],
        }))
        .await;

    let case = served.show(&id).await;
    assert_eq!(case.get("unhcr_individual_no"), None);
    assert_eq!(case["consent_for_services"], true);
    assert_eq!(rows(&case), 0);
    let forms = served
        .get(API, "/api/v2/forms?record_type=case")
        .await
        .json();
    let names: Vec<&str> = forms["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|form| form["unique_id"].as_str())
        .collect();
    assert!(
        names.contains(&"services") && names.contains(&"basic_identity"),
        "{names:?}"
    );
}

#[tokio::test]
async fn rows_lack_what_a_role_without_the_form_may_not_read() {
    let served = exchange().await;
    served.case(json!({ "name_first": "Ayan" })).await;
    let path = "/api/v2/cases?fields=case_id,services_section,status";
    let all = served.get(API, path).await.json();
    assert!(all["data"][0]["case_id"].is_string());
    let hidden = UserChange {
        hidden_forms: Some(vec!["basic_identity".to_owned()]),
        ..UserChange::default()
    };
    change(&served, API, hidden);
    let some = served.get(API, path).await.json();
    assert_eq!(some["data"][0].get("case_id"), None);
    assert_eq!(some["data"][0]["status"], "open");
}

#[tokio::test]
async fn one_case_can_be_closed_to_everybody_while_it_is_listed() {
    let served = exchange().await;
    let (id, other) = (served.case(json!({})).await, served.case(json!({})).await);
    served.primero.lock_case(&id);

    for path in [
        format!("/api/v2/cases/{id}"),
        format!("/api/v2/cases/{id}/referrals"),
    ] {
        assert_eq!(served.get(API, &path).await.status, 403, "{path}");
    }
    assert_eq!(
        served
            .patch(&id, json!({ "status": "closed" }))
            .await
            .status,
        403
    );
    assert_eq!(
        served
            .get(API, &format!("/api/v2/cases/{other}"))
            .await
            .status,
        200
    );
    assert_eq!(served.get(API, "/api/v2/cases").await.total(), 2);

    served.primero.unlock_case(&id);
    assert_eq!(
        served.get(API, &format!("/api/v2/cases/{id}")).await.status,
        200
    );
}

#[tokio::test]
async fn an_installation_can_lack_single_fields() {
    let served = Served::start(PrimeroOptions {
        without_fields: vec![
            "name_middle".to_owned(),
            "service_referral_notes".to_owned(),
        ],
        ..PrimeroOptions::default()
    })
    .await;
    let id = served
        .case(json!({
            "name_middle": "x",
            "services_section": [{ "service_type": "food_service", "service_referral_notes": "y" }],
        }))
        .await;
    let case = served.show(&id).await;
    assert_eq!(case.get("name_middle"), None);
    assert_eq!(
        case["services_section"][0].get("service_referral_notes"),
        None
    );
}
