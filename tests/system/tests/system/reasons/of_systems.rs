//! Reasons in the systems between which records move, and in what a person asks for.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use jiff::Timestamp;
use referral_bridge::clock::{Clock, VirtualClock};
use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::record::RecordKey;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::Request;
use sandbox::faults::{Fault, Rule, Target};
use sandbox::journal::System;
use serde_json::json;

use crate::bridge::{CONTROL, TestBridge};
use crate::referral::Referral;
use crate::waiting::only;

const fn status(status: u16) -> Fault {
    Fault::Status {
        status,
        retry_after: None,
        after_effect: false,
    }
}

fn always(bridge: &TestBridge, system: System, route: &str, fault: Fault) {
    let on = Target::Containing(route.to_owned());
    bridge.sandbox.faults(system).add(Rule::always(on, fault));
}

/// 1.1 with two referrals, while calls to this route meet a fault.
async fn of_route(system: System, route: &str, fault: Fault) -> RunReport {
    let bridge = TestBridge::start().await;
    bridge.refer_many(2);
    always(&bridge, system, route, fault);
    bridge.complete().await
}

/// 2.1 with one referral, while calls to this route meet a fault.
async fn of_submission(route: &str, fault: Fault) -> (TestBridge, RunReport) {
    let bridge = TestBridge::start().await;
    bridge.waiting(WorkflowName::ReferralsToProgres, 1);
    always(&bridge, System::Ping, route, fault);
    let report = bridge.completed(WorkflowName::ReferralsToProgres).await;
    (bridge, report)
}

pub async fn refused_by_primero() -> RunReport {
    of_route(System::Primero, "POST /api/v2/cases", status(422)).await
}

pub async fn refused_by_ping() -> RunReport {
    of_route(System::Ping, "/data#SHP-2748", status(400)).await
}

pub async fn ping_unavailable() -> RunReport {
    of_route(System::Ping, "/data#SHP-2748", status(503)).await
}

pub async fn primero_unavailable() -> RunReport {
    of_route(System::Primero, "POST /api/v2/cases", status(503)).await
}

/// proGres accepts the news each time and rejects it later.
pub async fn still_pending_at_source() -> RunReport {
    let bridge = TestBridge::start().await;
    bridge.refer(&Referral::numbered(1));
    bridge.sandbox.ping.reject_later(4, "an invented reason");
    for _ in 0..4 {
        assert_eq!(bridge.complete().await.counts.held, 0);
    }
    bridge.complete().await
}

/// A clock that breaks the first time somebody waits by it.
struct Brittle {
    whole: Arc<VirtualClock>,
    broke: AtomicBool,
}

impl Clock for Brittle {
    fn now(&self) -> Timestamp {
        self.whole.now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let broke = self.broke.swap(true, Ordering::Relaxed);
        assert!(broke, "on purpose, in the middle of a record");
        self.whole.sleep(duration)
    }
}

/// A panic in the middle of a write, where Primero asks for a pause.
pub async fn internal_error() -> RunReport {
    let mut bridge = TestBridge::start().await;
    bridge.installation.clock = Arc::new(Brittle {
        whole: Arc::clone(&bridge.clock),
        broke: AtomicBool::new(false),
    });
    bridge.refer(&Referral::numbered(1));
    bridge.once(System::Primero, "POST /api/v2/cases", status(503));
    bridge.complete().await
}

pub async fn attempts_exhausted() -> RunReport {
    let beginning = TestBridge::beginning().profile(|profile| profile.engine.retry_attempts = 2);
    let bridge = beginning.start().await;
    let referral = Referral::numbered(1);
    bridge.refer(&referral);
    bridge.sandbox.ping.poison(&referral.intervention);
    bridge.complete().await;
    bridge.clock.advance(Duration::from_hours(48));
    bridge.complete().await
}

/// PING has nothing to say of what it listed.
pub async fn details_missing() -> RunReport {
    let bridge = TestBridge::start().await;
    bridge.refer_many(2);
    bridge.once(System::Ping, "SHP-2358", Fault::FoundNothing);
    bridge.complete().await
}

pub async fn ping_error() -> RunReport {
    let bridge = TestBridge::start().await;
    let referrals = bridge.refer_many(2);
    bridge.sandbox.ping.poison(&referrals[0].intervention);
    bridge.complete().await
}

