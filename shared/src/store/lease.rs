//! The lease: at most one run of a workflow at a time, and a number that tells a stalled run that it is no longer the one.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use std::time::Duration;

use jiff::Timestamp;

use super::{Item, Store, StoreError, failed, number, text};
use crate::clock::later;
use crate::domain::site::Site;

/// No run may take longer.
pub const LONGEST_RUN: Duration = Duration::from_hours(24);
/// How long a lease may outlive its run.
const LONGEST_SLACK: Duration = Duration::from_mins(5);

// Where both systems were when the workflow's first write was accepted.
const PING: &str = "ping_url";
const PRIMERO: &str = "primero_url";
const OWNED: &str = "owned";

/// The right to run, until it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The run that holds it.
    pub run_id: String,
    /// Rises by one with every run that takes the lease; every row keeps the number of its last writer. The first run has 1.
    pub fence: u64,
    /// When another run may take it.
    pub expires_at: Timestamp,
    /// Whether any run of this workflow ever wrote to its destination.
    pub has_written: bool,
    /// Where both systems were when the workflow's first write was accepted.
    pub site: Option<Site>,
    /// Whether the workflow has written, and no run before this one kept where.
    pub predates_sites: bool,
    /// The version of the profile under which a run of this workflow last wrote as much as it might.
    pub written_under: Option<String>,
    /// What an earlier run left to be known of a destination that is down.
    pub probe: Option<Probe>,
}

/// A destination was down: one record goes before all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// When it may go at the earliest; at once if there is no such time.
    pub not_before: Option<Timestamp>,
}

/// The answer to a request for the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseTaken {
    /// It is ours.
    Taken(Lease),
    /// Another run holds it.
    HeldByAnother,
}

impl Store {
    /// Takes the lease if it is free, has expired at `now`, or is this run's already: the client repeats a request whose answer was
    /// lost. One that ends later than any run may is stale, too: a clock was wrong.
    pub async fn take_lease(
        &self,
        run_id: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<LeaseTaken, StoreError> {
        let latest = later(now, LONGEST_RUN + LONGEST_SLACK);
        let request = self.taking(run_id, expires_at).condition_expression(
            "attribute_not_exists(holder) OR holder = :run OR lease_ends < :now OR lease_ends > :latest",
        );
        let request = request
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":latest", number(latest.as_millisecond()));
        self.taken(request, run_id, expires_at).await
    }

    /// Takes the lease whoever holds it. On one machine the lock on the state file proves that no other run is alive, so its holder has
    /// died.
    pub async fn take_over_lease(
        &self,
        run_id: &str,
        expires_at: Timestamp,
    ) -> Result<LeaseTaken, StoreError> {
        let request = self.taking(run_id, expires_at);
        self.taken(request, run_id, expires_at).await
    }

    fn taking(&self, run_id: &str, expires_at: Timestamp) -> UpdateItemFluentBuilder {
        self
            .counted()
            .update_item()
            .table_name(&self.table)
            .key("pk", self.pk())
            .key("sk", text("lease"))
            .update_expression(
                "SET holder = :run, lease_ends = :ends, sites_since = if_not_exists(sites_since, :run) ADD fence :one",
            )
            .expression_attribute_values(":run", text(run_id))
            .expression_attribute_values(":ends", number(expires_at.as_millisecond()))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
    }

    async fn taken(
        &self,
        request: UpdateItemFluentBuilder,
        run_id: &str,
        expires_at: Timestamp,
    ) -> Result<LeaseTaken, StoreError> {
        let answer = request.send().await;
        let row = match answer.map_err(|error| failed("take_lease", &error)) {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(StoreError::Superseded) => return Ok(LeaseTaken::HeldByAnother),
            Err(error) => return Err(error),
        };
        let fence = row
            .get("fence")
            .and_then(|value| value.as_n().ok())
            .and_then(|digits| digits.parse().ok())
            .ok_or(StoreError::Unreadable("lease"))?;
        Ok(LeaseTaken::Taken(Lease {
            run_id: run_id.to_owned(),
            fence,
            expires_at,
            has_written: row.contains_key("has_written"),
            site: kept_in(&row),
            predates_sites: row.contains_key("has_written")
                && row.get("sites_since") == Some(&text(run_id)),
            written_under: row
                .get("written_under")
                .and_then(|version| version.as_s().ok().cloned()),
            probe: row.get("probe").map(|probe| Probe {
                not_before: probe
                    .as_n()
                    .ok()
                    .and_then(|digits| digits.parse().ok())
                    .filter(|at| *at > 0)
                    .and_then(|at| Timestamp::from_millisecond(at).ok()),
            }),
        }))
    }

