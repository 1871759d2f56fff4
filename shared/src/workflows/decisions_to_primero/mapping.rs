//! From the details of a decision to the answer that its referral gets. Pure.

use super::Found;
use super::matching::MadeBefore;
use super::source::{self, SourceDecision};
use crate::domain::codes::{InteropReferralStatus, RejectionReason, ReviewDecision, UnknownCode};
use crate::domain::identifier::tidied;
use crate::domain::ids::{CaseId, InteropReferralId};
use crate::domain::pii::Pii;
use crate::domain::reason::Reason;
use crate::engine::Fault;
use crate::primero::ReferralAnswer;
use crate::workflows::faults::Faults;
use crate::workflows::notes;

/// A referral that UNHCR decided about.
#[derive(Clone, Debug)]
pub struct DecidedReferral {
    /// What proGres calls the referral.
    pub id: InteropReferralId,
    /// What UNHCR decided, as Primero takes it.
    pub answer: ReferralAnswer,
    /// The case in Primero.
    pub case_id: CaseId,
    /// `unique_id` of the service that was referred.
    pub service: String,
    /// When the decision was made: no later referral can be meant.
    pub made_before: MadeBefore,
    /// Where the referral was found earlier.
    pub known: Option<Found>,
    /// Whether the likeliest of several referrals is taken: a person released it, or a ledger names one.
    pub takes_likeliest: bool,
    /// Whether proGres was told of it in an earlier run.
    pub told: bool,
}

/// What UNHCR decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Accepted,
    Rejected,
}

/// Maps one decision, or names everything that is wrong with it. `listed` is the status that the list showed, `known` where an
/// earlier run found the referral.
pub fn map(
    id: InteropReferralId,
    listed: Option<InteropReferralStatus>,
    source: &SourceDecision,
    known: Option<Found>,
) -> Result<DecidedReferral, Fault> {
    if !source.contradictions().is_empty() {
        let fields = source.contradictions().to_vec();
        return Err(Fault::hold(Reason::ContradictingRows, fields));
    }
    let status = code(source, source::STATUS, InteropReferralStatus::from_text);
    if status == Ok(Some(InteropReferralStatus::Synced)) {
        return Err(Fault::skip(Reason::AlreadyFinished));
    }
    let mut faults = Faults::default();
    let missing = Reason::MissingRequiredField;
    let case_id = faults.noted(source.text(source::CASE_ID), missing, source::CASE_ID);
    let service = faults.noted(source.text(source::SERVICE_ID), missing, source::SERVICE_ID);
    let made_before = MadeBefore::review(source.text(source::REVIEW_DATE)).ok();
    let made_before = faults.noted(made_before, Reason::InvalidDate, source::REVIEW_DATE);
    let answer = answer(listed, source, &mut faults);
    let read = || {
        Some(DecidedReferral {
            id,
            answer: answer?,
            case_id: CaseId::new(canonical(case_id?)),
            service: canonical(service?),
            made_before: made_before?,
            known,
            takes_likeliest: false,
            told: false,
        })
    };
    let read = read();
    faults.finish(read)
}

fn answer(
    listed: Option<InteropReferralStatus>,
    source: &SourceDecision,
    faults: &mut Faults,
) -> Option<ReferralAnswer> {
    match decision(listed, source, faults)? {
        Decision::Accepted => Some(ReferralAnswer::Accepted),
        Decision::Rejected => rejection(source, faults),
    }
}

/// A rejection with its reason in words and UNHCR's comment, as far as they are given.
fn rejection(source: &SourceDecision, faults: &mut Faults) -> Option<ReferralAnswer> {
    let reason = code(source, source::REJECTION_REASON, RejectionReason::from_text);
    let reason = faults.noted(reason.ok(), Reason::UnknownCode, source::REJECTION_REASON)?;
    let words = |key| source.text(key).and_then(notes::plain_text);
    let reason = reason.map(|code| code.words().to_owned());
    let reason = reason.or_else(|| words(source::REJECTION_REASON_NAME));
    let parts = [reason, words(source::REJECTION_COMMENT)];
    let words = parts
        .into_iter()
        .flatten()
        .reduce(|reason, comment| format!("{reason} — {comment}"));
    Some(ReferralAnswer::Rejected(words.map(Pii::new)))
}

/// The status of the referral decides; where it is absent the review decision does, read by its own table. Both, and what the list
/// showed, must agree. A code that is not in its table is no decision, and where there is none nothing is assumed.
fn decision(
    listed: Option<InteropReferralStatus>,
    source: &SourceDecision,
    faults: &mut Faults,
) -> Option<Decision> {
    let status = code(source, source::STATUS, InteropReferralStatus::from_text).ok();
    let status = faults.noted(status, Reason::UnknownCode, source::STATUS);
    let review = code(source, source::REVIEW_DECISION, ReviewDecision::from_text).ok();
    let review = faults.noted(review, Reason::UnknownCode, source::REVIEW_DECISION);
    let (status, review) = (status?, review?);
    if status.is_none() && review.is_none() {
        return faults.noted(None, Reason::UnknownCode, source::STATUS);
    }
    let agreed = match (status.or(listed).map(by_status), review.map(by_review)) {
        (Some(Some(one)), None) | (None, Some(one)) => Some(one),
        (Some(Some(status)), Some(review)) if status == review => Some(status),
        // Two decisions, or none.
        _ => None,
    };
    faults.noted(agreed, Reason::ContradictingCodes, source::STATUS)
}

/// A code, if the field has one.
fn code<C>(
    source: &SourceDecision,
    key: &str,
    read: impl Fn(&str) -> Result<C, UnknownCode>,
) -> Result<Option<C>, UnknownCode> {
    source.text(key).map(read).transpose()
}

const fn by_status(status: InteropReferralStatus) -> Option<Decision> {
    match status {
        InteropReferralStatus::Accepted => Some(Decision::Accepted),
        InteropReferralStatus::Rejected => Some(Decision::Rejected),
        InteropReferralStatus::Synced => None,
    }
}

const fn by_review(decision: ReviewDecision) -> Decision {
    match decision {
        ReviewDecision::Accepted => Decision::Accepted,
        ReviewDecision::Rejected => Decision::Rejected,
    }
}

/// A GUID in canonical lower case, as Primero spells its ids; anything else as it is.
fn canonical(id: &str) -> String {
    let id = tidied(id);
    match uuid::Uuid::try_parse(&id) {
        Ok(id) => id.as_hyphenated().to_string(),
        Err(_) => id,
    }
}

#[cfg(test)]
mod tests;