/// A case worker's save swallows the service each time before it is read back.
pub async fn not_verified() -> RunReport {
    let bridge = TestBridge::start().await;
    let (other, referral) = (Referral::numbered(1), Referral::numbered(2).of(CONTROL));
    bridge.refer(&other);
    bridge.refer(&referral);
    let swallowing = async {
        for _ in 0..3 {
            let (case, service) = loop {
                if let Some(found) = bridge.services_of(&referral).pop() {
                    break found;
                }
                tokio::task::yield_now().await;
            };
            let gone = json!({ "unique_id": service["unique_id"], "_destroy": true });
            let save = json!({ "services_section": [gone] });
            let case = case["id"].as_str().expect("a text");
            let saved = bridge.sandbox.primero.worker_updates_case(case, save);
            saved.expect("it is there");
        }
    };
    tokio::join!(bridge.complete(), swallowing).0
}

pub async fn outcome_unknown() -> RunReport {
    of_submission("/asyncdata", Fault::DropAfterEffect).await.1
}

pub async fn rejected_by_progres() -> RunReport {
    let bridge = TestBridge::start().await;
    bridge.waiting(WorkflowName::ReferralsToProgres, 1);
    bridge.sandbox.ping.reject_later(1, "an invented reason");
    bridge.completed(WorkflowName::ReferralsToProgres).await
}

pub async fn confirmation_overdue() -> RunReport {
    let (bridge, report) = of_submission("checkstatus", Fault::NotYet).await;
    assert_eq!(report.counts.awaiting_confirmation, 1);
    bridge.pass(Duration::from_hours(8 * 24));
    bridge.completed(WorkflowName::ReferralsToProgres).await
}

pub async fn under_way() -> RunReport {
    let bridge = TestBridge::start().await;
    bridge.waiting(WorkflowName::ReferralsToProgres, 1);
    // Carried out at once, and answered after the run has ended.
    let slow = Fault::SlowBody {
        milliseconds: 60_000,
    };
    bridge.once(System::Ping, "/asyncdata", slow);
    let request = Request::default();
    let run = bridge.ask(WorkflowName::ReferralsToProgres, &request);
    let stop = async {
        while bridge.sandbox.ping.submissions().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bridge.installation.stop.raise(bridge.clock.now());
    };
    tokio::join!(run, stop).0.report
}

/// The user may not touch the case that the child has.
pub async fn no_access() -> RunReport {
    let bridge = TestBridge::start().await;
    bridge.refer(&Referral::numbered(1).of(CONTROL));
    always(&bridge, System::Primero, "PATCH /api/v2/cases", status(403));
    bridge.complete().await
}

/// Primero refuses every case without a word, run after run.
pub async fn refused_alike() -> RunReport {
    let bridge = TestBridge::start().await;
    bridge.refer_many(5);
    always(&bridge, System::Primero, "POST /api/v2/cases", status(422));
    for _ in 0..3 {
        let counts = bridge.run().await.report.counts;
        assert_eq!((counts.will_retry, counts.held), (5, 0));
    }
    bridge.run().await.report
}

/// A held record whose row says this in this field, in the next run.
async fn spoilt(field: &str, value: &str) -> RunReport {
    let bridge = TestBridge::start().await;
    let referral = Referral::numbered(1);
    bridge.refer(&referral);
    always(&bridge, System::Primero, "POST /api/v2/cases", status(422));
    bridge.complete().await;
    bridge.spoil_row(&referral.intervention, field, value).await;
    bridge.complete().await
}

pub async fn unreadable_row() -> RunReport {
    spoilt("attempts", "a few").await
}

/// A newer release has written the row.
pub async fn other() -> RunReport {
    spoilt("reason", "not_invented_yet").await
}

/// Keeps requests from the table once it is raised.
#[derive(Clone, Debug, Default)]
struct CutOff(Arc<AtomicBool>);

impl Intercept for CutOff {
    fn name(&self) -> &'static str {
        "cut off"
    }

    fn modify_before_transmit(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.0.load(Ordering::Relaxed) {
            Err("the table is cut off".into())
        } else {
            Ok(())
        }
    }
}

/// The table is cut off while cases are created.
pub async fn ledger_unavailable() -> RunReport {
    let mut bridge = TestBridge::start().await;
    let cut_off = CutOff::default();
    let config = bridge.installation.state.config().to_builder();
    let config = config.retry_config(RetryConfig::disabled());
    let config = config.interceptor(cut_off.clone());
    bridge.installation.state = Client::from_conf(config.build());
    let referrals = bridge.refer_many(12);
    let cutting = async {
        while bridge.services_of(&referrals[0]).is_empty() {
            tokio::task::yield_now().await;
        }
        cut_off.0.store(true, Ordering::Relaxed);
    };
    tokio::join!(bridge.run(), cutting).0.report
}

pub async fn not_found() -> RunReport {
    let bridge = TestBridge::start().await;
    let unknown = RecordKey::written("0badc0de-0000-4000-8000-000000000000");
    bridge
        .ask(WorkflowName::ReferralsToPrimero, &only([&unknown]))
        .await
        .report
}
