//! From a case to what proGres is told of one decision. Pure: `today` is the only clock.

use std::sync::Arc;

use jiff::civil::Date;

use super::Place;
use super::decision::{self, Decided, Intervention, Verdict};
use super::voices::{Source, Speaker, Voices};
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
    /// Whether the case that decides is disabled: unless an enabled one has the intervention, a person looks.
    pub of_disabled_case: bool,
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
    pub place: Option<Place>,
    pub result: Result<Decision, Fault>,
}

/// Maps the decision of one record, or says why it cannot be told.
pub fn map(
    key: &RecordKey,
    source: &Source,
    history: &History<'_, Place>,
    today: Date,
    by: (&Profile, &FingerprintKey),
) -> Outcome {
    let Voices {
        speaker,
        rival,
        contrary,
    } = Voices::of(key, source, history.place, by);
    let undecided = source.cases.iter().find_map(|case| window::undecided(case));
    match speaker {
        Speaker::Nobody => silent(source, history, undecided, by.1),
        Speaker::Enabled(case, services) => {
            let fingerprint = by.1.fingerprint(&decision::fingerprint_input(&services));
            let contested = rival.is_some() && !history.released;
            let made = Made {
                case,
                services: &services,
                fingerprint: &fingerprint,
                rival,
            };
            let result = match undecided {
                Some(fault) => Err(fault),
                None if contested => Err(Fault::hold(Reason::AmbiguousCase, Vec::new())),
                None => made.decision(history, today, by.0),
            };
            let place = Some(made.place(history));
            // A hold rests on both: it opens when the other case changes its mind, too.
            let both = || {
                by.1.fingerprint(&decision::fingerprint_input_contested(&services, &contrary))
            };
            Outcome {
                place,
                fingerprint: if contested { both() } else { fingerprint },
                result,
            }
        }
        Speaker::Disabled(case, services) => {
            let told = by.1.fingerprint(&decision::fingerprint_input(&services));
            let was_told = history.may_be_there && is_of(history.place, &told);
            // Enabled again, it has to look like another decision than the one that is held.
            let held = decision::fingerprint_input_disabled(&services);
            let fingerprint = if was_told {
                told
            } else {
                by.1.fingerprint(&held)
            };
            let made = Made {
                case,
                services: &services,
                fingerprint: &fingerprint,
                rival: None,
            };
            let result = match undecided {
                Some(fault) => Err(fault),
                None if was_told && history.done => Err(Fault::settled()),
                None => made
                    .decision(history, today, by.0)
                    .map_err(|_| case_disabled()),
            };
            Outcome {
                place: Some(made.place(history)),
                result: result.map(|decision| Decision {
                    of_disabled_case: true,
                    ..decision
                }),
                fingerprint,
            }
        }
    }
}

/// Why what a disabled case decides is not told.
pub fn case_disabled() -> Fault {
    Fault::hold(Reason::CaseDisabled, Vec::new())
}

/// Whether a decision that was told was taken back since, as far as the cases show it: true or false only where they do.
pub fn taken_back(
    key: &RecordKey,
    source: &Source,
    history: &History<'_, Place>,
    by: (&Profile, &FingerprintKey),
) -> Option<bool> {
    let told = history.place?;
    let sent = history.may_be_there || told.commented.is_some();
    let all_readable = source
        .cases
        .iter()
        .all(|case| window::undecided(case).is_none());
    if !sent || !all_readable {
        return None;
    }
    match Voices::of(key, source, history.place, by).speaker {
        Speaker::Enabled(..) => Some(false),
        Speaker::Disabled(..) => None,
        Speaker::Nobody => {
            let deciding = |case: &&Arc<ChangedCase>| case.case.id == told.case;
            let case = source.cases.iter().find(deciding)?;
            case.case.enabled.then_some(true)
        }
    }
}

/// Nobody decides any more, or nobody has yet. What was told stays what the ledger knows of it.
fn silent(
    source: &Source,
    history: &History<'_, Place>,
    undecided: Option<Fault>,
    keys: &FingerprintKey,
) -> Outcome {
    let told = history.place.filter(|_| history.may_be_there);
    let told = told.and_then(|place| place.commented.clone());
    let nothing = || keys.fingerprint(&decision::fingerprint_input(&[]));
    let place = history
        .place
        .cloned()
        .or_else(|| Some(Place::at(source.cases.last()?)));
    let fault = match undecided {
        Some(fault) => fault,
        None if history.done => Fault::settled(),
        None => Fault::skip(Reason::DecisionWithdrawn),
    };
    Outcome {
        fingerprint: told.unwrap_or_else(nothing),
        place,
        result: Err(fault),
    }
}

/// A decision as a case makes it.
struct Made<'m> {
    case: &'m ChangedCase,
    services: &'m [Decided],
    fingerprint: &'m Fingerprint,
    rival: Option<CaseRecordId>,
}

impl Made<'_> {
    /// Where it stands before it is told.
    fn place(&self, history: &History<'_, Place>) -> Place {
        let before = history.place;
        Place {
            case: self.case.case.id,
            rival: self.rival,
            commented: before.and_then(|place| place.commented.clone()),
            repeated: before.is_some_and(|place| place.repeated),
            sent_with: before.map_or(0, |place| place.sent_with),
        }
    }

    fn decision(
        &self,
        history: &History<'_, Place>,
        today: Date,
        profile: &Profile,
    ) -> Result<Decision, Fault> {
        let decided = decision::unanimous(self.services, profile)?;
        let comment_may_be_there = is_of(history.place, self.fingerprint);
        let was_repeated = history.place.is_some_and(|place| place.repeated);
        let intervention = decided.intervention.ok_or_else(decision::legacy_number)?;
        let no_case_id = || Fault::hold(Reason::UnreadableRecord, vec!["case_id".to_owned()]);
        let is_rejection = decided.verdict == Ok(Verdict::Rejected);
        let repeats = comment_may_be_there && is_rejection && !was_repeated;
        let owner = self.case.value("owned_by").and_then(|name| name.as_str());
        let owner = owner.map(user_name).filter(|name| !name.is_empty());
        Ok(Decision {
            intervention,
            verdict: decided.verdict?,
            reason: decided.reason,
            case_id: self.case.case.case_id.clone().ok_or_else(no_case_id)?,
            case_worker: owner.map(Pii::new),
            told_on: today,
            comment_may_be_there,
            repeats,
            place: Place {
                case: self.case.case.id,
                rival: None,
                commented: Some(self.fingerprint.clone()),
                repeated: comment_may_be_there && (repeats || was_repeated),
                sent_with: 0,
            },
            of_disabled_case: false,
        })
    }
}

/// Whether the comment that may be in proGres is of this decision.
fn is_of(place: Option<&Place>, decision: &Fingerprint) -> bool {
    let commented = place.and_then(|place| place.commented.as_ref());
    commented.is_some_and(|before| !before.changed_to(decision))
}

#[cfg(test)]
mod tests;
