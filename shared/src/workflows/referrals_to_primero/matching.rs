//! Which case a referral belongs to. Pure.

use super::mapping::Referral;
use crate::domain::ids::{CaseId, CaseRecordId};
use crate::domain::reason::Reason;
use crate::engine::Fault;
use crate::primero::{Case, Service};
use crate::profile::ClosedCase;

/// What is to be written for a referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// The child has no case: create one, with the service.
    Create,
    /// Append the service to this case.
    Append {
        /// The case in URLs.
        case: CaseRecordId,
        /// What proGres will call it.
        case_id: Option<CaseId>,
    },
}

/// What matching found.
#[derive(Debug)]
pub enum Match<'c> {
    /// The service is on this case.
    There(&'c Case, &'c Service),
    /// The service is nowhere.
    Nowhere(Plan),
}

/// Chooses among the enabled cases that carry the child's number.
///
/// A case that holds the service already is the right one whatever else is true of it. Otherwise: the only case; of several the
/// one that proGres names, or the only open one. A closed case is chosen only if the profile says so.
pub fn choose<'c>(
    referral: &Referral,
    cases: &'c [Case],
    closed: ClosedCase,
) -> Result<Match<'c>, Fault> {
    let holders: Vec<(&Case, &Service)> = cases
        .iter()
        .filter_map(|case| Some((case, service_of(referral, case)?)))
        .collect();
    if let [(case, service)] = holders[..] {
        return Ok(Match::There(case, service));
    }
    let case = match cases {
        [] => return Ok(Match::Nowhere(Plan::Create)),
        [only] => only,
        several => preferred(referral, several)
            .ok_or_else(|| Fault::hold(Reason::AmbiguousCase, Vec::new()))?,
    };
    if let Some((_, service)) = holders.iter().find(|(holder, _)| holder.id == case.id) {
        return Ok(Match::There(case, service));
    }
    if case.is_closed() && closed == ClosedCase::Hold {
        return Err(Fault::hold(Reason::CaseClosed, Vec::new()));
    }
    Ok(Match::Nowhere(Plan::Append {
        case: case.id,
        case_id: case.case_id.clone(),
    }))
}

/// The referral's service on a case: by its id, else by its intervention's number or GUID. Older services hold the number alone.
/// Whole parts are compared: a number may be the beginning of another.
pub fn service_of<'c>(referral: &Referral, case: &'c Case) -> Option<&'c Service> {
    case.service(&referral.service.to_string()).or_else(|| {
        case.services
            .iter()
            .find(|service| names(referral, service))
    })
}

fn names(referral: &Referral, service: &Service) -> bool {
    let Some(text) = service.intervention_number() else {
        return false;
    };
    let mut parts = text.split(',').map(str::trim);
    let same_number = parts.next() == Some(referral.number.as_str());
    let same_guid = parts.next().and_then(|guid| guid.parse().ok()) == Some(referral.intervention);
    same_number || same_guid
}

fn preferred<'c>(referral: &Referral, cases: &'c [Case]) -> Option<&'c Case> {
    let named = referral.known_case_id.as_deref().and_then(|known| {
        cases.iter().find(|case| {
            case.case_id
                .as_ref()
                .is_some_and(|id| id.as_str().eq_ignore_ascii_case(known))
        })
    });
    named.or_else(|| {
        let mut open = cases.iter().filter(|case| !case.is_closed());
        open.next().filter(|_| open.next().is_none())
    })
}

#[cfg(test)]
mod tests;
