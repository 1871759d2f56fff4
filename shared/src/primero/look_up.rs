//! Looking up many cases, a few in each call, with every answer checked.
//!
//! A call asks for as many as Primero answers quickly and as its gateway lets through; several calls go side by side. A call that
//! fails is halved until the record that it fails on stands alone.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use futures::{FutureExt as _, StreamExt as _, stream};

use super::asking::{Asking, LONGEST_LINE, line_length};
use super::case::{Case, CaseRow, LOOK_UP_FIELDS, change_fields};
use super::changes::ChangedCase;
use super::kinds::{Asked, BY_CASE_ID, BY_ID, BY_NUMBER, Kind};
use super::listing::PAGE;
use super::proof::down;
use super::{PrimeroClient, Repeat};
use crate::domain::ids::{CaseId, CaseRecordId};
use crate::domain::pii::Pii;
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::transport::GateError;

const ROUTE: &str = "look up cases";
const CASES: &str = "/api/v2/cases";
/// Entries of one `or`, the control entry among them: with more `PostgreSQL` reads the whole table.
const ENTRIES: usize = 5;
/// Calls of one look-up that are begun side by side; the client's own bound decides how many are out.
const SIDE_BY_SIDE: usize = 16;

/// What a look-up found for each key that was asked for.
#[derive(Debug)]
pub struct LookedUp<K, C>(HashMap<K, Result<Vec<C>, GateError>>);

impl<K: Eq + Hash, C> LookedUp<K, C> {
    /// The cases of a key; an error is never "none".
    pub fn of(&self, key: &K) -> Result<&[C], GateError> {
        match self.0.get(key) {
            Some(Ok(cases)) => Ok(cases),
            Some(Err(error)) => Err(error.clone()),
            None => Err(GateError::Unavailable(System::Primero)),
        }
    }

    /// The case of a key that names one.
    pub fn one(&self, key: &K) -> Result<Option<&C>, GateError> {
        Ok(self.of(key)?.first())
    }

    /// The cases of keys that name one each, and the keys whose look-up failed.
    #[must_use]
    pub fn parted(self) -> (HashMap<K, C>, HashMap<K, GateError>) {
        let (mut found, mut failed) = (HashMap::new(), HashMap::new());
        for (key, answer) in self.0 {
            match answer {
                Ok(cases) => found.extend(cases.into_iter().next().map(|case| (key, case))),
                Err(error) => {
                    failed.insert(key, error);
                }
            }
        }
        (found, failed)
    }
}

/// The answers to some keys, and whether "none" among them waits for the control entry to be seen.
struct Part<K, C> {
    answers: Vec<(K, Result<Vec<C>, GateError>)>,
    unproven: bool,
}

/// What one call brought.
pub(super) struct Rows<C> {
    rows: Vec<C>,
    /// Whether Primero says that there are others.
    lacks_some: bool,
}

impl PrimeroClient {
    /// The cases that carry these individual numbers, disabled ones left out.
    ///
    /// Stops the run with `filter_not_applied` if Primero returns a case that was not asked for, and with `control_missing` if its
    /// answer cannot be trusted. What fails for one number alone is the answer for that number.
    pub async fn cases_by_individual_no(
        &self,
        numbers: &[&Pii<String>],
    ) -> Result<LookedUp<Pii<String>, Case>, GateError> {
        let numbers = numbers.iter().copied().cloned().collect();
        let mut found = self.look_up(numbers, &BY_NUMBER, LOOK_UP_FIELDS).await?;
        for cases in found.0.values_mut().flatten() {
            cases.retain(|case: &Case| case.enabled);
        }
        Ok(found)
    }

    /// The cases that PING calls by these `case_id`s, disabled ones included; one id may name several. Errors as for numbers.
    pub async fn cases_by_case_id(
        &self,
        ids: &[CaseId],
    ) -> Result<LookedUp<CaseId, Case>, GateError> {
        self.look_up(ids.iter().cloned().collect(), &BY_CASE_ID, LOOK_UP_FIELDS)
            .await
    }

    /// The cases with these ids, disabled ones included. Errors as for numbers.
    pub async fn cases_by_id(
        &self,
        ids: &[CaseRecordId],
    ) -> Result<LookedUp<CaseRecordId, Case>, GateError> {
        self.look_up(ids.iter().copied().collect(), &BY_ID, LOOK_UP_FIELDS)
            .await
    }

