//! From a case to what proGres is told of one decision. Pure: `today` is the only clock.

use std::sync::Arc;

use jiff::civil::Date;

use super::Place;
use super::decision::{self, Decided, Intervention, Verdict};
use crate::domain::fingerprint::{Fingerprint, FingerprintKey};
use crate::domain::ids::{CaseId, CaseRecordId};
use crate::domain::pii::Pii;
use crate::domain::reason::Reason;
use crate::domain::record::RecordKey;
use crate::domain::words::user_name;
use crate::engine::{Fault, History};
use crate::primero::ChangedCase;
use crate::profile::Profile;
use crate::workflows::window;

/// The case that carries a decision, and another one if it was seen to carry the same intervention.
#[derive(Clone, Debug)]
pub struct Source {
    pub case: Arc<ChangedCase>,
    /// The other case as it is now.
    pub rival: Option<Arc<ChangedCase>>,
}

/// A decision, ready to be told.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What is decided on.
    pub intervention: Intervention,
    /// How.
    pub verdict: Verdict,
    /// Why, where the worker said so.
    pub reason: Option<Pii<String>>,
    /// What proGres calls the case.
    pub case_id: CaseId,
    /// User name of the case's owner.
    pub case_worker: Option<Pii<String>>,
    /// The day on which proGres is told: Primero keeps none for the decision.
    pub told_on: Date,
    /// Whether an earlier attempt may have left the comment in proGres.
    pub comment_may_be_there: bool,
    /// Whether the comment goes once more all the same, marked: what was lost would be the reason of a rejection.
    pub repeats: bool,
    /// Where it stands, once proGres may have the comment.
    pub place: Place,
}

impl Decision {
    /// Whether the worker rejected the referral and does not say why.
    #[must_use]
    pub fn lacks_reason(&self) -> bool {
        self.verdict == Verdict::Rejected && self.reason.is_none()
    }
}

/// A decision after mapping.
pub struct Outcome {
    pub fingerprint: Fingerprint,
    pub place: Place,
    pub result: Result<Decision, Fault>,
}

/// Maps the decision of one record, or says why it cannot be told.
pub fn map(
    key: &RecordKey,
    source: &Source,
    history: &History<'_, Place>,
    today: Date,
    (profile, keys): (&Profile, &FingerprintKey),
) -> Outcome {
    let services = decision::of_record(key, &source.case, profile, keys);
    let fingerprint = keys.fingerprint(&decision::fingerprint_input(&services));
    let rival = rival_of(source, history.place);
    let commented = history.place.and_then(|place| place.commented.clone());
    let is_this = |before: &Fingerprint| !before.changed_to(&fingerprint);
    let comment_may_be_there = commented.as_ref().is_some_and(is_this);
    let was_repeated = history.place.is_some_and(|place| place.repeated);
    let place = Place {
        case: source.case.case.id,
        rival: rival.map(|(case, _)| case),
        commented,
        repeated: was_repeated,
        sent_with: history.place.map_or(0, |place| place.sent_with),
    };
    let decide = || {
        if let Some(fault) = window::undecided(&source.case) {
            return Err(fault);
        }
        let decided = decision::unanimous(&services, profile)?;
        let contradicted = rival.is_some_and(|(_, read)| {
            read.is_none_or(|rival| contradicts(rival, &decided, (profile, keys)))
        });
        if contradicted && !history.released {
            return Err(Fault::hold(Reason::AmbiguousCase, Vec::new()));
        }
        let intervention = decided.intervention.ok_or_else(decision::legacy_number)?;
        let no_case_id = || Fault::hold(Reason::UnreadableRecord, vec!["case_id".to_owned()]);
        let is_rejection = decided.verdict == Ok(Verdict::Rejected);
        let repeats = comment_may_be_there && is_rejection && !was_repeated;
        let owner = source.case.value("owned_by").and_then(|name| name.as_str());
        let owner = owner.map(user_name).filter(|name| !name.is_empty());
        Ok(Decision {
            intervention,
            verdict: decided.verdict?,
            reason: decided.reason,
            case_id: source.case.case.case_id.clone().ok_or_else(no_case_id)?,
            case_worker: owner.map(Pii::new),
            told_on: today,
            comment_may_be_there,
            repeats,
            place: Place {
                case: source.case.case.id,
                rival: None,
                commented: Some(fingerprint.clone()),
                repeated: comment_may_be_there && (repeats || was_repeated),
                sent_with: 0,
            },
        })
    };
    let result = decide();
    Outcome {
        fingerprint,
        place,
        result,
    }
}

