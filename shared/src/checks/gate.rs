//! Does PING answer as it should?

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::ground::unchecked;
use super::sent::{Sent, SourceKeys};
use crate::domain::check::{Check, CheckKey};
use crate::domain::reason::Stop;
use crate::profile::Profile;
use crate::progres::{PingClient, Probed, Row, Shape};
use crate::transport::GateError;

/// What is known of PING.
pub struct Gate<'g> {
    pub(super) profile: &'g Profile,
    pub(super) ping: &'g PingClient,
    pub(super) keys: SourceKeys,
    /// Whether words of proGres may be shown; else they are counted.
    pub(super) names: bool,
    pub(super) shapes: RefCell<BTreeMap<String, Shape>>,
}

/// A kind of row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Intervention,
    Referral,
}

/// What a retrieval brought, by what it is.
enum Brought {
    Rows(Vec<Row>, bool),
    /// Rows that carry the key of the other kind.
    Other,
    /// An error message, or rows without any key that is known.
    Nonsense(&'static str),
}

impl Gate<'_> {
    async fn ask(&self, operation: &str, process: &str, ids: &[String]) -> Probed {
        let probed = Box::pin(self.ping.probe(process, ids)).await;
        let mut shapes = self.shapes.borrow_mut();
        shapes.insert(operation.to_owned(), probed.shape.clone());
        probed
    }

    fn has_key(&self, row: &Row, kind: Kind) -> bool {
        let keys = match kind {
            Kind::Intervention => self.keys.intervention,
            Kind::Referral => self.keys.referral,
        };
        keys.iter().any(|key| row.has(key))
    }

    /// Tells what came. An error that ends the run is no matter of one process.
    fn brought(&self, probed: Probed, kind: Kind) -> Result<Brought, GateError> {
        let rows = match probed.rows {
            Ok(rows) => rows,
            Err(GateError::Reported(_)) => return Ok(Brought::Nonsense("answers with an error")),
            Err(GateError::Refused { .. }) => return Ok(Brought::Nonsense("is refused")),
            Err(GateError::Failed(_)) => return Ok(Brought::Nonsense("fails")),
            Err(error) => return Err(error),
        };
        let other = match kind {
            Kind::Intervention => Kind::Referral,
            Kind::Referral => Kind::Intervention,
        };
        Ok(
            if rows.is_empty() || rows.iter().any(|row| self.has_key(row, kind)) {
                Brought::Rows(rows, probed.more)
            } else if rows.iter().any(|row| self.has_key(row, other)) {
                Brought::Other
            } else {
                Brought::Nonsense("answers rows without a known key")
            },
        )
    }

    /// Asks every retrieval process, and names those that answer something else.
    pub async fn sent(&self) -> Result<Sent, GateError> {
        let shipping = &self.profile.ping.shipping;
        let mut sent = Sent::default();
        let (pending, decisions) = (&shipping.pending_referrals, &shipping.referral_decisions);
        let list = self.ask("pending_referrals", pending, &[]).await;
        let list = self.brought(list, Kind::Intervention)?;
        let decided = self.ask("referral_decisions", decisions, &[]).await;
        let decided = self.brought(decided, Kind::Referral)?;
        let mut wrong = Vec::new();
        self.judge_lists(&list, &decided, &mut wrong).await?;
        if let Brought::Rows(rows, more) = list {
            let ids = self.ids(&rows, self.keys.intervention);
            sent.more = more;
            sent.listed = rows;
            sent.details = self
                .details_of(Kind::Intervention, &ids, &mut wrong)
                .await?;
        }
        if let Brought::Rows(rows, _) = decided {
            let ids = self.ids(&rows, self.keys.referral);
            sent.decisions = rows.len();
            self.details_of(Kind::Referral, &ids, &mut wrong).await?;
        }
        if !wrong.is_empty() {
            wrong.dedup();
            sent.checks
                .push(Check::of(CheckKey::PingProcesses, wrong.join("; ")));
            if sent.listed.is_empty() {
                let what = "business unit and words of what waits in PING";
                sent.checks.push(unchecked(what));
            }
        }
        Ok(sent)
    }

    async fn judge_lists(
        &self,
        list: &Brought,
        decided: &Brought,
        wrong: &mut Vec<String>,
    ) -> Result<(), GateError> {
        let shipping = &self.profile.ping.shipping;
        let rows = |brought: &Brought| matches!(brought, Brought::Rows(..));
        match (list, decided) {
            (Brought::Other, Brought::Other) => wrong.push(swapped(
                ("pending_referrals", &shipping.pending_referrals),
                ("referral_decisions", &shipping.referral_decisions),
            )),
            // The other list may be empty, as what it really is.
            (Brought::Other, other) if rows(other) => wrong.push(format!(
                "ping.shipping.pending_referrals ({}) answers decisions; is it swapped with referral_decisions?",
                shipping.pending_referrals
            )),
            (other, Brought::Other) if rows(other) => wrong.push(format!(
                "ping.shipping.referral_decisions ({}) answers interventions; is it swapped with pending_referrals?",
                shipping.referral_decisions
            )),
            _ => {
                for (brought, operation, process, kind) in [
                    (
                        list,
                        "pending_referrals",
                        &shipping.pending_referrals,
                        Kind::Intervention,
                    ),
                    (
                        decided,
                        "referral_decisions",
                        &shipping.referral_decisions,
                        Kind::Referral,
                    ),
                ] {
                    let how = match brought {
                        Brought::Rows(..) => continue,
                        Brought::Other => "answers rows of another operation",
                        Brought::Nonsense(how) => how,
                    };
                    wrong.push(self.explained(operation, process, kind, how).await?);
                }
            }
        }
        Ok(())
    }

