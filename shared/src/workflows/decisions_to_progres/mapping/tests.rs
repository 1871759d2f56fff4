//! Decisions on their way out, one rule each.

use serde_json::{Value, json};

use super::super::testing::{
    CASE, INTERVENTION, TODAY, accepted, case, case_with, keys, profile, rejected, service,
};
use super::*;
use crate::domain::ids::InterventionId;

const OTHER_CASE: &str = "506b539a-e662-425e-810b-47e4fa7da496";

fn id(text: &str) -> CaseRecordId {
    text.parse().expect("a GUID")
}

fn mapped(source: &Source, history: &History<'_, Place>) -> Outcome {
    let key: InterventionId = INTERVENTION.parse().expect("a GUID");
    map(&key.into(), source, history, TODAY, (&profile(), &keys()))
}

fn source(services: &[Value]) -> Source {
    Source {
        cases: vec![Arc::new(case(services))],
    }
}

/// The same, where another case is known to have the intervention.
fn beside(other: Arc<ChangedCase>, services: &[Value]) -> Source {
    Source {
        cases: vec![other, Arc::new(case(services))],
    }
}

fn known(place: &Place) -> History<'_, Place> {
    History {
        place: Some(place),
        done: false,
        released: false,
        may_be_there: false,
    }
}

fn unknown() -> History<'static, Place> {
    History {
        place: None,
        done: false,
        released: false,
        may_be_there: false,
    }
}

fn at(case: &str, rival: Option<&str>) -> Place {
    Place {
        case: id(case),
        rival: rival.map(id),
        commented: None,
        repeated: false,
        sent_with: 0,
    }
}

fn held(outcome: &Outcome) -> bool {
    let ambiguous = Fault::hold(Reason::AmbiguousCase, Vec::new());
    matches!(&outcome.result, Err(fault) if *fault == ambiguous)
}

fn on_other_case(services: &[Value]) -> Arc<ChangedCase> {
    Arc::new(case_with("id", OTHER_CASE, services))
}

#[test]
fn a_decision_is_told_with_its_comment_the_first_time() {
    let outcome = mapped(&source(&[accepted()]), &unknown());
    let decision = outcome.result.expect("a decision");
    assert!(!decision.comment_may_be_there);
    assert_eq!(outcome.place, Some(at(CASE, None)));
    assert_eq!(decision.place.commented, Some(outcome.fingerprint));
}

#[test]
fn the_same_decision_is_told_again_without_its_comment() {
    let first = mapped(&source(&[accepted()]), &unknown());
    let sent = first.result.expect("a decision").place;
    let again = mapped(&source(&[accepted()]), &known(&sent));
    assert!(again.result.expect("a decision").comment_may_be_there);
    assert_eq!(again.place, Some(sent));
}

#[test]
fn a_rejection_goes_once_more_with_its_reason_and_then_without() {
    let told = |place: Option<&Place>| {
        let history = History { place, ..unknown() };
        let outcome = mapped(&source(&[rejected("Duplicate")]), &history);
        outcome.result.expect("a decision")
    };
    let first = told(None);
    let second = told(Some(&first.place));
    let third = told(Some(&second.place));
    let sent = |decision: &Decision| (decision.comment_may_be_there, decision.repeats);
    assert_eq!(
        [&first, &second, &third].map(sent),
        [(false, false), (true, true), (true, false)]
    );
    // Another decision has a comment of its own, which was not sent at all.
    let other = mapped(&source(&[rejected("Moved")]), &known(&third.place));
    let other = other.result.expect("a decision");
    assert!(!other.place.repeated && !other.comment_may_be_there);
}

#[test]
fn another_decision_carries_its_own_comment() {
    let first = mapped(&source(&[accepted()]), &unknown());
    let sent = first.result.expect("a decision").place;
    let other = mapped(&source(&[rejected("Duplicate")]), &known(&sent));
    let decision = other.result.expect("a decision");
    assert!(!decision.comment_may_be_there);
    assert_eq!(decision.place.commented, Some(other.fingerprint));
}

#[test]
fn a_decision_that_is_taken_back_and_made_again_has_had_its_comment() {
    let first = mapped(&source(&[accepted()]), &unknown());
    let sent = first.result.expect("a decision").place;
    let pending = service("unhcr_referral_status", "pending");
    let taken_back = mapped(&source(&[pending]), &known(&sent));
    let taken_back = taken_back.place.expect("a place");
    let again = mapped(&source(&[accepted()]), &known(&taken_back));
    assert!(again.result.expect("a decision").comment_may_be_there);
}

#[test]
fn a_number_that_lacks_a_part_is_held() {
    let legacy = source(&[service("progres_interventionnumber", "803-26")]);
    let services = decision::decided(&legacy.cases[0], &profile(), &keys());
    let outcome = map(
        &services[0].key,
        &legacy,
        &unknown(),
        TODAY,
        (&profile(), &keys()),
    );
    assert_eq!(outcome.result.err(), Some(decision::legacy_number()));
}

#[test]
fn a_case_without_its_case_id_cannot_be_named_to_progres() {
    let nameless = Source {
        cases: vec![Arc::new(case_with("case_id", json!(null), &[accepted()]))],
    };
    let fields = vec!["case_id".to_owned()];
    assert_eq!(
        mapped(&nameless, &unknown()).result.err(),
        Some(Fault::hold(Reason::UnreadableRecord, fields))
    );
}

#[test]
fn a_decision_on_another_case_than_before_is_held_and_both_are_remembered() {
    let before = at(OTHER_CASE, None);
    let outcome = mapped(&source(&[accepted()]), &known(&before));
    assert!(held(&outcome));
    let both = at(CASE, Some(OTHER_CASE));
    assert_eq!(outcome.place, Some(both.clone()));
    // Seen again, it is held again.
    let again = mapped(&source(&[accepted()]), &known(&both));
    assert!(held(&again));
    assert_eq!(again.place, Some(both));
}

#[test]
fn the_other_case_no_longer_matters_once_it_decides_nothing_else() {
    let before = at(CASE, Some(OTHER_CASE));
    let silent = [
        on_other_case(&[]),
        on_other_case(&[accepted()]),
        Arc::new(case_with("enabled", false, &[rejected("Duplicate")])),
    ];
    for mut rival in silent {
        Arc::make_mut(&mut rival).case.id = id(OTHER_CASE);
        let source = beside(rival, &[accepted()]);
        let outcome = mapped(&source, &known(&before));
        assert_eq!(outcome.result.expect("a decision").place.rival, None);
    }
    let source = beside(on_other_case(&[rejected("Duplicate")]), &[accepted()]);
    assert!(held(&mapped(&source, &known(&before))));
}

#[test]
fn a_person_chooses_the_case_that_was_seen_last() {
    let before = at(CASE, Some(OTHER_CASE));
    let released = History {
        released: true,
        ..known(&before)
    };
    let source = beside(on_other_case(&[rejected("Duplicate")]), &[accepted()]);
    let decision = mapped(&source, &released).result.expect("a decision");
    assert_eq!(decision.verdict, Verdict::Accepted);
    assert_eq!(decision.place.case, id(CASE));
}
