//! What the server keeps, and how it finds cases quickly.

use super::Fields;
use super::moment::read_instant;
use super::referral_book::ReferralBook;
use super::sign_in::SignIns;
use super::users::User;
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use uuid::{Builder, Uuid};

/// Everything stored, behind one lock that is never held across an await.
#[derive(Debug)]
pub(super) struct State {
    pub(super) cases: CaseBook,
    pub(super) referrals: ReferralBook,
    pub(super) users: Vec<User>,
    pub(super) sign_ins: SignIns,
    pub(super) ids: Ids,
    /// Cases that exist and that the API gives to nobody.
    pub(super) locked_cases: HashSet<String>,
}

impl State {
    pub(super) fn new(users: Vec<User>, seed: u64) -> Self {
        Self {
            cases: CaseBook::default(),
            referrals: ReferralBook::default(),
            users,
            sign_ins: SignIns::default(),
            ids: Ids(StdRng::seed_from_u64(seed)),
            locked_cases: HashSet::new(),
        }
    }

    pub(super) fn user(&self, user_name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.user_name == user_name)
    }
}

/// A source of version 4 UUIDs that a seed makes repeatable.
#[derive(Debug)]
pub(super) struct Ids(StdRng);

impl Ids {
    pub(super) fn fresh(&mut self) -> Uuid {
        Builder::from_random_bytes(self.0.random::<u128>().to_be_bytes()).into_uuid()
    }
}

/// A stored case with the times that listings sort and filter by.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) fields: Fields,
    pub(super) created_at: Timestamp,
    pub(super) last_updated_at: Timestamp,
}

impl Case {
    pub(super) fn new(fields: Fields) -> Self {
        let time = |name: &str| {
            fields
                .get(name)
                .and_then(Value::as_str)
                .and_then(read_instant)
        };
        let created_at = time("created_at").unwrap_or(Timestamp::UNIX_EPOCH);
        let last_updated_at = time("last_updated_at").unwrap_or(created_at);
        Self {
            fields,
            created_at,
            last_updated_at,
        }
    }

    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    pub(super) fn id(&self) -> &str {
        self.text("id").unwrap_or_default()
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.fields.get("record_state") != Some(&json!(false))
    }
}

/// The fields that many look-ups of 20,000 cases ask for.
const INDEXED: [&str; 3] = ["id", "case_id", "unhcr_individual_no"];

/// All cases in the order of creation, with indexes.
#[derive(Debug, Default)]
pub(super) struct CaseBook {
    cases: Vec<Case>,
    positions: HashMap<&'static str, HashMap<String, Vec<usize>>>,
}

impl CaseBook {
    pub(super) fn all(&self) -> &[Case] {
        &self.cases
    }

    pub(super) fn get(&self, id: &str) -> Option<&Case> {
        self.positions("id", id)?.first().map(|at| &self.cases[*at])
    }

    /// By the id of URLs or else by `case_id`.
    pub(super) fn find(&self, either_id: &str) -> Option<&Case> {
        let at = self
            .positions("id", either_id)
            .or_else(|| self.positions("case_id", either_id))?;
        at.first().map(|at| &self.cases[*at])
    }

    /// Positions of the cases whose indexed field has exactly this value; none for a value nobody
    /// has. Ask only for fields that [`CaseBook::is_indexed`] knows.
    pub(super) fn positions(&self, field: &str, value: &str) -> Option<&Vec<usize>> {
        self.positions
            .get(field)?
            .get(value)
            .filter(|found| !found.is_empty())
    }

    pub(super) fn is_indexed(field: &str) -> bool {
        INDEXED.contains(&field)
    }

    /// Writes a whole case over the one with its id, or appends it: the last writer wins.
    pub(super) fn write(&mut self, case: Case) {
        let known = self
            .positions("id", case.id())
            .and_then(|found| found.first().copied());
        let at = known.unwrap_or(self.cases.len());
        for field in INDEXED {
            let before = self
                .cases
                .get(at)
                .and_then(|c| c.text(field))
                .map(str::to_owned);
            let after = case.text(field);
            if before.as_deref() == after {
                continue;
            }
            let index = self.positions.entry(field).or_default();
            if let Some(found) = before.and_then(|value| index.get_mut(&value)) {
                found.retain(|position| *position != at);
            }
            if let Some(value) = after {
                index.entry(value.to_owned()).or_default().push(at);
            }
        }
        match self.cases.get_mut(at) {
            Some(stored) => *stored = case,
            None => self.cases.push(case),
        }
    }
}
