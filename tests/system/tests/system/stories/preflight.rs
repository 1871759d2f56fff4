//! What is proven before anything is moved: whose cases the user sees, and whether what is written stays.

use referral_bridge::domain::check::Severity;
use referral_bridge::domain::outcome::RunReport;
use referral_bridge::domain::reason::Stop;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::engine::{Finished, Request};
use referral_bridge::profile::{Intake, IntakeBy};
use sandbox::journal::System;
use sandbox::primero::{FormSet, Scope, ServiceDecision, UserChange};
use serde_json::{Value, json};

use crate::bridge::{Beginning, CONTROL, TestBridge};
use crate::referral::Referral;

const USER: &str = "bridge_api";
const FOLLOWING: [WorkflowName; 2] = [
    WorkflowName::DecisionsToProgres,
    WorkflowName::ReferralsToProgres,
];
const LISTING: [WorkflowName; 2] = [
    WorkflowName::ReferralsToPrimero,
    WorkflowName::DecisionsToPrimero,
];

impl TestBridge {
    fn change_role(&self, change: UserChange) {
        let changed = self.sandbox.primero.change_user(USER, change);
        changed.expect("it is there");
    }

    fn narrow_to(&self, scope: Scope) {
        self.change_role(UserChange {
            scope: Some(scope),
            ..UserChange::default()
        });
    }

    fn may_list_users(&self, lists_users: bool) {
        self.change_role(UserChange {
            lists_users: Some(lists_users),
            ..UserChange::default()
        });
    }

    async fn once_more(&self, workflow: WorkflowName) -> Finished {
        self.ask(workflow, &Request::default()).await
    }

    /// Runs a workflow, demands that it is refused for the user's scope, and that nothing came of it.
    async fn refuses_scope(&self, workflow: WorkflowName) {
        let writes = self.effective_writes();
        let cursor = self.store_of(workflow).cursor().await.expect("it answers");
        let finished = self.once_more(workflow).await;
        assert!(
            matches!(finished.stop, Some(Stop::ScopeNotProven(_))),
            "{workflow}: {:?}",
            finished.stop
        );
        assert_eq!(finished.report.counts.held, 0, "{workflow}");
        assert_eq!(self.effective_writes(), writes, "{workflow}");
        let after = self.store_of(workflow).cursor().await.expect("it answers");
        assert_eq!(after, cursor, "{workflow}: the cursor moved");
    }
}

/// The keys of what the checks found, with what it means.
fn found(report: &RunReport) -> Vec<(&str, Severity, &str)> {
    let checks = report.checks.iter();
    checks
        .map(|check| (&*check.key, check.severity, &*check.found))
        .collect()
}