    /// The case with this id, a disabled one included.
    pub async fn case_by_id(&self, id: CaseRecordId) -> Result<Option<Case>, GateError> {
        let found = self.cases_by_id(&[id]).await?;
        Ok(found.one(&id)?.cloned())
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
    ) -> Result<LookedUp<CaseRecordId, ChangedCase>, GateError> {
        if !ids.is_empty() && self.control().await.is_none() {
            self.choose_control(true).await?;
        }
        let fields = change_fields(fields);
        self.look_up(ids.iter().copied().collect(), &BY_ID, &fields)
            .await
    }

    /// Asks for cases in as many calls as it takes.
    async fn look_up<K: Clone + Eq + Hash, C: CaseRow>(
        &self,
        keys: HashSet<K>,
        kind: &Kind<K>,
        fields: &str,
    ) -> Result<LookedUp<K, C>, GateError> {
        let asked = Asked { kind, fields };
        let mut answers = HashMap::new();
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        for key in keys {
            match self.asking(&asked, &key) {
                Asking::Together => together.push(key),
                Asking::Alone => alone.push(key),
                Asking::Never => {
                    answers.insert(key, Err(cannot_be_asked(kind.field)));
                }
            }
        }
        if together.is_empty() && alone.is_empty() {
            return Ok(LookedUp(answers));
        }
        let control = self.riding_along(kind).await?;
        let batches = self.cut(&asked, together, control.as_ref());
        let together = batches
            .into_iter()
            .map(|batch| self.ask_together(asked, batch).boxed_local());
        let alone = alone
            .into_iter()
            .map(|key| self.ask_alone(asked, key).boxed_local());
        let mut parts = stream::iter(together.chain(alone)).buffer_unordered(SIDE_BY_SIDE);
        let mut unproven = false;
        while let Some(part) = parts.next().await {
            let part: Part<K, C> = part?;
            unproven |= part.unproven;
            answers.extend(part.answers);
        }
        drop(parts);
        if unproven {
            self.prove_by_control(asked).await?;
        }
        Ok(LookedUp(answers))
    }

    /// How a key is asked for; one that is too long for its way takes the next.
    fn asking<K: Clone>(&self, asked: &Asked<'_, K>, key: &K) -> Asking {
        let kind = asked.kind;
        let fits = |filter: Vec<(String, String)>| self.line(asked, filter) <= LONGEST_LINE;
        match (kind.asking)(key) {
            Asking::Together if fits((kind.together)(std::slice::from_ref(key))) => {
                Asking::Together
            }
            Asking::Together | Asking::Alone if fits(vec![(kind.alone)(key)]) => Asking::Alone,
            _ => Asking::Never,
        }
    }

    /// Batches that are short enough in number and length, with the control entry in each.
    fn cut<K: Clone + Eq + Hash>(
        &self,
        asked: &Asked<'_, K>,
        keys: Vec<K>,
        control: Option<&K>,
    ) -> Vec<Vec<K>> {
        let most = self.most_together(asked.kind);
        let mut batches: Vec<Vec<K>> = Vec::new();
        for key in keys {
            let fits = |batch: &Vec<K>| {
                let entries: Vec<K> = batch.iter().chain([&key]).chain(control).cloned().collect();
                let length = self.line(asked, (asked.kind.together)(&entries));
                batch.len() < most && length <= LONGEST_LINE
            };
            match batches.last_mut().filter(|batch| fits(batch)) {
                Some(batch) => batch.push(key),
                None => batches.push(vec![key]),
            }
        }
        batches
    }

    /// How many are asked for in one call beside the control entry.
    fn most_together<K>(&self, kind: &Kind<K>) -> usize {
        if kind.field == BY_ID.field {
            self.settings.verify_batch
        } else {
            self.settings.look_up_batch.clamp(1, ENTRIES - 1)
        }
    }

    fn line<K>(&self, asked: &Asked<'_, K>, filter: Vec<(String, String)>) -> usize {
        line_length(&self.url(CASES), &query(filter, asked.fields))
    }

