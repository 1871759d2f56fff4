//! The first write of a run of 1.1 is read back before there is a second: forms are listed whatever the role may write.

use referral_bridge::domain::reason::Stop;
use sandbox::primero::UserChange;

use crate::bridge::TestBridge;
use crate::referral::Referral;

/// Forms that the bridge's user reads and does not write. It may not list users either, so that nothing tells of it before a write does.
fn read_only(bridge: &TestBridge, forms: &[&str]) {
    let user = bridge.installation.secrets.primero.user.username.clone();
    let change = UserChange {
        read_only_forms: Some(forms.iter().map(|form| (*form).to_owned()).collect()),
        lists_users: Some(false),
        ..UserChange::default()
    };
    let changed = bridge.sandbox.primero.change_user(&user, change);
    changed.expect("there is such a user");
}

async fn assert_refused(bridge: &TestBridge, field: &str) {
    let finished = bridge.run().await;
    let expected = Stop::FieldNotAccepted(field.to_owned());
    assert_eq!(finished.stop, Some(expected));
    assert_eq!(bridge.sandbox.ping.transfer_statuses().len(), 0);
}

/// After the role is mended all arrive, each once, on one case of each child.
async fn assert_all_arrive(bridge: &TestBridge, referrals: &[Referral]) {
    read_only(bridge, &[]);
    bridge.clock.advance(std::time::Duration::from_hours(1));
    let report = bridge.complete().await;
    let arrived = usize::try_from(report.counts.delivered).expect("few");
    assert_eq!(arrived, referrals.len(), "{report:?}");
    for referral in referrals {
        bridge.assert_delivered_once(referral);
    }
}

#[tokio::test]
async fn services_that_the_role_may_not_write_spoil_one_case() {
    let bridge = TestBridge::start().await;
    let referrals = bridge.refer_many(17);
    let before = bridge.effective_writes();
    read_only(&bridge, &["services"]);
    assert_refused(&bridge, "services_section").await;
    assert_eq!(bridge.effective_writes() - before, 1);
    assert_all_arrive(&bridge, &referrals).await;
}

#[tokio::test]
async fn a_case_that_was_left_empty_is_filled_whole_once_the_role_may_write_it() {
    let bridge = TestBridge::start().await;
    let referrals = bridge.refer_many(13);
    let before = bridge.effective_writes();
    read_only(&bridge, &["services", "basic_identity"]);
    for _ in 0..2 {
        assert_refused(&bridge, "unhcr_individual_no").await;
        bridge.clock.advance(std::time::Duration::from_hours(1));
    }
    let spoilt = bridge.effective_writes() - before;
    assert!(spoilt <= 2, "{spoilt}");
    assert_all_arrive(&bridge, &referrals).await;
}