#[tokio::test]
async fn a_user_that_sees_some_cases_only_moves_neither_cursor_nor_record() {
    for scope in [Scope::Own, Scope::Group, Scope::Agency] {
        let bridge = TestBridge::start().await;
        for workflow in FOLLOWING.into_iter().chain(LISTING) {
            bridge.waiting(workflow, 2);
        }
        bridge.narrow_to(scope);
        for workflow in FOLLOWING.into_iter().chain(LISTING) {
            bridge.refuses_scope(workflow).await;
        }
        bridge.narrow_to(Scope::All);
        for workflow in FOLLOWING.into_iter().chain(LISTING) {
            let report = bridge.completed(workflow).await;
            let counts = &report.counts;
            let moved = counts.delivered + counts.awaiting_confirmation;
            // What waits for 2.2 is still to be submitted, too.
            let of_reviews = u64::from(workflow == WorkflowName::ReferralsToProgres) * 2;
            assert_eq!(
                moved,
                2 + of_reviews,
                "{workflow} after {scope:?}: {report:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_list_with_nothing_to_do_is_not_stopped_by_a_narrow_role() {
    let bridge = TestBridge::start().await;
    bridge.narrow_to(Scope::Own);
    for workflow in LISTING {
        bridge.completed(workflow).await;
    }
    assert_eq!(bridge.sandbox.traffic().primero.requests, 0);
}

#[tokio::test]
async fn one_call_a_run_proves_the_scope_however_much_there_is_to_do() {
    let bridge = TestBridge::start().await;
    for workflow in FOLLOWING {
        bridge.waiting(workflow, 5);
        let before = bridge.calls(System::Primero, "GET /api/v2/users");
        bridge.completed(workflow).await;
        let users = bridge.calls(System::Primero, "GET /api/v2/users") - before;
        // 2.1 also reads whom to turn to.
        let of_contacts = usize::from(workflow == WorkflowName::ReferralsToProgres);
        assert_eq!(users, 1 + of_contacts, "{workflow}");
    }
}

#[tokio::test]
async fn where_nobody_tells_the_scope_a_foreign_case_and_their_number_prove_it() {
    let bridge = TestBridge::start().await;
    bridge.may_list_users(false);
    let workflow = WorkflowName::DecisionsToProgres;
    bridge.waiting(workflow, 8);
    let report = bridge.completed(workflow).await;
    assert_eq!(report.counts.delivered, 8);
    assert_eq!(found(&report), [("unchecked", Severity::Warning, "users")]);

    // The control case, eight decisions, and one case of its own.
    let own = json!({ "module_id": "primeromodule-cp", "owned_by": USER });
    bridge.sandbox.primero.insert_case(own).expect("it is new");
    bridge.decided(9, &ServiceDecision::Accepted);
    bridge.pass(std::time::Duration::from_secs(6));
    bridge.narrow_to(Scope::Own);
    bridge.refuses_scope(workflow).await;

    bridge.narrow_to(Scope::All);
    assert_eq!(bridge.completed(workflow).await.counts.delivered, 1);
}

#[tokio::test]
async fn what_was_seen_while_users_could_be_listed_counts_when_they_no_longer_can() {
    let bridge = TestBridge::start().await;
    let workflow = WorkflowName::DecisionsToProgres;
    bridge.waiting(workflow, 2);
    bridge.completed(workflow).await;
    bridge.may_list_users(false);
    // A case of somebody else that was referred to the user is still seen, and hides nothing.
    let referred = json!({
        "module_id": "primeromodule-cp", "owned_by": "worker1",
        "associated_user_names": ["worker1", USER],
    });
    let primero = &bridge.sandbox.primero;
    primero.insert_case(referred).expect("it is new");
    bridge.narrow_to(Scope::Own);
    bridge.refuses_scope(workflow).await;
}

#[tokio::test]
async fn an_owner_whom_primero_does_not_know_is_found_before_the_first_write() {
    for (intake, word) in [("no_such_user", "no user"), ("lockme", "disabled")] {
        let beginning = TestBridge::beginning();
        let named = beginning.profile(|profile| profile.primero.intake_user = Some(intake.into()));
        let bridge = named.start().await;
        let disable = UserChange {
            disabled: Some(true),
            ..UserChange::default()
        };
        let primero = &bridge.sandbox.primero;
        primero.change_user("lockme", disable).expect("it is there");
        bridge.refer_many(3);
        let stop = bridge.run().await.stop;
        assert!(
            matches!(&stop, Some(Stop::IntakeUserUnknown(found)) if found.contains(word)),
            "{stop:?}"
        );
        assert_eq!(bridge.effective_writes(), 0);
    }
}

#[tokio::test]
async fn of_owners_by_a_rule_each_is_looked_for_before_the_first_write() {
    let beginning = TestBridge::beginning().profile(|profile| {
        profile.primero.intake = Some(Intake {
            by: IntakeBy::ServiceType,
            users: [("shelter".to_owned(), "no_such_user".to_owned())].into(),
            other: "worker1".to_owned(),
        });
    });
    let bridge = beginning.start().await;
    bridge.refer_many(3);
    let stop = bridge.run().await.stop;
    assert!(
        matches!(&stop, Some(Stop::IntakeUserUnknown(found)) if found.contains("no_such_user: no user")),
        "{stop:?}"
    );
    assert_eq!(bridge.effective_writes(), 0);
}

#[tokio::test]
async fn the_owner_by_a_rule_is_the_one_that_primero_shows() {
    let beginning = TestBridge::beginning().profile(|profile| {
        profile.primero.intake = Some(Intake {
            by: IntakeBy::ServiceType,
            users: [("alternative_care".to_owned(), "worker1".to_owned())].into(),
            other: "worker2".to_owned(),
        });
    });
    let bridge = beginning.start().await;
    bridge.refer_many(3);
    assert_eq!(bridge.run().await.stop, None);
    let cases = bridge.sandbox.primero.cases();
    let owned = cases.iter().filter(|case| case["owned_by"] == "worker1");
    assert!(owned.count() >= 3);
}

#[tokio::test]
async fn where_users_cannot_be_listed_the_first_new_case_shows_that_nobody_owns_it() {
    let beginning = TestBridge::beginning().profile(|profile| {
        profile.primero.intake_user = Some("no_such_user".to_owned());
    });
    let bridge = beginning.start().await;
    bridge.may_list_users(false);
    // The first write is an append, which has no owner to be read.
    bridge.refer(&Referral::numbered(1).of(CONTROL));
    for number in 2..=9 {
        bridge.refer(&Referral::numbered(number));
    }
    let stop = bridge.run().await.stop;
    assert!(
        matches!(&stop, Some(Stop::IntakeUserUnknown(found)) if found.contains("nobody")),
        "{stop:?}"
    );
    let of_nobody = |case: &Value| case["owned_by"].is_null();
    let cases = bridge.sandbox.primero.cases();
    assert_eq!(cases.iter().filter(|case| of_nobody(case)).count(), 1);
    assert_eq!(bridge.sandbox.ping.transfer_statuses().len(), 0);
}

#[tokio::test]
async fn forms_that_the_role_only_reads_or_lacks_are_named_before_the_first_write() {
    let bridge = TestBridge::start().await;
    bridge.change_role(UserChange {
        read_only_forms: Some(vec![
            "services".to_owned(),
            "other_identity_details".to_owned(),
        ]),
        ..UserChange::default()
    });
    bridge.refer_many(3);
    let stop = bridge.run().await.stop;
    let named = "other_identity_details, services".to_owned();
    assert_eq!(stop, Some(Stop::FormNotWritable(named)));
    assert_eq!(bridge.effective_writes(), 0);

    bridge.change_role(UserChange {
        read_only_forms: Some(Vec::new()),
        ..UserChange::default()
    });
    assert_eq!(bridge.complete().await.counts.delivered, 3);
}

fn lacking(fields: &[&'static str]) -> Beginning {
    TestBridge::beginning().without_fields(fields)
}

#[tokio::test]
async fn fields_that_the_round_trip_needs_are_named_with_all_others_at_once() {
    let fields = [
        "name_nickname",
        "service_referral_notes",
        "unhcr_referral_status",
    ];
    let bridge = lacking(&fields).start().await;
    bridge.refer_many(2);
    let finished = bridge.run().await;
    let named = fields.join(", ");
    assert_eq!(finished.stop, Some(Stop::FieldNotAccepted(named.clone())));
    assert_eq!(
        found(&finished.report),
        [("primero_fields", Severity::Stop, &*named)]
    );
    assert_eq!(bridge.effective_writes(), 0);
}

#[tokio::test]
async fn fields_that_only_get_lost_are_named_in_the_report_and_stop_nothing() {
    let fields = ["service_referral_notes", "unhcr_referral_rejection_reason"];
    let bridge = lacking(&fields).start().await;
    bridge.refer_many(2);
    let report = bridge.complete().await;
    assert_eq!(report.counts.delivered, 2);
    let lost = (
        "primero_other_fields",
        Severity::Fault,
        "service_referral_notes",
    );
    let reason = (
        "primero_rejection_reason",
        Severity::Fault,
        "no form has `unhcr_referral_rejection_reason`",
    );
    assert_eq!(found(&report), [lost, reason]);

    bridge.decided(1, &ServiceDecision::Rejected(None));
    bridge.pass(std::time::Duration::from_secs(6));
    let report = bridge.completed(WorkflowName::DecisionsToProgres).await;
    assert_eq!(found(&report), [reason]);

    bridge.waiting(WorkflowName::ReferralsToProgres, 1);
    let report = bridge.completed(WorkflowName::ReferralsToProgres).await;
    assert_eq!(found(&report), [lost]);
}

#[tokio::test]
async fn a_module_that_primero_does_not_have_is_named() {
    let beginning = TestBridge::beginning().forms(FormSet::Exchange);
    let mistyped =
        beginning.profile(|profile| profile.primero.module_id = "primeromodule-cpp".into());
    let bridge = mistyped.start().await;
    bridge.refer_many(1);
    let stop = bridge.run().await.stop;
    assert_eq!(
        stop,
        Some(Stop::UnknownModule("primeromodule-cpp".to_owned()))
    );
}
