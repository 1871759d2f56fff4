//! What an installation tells of itself: agencies, modules, release, and what administrators have changed.

use super::served::{API, CP, Served, exchange};
use sandbox::primero::{FormSet, LocalChanges, PrimeroOptions, UserChange};
use serde_json::{Value, json};

async fn changed(local: LocalChanges) -> Served {
    Served::start(PrimeroOptions {
        forms: FormSet::Exchange,
        local,
        ..PrimeroOptions::default()
    })
    .await
}

fn ids(listed: &Value) -> Vec<&str> {
    let rows = listed["data"].as_array().unwrap();
    let ids = rows.iter().map(|row| row["unique_id"].as_str().unwrap());
    ids.collect()
}

#[tokio::test]
async fn agencies_are_paged_and_say_whether_they_are_switched_off() {
    let local = LocalChanges {
        disabled_agencies: vec!["UNHCR".to_owned()],
        ..LocalChanges::default()
    };
    let served = changed(local).await;
    let listed = served.get(API, "/api/v2/agencies?per=1000").await.json();
    assert_eq!(ids(&listed), ["UNICEF", "UNHCR"]);
    assert_eq!(listed["data"][0]["disabled"], false);
    assert_eq!(listed["data"][1]["disabled"], true);
    assert_eq!(listed["metadata"]["total"], 2);
    let on = served.get(API, "/api/v2/agencies?disabled[0]=false").await;
    assert_eq!(ids(&on.json()), ["UNICEF"]);
}

#[tokio::test]
async fn modules_come_without_pages_and_only_one_has_case_forms() {
    let served = exchange().await;
    let listed = served.get(API, "/api/v2/primero_modules").await.json();
    assert_eq!(ids(&listed), [CP, "primeromodule-gbv"]);
    assert_eq!(listed.get("metadata"), None);
    let forms = listed["data"][0]["form_section_unique_ids"].as_array();
    assert!(forms.unwrap().contains(&json!("basic_identity")));
}

#[tokio::test]
async fn who_lacks_the_permission_lists_neither() {
    let served = exchange().await;
    let change = UserChange {
        lists_agencies: Some(false),
        lists_modules: Some(false),
        ..UserChange::default()
    };
    served.primero.change_user(API, change).unwrap();
    for route in ["agencies", "primero_modules"] {
        let refused = served.get(API, &format!("/api/v2/{route}")).await;
        assert_eq!(refused.status, 403, "{route}");
    }
    let told = served.get(API, "/api/v2/contact_information").await.json();
    assert_eq!(told["data"]["system_version"], "2.16.0");
}

#[tokio::test]
async fn what_is_switched_off_is_listed_as_such_and_is_no_option_any_more() {
    let gender = |option: &str| ("lookup-gender".to_owned(), option.to_owned());
    let local = LocalChanges {
        disabled_fields: vec!["name_nickname".to_owned()],
        required_fields: vec!["name_other".to_owned()],
        retyped_fields: vec![("language".to_owned(), "multi_select".to_owned())],
        without_options: vec![gender("male")],
        disabled_options: vec![gender("female")],
        ..LocalChanges::default()
    };
    let served = changed(local).await;
    let lookups = served.get(API, "/api/v2/lookups?per=1000").await.json();
    let lookups = lookups["data"].as_array().unwrap();
    let gender = lookups
        .iter()
        .find(|one| one["unique_id"] == "lookup-gender");
    let values = gender.unwrap()["values"].as_array().unwrap();
    let off = |id: &str| values.iter().find(|value| value["id"] == id);
    assert_eq!(off("male"), None);
    assert_eq!(off("female").unwrap()["disabled"], true);

    let forms = served.get(API, "/api/v2/forms?include_subforms=true").await;
    let forms = forms.json();
    let fields = forms["data"].as_array().unwrap().iter();
    let fields: Vec<&Value> = fields
        .flat_map(|form| form["fields"].as_array().unwrap())
        .collect();
    let field = |name: &str| *fields.iter().find(|field| field["name"] == name).unwrap();
    assert_eq!(field("name_nickname")["disabled"], true);
    assert_eq!(field("name_other")["required"], true);
    assert_eq!(field("language")["type"], "select_box");
    assert_eq!(field("language")["multi_select"], true);

    let case = json!({ "data": { "module_id": CP, "name_first": "Amina", "sex": "female" } });
    let refused = served.write(API, "POST", "/api/v2/cases", &case).await;
    assert_eq!(refused.status, 422);
}
