//! Faults that can be switched on for one route or for all: what networks, gateways and loaded servers do.
//!
//! A rule says where, what, how often and with what chance. Chances come from a seeded generator, so a run
//! that failed can be repeated.

use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::journal::locked;
use crate::shape::Shape;

/// The switchboard of one simulated system; cheap to clone.
#[derive(Clone)]
pub struct Faults {
    inner: Arc<Mutex<Board>>,
}

/// One rule: where, what and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which requests it may hit.
    #[serde(default)]
    pub on: Target,
    /// Only requests with this text in their path or body, such as a case's id or a service's `unique_id`;
    /// absent = any. So a fault can follow one record through all its repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrying: Option<String>,
    /// What happens to them.
    pub fault: Fault,
    /// Matching requests that pass unharmed before the first is hit.
    #[serde(default)]
    pub after: u32,
    /// How many requests it hits before it is used up; absent = no end.
    #[serde(default)]
    pub times: Option<u32>,
    /// The chance of each matching request to be hit, 0 to 1.
    #[serde(default = "certain")]
    pub chance: f64,
}

/// Which requests a rule may hit. A route is written `METHOD /path`, ids in it as `:id`; a PING operation
/// ends in `#` and its shipping process (`POST /primes/fetch/paging/v3/retrievedatawithpaging#SHP-2358`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Every request, sign-ins included.
    #[default]
    Everything,
    /// Requests whose route contains this text, such as `SHP-2748` or `PATCH `.
    Containing(String),
    /// Requests to exactly this route.
    Exactly(String),
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The request waits before it is handled.
    Latency {
        /// How long, in milliseconds.
        milliseconds: u64,
    },
    /// An error status instead of the answer.
    Status {
        /// The HTTP status.
        status: u16,
        /// Seconds in a `Retry-After` header; absent = no header.
        #[serde(default)]
        retry_after: Option<u32>,
        /// True: the request was carried out and only its answer is replaced.
        #[serde(default)]
        after_effect: bool,
    },
    /// The connection is cut before the request is carried out.
    DropBeforeEffect,
    /// The request is carried out and the connection is cut instead of an answer.
    DropAfterEffect,
    /// The connection is cut and the request is kept, to be carried out later: see
    /// [`crate::Sandbox::carry_out_late`].
    LateEffect,
    /// The answer ends in the middle of its body (the request was carried out).
    TruncatedBody,
    /// The answer's body is not JSON (the request was carried out).
    MalformedBody,
    /// Another body instead of the answer's, such as none at all (the request was carried out).
    OtherBody {
        /// The body.
        body: String,
    },
    /// The answer says the same in another shape (the request was carried out).
    OtherShape {
        /// Which.
        shape: Shape,
    },
    /// A redirect instead of the answer (the request was carried out).
    Redirect,
    /// So much white space follows the answer's body (the request was carried out).
    OverLongBody {
        /// How much, in bytes.
        bytes: usize,
    },
    /// HTTP 200 with an error in the body; the request is not carried out.
    ErrorInside {
        /// The error's text.
        message: String,
    },
    /// The sign-in sent with the request is treated as expired.
    ExpiredToken,
    /// The body comes in small pieces (the request was carried out).
    SlowBody {
        /// How long the whole body takes, in milliseconds.
        milliseconds: u64,
    },
    /// The answer lacks its first row, as though a record had moved to the page before in the meantime.
    PageDrift,
    /// A listing answers as though it had been asked for everything: its filters are dropped.
    FiltersIgnored,
    /// An error that looks like an answer: HTTP 200, and nothing was found.
    FoundNothing,
    /// PING's answer names no transaction (the request was carried out).
    WithoutTransaction,
    /// PING takes the first records of a write and answers HTTP 200 with an error in the body.
    TakenInPart {
        /// How many it takes.
        records: usize,
        /// The error's text.
        message: String,
    },
    /// Records that PING takes now, to no effect, and rejects at checkstatus.
    RejectedLater {
        /// Why.
        message: String,
        /// Which records of the call: 1 = each, 2 = every second one, and so on.
        #[serde(default = "each")]
        every: usize,
    },
    /// Checkstatus says "not yet".
    NotYet,
    /// A finished checkstatus has this status word for every record that was taken.
    StatusWord {
        /// Such as `Parked`.
        word: String,
    },
    /// The results of a finished checkstatus name no record.
    StatusWithoutIds,
    /// `Data` of a finished checkstatus is a text that ends in the middle of a record.
    UnreadableStatus,
}

/// What a rule looks at.
pub(crate) struct Looked<'a> {
    pub(crate) route: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
}

struct Board {
    rules: Vec<Rule>,
    chance: StdRng,
    hits: usize,
}

