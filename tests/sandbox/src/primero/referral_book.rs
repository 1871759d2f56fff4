//! All referrals, found quickly by id and by case.

use std::collections::HashMap;

use super::referrals::Referral;

/// Referrals in the order in which they were made, with indexes: 20,000 of them are asked for one by one.
#[derive(Debug, Default)]
pub(super) struct ReferralBook {
    all: Vec<Referral>,
    by_id: HashMap<String, usize>,
    by_case: HashMap<String, Vec<usize>>,
}

impl ReferralBook {
    pub(super) fn all(&self) -> &[Referral] {
        &self.all
    }

    pub(super) fn get(&self, id: &str) -> Option<&Referral> {
        self.all.get(*self.by_id.get(id)?)
    }

    /// The referrals of one case, in order.
    pub(super) fn of_case(&self, case_id: &str) -> impl Iterator<Item = &Referral> + Clone {
        let places = self.by_case.get(case_id).map_or(&[][..], Vec::as_slice);
        places.iter().map(|place| &self.all[*place])
    }

    /// Writes a referral over the one with its id, or appends it. A referral never changes its case.
    pub(super) fn write(&mut self, referral: Referral) {
        if let Some(place) = self.by_id.get(&referral.id) {
            self.all[*place] = referral;
            return;
        }
        let place = self.all.len();
        self.by_id.insert(referral.id.clone(), place);
        let of_case = self.by_case.entry(referral.record_id.clone());
        of_case.or_default().push(place);
        self.all.push(referral);
    }
}
