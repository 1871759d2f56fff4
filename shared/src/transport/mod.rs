//! HTTP towards both systems: bounded, counted, logged without content, and repeated only where that is safe.

mod at_once;
mod error;
mod one_try;
mod pace;
mod sign_in_rule;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::{Either, select};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode};

use self::at_once::{AtOnce, Went};
pub use self::error::GateError;
pub use self::one_try::OneTry;
use self::pace::{TRIES, wait_before};
pub use self::sign_in_rule::{AnyTry, SignInOutcome, SignInRule};
use crate::clock::{Clock, until};
use crate::deadline::Deadline;
use crate::domain::reason::Stop;
use crate::domain::refusal::{EarlyRefusal, speaks_of};
use crate::domain::system::System;
use crate::entropy::Entropy;

/// How long a connection is kept idle.
pub const LONGEST_IDLE: Duration = Duration::from_secs(20);

/// The HTTP client that every transport shares: no redirects, no proxy, and no connection kept idle for longer than a frozen
/// function may sleep.
pub fn http_client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(LONGEST_IDLE)
        .build()
}

/// Limits of calls to one system.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest one call may take.
    pub timeout: Duration,
    /// The largest answer that is read, in bytes.
    pub max_body_bytes: usize,
}

/// What a run brings to its calls.
#[derive(Clone)]
pub struct Conditions {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for waiting times.
    pub entropy: Arc<Entropy>,
    /// No waiting reaches into its reserve, no call over its end.
    pub deadline: Deadline,
    /// Whether a sign-in may be tried.
    pub sign_ins: Arc<dyn SignInRule>,
}

/// Whether a call may be sent again when its fate is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// A read, or a write that has the same effect twice as once.
    Freely,
    /// A read of many records: what may be one record's fault is not repeated, for the caller halves it.
    WhilePassing,
    /// A write whose effect can be looked for: ask first what became of it.
    AfterAsking,
    /// A write whose effect cannot be looked for. A gateway may answer 503 after the effect, so that leaves its fate unknown, too.
    Unaskable,
}

impl Repeat {
    /// Whether a second effect would do harm.
    #[must_use]
    pub const fn would_double(self) -> bool {
        matches!(self, Self::AfterAsking | Self::Unaskable)
    }
}

/// An HTTP answer that is neither a passing failure nor a redirect.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, within the limit.
    pub body: Vec<u8>,
}

impl Answer {
    /// The system's own time (`Date` header, whole seconds), if it told.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        pace::date(&self.headers)
    }
}

/// The way to one system in one run.
pub struct Transport {
    system: System,
    http: Client,
    limits: Limits,
    conditions: Conditions,
    early_refusals: Vec<EarlyRefusal>,
    /// How many calls may be out at once; none for as many as there are.
    at_once: Option<AtOnce>,
    calls: AtomicU64,
    failed: AtomicU64,
}

/// Why one try brought no answer that could be judged.
enum Broken {
    /// Certainly not applied: it never arrived, or the system said so.
    Passing(Option<Duration>),
    /// Not ready (503). A system says so before it does anything; a gateway may say so after the effect.
    NotReady(Option<Duration>),
    /// It may have been applied.
    Unknown,
    /// The system broke on it; it may have been applied.
    Failed,
    /// Not to be repeated at all.
    Final(GateError),
}

