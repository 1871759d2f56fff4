//! Cases that changed in a window of time, page by page, so that none is missed.
//!
//! Primero compares times in whole seconds, has no tie-breaker, and skips rows of a moving order when pages are counted. So every
//! page starts at the last second of the one before, and what came already is left out. Only a second that fills a page by itself
//! is counted through, in the order of creation, until a full pass brings nothing new.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::case::{Case, change_fields};
use super::listing::{Listing, PAGE};
use super::{PrimeroClient, Repeat};
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
#[derive(Clone, Debug, Deserialize)]
pub struct ChangedCase {
    /// Its ids and services; the individual number only if it was asked for.
    #[serde(flatten)]
    pub case: Case,
    /// When it was last saved (`last_updated_at`).
    #[serde(rename = "last_updated_at")]
    pub changed_at: Timestamp,
    #[serde(flatten)]
    fields: Fields,
}

#[derive(Clone, Debug)]
struct Fields(Pii<Map<String, Value>>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Map::deserialize(reader).map(|fields| Self(Pii::new(fields)))
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
        let value = self.fields.0.expose().get(field);
        value.filter(|value| !value.is_null())
    }
}

/// What one page brought.
#[derive(Clone, Debug)]
pub struct ChangedPage {
    /// Enabled cases, by time of change. One that changed again since comes again.
    pub cases: Vec<ChangedCase>,
    /// The second in which the page ended: all that changed before it was handed out, so a later run goes on with it. None if
    /// nothing was listed.
    pub reached: Option<Timestamp>,
}

/// The pages of a window; see [`PrimeroClient::changed_cases`].
pub struct Changes<'c> {
    client: &'c PrimeroClient,
    fields: String,
    /// Whole seconds since the epoch, both included.
    window: (i64, i64),
    /// Versions that were handed out of the second at which the next page starts.
    handed: HashSet<Version>,
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
            full: None,
            over: window.0 > window.1,
            per: PAGE,
        }
    }

    /// Primero's own time, to bound a window by.
    pub async fn server_time(&self) -> Result<Timestamp, GateError> {
        const ROUTE: &str = "read the time";
        let url = self.url("/api/v2/cases");
        let query = [("fields", "case_id"), ("per", "1")];
        let answer = self
            .call(ROUTE, Repeat::Freely, |http| http.get(&url).query(&query))
            .await?;
        let unreadable = || {
            self.transport
                .unreadable(ROUTE, "the `Date` header".to_owned())
        };
        answer.date().ok_or_else(unreadable)
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
        let listing = self.full_or_last_page().await?;
        let last = listing.data.last().map(|row| whole_second(row.changed_at));
        let filled = listing.data.len() >= self.per;
        let (from, _) = self.window;
        let cases = enabled(self.fresh(listing.data));
        match last {
            Some(second) if filled && second > from => self.start_at(second),
            Some(_) if filled => self.full = Some(FullSecond::pass(1)),
            _ => self.over = true,
        }
        Ok(ChangedPage {
            cases,
            reached: last.map(moment),
        })
    }

    /// A page that is not full is the last one, and must hold all rows there are.
    async fn full_or_last_page(&self) -> Result<Listing<ChangedCase>, GateError> {
        for _ in 0..TRIES {
            let listing = self.list(self.window, FIELD, 1).await?;
            let rows = &listing.data;
            if !rows.is_sorted_by_key(|row| row.changed_at) {
                return Err(self.unreadable("`data`: not in the order that was asked for"));
            }
            if rows.len() >= self.per || rows.len() >= listing.metadata.total {
                return Ok(listing);
            }
        }
        Err(self.unreadable("`metadata.total`: not as many rows as it says"))
    }

    /// A counted page of the second that fills pages by itself.
    async fn next_of_second(&mut self, mut at: FullSecond) -> Result<ChangedPage, GateError> {
        let (second, to) = self.window;
        let listing = self.list((second, second), "created_at", at.page).await?;
        let rows = listing.data.len();
        at.listed += rows;
        // An error inside Primero looks like "none", and rows that leave the second move the others up.
        at.sound &= *at.total.get_or_insert(listing.metadata.total) == listing.metadata.total;
        let fresh = self.fresh(listing.data);
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
        Ok(ChangedPage {
            cases: enabled(fresh),
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

    async fn list(
        &self,
        (from, to): (i64, i64),
        order: &str,
        page: usize,
    ) -> Result<Listing<ChangedCase>, GateError> {
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
        let listing: Listing<ChangedCase> = client.transport.json(ROUTE, &answer)?;
        let within = |row: &ChangedCase| (from..=to).contains(&whole_second(row.changed_at));
        if listing.data.iter().all(within) {
            Ok(listing)
        } else {
            Err(Stop::FilterNotApplied { field: FIELD }.into())
        }
    }

    fn unreadable(&self, place: &str) -> GateError {
        self.client.transport.unreadable(ROUTE, place.to_owned())
    }
}

/// A disabled case is listed, but is no case to work on.
fn enabled(mut rows: Vec<ChangedCase>) -> Vec<ChangedCase> {
    rows.retain(|row| row.case.enabled);
    rows
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
