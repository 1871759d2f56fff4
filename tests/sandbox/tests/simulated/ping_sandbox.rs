//! The sandbox around both systems: controls, request log, start and stop.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use reqwest::StatusCode;
use sandbox::{Sandbox, SandboxOptions, demo};
use serde_json::{Value, json};

async fn with_controls() -> Sandbox {
    let options = SandboxOptions {
        controls: true,
        ..SandboxOptions::default()
    };
    Sandbox::start(options).await.unwrap()
}

async fn control(sandbox: &Sandbox, body: Value) -> (StatusCode, Value) {
    let url = format!("{}/__control", sandbox.ping_url());
    let answer = reqwest::Client::new()
        .post(url)
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn state(sandbox: &Sandbox) -> Value {
    let url = format!("{}/__state", sandbox.primero_url());
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

async fn ask_primero(sandbox: &Sandbox, path: &str) -> StatusCode {
    let url = format!("{}{path}", sandbox.primero_url());
    reqwest::get(url).await.unwrap().status()
}

#[tokio::test]
async fn controls_change_both_systems_and_count_as_no_request() {
    let sandbox = with_controls().await;
    let row = json!({ "progres_lpinterventionid": "68B20E2A-4879-ee11-8179-000d3a43f6eb" });
    let (status, _) = control(&sandbox, json!({ "refer": [row] })).await;
    assert_eq!(status, StatusCode::OK);
    let case = json!({ "unhcr_individual_no": "606-1" });
    let (_, answer) = control(&sandbox, json!({ "insert_case": case })).await;
    let state = state(&sandbox).await;
    assert_eq!(
        state["ping"]["pending"],
        json!(["68b20e2a-4879-ee11-8179-000d3a43f6eb"])
    );
    assert_eq!(state["primero"]["cases"][0]["id"], answer["id"]);
    assert_eq!(state["traffic"]["ping"]["requests"], 0);
    assert_eq!(state["traffic"]["primero"]["requests"], 0);
}

#[tokio::test]
async fn a_fault_can_be_switched_on_and_off_by_control() {
    let sandbox = with_controls().await;
    let fault = json!({ "status": { "status": 503 } });
    let rule = json!({ "on": { "containing": "/health" }, "fault": fault });
    control(
        &sandbox,
        json!({ "add_fault": { "system": "primero", "rule": rule } }),
    )
    .await;
    assert_eq!(
        ask_primero(&sandbox, "/health").await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    control(&sandbox, json!({ "clear_faults": "primero" })).await;
    assert_ne!(
        ask_primero(&sandbox, "/health").await,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn faults_reach_the_referrals_of_a_case() {
    let sandbox = with_controls().await;
    let case = json!({ "owned_by": "worker4", "consent_for_services": true, "disclosure_other_orgs": true });
    let id = sandbox.primero.insert_case(case).unwrap();
    let refer = json!({ "refer_case": { "case": id, "to": "unhcr_cw", "service": null } });
    let referral = control(&sandbox, refer).await.1["id"].clone();
    let url = format!("{}/api/v2/cases/{id}/referrals", sandbox.primero_url());
    let http = reqwest::Client::new();
    let sign_in = |request: reqwest::RequestBuilder| {
        request.basic_auth("bridge_api", Some("sandbox-password"))
    };
    for fault in [
        json!({ "on": { "exactly": "GET /api/v2/cases/:id/referrals" }, "carrying": id,
                "fault": { "status": { "status": 503, "retry_after": 7 } }, "times": 1 }),
        json!({ "on": { "containing": "PATCH /api/v2/cases/:id/referrals" },
                "fault": "drop_after_effect", "times": 1 }),
    ] {
        let add = json!({ "add_fault": { "system": "primero", "rule": fault } });
        assert_eq!(control(&sandbox, add).await.0, StatusCode::OK);
    }

    let answer = sign_in(http.get(&url)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "7");
    let accept = json!({ "data": { "status": "accepted" } });
    let referral = format!("{url}/{}", referral.as_str().unwrap());
    let patch = sign_in(http.patch(referral)).json(&accept);
    patch.send().await.unwrap_err();

    let answer = sign_in(http.get(&url)).send().await.unwrap();
    let listed: Value = answer.json().await.unwrap();
    assert_eq!(listed["data"][0]["status"], "accepted");
}

#[tokio::test]
async fn workers_and_unhcr_staff_act_by_control() {
    let sandbox = with_controls().await;
    let intervention = "7d2e0001-4879-4e11-8179-000d3a43f6eb";
    let service = json!({
        "unique_id": "5efb0002-0606-4436-8f3d-c748867d913b",
        "progres_interventionnumber": format!("606-26-PRTITV-1,{intervention},unit"),
    });
    let case = json!({ "owned_by": "new_worker", "services_section": [service] });
    let referral = "d19321ea-778e-405e-841d-b24f247662e3";
    let decision = json!({ "progres_interoperabilityreferralid": referral });
    let row = json!({ "progres_lpinterventionid": intervention });
    let fields = json!({ "progres_interoperabilityreferralstatus": "125080002" });
    let reason = json!({ "rejected": "moved away" });
    for body in [
        json!({ "add_user": { "user_name": "new_worker", "agency": "UNICEF", "phone": "+251" } }),
        json!({ "add_crowd": 3 }),
        json!({ "insert_case": case }),
        json!({ "decide_intervention": { "intervention": intervention, "decision": reason } }),
        json!({ "add_delivered": [row] }),
        json!({ "add_decision": decision }),
        json!({ "amend_decision": { "referral": referral, "fields": fields } }),
        json!({ "reject_record_later": { "record": referral, "message": "locked" } }),
        json!({ "checks_before_result": 3 }),
        json!({ "carry_out_late": "ping" }),
    ] {
        let (status, answer) = control(&sandbox, body.clone()).await;
        assert_eq!(status, StatusCode::OK, "{body}: {answer}");
    }
    let state = state(&sandbox).await;
    let service = &state["primero"]["cases"][0]["services_section"][0];
    assert_eq!(service["unhcr_referral_status"], "rejected");
    assert_eq!(service["unhcr_referral_rejection_reason"], "moved away");
    let decided = &state["ping"]["interop_referrals"][0]["decision"];
    assert_eq!(
        decided["progres_interoperabilityreferralstatus"],
        "125080002"
    );
    assert_eq!(state["ping"]["pending"], json!([]));
}

#[tokio::test]
async fn the_story_of_the_demo_is_played_by_control() {
    let sandbox = with_controls().await;
    demo::load(&sandbox).unwrap();
    // Nothing was delivered that anybody could decide about.
    let (status, _) = control(&sandbox, json!({ "case_workers_decide": null })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (_, answer) = control(&sandbox, json!({ "case_workers_refer": null })).await;
    assert_eq!(answer["records"], 15);
    let (_, answer) = control(&sandbox, json!({ "decide_submitted": 7 })).await;
    assert_eq!(answer["records"], 0);
}

#[tokio::test]
async fn traffic_can_be_counted_from_zero() {
    let sandbox = with_controls().await;
    ask_primero(&sandbox, "/health").await;
    assert_eq!(sandbox.traffic().primero.requests, 1);
    control(&sandbox, json!({ "forget_traffic": null })).await;
    assert_eq!(sandbox.traffic().primero.requests, 0);
    assert!(sandbox.busy_for().is_none());
}

#[tokio::test]
async fn an_unknown_control_is_refused_by_name() {
    let sandbox = with_controls().await;
    let (status, answer) = control(&sandbox, json!({ "explode": null })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer["error"].as_str().unwrap().contains("explode"));
}

#[tokio::test]
async fn without_being_asked_for_there_are_no_controls() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
    assert_eq!(
        ask_primero(&sandbox, "/__state").await,
        StatusCode::NOT_FOUND
    );
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_log_line_names_the_route_and_leaves_the_query_out() {
    let lines = Lines::default();
    let options = SandboxOptions {
        primero_log: Some(Box::new(lines.clone())),
        ..SandboxOptions::default()
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    ask_primero(&sandbox, "/api/v2/cases?unhcr_individual_no=606-1").await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["route"], "/api/v2/cases");
    assert_eq!(line["status"], 401);
    assert!(!text.contains("606-1"));
}

#[tokio::test]
async fn the_demo_data_is_taken_once() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
    demo::load(&sandbox).unwrap();
    demo::load(&sandbox).unwrap_err();
}

#[tokio::test]
async fn dropping_the_sandbox_stops_both_servers() {
    let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
    let addresses = [sandbox.ping_url(), sandbox.primero_url()];
    drop(sandbox);
    for address in addresses {
        let address = address.trim_start_matches("http://").to_owned();
        // Each turn lets the server's task run; it stops at the first.
        let mut open = true;
        for _ in 0..100 {
            tokio::task::yield_now().await;
            open = tokio::net::TcpStream::connect(&address).await.is_ok();
            if !open {
                break;
            }
        }
        assert!(!open);
    }
}
