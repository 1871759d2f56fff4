//! When a secret may be tried: six wrong tries lock an account for everybody, and one stray refusal of a proxy must not stop a country.
//!
//! The rule holds over all workflows and runs of a deployment. A version that succeeded within the last day is used freely. Any other is
//! tried by one run at a time, which says so in the table first; whoever comes meanwhile waits for what becomes of it. A version that was
//! refused is not tried again, but for one that had signed in before: that is tried once more after an hour, and never more than three
//! times since its last success. Then only a new version or a person opens the way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::context::Context;
use crate::clock::{Clock, later, until};
use crate::domain::reason::Stop;
use crate::domain::system::System;
use crate::store::{SignIns, Store};
use crate::transport::{SignInOutcome, SignInRule};

/// Tries of one version since its last success, at most.
const MOST_TRIES: u32 = 3;
/// How long a version that had signed in before is left alone after a refusal.
const PAUSE: Duration = Duration::from_hours(1);
/// For how long a success lets a version be used freely.
const TRUSTED: Duration = Duration::from_hours(24);
/// How often a success is noted again.
const NOTED: Duration = Duration::from_hours(12);
/// How long to wait before somebody else's try is looked at again.
const LOOK: Duration = Duration::from_secs(1);

/// Whether a version of a secret may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum May {
    /// It works.
    Freely,
    /// By one run at a time.
    Alone,
    /// Not before it changes, an hour is over or a person says so.
    Not,
}

fn may_try(known: &SignIns, version: &str, now: Timestamp) -> May {
    let accepted = known.accepted.as_ref();
    let accepted = accepted.filter(|success| success.version == version);
    let refused = known.refused.as_ref();
    match refused.filter(|refusal| refusal.version == version) {
        Some(refusal) => {
            let rested = refusal.at.is_some_and(|at| later(at, PAUSE) <= now);
            if accepted.is_some() && rested && refusal.tries < MOST_TRIES {
                May::Alone
            } else {
                May::Not
            }
        }
        None if accepted.is_some_and(|success| now < later(success.at, TRUSTED)) => May::Freely,
        None => May::Alone,
    }
}

/// Stops a run whose credentials were refused, in any workflow, and may not be tried again yet.
pub async fn refuse_known_failures(context: &Context<'_>) -> Result<(), Stop> {
    let (known, now) = (context.store.sign_ins().await?, context.clock.now());
    for (system, version) in &context.secret_versions {
        let known = known.get(system);
        if known.is_some_and(|known| may_try(known, version, now) == May::Not) {
            return Err(Stop::AuthenticationFailed(*system));
        }
    }
    Ok(())
}

/// Remembers a sign-in that was refused in this run, unless the way to the system has done so.
pub async fn remember(context: &Context<'_>, stop: &Stop, began: Timestamp) -> Result<(), Stop> {
    let Stop::AuthenticationFailed(system) = stop else {
        return Ok(());
    };
    let Some(version) = context.secret_versions.get(system) else {
        return Ok(());
    };
    let known = context.store.sign_ins().await?.remove(system);
    let refused = known.and_then(|known| known.refused);
    let is_of_this_run = refused.is_some_and(|refusal| {
        refusal.version == *version && refusal.at.is_some_and(|at| at >= began)
    });
    if is_of_this_run {
        return Ok(());
    }
    let now = context.clock.now();
    let put = context.store.put_refused_sign_in(*system, version, now);
    Ok(put.await?)
}

/// The rule for one run's ways to both systems.
pub struct SignInLedger {
    store: Store,
    versions: HashMap<System, String>,
    clock: Arc<dyn Clock>,
    /// Names this run among those that try.
    holder: String,
    /// How long a try is believed to be under way.
    longest_try: Duration,
    dry_run: bool,
    /// What was known when the run first signed in.
    at_first: OnceCell<HashMap<System, SignIns>>,
    standing: Mutex<HashMap<System, Standing>>,
}

/// Where the run stands with one system.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// The row that keeps others from trying is ours.
    holds_the_try: bool,
    /// The table says already that this version works.
    is_noted: bool,
    /// The table has a refusal, which a success succeeds.
    was_refused: bool,
}

