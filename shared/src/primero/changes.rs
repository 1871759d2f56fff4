//! Cases that changed in a window of time, page by page, so that none is missed.
//!
//! Primero compares times in whole seconds, has no tie-breaker, and skips rows of a moving order when pages are counted. So every
//! page starts at the last second of the one before, and what came already is left out. Only a second that fills a page by itself
//! is counted through, in the order of creation, until a full pass brings nothing new.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::case::{Case, CaseRow, change_fields, check_case_ids};
use super::listing::PAGE;
use super::rows::Row;
use super::{PrimeroClient, Repeat};
use crate::domain::ids::CaseRecordId;
use crate::domain::pii::Pii;
use crate::domain::reason::Stop;
use crate::transport::GateError;

const ROUTE: &str = "list changed cases";
const FIELD: &str = "last_updated_at";
/// How often a page that lacks rows is asked for.
const TRIES: usize = 3;
/// How often a full second is counted through.
const PASSES: usize = 10;
/// Pages of one second at most.
const PAGES: usize = 1000;

/// A case with the fields that were asked for.
#[derive(Clone, Debug)]
pub struct ChangedCase {
    /// Its ids and services; the individual number only if it was asked for.
    pub case: Case,
    /// When it was last saved (`last_updated_at`).
    pub changed_at: Timestamp,
    fields: Pii<Map<String, Value>>,
}

impl CaseRow for ChangedCase {
    fn read(mut row: Row) -> Result<Self, &'static str> {
        let case = Case::of(&mut row)?;
        let changed_at = row.take(FIELD);
        let changed_at = changed_at.as_ref().and_then(Value::as_str);
        let changed_at = changed_at.and_then(|at| at.parse().ok()).ok_or(FIELD)?;
        let (fields, odd) = row.rest();
        Ok(Self {
            case: Case { odd, ..case },
            changed_at,
            fields: Pii::new(fields),
        })
    }
}

#[cfg(test)]
impl<'de> serde::Deserialize<'de> for ChangedCase {
    fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let row = Row::new(serde::Deserialize::deserialize(reader)?);
        Self::read(row).map_err(serde::de::Error::missing_field)
    }
}

impl AsRef<Case> for ChangedCase {
    fn as_ref(&self) -> &Case {
        &self.case
    }
}

impl ChangedCase {
    /// The value of any other field that was asked for; null counts as absent.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&Value> {
        let value = self.fields.expose().get(field);
        value.filter(|value| !value.is_null())
    }
}

/// What one page brought.
#[derive(Clone, Debug)]
pub struct ChangedPage {
    /// Enabled cases, by time of change. One that changed again since comes again.
    pub cases: Vec<ChangedCase>,
    /// Disabled ones: no cases to work on, though what stands on them may matter.
    pub disabled: Vec<ChangedCase>,
    /// Rows that say neither which case they are nor when it changed.
    pub unreadable: Vec<UnreadableRow>,
    /// The second in which the page ended: all that changed before it was handed out, so a later run goes on with it. None if
    /// nothing was listed.
    pub reached: Option<Timestamp>,
}

/// A row that could not be read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRow {
    /// What tells it from others: the id of its case in URLs, else all that it says.
    pub known_by: Pii<String>,
    /// The field without which it is nothing.
    pub field: &'static str,
}

/// What one call listed.
struct Listed {
    rows: Vec<ChangedCase>,
    unreadable: Vec<UnreadableRow>,
    total: usize,
}

impl Listed {
    /// How many rows came, readable or not.
    const fn count(&self) -> usize {
        self.rows.len() + self.unreadable.len()
    }
}

/// The pages of a window; see [`PrimeroClient::changed_cases`].
pub struct Changes<'c> {
    client: &'c PrimeroClient,
    fields: String,
    /// Whole seconds since the epoch, both included.
    window: (i64, i64),
    /// Versions that were handed out of the second at which the next page starts.
    handed: HashSet<Version>,
    /// Rows that could not be read, of whatever second.
    handed_unread: HashSet<Pii<String>>,
    /// The second that is counted through, if one is.
    full: Option<FullSecond>,
    over: bool,
    /// Rows a page.
    pub(super) per: usize,
}

