//! `GET /__state` and `POST /__control`: what a person or a script at the keyboard can see and do. Neither is
//! counted as a request, and neither is part of the simulated systems.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::faults::Rule;
use crate::journal::{System, Traffic};
use crate::ping::{Decision, Ping};
use crate::primero::{NewReferral, Primero};
use crate::wire::{Wire, json_answer};

/// Everything that the two routes can reach.
#[derive(Clone)]
pub(crate) struct Panel {
    pub(crate) ping: Ping,
    pub(crate) primero: Primero,
    pub(crate) ping_wire: Arc<Wire>,
    pub(crate) primero_wire: Arc<Wire>,
}

/// One control; the body is `{"<name>": <argument>}`, `{"<name>": null}` where there is none.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Control {
    /// The detail rows of a new intervention.
    Refer(Vec<Value>),
    /// Other detail rows of an intervention that is there.
    Edit(Vec<Value>),
    /// The id of an intervention that is taken back.
    Withdraw(String),
    DecideReferral {
        referral: Uuid,
        decision: Decision,
    },
    /// The detail row of a decision on a referral that did not come through here.
    AddDecision(Value),
    /// An id that fails every batch it is in.
    Poison(String),
    Heal(String),
    RejectLater {
        records: usize,
        message: String,
    },
    ExpireTokens(()),
    /// Seconds to move PING's clock on.
    AdvancePingClock(i64),
    PageRows {
        list: usize,
        details: usize,
    },
    /// A whole case, stored as given.
    InsertCase(Value),
    UpdateCase {
        case: String,
        fields: Value,
    },
    UpdateService {
        case: String,
        service: String,
        fields: Value,
    },
    ReferCase {
        case: String,
        to: String,
        service: Option<String>,
        #[serde(default)]
        consent_overridden: bool,
    },
    AcceptReferral(String),
    RejectReferral {
        referral: String,
        reason: String,
    },
    RevokeReferral(String),
    AddFault {
        system: System,
        rule: Rule,
    },
    ClearFaults(System),
}

impl Panel {
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/__state", get(state))
            .route("/__control", post(control))
            .with_state(self.clone())
    }

    fn wire(&self, system: System) -> &Wire {
        match system {
            System::Ping => &self.ping_wire,
            System::Primero => &self.primero_wire,
        }
    }

    fn carry_out(&self, control: Control) -> Result<Value, String> {
        let done = |()| json!({ "done": true });
        match control {
            Control::InsertCase(case) => {
                let id = self.primero.insert_case(case)?;
                Ok(json!({ "done": true, "id": id }))
            }
            Control::ReferCase {
                case,
                to,
                service,
                consent_overridden,
            } => {
                let referral = NewReferral {
                    transitioned_to: to,
                    service_record_id: service,
                    consent_overridden,
                    ..NewReferral::default()
                };
                let id = self.primero.refer(&case, &referral)?;
                Ok(json!({ "done": true, "id": id }))
            }
            Control::UpdateCase { case, fields } => {
                self.primero.worker_updates_case(&case, fields).map(done)
            }
            Control::UpdateService {
                case,
                service,
                fields,
            } => self
                .primero
                .worker_updates_service(&case, &service, fields)
                .map(done),
            Control::AcceptReferral(id) => self.primero.accept_referral(&id).map(done),
            Control::RejectReferral { referral, reason } => {
                self.primero.reject_referral(&referral, &reason).map(done)
            }
            Control::RevokeReferral(id) => self.primero.revoke_referral(&id).map(done),
            Control::AddFault { system, rule } => {
                self.wire(system).faults.add(rule);
                Ok(done(()))
            }
            Control::ClearFaults(system) => {
                self.wire(system).faults.clear();
                Ok(done(()))
            }
            ping => self.carry_out_in_ping(ping).map(done),
        }
    }

    fn carry_out_in_ping(&self, control: Control) -> Result<(), String> {
        match control {
            Control::Refer(rows) => self.ping.refer(rows)?,
            Control::Edit(rows) => self.ping.edit(rows)?,
            Control::Withdraw(id) => self.ping.withdraw(&id)?,
            Control::DecideReferral { referral, decision } => {
                self.ping.decide_referral(referral, &decision)?;
            }
            Control::AddDecision(row) => self.ping.add_decision(row)?,
            Control::Poison(id) => self.ping.poison(&id),
            Control::Heal(id) => self.ping.heal(&id),
            Control::RejectLater { records, message } => self.ping.reject_later(records, &message),
            Control::ExpireTokens(()) => self.ping.expire_tokens(),
            Control::AdvancePingClock(seconds) => {
                self.ping.advance_clock(SignedDuration::from_secs(seconds));
            }
            Control::PageRows { list, details } => self.ping.set_page_rows(list, details),
            _ => return Err("not a control of PING".to_owned()),
        }
        Ok(())
    }
}

async fn state(State(panel): State<Panel>) -> Response {
    let traffic = Traffic {
        ping: panel.ping_wire.journal.counts(),
        primero: panel.primero_wire.journal.counts(),
    };
    let state = json!({
        "traffic": traffic,
        "ping": {
            "sign_ins": panel.ping.sign_ins(),
            "pending": panel.ping.pending(),
            "transfer_statuses": panel.ping.transfer_statuses(),
            "submissions": panel.ping.submissions(),
            "marks": panel.ping.marks(),
            "faults": panel.ping_wire.faults.rules(),
        },
        "primero": {
            "cases": panel.primero.cases(),
            "referrals": panel.primero.referrals(),
            "faults": panel.primero_wire.faults.rules(),
        },
    });
    json_answer(StatusCode::OK, &state)
}

/// The body is read as text, so that `curl -d` works without a content type.
async fn control(State(panel): State<Panel>, body: String) -> Response {
    let carried_out = serde_json::from_str::<Control>(&body)
        .map_err(|error| error.to_string())
        .and_then(|control| panel.carry_out(control));
    match carried_out {
        Ok(answer) => json_answer(StatusCode::OK, &answer),
        Err(error) => json_answer(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    }
}