    /// One batch with its control entry, halved as long as it fails or does not fit a page.
    async fn ask_together<K: Clone + Eq + Hash, C: CaseRow>(
        &self,
        asked: Asked<'_, K>,
        batch: Vec<K>,
    ) -> Result<Part<K, C>, GateError> {
        let kind = asked.kind;
        let (mut answers, mut unproven) = (Vec::new(), false);
        let mut renewed = false;
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            let control = self.riding_along(kind).await?;
            let entries: HashSet<K> = part.iter().chain(&control).cloned().collect();
            let filter = (kind.together)(&entries.iter().cloned().collect::<Vec<_>>());
            let listing = self.list::<C>(filter, asked.fields, repeat(part.len()));
            let rows = match listing.await {
                Ok(listing) if listing.lacks_some && part.len() > 1 => None,
                Ok(listing) => Some(self.checked(listing, &entries, kind)?),
                Err(error) => match self.blamed(asked, error, part.len()).await? {
                    Some(error) => {
                        answers.extend(part.into_iter().map(|key| (key, Err(error.clone()))));
                        continue;
                    }
                    None => None,
                },
            };
            let Some(rows) = rows else {
                let half = part.split_off(part.len() / 2);
                parts.extend([half, part]);
                continue;
            };
            if control.is_some_and(|control| !rows.iter().any(|(key, _)| *key == control)) {
                self.renew_control(&mut renewed).await?;
                parts.push(part);
                continue;
            }
            let found = sorted(&part, rows);
            unproven |= self.control_is_apart(kind).await && found.iter().any(is_none);
            answers.extend(found);
        }
        Ok(Part { answers, unproven })
    }

    /// One key at top level, where nothing else can be asked for beside it.
    async fn ask_alone<K: Clone + Eq + Hash, C: CaseRow>(
        &self,
        asked: Asked<'_, K>,
        key: K,
    ) -> Result<Part<K, C>, GateError> {
        let kind = asked.kind;
        let filter = vec![(kind.alone)(&key)];
        let answer = match self.list::<C>(filter, asked.fields, repeat(1)).await {
            Ok(listing) => {
                let rows = self.checked(listing, &HashSet::from([key.clone()]), kind)?;
                Ok(rows.into_iter().map(|(_, case)| case).collect())
            }
            Err(error) => Err(self.blamed(asked, error, 1).await?.unwrap_or_else(down)),
        };
        let answers = vec![(key, answer)];
        Ok(Part {
            unproven: answers.iter().any(is_none),
            answers,
        })
    }

    pub(super) async fn list<C: CaseRow>(
        &self,
        filter: Vec<(String, String)>,
        fields: &str,
        repeat: Repeat,
    ) -> Result<Rows<C>, GateError> {
        let (url, query) = (self.url(CASES), query(filter, fields));
        let answer = self
            .call(ROUTE, repeat, |http| http.get(&url).query(&query))
            .await?;
        let (rows, metadata) = self.case_rows(ROUTE, &answer)?;
        Ok(Rows {
            lacks_some: metadata.total != rows.len(),
            rows: self.all_rows(ROUTE, rows)?,
        })
    }

    /// Every row must be one that was asked for, and all of them must be there.
    pub(super) fn checked<K: Eq + Hash, C: CaseRow>(
        &self,
        listing: Rows<C>,
        asked: &HashSet<K>,
        kind: &Kind<K>,
    ) -> Result<Vec<(K, C)>, GateError> {
        let mut rows = Vec::with_capacity(listing.rows.len());
        for case in listing.rows {
            match (kind.of_case)(case.as_ref()) {
                Some(key) if asked.contains(&key) => rows.push((key, case)),
                _ => return Err(Stop::FilterNotApplied { field: kind.field }.into()),
            }
        }
        if listing.lacks_some {
            let place = "`metadata.total`: not as many rows as it says".to_owned();
            return Err(self.transport.unreadable(ROUTE, place));
        }
        Ok(rows)
    }
}

fn query(mut filter: Vec<(String, String)>, fields: &str) -> Vec<(String, String)> {
    filter.push(("fields".to_owned(), fields.to_owned()));
    filter.push(("per".to_owned(), PAGE.to_string()));
    filter
}

/// What may be one record's fault is halved, which is as good as a repeat.
const fn repeat(keys: usize) -> Repeat {
    if keys > 1 {
        Repeat::WhilePassing
    } else {
        Repeat::Freely
    }
}

/// The rows by the keys that were asked for.
fn sorted<K: Clone + Eq + Hash, C>(
    asked: &[K],
    rows: Vec<(K, C)>,
) -> Vec<(K, Result<Vec<C>, GateError>)> {
    let mut by_key: HashMap<K, Vec<C>> = HashMap::new();
    for (key, case) in rows {
        by_key.entry(key).or_default().push(case);
    }
    let answer = |key: &K| (key.clone(), Ok(by_key.remove(key).unwrap_or_default()));
    asked.iter().map(answer).collect()
}

fn is_none<K, C>((_, answer): &(K, Result<Vec<C>, GateError>)) -> bool {
    answer.as_ref().is_ok_and(Vec::is_empty)
}

/// A value that no filter finds: whether there is a case cannot be told.
fn cannot_be_asked(field: &'static str) -> GateError {
    GateError::UnreadableRecord {
        system: System::Primero,
        route: ROUTE,
        place: format!("`{field}`"),
    }
}