    /// A list that cannot be had: perhaps its id stands at the details.
    async fn explained(
        &self,
        operation: &str,
        process: &str,
        kind: Kind,
        how: &str,
    ) -> Result<String, GateError> {
        let shipping = &self.profile.ping.shipping;
        let (name, details) = match kind {
            Kind::Intervention => ("intervention_details", &shipping.intervention_details),
            Kind::Referral => ("decision_details", &shipping.decision_details),
        };
        if details == process {
            return Ok(format!("ping.shipping.{operation} ({process}) {how}"));
        }
        let there = self.ask(name, details, &[]).await;
        // Details without a record to be asked for are no answer, so one is that of a list.
        let is_list = matches!(self.brought(there, kind), Ok(Brought::Rows(..)));
        Ok(if is_list {
            swapped((operation, process), (name, details))
        } else {
            format!("ping.shipping.{operation} ({process}) {how}")
        })
    }

    async fn details_of(
        &self,
        kind: Kind,
        ids: &[String],
        wrong: &mut Vec<String>,
    ) -> Result<Vec<Row>, GateError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let shipping = &self.profile.ping.shipping;
        let interventions = ("intervention_details", &shipping.intervention_details);
        let decisions = ("decision_details", &shipping.decision_details);
        let (own, other) = match kind {
            Kind::Intervention => (interventions, decisions),
            Kind::Referral => (decisions, interventions),
        };
        let probed = self.ask(own.0, own.1, ids).await;
        let how = match self.brought(probed, kind)? {
            Brought::Rows(rows, _) if !rows.is_empty() => return Ok(rows),
            Brought::Rows(..) => "answers nothing of records that are listed",
            Brought::Other => "answers rows of another operation",
            Brought::Nonsense(how) => how,
        };
        let is_named = wrong.iter().any(|told| told.contains(own.1.as_str()));
        if is_named {
            return Ok(Vec::new());
        }
        let there = self.ask(own.0, other.1, ids).await;
        let fits = match self.brought(there, kind) {
            Ok(Brought::Rows(rows, _)) => !rows.is_empty(),
            _ => false,
        };
        wrong.push(if fits {
            swapped((own.0, own.1), (other.0, other.1))
        } else {
            format!("ping.shipping.{} ({}) {how}", own.0, own.1)
        });
        Ok(Vec::new())
    }

    /// The ids of the first records, as many as one call takes.
    fn ids(&self, rows: &[Row], keys: &[&str]) -> Vec<String> {
        let mut ids = Vec::new();
        for row in rows {
            let id = keys.iter().find_map(|key| row.id(key));
            if let Some(id) = id.filter(|id| !ids.contains(id)) {
                ids.push(id);
            }
        }
        ids.truncate(self.profile.ping.details_batch);
        ids
    }

    /// Checkstatus answers, and the routes that write if they are asked.
    pub async fn check_status(&self) -> Result<Vec<Check>, GateError> {
        let (answer, shape) = Box::pin(self.ping.probe_check_status()).await;
        let mut shapes = self.shapes.borrow_mut();
        shapes.insert("check_status".to_owned(), shape);
        Ok(match answer {
            Ok(()) => Vec::new(),
            Err(error) => {
                let found = format!("ping.check_status_path: {}", cause(&error));
                vec![Check::of(CheckKey::PingCheckStatus, found)]
            }
        })
    }

    pub async fn write_routes(&self) -> Vec<Check> {
        let told = Box::pin(self.ping.probe_write_routes()).await;
        let wrong = told.into_iter().filter_map(|(key, answer)| {
            let error = answer.err()?;
            Some(format!("{key}: {}", cause(&error)))
        });
        let wrong: Vec<String> = wrong.collect();
        if wrong.is_empty() {
            return Vec::new();
        }
        vec![Check::of(CheckKey::PingWriteRoutes, wrong.join("; "))]
    }
}

fn swapped(one: (&str, &str), other: (&str, &str)) -> String {
    format!(
        "ping.shipping.{} ({}) and {} ({}) are swapped",
        one.0, one.1, other.0, other.1
    )
}

/// What an error says of a route, without more.
pub fn cause(error: &GateError) -> String {
    match error {
        GateError::Run(Stop::NoSuchRoute { .. }) => "there is no such route (404)".to_owned(),
        GateError::Run(Stop::UnreadableAnswer { place, .. }) => {
            format!("the answer is none of this system, at {place}")
        }
        GateError::Run(Stop::Unavailable(_)) | GateError::Unavailable(_) => {
            "nothing answers there".to_owned()
        }
        error => error.to_string(),
    }
}

/// What is said where PING could not be looked at.
pub fn nothing_seen() -> Check {
    unchecked("the rest of PING")
}