impl SignInLedger {
    /// `holder` is another one for every run.
    #[must_use]
    pub fn new(
        store: Store,
        versions: HashMap<System, String>,
        clock: Arc<dyn Clock>,
        holder: String,
        longest_try: Duration,
        dry_run: bool,
    ) -> Self {
        Self {
            store,
            versions,
            clock,
            holder,
            longest_try,
            dry_run,
            at_first: OnceCell::new(),
            standing: Mutex::default(),
        }
    }

    async fn wait_for_leave(&self, system: System) -> Result<(), Stop> {
        let Some(version) = self.versions.get(&system) else {
            return Ok(());
        };
        let first = self.at_first.get_or_try_init(|| self.store.sign_ins());
        let mut known = first.await?.get(&system).cloned().unwrap_or_default();
        // Longer than any try that was under way when this began; then the system is left to a later run.
        let patience = later(self.clock.now(), self.longest_try * 2);
        let mut holds_the_try = false;
        loop {
            let now = self.clock.now();
            match may_try(&known, version, now) {
                May::Alone if !holds_the_try => {}
                may => {
                    if holds_the_try && may != May::Alone {
                        self.store.release_try(system, &self.holder).await?;
                        holds_the_try = false;
                    }
                    if may == May::Not {
                        return Err(Stop::AuthenticationFailed(system));
                    }
                    let standing = Standing::of(&known, version, now, holds_the_try);
                    self.set(system, standing);
                    return Ok(());
                }
            }
            let ends = later(now, self.longest_try);
            holds_the_try = self.store.take_try(system, &self.holder, now, ends).await?;
            if !holds_the_try {
                if now >= patience {
                    return Err(Stop::Unavailable(system));
                }
                self.clock.sleep(LOOK).await;
            }
            // Who tried before may have ended while the try was taken, so what is known is read after that.
            known = self
                .store
                .sign_ins()
                .await?
                .remove(&system)
                .unwrap_or_default();
        }
    }

    async fn note(&self, system: System, outcome: SignInOutcome) -> Result<(), Stop> {
        let Some(version) = self.versions.get(&system) else {
            return Ok(());
        };
        let now = self.clock.now();
        let before = self.standing(system);
        let mut standing = before;
        match outcome {
            // Whether the password was looked at is unknown: the next try waits until this one is surely over.
            SignInOutcome::Unknown => return Ok(()),
            SignInOutcome::NotJudged => {}
            SignInOutcome::Refused => {
                let put = self.store.put_refused_sign_in(system, version, now);
                put.await?;
                standing.was_refused = true;
            }
            SignInOutcome::Accepted => {
                // A dry run keeps nothing but a refusal, which counts whoever tried.
                if !before.is_noted && !self.dry_run {
                    let put = self.store.put_accepted_sign_in(system, version, now);
                    put.await?;
                }
                if before.was_refused {
                    self.store.end_refused_sign_in(system).await?;
                }
                standing.is_noted = true;
                standing.was_refused = false;
            }
        }
        if before.holds_the_try {
            self.store.release_try(system, &self.holder).await?;
            standing.holds_the_try = false;
        }
        self.set(system, standing);
        Ok(())
    }

    fn standing(&self, system: System) -> Standing {
        let standing = self.standing.lock();
        let standing = standing.expect("no holder of this lock panics");
        standing.get(&system).copied().unwrap_or_default()
    }

    fn set(&self, system: System, standing: Standing) {
        let all = self.standing.lock();
        all.expect("no holder of this lock panics")
            .insert(system, standing);
    }
}

impl Standing {
    fn of(known: &SignIns, version: &str, now: Timestamp, holds_the_try: bool) -> Self {
        let accepted = known.accepted.as_ref();
        let noted = accepted.filter(|success| success.version == version);
        Self {
            holds_the_try,
            is_noted: noted.is_some_and(|success| until(success.at, now) < NOTED),
            was_refused: known.refused.is_some(),
        }
    }
}

impl SignInRule for SignInLedger {
    fn leave(&self, system: System) -> BoxFuture<'_, Result<(), Stop>> {
        self.wait_for_leave(system).boxed()
    }

    fn heard(&self, system: System, outcome: SignInOutcome) -> BoxFuture<'_, Result<(), Stop>> {
        self.note(system, outcome).boxed()
    }
}

#[cfg(test)]
mod tests;
