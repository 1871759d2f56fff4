//! Does by hand, through the HTTP interfaces, what a faultless bridge does.

use jiff::Timestamp;
use sandbox::demo::{self, Claims, Ledger, Verdict};
use sandbox::{Sandbox, SandboxOptions, Workflow};
use serde_json::{Value, json};
use uuid::Uuid;

use super::expected::{
    claim, claims, expected_decisions, expected_referrals, expected_reviews, expected_submissions,
    present,
};

const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_6f1e_5f0b_5c53_9a3e_0d6f_2a3c_7b10);
pub const BUSINESS_UNIT: &str = "577ccdf6-86de-e811-80d8-001dd8b71fe3";

pub struct Run {
    pub sandbox: Sandbox,
    pub now: Timestamp,
    pub ledger: Ledger,
    http: reqwest::Client,
    token: String,
}

pub fn field(name: &str, value: impl Into<Value>) -> Value {
    json!({ "Name": name, "Value": value.into() })
}

impl Run {
    /// Before the first workflow.
    pub async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
        assert_eq!(demo::load(&sandbox).unwrap(), 28);
        let http = reqwest::Client::new();
        let token = sign_in(&sandbox, &http).await;
        Self {
            sandbox,
            now: Timestamp::now(),
            ledger: Ledger::new(),
            http,
            token,
        }
    }

    /// After this workflow, all before it, and the people in between.
    pub async fn after(last: Workflow) -> Self {
        let mut run = Self::start().await;
        for workflow in Workflow::ALL.into_iter().filter(|one| *one <= last) {
            run.play_before(workflow);
            run.work(workflow).await;
        }
        run
    }

    pub fn play_before(&self, workflow: Workflow) {
        match workflow {
            Workflow::ReferralsToPrimero => Ok(0),
            Workflow::DecisionsToProgres => demo::case_workers_decide(&self.sandbox),
            Workflow::ReferralsToProgres => demo::case_workers_refer(&self.sandbox),
            Workflow::DecisionsToPrimero => demo::unhcr_decides(&self.sandbox),
        }
        .unwrap();
    }

    pub async fn work(&mut self, workflow: Workflow) {
        let claims = match workflow {
            Workflow::ReferralsToPrimero => self.move_referrals().await,
            Workflow::DecisionsToProgres => self.report_decisions().await,
            Workflow::ReferralsToProgres => self.submit_referrals().await,
            Workflow::DecisionsToPrimero => self.apply_reviews().await,
        };
        self.ledger.insert(workflow, claims);
    }

    async fn move_referrals(&self) -> Claims {
        let expected = expected_referrals();
        for (key, expected) in &expected {
            if expected["already_in_place"].is_object() {
                self.report(key, &expected["already_in_place"]["case"])
                    .await;
            } else if expected["delivered"].is_object() {
                self.deliver(&expected["delivered"]).await;
                self.report(key, &expected["delivered"]["case"]).await;
            }
        }
        claims(&expected)
    }

    async fn report_decisions(&self) -> Claims {
        let expected = expected_decisions();
        for (key, expected) in &expected {
            if expected["told"].is_object() {
                self.tell(key, &expected["told"]).await;
            }
        }
        claims(&expected)
    }

    /// Reports one decision.
    pub async fn tell(&self, intervention: &str, told: &Value) {
        let case_id = self.case_of(&told["case"]).unwrap()["case_id"].clone();
        let report = told["report"].as_object().unwrap();
        let mut fields: Vec<Value> = report
            .iter()
            .map(|(name, value)| field(name, value.clone()))
            .collect();
        fields.extend([
            field("progres_lpinterventionid", intervention),
            field("progres_primerotransferstatusdate", self.today()),
            field("progres_primeroid", case_id.clone()),
        ]);
        let record = json!({
            "ExternalId": case_id,
            "Fields": fields,
            "Attachments": [{ "Comment": told["comment"] }],
        });
        self.ingest("SHP-2748", &record).await;
    }

    async fn submit_referrals(&self) -> Claims {
        let expected = expected_submissions();
        for expected in expected.values() {
            if expected["submitted"].is_object() {
                self.submit(&expected["submitted"]).await;
            }
        }
        claims(&expected)
    }

    /// Submits one referral.
    pub async fn submit(&self, submitted: &Value) {
        let wanted = submitted["fields"].as_object().unwrap();
        let mut fields: Vec<Value> = wanted
            .iter()
            .map(|(name, value)| field(name, value.clone()))
            .collect();
        fields.push(field("progres_referraldate", self.today()));
        for name in submitted["filled"].as_array().into_iter().flatten() {
            fields.push(field(name.as_str().unwrap(), "somebody else's"));
        }
        let body = json!({
            "ShippingProcessId": "SHP-2731",
            "InteropID": "INT-1436",
            "APIVersion": "V2",
            "Data": [{
                "ExternalId": submitted["external_id"],
                "ExternalGUID": submitted["external_guid"],
                "Fields": fields,
            }],
        });
        self.post("/api/ingestion/v2/PNR-1363/asyncdata", &body)
            .await;
    }

    async fn apply_reviews(&self) -> Claims {
        let mut kept_back = Claims::new();
        for (place, expected) in expected_reviews() {
            let Some((case_id, service)) = place.split_once('/') else {
                kept_back.extend(claim(&expected).map(|claim| (place.clone(), claim)));
                continue;
            };
            let Some(interop) = self.sandbox.ping.referral_of(case_id, service) else {
                continue;
            };
            let key = interop.to_string();
            if expected["marked"] == true {
                let referral = self.referral(case_id, service);
                self.decide(&referral, &expected).await;
                self.mark(&key, referral["id"].as_str().unwrap()).await;
            }
            kept_back.extend(claim(&expected).map(|claim| (key, claim)));
        }
        kept_back
    }

    pub fn referral(&self, case_id: &str, service: &str) -> Value {
        let case = self.sandbox.primero.case(case_id).unwrap();
        let referrals = self
            .sandbox
            .primero
            .referrals_of(case["id"].as_str().unwrap());
        let mut of_service = referrals.into_iter();
        of_service
            .find(|referral| referral["service_record_id"] == service)
            .unwrap()
    }

    /// Primero changes nothing where the referral is not in progress.
    async fn decide(&self, referral: &Value, expected: &Value) {
        let text = |key: &str| referral[key].as_str().unwrap().to_owned();
        let path = format!(
            "/api/v2/cases/{}/referrals/{}",
            text("record_id"),
            text("id")
        );
        let url = format!("{}{path}", self.sandbox.primero_url());
        let data = json!({
            "status": expected["status"],
            "rejected_reason": expected["rejected_reason"],
        });
        self.write(self.http.patch(url), &data).await;
    }

    pub async fn mark(&self, interop: &str, referral: &str) {
        let record = json!({ "ExternalId": referral, "Fields": [
            field("progres_interoperabilityreferralid", interop),
            field("progres_interoperabilityreferralstatus", "125080003"),
        ]});
        self.ingest("SHP-2284", &record).await;
    }

    async fn ingest(&self, process: &str, record: &Value) {
        let body = json!({
            "ShippingProcessId": process,
            "InteropId": "INT-1436",
            "Data": [record],
        });
        self.post("/api/ingestion/v2/PNR-1363/data", &body).await;
    }

    async fn post(&self, path: &str, body: &Value) {
        let answer = self
            .http
            .post(format!("{}{path}", self.sandbox.ping_url()))
            .bearer_auth(&self.token)
            .header("Ocp-Apim-Subscription-Key", "simulated-subscription-key")
            .json(body)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["ErrorMessage"], Value::Null);
    }

    pub fn today(&self) -> String {
        self.now.to_string()[..10].to_owned()
    }

    pub async fn deliver(&self, delivered: &Value) {
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
    pub fn case_of(&self, home: &Value) -> Option<Value> {
        let mut cases = self.sandbox.primero.cases().into_iter();
        match home["existing"].as_str() {
            Some(id) => cases.find(|case| case["id"] == id),
            None => cases.find(|case| {
                case["unhcr_individual_no"] == home["individual"] && case["record_state"] == true
            }),
        }
    }

    pub async fn report(&self, intervention: &str, home: &Value) {
        self.report_status(intervention, home, "125080002").await;
    }

    pub async fn report_status(&self, intervention: &str, home: &Value, status: &str) {
        let case_id = self.case_of(home).unwrap()["case_id"].clone();
        let record = json!({ "ExternalId": case_id, "Fields": [
            field("progres_lpinterventionid", intervention),
            field("progres_businessunit", BUSINESS_UNIT),
            field("progres_primerotransferstatus", status),
            field("progres_primerotransferstatusdate", self.today()),
            field("progres_primeroid", case_id.clone()),
        ]});
        self.ingest("SHP-2748", &record).await;
    }

    pub fn claims(&mut self, workflow: Workflow) -> &mut Claims {
        self.ledger.get_mut(&workflow).unwrap()
    }

    pub fn verdict(&self) -> Verdict {
        demo::check(&self.sandbox, &self.ledger, self.now)
    }
}

async fn sign_in(sandbox: &Sandbox, http: &reqwest::Client) -> String {
    let ping = &sandbox.secrets()["ping"];
    let text = |key: &str| ping[key].as_str().unwrap().to_owned();
    let form = [
        ("grant_type", "password".to_owned()),
        ("response_type", "token".to_owned()),
        ("username", text("username")),
        ("password", text("password")),
        ("client_id", text("client_id")),
        ("scope", text("scope")),
    ];
    let answer = http
        .post(text("token_url"))
        .form(&form)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// Every problem, for a readable failure.
pub fn problems(verdict: &Verdict) -> Vec<String> {
    let records = verdict.records.iter();
    records
        .flat_map(|record| {
            let problems = record.problems.iter();
            problems.map(move |problem| format!("{}: {}", record.label, problem.text))
        })
        .collect()
}

/// Lost, duplicated, wrong case, wrong decision, unexpected.
pub fn sums(verdict: &Verdict) -> [usize; 5] {
    let sums = verdict.sums;
    [
        sums.lost,
        sums.duplicated,
        sums.wrong_case,
        sums.wrong_decision,
        sums.unexpected,
    ]
}
