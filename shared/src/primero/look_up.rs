//! Looking up many cases in one call, with every answer checked.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use serde::Deserialize;

use super::case::{Case, LOOK_UP_FIELDS};
use super::control::Control;
use super::{PrimeroClient, Repeat};
use crate::domain::ids::CaseRecordId;
use crate::domain::pii::Pii;
use crate::domain::reason::Stop;
use crate::transport::GateError;

/// Rows Primero gives in one page at most, whatever is asked.
const PAGE: usize = 1000;

#[derive(Deserialize)]
pub(super) struct Listing<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub metadata: Metadata,
}

#[derive(Deserialize, Default)]
pub(super) struct Metadata {
    #[serde(default)]
    pub total: usize,
}

/// A way of asking for cases: by which field, and how its value is found in a case and in the control entry.
struct Kind<K> {
    field: &'static str,
    filter: fn(&[K]) -> Vec<(String, String)>,
    of_case: fn(&Case) -> Option<K>,
    of_control: fn(Control) -> K,
}

const BY_NUMBER: Kind<Pii<String>> = Kind {
    field: "unhcr_individual_no",
    filter: |numbers| {
        let entry = |(i, number): (usize, &Pii<String>)| {
            (
                format!("or[{i}][unhcr_individual_no]"),
                number.expose().clone(),
            )
        };
        numbers.iter().enumerate().map(entry).collect()
    },
    of_case: |case| case.individual_no.clone(),
    of_control: |control| control.individual_no,
};

const BY_ID: Kind<CaseRecordId> = Kind {
    field: "id",
    filter: |ids| {
        let list: Vec<String> = ids.iter().map(ToString::to_string).collect();
        vec![("id".to_owned(), list.join(","))]
    },
    of_case: |case| Some(case.id),
    of_control: |control| control.id,
};

impl PrimeroClient {
    /// The cases that carry these individual numbers, disabled ones left out. A number without a case has no entry.
    ///
    /// Stops the run with `filter_not_applied` if Primero returns a case that was not asked for, and with `control_missing` if its
    /// answer cannot be trusted.
    pub async fn cases_by_individual_no(
        &self,
        numbers: &[&Pii<String>],
    ) -> Result<HashMap<Pii<String>, Vec<Case>>, GateError> {
        let numbers = numbers.iter().copied().cloned().collect();
        let mut found: HashMap<_, Vec<Case>> = HashMap::new();
        for (number, case) in self.look_up(numbers, &BY_NUMBER).await? {
            if case.enabled {
                found.entry(number).or_default().push(case);
            }
        }
        Ok(found)
    }

    /// The cases with these ids, disabled ones included. An id without a case has no entry. Errors as for numbers.
    pub async fn cases_by_id(
        &self,
        ids: &[CaseRecordId],
    ) -> Result<HashMap<CaseRecordId, Case>, GateError> {
        Ok(self
            .look_up(ids.iter().copied().collect(), &BY_ID)
            .await?
            .into_iter()
            .collect())
    }

    /// Asks for cases, splitting what does not fit a page. Every case comes with the key that found it.
    async fn look_up<K: Clone + Eq + Hash>(
        &self,
        keys: HashSet<K>,
        kind: &Kind<K>,
    ) -> Result<Vec<(K, Case)>, GateError> {
        let mut found = Vec::new();
        let mut control_refreshed = false;
        let mut batches: Vec<Vec<K>> = vec![keys.into_iter().collect()];
        while let Some(mut batch) = batches.pop() {
            let control = self.control().await.map(kind.of_control);
            let asked: HashSet<K> = batch.iter().chain(&control).cloned().collect();
            let listing = self
                .list((kind.filter)(&asked.iter().cloned().collect::<Vec<_>>()))
                .await?;
            if listing.metadata.total > listing.data.len() && batch.len() > 1 {
                let half = batch.split_off(batch.len() / 2);
                batches.extend([half, batch]);
                continue;
            }
            let rows = self.checked(listing, &asked, kind)?;
            if control.is_some_and(|control| !rows.iter().any(|(key, _)| *key == control)) {
                if control_refreshed {
                    return Err(Stop::ControlMissing.into());
                }
                control_refreshed = true;
                self.choose_control(false).await?;
                batches.push(batch);
                continue;
            }
            found.extend(rows.into_iter().filter(|(key, _)| batch.contains(key)));
        }
        Ok(found)
    }

    async fn list(&self, filter: Vec<(String, String)>) -> Result<Listing<Case>, GateError> {
        let url = self.url("/api/v2/cases");
        let fixed = [
            ("fields", LOOK_UP_FIELDS.to_owned()),
            ("per", PAGE.to_string()),
        ];
        let answer = self
            .call("look up cases", Repeat::Freely, |http| {
                http.get(&url).query(&filter).query(&fixed)
            })
            .await?;
        self.transport.json("look up cases", &answer)
    }

    /// Every row must be one that was asked for, and all of them must be there.
    fn checked<K: Eq + Hash>(
        &self,
        listing: Listing<Case>,
        asked: &HashSet<K>,
        kind: &Kind<K>,
    ) -> Result<Vec<(K, Case)>, GateError> {
        let complete = listing.metadata.total == listing.data.len();
        let keyed = listing
            .data
            .into_iter()
            .map(|case| match (kind.of_case)(&case) {
                Some(key) if asked.contains(&key) => Ok((key, case)),
                _ => Err(Stop::FilterNotApplied { field: kind.field }.into()),
            });
        let rows = keyed.collect::<Result<_, GateError>>()?;
        if complete {
            Ok(rows)
        } else {
            let place = "`metadata.total`: not as many rows as it says".to_owned();
            Err(self.transport.unreadable("look up cases", place))
        }
    }
}
