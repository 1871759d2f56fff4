//! An address in the secret with a path too many: nothing is held for it, and the right one lets everything go.

use referral_bridge::domain::outcome::RunStatus;
use referral_bridge::domain::system::{System, WorkflowName};
use referral_bridge::engine::Request;

use crate::bridge::TestBridge;

/// Adds a path to the address of a system, or takes it off again.
fn address(bridge: &mut TestBridge, system: System) -> &mut String {
    let secrets = &mut bridge.installation.secrets;
    match system {
        System::Ping => &mut secrets.ping.base_url,
        System::Primero => &mut secrets.primero.url,
    }
}

async fn with_a_path_too_many(system: System, path: &str) {
    for workflow in WorkflowName::ALL {
        let mut bridge = TestBridge::start().await;
        let records = bridge.waiting(*workflow, 7);
        let right = address(&mut bridge, system).clone();
        address(&mut bridge, system).push_str(path);

        for _ in 0..2 {
            let finished = bridge.ask(*workflow, &Request::default()).await;
            let stop = finished
                .stop
                .as_ref()
                .map(|stop| (stop.code(), stop.to_string()));
            let (code, message) = stop.expect("it stops");
            assert_eq!(code, "no_such_route", "{workflow}");
            assert!(message.contains(&system.to_string()), "{message}");
            assert_eq!(finished.report.status, RunStatus::Failed);
            assert_eq!(finished.report.counts.held, 0, "{workflow}");
        }

        *address(&mut bridge, system) = right;
        let report = bridge.completed(*workflow).await;
        assert_eq!(report.counts.held, 0, "{workflow}: {report:?}");
        bridge.assert_each_arrived_once(&records);
    }
}

#[tokio::test]
async fn of_ping() {
    with_a_path_too_many(System::Ping, "/api").await;
}

#[tokio::test]
async fn of_primero() {
    with_a_path_too_many(System::Primero, "/v2").await;
}
