//! The checker on a correct end state, written through the HTTP interfaces, and on spoilt ones.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use sandbox::demo::{self, HeldClaim, Kind, Plant, Verdict};
use sandbox::{Sandbox, SandboxOptions};
use serde_json::{Value, json};
use uuid::Uuid;

const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_6f1e_5f0b_5c53_9a3e_0d6f_2a3c_7b10);

struct Run {
    sandbox: Sandbox,
    http: reqwest::Client,
    now: Timestamp,
    held: BTreeMap<String, HeldClaim>,
}

fn expected() -> BTreeMap<String, Value> {
    let text = include_str!("../data/demo/expected.json");
    let mut data: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(text).unwrap();
    data.remove("interventions").unwrap()
}

impl Run {
    async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
        assert_eq!(demo::load(&sandbox).unwrap(), 28);
        Self {
            sandbox,
            http: reqwest::Client::new(),
            now: Timestamp::now(),
            held: BTreeMap::new(),
        }
    }

    /// Does by hand what a faultless bridge does.
    async fn finished() -> Self {
        let mut run = Self::start().await;
        for (key, expected) in expected() {
            if let Some(reason) = expected["held"].as_str() {
                let fields = expected["fields"].as_array().cloned().unwrap_or_default();
                let fields = fields
                    .iter()
                    .map(|field| field.as_str().unwrap().to_owned());
                let claim = HeldClaim {
                    reason: reason.to_owned(),
                    fields: fields.collect(),
                };
                run.held.insert(key, claim);
            } else if expected["already_in_place"].is_object() {
                run.report(&key, &expected["already_in_place"]["case"])
                    .await;
            } else {
                run.deliver(&expected["delivered"]).await;
                run.report(&key, &expected["delivered"]["case"]).await;
            }
        }
        run
    }

    async fn deliver(&self, delivered: &Value) {
        let service = present(&delivered["service"]);
        let found = self.case_of(&delivered["case"]);
        if let Some(case) = found {
            let id = case["id"].as_str().unwrap();
            let url = format!("{}/api/v2/cases/{id}", self.sandbox.primero_url());
            self.write(
                self.http.patch(url),
                &json!({ "services_section": [service] }),
            )
            .await;
            return;
        }
        let individual = delivered["case"]["individual"].as_str().unwrap();
        let mut case = present(&delivered["case_fields"]);
        let born: jiff::civil::Date = case["date_of_birth"].as_str().unwrap().parse().unwrap();
        let today = jiff::tz::Offset::UTC.to_datetime(self.now).date();
        let year = jiff::Unit::Year;
        case["age"] = json!(born.until((year, today)).unwrap().get_years());
        let name = format!("case/gambella/{individual}");
        case["id"] = json!(Uuid::new_v5(&NAMESPACE, name.as_bytes()));
        case["services_section"] = json!([service]);
        let url = format!("{}/api/v2/cases", self.sandbox.primero_url());
        self.write(self.http.post(url), &case).await;
    }

    async fn write(&self, request: reqwest::RequestBuilder, data: &Value) {
        let secrets = &self.sandbox.secrets()["primero"];
        let user = secrets["username"].as_str().unwrap();
        let answer = request
            .basic_auth(user, secrets["password"].as_str())
            .json(&json!({ "data": data }))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        assert!(
            status.is_success(),
            "{status}: {}",
            answer.text().await.unwrap()
        );
    }

    /// The case that the home names, as it is now.
    fn case_of(&self, home: &Value) -> Option<Value> {
        let mut cases = self.sandbox.primero.cases().into_iter();
        match home["existing"].as_str() {
            Some(id) => cases.find(|case| case["id"] == id),
            None => cases.find(|case| {
                case["unhcr_individual_no"] == home["individual"] && case["record_state"] == true
            }),
        }
    }

    async fn report(&self, intervention: &str, home: &Value) {
        self.report_status(intervention, home, "125080002").await;
    }

    async fn report_status(&self, intervention: &str, home: &Value, status: &str) {
        let case_id = self.case_of(home).unwrap()["case_id"].clone();
        let ping = &self.sandbox.secrets()["ping"];
        let text = |key: &str| ping[key].as_str().unwrap().to_owned();
        let form = [
            ("grant_type", "password".to_owned()),
            ("response_type", "token".to_owned()),
            ("username", text("username")),
            ("password", text("password")),
            ("client_id", text("client_id")),
            ("scope", text("scope")),
        ];
        let token = self
            .http
            .post(text("token_url"))
            .form(&form)
            .send()
            .await
            .unwrap();
        let token: Value = token.json().await.unwrap();
        let today = self.now.to_string()[..10].to_owned();
        let field = |name: &str, value: Value| json!({ "Name": name, "Value": value });
        let body = json!({
            "ShippingProcessId": "SHP-2748",
            "InteropId": "INT-1436",
            "Data": [{ "ExternalId": case_id, "Fields": [
                field("progres_lpinterventionid", json!(intervention)),
                field("progres_businessunit", json!("577ccdf6-86de-e811-80d8-001dd8b71fe3")),
                field("progres_primerotransferstatus", json!(status)),
                field("progres_primerotransferstatusdate", json!(today)),
                field("progres_primeroid", case_id.clone()),
            ]}],
        });
        let answer = self
            .http
            .post(format!(
                "{}/api/ingestion/v2/PNR-1363/data",
                text("base_url")
            ))
            .bearer_auth(token["access_token"].as_str().unwrap())
            .header("Ocp-Apim-Subscription-Key", text("subscription_key"))
            .json(&body)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["ErrorMessage"], Value::Null);
    }

    fn verdict(&self) -> Verdict {
        demo::check(&self.sandbox, &self.held, self.now)
    }
}

