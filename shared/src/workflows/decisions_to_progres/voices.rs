//! Which case speaks for an intervention: the first enabled one that decides, as long as no other decides otherwise. Pure.

use std::sync::Arc;

use super::Place;
use super::decision::{self, Decided};
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::ids::CaseRecordId;
use crate::domain::record::RecordKey;
use crate::primero::ChangedCase;
use crate::profile::Profile;

/// The cases that are known to have an intervention, as they are now, in the order in which they were seen to.
#[derive(Clone, Debug)]
pub struct Source {
    pub cases: Vec<Arc<ChangedCase>>,
}

/// Who decides on a record.
pub enum Speaker<'s> {
    /// An enabled case, with its decided services of the record.
    Enabled(&'s ChangedCase, Vec<Decided>),
    /// A disabled case, as far as no enabled one is known to have the intervention.
    Disabled(&'s ChangedCase, Vec<Decided>),
    /// Nobody decides.
    Nobody,
}

/// What the cases of a record say together.
pub struct Voices<'s> {
    pub speaker: Speaker<'s>,
    /// The first case, if the speaker is one that decides otherwise; or a case that may, for it could not be read.
    pub rival: Option<CaseRecordId>,
    /// What the rival decides, if it was read.
    pub contrary: Vec<Decided>,
}

impl<'s> Voices<'s> {
    /// Listens to every case of the record. `known` is where the ledger has it.
    pub fn of(
        key: &RecordKey,
        source: &'s Source,
        known: Option<&Place>,
        by: (&Profile, &FingerprintKey),
    ) -> Self {
        let says = |case: &'s Arc<ChangedCase>| {
            let services = decision::of_record(key, case, by.0, by.1);
            (!services.is_empty()).then_some((&**case, services))
        };
        let (enabled, disabled): (Vec<_>, Vec<_>) =
            source.cases.iter().partition(|case| case.case.enabled);
        let mut deciding: Vec<_> = enabled.iter().copied().filter_map(says).collect();
        if let Some((first, services)) = deciding.first() {
            let otherwise =
                |(_, others): &(_, Vec<Decided>)| decision::contradict(services, others);
            let other = deciding.iter().rposition(otherwise).filter(|at| *at > 0);
            let rival = other.map(|_| first.case.id);
            let (case, services) = deciding.swap_remove(other.unwrap_or(0));
            let contrary = rival.and_then(|_| deciding.into_iter().next());
            return Self {
                rival: rival.or_else(|| unread(source, known, case.case.id)),
                contrary: contrary.map(|(_, services)| services).unwrap_or_default(),
                speaker: Speaker::Enabled(case, services),
            };
        }
        let stands = |case: &&Arc<ChangedCase>| {
            let mut keys = decision::keys_of(case, by.0, by.1);
            keys.any(|other| other == *key)
        };
        let speaker = match disabled.into_iter().filter_map(says).next_back() {
            Some((case, services)) if !enabled.iter().any(stands) => {
                Speaker::Disabled(case, services)
            }
            _ => Speaker::Nobody,
        };
        Self {
            speaker,
            rival: None,
            contrary: Vec::new(),
        }
    }
}

/// A case that the ledger knows beside the speaker, and that did not come back: that is no proof that it is gone.
fn unread(source: &Source, known: Option<&Place>, speaker: CaseRecordId) -> Option<CaseRecordId> {
    let known = known?;
    let read = |id: CaseRecordId| source.cases.iter().any(|case| case.case.id == id);
    let mut others = [Some(known.case), known.rival].into_iter().flatten();
    others.find(|id| *id != speaker && !read(*id))
}
