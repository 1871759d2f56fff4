//! Looking up many cases in one call, with every answer checked.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use serde::de::DeserializeOwned;

use super::case::{Case, LOOK_UP_FIELDS, change_fields};
use super::changes::ChangedCase;
use super::control::Control;
use super::listing::{Listing, PAGE};
use super::{PrimeroClient, Repeat};
use crate::domain::ids::{CaseId, CaseRecordId};
use crate::domain::pii::Pii;
use crate::domain::reason::Stop;
use crate::transport::GateError;

/// A way of asking for cases: by which field, and how its value is found in a case and in the control entry.
struct Kind<K> {
    field: &'static str,
    filter: fn(&[K]) -> Vec<(String, String)>,
    of_case: fn(&Case) -> Option<K>,
    of_control: fn(&Control) -> Option<K>,
    /// What Primero may read a comma in.
    text: fn(&K) -> Option<&str>,
}

const BY_NUMBER: Kind<Pii<String>> = Kind {
    field: "unhcr_individual_no",
    filter: |numbers| {
        any_of(
            "unhcr_individual_no",
            numbers.iter().map(|n| n.expose().as_str()),
        )
    },
    of_case: |case| case.individual_no.clone(),
    of_control: |control| Some(control.individual_no.clone()),
    text: |number| Some(number.expose()),
};

const BY_CASE_ID: Kind<CaseId> = Kind {
    field: "case_id",
    filter: |ids| any_of("case_id", ids.iter().map(CaseId::as_str)),
    of_case: |case| case.case_id.clone(),
    of_control: |control| control.case_id.clone(),
    text: |id| Some(id.as_str()),
};

const BY_ID: Kind<CaseRecordId> = Kind {
    field: "id",
    filter: |ids| {
        let list: Vec<String> = ids.iter().map(ToString::to_string).collect();
        vec![("id".to_owned(), list.join(","))]
    },
    of_case: |case| Some(case.id),
    of_control: |control| Some(control.id),
    text: |_| None,
};

/// Alternatives need indexes: `or[][field]` answers the whole table.
fn any_of<'v>(field: &str, values: impl Iterator<Item = &'v str>) -> Vec<(String, String)> {
    let entry = |(i, value): (usize, &str)| (format!("or[{i}][{field}]"), value.to_owned());
    values.enumerate().map(entry).collect()
}

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
        let cases: Vec<(_, Case)> = self.look_up(numbers, &BY_NUMBER, LOOK_UP_FIELDS).await?;
        for (number, case) in cases {
            if case.enabled {
                found.entry(number).or_default().push(case);
            }
        }
        Ok(found)
    }

    /// The cases that PING calls by these `case_id`s, disabled ones included. One without a case has no entry. Errors as for
    /// numbers.
    pub async fn cases_by_case_id(
        &self,
        ids: &[CaseId],
    ) -> Result<HashMap<CaseId, Case>, GateError> {
        let named = ids.iter().filter(|id| !id.as_str().trim().is_empty());
        Ok(self
            .look_up(named.cloned().collect(), &BY_CASE_ID, LOOK_UP_FIELDS)
            .await?
            .into_iter()
            .collect())
    }

    /// The cases with these ids, disabled ones included. An id without a case has no entry. Errors as for numbers.
    pub async fn cases_by_id(
        &self,
        ids: &[CaseRecordId],
    ) -> Result<HashMap<CaseRecordId, Case>, GateError> {
        Ok(self
            .look_up(ids.iter().copied().collect(), &BY_ID, LOOK_UP_FIELDS)
            .await?
            .into_iter()
            .collect())
    }

    /// The cases with these ids as a page of changes would show them, with `fields` as there; disabled ones included. Errors as for
    /// numbers.
    ///
    /// A control entry is chosen if there is none yet. An installation without any numbered case has none, so a case that does not
    /// come back is no proof that it is gone.
    pub async fn changed_cases_by_id(
        &self,
        ids: &[CaseRecordId],
        fields: &[&str],
    ) -> Result<HashMap<CaseRecordId, ChangedCase>, GateError> {
        if !ids.is_empty() && self.control().await.is_none() {
            self.choose_control(true).await?;
        }
        let fields = change_fields(fields);
        Ok(self
            .look_up(ids.iter().copied().collect(), &BY_ID, &fields)
            .await?
            .into_iter()
            .collect())
    }

    /// Asks for cases, splitting what does not fit a page. Every case comes with the key that found it.
    async fn look_up<K: Clone + Eq + Hash, C: DeserializeOwned + AsRef<Case>>(
        &self,
        keys: HashSet<K>,
        kind: &Kind<K>,
        fields: &str,
    ) -> Result<Vec<(K, C)>, GateError> {
        let mut found = Vec::new();
        if keys.is_empty() {
            return Ok(found);
        }
        let mut control_refreshed = false;
        let mut batches: Vec<Vec<K>> = vec![keys.into_iter().collect()];
        while let Some(mut batch) = batches.pop() {
            let control = self.control_key(kind).await?;
            let asked: HashSet<K> = batch.iter().chain(&control).cloned().collect();
            let filter = (kind.filter)(&asked.iter().cloned().collect::<Vec<_>>());
            let listing = self.list(filter, fields).await?;
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

    /// What the control entry is asked for by. One that was adopted from our own write lacks its `case_id`; another is chosen then.
    async fn control_key<K>(&self, kind: &Kind<K>) -> Result<Option<K>, GateError> {
        let Some(control) = self.control().await else {
            return Ok(None);
        };
        if let Some(key) = (kind.of_control)(&control) {
            return Ok(Some(key));
        }
        self.choose_control(false).await?;
        let key = self.control().await.as_ref().and_then(kind.of_control);
        key.map(Some)
            .ok_or_else(|| Stop::NoControlCase { field: kind.field }.into())
    }

    async fn list<C: DeserializeOwned>(
        &self,
        filter: Vec<(String, String)>,
        fields: &str,
    ) -> Result<Listing<C>, GateError> {
        let url = self.url("/api/v2/cases");
        let fixed = [("fields", fields.to_owned()), ("per", PAGE.to_string())];
        let answer = self
            .call("look up cases", Repeat::Freely, |http| {
                http.get(&url).query(&filter).query(&fixed)
            })
            .await?;
        self.transport.json("look up cases", &answer)
    }

    /// Every row must be one that was asked for, and all of them must be there.
    fn checked<K: Eq + Hash, C: AsRef<Case>>(
        &self,
        listing: Listing<C>,
        asked: &HashSet<K>,
        kind: &Kind<K>,
    ) -> Result<Vec<(K, C)>, GateError> {
        let complete = listing.metadata.total == listing.data.len();
        // Primero reads a comma as "or". The cases of the parts were not asked for, but no filter was ignored either.
        let is_part = |key: &K| {
            let mut parts = asked
                .iter()
                .filter_map(kind.text)
                .flat_map(|whole| whole.split(','));
            (kind.text)(key).is_some_and(|key| parts.any(|part| part == key))
        };
        let mut rows = Vec::with_capacity(listing.data.len());
        for case in listing.data {
            match (kind.of_case)(case.as_ref()) {
                Some(key) if asked.contains(&key) => rows.push((key, case)),
                Some(key) if is_part(&key) => {}
                _ => return Err(Stop::FilterNotApplied { field: kind.field }.into()),
            }
        }
        if complete {
            Ok(rows)
        } else {
            let place = "`metadata.total`: not as many rows as it says".to_owned();
            Err(self.transport.unreadable("look up cases", place))
        }
    }
}