impl Transport {
    /// A way to `system`.
    #[must_use]
    pub const fn new(system: System, http: Client, limits: Limits, conditions: Conditions) -> Self {
        Self {
            system,
            http,
            limits,
            conditions,
            early_refusals: Vec::new(),
            at_once: None,
            calls: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// The same way, through a gateway that gives these answers before a request has an effect.
    #[must_use]
    pub fn through_gateway(mut self, early_refusals: Vec<EarlyRefusal>) -> Self {
        self.early_refusals = early_refusals;
        self
    }

    /// The same way, with few calls at once: for a system that takes few connections.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.at_once = Some(AtOnce::default());
        self
    }

    /// Requests sent so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many of them brought an error or no answer.
    pub fn failed_calls(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Time, as the run sees it.
    pub fn clock(&self) -> &dyn Clock {
        &*self.conditions.clock
    }

    /// Waits until a sign-in may be tried; the stop if it may not.
    pub async fn leave_to_sign_in(&self) -> Result<(), Stop> {
        self.conditions.sign_ins.leave(self.system).await
    }

    /// Takes note of what became of a try to sign in.
    pub async fn heard_of_sign_in(&self, outcome: SignInOutcome) -> Result<(), Stop> {
        self.conditions.sign_ins.heard(self.system, outcome).await
    }

    /// Sends what `build` makes until there is an answer to judge, at most four times. `route` names the call in logs and errors
    /// and holds no ids.
    pub async fn send(
        &self,
        route: &'static str,
        repeat: Repeat,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer, GateError> {
        for attempt in 1..=TRIES {
            let broken = match self.once(route, build(&self.http)).await {
                Ok(answer) => return Ok(answer),
                Err(broken) => broken,
            };
            let unavailable = GateError::Unavailable(self.system);
            let (asked_to_wait, error) = match broken {
                Broken::Final(error) => return Err(error),
                Broken::Unknown | Broken::Failed if repeat.would_double() => {
                    return Err(GateError::Ambiguous(self.system));
                }
                Broken::NotReady(_) if repeat == Repeat::Unaskable => {
                    return Err(GateError::Ambiguous(self.system));
                }
                Broken::Unknown if repeat == Repeat::WhilePassing => {
                    return Err(GateError::Unanswered(self.system));
                }
                Broken::Failed if repeat == Repeat::WhilePassing => {
                    return Err(GateError::Failed(self.system));
                }
                Broken::Unknown => (None, GateError::Unanswered(self.system)),
                Broken::Failed => (None, GateError::Failed(self.system)),
                Broken::Passing(asked) | Broken::NotReady(asked) => (asked, unavailable),
            };
            let wait = asked_to_wait
                .unwrap_or_else(|| self.conditions.entropy.jitter(wait_before(attempt)));
            let now = self.conditions.clock.now();
            if attempt == TRIES || wait >= self.conditions.deadline.open_for(now) {
                return Err(error);
            }
            let stopped = pin!(self.conditions.deadline.stopped());
            if let Either::Right(_) = select(self.conditions.clock.sleep(wait), stopped).await {
                return Err(error);
            }
        }
        Err(GateError::Unavailable(self.system))
    }

    async fn once(&self, route: &'static str, request: RequestBuilder) -> Result<Answer, Broken> {
        let place = match &self.at_once {
            Some(bound) => Some(bound.place().await),
            None => None,
        };
        let started = self.conditions.clock.now();
        let left = until(started, self.conditions.deadline.last_answer());
        if left.is_zero() {
            return Err(Broken::Final(GateError::OutOfTime));
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        let result = self
            .exchange(route, request.timeout(self.limits.timeout.min(left)))
            .await;
        let duration = until(started, self.conditions.clock.now());
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let http_status = result.as_ref().ok().map(|answer| answer.status.as_u16());
        tracing::info!(system = %self.system, route, http_status, duration_ms, "call");
        if http_status.is_none_or(|status| status >= 400) {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(place) = place {
            place.went(route, went(&result, duration));
        }
        result.and_then(|answer| self.judge(route, answer))
    }

    async fn exchange(
        &self,
        route: &'static str,
        request: RequestBuilder,
    ) -> Result<Answer, Broken> {
        let mut response = request.send().await.map_err(|error| broken(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            if body.len() + chunk.len() > self.limits.max_body_bytes {
                let place = format!("a body of more than {} bytes", self.limits.max_body_bytes);
                return Err(Broken::Final(self.unreadable(route, place)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    fn judge(&self, route: &'static str, answer: Answer) -> Result<Answer, Broken> {
        let asked_to_wait = || pace::retry_after(&answer.headers, self.conditions.clock.now());
        match answer.status.as_u16() {
            _ if self.refuses_early(&answer) => Err(Broken::Passing(asked_to_wait())),
            429 => Err(Broken::Passing(asked_to_wait())),
            403 if means_later(&answer) => Err(Broken::Passing(asked_to_wait())),
            503 => Err(Broken::NotReady(asked_to_wait())),
            500 => Err(Broken::Failed),
            408 | 501..=599 => Err(Broken::Unknown),
            300..=399 => {
                let place = "a redirect, which is never followed".to_owned();
                Err(Broken::Final(self.unreadable(route, place)))
            }
            _ => Ok(answer),
        }
    }

    fn refuses_early(&self, answer: &Answer) -> bool {
        let status = answer.status.as_u16();
        let has_header = |name: &str| answer.headers.contains_key(name);
        let mut known = self.early_refusals.iter();
        known.any(|refusal| refusal.is(status, has_header, &answer.body))
    }

    /// Counts an error that an answer reported under a status of success, and logs it.
    pub fn count_reported(&self, route: &'static str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(system = %self.system, route, error = "reported", "call");
    }

    /// The error for an answer out of contract at `place`: a path or a rule, never a value.
    pub fn unreadable(&self, route: &'static str, place: String) -> GateError {
        GateError::Run(Stop::UnreadableAnswer {
            system: self.system,
            route,
            place,
        })
    }

    /// Reads a JSON answer; the error names the path where it broke.
    pub fn json<'a, T: serde::Deserialize<'a>>(
        &self,
        route: &'static str,
        answer: &'a Answer,
    ) -> Result<T, GateError> {
        let mut reader = serde_json::Deserializer::from_slice(&answer.body);
        let read = serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| self.unreadable(route, format!("`{}`", error.path())))?;
        let end = reader.end();
        end.map_err(|_| {
            self.unreadable(route, "its end: there is more than one value".to_owned())
        })?;
        Ok(read)
    }

    /// Reads a JSON answer about one record: where it has its frame but not its rows, that is the record's fault.
    pub fn json_of_record<'a, T: serde::Deserialize<'a>, Frame: serde::Deserialize<'a>>(
        &self,
        route: &'static str,
        answer: &'a Answer,
    ) -> Result<T, GateError> {
        self.json(route, answer).map_err(|error| match error {
            GateError::Run(Stop::UnreadableAnswer {
                system,
                route,
                place,
            }) if self.json::<Frame>(route, answer).is_ok() => GateError::UnreadableRecord {
                system,
                route,
                place,
            },
            error => error,
        })
    }
}

/// Whether a refusal is about how much was asked, and not about who asks.
fn means_later(answer: &Answer) -> bool {
    answer.headers.contains_key(RETRY_AFTER) || speaks_of(&answer.body, "quota")
}

/// What a call tells of the system's load.
fn went(result: &Result<Answer, Broken>, duration: Duration) -> Went {
    match result {
        Ok(answer) if matches!(answer.status.as_u16(), 429 | 503 | 504) => Went::TooBusy,
        Ok(_) => Went::Answered(duration),
        Err(Broken::Unknown) => Went::TooBusy,
        Err(Broken::Passing(_) | Broken::NotReady(_) | Broken::Failed | Broken::Final(_)) => {
            Went::Nowhere
        }
    }
}

/// A connection that was never made carried nothing; of any other failure it is unknown what arrived.
fn broken(error: &reqwest::Error) -> Broken {
    if error.is_connect() || error.is_builder() {
        Broken::Passing(None)
    } else {
        Broken::Unknown
    }
}