impl Faults {
    /// A board without rules. `seed` decides the chances.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self {
            inner: Arc::new(Mutex::new(Board {
                rules: Vec::new(),
                chance: StdRng::seed_from_u64(seed),
                hits: 0,
            })),
        }
    }

    /// Adds a rule; rules are tried in the order in which they were added, and several may hit one request.
    pub fn add(&self, rule: Rule) {
        locked(&self.inner).rules.push(rule);
    }

    /// Takes all rules off.
    pub fn clear(&self) {
        locked(&self.inner).rules.clear();
    }

    /// The rules that are still on, with what is left of them.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        locked(&self.inner).rules.clone()
    }

    /// How many times any rule has hit.
    #[must_use]
    pub fn hits(&self) -> usize {
        locked(&self.inner).hits
    }

    /// The faults of one request, in the order of their rules.
    pub(crate) fn draw(&self, request: &Looked<'_>) -> Vec<Fault> {
        let mut board = locked(&self.inner);
        let Board {
            rules,
            chance,
            hits,
        } = &mut *board;
        let mut drawn = Vec::new();
        for rule in rules.iter_mut().filter(|rule| rule.covers(request)) {
            if rule.after > 0 {
                rule.after -= 1;
            } else if rule.chance >= 1.0 || chance.random_bool(rule.chance.clamp(0.0, 1.0)) {
                rule.times = rule.times.map(|left| left.saturating_sub(1));
                drawn.push(rule.fault.clone());
            }
        }
        *hits += drawn.len();
        rules.retain(|rule| rule.times != Some(0));
        drawn
    }
}

impl Rule {
    /// A rule that hits every request of `on`, without end.
    #[must_use]
    pub fn always(on: Target, fault: Fault) -> Self {
        Self {
            on,
            carrying: None,
            fault,
            after: 0,
            times: None,
            chance: certain(),
        }
    }

    /// A rule that hits the next request of `on` only.
    #[must_use]
    pub fn once(on: Target, fault: Fault) -> Self {
        Self {
            times: Some(1),
            ..Self::always(on, fault)
        }
    }

    /// The same rule, but the first `requests` matching ones pass.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.after = requests;
        self
    }

    /// The same rule, but for the first `times` requests that it hits only.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The same rule, but only for requests with this text in their path or body.
    #[must_use]
    pub fn carrying(mut self, text: impl Into<String>) -> Self {
        self.carrying = Some(text.into());
        self
    }

    /// The same rule, but each matching request is hit with this chance (0 to 1) only.
    #[must_use]
    pub fn with_chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    fn covers(&self, request: &Looked<'_>) -> bool {
        let carries = |text: &str| {
            let mut pieces = request.body.windows(text.len().max(1));
            request.path.contains(text) || pieces.any(|piece| piece == text.as_bytes())
        };
        self.on.covers(request.route) && self.carrying.as_deref().is_none_or(carries)
    }
}

impl Target {
    fn covers(&self, route: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Containing(text) => route.contains(text.as_str()),
            Self::Exactly(text) => route == text,
        }
    }
}

fn each() -> usize {
    1
}

fn certain() -> f64 {
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(route: &str) -> Looked<'_> {
        Looked {
            route,
            path: "",
            body: b"",
        }
    }

    fn drop_on(text: &str) -> Rule {
        Rule::once(Target::Containing(text.to_owned()), Fault::DropBeforeEffect)
    }

    #[test]
    fn a_rule_hits_only_its_route_and_is_used_up() {
        let faults = Faults::seeded(1);
        faults.add(drop_on("SHP-1"));
        assert!(faults.draw(&to("POST /x#SHP-2")).is_empty());
        assert_eq!(faults.draw(&to("POST /x#SHP-1")), [Fault::DropBeforeEffect]);
        assert!(faults.draw(&to("POST /x#SHP-1")).is_empty());
        assert_eq!(faults.hits(), 1);
    }

    #[test]
    fn a_rule_can_let_the_first_requests_pass() {
        let faults = Faults::seeded(1);
        faults.add(drop_on("/x").after(2));
        let hit: Vec<usize> = (0..4).map(|_| faults.draw(&to("GET /x")).len()).collect();
        assert_eq!(hit, [0, 0, 1, 0]);
    }

    #[test]
    fn a_rule_can_follow_one_record() {
        let faults = Faults::seeded(1);
        faults.add(Rule::always(Target::Everything, Fault::DropBeforeEffect).carrying("service-3"));
        let hit = |path, body| {
            let route = "POST /x";
            faults.draw(&Looked { route, path, body }).len()
        };
        assert_eq!(hit("/x", br#"{"Value":"service-2"}"#), 0);
        assert_eq!(hit("/x", br#"{"Value":"service-3"}"#), 1);
        assert_eq!(hit("/x/service-3", b""), 1);
    }

    #[test]
    fn the_same_seed_draws_the_same_faults() {
        let draw = |seed| -> Vec<usize> {
            let faults = Faults::seeded(seed);
            faults.add(Rule::always(Target::Everything, Fault::PageDrift).with_chance(0.5));
            (0..64).map(|_| faults.draw(&to("GET /x")).len()).collect()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
