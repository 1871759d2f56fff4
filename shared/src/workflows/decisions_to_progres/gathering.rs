//! The decisions of one page, gathered by intervention: one may stand on several cases, and none goes before all of them are known. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::Place;
use super::decision::{self, Decided};
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::record::RecordKey;
use crate::primero::ChangedCase;
use crate::profile::Profile;
use crate::workflows::window::{self, PageCases};

/// One intervention on the cases of a page.
#[derive(Clone, Debug)]
pub struct Gathered {
    pub key: RecordKey,
    /// The cases that have it.
    pub cases: Vec<Arc<ChangedCase>>,
    /// Where it is found.
    pub place: Place,
    /// Whether any of them decides. What nobody decides concerns us only if it was decided before.
    pub decided: bool,
}

impl Gathered {
    /// What tells one state of these cases from another.
    pub fn version(&self) -> Option<String> {
        let last = self.cases.iter().max_by_key(|case| case.changed_at);
        last.map(|case| window::version(case))
    }
}

/// The cases of one intervention, by what they say of it.
#[derive(Default)]
struct Cases {
    deciding: Vec<(Arc<ChangedCase>, Vec<Decided>)>,
    pending: Vec<Arc<ChangedCase>>,
    disabled: Vec<Arc<ChangedCase>>,
}

/// Every intervention that a case of the page has, in the order in which it comes first. A disabled case counts only if it decides.
pub fn gather(page: &PageCases, profile: &Profile, keys: &FingerprintKey) -> Vec<Gathered> {
    let mut order = Vec::new();
    let mut by_key: HashMap<RecordKey, Cases> = HashMap::new();
    let cases_in_order = page.enabled.iter().chain(&page.disabled);
    for case in cases_in_order {
        let mut deciding: BTreeMap<RecordKey, Vec<Decided>> = BTreeMap::new();
        for service in decision::decided(case, profile, keys) {
            deciding
                .entry(service.key.clone())
                .or_default()
                .push(service);
        }
        let enabled = case.case.enabled;
        let all = decision::keys_of(case, profile, keys).filter(|_| enabled);
        let all: BTreeSet<_> = all.chain(deciding.keys().cloned()).collect();
        for key in all {
            let cases = by_key.entry(key.clone()).or_insert_with(|| {
                order.push(key.clone());
                Cases::default()
            });
            match deciding.remove(&key) {
                Some(services) if enabled => cases.deciding.push((Arc::clone(case), services)),
                Some(_) => cases.disabled.push(Arc::clone(case)),
                None => cases.pending.push(Arc::clone(case)),
            }
        }
    }
    let gathered = order.into_iter().filter_map(|key| {
        let cases = by_key.remove(&key)?;
        let place = cases.place()?;
        Some(Gathered {
            key,
            decided: !cases.deciding.is_empty() || cases.pending.is_empty(),
            place,
            cases: cases.all(),
        })
    });
    gathered.collect()
}

impl Cases {
    /// The first that decides, or the last that decides otherwise with the first as its rival; else one that has the intervention.
    fn place(&self) -> Option<Place> {
        let Some((first, services)) = self.deciding.first() else {
            let other = self.pending.last().or(self.disabled.last());
            return other.map(|case| Place::at(case));
        };
        let mut later = self.deciding.iter().skip(1).rev();
        let other = later.find(|(_, others)| decision::contradict(services, others));
        Some(other.map_or_else(
            || Place::at(first),
            |(other, _)| Place {
                rival: Some(first.case.id),
                ..Place::at(other)
            },
        ))
    }

    fn all(self) -> Vec<Arc<ChangedCase>> {
        let deciding = self.deciding.into_iter().map(|(case, _)| case);
        let others = self.disabled.into_iter().chain(self.pending);
        others.chain(deciding).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::testing::{CASE, accepted, case_with, keys, profile, rejected, service};
    use super::*;

    const OTHER: &str = "506b539a-e662-425e-810b-47e4fa7da496";

    fn with(id: &str, services: &[Value]) -> Arc<ChangedCase> {
        Arc::new(case_with("id", id, services))
    }

    fn gathered(enabled: &[Arc<ChangedCase>], disabled: &[Arc<ChangedCase>]) -> Vec<Gathered> {
        let page = PageCases {
            enabled: enabled.to_vec(),
            disabled: disabled.to_vec(),
        };
        gather(&page, &profile(), &keys())
    }

    fn pending() -> Value {
        service("unhcr_referral_status", "pending")
    }

    fn ids(one: &Gathered) -> Vec<String> {
        one.cases
            .iter()
            .map(|case| case.case.id.to_string())
            .collect()
    }

    fn place(case: &str, rival: Option<&str>) -> Place {
        Place {
            rival: rival.map(|id| id.parse().expect("a GUID")),
            ..Place::at(&with(case, &[]))
        }
    }

    #[test]
    fn two_cases_that_decide_one_intervention_are_one_record() {
        for (other, expected) in [
            (accepted(), place(CASE, None)),
            (rejected("Moved"), place(OTHER, Some(CASE))),
        ] {
            let found = gathered(&[with(CASE, &[accepted()]), with(OTHER, &[other])], &[]);
            assert_eq!(found.len(), 1);
            assert!(found[0].decided);
            assert_eq!(ids(&found[0]), [CASE, OTHER]);
            assert_eq!(found[0].place, expected);
        }
    }

    #[test]
    fn a_case_that_decides_counts_before_one_that_does_not() {
        let found = gathered(&[with(CASE, &[accepted()]), with(OTHER, &[pending()])], &[]);
        assert_eq!(found[0].place, place(CASE, None));
        assert!(found[0].decided);
    }

    #[test]
    fn what_nobody_decides_is_shown_as_such() {
        let found = gathered(&[with(CASE, &[pending()])], &[]);
        assert_eq!(found.len(), 1);
        assert!(!found[0].decided);
    }

    #[test]
    fn a_disabled_case_decides_unless_an_enabled_one_has_the_intervention() {
        let off = |services: &[Value]| {
            let mut case = with(OTHER, services);
            Arc::make_mut(&mut case).case.enabled = false;
            case
        };
        let disabled = [off(&[rejected("Moved")])];
        let alone = gathered(&[], &disabled);
        assert!(alone[0].decided);
        let beside = gathered(&[with(CASE, &[pending()])], &disabled);
        assert!(!beside[0].decided);
        assert_eq!(beside[0].place, place(CASE, None));
        assert!(gathered(&[], &[off(&[pending()])]).is_empty());
    }

    #[test]
    fn a_case_that_has_an_intervention_twice_counts_once() {
        let found = gathered(&[with(CASE, &[accepted(), pending(), accepted()])], &[]);
        assert_eq!(found.len(), 1);
        assert_eq!(ids(&found[0]), [CASE]);
        assert!(found[0].decided);
    }
}