/// Tells a case that changed again from the one that was seen.
type Version = (uuid::Uuid, Timestamp);

/// Progress in counting through one second.
struct FullSecond {
    page: usize,
    passes: usize,
    /// Rows of this pass so far, the total that its first page told, and whether the pass was without doubt.
    listed: usize,
    total: Option<usize>,
    sound: bool,
    brought_new: bool,
}

impl FullSecond {
    const fn pass(passes: usize) -> Self {
        Self {
            page: 1,
            passes,
            listed: 0,
            total: None,
            sound: true,
            brought_new: false,
        }
    }
}

impl PrimeroClient {
    /// The cases that changed from `from` to `to` (both cut to whole seconds and included), with `fields` beside their ids and services.
    /// Every row is checked against the window: one outside stops the run with `filter_not_applied`.
    #[must_use]
    pub fn changed_cases(&self, from: Timestamp, to: Timestamp, fields: &[&str]) -> Changes<'_> {
        let window = (whole_second(from), whole_second(to));
        Changes {
            client: self,
            fields: change_fields(fields),
            window,
            handed: HashSet::new(),
            handed_unread: HashSet::new(),
            full: None,
            over: window.0 > window.1,
            per: PAGE,
        }
    }

    /// Primero's own time, to bound a window by. A server that tells none is taken to share ours.
    pub async fn server_time(&self) -> Result<Timestamp, GateError> {
        Ok(self.time_seen().await?.unwrap_or_else(|| {
            tracing::warn!(
                "Primero's answers have no `Date` header; the window ends by our own clock"
            );
            self.transport.clock().now()
        }))
    }
}

