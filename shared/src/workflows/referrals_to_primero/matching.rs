//! Which case a referral belongs to. Pure.

use super::mapping::Referral;
use crate::domain::ids::{CaseId, CaseRecordId, InterventionId, ServiceId};
use crate::domain::reason::Reason;
use crate::engine::Fault;
use crate::primero::{Case, Service};
use crate::profile::{ClosedCase, PrimeroSettings};

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
/// A case that holds the service already is the right one, open or not; of two that hold it, the one that would be chosen without.
/// Otherwise only an open case of our module takes a service: of several the one that proGres names, else the only one. Where none
/// is open the profile may allow a closed one; a case that was transferred, or is a duplicate, takes none.
pub fn choose<'c>(
    referral: &Referral,
    cases: &'c [Case],
    settings: &PrimeroSettings,
) -> Result<Match<'c>, Fault> {
    let undecided: Vec<String> = cases.iter().flat_map(Case::undecided).collect();
    if !undecided.is_empty() {
        return Err(Fault::hold(Reason::UnreadableRecord, undecided));
    }
    let holders: Vec<(&Case, &Service)> = cases
        .iter()
        .filter_map(|case| Some((case, service_of(referral, case)?)))
        .collect();
    let is_ours = |case: &&Case| case.module.as_deref() == Some(settings.module_id.as_str());
    if let [(case, service)] = holders[..] {
        return if is_ours(&case) {
            Ok(Match::There(case, service))
        } else {
            Err(of_another_module())
        };
    }
    let ours: Vec<&Case> = cases.iter().filter(is_ours).collect();
    if ours.is_empty() {
        return if cases.is_empty() {
            Ok(Match::Nowhere(Plan::Create))
        } else {
            Err(of_another_module())
        };
    }
    let case = taker(referral, &ours, settings.closed_case)?;
    match holders.iter().find(|(holder, _)| holder.id == case.id) {
        Some((_, service)) => Ok(Match::There(case, service)),
        None if holders.is_empty() => Ok(Match::Nowhere(Plan::Append {
            case: case.id,
            case_id: case.case_id.clone(),
        })),
        // The service stands on two other cases: a third would make it worse.
        None => Err(ambiguous()),
    }
}

/// The case of our module that takes a service.
fn taker<'c>(
    referral: &Referral,
    ours: &[&'c Case],
    closed_case: ClosedCase,
) -> Result<&'c Case, Fault> {
    let with = |is: fn(&Case) -> bool| -> Vec<&'c Case> {
        ours.iter().copied().filter(|case| is(case)).collect()
    };
    let open = with(Case::is_open);
    if !open.is_empty() {
        return the_one(referral, &open).ok_or_else(ambiguous);
    }
    let closed = with(Case::is_closed);
    if closed.is_empty() || closed_case == ClosedCase::Hold {
        let mut words: Vec<String> = ours.iter().filter_map(|case| status_word(case)).collect();
        words.sort();
        words.dedup();
        return Err(Fault::hold(Reason::CaseClosed, words));
    }
    the_one(referral, &closed).ok_or_else(ambiguous)
}

/// The case that proGres names, else the only one.
fn the_one<'c>(referral: &Referral, cases: &[&'c Case]) -> Option<&'c Case> {
    let known = referral.known_case_id.as_deref();
    let is_named = |case: &&&Case| {
        let ids = case.case_id.as_ref().zip(known);
        ids.is_some_and(|(id, known)| id.as_str().eq_ignore_ascii_case(known))
    };
    match (cases.iter().find(is_named), cases) {
        (Some(named), _) => Some(named),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

/// How the case stands, where that is not plainly `closed`. A status is a word of a list; anything else is not repeated.
fn status_word(case: &Case) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let status = case.status.as_deref().unwrap_or_default().trim();
    let named = !status.is_empty() && status.len() <= 40 && status.chars().all(is_word);
    let word = if named { status } else { "no status" };
    (!case.is_closed()).then(|| word.to_owned())
}

const fn of_another_module() -> Fault {
    Fault::hold(Reason::CaseOfAnotherModule, Vec::new())
}

const fn ambiguous() -> Fault {
    Fault::hold(Reason::AmbiguousCase, Vec::new())
}

/// The referral's service on a case: by its id, else by its intervention's GUID, or by the number alone where the service has no
/// GUID, as older ones. Whole parts are compared: a number may be the beginning of another.
pub fn service_of<'c>(referral: &Referral, case: &'c Case) -> Option<&'c Service> {
    case.service(&referral.service.to_string()).or_else(|| {
        case.services
            .iter()
            .find(|service| names(referral, service))
    })
}

/// Whether a case holds the service of an intervention, by its id or by the intervention's GUID.
pub fn holds(case: &Case, service: ServiceId, intervention: InterventionId) -> bool {
    let names = |number: &str| {
        let mut parts = number.split(',').map(str::trim);
        parts.nth(1).and_then(|guid| guid.parse().ok()) == Some(intervention)
    };
    case.service(&service.to_string()).is_some()
        || case
            .services
            .iter()
            .any(|service| service.intervention_number().is_some_and(names))
}

fn names(referral: &Referral, service: &Service) -> bool {
    let Some(text) = service.intervention_number() else {
        return false;
    };
    let mut parts = text.split(',').map(str::trim);
    let number = parts.next();
    let guid: Option<InterventionId> = parts.next().and_then(|guid| guid.parse().ok());
    match guid {
        Some(guid) => guid == referral.intervention,
        None => number == Some(referral.number.as_str()),
    }
}

#[cfg(test)]
mod tests;