fn present(fields: &Value) -> Value {
    let fields = fields.as_object().unwrap().iter();
    let present = fields.filter(|(_, value)| !value.is_null());
    Value::Object(
        present
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// Every problem, for a readable failure.
fn problems(verdict: &Verdict) -> Vec<String> {
    let records = verdict.records.iter();
    records
        .flat_map(|record| {
            let problems = record.problems.iter();
            problems.map(move |problem| format!("{}: {}", record.label, problem.text))
        })
        .collect()
}

#[tokio::test]
async fn a_correct_end_state_has_no_problem() {
    let verdict = Run::finished().await.verdict();
    assert_eq!(problems(&verdict), Vec::<String>::new());
    assert!(verdict.is_clean());
    assert!(
        verdict
            .records
            .iter()
            .all(|record| record.expected == record.found)
    );
}

#[tokio::test]
async fn before_any_run_everything_is_lost() {
    let verdict = Run::start().await.verdict();
    let expected = expected();
    let delivered = expected
        .values()
        .filter(|one| one["already_in_place"].is_null());
    // What is in place already lacks its report to proGres.
    assert_eq!(verdict.lost, delivered.count() + 4);
    assert_eq!(
        verdict.duplicated + verdict.wrong_case + verdict.unexpected,
        0
    );
}

#[tokio::test]
async fn every_plant_shows_in_its_own_counter() {
    for plant in [Plant::Lost, Plant::Duplicated, Plant::WrongCase] {
        let run = Run::finished().await;
        demo::plant(&run.sandbox, plant).unwrap();
        let verdict = run.verdict();
        let count = match plant.shows_as() {
            Kind::Lost => verdict.lost,
            Kind::Duplicated => verdict.duplicated,
            Kind::WrongCase => verdict.wrong_case,
            Kind::Unexpected => verdict.unexpected,
        };
        assert_eq!(count, 1, "{plant:?}: {:?}", problems(&verdict));
        let all = verdict.lost + verdict.duplicated + verdict.wrong_case + verdict.unexpected;
        assert_eq!(all, 1, "{plant:?}: {:?}", problems(&verdict));
    }
}

#[tokio::test]
async fn a_changed_demographic_of_an_existing_case_is_unexpected() {
    let run = Run::finished().await;
    let case = run
        .case_of(&json!({ "individual": "606-100000002" }))
        .unwrap();
    let id = case["id"].as_str().unwrap();
    let fields = json!({ "name_first": "Ujulu" });
    run.sandbox.primero.worker_updates_case(id, fields).unwrap();
    let verdict = run.verdict();
    assert_eq!(
        (verdict.lost, verdict.duplicated, verdict.wrong_case),
        (0, 0, 0)
    );
    assert!(verdict.unexpected > 0);
}

#[tokio::test]
async fn a_wrong_value_in_a_service_is_unexpected() {
    let run = Run::finished().await;
    let case = run
        .case_of(&json!({ "individual": "606-100000001" }))
        .unwrap();
    let service = &case["services_section"][0];
    let (case, service) = (&case["id"], &service["unique_id"]);
    let fields = json!({ "service_appointment_date": "2026-11-01" });
    let (case, service) = (case.as_str().unwrap(), service.as_str().unwrap());
    run.sandbox
        .primero
        .worker_updates_service(case, service, fields)
        .unwrap();
    let verdict = run.verdict();
    assert_eq!((verdict.lost, verdict.unexpected), (0, 1));
}

/// Another value of the same type.
fn other(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => json!(!flag),
        Value::Array(_) => json!(["language8"]),
        _ => json!("something else"),
    }
}

#[tokio::test]
async fn every_mapped_field_of_a_service_is_compared() {
    let run = Run::finished().await;
    let case = run
        .case_of(&json!({ "individual": "606-100000001" }))
        .unwrap();
    let service = &case["services_section"][0];
    let change = |fields: Value| {
        let (case, id) = (
            case["id"].as_str().unwrap(),
            service["unique_id"].as_str().unwrap(),
        );
        run.sandbox
            .primero
            .worker_updates_service(case, id, fields)
            .unwrap();
    };
    let expected = expected();
    let fields = expected.values().next().unwrap()["delivered"]["service"]
        .as_object()
        .unwrap();
    for (name, right) in fields.iter().filter(|(name, _)| *name != "unique_id") {
        change(json!({ name: other(right) }));
        assert!(run.verdict().unexpected > 0, "{name}");
        change(json!({ name: right }));
    }
    assert!(run.verdict().is_clean());
}

#[tokio::test]
async fn every_mapped_field_of_a_new_case_is_compared() {
    let run = Run::finished().await;
    let case = run
        .case_of(&json!({ "individual": "606-100000001" }))
        .unwrap();
    let change = |fields: Value| {
        let id = case["id"].as_str().unwrap();
        run.sandbox.primero.worker_updates_case(id, fields).unwrap();
    };
    let expected = expected();
    let fields = expected.values().next().unwrap()["delivered"]["case_fields"]
        .as_object()
        .unwrap();
    let age = json!({ "age": case["age"] });
    for (name, right) in fields.iter().chain(age.as_object().unwrap()) {
        change(json!({ name: other(right) }));
        let verdict = run.verdict();
        assert!(verdict.lost + verdict.unexpected > 0, "{name}");
        change(json!({ name: right }));
    }
    assert!(run.verdict().is_clean());
}

#[tokio::test]
async fn an_extra_case_and_an_extra_service_are_unexpected() {
    let run = Run::finished().await;
    let service = json!({ "unique_id": Uuid::from_u128(1), "service_type": "alternative_care" });
    let case = json!({ "unhcr_individual_no": "606-100000009", "services_section": [service] });
    run.sandbox.primero.insert_case(case).unwrap();
    assert_eq!(run.verdict().unexpected, 2);
}

#[tokio::test]
async fn a_held_record_must_be_claimed_with_its_reason_and_fields() {
    let mut run = Run::finished().await;
    let reason_of = |reason: &str, held: &BTreeMap<String, HeldClaim>| {
        let mut claims = held.iter();
        claims
            .find(|(_, claim)| claim.reason == reason)
            .unwrap()
            .0
            .clone()
    };
    let silent = reason_of("case_closed", &run.held);
    run.held.remove(&silent);
    assert_eq!(run.verdict().lost, 1);

    let wrong = reason_of("ambiguous_case", &run.held);
    run.held.get_mut(&wrong).unwrap().reason = "case_closed".to_owned();
    assert_eq!(run.verdict().unexpected, 1);

    let nameless = reason_of("missing_required_field", &run.held);
    run.held.get_mut(&nameless).unwrap().fields.clear();
    assert_eq!(run.verdict().unexpected, 2);
}

#[tokio::test]
async fn a_second_report_is_a_duplicate_unless_it_is_allowed() {
    let run = Run::finished().await;
    let (key, expected) = expected().into_iter().next().unwrap();
    run.report(&key, &expected["delivered"]["case"]).await;
    assert_eq!(run.verdict().duplicated, 1);
    let verdict = demo::check_with(&run.sandbox, &run.held, run.now, 2);
    assert!(verdict.is_clean());
}

#[tokio::test]
async fn a_reported_failure_does_not_count_as_a_report_of_arrival() {
    let run = Run::start().await;
    let before = run.verdict();
    let (key, expected) = expected().into_iter().next().unwrap();
    run.deliver(&expected["delivered"]).await;
    run.report_status(&key, &expected["delivered"]["case"], "125080001")
        .await;
    let after = run.verdict();
    assert_eq!(
        (after.lost, after.unexpected),
        (before.lost, before.unexpected + 1)
    );
}