impl Changes<'_> {
    /// The next page; none after the last one.
    pub async fn next(&mut self) -> Result<Option<ChangedPage>, GateError> {
        if self.over {
            return Ok(None);
        }
        match self.full.take() {
            None => self.next_of_window().await.map(Some),
            Some(second) => self.next_of_second(second).await.map(Some),
        }
    }

    /// A page by key: it starts at the second where the one before ended.
    async fn next_of_window(&mut self) -> Result<ChangedPage, GateError> {
        let listed = self.full_or_last_page().await?;
        let last = listed.rows.last().map(|row| whole_second(row.changed_at));
        let filled = listed.count() >= self.per;
        let (from, _) = self.window;
        let (cases, disabled) = parted(self.fresh(listed.rows));
        let unreadable = self.fresh_unread(listed.unreadable);
        match last {
            Some(second) if filled && second > from => self.start_at(second),
            Some(_) if filled => self.full = Some(FullSecond::pass(1)),
            _ => self.over = true,
        }
        Ok(ChangedPage {
            cases,
            disabled,
            unreadable,
            reached: last.map(moment),
        })
    }

    /// A page that is not full is the last one, and must hold all rows there are.
    async fn full_or_last_page(&self) -> Result<Listed, GateError> {
        for _ in 0..TRIES {
            let listed = self.list(self.window, FIELD, 1).await?;
            if !listed.rows.is_sorted_by_key(|row| row.changed_at) {
                return Err(self.unreadable("`data`: not in the order that was asked for"));
            }
            if listed.count() >= self.per.min(listed.total) {
                return Ok(listed);
            }
        }
        Err(self.unreadable("`metadata.total`: not as many rows as it says"))
    }

    /// A counted page of the second that fills pages by itself.
    async fn next_of_second(&mut self, mut at: FullSecond) -> Result<ChangedPage, GateError> {
        let (second, to) = self.window;
        let listed = self.list((second, second), "created_at", at.page).await?;
        let rows = listed.count();
        at.listed += rows;
        // An error inside Primero looks like "none", and rows that leave the second move the others up.
        at.sound &= *at.total.get_or_insert(listed.total) == listed.total;
        let fresh = self.fresh(listed.rows);
        let unreadable = self.fresh_unread(listed.unreadable);
        at.brought_new |= !fresh.is_empty();
        if rows >= self.per {
            at.page += 1;
            if at.page > PAGES {
                return Err(self.unreadable("more pages of one second than can be"));
            }
            self.full = Some(at);
        } else {
            let whole = at.sound && at.listed > 0 && Some(at.listed) == at.total;
            if whole && !at.brought_new {
                self.start_at(second + 1);
                self.over = second >= to;
            } else if at.passes >= PASSES {
                return Err(self.unreadable("one second that never settles"));
            } else {
                self.full = Some(FullSecond::pass(at.passes + 1));
            }
        }
        let (cases, disabled) = parted(fresh);
        Ok(ChangedPage {
            cases,
            disabled,
            unreadable,
            reached: Some(moment(second)),
        })
    }

    fn start_at(&mut self, second: i64) {
        self.window.0 = second;
        self.handed.retain(|(_, at)| whole_second(*at) == second);
    }

    /// What was not handed out yet.
    fn fresh(&mut self, mut rows: Vec<ChangedCase>) -> Vec<ChangedCase> {
        rows.retain(|row| self.handed.insert((row.case.id.uuid(), row.changed_at)));
        rows
    }

    fn fresh_unread(&mut self, mut rows: Vec<UnreadableRow>) -> Vec<UnreadableRow> {
        rows.retain(|row| self.handed_unread.insert(row.known_by.clone()));
        rows
    }

    async fn list(
        &self,
        (from, to): (i64, i64),
        order: &str,
        page: usize,
    ) -> Result<Listed, GateError> {
        let client = self.client;
        let url = client.url("/api/v2/cases");
        let query = [
            (FIELD, format!("{}..{}", text(from), text(to))),
            ("fields", self.fields.clone()),
            ("order_by", order.to_owned()),
            ("order", "asc".to_owned()),
            ("per", self.per.to_string()),
            ("page", page.to_string()),
        ];
        let answer = client
            .call(ROUTE, Repeat::Freely, |http| http.get(&url).query(&query))
            .await?;
        let (rows, metadata) = client.case_rows(ROUTE, &answer)?;
        let listed = self.read(rows, metadata.total)?;
        let within = |row: &ChangedCase| (from..=to).contains(&whole_second(row.changed_at));
        if !listed.rows.iter().all(within) {
            return Err(Stop::FilterNotApplied { field: FIELD }.into());
        }
        check_case_ids(&listed.rows)?;
        Ok(listed)
    }

    /// Reads row by row: an odd one concerns nobody else, unless all are such.
    fn read(&self, rows: Vec<Value>, total: usize) -> Result<Listed, GateError> {
        let (mut readable, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            let known_by = known_by(&row);
            match ChangedCase::read(Row::new(row)) {
                Ok(case) => readable.push(case),
                Err(field) => unreadable.push(UnreadableRow { known_by, field }),
            }
        }
        match unreadable.first() {
            Some(row) if readable.is_empty() => {
                Err(self.unreadable(&format!("`data[0].{}`", row.field)))
            }
            _ => Ok(Listed {
                rows: readable,
                unreadable,
                total,
            }),
        }
    }

    fn unreadable(&self, place: &str) -> GateError {
        self.client.transport.unreadable(ROUTE, place.to_owned())
    }
}

fn known_by(row: &Value) -> Pii<String> {
    let id = row.get("id").and_then(Value::as_str);
    let id: Option<CaseRecordId> = id.and_then(|id| id.parse().ok());
    Pii::new(id.map_or_else(|| row.to_string(), |id| id.to_string()))
}

/// Enabled cases, and disabled ones: they are listed, but are no cases to work on.
fn parted(rows: Vec<ChangedCase>) -> (Vec<ChangedCase>, Vec<ChangedCase>) {
    rows.into_iter().partition(|row| row.case.enabled)
}

fn whole_second(at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(1000)
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a second of a time that was read")
}

/// The only form that Primero is sure to take: with seconds, in UTC.
fn text(second: i64) -> String {
    moment(second).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
