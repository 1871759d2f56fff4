//! Which referral a decision is about, and what is to be done with it. Pure.

use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::domain::dates::{InvalidDate, date_part, instant};
use crate::domain::identifier::tidied;
use crate::primero::{Referral, ReferralAnswer, ReferralStatus};

/// The day of a review, and with it the moment before which the referral was made that a decision is about.
///
/// proGres gives the date of a review and no time: a midnight, in UTC or where the office is. A referral may be made in the morning and
/// decided in the afternoon, so the whole day counts that begins at that midnight, 24 hours. Only a time that is no midnight in any
/// time zone, one off the quarter hour, is taken for the moment itself. Without a review date nothing is too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadeBefore(Option<(Timestamp, Timestamp)>);

impl MadeBefore {
    /// Reads a review date.
    pub fn review(date: Option<&str>) -> Result<Self, InvalidDate> {
        let Some(text) = date else {
            return Ok(Self(None));
        };
        let date = date_part(text)?;
        // A time without a zone says no more than its date.
        let moment = text.trim().parse();
        let given = moment.or_else(|_| instant(&date.to_string()))?;
        let quarter_hour = SignedDuration::from_mins(15).as_nanos();
        let is_midnight = given.as_nanosecond() % quarter_hour == 0;
        let day = if is_midnight {
            given.checked_add(24.hours()).map(|end| (given, end))
        } else {
            let begin = given.checked_sub(24.hours());
            let end = given.checked_add(1.nanosecond());
            begin.and_then(|begin| Ok((begin, end?)))
        };
        day.map(|day| Self(Some(day))).map_err(|_| InvalidDate)
    }

    /// Whether a referral made at this moment can be meant.
    #[must_use]
    pub fn allows(self, made_at: Timestamp) -> bool {
        self.0.is_none_or(|(_, end)| made_at < end)
    }

    /// Whether a referral made at this moment was made on the day of the review: before it or after it, nobody can tell.
    fn is_of_that_day(self, made_at: Timestamp) -> bool {
        self.0
            .is_some_and(|(begin, end)| begin <= made_at && made_at < end)
    }
}

/// Chooses among the referrals of a case: of those for the service, made to proGres and not after the decision, the pending one, else
/// the newest. `progres_users` are whom case workers refer to when they mean proGres; none stands for anybody.
///
/// Where it is one of several and was made on the day of the decision, another one may be meant, and a person has to tell.
pub fn choose<'r>(
    referrals: impl IntoIterator<Item = &'r Referral>,
    service: &str,
    made_before: MadeBefore,
    progres_users: &[String],
) -> Result<Option<&'r Referral>, &'r Referral> {
    let is_meant = |referral: &&Referral| {
        let same_service = referral
            .service
            .as_ref()
            .is_some_and(|id| tidied(id).eq_ignore_ascii_case(service));
        let to_progres = referral.is_to(progres_users);
        same_service && to_progres && made_before.allows(referral.created_at)
    };
    let possible: Vec<&Referral> = referrals.into_iter().filter(is_meant).collect();
    let best = possible.iter().copied().max_by_key(|referral| {
        let pending = referral.status == ReferralStatus::InProgress;
        (pending, referral.created_at)
    });
    match best {
        Some(best) if possible.len() > 1 && made_before.is_of_that_day(best.created_at) => {
            Err(best)
        }
        best => Ok(best),
    }
}

/// Where a referral stands towards its decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Primero shows the decision already.
    InPlace,
    /// It waits for the decision.
    Pending,
    /// The worker took it back.
    Withdrawn,
    /// It stands otherwise than decided, and cannot be changed.
    Otherwise,
}

/// Compares what Primero shows with the decision. An accepted referral may be finished since.
pub const fn standing(status: ReferralStatus, answer: &ReferralAnswer) -> Standing {
    match (status, answer) {
        (ReferralStatus::InProgress, _) => Standing::Pending,
        (ReferralStatus::Revoked, _) => Standing::Withdrawn,
        (ReferralStatus::Accepted | ReferralStatus::Done, ReferralAnswer::Accepted)
        | (ReferralStatus::Rejected, ReferralAnswer::Rejected(_)) => Standing::InPlace,
        _ => Standing::Otherwise,
    }
}

#[cfg(test)]
mod tests;