    /// Whether any run of this workflow ever wrote to its destination, without taking the lease.
    pub async fn has_written(&self) -> Result<bool, StoreError> {
        let row = self.read("lease", "read_lease").await?;
        Ok(row.is_some_and(|row| row.contains_key("has_written")))
    }

    /// Whether a run of this workflow holds the lease at `now`.
    pub async fn is_running(&self, now: Timestamp) -> Result<bool, StoreError> {
        let Some(row) = self.read("lease", "read_lease").await? else {
            return Ok(false);
        };
        let ends = row.get("lease_ends").and_then(|ends| ends.as_n().ok());
        let ends = ends.and_then(|ends| ends.parse::<i64>().ok());
        let live = ends.is_some_and(|ends| ends >= now.as_millisecond());
        Ok(live && row.contains_key("holder"))
    }

    /// Keeps beside the lease what the next run has to know of a destination that is down; or that it is down no longer.
    pub async fn put_probe(&self, lease: &Lease, probe: Option<&Probe>) -> Result<(), StoreError> {
        let update = self
            .counted()
            .update_item()
            .table_name(&self.table)
            .key("pk", self.pk())
            .key("sk", text("lease"))
            .condition_expression("holder = :run")
            .expression_attribute_values(":run", text(&lease.run_id));
        let update = match probe {
            None => update.update_expression("REMOVE probe"),
            Some(probe) => {
                let at = probe.not_before.map_or(0, Timestamp::as_millisecond);
                update
                    .update_expression("SET probe = :at")
                    .expression_attribute_values(":at", number(at))
            }
        };
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(failed("put_probe", &error)),
        }
    }

    /// Gives the lease back; the row and its number stay, and whether this run wrote is remembered, and under which version of the
    /// profile if it was a whole run. A lease that another run has
    /// taken meanwhile is left alone.
    pub async fn release_lease(
        &self,
        lease: &Lease,
        wrote: bool,
        written_under: Option<&str>,
    ) -> Result<(), StoreError> {
        let release = "REMOVE holder, lease_ends";
        let mut set = Vec::new();
        set.extend(wrote.then_some("has_written = :run"));
        set.extend(written_under.map(|_| "written_under = :version"));
        let update = if set.is_empty() {
            release.to_owned()
        } else {
            format!("SET {} {release}", set.join(", "))
        };
        let mut release = self
            .counted()
            .update_item()
            .table_name(&self.table)
            .key("pk", self.pk())
            .key("sk", text("lease"))
            .condition_expression("holder = :run")
            .update_expression(update)
            .expression_attribute_values(":run", text(&lease.run_id));
        if let Some(version) = written_under {
            release = release.expression_attribute_values(":version", text(version));
        }
        let answer = release.send().await;
        match answer.map_err(|error| failed("release_lease", &error)) {
            Ok(_) | Err(StoreError::Superseded) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Keeps where both systems are, as long as `lease` is in force.
    pub async fn keep_site(&self, lease: &Lease, site: &Site) -> Result<(), StoreError> {
        self.counted()
            .update_item()
            .table_name(&self.table)
            .key("pk", self.pk())
            .key("sk", text("lease"))
            .condition_expression("holder = :run AND fence = :fence")
            .update_expression("SET ping_url = :ping, primero_url = :primero, owned = :owned")
            .expression_attribute_values(":run", text(&lease.run_id))
            .expression_attribute_values(":fence", number(lease.fence))
            .expression_attribute_values(":ping", text(&site.ping))
            .expression_attribute_values(":primero", text(&site.primero))
            .expression_attribute_values(":owned", text(&site.owned))
            .send()
            .await
            .map_err(|error| failed("keep_site", &error))?;
        Ok(())
    }

    /// Where the workflow has written to, without taking the lease.
    pub async fn kept_site(&self) -> Result<Option<Site>, StoreError> {
        let row = self.read("lease", "read_lease").await?;
        Ok(row.as_ref().and_then(kept_in))
    }
}

/// The site that a lease row keeps.
fn kept_in(row: &Item) -> Option<Site> {
    let value = |name: &str| row.get(name)?.as_s().ok().cloned();
    Some(Site {
        ping: value(PING)?,
        primero: value(PRIMERO)?,
        owned: value(OWNED)?,
    })
}