/// The other case of the intervention, with what it says now if that was read.
fn rival_of<'s>(
    source: &'s Source,
    before: Option<&Place>,
) -> Option<(CaseRecordId, Option<&'s ChangedCase>)> {
    let case = source.case.case.id;
    let before = before?;
    let others = [Some(before.case), before.rival];
    let other = others.into_iter().flatten().find(|other| *other != case)?;
    let read = source.rival.as_deref();
    Some((other, read.filter(|rival| rival.case.id == other)))
}

/// Whether the other case decides the same intervention otherwise. One that decides nothing any more does not.
fn contradicts(
    rival: &ChangedCase,
    decided: &Decided,
    (profile, keys): (&Profile, &FingerprintKey),
) -> bool {
    decision::of_record(&decided.key, rival, profile, keys)
        .iter()
        .any(|other| !decision::agrees(other, decided))
}

#[cfg(test)]
mod tests {
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
            case: Arc::new(case(services)),
            rival: None,
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
        assert_eq!(outcome.place, at(CASE, None));
        assert_eq!(decision.place.commented, Some(outcome.fingerprint));
    }

    #[test]
    fn the_same_decision_is_told_again_without_its_comment() {
        let first = mapped(&source(&[accepted()]), &unknown());
        let sent = first.result.expect("a decision").place;
        let again = mapped(&source(&[accepted()]), &known(&sent));
        assert!(again.result.expect("a decision").comment_may_be_there);
        assert_eq!(again.place, sent);
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
        let again = mapped(&source(&[accepted()]), &known(&taken_back.place));
        assert!(again.result.expect("a decision").comment_may_be_there);
    }

    #[test]
    fn a_number_that_lacks_a_part_is_held() {
        let legacy = source(&[service("progres_interventionnumber", "803-26")]);
        let services = decision::decided(&legacy.case, &profile(), &keys());
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
            case: Arc::new(case_with("case_id", json!(null), &[accepted()])),
            rival: None,
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
        assert_eq!(outcome.place, at(CASE, Some(OTHER_CASE)));
        // Seen again, it is held again.
        let again = mapped(&source(&[accepted()]), &known(&outcome.place));
        assert!(held(&again));
        assert_eq!(again.place, outcome.place);
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
            let source = Source {
                rival: Some(rival),
                ..source(&[accepted()])
            };
            let outcome = mapped(&source, &known(&before));
            assert_eq!(outcome.result.expect("a decision").place.rival, None);
        }
        let source = Source {
            rival: Some(on_other_case(&[rejected("Duplicate")])),
            ..source(&[accepted()])
        };
        assert!(held(&mapped(&source, &known(&before))));
    }

    #[test]
    fn a_person_chooses_the_case_that_was_seen_last() {
        let before = at(CASE, Some(OTHER_CASE));
        let released = History {
            released: true,
            ..known(&before)
        };
        let source = Source {
            rival: Some(on_other_case(&[rejected("Duplicate")])),
            ..source(&[accepted()])
        };
        let decision = mapped(&source, &released).result.expect("a decision");
        assert_eq!(decision.verdict, Verdict::Accepted);
        assert_eq!(decision.place.case, id(CASE));
    }
}
